/* Script tasks: one JavaScript program over the variables that its task sees.
 *
 * A run is a pure function of its arguments: a fresh runtime each time, steps instead of a clock,
 * `new Date()` is context.now_us, Math.random() is seeded by the context, local time is UTC. There
 * is no I/O, no `require`, no `eval`. docs/decisions/0007 says which engine does it and which
 * language it speaks.
 *
 * What a script sees: every variable as a global of its name (unless JavaScript itself has that
 * name, as `Date` or `execution`), all of them as `variables.name` and by
 * `execution.getVariable('odd name')`. What becomes a variable: assignments to variables and to
 * undeclared names (`x = x + 1`, `y = 1`), changes inside objects and lists (`order.total = 5`),
 * `execution.setVariable()`. `var`, `let`, `const` and functions of the script are its own; a `var`
 * named like a variable starts with its value and stays private.
 *
 * Values: undefined becomes null; dates become texts (`2026-01-31T08:00:00.000Z`); functions are
 * left out of objects and are not stored; NaN and Infinity in a variable fail the script, and are
 * null in its value, in lists and in objects as in JSON.stringify(). Whole numbers up to 2^53 are
 * exact. A script sees a larger one as an object that prints all its digits and moves around
 * unchanged; arithmetic on it rounds to a double, as JavaScript does. Only what changed is handed
 * back.
 *
 * Runs belong to one thread of the process: the runtime's memory is kept from run to run. */
#ifndef SYNERGYFLOW_SCRIPT_H
#define SYNERGYFLOW_SCRIPT_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <jansson.h>
#include <stdint.h>

enum {
    SCRIPT_SOURCE_MAX = 256 * 1024, /* bytes of a script */
    SCRIPT_JSON_DEPTH_MAX = 64,     /* nesting of a value that goes in or comes out */
    SCRIPT_STEPS_DEFAULT = 50000,   /* what a script may cost on the engine's own thread */
    SCRIPT_MEMORY_DEFAULT = 4 * 1024 * 1024,
};

/* A step is a round of a loop or a call of a script's function; memory and long texts cost steps
 * too, so that steps bound the time. 0 means no bound: for a worker that is killed from outside. */
struct script_limits {
    uint64_t steps_max;
    size_t memory_bytes; /* of the script's values, on top of the runtime's own */
};

/* The texts may be NULL. */
struct script_context {
    const char *execution_id;
    const char *process_instance_id;
    const char *business_key;
    const char *process_definition_id;
    const char *activity_id;
    int64_t now_us;
    /* Assignments become variables; false leaves execution.setVariable() as the only way
     * (Flowable's autoStoreVariables="false"). */
    bool store_assignments;
};

/* Every reference is the caller's: script_result_deinit(). */
struct script_result {
    json_t *value;                  /* of the last expression statement; null for undefined */
    json_t *assignments;            /* object: name → value, only what changed */
    json_t *local_assignments;      /* the same, made by execution.setVariableLocal() */
    json_t *removed;                /* array of the names that execution.removeVariable() took */
    const char *bpmn_error_code;    /* `throw new BpmnError(code, message)`, else NULL; arena */
    const char *bpmn_error_message; /* "" when none was given; arena */
};

void script_result_deinit(struct script_result *result); /* a zeroed one is fine */

/* Runs `source` over `variables` (borrowed, an object; may be NULL). STATUS_OK also for a thrown
 * BpmnError. STATUS_FAILED: the script threw, error.line is its line; STATUS_INVALID: a syntax
 * error, with line and column; STATUS_TIMEOUT: the steps are used up, or it does something whose
 * cost cannot be bounded (a risky regular expression): a worker may try it; STATUS_TOO_LARGE: the
 * memory is used up. `arena` gets the texts of the result. */
MUST_CHECK enum status script_run(const char *source, const json_t *variables,
                                  const struct script_context *context,
                                  const struct script_limits *limits, struct arena *arena,
                                  struct script_result *ret_result, struct error *ret_error);

/* Whether `source` can run at all, for deployment. STATUS_INVALID with line and column. */
MUST_CHECK enum status script_check(const char *source, struct error *ret_error);

#endif
