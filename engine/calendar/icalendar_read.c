/* See icalendar.h: a file's events as entries. */
#include "bpmn/base/memory.h"
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- errors, names ---- */

const char *icalendar_uid(icalcomponent *component)
{
    for (; component != NULL && icalcomponent_isa(component) != ICAL_VCALENDAR_COMPONENT;
         component = icalcomponent_get_parent(component)) {
        icalproperty *property = icalcomponent_get_first_property(component, ICAL_UID_PROPERTY);
        const char *uid = property != NULL ? icalproperty_get_uid(property) : NULL;

        if (uid != NULL)
            return uid;
    }
    return "";
}

enum status icalendar_wrong(struct icalendar_reading *reading, icalcomponent *component,
                            const char *format, ...)
{
    char what[400];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    return error_set_field(reading->error, STATUS_INVALID, "ics",
                           "Expected events that can be imported but event '%.100s' %s.",
                           icalendar_uid(component), what);
}

/* At most CALENDAR_TEXT_MAX bytes, whole characters. */
json_t *icalendar_text(const char *text)
{
    size_t length = strnlen(text, CALENDAR_TEXT_MAX + 1);

    if (length > CALENDAR_TEXT_MAX) {
        length = CALENDAR_TEXT_MAX;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    return text_is_utf8(text, length) ? json_stringn(text, length) : json_string("?");
}

json_t *icalendar_entry(const struct icalendar_reading *reading, const char *kind, int64_t day)
{
    char date[CIVIL_DATE_BYTES];

    return json_pack("{s:s, s:s, s:s}", "kind", kind, "date", civil_format_date(day, date),
                     "source", reading->request->source);
}

/* ---- files ---- */

/* Looks at the lines before anything is made of them: how many components, how many dates. */
static enum status check_size(const char *bytes, size_t length, struct error *error)
{
    size_t components = 0;
    size_t dates = 0;
    bool in_dates = false;

    for (const char *at = bytes; at < bytes + length;) {
        const char *end = memchr(at, '\n', (size_t)(bytes + length - at));
        size_t size = (size_t)((end != NULL ? end : bytes + length) - at);

        if (*at != ' ' && *at != '\t') {
            in_dates =
                size > 6 && (strncasecmp(at, "RDATE", 5) == 0 || strncasecmp(at, "EXDATE", 6) == 0);
            components += size > 6 && strncasecmp(at, "BEGIN:", 6) == 0 ? 1 : 0;
            dates += in_dates ? 1 : 0;
        }
        for (size_t i = 0; in_dates && i < size; i++)
            dates += at[i] == ',' ? 1 : 0;
        at += size + 1;
    }
    if (components > ICALENDAR_COMPONENTS_MAX)
        return error_set_field(error, STATUS_TOO_LARGE, "ics",
                               "Expected at most %d components (events and others) in the file but "
                               "found %zu.",
                               ICALENDAR_COMPONENTS_MAX, components);
    if (dates > ICALENDAR_OCCURRENCES_MAX)
        return error_set_field(error, STATUS_TOO_LARGE, "ics",
                               "Expected at most %d dates in RDATE and EXDATE but found %zu.",
                               ICALENDAR_OCCURRENCES_MAX, dates);
    return STATUS_OK;
}

static int by_entry(const void *left, const void *right)
{
    static const char *const members[] = {"kind", "day", "date", "uid", "from", "to"};
    const json_t *a = *(const json_t *const *)left;
    const json_t *b = *(const json_t *const *)right;

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const char *x = json_string_value(json_object_get(a, members[i]));
        const char *y = json_string_value(json_object_get(b, members[i]));
        int order = strcmp(x != NULL ? x : "", y != NULL ? y : "");

        if (order != 0)
            return order;
    }
    return 0;
}

static json_t *in_order(json_t *entries)
{
    size_t count = json_array_size(entries);
    json_t **list = memory_zero(count + 1, sizeof(json_t *));
    json_t *result = json_array();

    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(entries, i);
    qsort(list, count, sizeof(json_t *), by_entry);
    for (size_t i = 0; i < count; i++)
        (void)json_array_append(result, list[i]);
    memory_free(list);
    json_decref(entries);
    return result;
}

static enum status read_root(struct icalendar_reading *reading)
{
    enum status status;

    if (icalcomponent_isa(reading->root) == ICAL_VEVENT_COMPONENT)
        return icalendar_wrong(reading, reading->root, "is not in a VCALENDAR");
    status = icalendar_events(reading);
    return status == STATUS_OK ? icalendar_availability(reading) : status;
}

static enum status no_icalendar(struct error *error, const char *why)
{
    return error_set_field(error, STATUS_INVALID, "ics",
                           "Expected an iCalendar file (RFC 5545, BEGIN:VCALENDAR …) but %s.", why);
}

enum status icalendar_read(const char *bytes, size_t length,
                           const struct icalendar_request *request, json_t **ret_entries,
                           struct error *ret_error)
{
    struct icalendar_reading reading = {.request = request, .error = ret_error};
    enum status status;
    char *copy;

    PRE(request->from_day <= request->to_day);
    if (length > ICALENDAR_BYTES_MAX)
        return error_set_field(ret_error, STATUS_TOO_LARGE, "ics",
                               "Expected at most %d bytes but found %zu.", ICALENDAR_BYTES_MAX,
                               length);
    if (request->to_day - request->from_day > ICALENDAR_DAYS_MAX)
        return error_set_field(ret_error, STATUS_TOO_LARGE, "to",
                               "Expected to write out at most 50 years at once.");
    if (memchr(bytes, '\0', length) != NULL || !text_is_utf8(bytes, length))
        return no_icalendar(ret_error, "the file is no UTF-8 text");
    status = check_size(bytes, length, ret_error);
    if (status != STATUS_OK)
        return status;
    icalerror_set_errors_are_fatal(0);
    copy = memory_alloc(length + 1);
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    reading.root = icalparser_parse_string(copy);
    memory_free(copy);
    if (reading.root == NULL)
        return no_icalendar(ret_error, "there is none in the file");
    reading.entries = json_array();
    status = read_root(&reading);
    icalcomponent_free(reading.root);
    if (status != STATUS_OK) {
        json_decref(reading.entries);
        return status;
    }
    *ret_entries = in_order(reading.entries);
    return STATUS_OK;
}
