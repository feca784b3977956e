/* Bodies: what stands around the instances of a loop, or around an activity with data of its own.
 *
 * The body's token is what boundary events belong to and what flows lead into and out of; its scope
 * holds an iteration scope for each instance, and counts them. Each iteration is a scope of its
 * own, so that one of ten thousand can go on without the others being touched. */
#include "bpmn/step/element.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct bpmn_element *element_of(const struct step *step, uint32_t scope)
{
    return &step->model->elements[step->instance->scopes[scope].element];
}

json_t *loop_counter(const struct bpmn_scope *body, const char *name)
{
    static const char *const names[] = {"nrOfInstances",           "numberOfInstances",
                                        "nrOfActiveInstances",     "numberOfActiveInstances",
                                        "nrOfCompletedInstances",  "numberOfCompletedInstances",
                                        "nrOfTerminatedInstances", "numberOfTerminatedInstances"};
    const struct bpmn_progress *progress = &body->progress;
    const int64_t values[] = {progress->total >= 0 ? progress->total : progress->started,
                              body->child_count, progress->completed,
                              progress->started - progress->completed - body->child_count};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return json_integer(values[i / 2]);
    }
    return NULL;
}

/* ---- planning ---------------------------------------------------------------------------------
 */

static enum status plan_cardinality(struct step *step, const struct view *view,
                                    const struct bpmn_element *element, int64_t *ret_total,
                                    struct error *ret_error)
{
    json_t *value = NULL;
    enum status status = evaluate_in(step, view, element, element->loop.cardinality,
                                     "loop cardinality", &value, ret_error);

    if (status != STATUS_OK)
        return status;
    *ret_total = -1;
    if (json_is_integer(value))
        *ret_total = json_integer_value(value);
    else if (json_is_real(value) &&
             json_real_value(value) == (double)(int32_t)json_real_value(value))
        *ret_total = (int64_t)json_real_value(value);
    else if (json_is_string(value) &&
             strspn(json_string_value(value), "0123456789") == json_string_length(value) &&
             json_string_length(value) > 0 && json_string_length(value) < 10)
        *ret_total = strtoll(json_string_value(value), NULL, 10);
    json_decref(value);
    if (*ret_total >= 0)
        return STATUS_OK;
    error_set(ret_error, STATUS_FAILED, "Expected a whole number of instances, 0 or more.");
    return evaluate_failed(element, "loop cardinality", ret_error);
}

/* A text is the name of a variable, as in Flowable. */
static enum status plan_collection(struct step *step, const struct view *view,
                                   const struct bpmn_element *element, const json_t **ret_items,
                                   struct error *ret_error)
{
    const struct bpmn_scope *scope = &step->instance->scopes[view->scope];
    const char *name = element->loop.collection_variable;
    const json_t *items = NULL;
    json_t *value = NULL;

    if (element->loop.collection != NULL) {
        enum status status = evaluate_in(step, view, element, element->loop.collection,
                                         "loop collection", &value, ret_error);

        if (status != STATUS_OK)
            return status;
        items = step_keep(step, value);
        if (json_is_string(items))
            name = json_string_value(items);
    }
    if (name != NULL)
        items = bpmn_instance_variable(step->instance, scope, name);
    if (json_is_array(items)) {
        *ret_items = items;
        return STATUS_OK;
    }
    error_set(ret_error, STATUS_FAILED, "Expected a list%s%s%s but found %s.",
              name != NULL ? " in the variable '" : "", name != NULL ? name : "",
              name != NULL ? "'" : "",
              items == NULL || json_is_null(items) ? "nothing" : "something else");
    return evaluate_failed(element, "loop collection", ret_error);
}

static enum status check_total(const struct bpmn_element *element, int64_t total,
                               struct error *ret_error)
{
    if (total <= BPMN_LOOP_INSTANCES_MAX)
        return STATUS_OK;
    error_set(ret_error, STATUS_FAILED, "Expected at most %d instances but found %" PRId64 ".",
              BPMN_LOOP_INSTANCES_MAX, total);
    return evaluate_failed(element, "multi-instance loop", ret_error);
}

