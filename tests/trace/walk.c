/* See walk.h. */
#include "tests/trace/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void walk_begin(struct walk *walk, uint64_t seed)
{
    struct fixture *fixture = &walk->fixture;

    walk->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    bpmn_instance_init(&walk->shadow, fixture->arena, fixture->model, &fixture->instance.id,
                       "test:1:1", NULL);
    bpmn_instance_init(&walk->replayed, fixture->arena, fixture->model, &fixture->instance.id,
                       "test:1:1", NULL);
}

void walk_end(struct walk *walk)
{
    bpmn_instance_clear(&walk->shadow);
    bpmn_instance_clear(&walk->replayed);
    text_deinit(&walk->broken);
    fixture_close(&walk->fixture);
}

/* xorshift: the walk must not depend on the C library. */
uint32_t walk_draw(struct walk *walk, uint32_t below)
{
    walk->random ^= walk->random << 13;
    walk->random ^= walk->random >> 7;
    walk->random ^= walk->random << 17;
    return (uint32_t)(walk->random % below);
}

enum status walk_step(struct walk *walk, const struct bpmn_command *command)
{
    struct fixture *fixture = &walk->fixture;
    struct bpmn_env env = {.now_us = fixture->now_us,
                           .ids = &fixture->ids,
                           .arena = fixture->arena,
                           .run_script = proof_defer_script};
    uint32_t from = fixture->changes.count;
    char *snapshot = proof_dump(&fixture->instance);
    struct bpmn_instance before;
    enum status status;

    bpmn_instance_clone(&fixture->instance, &before, fixture->arena);
    error_clear(&fixture->error);
    status = bpmn_step(&env, &fixture->instance, command, &fixture->changes, &fixture->error);
    walk->steps++;
    proof_clone_untouched(&before, snapshot, &walk->broken);
    free(snapshot);
    if (status != STATUS_OK) {
        assert_true(status == STATUS_FAILED || status == STATUS_NOT_FOUND ||
                    status == STATUS_CONFLICT || status == STATUS_TOO_LARGE ||
                    (status == STATUS_INVALID && command->kind == BPMN_CHANGE_STATE));
        assert_string_not_equal(fixture->error.message, "");
        bpmn_instance_clear(&fixture->instance);
        fixture->instance = before;
        fixture->changes.count = from;
        return status;
    }
    for (uint32_t i = from; i < fixture->changes.count; i++) {
        if (!uuid_is_zero(&fixture->changes.items[i].wait_id))
            walk->seen[walk->seen_count++ % WALK_SEEN_MAX] = fixture->changes.items[i].wait_id;
    }
    proof_dirty_marks(&before, &fixture->instance, &fixture->changes, from, &walk->broken);
    proof_rebuild(&walk->shadow, &fixture->instance, &fixture->changes, from, &walk->broken);
    proof_journal(&walk->replayed, &fixture->instance, &fixture->changes, from, &walk->broken);
    proof_nothing_left(&fixture->instance, &walk->broken);
    bpmn_instance_clear(&before);
    proof_store_and_load(&fixture->instance, fixture->arena, &walk->broken);
    return status;
}

enum status walk_start(struct walk *walk, const json_t *variables)
{
    const struct bpmn_model *model = walk->fixture.model;
    const struct bpmn_index_list *triggered = &model->container.triggered_starts;
    struct bpmn_command command = {.kind = BPMN_START, .variables = variables, .user = "ada"};

    if (model->container.starts.count == 0 && triggered->count > 0) {
        const struct bpmn_element *start =
            &model->elements[triggered->items[walk_draw(walk, triggered->count)]];

        /* One behind a gateway is named, not the gateway. */
        if (start->type == BPMN_EVENT_BASED_GATEWAY)
            start = &model->elements[model->flows[start->outgoing[0]].target];
        command.element = start->id;
    }
    return walk_step(walk, &command);
}

/* What fits the wait, or now and then an error or escalation. */
static enum bpmn_command_kind fitting(struct walk *walk, const struct bpmn_wait *wait)
{
    uint32_t what = walk_draw(walk, 8);

    switch (wait->kind) {
    case BPMN_WAIT_TASK:
        return BPMN_COMPLETE_TASK;
    case BPMN_WAIT_TIMER:
        return BPMN_TRIGGER_TIMER;
    case BPMN_WAIT_MESSAGE:
        return BPMN_RECEIVE_MESSAGE;
    case BPMN_WAIT_JOB:
        return what == 0 ? BPMN_JOB_ERROR : what == 1 ? BPMN_JOB_ESCALATION : BPMN_COMPLETE_JOB;
    case BPMN_WAIT_HANDLER:
        return what < 2 ? BPMN_HANDLER_ERROR : BPMN_HANDLER_RETURNED;
    case BPMN_WAIT_SIGNAL:
        return BPMN_RECEIVE_SIGNAL;
    case BPMN_WAIT_CONDITION:
        return BPMN_LOOK_AT_CONDITIONS;
    case BPMN_WAIT_CALL:
        return what == 0 ? BPMN_CALL_ERROR : what == 1 ? BPMN_CALL_ESCALATED : BPMN_CALL_COMPLETED;
    case BPMN_WAIT_CONTINUATION:
        return BPMN_CONTINUE;
    case BPMN_WAIT_SCRIPT:
        return what < 2 ? BPMN_SCRIPT_ERROR : BPMN_SCRIPT_RETURNED;
    case BPMN_WAIT_TRIGGER:
        return BPMN_TRIGGER;
    }
    return BPMN_TERMINATE;
}

