/* Tests of processes by their designers: a JSON document with cases, each of which does something
 * with processes on a virtual clock and says what it expects. docs/testing-processes.md describes
 * the format; the tables in format.c are what is accepted. */
#ifndef SYNERGYFLOW_SCENARIO_H
#define SYNERGYFLOW_SCENARIO_H

#include "bpmn/scenario/coverage.h"
#include "bpmn/scenario/world.h"
#include "bpmn/step/step.h"

enum {
    SCENARIO_BYTES_MAX = 16 * 1024 * 1024,
    SCENARIO_CASES_MAX = 10000,
    SCENARIO_STEPS_MAX = 100000, /* of one case */
    SCENARIO_FAILURES_MAX = 50,  /* told of one case */
};

struct scenario;

/* On STATUS_OK the caller owns *ret_scenario. STATUS_INVALID says what is wrong and on which line.
 */
MUST_CHECK enum status scenario_read(const char *bytes, size_t length,
                                     struct scenario **ret_scenario, struct error *ret_error);
void scenario_free(struct scenario *scenario); /* NULL is fine */

/* The files that it names, as written; NULL past the last. None at all: those beside the document.
 */
const char *scenario_file(const struct scenario *scenario, uint32_t index);
/* The files of SLA policies, or of calendars, that it names; NULL past the last. */
const char *scenario_sla_file(const struct scenario *scenario, bool is_calendar, uint32_t index);
/* NULL past the last. */
const char *scenario_case_name(const struct scenario *scenario, uint32_t index);
int scenario_case_line(const struct scenario *scenario, uint32_t index);

struct scenario_failure {
    uint32_t step;    /* from 1; 0: before the first */
    const char *verb; /* "" before the first step */
    int line;         /* in the document */
    const char *message;
};

/* What came of one case; deinit releases it. */
struct scenario_result {
    struct arena *arena;
    struct scenario_failure *failures; /* none: it passed */
    uint32_t failure_count;
};

struct scenario_settings {
    const struct bpmn_document *const *documents; /* later ones have the newer versions */
    uint32_t document_count;
    /* As in bpmn_env; NULL: there is no script engine. */
    enum status (*run_script)(const struct bpmn_env *env, const struct bpmn_script *script,
                              struct bpmn_script_result *ret_result, struct error *ret_error);
    void *script_context;
    const struct timer_sources *timers; /* NULL: no zones and calendars */
    const struct world_sla *sla;        /* what scenario_sla_file() named; NULL: nothing */
    struct coverage **coverage;         /* added to; NULL: not wanted */
};

void scenario_run(const struct scenario *scenario, uint32_t index,
                  const struct scenario_settings *settings, struct scenario_result *ret_result);
void scenario_result_deinit(struct scenario_result *result);

#endif
