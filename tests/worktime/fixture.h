/* Calendars from short texts, in the system's zones. */
#ifndef TESTS_WORKTIME_FIXTURE_H
#define TESTS_WORKTIME_FIXTURE_H

#include "bpmn/worktime/worktime.h"

#include <jansson.h>

/* Setup and teardown of a group of tests. */
int fixture_start(void **state);
int fixture_stop(void **state);

const struct zone_source *fixture_zones(void);
const struct zone *fixture_zone(const char *name);

/* JSON with ' for ". */
json_t *fixture_json(const char *text);
/* The calendar of such a text; it lives until the group ends. */
const struct calendar *fixture_calendar(const char *text);
/* How reading such a text ends, in `ret_error`. */
enum status fixture_read(const char *text, struct error *ret_error);

int64_t fixture_instant(const char *text);
void fixture_assert_instant(int64_t us, const char *expected);

#endif
