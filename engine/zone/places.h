/* Everything that timers find by name: the system's time zones, and the calendars of a folder. */
#ifndef SYNERGYFLOW_ZONE_PLACES_H
#define SYNERGYFLOW_ZONE_PLACES_H

#include "engine/zone/calendars.h"
#include "engine/zone/zone_files.h"

struct places;

/* `folder` of calendars; NULL or "": only zones are known, and names of calendars are left alone by
 * whoever merely checks them. */
MUST_CHECK enum status places_new(const char *folder, struct places **ret_places,
                                  struct error *ret_error);
void places_free(struct places *places); /* NULL is fine */
const struct timer_sources *places_sources(const struct places *places);

#endif
