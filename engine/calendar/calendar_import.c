/* See calendar_import.h. */
#include "engine/calendar/calendar_import.h"

#include "bpmn/worktime/civil.h"

#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 640 };

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : "";
}

/* ---- entries and their keys ---- */

/* Several breaks of one event (one a day) have the same UID: the n-th of the feed is the n-th of
 * the document. */
static void put(json_t *entries, json_t *entry)
{
    const char *kind = text_of(entry, "kind");
    bool has_uid = strcmp(kind, "holiday") == 0 || strcmp(kind, "break") == 0;
    char key[KEY_BYTES];

    for (unsigned n = 0;; n++) {
        (void)snprintf(key, sizeof(key), "%s %s %u", kind,
                       has_uid                      ? text_of(entry, "uid")
                       : strcmp(kind, "shift") == 0 ? text_of(entry, "date")
                                                    : text_of(entry, "day"),
                       n);
        if (json_object_get(entries, key) == NULL)
            break;
    }
    (void)json_object_set_new(entries, key, entry);
}

static json_t *with_kind(const char *kind, const json_t *object)
{
    json_t *entry = json_pack("{s:s}", "kind", kind);

    (void)json_object_update(entry, (json_t *)object);
    return entry;
}

/* ---- the document's entries from the source ---- */

static bool comes_from(const json_t *object, const char *source)
{
    return json_is_object(object) && strcmp(text_of(object, "source"), source) == 0 &&
           json_object_get(object, "source") != NULL;
}

static bool all_come_from(const json_t *windows, const char *source)
{
    const json_t *window;
    size_t i;

    json_array_foreach ((json_t *)windows, i, window) {
        if (!comes_from(window, source))
            return false;
    }
    return json_array_size(windows) > 0;
}

/* Takes the source's holidays and breaks out of `document`, into `entries`. */
static void take_listed(json_t *document, const char *source, json_t *entries)
{
    json_t *holidays = json_object_get(document, "holidays");
    json_t *breaks = json_object_get(document, "breaks");
    const char *date;
    json_t *windows;
    void *next;

    for (size_t i = 0; i < json_array_size(holidays);) {
        json_t *holiday = json_array_get(holidays, i);

        if (comes_from(holiday, source)) {
            put(entries, with_kind("holiday", holiday));
            (void)json_array_remove(holidays, i);
        } else {
            i++;
        }
    }
    json_object_foreach_safe(breaks, next, date, windows)
    {
        for (size_t i = 0; i < json_array_size(windows);) {
            json_t *window = json_array_get(windows, i);
            json_t *entry;

            if (!comes_from(window, source)) {
                i++;
                continue;
            }
            entry = with_kind("break", window);
            (void)json_object_set_new(entry, "date", json_string(date));
            put(entries, entry);
            (void)json_array_remove(windows, i);
        }
        if (json_array_size(windows) == 0)
            (void)json_object_del(breaks, date);
    }
}

/* Takes the source's shifts (or days of the week) out. */
static void take_days(json_t *document, const char *member, const char *kind, const char *place,
                      const char *source, json_t *entries)
{
    json_t *days = json_object_get(document, member);
    const char *day;
    json_t *windows;
    void *next;

    json_object_foreach_safe(days, next, day, windows)
    {
        if (!all_come_from(windows, source))
            continue;
        put(entries, json_pack("{s:s, s:s, s:O, s:s}", "kind", kind, place, day, "windows", windows,
                               "source", source));
        (void)json_object_del(days, day);
    }
}

/* ---- putting entries in ---- */

static json_t *member_of(json_t *document, const char *member, json_t *empty)
{
    json_t *value = json_object_get(document, member);

    if (value != NULL) {
        json_decref(empty);
        return value;
    }
    (void)json_object_set_new(document, member, empty);
    return empty;
}

