/* Execution and task listeners: expressions and scripts that run beside an element. */
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

enum status listeners_run(struct step *step, const struct place *at,
                          const struct bpmn_listeners *listeners, enum bpmn_listener_event event,
                          const json_t *task, struct error *ret_error)
{
    struct place process = {
        .scope = 0, .token = step->instance->id, .element = step->model->elements};
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < listeners->count && status == STATUS_OK; i++) {
        if (listeners->items[i].event == event)
            status =
                run_one(step, at != NULL ? at : &process, &listeners->items[i], task, ret_error);
    }
    return status;
}
