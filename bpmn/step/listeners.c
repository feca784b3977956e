/* Execution and task listeners: expressions and scripts run beside an element; a module's handler
 * is called like that of a service task, and what comes after it goes on when it has answered.
 *
 *   listens to            who waits for the answer               goes on with
 *   start, end            the element's token                    step_activate(), step_complete()
 *   take, process start   a token parked before the target       the move, now told
 *   process end           a token parked after the last element  the end of the instance
 *   task's events         the task's token                       user_task_tell_on()
 */
#include "bpmn/step/element.h"

static enum status run_one(struct step *step, const struct place *at,
                           const struct bpmn_listener *listener, const json_t *task,
                           struct error *ret_error)
{
    struct view view = {.scope = at->scope, .at = at, .task = task};
    const char *error_code = NULL;
    json_t *value = NULL;
    bool deferred = false;
    enum status status;

    if (listener->expression != NULL) {
        status = evaluate_in(step, &view, at->element, listener->expression, "listener", &value,
                             ret_error);
    } else {
        status = script_run_source(step, at, listener->script, false, &deferred, &value,
                                   &error_code, ret_error);
        if (status == STATUS_OK && (deferred || error_code != NULL)) {
            error_set(ret_error, STATUS_FAILED,
                      "Expected a listener's script to end at once and without an error.");
            status = evaluate_failed(at->element, "listener", ret_error);
        }
    }
    json_decref(value);
    return status;
}

enum status listeners_run(struct step *step, const struct place *at, const struct telling *telling,
                          uint32_t *ret_called, struct error *ret_error)
{
    const struct bpmn_listeners *listeners = telling->listeners;
    struct place process = {
        .scope = 0, .token = step->instance->id, .element = step->model->elements};
    enum status status = STATUS_OK;

    *ret_called = 0;
    for (uint32_t i = telling->from; i < listeners->count && status == STATUS_OK; i++) {
        const struct bpmn_listener *listener = &listeners->items[i];

        if (listener->event != telling->event)
            continue;
        if (listener->topic != NULL) {
            *ret_called = i + 1;
            return STATUS_OK;
        }
        status = run_one(step, at != NULL ? at : &process, listener, telling->task, ret_error);
    }
    return status;
}

enum status listeners_call(struct step *step, const struct place *at,
                           const struct bpmn_listeners *listeners, const struct listener_call *call,
                           struct error *ret_error)
{
    struct bpmn_change called = step_change(step, BPMN_CHANGE_HANDLER_CALLED, at);
    enum status status;

    PRE(call->called > 0 && call->called <= listeners->count);
    status = evaluate_name(step, at, listeners->items[call->called - 1].topic, "listener's topic",
                           &called.name, ret_error);
    if (status != STATUS_OK)
        return status;
    called.index = call->called;
    called.flow = call->flow;
    called.definition = call->event;
    called.key = call->key;
    step_wait(step, &called);
    return STATUS_OK;
}

bool listeners_pending(const struct step *step)
{
    return step->instance->listener_calls > 0;
}

enum status listeners_tell(struct step *step, const struct place *at,
                           enum bpmn_listener_event event, uint32_t event_definition,
                           bool *ret_waits, struct error *ret_error)
{
    struct telling telling = {.listeners = &at->element->listeners, .event = event};
    struct listener_call call = {.flow = BPMN_NONE, .event = event_definition};
    enum status status = listeners_run(step, at, &telling, &call.called, ret_error);

    *ret_waits = call.called != 0;
    if (status != STATUS_OK || call.called == 0)
        return status;
    return listeners_call(step, at, telling.listeners, &call, ret_error);
}

/* ---- beside the elements: flows, and the process itself -------------------------------------- */

/* Position + 1 of the first module that listens to this event, 0: none does. */
static uint32_t first_called(const struct bpmn_listeners *listeners, enum bpmn_listener_event event)
{
    for (uint32_t i = 0; i < listeners->count; i++) {
        if (listeners->items[i].event == event && listeners->items[i].topic != NULL)
            return i + 1;
    }
    return 0;
}

