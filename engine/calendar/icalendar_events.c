/* VEVENT components as entries: whole days are holidays, times are breaks. */
#include "bpmn/worktime/civil.h"
#include "engine/calendar/icalendar_private.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400 };

struct event {
    struct icalendar_reading *reading;
    icalcomponent *component;
    const char *uid;
    bool recurs; /* its occurrences are told apart by their own dates */
    bool blocks; /* time, when it has times */
};

static void name_entry(const struct event *event, const struct icalendar_occurrence *at,
                       json_t *entry)
{
    const char *summary = icalcomponent_get_summary(event->component);
    char uid[ICALENDAR_UID_MAX + 40];

    if (summary != NULL && summary[0] != '\0')
        (void)json_object_set_new(entry, "name", icalendar_text(summary));
    (void)snprintf(uid, sizeof(uid), "%.200s%s%s", event->uid, event->recurs ? "#" : "",
                   event->recurs ? at->key : "");
    (void)json_object_set_new(entry, "uid", icalendar_text(uid));
    (void)json_array_append_new(event->reading->entries, entry);
}

static enum status use_dates(const struct event *event, const struct icalendar_occurrence *at)
{
    json_t *entry = icalendar_entry(event->reading, "holiday", at->first_day);
    char to[CIVIL_DATE_BYTES];

    if (at->last_day > at->first_day)
        (void)json_object_set_new(entry, "to", json_string(civil_format_date(at->last_day, to)));
    name_entry(event, at, entry);
    return STATUS_OK;
}

/* A break on each date that the time lies in. */
static enum status use_time(const struct event *event, const struct icalendar_occurrence *at)
{
    int32_t from_s;
    int32_t end_s;
    int64_t day = icalendar_local(event->reading, at->from_s, &from_s);
    int64_t last = icalendar_local(event->reading, at->to_s, &end_s);

    for (; day < last || (day == last && from_s < end_s); day++) {
        int32_t to_s = day < last ? DAY_S : end_s;
        json_t *entry = icalendar_entry(event->reading, "break", day);
        char from[CIVIL_TIME_BYTES];
        char to[CIVIL_TIME_BYTES];

        (void)json_object_set_new(entry, "from", json_string(civil_format_time(from_s, from)));
        (void)json_object_set_new(entry, "to", json_string(civil_format_time(to_s, to)));
        name_entry(event, at, entry);
        if (json_array_size(event->reading->entries) > 2 * ICALENDAR_OCCURRENCES_MAX) {
            return error_set_field(event->reading->error, STATUS_TOO_LARGE, "ics",
                                   "Expected events on at most %d days but event '%.100s' leads to "
                                   "more.",
                                   2 * ICALENDAR_OCCURRENCES_MAX, event->uid);
        }
        from_s = 0;
    }
    return STATUS_OK;
}

static enum status use_occurrence(void *context, const struct icalendar_occurrence *at)
{
    const struct event *event = context;

    if (at->is_date)
        return use_dates(event, at);
    return event->blocks ? use_time(event, at) : STATUS_OK;
}

static bool is_cancelled(icalcomponent *component)
{
    return icalcomponent_get_status(component) == ICAL_STATUS_CANCELLED;
}

static bool blocks_time(icalcomponent *component)
{
    icalproperty *property = icalcomponent_get_first_property(component, ICAL_TRANSP_PROPERTY);

    return property == NULL || icalproperty_get_transp(property) != ICAL_TRANSP_TRANSPARENT;
}

/* What libical could not read, it has put in X-LIC-ERROR; the event without it would be another. */
static enum status check_errors(struct icalendar_reading *reading, icalcomponent *component)
{
    static const char *const needed[] = {"DTSTART", "DTEND",  "DURATION",     "RRULE",
                                         "RDATE",   "EXDATE", "RECURRENCE-ID"};

    for (icalproperty *property =
             icalcomponent_get_first_property(component, ICAL_XLICERROR_PROPERTY);
         property != NULL;
         property = icalcomponent_get_next_property(component, ICAL_XLICERROR_PROPERTY)) {
        const char *text = icalproperty_get_xlicerror(property);

        for (size_t i = 0; text != NULL && i < COUNT_OF(needed); i++) {
            if (strstr(text, needed[i]) != NULL)
                return icalendar_wrong(reading, component, "cannot be read: %.200s", text);
        }
    }
    return STATUS_OK;
}

static enum status check_event(struct icalendar_reading *reading, icalcomponent *component)
{
    const char *uid = icalendar_uid(component);
    enum status status = check_errors(reading, component);

    if (status != STATUS_OK)
        return status;
    if (uid[0] == '\0' || strlen(uid) > ICALENDAR_UID_MAX || !text_is_utf8(uid, strlen(uid))) {
        return error_set_field(
            reading->error, STATUS_INVALID, "ics",
            "Expected every event to have a UID of 1 to %d characters but '%.60s' "
            "has '%.60s': without one, a second import could not find it again.",
            ICALENDAR_UID_MAX,
            icalcomponent_get_summary(component) != NULL ? icalcomponent_get_summary(component)
                                                         : "an event",
            uid);
    }
    return STATUS_OK;
}

/* ---- changed occurrences ---- */