/* False when the document has a shift or a week day of its own there. */
static bool put_in_document(json_t *document, const json_t *entry)
{
    const char *kind = text_of(entry, "kind");
    json_t *copy = json_copy((json_t *)entry);
    bool done = true;

    (void)json_object_del(copy, "kind");
    if (strcmp(kind, "holiday") == 0) {
        (void)json_array_append(member_of(document, "holidays", json_array()), copy);
    } else if (strcmp(kind, "break") == 0) {
        json_t *breaks = member_of(document, "breaks", json_object());

        (void)json_object_del(copy, "date");
        (void)json_array_append(member_of(breaks, text_of(entry, "date"), json_array()), copy);
    } else {
        bool is_shift = strcmp(kind, "shift") == 0;
        json_t *days = member_of(document, is_shift ? "shifts" : "week", json_object());
        const char *day = text_of(entry, is_shift ? "date" : "day");

        done = json_object_get(days, day) == NULL;
        if (done)
            (void)json_object_set(days, day, json_object_get(entry, "windows"));
    }
    json_decref(copy);
    return done;
}

/* ---- the difference ---- */

struct merging {
    const struct calendar_import *import;
    json_t *document;
    json_t *added;
    json_t *changed;
    json_t *removed;
    json_t *overruled;
    json_int_t unchanged;
};

/* Whether an entry lies, at least in part, in the days asked for; a week does always. */
static bool is_asked_for(const struct calendar_import *import, const json_t *entry)
{
    const char *to = text_of(entry, "to");
    int64_t first;
    int64_t last;

    if (!civil_parse_date(text_of(entry, "date"), &first))
        return true;
    if (!civil_parse_date(to, &last))
        last = first;
    return last >= import->from_day && first <= import->to_day;
}

static void merge_new(struct merging *merging, json_t *entry, json_t *before)
{
    bool was_off = before != NULL && json_is_false(json_object_get(before, "enabled"));

    if (was_off)
        (void)json_object_set_new(entry, "enabled", json_false());
    if (!put_in_document(merging->document, entry))
        (void)json_array_append(merging->overruled, entry);
    else if (before == NULL)
        (void)json_array_append(merging->added, entry);
    else if (json_equal(before, entry))
        merging->unchanged++;
    else
        (void)json_array_append_new(merging->changed,
                                    json_pack("{s:O, s:O}", "before", before, "after", entry));
}

static void merge(struct merging *merging, json_t *known, json_t *wanted)
{
    const char *key;
    json_t *entry;

    json_object_foreach (wanted, key, entry)
        merge_new(merging, entry, json_object_get(known, key));
    json_object_foreach (known, key, entry) {
        if (json_object_get(wanted, key) != NULL)
            continue;
        if (is_asked_for(merging->import, entry))
            (void)json_array_append(merging->removed, entry);
        else
            (void)put_in_document(merging->document, entry);
    }
}

bool calendar_import_changes(const json_t *difference)
{
    return json_array_size(json_object_get(difference, "added")) > 0 ||
           json_array_size(json_object_get(difference, "changed")) > 0 ||
           json_array_size(json_object_get(difference, "removed")) > 0;
}

void calendar_import(const struct calendar_import *import, json_t **ret_document,
                     json_t **ret_difference)
{
    struct merging merging = {.import = import,
                              .document = json_deep_copy(import->document),
                              .added = json_array(),
                              .changed = json_array(),
                              .removed = json_array(),
                              .overruled = json_array()};
    json_t *known = json_object();
    json_t *wanted = json_object();
    const json_t *entry;
    size_t i;

    take_listed(merging.document, import->source, known);
    take_days(merging.document, "shifts", "shift", "date", import->source, known);
    take_days(merging.document, "week", "week", "day", import->source, known);
    json_array_foreach ((json_t *)import->entries, i, entry)
        put(wanted, json_deep_copy(entry));
    merge(&merging, known, wanted);
    *ret_difference = json_pack("{s:o, s:o, s:o, s:o, s:I}", "added", merging.added, "changed",
                                merging.changed, "removed", merging.removed, "overruled",
                                merging.overruled, "unchanged", merging.unchanged);
    if (calendar_import_changes(*ret_difference)) {
        json_int_t version = json_integer_value(json_object_get(import->document, "version"));

        (void)json_object_set_new(merging.document, "version",
                                  json_integer((version > 0 ? version : 1) + 1));
    }
    json_decref(known);
    json_decref(wanted);
    *ret_document = merging.document;
}
