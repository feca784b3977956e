/* Random walks: every model of tests/trace is driven by random commands, right and wrong ones, and
 * after each the proofs of proofs.h must hold. A failure names the model and the seed; the same
 * seed walks the same way again. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/step/fixture.h"
#include "tests/trace/proofs.h"

enum { SEEDS = 12, COMMANDS = 40, MODELS_MAX = 200, SEEN_MAX = 256 };

struct walk {
    struct fixture fixture;
    struct bpmn_instance shadow;
    struct text broken;
    uint64_t random;
    struct uuid seen[SEEN_MAX]; /* ids of waits, open or not */
    uint32_t seen_count;
    uint32_t steps;
};

/* xorshift: the walk must not depend on the C library. */
static uint32_t draw(struct walk *walk, uint32_t below)
{
    walk->random ^= walk->random << 13;
    walk->random ^= walk->random >> 7;
    walk->random ^= walk->random << 17;
    return (uint32_t)(walk->random % below);
}

static const char *variables(struct walk *walk)
{
    static const char *const codes[] = {"known", "other", "rare", ""};

    return arena_format(walk->fixture.arena,
                        "{\"a\": %s, \"b\": %s, \"ok\": %s, \"amount\": %u, \"n\": %u, \"code\": "
                        "\"%s\", \"x\": %u}",
                        draw(walk, 2) ? "true" : "false", draw(walk, 2) ? "true" : "false",
                        draw(walk, 2) ? "true" : "false", draw(walk, 2000), draw(walk, 4),
                        codes[draw(walk, 4)], draw(walk, 3));
}

static const char start_variables[] =
    "{\"price\": 3, \"quantity\": 2, \"customer\": \"Ada\", \"approver\": \"g\", \"reminders\": 0,"
    " \"amount\": 5, \"n\": 1, \"a\": 1, \"y\": 2, \"x\": 1, \"orderId\": 5, \"day\": \"P1D\","
    " \"cycle\": \"R2/PT1H\", \"item\": \"door\", \"who\": \"ada\", \"users\": [\"kim\"],"
    " \"group\": \"north\", \"due\": \"P1D\", \"urgency\": 1, \"topic\": \"t\", \"message\": true,"
    " \"ok\": false, \"code\": \"\", \"b\": false}";

/* One command with all proofs; the instance stays as it was when the command is refused. */
static enum status step(struct walk *walk, enum bpmn_command_kind kind, const struct uuid *target,
                        const char *name, const char *values)
{
    struct fixture *fixture = &walk->fixture;
    uint32_t from = fixture->changes.count;
    char *snapshot = proof_dump(&fixture->instance);
    struct bpmn_instance before;
    enum status status;

    bpmn_instance_clone(&fixture->instance, &before, fixture->arena);
    status = fixture_step(fixture, kind, target, name, values);
    walk->steps++;
    proof_clone_untouched(&before, snapshot, &walk->broken);
    free(snapshot);
    if (status != STATUS_OK) {
        assert_true(status == STATUS_FAILED || status == STATUS_NOT_FOUND ||
                    status == STATUS_CONFLICT || status == STATUS_TOO_LARGE);
        assert_string_not_equal(fixture->error.message, "");
        bpmn_instance_clear(&fixture->instance);
        fixture->instance = before;
        fixture->changes.count = from;
        return status;
    }
    for (uint32_t i = from; i < fixture->changes.count; i++) {
        if (!uuid_is_zero(&fixture->changes.items[i].wait_id))
            walk->seen[walk->seen_count++ % SEEN_MAX] = fixture->changes.items[i].wait_id;
    }
    json_decref(bpmn_changes_journal(&fixture->changes, fixture->model, from));
    proof_dirty_marks(&before, &fixture->instance, &walk->broken);
    proof_rebuild(&walk->shadow, &fixture->instance, &fixture->changes, from, &walk->broken);
    proof_nothing_left(&fixture->instance, &walk->broken);
    bpmn_instance_clear(&before);
    proof_store_and_load(&fixture->instance, fixture->arena, &walk->broken);
    return status;
}

/* What fits the wait, or now and then what does not. */
static enum bpmn_command_kind fitting(struct walk *walk, const struct bpmn_wait *wait)
{
    bool error = draw(walk, 4) == 0;

