/* Signals within an instance: everybody who waits at the moment of the throw, and nobody later. */
#include "bpmn/step/element.h"

#include <string.h>

struct receiver {
    struct place at;
    struct uuid wait_id;
};

static uint32_t gather(struct step *step, const char *name, struct receiver *receivers)
{
    const struct bpmn_instance *instance = step->instance;
    uint32_t count = 0;

    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        for (uint32_t j = 0; !scope->removed && j < scope->token_count; j++) {
            const struct bpmn_token *token = &scope->tokens[j];

            for (uint32_t k = 0; k < token->wait_count; k++) {
                const struct bpmn_wait *wait = &token->waits[k];

                if (wait->kind != BPMN_WAIT_SIGNAL || strcmp(wait->name, name) != 0)
                    continue;
                if (receivers != NULL)
                    receivers[count] = (struct receiver){
                        {i, token->id, &step->model->elements[token->element]}, wait->id};
                count++;
            }
        }
    }
    return count;
}

/* One may have been ended by what another one did. */
static enum status deliver(struct step *step, const struct receiver *receiver,
                           const json_t *payload, struct error *ret_error)
{
    const struct bpmn_token *token = step_token(step, &receiver->at);
    struct bpmn_wait wait;
    uint32_t i = 0;
    enum status status;

    while (token != NULL && i < token->wait_count &&
           !uuid_equal(&token->waits[i].id, &receiver->wait_id))
        i++;
    if (token == NULL || i == token->wait_count)
        return STATUS_OK;
    wait = token->waits[i];
    status = event_take_payload(step, receiver->at.scope, &step->model->elements[wait.element],
                                wait.definition, payload, ret_error);
    if (status == STATUS_OK)
        status = element_trigger(step, &receiver->at, &wait, ret_error);
    return status == STATUS_OK ? step_close_empty(step, receiver->at.scope, ret_error) : status;
}

enum status signal_deliver(struct step *step, const char *name, const json_t *payload,
                           uint32_t *ret_count, struct error *ret_error)
{
    struct receiver *receivers;
    enum status status = STATUS_OK;

    *ret_count = gather(step, name, NULL);
    receivers = arena_array(step->env->arena, *ret_count + 1, sizeof(*receivers));
    (void)gather(step, name, receivers);
    for (uint32_t i = 0; i < *ret_count && status == STATUS_OK; i++) {
        if (step->instance->status == BPMN_INSTANCE_ACTIVE)
            status = deliver(step, &receivers[i], payload, ret_error);
    }
    return status;
}
