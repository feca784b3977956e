/* The canonical form of a calendar's document: members in one order, one spelling of everything,
 * dates ascending. */
#include "bpmn/base/memory.h"
#include "bpmn/worktime/calendar_reading.h"
#include "bpmn/worktime/civil.h"

#include <stdlib.h>
#include <string.h>

static void copy_member(json_t *to, const json_t *from, const char *member)
{
    json_t *value = json_object_get(from, member);

    if (value != NULL)
        (void)json_object_set(to, member, value);
}

static json_t *canonical_window(const json_t *window)
{
    struct error ignored;
    char from[CIVIL_TIME_BYTES];
    char to[CIVIL_TIME_BYTES];
    int32_t from_s = 0;
    int32_t to_s = 0;
    enum status status = calendar_read_window(&ignored, "", window, &from_s, &to_s);
    json_t *result;

    INVARIANT(status == STATUS_OK);
    (void)civil_format_time(from_s, from);
    (void)civil_format_time(to_s == 0 ? 86400 : to_s, to);
    if (json_is_array(window) || json_object_size(window) == 2)
        return json_pack("[s, s]", from, to);
    result = json_pack("{s:s, s:s}", "from", from, "to", to);
    copy_member(result, window, "name");
    copy_member(result, window, "source");
    copy_member(result, window, "uid");
    return result;
}

static json_t *canonical_windows(const json_t *windows)
{
    json_t *result = json_array();
    const json_t *window;
    size_t i;

    json_array_foreach ((json_t *)windows, i, window)
        (void)json_array_append_new(result, canonical_window(window));
    return result;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Days of the week from Monday on, then dates. */
static json_t *canonical_days(const json_t *days)
{
    size_t size = json_object_size(days);
    const char **members = memory_zero(size + 1, sizeof(*members));
    json_t *result = json_object();
    const char *member;
    json_t *value;
    size_t count = 0;

    for (int i = 0; i < 7; i++) {
        value = json_object_get(days, calendar_weekdays[i]);
        if (json_array_size(value) > 0)
            (void)json_object_set_new(result, calendar_weekdays[i], canonical_windows(value));
    }
    json_object_foreach ((json_t *)days, member, value) {
        if (member[0] >= '0' && member[0] <= '9')
            members[count++] = member;
    }
    qsort(members, count, sizeof(*members), by_text);
    for (size_t i = 0; i < count; i++) {
        (void)json_object_set_new(result, members[i],
                                  canonical_windows(json_object_get(days, members[i])));
    }
    memory_free(members);
    return result;
}

/* An entry of holidays, in order of its date, then of its place. */
struct listed {
    const char *date;
    size_t place;
    const json_t *entry;
};

static int by_date(const void *left, const void *right)
{
    const struct listed *a = left;
    const struct listed *b = right;
    int order = strcmp(a->date, b->date);

    return order != 0 ? order : (a->place > b->place) - (a->place < b->place);
}

static json_t *canonical_holiday(const struct listed *listed)
{
    static const char *const members[] = {"to", "name", "source", "uid"};
    json_t *result;

    if (json_is_string(listed->entry) || json_object_size(listed->entry) == 1)
        return json_string(listed->date);
    result = json_pack("{s:s}", "date", listed->date);
    for (size_t i = 0; i < COUNT_OF(members); i++)
        copy_member(result, listed->entry, members[i]);
    if (json_is_false(json_object_get(listed->entry, "enabled")))
        (void)json_object_set_new(result, "enabled", json_false());
    return result;
}

static json_t *canonical_holidays(const json_t *holidays)
{
    size_t count = json_array_size(holidays);
    struct listed *list = memory_zero(count + 1, sizeof(*list));
    json_t *result = json_array();
    const json_t *entry;
    size_t i;

    json_array_foreach ((json_t *)holidays, i, entry) {
        const json_t *date = json_is_object(entry) ? json_object_get(entry, "date") : entry;

        list[i] = (struct listed){json_string_value(date), i, entry};
    }
    qsort(list, count, sizeof(*list), by_date);
    for (i = 0; i < count; i++)
        (void)json_array_append_new(result, canonical_holiday(&list[i]));
    memory_free(list);
    return result;
}

json_t *calendar_canonical(const json_t *document)
{
    json_t *result = json_object();
    const json_t *shifts = json_object_get(document, "shifts");
    const json_t *breaks = json_object_get(document, "breaks");
    const json_t *holidays = json_object_get(document, "holidays");
    const json_t *annual = json_object_get(document, "annual_holidays");

    if (shifts == NULL)
        shifts = json_object_get(document, "overrides");
    copy_member(result, document, "name");
    copy_member(result, document, "version");
    copy_member(result, document, "description");
    copy_member(result, document, "timezone");
    (void)json_object_set_new(result, "week", canonical_days(json_object_get(document, "week")));
    if (json_object_size(shifts) > 0)
        (void)json_object_set_new(result, "shifts", canonical_days(shifts));
    if (json_object_size(breaks) > 0)
        (void)json_object_set_new(result, "breaks", canonical_days(breaks));
    if (json_array_size(holidays) > 0)
        (void)json_object_set_new(result, "holidays", canonical_holidays(holidays));
    if (json_array_size(annual) > 0)
        (void)json_object_set_new(result, "annual_holidays", canonical_holidays(annual));
    return result;
}

json_t *calendar_write(const struct calendar *calendar)
{
    json_t *document = json_loads(calendar->document, 0, NULL);

    INVARIANT(document != NULL);
    return document;
}
