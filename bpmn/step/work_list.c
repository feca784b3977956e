/* The work list of one step: tokens on their way, first in, first out, so that parallel branches
 * advance side by side in document order and no model can exhaust the stack. */
#include "bpmn/step/element.h"

static void make_room(struct step *step)
{
    uint32_t waiting = step->move_count - step->move_head;

    /* Use the room in front before asking for more. */
    if (step->move_head > 0 && step->move_head >= waiting) {
        for (uint32_t i = 0; i < waiting; i++)
            step->moves[i] = step->moves[step->move_head + i];
    } else {
        uint32_t capacity = step->move_capacity == 0 ? 16 : 2 * step->move_capacity;
        const struct move *first = waiting == 0 ? NULL : step->moves + step->move_head;

        step->moves = arena_grow(step->env->arena, first, waiting, capacity, sizeof(*step->moves));
        step->move_capacity = capacity;
    }
    step->move_head = 0;
    step->move_count = waiting;
}

uint32_t step_in_flight(const struct step *step, uint32_t scope)
{
    return step->instance->scopes[scope].in_flight;
}

static struct move *enqueue(struct step *step, uint32_t scope, uint32_t element, uint32_t flow)
{
    struct move *move;

    PRE(element < step->model->element_count);
    if (step->move_count == step->move_capacity)
        make_room(step);
    move = &step->moves[step->move_count++];
    *move = (struct move){.scope = scope,
                          .epoch = step->instance->scopes[scope].epoch,
                          .element = element,
                          .flow = flow};
    step->instance->scopes[scope].in_flight++;
    return move;
}

void step_enqueue(struct step *step, uint32_t scope, uint32_t element, uint32_t flow)
{
    (void)enqueue(step, scope, element, flow);
}

void step_enqueue_triggered(struct step *step, uint32_t scope, uint32_t element, uint32_t flow,
                            uint32_t definition)
{
    struct move *move = enqueue(step, scope, element, flow);

    move->triggered = true;
    move->definition = definition;
}

void step_enqueue_resumed(struct step *step, uint32_t scope, uint32_t element)
{
    enqueue(step, scope, element, BPMN_NONE)->resumed = true;
}

void step_enqueue_told(struct step *step, uint32_t scope, uint32_t element, uint32_t flow,
                       uint32_t event)
{
    struct move *move = enqueue(step, scope, element, flow);

    move->told = true;
    move->triggered = event > 0;
    move->definition = event > 0 ? event - 1 : 0;
}

/* ---- moves ----------------------------------------------------------------------------------- */

/* The boundary is armed once it is known that the activity waits: one that is left in the same
 * breath, or whose handler answers within this very transaction, can not be interrupted. */
static enum status arm_if_waiting(struct step *step, const struct place *at,
                                  struct error *ret_error)
{
    const struct bpmn_token *token;

    if (at->element->boundary_count == 0 || step_is_inner(step, at->scope, at->element))
        return STATUS_OK;
    token = step_token(step, at);
    if (token == NULL || (token->wait_count > 0 && token->waits[0].kind == BPMN_WAIT_HANDLER))
        return STATUS_OK;
    return boundary_arm(step, at, ret_error);
}

/* A job carries the token into the element, in a transaction of its own. */
static enum status park_before(struct step *step, const struct move *move, struct error *ret_error)
{
    struct place parked =
        step_new_token(step, BPMN_CHANGE_PARKED, move->scope, move->element, move->flow, "before");
    struct bpmn_change wait = step_change(step, BPMN_CHANGE_ASYNC_SCHEDULED, &parked);

    enum status status = evaluate_priority(step, &parked, &wait.index, ret_error);

    wait.name = "before";
    if (status == STATUS_OK)
        step_wait(step, &wait);
    return status;
}

/* An activity that needs several tokens waits until they are there (BPMN 10.2, startQuantity). */
static bool has_quantity(struct step *step, const struct move *move)
{
    const struct bpmn_element *element = &step->model->elements[move->element];
    struct place at = {.scope = move->scope, .element = element};
    struct bpmn_change change = step_change(step, BPMN_CHANGE_ARRIVED, &at);
    uint32_t needed = element->start_quantity;
    uint32_t count = 0;

    if (needed <= 1 || move->flow == BPMN_NONE)
        return true;
    change.flow = move->flow;
    step_record(step, &change);
    for (uint32_t i = 0; i < element->incoming_count; i++)
        count += bpmn_scope_arrivals(&step->instance->scopes[move->scope], element->incoming[i]);
    if (count < needed)
        return false;
    change.kind = BPMN_CHANGE_CONSUMED;
    for (uint32_t i = 0; i < element->incoming_count && needed > 0;) {
        change.flow = element->incoming[i];
        if (bpmn_scope_arrivals(&step->instance->scopes[move->scope], change.flow) == 0) {
            i++;
            continue;
        }
        step_record(step, &change);
        needed--;
    }
    return true;
}

/* Flowable's skipExpression counts only where a variable switches it on. */
static enum status is_skipped(struct step *step, const struct place *at, bool *ret_skipped,
                              struct error *ret_error)
{
    static const char *const switches[] = {"_FLOWABLE_SKIP_EXPRESSION_ENABLED",
                                           "_ACTIVITI_SKIP_EXPRESSION_ENABLED"};
    struct view view = {.scope = at->scope, .at = at};

