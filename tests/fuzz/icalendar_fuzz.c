/* Any bytes as an iCalendar file. What is accepted can be imported, and a second time without a
 * change; what is refused says why. */
#include "bpmn/worktime/civil.h"
#include "engine/calendar/calendar_import.h"
#include "engine/calendar/icalendar.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 * 1024 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static enum status load(void *context, const char *name, const struct zone **ret_zone,
                        struct error *ret_error)
{
    (void)context;
    *ret_zone = zone_utc();
    if (name[0] == 'U')
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_NOT_FOUND, "timezone", "Expected UTC.");
}

static const struct zone_source zones = {.load = load};

static void check_import(const json_t *entries, const struct icalendar_request *request)
{
    json_t *document =
        json_pack("{s:s, s:{s:[[s, s]]}}", "timezone", "UTC", "week", "mon", "08:00", "17:00");
    struct calendar_import import = {.document = document,
                                     .entries = entries,
                                     .source = request->source,
                                     .from_day = request->from_day,
                                     .to_day = request->to_day};
    json_t *once;
    json_t *twice;
    json_t *difference;

    calendar_import(&import, &once, &difference);
    json_decref(difference);
    import.document = once;
    calendar_import(&import, &twice, &difference);
    check(!calendar_import_changes(difference));
    json_decref(difference);
    json_decref(document);
    json_decref(once);
    json_decref(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct icalendar_request request = {.source = "fuzz",
                                        .zone = zone_utc(),
                                        .zones = &zones,
                                        .from_day = civil_days(2026, 1, 1),
                                        .to_day = civil_days(2026, 12, 31)};
    struct error error = {0};
    json_t *entries = NULL;

    if (size > INPUT_MAX)
        return 0;
    if (icalendar_read((const char *)data, size, &request, &entries, &error) == STATUS_OK) {
        check_import(entries, &request);
        json_decref(entries);
    } else {
        check(error.message[0] != '\0');
    }
    return 0;
}