    switch (wait->kind) {
    case BPMN_WAIT_TASK:
        return BPMN_COMPLETE_TASK;
    case BPMN_WAIT_TIMER:
        return BPMN_TRIGGER_TIMER;
    case BPMN_WAIT_MESSAGE:
        return BPMN_RECEIVE_MESSAGE;
    case BPMN_WAIT_JOB:
        return error ? BPMN_JOB_ERROR : BPMN_COMPLETE_JOB;
    case BPMN_WAIT_HANDLER:
        return error ? BPMN_HANDLER_ERROR : BPMN_HANDLER_RETURNED;
    case BPMN_WAIT_SIGNAL:
        return BPMN_RECEIVE_SIGNAL;
    case BPMN_WAIT_CONDITION:
        return BPMN_LOOK_AT_CONDITIONS;
    case BPMN_WAIT_CALL:
        return error ? BPMN_CALL_ERROR : BPMN_CALL_COMPLETED;
    case BPMN_WAIT_CONTINUATION:
        return BPMN_CONTINUE;
    case BPMN_WAIT_SCRIPT:
        return error ? BPMN_SCRIPT_ERROR : BPMN_SCRIPT_RETURNED;
    case BPMN_WAIT_TRIGGER:
        return BPMN_TRIGGER;
    }
    return BPMN_TERMINATE;
}

static bool wants_code(enum bpmn_command_kind kind)
{
    return kind == BPMN_JOB_ERROR || kind == BPMN_HANDLER_ERROR || kind == BPMN_CALL_ERROR ||
           kind == BPMN_SCRIPT_ERROR;
}

static void answer_something(struct walk *walk)
{
    struct uuid id =
        walk->seen[draw(walk, walk->seen_count < SEEN_MAX ? walk->seen_count : SEEN_MAX)];
    const char *values = draw(walk, 2) ? variables(walk) : NULL;
    struct bpmn_wait *wait = NULL;
    enum bpmn_command_kind kind;
    int64_t now_us = walk->fixture.now_us;
    bool due = true;

    const struct bpmn_token *token =
        bpmn_instance_waiting(&walk->fixture.instance, &id, NULL, &wait);

    if (token == NULL) {
        assert_int_not_equal(step(walk, BPMN_COMPLETE_TASK, &id, NULL, values), STATUS_OK);
        return;
    }
    kind = fitting(walk, wait);
    if (kind == BPMN_TRIGGER_TIMER && draw(walk, 3) > 0 && wait->due_us > now_us)
        walk->fixture.now_us = wait->due_us;
    if (kind == BPMN_TRIGGER_TIMER)
        due = wait->due_us <= walk->fixture.now_us;
    if (kind == BPMN_TRIGGER)
        id = token->id;
    if (step(walk, kind, &id, wants_code(kind) ? "LATE" : NULL, values) == STATUS_OK)
        assert_true(due);
}

static void walk_once(const char *model_file, uint64_t seed)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    struct fixture *fixture = &walk->fixture;

    walk->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    fixture_open(fixture, model_file);
    bpmn_instance_init(&walk->shadow, fixture->arena, fixture->model, &fixture->instance.id,
                       "test:1:1", NULL);
    if (step(walk, BPMN_START, NULL, NULL, start_variables) == STATUS_OK) {
        for (int i = 0; i < COMMANDS && !arena_over_limit(fixture->arena); i++) {
            uint32_t what = draw(walk, 40);

            if (what == 0)
                (void)step(walk, BPMN_TERMINATE, NULL, "at random", NULL);
            else if (what < 5 || walk->seen_count == 0)
                (void)step(walk, BPMN_SET_VARIABLES, NULL, NULL, variables(walk));
            else
                answer_something(walk);
        }
    }
    if (walk->broken.length > 0)
        fail_msg("%s, seed %d: %s", model_file, (int)seed, text_string(&walk->broken));
    bpmn_instance_clear(&walk->shadow);
    fixture_close(fixture);
    free(walk);
}

static void random_walks(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        walk_once(*state, seed);
}

static int is_model(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 5 && strcmp(entry->d_name + length - 5, ".bpmn") == 0;
}

int main(void)
{
    static struct CMUnitTest tests[MODELS_MAX];
    struct dirent **entries;
    int found = scandir(SOURCE_FOLDER "/tests/trace", &entries, is_model, alphasort);
    int result;

    if (found <= 0 || found > MODELS_MAX) {
        (void)fprintf(stderr, "Expected 1 to %d models in tests/trace but found %d\n", MODELS_MAX,
                      found);
        return 1;
    }
    for (int i = 0; i < found; i++) {
        tests[i].name = entries[i]->d_name;
        tests[i].test_func = random_walks;
        tests[i].initial_state = entries[i]->d_name;
    }
    result = _cmocka_run_group_tests("random walks", tests, (size_t)found, NULL, NULL);
    for (int i = 0; i < found; i++)
        free(entries[i]);
    free(entries);
    return result;
}
