/* Properties that hold for every well-structured model (structured.h): its runs end and leave
 * nothing behind, whatever happens on the way; and the order in which parallel work is done changes
 * neither the variables at the end nor which elements have completed how often. The journal and
 * the stored form are proven after every step (walk.h).
 *
 *   structured_test               the first models
 *   structured_test --print SEED  the model of a seed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trace/structured.h"
#include "tests/trace/walk.h"

enum {
    MODELS = 120,
    MODELS_A_TEST = 30,
    ORDERS = 3,
    WALKS = 2,
    DISTURBED = 40, /* commands of all kinds, before the run is led to its end */
    ENOUGH = 3000,  /* commands after which every run must have ended */
    WAITS_MAX = 512
};

struct open_wait {
    struct uuid target;
    enum bpmn_wait_kind kind;
    uint32_t element;
    int64_t due_us;
};

static bool is_call(const struct open_wait *wait)
{
    return wait->kind == BPMN_WAIT_HANDLER;
}

/* Handlers answer in the transaction that called them, before anything else can happen. */
static uint32_t calls_first(struct open_wait *waits, uint32_t count)
{
    uint32_t calls = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (is_call(&waits[i]))
            waits[calls++] = waits[i];
    }
    return calls > 0 ? calls : count;
}

/* What is waited for. `own`: only by activities themselves, not by what stands around them. */
static uint32_t gather(struct walk *walk, bool own, struct open_wait waits[WAITS_MAX])
{
    const struct bpmn_instance *instance = &walk->fixture.instance;
    uint32_t count = 0;

    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        for (uint32_t j = 0; !scope->removed && j < scope->token_count; j++) {
            const struct bpmn_token *token = &scope->tokens[j];

            for (uint32_t k = 0; k < token->wait_count && count < WAITS_MAX; k++) {
                const struct bpmn_wait *wait = &token->waits[k];

                if (own && wait->element != token->element)
                    continue;
                waits[count++] = (struct open_wait){
                    .target = wait->id,
                    .kind = wait->kind,
                    .element = wait->element,
                    .due_us = wait->due_us,
                };
            }
        }
    }
    return calls_first(waits, count);
}

static enum bpmn_command_kind answer_to(enum bpmn_wait_kind kind)
{
    switch (kind) {
    case BPMN_WAIT_JOB:
        return BPMN_COMPLETE_JOB;
    case BPMN_WAIT_HANDLER:
        return BPMN_HANDLER_RETURNED;
    case BPMN_WAIT_TIMER:
        return BPMN_TRIGGER_TIMER;
    case BPMN_WAIT_MESSAGE:
        return BPMN_RECEIVE_MESSAGE;
    case BPMN_WAIT_SIGNAL:
        return BPMN_RECEIVE_SIGNAL;
    case BPMN_WAIT_CALL:
        return BPMN_CALL_COMPLETED;
    case BPMN_WAIT_CONTINUATION:
        return BPMN_CONTINUE;
    default:
        return BPMN_COMPLETE_TASK;
    }
}

/* Answers one of them, which sets a variable of the element's own. False: there is none. */
static bool answer_one(struct walk *walk, bool own)
{
    struct open_wait waits[WAITS_MAX];
    uint32_t count = gather(walk, own, waits);
    const struct open_wait *wait;
    struct bpmn_command command = {0};
    json_t *variables;
    char name[64];

    if (count == 0)
        return false;
    wait = &waits[walk_draw(walk, count)];
    if (wait->kind == BPMN_WAIT_TIMER && wait->due_us > walk->fixture.now_us)
        walk->fixture.now_us = wait->due_us;
    (void)snprintf(name, sizeof(name), "done_%s", walk->fixture.model->elements[wait->element].id);
    variables = json_pack("{s:b}", name, 1);
    command.kind = answer_to(wait->kind);
    command.target = wait->target;
    if (wait->kind != BPMN_WAIT_CONTINUATION)
        command.variables = variables;
    if (walk_step(walk, &command) != STATUS_OK)
        fail_msg("an open wait was refused: %s", walk->fixture.error.message);
    json_decref(variables);
    return true;
}

