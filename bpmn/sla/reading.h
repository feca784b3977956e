/* Reading members of JSON documents with the path of what is read; private to this folder. */
#ifndef SYNERGYFLOW_SLA_READING_H
#define SYNERGYFLOW_SLA_READING_H

#include "bpmn/sla/policy.h"

struct sla_reading {
    struct arena *arena;
    struct error *error;
    char path[ERROR_FIELD_MAX]; /* of the object that is read, "" for the document */
};

/* Goes into a member (`index` SIZE_MAX) or an entry of it; returns what sla_path_leave() takes. */
size_t sla_path_enter(struct sla_reading *reading, const char *member, size_t index);
void sla_path_leave(struct sla_reading *reading, size_t length);

/* "Expected … but found …" at the member of the object (`member` "" for itself). */
MUST_CHECK enum status sla_expected(struct sla_reading *reading, const char *member,
                                    const char *expected, const json_t *found);
/* Any other sentence at a member. */
MUST_CHECK enum status sla_refuse(struct sla_reading *reading, const char *member,
                                  enum status status, const char *message);
/* Checks for an object with no members but the known ones (ends with NULL). */
MUST_CHECK enum status sla_check_members(struct sla_reading *reading, const json_t *object,
                                         const char *const *known);

/* Members of an object. What is not there becomes "", the fallback, NULL; `required` refuses. */
MUST_CHECK enum status sla_read_text(struct sla_reading *reading, const json_t *object,
                                     const char *member, bool required, const char **ret_text);
MUST_CHECK enum status sla_read_integer(struct sla_reading *reading, const json_t *object,
                                        const char *member, int64_t min, int64_t max,
                                        const int64_t *fallback, int64_t *ret_integer);
MUST_CHECK enum status sla_read_flag(struct sla_reading *reading, const json_t *object,
                                     const char *member, bool fallback, bool *ret_flag);
/* One of `names`; `fallback` -1: required. */
MUST_CHECK enum status sla_read_choice(struct sla_reading *reading, const json_t *object,
                                       const char *member, const char *const *names, size_t count,
                                       int fallback, int *ret_index);
/* An array of at most `max` entries; NULL when it is not there. */
MUST_CHECK enum status sla_read_array(struct sla_reading *reading, const json_t *object,
                                      const char *member, size_t max, const json_t **ret_array);
/* A condition; `fallback` NULL: not given gives NULL. */
MUST_CHECK enum status sla_read_condition(struct sla_reading *reading, const json_t *object,
                                          const char *member, const char *fallback,
                                          const struct expression **ret_expression);
/* Working time or wall time as `PT…` up to SLA_DURATION_MAX_US. */
MUST_CHECK enum status sla_read_time(struct sla_reading *reading, const char *member,
                                     const char *text, int64_t *ret_us);

/* A percentage within the limits, in thousandths; false when it is none. */
bool sla_percent_read(const char *text, int64_t *ret_thousandths);
extern const char sla_point_expected[]; /* what a threshold's place may look like */

/* Escalation chains and actions, policy_read_actions.c. */
MUST_CHECK enum status sla_read_action(struct sla_reading *reading, const json_t *object,
                                       struct sla_action *ret_action);
MUST_CHECK enum status sla_read_chain(struct sla_reading *reading, const json_t *object,
                                      struct sla_chain *ret_chain);
/* One target, policy_read_target.c. */
MUST_CHECK enum status sla_read_target(struct sla_reading *reading, const json_t *object,
                                       struct sla_target *ret_target);

#endif