/* What came before that listener ran when the flow was taken, or when the instance was started. */
enum status listeners_park(struct step *step, const struct move *move, bool *ret_parked,
                           struct error *ret_error)
{
    const struct bpmn_listeners *listeners = move->flow != BPMN_NONE
                                                 ? &step->model->flows[move->flow].listeners
                                                 : &step->model->listeners;
    struct listener_call call = {.flow = move->flow,
                                 .event = move->triggered ? move->definition + 1 : 0};
    struct place parked;

    *ret_parked = false;
    if (move->flow == BPMN_NONE && !move->begins)
        return STATUS_OK;
    call.called =
        first_called(listeners, move->flow != BPMN_NONE ? BPMN_LISTEN_TAKE : BPMN_LISTEN_START);
    if (call.called == 0)
        return STATUS_OK;
    *ret_parked = true;
    parked =
        step_new_token(step, BPMN_CHANGE_PARKED, move->scope, move->element, move->flow, "before");
    return listeners_call(step, &parked, listeners, &call, ret_error);
}

enum status listeners_end(struct step *step, bool *ret_parked, struct error *ret_error)
{
    const struct bpmn_listeners *listeners = &step->model->listeners;
    struct telling telling = {.listeners = listeners, .event = BPMN_LISTEN_END};
    struct listener_call call = {.flow = BPMN_NONE};
    uint32_t element = step->end_element != BPMN_NONE ? step->end_element : 0;
    struct place parked;
    enum status status;

    *ret_parked = false;
    if (step->end_told)
        return STATUS_OK;
    status = listeners_run(step, NULL, &telling, &call.called, ret_error);
    if (status != STATUS_OK || call.called == 0)
        return status;
    *ret_parked = true;
    call.event = step->end_element != BPMN_NONE;
    parked = step_new_token(step, BPMN_CHANGE_PARKED, 0, element, BPMN_NONE, "after");
    return listeners_call(step, &parked, listeners, &call, ret_error);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Whose listeners, and which event, a call was about. */
static struct telling told(struct step *step, const struct place *at, const struct bpmn_wait *wait)
{
    struct telling telling = {.from = wait->listener};

    if (wait->flow != BPMN_NONE)
        telling.listeners = &step->model->flows[wait->flow].listeners;
    else if (step_token(step, at)->state == BPMN_TOKEN_ACTIVE)
        telling.listeners = &at->element->listeners;
    else
        telling.listeners = &step->model->listeners;
    telling.event = telling.listeners->items[wait->listener - 1].event;
    return telling;
}

static void unpark(struct step *step, const struct place *at)
{
    struct bpmn_change unparked = step_change(step, BPMN_CHANGE_UNPARKED, at);

    step_record(step, &unparked);
}

enum status listeners_answered(struct step *step, const struct place *at,
                               const struct bpmn_wait *wait, struct error *ret_error)
{
    struct telling telling = told(step, at, wait);
    struct listener_call call = {.flow = wait->flow, .event = wait->definition, .key = wait->key};
    bool parked = step_token(step, at)->state != BPMN_TOKEN_ACTIVE;
    bool ends = step_token(step, at)->state == BPMN_TOKEN_AFTER;
    enum status status;

    step_wait_over(step, at, wait);
    if (wait->key != NULL)
        return user_task_tell_on(step, at, wait, ret_error);
    status = listeners_run(step, parked && wait->flow == BPMN_NONE ? NULL : at, &telling,
                           &call.called, ret_error);
    if (status != STATUS_OK)
        return status;
    if (call.called != 0)
        return listeners_call(step, at, telling.listeners, &call, ret_error);
    if (!parked)
        return telling.event == BPMN_LISTEN_START
                   ? step_activate(step, at, wait->definition, ret_error)
                   : step_complete(step, at, ret_error);
    unpark(step, at);
    if (ends) {
        step->end_told = true;
        step->end_element = wait->definition != 0 ? at->element->index : BPMN_NONE;
    } else {
        step_enqueue_told(step, at->scope, at->element->index, wait->flow, wait->definition);
    }
    return STATUS_OK;
}
