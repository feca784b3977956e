/* The calendars of working time that timers can name: a `struct calendar_source` over the JSON
 * files of a folder, read when the engine starts. One thread. */
#ifndef SYNERGYFLOW_ZONE_CALENDARS_H
#define SYNERGYFLOW_ZONE_CALENDARS_H

#include "bpmn/timer/timer_place.h"

enum { CALENDARS_MAX = 1000, CALENDARS_FILE_MAX = 4 * 1024 * 1024 };

struct calendars;

/* `zones` must outlive it. */
struct calendars *calendars_new(const struct zone_source *zones);
void calendars_free(struct calendars *calendars); /* NULL is fine */

/* Reads every `*.calendar.json` in the folder (not below it). STATUS_INVALID with the file, the
 * field and the reason when one is not right, STATUS_NOT_FOUND when the folder cannot be read. */
MUST_CHECK enum status calendars_read_folder(struct calendars *calendars, const char *folder,
                                             struct error *ret_error);
/* One document, in place of an earlier one of its name; what was found under the name before stays
 * valid until calendars_free(). Copied. */
MUST_CHECK enum status calendars_put(struct calendars *calendars, const json_t *document,
                                     struct error *ret_error);
const struct calendar_source *calendars_source(struct calendars *calendars);

#endif
