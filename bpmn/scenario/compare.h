/* Expected values against found ones. */
#ifndef SYNERGYFLOW_SCENARIO_COMPARE_H
#define SYNERGYFLOW_SCENARIO_COMPARE_H

#include <jansson.h>
#include <stdbool.h>

/* Numbers are the same when their values are; null is the same as nothing (NULL). */
bool compare_same(const json_t *expected, const json_t *found);
/* Takes every item of `expected` out of a copy of `found`: what is left, a new reference; NULL when
 * one is missing. */
json_t *compare_without(const json_t *found, const json_t *expected);
/* Every member of `expected` is the same in `found`; "due" and "dueDate" are points in time. */
bool compare_fits(const json_t *expected, const json_t *found);

#endif