/* What RECURRENCE-ID says of all events: {uid: {key: true}}, the occurrences that have an event of
 * their own; and the newest sequence of each event: {uid or uid#key: sequence}. */
struct changes {
    json_t *replaced;
    json_t *newest;
};

/* The key of the occurrence that an event stands for, or "". */
static enum status recurrence_key(struct icalendar_reading *reading, icalcomponent *component,
                                  char ret_key[32])
{
    icalproperty *property =
        icalcomponent_get_first_property(component, ICAL_RECURRENCEID_PROPERTY);
    struct icaltimetype time;
    struct icalendar_clock clock;
    enum status status;

    ret_key[0] = '\0';
    if (property == NULL)
        return STATUS_OK;
    if (icalproperty_get_first_parameter(property, ICAL_RANGE_PARAMETER) != NULL)
        return icalendar_wrong(reading, component,
                               "changes all occurrences from one on (RANGE), which is not "
                               "supported: make it a new event");
    time = icalproperty_get_recurrenceid(property);
    if (icaltime_is_null_time(time))
        return icalendar_wrong(reading, component, "has a RECURRENCE-ID that is no time");
    status = icalendar_clock_of(reading, component, property, time, &clock);
    if (status == STATUS_OK)
        icalendar_key(clock.is_date, icalendar_seconds(&clock, time), ret_key);
    return status;
}

static void event_name(icalcomponent *component, const char *key, char *ret_name, size_t size)
{
    (void)snprintf(ret_name, size, "%.200s%s%s", icalendar_uid(component),
                   key[0] != '\0' ? "#" : "", key);
}

static enum status note(struct icalendar_reading *reading, icalcomponent *component,
                        struct changes *changes)
{
    const char *uid = icalendar_uid(component);
    char name[ICALENDAR_UID_MAX + 40];
    char key[32];
    json_t *known;
    enum status status = check_event(reading, component);

    if (status == STATUS_OK)
        status = recurrence_key(reading, component, key);
    if (status != STATUS_OK)
        return status;
    event_name(component, key, name, sizeof(name));
    known = json_object_get(changes->newest, name);
    if (known == NULL || json_integer_value(known) < icalcomponent_get_sequence(component))
        (void)json_object_set_new(changes->newest, name,
                                  json_integer(icalcomponent_get_sequence(component)));
    if (key[0] == '\0')
        return STATUS_OK;
    known = json_object_get(changes->replaced, uid);
    if (known == NULL) {
        known = json_object();
        (void)json_object_set_new(changes->replaced, uid, known);
    }
    (void)json_object_set_new(known, key, json_true());
    return STATUS_OK;
}

/* One event, of those with the same UID only the newest. */
static enum status use_event(struct icalendar_reading *reading, icalcomponent *component,
                             struct changes *changes)
{
    struct event event = {.reading = reading,
                          .component = component,
                          .uid = icalendar_uid(component),
                          .recurs = icalendar_recurs(component),
                          .blocks = blocks_time(component)};
    char name[ICALENDAR_UID_MAX + 40];
    char key[32];
    enum status status = recurrence_key(reading, component, key);

    if (status != STATUS_OK)
        return status;
    event_name(component, key, name, sizeof(name));
    if (json_integer_value(json_object_get(changes->newest, name)) !=
        icalcomponent_get_sequence(component))
        return STATUS_OK;
    /* Of two that say they are the newest, the first counts. */
    (void)json_object_set_new(changes->newest, name, json_integer(-1));
    if (is_cancelled(component))
        return STATUS_OK;
    if (key[0] != '\0') {
        event.uid = name;
        event.recurs = false;
        return icalendar_expand(reading, component, NULL, use_occurrence, &event);
    }
    return icalendar_expand(reading, component, json_object_get(changes->replaced, event.uid),
                            use_occurrence, &event);
}

/* ---- all of them ---- */

/* Calls `use` for each event of the file, wherever it stands. */
static enum status each_event(struct icalendar_reading *reading, icalcomponent *in, int depth,
                              enum status (*use)(struct icalendar_reading *reading,
                                                 icalcomponent *component, struct changes *changes),
                              struct changes *changes)
{
    enum status status = STATUS_OK;
    icalcompiter iterator = icalcomponent_begin_component(in, ICAL_ANY_COMPONENT);

    for (icalcomponent *component = icalcompiter_deref(&iterator);
         component != NULL && status == STATUS_OK; component = icalcompiter_next(&iterator)) {
        icalcomponent_kind kind = icalcomponent_isa(component);

        if (kind == ICAL_VEVENT_COMPONENT)
            status = use(reading, component, changes);
        else if ((kind == ICAL_VCALENDAR_COMPONENT || kind == ICAL_XROOT_COMPONENT) && depth < 4)
            status = each_event(reading, component, depth + 1, use, changes);
    }
    return status;
}

enum status icalendar_events(struct icalendar_reading *reading)
{
    struct changes changes = {.replaced = json_object(), .newest = json_object()};
    enum status status = each_event(reading, reading->root, 0, note, &changes);

    if (status == STATUS_OK)
        status = each_event(reading, reading->root, 0, use_event, &changes);
    json_decref(changes.replaced);
    json_decref(changes.newest);
    return status;
}