/* How many there will be (-1: as long as a condition holds), and over what. */
static enum status plan(struct step *step, const struct view *view,
                        const struct bpmn_element *element, int64_t *ret_total,
                        const json_t **ret_items, struct error *ret_error)
{
    const struct bpmn_loop *loop = &element->loop;
    enum status status = STATUS_OK;

    *ret_total = loop->kind == BPMN_LOOP_STANDARD ? -1 : 1;
    *ret_items = NULL;
    if (loop->kind == BPMN_LOOP_NONE || loop->kind == BPMN_LOOP_STANDARD)
        return STATUS_OK;
    if (loop->collection != NULL || loop->collection_variable != NULL) {
        status = plan_collection(step, view, element, ret_items, ret_error);
        if (status == STATUS_OK)
            *ret_total = (int64_t)json_array_size(*ret_items);
    }
    if (status == STATUS_OK && loop->cardinality != NULL) {
        int64_t cardinality;

        status = plan_cardinality(step, view, element, &cardinality, ret_error);
        if (status == STATUS_OK && (*ret_items == NULL || cardinality < *ret_total))
            *ret_total = cardinality;
    }
    return status == STATUS_OK ? check_total(element, *ret_total, ret_error) : status;
}

/* ---- instances ---------------------------------------------------------------------------------
 */

static void set_integer(struct step *step, uint32_t scope, const char *name, int64_t value)
{
    json_t *integer = json_integer(value);

    INVARIANT(integer != NULL);
    variables_set_local(step, scope, name, integer);
    json_decref(integer);
}

static void declare(struct step *step, uint32_t scope, const char *name)
{
    if (json_object_get(step->instance->scopes[scope].variables, name) == NULL)
        variables_set_local(step, scope, name, json_null());
}

static enum status open_iteration(struct step *step, uint32_t body, int64_t index,
                                  const json_t *item, struct error *ret_error)
{
    const struct bpmn_element *element = element_of(step, body);
    uint32_t scope = step_open_scope(step, BPMN_SCOPE_ITERATION, body, element->index, NULL, index);
    struct view view = {.scope = scope};
    const json_t *values = NULL;
    const char *name;
    json_t *value;
    enum status status;

    if (element->loop.kind != BPMN_LOOP_NONE)
        set_integer(step, scope, "loopCounter", index);
    if (element->loop.index_variable != NULL)
        set_integer(step, scope, element->loop.index_variable, index);
    if (element->loop.element_variable != NULL && item != NULL)
        variables_set_local(step, scope, element->loop.element_variable, item);
    /* What is gathered is the instance's own, also before anything has set it. */
    if (element->loop.output_collection != NULL && element->loop.output_item != NULL)
        declare(step, scope, element->loop.output_item);
    status = mapping_values(step, &view, element, &element->inputs, &values, ret_error);
    if (status != STATUS_OK)
        return status;
    json_object_foreach ((json_t *)values, name, value) {
        variables_set_local(step, scope, name, value);
    }
    step_enqueue(step, scope, element->index, BPMN_NONE);
    return STATUS_OK;
}

/* In the order of the instances; null for one that was ended before it had an output. */
static json_t *collect(const struct step *step, uint32_t body)
{
    json_t *list = json_array();

    for (uint32_t i = body + 1; i < step->instance->scope_count; i++) {
        const struct bpmn_scope *scope = &step->instance->scopes[i];
        int result = 0;

        if (scope->removed || !scope->retired || scope->parent != body)
            continue;
        while (json_array_size(list) <= (size_t)scope->index && result == 0)
            result = json_array_append_new(list, json_null());
        if (result == 0)
            result = json_array_set(list, (size_t)scope->index, json_array_get(scope->gathered, 0));
        INVARIANT(result == 0);
    }
    return list;
}

/* Everything has been done: what was gathered goes out, and the token goes on. */
static enum status finish(struct step *step, uint32_t body, struct error *ret_error)
{
    const struct bpmn_element *element = element_of(step, body);
    uint32_t outer = step->instance->scopes[body].parent;
    struct place owner;

    if (!step_owner(step, body, &owner))
        UNREACHABLE();
    if (element->loop.output_collection != NULL) {
        json_t *gathered = collect(step, body);

        variables_set(step, outer, element->loop.output_collection, gathered);
        json_decref(gathered);
    }
    if (element->compensable && element->loop.kind != BPMN_LOOP_NONE &&
        step->instance->scopes[body].compensable != NULL)
        compensation_remember(step, &owner, compensation_inside(step, body), NULL);
    step_close(step, body, NULL);
    return step_leave(step, &owner, ret_error);
}

/* The standard loop's counter counts what has been completed. */
static enum status goes_on(struct step *step, uint32_t scope, const struct bpmn_element *element,
                           int64_t completed, bool *ret_goes_on, struct error *ret_error)
{
    const struct bpmn_loop *loop = &element->loop;
    struct view view = {.scope = scope};
    json_t *overlay;
    enum status status;

    *ret_goes_on = loop->maximum < 0 || completed < loop->maximum;
    if (!*ret_goes_on || loop->condition == NULL)
        return STATUS_OK;
    overlay = json_pack("{s:I}", "loopCounter", (json_int_t)completed);
    INVARIANT(overlay != NULL);
    view.overlay = overlay;
    status = evaluate_boolean(step, &view, element, loop->condition, "loop condition", ret_goes_on,
                              ret_error);
    json_decref(overlay);
    return status;
}