static void lead_to_the_end(struct walk *walk, uint64_t seed)
{
    for (int i = 0; i < ENOUGH && walk->fixture.instance.status == BPMN_INSTANCE_ACTIVE; i++) {
        if (!answer_one(walk, true))
            break;
    }
    if (walk->fixture.instance.status != BPMN_INSTANCE_COMPLETED) {
        struct text state = TEXT_INIT;

        proof_print_state(&walk->fixture.instance, &state, "");
        print_error("%s", text_string(&state));
        text_deinit(&state);
        fail_msg("model %d: the run did not come to its end", (int)seed);
    }
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The variables at the end, and each element as often as it has completed, in a fixed order. */
static char *outcome(struct walk *walk)
{
    const struct bpmn_changes *changes = &walk->fixture.changes;
    const char **ids = calloc(changes->count + 1, sizeof(*ids));
    struct text text = TEXT_INIT;
    char *variables = json_dumps(bpmn_instance_root(&walk->fixture.instance)->variables,
                                 JSON_COMPACT | JSON_SORT_KEYS);
    uint32_t count = 0;

    for (uint32_t i = 0; i < changes->count; i++) {
        if (changes->items[i].kind == BPMN_CHANGE_ELEMENT_COMPLETED)
            ids[count++] = walk->fixture.model->elements[changes->items[i].element].id;
    }
    qsort(ids, count, sizeof(*ids), compare_texts);
    text_append(&text, variables);
    for (uint32_t i = 0; i < count; i++)
        text_append_format(&text, " %s", ids[i]);
    free(variables);
    free(ids);
    return text_take(&text);
}

static struct walk *begin(uint64_t seed, uint64_t walk_seed, const struct text *xml)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    char name[32];

    (void)snprintf(name, sizeof(name), "model %d", (int)seed);
    fixture_open_text(&walk->fixture, name, xml);
    walk_begin(walk, walk_seed);
    if (walk_start(walk, NULL) != STATUS_OK)
        fail_msg("%s: %s", name, walk->fixture.error.message);
    return walk;
}

static void end(struct walk *walk, uint64_t seed)
{
    if (walk->broken.length > 0)
        fail_msg("model %d: %s", (int)seed, text_string(&walk->broken));
    walk_end(walk);
    free(walk);
}

static void order_does_not_matter(uint64_t seed, const struct text *xml)
{
    char *expected = NULL;

    for (uint64_t order = 1; order <= ORDERS; order++) {
        struct walk *walk = begin(seed, order, xml);
        char *got;

        lead_to_the_end(walk, seed);
        got = outcome(walk);
        if (expected == NULL)
            expected = got;
        else if (strcmp(expected, got) != 0)
            fail_msg("model %d: in one order\n%s\nin another\n%s", (int)seed, expected, got);
        if (expected != got)
            free(got);
        end(walk, seed);
    }
    free(expected);
}

/* Timers, messages and signals may come at any time. */
static void runs_end(uint64_t seed, const struct text *xml)
{
    for (uint64_t walk_seed = 1; walk_seed <= WALKS; walk_seed++) {
        struct walk *walk = begin(seed, 100 + walk_seed, xml);

        for (int i = 0; i < DISTURBED && walk->fixture.instance.status == BPMN_INSTANCE_ACTIVE; i++)
            (void)answer_one(walk, false);
        lead_to_the_end(walk, seed);
        end(walk, seed);
    }
}

static void properties(void **state)
{
    uint64_t first = (uint64_t)(uintptr_t)*state;

    for (uint64_t seed = first; seed < first + MODELS_A_TEST; seed++) {
        struct text xml = TEXT_INIT;

        structured_model(seed, 1 + (int)(seed % 4), &xml);
        order_does_not_matter(seed, &xml);
        runs_end(seed, &xml);
        text_deinit(&xml);
    }
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[MODELS / MODELS_A_TEST];
    char names[COUNT_OF(tests)][32];

    if (argc == 3 && strcmp(argv[1], "--print") == 0) {
        struct text xml = TEXT_INIT;
        uint64_t seed = strtoull(argv[2], NULL, 10);

        structured_model(seed, 1 + (int)(seed % 4), &xml);
        (void)fputs(text_string(&xml), stdout);
        text_deinit(&xml);
        return 0;
    }
    memset(tests, 0, sizeof(tests));
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        uintptr_t first = 1 + i * MODELS_A_TEST;

        (void)snprintf(names[i], sizeof(names[i]), "models from %d", (int)first);
        tests[i].name = names[i];
        tests[i].test_func = properties;
        tests[i].initial_state = (void *)first;
    }
    return _cmocka_run_group_tests("structured models", tests, COUNT_OF(tests), NULL, NULL);
}
