/* JUEL expressions: parsed once at deploy, evaluated in `step`.
 *
 * `${…}` and `#{…}`, composites ("Task ${x}"), and plain expressions without delimiters where the
 * BPMN attribute is an expression by definition (conditions). Operators, coercions and functions
 * are those of Flowable's JUEL (the design's flowable.md, section 3): `+` is numeric only, `/`
 * always gives a real number, an unknown variable is an error that names it. Besides Flowable's
 * functions there are common ones (round, max, concat, now, …); values have Java's reading methods
 * by their names. Real numbers are decimal while an expression is computed, whole numbers are exact
 * or an error. Dates are ISO 8601 texts. Evaluation reads only its arguments, and changes something
 * only through the scope's callbacks. */
#ifndef SYNERGYFLOW_EXPRESSION_H
#define SYNERGYFLOW_EXPRESSION_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <jansson.h>
#include <stdint.h>

struct expression;

enum expression_mode {
    EXPRESSION_CONDITION, /* the whole text is one expression, delimiters optional */
    EXPRESSION_TEMPLATE, /* literal text in which `${…}` are replaced; a single `${…}` keeps its
                            type */
};

/* What names mean. Zero-initialise it and set what is known: everything but `lookup` may be NULL or
 * zero. `lookup` returns a borrowed value or NULL when there is no such variable; the value lives
 * until the evaluation ends, also when an `assign` replaces the variable. */
struct expression_scope {
    const json_t *(*lookup)(const struct expression_scope *scope, const char *name);
    /* properties of the `execution` object; any may be NULL */
    const char *process_instance_id;
    const char *execution_id;
    const char *business_key;
    const char *process_definition_id;
    const char *activity_id;
    int64_t now_us; /* what now() gives */

    /* The variables of the innermost scope alone (getVariableLocal); NULL: `lookup` */
    const json_t *(*lookup_local)(const struct expression_scope *scope, const char *name);
    /* execution.setVariable('n', v) and its like: sets the variable where it is, or in the
     * outermost scope when there is none; `is_local`: in the innermost scope. `value` is borrowed;
     * NULL removes the variable. NULL: expressions cannot set variables here. */
    enum status (*assign)(const struct expression_scope *scope, const char *name,
                          const json_t *value, bool is_local, struct error *ret_error);
    /* task.setAssignee(v) and its like: `property` is "assignee", "owner", "name", "description",
     * "priority", "dueDate", "category", "formKey", "candidateUser" or "candidateGroup" (the last
     * two add one). `value` is borrowed, JSON null clears. NULL: the task cannot be changed here.
     */
    enum status (*assign_task)(const struct expression_scope *scope, const char *property,
                               const json_t *value, struct error *ret_error);
    /* The `task` object: id, name, assignee, owner, priority, dueDate, description, category,
     * formKey, processInstanceId, executionId, taskDefinitionKey, … by Flowable's names. NULL:
     * `task` is an unknown name. */
    const json_t *task;
    const char *parent_id;
    const char *super_execution_id;
    const char *root_process_instance_id;
    const char *tenant_id; /* currentTenantId too */
    const char *definition_key;
    const char *activity_name;
    const char *event_name; /* of the listener that is run: "start", "end", "take", … */
    const char *user;       /* authenticatedUserId */
    int32_t definition_version;
    /* Set to true when an unknown variable was the cause of a failure. */
    bool *missing;
};

/* Parses `text`; the result lives in `arena`. A syntax error says what was expected and at which
 * character (1-based, in error.column; line stays 0). Depth and length are bounded. */
MUST_CHECK enum status expression_parse(struct arena *arena, const char *text,
                                        enum expression_mode mode,
                                        const struct expression **ret_expression,
                                        struct error *ret_error);

/* A template without any `${…}`: its value never changes and can be checked at deploy. */
bool expression_is_literal(const struct expression *expression);
/* The text as written. */
const char *expression_text(const struct expression *expression);

/* Evaluates; the caller owns one reference of *ret_value (json_decref). STATUS_FAILED names the
 * unknown variable, or the operand that has the wrong type. */
MUST_CHECK enum status expression_value(const struct expression *expression,
                                        const struct expression_scope *scope, json_t **ret_value,
                                        struct error *ret_error);
/* Evaluates to a Boolean; anything that is not a Boolean value is STATUS_FAILED (as in Flowable).
 */
MUST_CHECK enum status expression_condition(const struct expression *expression,
                                            const struct expression_scope *scope, bool *ret_value,
                                            struct error *ret_error);
/* Evaluates to text in `arena` (numbers and Booleans in their JSON form, null gives NULL). */
MUST_CHECK enum status expression_string(const struct expression *expression,
                                         const struct expression_scope *scope, struct arena *arena,
                                         const char **ret_text, struct error *ret_error);

#endif