static enum status start_instances(struct step *step, uint32_t body, int64_t total,
                                   const json_t *items, struct error *ret_error)
{
    const struct bpmn_element *element = element_of(step, body);
    bool starts = true;
    int64_t count = 1;
    enum status status = STATUS_OK;

    if (element->loop.kind == BPMN_LOOP_STANDARD && element->loop.test_before)
        status = goes_on(step, body, element, 0, &starts, ret_error);
    if (element->loop.kind == BPMN_LOOP_PARALLEL)
        count = total;
    else if (total == 0)
        starts = false;
    if (status != STATUS_OK)
        return status;
    if (!starts || count == 0)
        return finish(step, body, ret_error);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++)
        status = open_iteration(step, body, i, json_array_get(items, (size_t)i), ret_error);
    return status;
}

enum status loop_enter(struct step *step, const struct move *move, struct error *ret_error)
{
    const struct bpmn_element *element = &step->model->elements[move->element];
    struct place at = step_new_token(step, BPMN_CHANGE_BODY_ENTERED, move->scope, move->element,
                                     move->flow, NULL);
    uint32_t body =
        step_open_scope(step, BPMN_SCOPE_BODY, move->scope, move->element, &at.token, 0);
    struct bpmn_change planned = step_change(step, BPMN_CHANGE_PLANNED, NULL);
    struct view view = {.scope = body, .at = &at};
    const json_t *items = NULL;
    int64_t total;
    enum status status = plan(step, &view, element, &total, &items, ret_error);

    if (status != STATUS_OK)
        return status;
    planned.scope_id = step->instance->scopes[body].id;
    planned.element = element->index;
    planned.index = total;
    if (element->loop.kind == BPMN_LOOP_SEQUENTIAL)
        planned.value = items;
    step_record(step, &planned);
    status = start_instances(step, body, total, items, ret_error);
    if (status != STATUS_OK || step_token(step, &at) == NULL)
        return status;
    return boundary_arm(step, &at, ret_error);
}

/* ---- an instance has ended ----------------------------------------------------------------------
 */

static enum status put_outputs(struct step *step, uint32_t scope,
                               const struct bpmn_element *element, struct error *ret_error)
{
    uint32_t body = step->instance->scopes[scope].parent;
    struct view view = {.scope = scope};
    const json_t *values = NULL;
    enum status status =
        mapping_values(step, &view, element, &element->outputs, &values, ret_error);

    if (status == STATUS_OK)
        variables_merge(step, step->instance->scopes[body].parent, values);
    return status;
}

static enum status gather(struct step *step, uint32_t scope, const struct bpmn_element *element,
                          struct error *ret_error)
{
    const struct bpmn_scope *at = &step->instance->scopes[scope];
    struct bpmn_change gathered = step_change(step, BPMN_CHANGE_GATHERED, NULL);
    struct view view = {.scope = scope, .missing_is_null = true};
    json_t *value = NULL;
    enum status status = STATUS_OK;

    if (element->loop.output_collection == NULL)
        return STATUS_OK;
    gathered.scope_id = at->id;
    gathered.element = element->index;
    gathered.index = at->index;
    if (element->loop.output_expression != NULL) {
        status = evaluate_in(step, &view, element, element->loop.output_expression, "loop output",
                             &value, ret_error);
    } else {
        const json_t *item = bpmn_instance_variable(step->instance, at, element->loop.output_item);

        value = item != NULL ? json_incref((json_t *)item) : json_null();
    }
    if (status != STATUS_OK)
        return status;
    gathered.value = step_keep(step, value);
    step_record(step, &gathered);
    return STATUS_OK;
}

/* The counters as they are once this instance counts as completed. */
static json_t *counters_after(const struct step *step, uint32_t scope)
{
    struct bpmn_scope body = step->instance->scopes[step->instance->scopes[scope].parent];
    static const char *const names[] = {"nrOfInstances",
                                        "nrOfActiveInstances",
                                        "nrOfCompletedInstances",
                                        "nrOfTerminatedInstances",
                                        "numberOfInstances",
                                        "numberOfActiveInstances",
                                        "numberOfCompletedInstances",
                                        "numberOfTerminatedInstances"};
    json_t *overlay = json_object();

    body.child_count--;
    body.progress.completed++;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)json_object_set_new(overlay, names[i], loop_counter(&body, names[i]));
    return overlay;
}