/* One that the model knows, when it knows any. */
static const char *some_code(struct walk *walk)
{
    const struct bpmn_model *model = walk->fixture.model;
    uint32_t from = walk_draw(walk, model->element_count);

    for (uint32_t i = 0; i < model->element_count && walk_draw(walk, 8) > 0; i++) {
        const struct bpmn_element *element = &model->elements[(from + i) % model->element_count];

        for (uint32_t j = 0; j < element->events.count; j++) {
            if (element->events.items[j].code != NULL)
                return element->events.items[j].code;
        }
    }
    return "UNHEARD";
}

static bool wants_code(enum bpmn_command_kind kind)
{
    return kind == BPMN_JOB_ERROR || kind == BPMN_HANDLER_ERROR || kind == BPMN_CALL_ERROR ||
           kind == BPMN_SCRIPT_ERROR || kind == BPMN_JOB_ESCALATION || kind == BPMN_CALL_ESCALATED;
}

void walk_answer(struct walk *walk, const json_t *variables)
{
    uint32_t count = walk->seen_count < WALK_SEEN_MAX ? walk->seen_count : WALK_SEEN_MAX;
    struct bpmn_command command = {.kind = BPMN_COMPLETE_TASK, .variables = variables};
    struct bpmn_wait *wait = NULL;
    const struct bpmn_token *token;
    bool due = true;

    command.target = walk->seen[walk_draw(walk, count)];
    token = bpmn_instance_waiting(&walk->fixture.instance, &command.target, NULL, &wait);
    if (token == NULL) {
        assert_int_not_equal(walk_step(walk, &command), STATUS_OK);
        return;
    }
    command.kind = fitting(walk, wait);
    if (command.kind == BPMN_TRIGGER_TIMER && walk_draw(walk, 3) > 0 &&
        wait->due_us > walk->fixture.now_us)
        walk->fixture.now_us = wait->due_us;
    if (command.kind == BPMN_TRIGGER_TIMER)
        due = wait->due_us <= walk->fixture.now_us;
    if (command.kind == BPMN_TRIGGER)
        command.target = token->id;
    if (wants_code(command.kind))
        command.name = some_code(walk);
    if (walk_step(walk, &command) == STATUS_OK)
        assert_true(due);
}

const struct bpmn_wait *walk_open(struct walk *walk, uint32_t skip, struct uuid *ret_target)
{
    for (uint32_t i = walk->fixture.instance.scope_count; i > 0; i--) {
        const struct bpmn_scope *scope = &walk->fixture.instance.scopes[i - 1];

        for (uint32_t j = 0; !scope->removed && j < scope->token_count; j++) {
            const struct bpmn_token *token = &scope->tokens[j];

            for (uint32_t k = 0; k < token->wait_count; k++) {
                if (token->waits[k].kind == BPMN_WAIT_CONDITION || skip-- > 0)
                    continue;
                *ret_target =
                    token->waits[k].kind == BPMN_WAIT_TRIGGER ? token->id : token->waits[k].id;
                return &token->waits[k];
            }
        }
    }
    return NULL;
}

static void move(struct walk *walk)
{
    const struct bpmn_model *model = walk->fixture.model;
    const char *away = model->elements[walk_draw(walk, model->element_count)].id;
    const char *to = model->elements[walk_draw(walk, model->element_count)].id;
    json_t *value = json_pack("{s:[s], s:[s]}", "cancel", away, "start", to);
    struct bpmn_command command = {.kind = BPMN_CHANGE_STATE, .value = value};

    (void)walk_step(walk, &command);
    json_decref(value);
}

/* By name, to whoever waits for it. */
static void send(struct walk *walk, const json_t *variables)
{
    struct bpmn_command command = {.variables = variables};
    struct uuid target;
    const struct bpmn_wait *wait;

    for (uint32_t skip = 0; (wait = walk_open(walk, skip, &target)) != NULL; skip++) {
        if (wait->kind != BPMN_WAIT_MESSAGE && wait->kind != BPMN_WAIT_SIGNAL)
            continue;
        command.kind = wait->kind == BPMN_WAIT_MESSAGE ? BPMN_RECEIVE_MESSAGE : BPMN_RECEIVE_SIGNAL;
        command.name = arena_copy(walk->fixture.arena, wait->name);
        assert_int_not_equal(walk_step(walk, &command), STATUS_NOT_FOUND);
        return;
    }
}

void walk_disturb(struct walk *walk, const json_t *variables)
{
    struct bpmn_command command = {.variables = variables};

    switch (walk_draw(walk, 12)) {
    case 0:
        command.kind = BPMN_TERMINATE;
        command.variables = NULL;
        command.reason = "at random";
        break;
    case 1:
        command.kind = BPMN_REMOVE_VARIABLES;
        break;
    case 2:
        move(walk);
        return;
    case 3:
    case 4:
    case 5:
        send(walk, variables);
        return;
    default:
        command.kind = BPMN_SET_VARIABLES;
        break;
    }
    (void)walk_step(walk, &command);
}
