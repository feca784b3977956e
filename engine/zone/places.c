/* See places.h. */
#include "engine/zone/places.h"

#include "bpmn/base/memory.h"

struct places {
    struct zone_files *files;
    struct calendars *calendars;
    struct timer_sources sources;
};

enum status places_new(const char *folder, struct places **ret_places, struct error *ret_error)
{
    struct places *places = memory_zero(1, sizeof(*places));
    enum status status = STATUS_OK;

    places->files = zone_files_new(NULL, NULL);
    places->sources.zones = zone_files_source(places->files);
    if (folder != NULL && folder[0] != '\0') {
        places->calendars = calendars_new(places->sources.zones);
        places->sources.calendars = calendars_source(places->calendars);
        status = calendars_read_folder(places->calendars, folder, ret_error);
    }
    if (status == STATUS_OK)
        *ret_places = places;
    else
        places_free(places);
    return status;
}

void places_free(struct places *places)
{
    if (places == NULL)
        return;
    calendars_free(places->calendars);
    zone_files_free(places->files);
    memory_free(places);
}

const struct timer_sources *places_sources(const struct places *places)
{
    return &places->sources;
}