    *ret_skipped = false;
    if (at->element->skip == NULL)
        return STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(switches); i++) {
        const json_t *is_on =
            bpmn_instance_variable(step->instance, &step->instance->scopes[at->scope], switches[i]);

        if (is_on != NULL && json_is_true(is_on))
            return evaluate_boolean(step, &view, at->element, at->element->skip, "skip expression",
                                    ret_skipped, ret_error);
    }
    return STATUS_OK;
}

enum status step_activate(struct step *step, const struct place *at, uint32_t event,
                          struct error *ret_error)
{
    struct move move = {.scope = at->scope,
                        .element = at->element->index,
                        .flow = BPMN_NONE,
                        .triggered = event > 0,
                        .definition = event > 0 ? event - 1 : 0};
    bool skipped;
    enum status status = is_skipped(step, at, &skipped, ret_error);

    if (status != STATUS_OK)
        return status;
    if (skipped)
        return step_leave(step, at, ret_error);
    status = element_hooks(at->element->type)->activate(step, at, &move, ret_error);
    return status == STATUS_OK ? arm_if_waiting(step, at, ret_error) : status;
}

static enum status activate(struct step *step, const struct move *move, struct error *ret_error)
{
    struct place at = step_new_token(step, BPMN_CHANGE_ELEMENT_ACTIVATED, move->scope,
                                     move->element, move->flow, NULL);
    uint32_t event = move->triggered ? move->definition + 1 : 0;
    bool waits;
    enum status status = listeners_tell(step, &at, BPMN_LISTEN_START, event, &waits, ret_error);

    return status == STATUS_OK && !waits ? step_activate(step, &at, event, ret_error) : status;
}

static enum status make_move(struct step *step, const struct move *move, struct error *ret_error)
{
    const struct bpmn_element *element = &step->model->elements[move->element];
    const struct element_hooks *hooks = element_hooks(element->type);
    bool inner = step_is_inner(step, move->scope, element);
    bool enters = true;
    bool parked = false;
    enum status status = STATUS_OK;

    if (step->model->has_listener_topics && !move->told)
        status = listeners_park(step, move, &parked, ret_error);
    if (status != STATUS_OK || parked)
        return status;
    if (!inner && !move->resumed && !has_quantity(step, move))
        return STATUS_OK;
    if (move->flow != BPMN_NONE && hooks->arrive != NULL)
        status = hooks->arrive(step, move, &enters, ret_error);
    if (status != STATUS_OK || !enters)
        return status;
    if (!inner && !move->resumed && !move->triggered && element->async_before)
        return park_before(step, move, ret_error);
    if (!inner && bpmn_has_body(element))
        return loop_enter(step, move, ret_error);
    return activate(step, move, ret_error);
}

static enum status check_bounds(const struct step *step, const struct move *move,
                                struct error *ret_error)
{
    const struct bpmn_element *element = &step->model->elements[move->element];
    uint32_t waiting = step->move_count - step->move_head;

    if (step->moves_made + waiting > BPMN_STEP_MOVES_MAX) {
        error_set(ret_error, STATUS_FAILED,
                  "Expected process '%s' to come to a wait state within %d moves but it is still "
                  "running at '%s'; check its loops for a way out.",
                  step->model->process_id, BPMN_STEP_MOVES_MAX, element->id);
        return error_at(ret_error, element->id, element->line, element->column);
    }
    if (arena_over_limit(step->env->arena)) {
        error_set(ret_error, STATUS_TOO_LARGE,
                  "Expected one step of process '%s' to fit into the memory of a unit of work but "
                  "at '%s' it did not; make smaller steps.",
                  step->model->process_id, element->id);
        return error_at(ret_error, element->id, element->line, element->column);
    }
    return STATUS_OK;
}

static enum status run_moves(struct step *step, struct error *ret_error)
{
    while (step->move_head < step->move_count && step->instance->status == BPMN_INSTANCE_ACTIVE) {
        struct move move = step->moves[step->move_head++];
        struct bpmn_scope *scope = &step->instance->scopes[move.scope];
        enum status status;

        scope->in_flight--;
        /* Something has ended the scope, or all that was in it, under this token's feet. */
        if (scope->removed || scope->epoch != move.epoch)
            continue;
        step->moves_made++;
        status = check_bounds(step, &move, ret_error);
        if (status == STATUS_OK)
            status = make_move(step, &move, ret_error);
        if (status == STATUS_OK)
            status = step_close_empty(step, move.scope, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Joins and conditions are looked at when everything else has come to rest: only then is it known
 * what can still arrive. */
enum status step_run(struct step *step, struct error *ret_error)
{
    bool any = true;
    enum status status = STATUS_OK;

    while (any && status == STATUS_OK) {
        any = false;
        status = run_moves(step, ret_error);
        if (step->model->has_listener_topics && listeners_pending(step))
            break; /* what they answer is still to come */
        if (status == STATUS_OK && step->instance->status == BPMN_INSTANCE_ACTIVE)
            status = joins_look(step, &any, ret_error);
        if (status == STATUS_OK && !any && step->instance->status == BPMN_INSTANCE_ACTIVE)
            status = conditions_look(step, &any, ret_error);
    }
    return status;
}
