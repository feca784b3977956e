/* The time zones and calendars that a model's timers name: one that does not exist is found when
 * the model is deployed or linted. */
#ifndef SYNERGYFLOW_TIMER_CHECK_H
#define SYNERGYFLOW_TIMER_CHECK_H

#include "bpmn/reader/reader.h"
#include "bpmn/timer/timer_place.h"

/* Adds an error (rule "timer-place") for each timer, and for each due date of a task, whose zone or
 * calendar is not known. What `sources` does not have (NULL) is not looked at. */
void timer_check_model(const struct bpmn_model *model, const struct timer_sources *sources,
                       struct bpmn_findings *findings);

#endif
