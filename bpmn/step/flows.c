/* The ways out of an element. "Taken" means: recorded, and a token is on its way to the target. */
#include "bpmn/step/element.h"

enum status flows_record(struct step *step, const struct place *at, uint32_t flow,
                         struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_FLOW_TAKEN, at);
    struct telling telling = {.listeners = &step->model->flows[flow].listeners,
                              .event = BPMN_LISTEN_TAKE};
    uint32_t called; /* from there on when the token sets out: listeners_park() */

    change.flow = flow;
    step_record(step, &change);
    return listeners_run(step, at, &telling, &called, ret_error);
}

static enum status take(struct step *step, const struct place *at, uint32_t flow,
                        struct error *ret_error)
{
    enum status status = flows_record(step, at, flow, ret_error);

    if (status == STATUS_OK)
        step_enqueue(step, at->scope, step->model->flows[flow].target, flow);
    return status;
}

static enum status no_way_out(const struct bpmn_element *element, struct error *ret_error)
{
    error_set(ret_error, STATUS_FAILED,
              "Expected one of the conditions on the flows out of '%s' to be true, or a default "
              "flow, but no condition was true and there is no default flow.",
              element->id);
    return error_at(ret_error, element->id, element->line, element->column);
}

enum status flows_take_all(struct step *step, const struct place *at, struct error *ret_error)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < at->element->outgoing_count && status == STATUS_OK; i++)
        status = take(step, at, at->element->outgoing[i], ret_error);
    return status;
}

/* BPMN 13.2, flows out of an activity: a conditional flow gets a token only when its condition is
 * true; the default flow is for the case that no condition was. */
enum status flows_take_true(struct step *step, const struct place *at, struct error *ret_error)
{
    const struct bpmn_element *element = at->element;
    bool any_condition = false;
    bool any_taken = false;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < element->outgoing_count && status == STATUS_OK; i++) {
        const struct bpmn_flow *flow = &step->model->flows[element->outgoing[i]];
        bool takeable = flow->index != element->default_flow;

        if (takeable && flow->condition != NULL) {
            status = evaluate_condition(step, at, flow, NULL, &takeable, ret_error);
            takeable = takeable && status == STATUS_OK;
            any_condition = any_condition || takeable;
        }
        if (takeable) {
            status = take(step, at, flow->index, ret_error);
            any_taken = true;
        }
    }
    if (status == STATUS_OK && !any_condition && element->default_flow != BPMN_NONE) {
        status = take(step, at, element->default_flow, ret_error);
        any_taken = true;
    }
    if (status != STATUS_OK)
        return status;
    return any_taken || element->outgoing_count == 0 ? STATUS_OK : no_way_out(element, ret_error);
}

/* BPMN 13.3, exclusive gateway: conditions are evaluated in order, the first true one decides where
 * the token goes; when there is none, the default flow; without that, it is an error. */
enum status flows_take_first(struct step *step, const struct place *at, struct error *ret_error)
{
    const struct bpmn_element *element = at->element;

    for (uint32_t i = 0; i < element->outgoing_count; i++) {
        const struct bpmn_flow *flow = &step->model->flows[element->outgoing[i]];
        bool takeable = flow->index != element->default_flow;

        if (takeable && flow->condition != NULL) {
            enum status status = evaluate_condition(step, at, flow, NULL, &takeable, ret_error);

            if (status != STATUS_OK)
                return status;
        }
        if (takeable)
            return take(step, at, flow->index, ret_error);
    }
    if (element->default_flow == BPMN_NONE && element->outgoing_count > 0)
        return no_way_out(element, ret_error);
    if (element->default_flow != BPMN_NONE)
        return take(step, at, element->default_flow, ret_error);
    return STATUS_OK;
}
