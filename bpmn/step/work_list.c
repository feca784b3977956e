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

static uint32_t *in_flight(struct step *step, uint32_t scope)
{
    if (scope >= step->in_flight_capacity) {
        uint32_t capacity = 2 * step->instance->scope_count;

        PRE(scope < step->instance->scope_count);
        step->in_flight = arena_grow(step->env->arena, step->in_flight, step->in_flight_capacity,
                                     capacity, sizeof(*step->in_flight));
        step->in_flight_capacity = capacity;
    }
    return &step->in_flight[scope];
}

void step_enqueue(struct step *step, uint32_t scope, uint32_t element, uint32_t flow)
{
    struct move *move;

    PRE(element < step->model->element_count);
    if (step->move_count == step->move_capacity)
        make_room(step);
    move = &step->moves[step->move_count++];
    move->scope = scope;
    move->element = element;
    move->flow = flow;
    (*in_flight(step, scope))++;
}

/* The boundary is armed once it is known that the activity waits: one that is left in the same
 * breath, or whose handler answers within this very transaction, can not be interrupted. */
static enum status arm_if_waiting(struct step *step, const struct place *at,
                                  struct error *ret_error)
{
    const struct bpmn_token *token;

    if (at->element->boundary_count == 0)
        return STATUS_OK;
    token = step_token(step, at);
    if (token == NULL || (token->wait_count > 0 && token->waits[0].kind == BPMN_WAIT_HANDLER))
        return STATUS_OK;
    return boundary_arm(step, at, ret_error);
}

static enum status make_move(struct step *step, const struct move *move, struct error *ret_error)
{
    const struct bpmn_element *element = &step->model->elements[move->element];
    const struct element_hooks *hooks = element_hooks(element->type);
    struct place at;
    enum status status;

    if (hooks->arrive != NULL && !hooks->arrive(step, move))
        return STATUS_OK;
    at = step_activate(step, move);
    status = hooks->activate(step, &at, ret_error);
    return status == STATUS_OK ? arm_if_waiting(step, &at, ret_error) : status;
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

enum status step_run(struct step *step, struct error *ret_error)
{
    while (step->move_head < step->move_count && step->instance->status == BPMN_INSTANCE_ACTIVE) {
        struct move move = step->moves[step->move_head++];
        enum status status;

        (*in_flight(step, move.scope))--;
        /* A terminate or error end event has ended the scope under this token's feet. */
        if (step->instance->scopes[move.scope].removed)
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

/* Also finds removed scopes, which bpmn_instance_scope() does not. */
static uint32_t parent_index(const struct step *step, uint32_t scope)
{
    const struct uuid *parent_id = &step->instance->scopes[scope].parent_id;
    uint32_t index = 0;

    while (!uuid_equal(&step->instance->scopes[index].id, parent_id))
        index++;
    POST(index < step->instance->scope_count);
    return index;
}

enum status step_close_scope(struct step *step, uint32_t scope, struct error *ret_error)
{
    struct place owner = step_owner(step, scope);
    struct bpmn_change change = step_change(step, BPMN_CHANGE_SCOPE_CLOSED, &owner);

    change.scope_id = step->instance->scopes[scope].id;
    step_record(step, &change);
    return step_leave(step, &owner, ret_error);
}

/* BPMN chapter 13: a process or sub-process completes when no token is left in it. Tokens that wait
 * at a parallel gateway are left: such a scope waits. */
enum status step_close_empty(struct step *step, uint32_t scope, struct error *ret_error)
{
    while (step->instance->status == BPMN_INSTANCE_ACTIVE) {
        const struct bpmn_scope *at = &step->instance->scopes[scope];
        enum status status;

        if (!at->removed) {
            if (at->token_count > 0 || at->arrival_count > 0 || *in_flight(step, scope) > 0)
                return STATUS_OK;
            if (step_is_root(step, scope)) {
                struct bpmn_change change = step_change(step, BPMN_CHANGE_INSTANCE_COMPLETED, NULL);

                change.element = step->end_element;
                step_record(step, &change);
                return STATUS_OK;
            }
            status = step_close_scope(step, scope, ret_error);
            if (status != STATUS_OK)
                return status;
        }
        scope = parent_index(step, scope);
    }
    return STATUS_OK;
}