struct ending {
    bool over;         /* the completion condition is fulfilled */
    bool goes_on;      /* a standard loop wants another one */
    bool *throws;      /* which complex behaviours' conditions are true */
    int64_t completed; /* with this one */
};

/* What follows is decided while the instance's own variables can still be seen. */
static enum status decide(struct step *step, uint32_t scope, const struct bpmn_element *element,
                          struct ending *ending, struct error *ret_error)
{
    const struct bpmn_loop *loop = &element->loop;
    uint32_t body = step->instance->scopes[scope].parent;
    json_t *overlay = counters_after(step, scope);
    struct view view = {.scope = scope, .overlay = overlay};
    enum status status = STATUS_OK;

    ending->completed = step->instance->scopes[body].progress.completed + 1;
    ending->throws = arena_array(step->env->arena, loop->complex_count + 1, sizeof(bool));
    if (loop->completion != NULL)
        status = evaluate_boolean(step, &view, element, loop->completion, "completion condition",
                                  &ending->over, ret_error);
    for (uint32_t i = 0; i < loop->complex_count && status == STATUS_OK; i++)
        status = evaluate_boolean(step, &view, element, loop->complex[i].condition,
                                  "complex behaviour", &ending->throws[i], ret_error);
    if (status == STATUS_OK && loop->kind == BPMN_LOOP_STANDARD)
        status = goes_on(step, scope, element, ending->completed, &ending->goes_on, ret_error);
    json_decref(overlay);
    return status;
}

/* BPMN 10.2, multi-instance behaviour: events that are thrown as instances complete, to be caught
 * on the border of the activity. */
static enum status throw_behaviour(struct step *step, const struct place *owner,
                                   const struct ending *ending, struct error *ret_error)
{
    const struct bpmn_loop *loop = &owner->element->loop;
    bool simple = loop->behaviour == BPMN_BEHAVIOUR_NONE ||
                  (loop->behaviour == BPMN_BEHAVIOUR_ONE && ending->completed == 1);
    enum status status = STATUS_OK;

    if (simple && loop->event != NULL)
        status = throw_implicit(step, owner, loop->event, ret_error);
    for (uint32_t i = 0; loop->behaviour == BPMN_BEHAVIOUR_COMPLEX && i < loop->complex_count;
         i++) {
        if (status == STATUS_OK && ending->throws[i] && step_token(step, owner) != NULL)
            status = throw_implicit(step, owner, &loop->complex[i].event, ret_error);
    }
    return status;
}

static enum status next_instance(struct step *step, uint32_t body, const struct ending *ending,
                                 struct error *ret_error)
{
    const struct bpmn_scope *at = &step->instance->scopes[body];
    const struct bpmn_element *element = element_of(step, body);
    int64_t next = at->progress.started;

    if (element->loop.kind == BPMN_LOOP_STANDARD && ending->goes_on)
        return open_iteration(step, body, next, NULL, ret_error);
    if (element->loop.kind == BPMN_LOOP_SEQUENTIAL && next < at->progress.total)
        return open_iteration(step, body, next, json_array_get(at->items, (size_t)next), ret_error);
    return at->child_count == 0 ? finish(step, body, ret_error) : STATUS_OK;
}

static void retire(struct step *step, uint32_t scope)
{
    struct bpmn_change retired = step_change(step, BPMN_CHANGE_RETIRED, NULL);

    retired.scope_id = step->instance->scopes[scope].id;
    retired.element = step->instance->scopes[scope].element;
    step_record(step, &retired);
}

enum status loop_iteration_done(struct step *step, uint32_t scope, struct error *ret_error)
{
    uint32_t body = step->instance->scopes[scope].parent;
    const struct bpmn_element *element = element_of(step, scope);
    struct ending ending = {0};
    struct place owner;
    enum status status = put_outputs(step, scope, element, ret_error);

    if (!step_owner(step, body, &owner))
        UNREACHABLE();
    if (status == STATUS_OK)
        status = gather(step, scope, element, ret_error);
    if (status == STATUS_OK)
        status = decide(step, scope, element, &ending, ret_error);
    if (status != STATUS_OK)
        return status;
    if (element->loop.output_collection != NULL)
        retire(step, scope);
    else
        step_close(step, scope, NULL);
    status = throw_behaviour(step, &owner, &ending, ret_error);
    if (status != STATUS_OK || step_token(step, &owner) == NULL)
        return status; /* what was thrown has interrupted the activity */
    if (!ending.over)
        return next_instance(step, body, &ending, ret_error);
    step_terminate_all(step, body, arena_format(step->env->arena, "'%s' is complete", element->id));
    return finish(step, body, ret_error);
}
