/* One case: a world of its own, its steps one after the other, and what is remembered of what
 * happened. */
#include "bpmn/scenario/private.h"

#include "bpmn/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 4096 };

/* ---- failures ---- */

static int line_of(const struct run *run, uint32_t step, const char *key)
{
    struct json_cursor at = run->test->at;

    if (step < run->test->step_count)
        at = run->test->steps[step].at;
    if (key != NULL && json_cursor_member(&at, "expect"))
        (void)json_cursor_member(&at, key);
    return at.line;
}

void run_fail(struct run *run, uint32_t step, const char *key, const char *format, ...)
{
    struct scenario_result *result = run->result;
    bool is_step = step < run->test->step_count;
    char message[MESSAGE_BYTES];
    va_list arguments;

    if (result->failure_count == SCENARIO_FAILURES_MAX)
        return;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    result->failures[result->failure_count++] =
        (struct scenario_failure){.step = is_step ? step + 1 : 0,
                                  .verb = is_step ? run->test->steps[step].verb->field.name : "",
                                  .line = line_of(run, step, key),
                                  .message = arena_copy(run->arena, message)};
}

/* ---- what happened ---- */

static void happen(struct run *run, struct happenings *list, const struct world_instance *instance,
                   const char *text)
{
    if (list->count == list->capacity) {
        uint32_t capacity = 2 * list->capacity + 64;

        list->items =
            arena_grow(run->arena, list->items, list->count, capacity, sizeof(*list->items));
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct happening){instance, text};
}

/* As in the golden traces: flows are named by the activation they lead to, and what is left in the
 * moment it is entered is one line. */
static void tell(struct run *run, const struct world_instance *instance,
                 const struct bpmn_change *change)
{
    const char *text;
    const char *verb;

    if (change->kind == BPMN_CHANGE_FLOW_TAKEN)
        return;
    if (change->kind == BPMN_CHANGE_ELEMENT_COMPLETED && run->activation != NULL &&
        uuid_equal(&run->activated, &change->token_id)) {
        verb = strstr(run->activation, " activated");
        run->journal.items[run->journal.count - 1].text =
            arena_format(run->arena, "%.*s passed%s", (int)(verb - run->activation),
                         run->activation, verb + strlen(" activated"));
        run->activation = NULL;
        return;
    }
    text = bpmn_change_text(change, instance->definition->model, run->arena);
    run->activation = change->kind == BPMN_CHANGE_ELEMENT_ACTIVATED ? text : NULL;
    run->activated = change->token_id;
    happen(run, &run->journal, instance, text);
}

static void on_change(void *context, const struct world_instance *instance,
                      const struct bpmn_change *change)
{
    struct run *run = context;
    const struct bpmn_model *model = instance->definition->model;

    if (run->settings->coverage != NULL)
        coverage_note(coverage_of(run->settings->coverage, model), change);
    if (change->kind == BPMN_CHANGE_ELEMENT_COMPLETED)
        happen(run, &run->completed, instance, model->elements[change->element].id);
    tell(run, instance, change);
}

/* ---- mocks ---- */

static void count_up(json_t *counts, const char *name)
{
    json_int_t before = json_integer_value(json_object_get(counts, name));

    (void)json_object_set_new(counts, name, json_integer(before + 1));
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* A list is used up in turn. */
static enum status take_turn(struct run *run, const char *name, const json_t *mock,
                             const json_t **ret_answer, struct error *ret_error)
{
    json_int_t turn = json_integer_value(json_object_get(run->mock_turns, name));

    *ret_answer = mock;
    if (!json_is_array(mock))
        return STATUS_OK;
    *ret_answer = json_array_get(mock, (size_t)turn);
    if (*ret_answer == NULL)
        return error_set(ret_error, STATUS_FAILED,
                         "Expected at most %zu questions to the mock '%.100s' but this is one "
                         "more.",
                         json_array_size(mock), name);
    count_up(run->mock_turns, name);
    return STATUS_OK;
}

/* By the element's id before the topic, or the key of the called process. Listeners by topic only:
 * the id is the activity's own. */
static enum status on_question(void *context, const struct world_question *question,
                               bool *ret_answered, struct world_answer *ret_answer,
                               struct error *ret_error)
{
    struct run *run = context;
    const char *name = question->element_id;
    const json_t *mock = question->listens ? NULL : json_object_get(run->test->mocks, name);
    const json_t *answer;
    enum status status;

    if (!question->listens)
        count_up(run->asked, question->element_id);
    if (question->topic != NULL &&
        (question->listens || strcmp(question->topic, question->element_id) != 0))
        count_up(run->asked, question->topic);
    if (mock == NULL && question->topic != NULL) {
        name = question->topic;
        mock = json_object_get(run->test->mocks, name);
    }
    *ret_answered = mock != NULL;
    if (mock == NULL)
        return STATUS_OK;
    status = take_turn(run, name, mock, &answer, ret_error);
    if (status != STATUS_OK)
        return status;
    *ret_answer = (struct world_answer){.variables = json_object_get(answer, "variables"),
                                        .business_key = text_of(answer, "businessKey"),
                                        .escalation = text_of(answer, "escalation"),
                                        .error_code = text_of(answer, "error"),
                                        .message = text_of(answer, "message"),
                                        .failure = text_of(answer, "failure"),
                                        .sla = json_object_get(answer, "sla")};
    return STATUS_OK;
}

/* ---- the case ---- */

/* A step has failed, and no expectation says that it should. */
static bool fail_unclaimed(struct run *run)
{
    char where[ERROR_ELEMENT_MAX + 64] = "";

    if (run->failed == STATUS_OK)
        return false;
    if (run->error.element_id[0] != '\0')
        (void)snprintf(where, sizeof(where), " (element '%s', line %d)", run->error.element_id,
                       run->error.line);
    run_fail(run, run->failed_step, NULL, "%s%s", run->error.message, where);
    run->failed = STATUS_OK;
    return true;
}

/* A mock that stands for nothing is misspelt. */
static void check_mocks(struct run *run)
{
    const char *name;
    json_t *mock;

    json_object_foreach ((json_t *)run->test->mocks, name, mock) {
        if (!select_knows_question(run, name))
            run_fail(run, UINT32_MAX, NULL,
                     "Expected the mock '%s' to stand for an element, a topic or a called process "
                     "but nothing has this name.",
                     name);
    }
}

static void take_steps(struct run *run)
{
    for (uint32_t i = 0; i < run->test->step_count && run->result->failure_count == 0; i++) {
        const struct scenario_step *step = &run->test->steps[i];

        if (step->verb->run == NULL) {
            /* Without "error", nothing else is as expected after a failure. */
            if (json_object_get(step->value, "error") != NULL || !fail_unclaimed(run))
                expect_check(run, i, step);
        } else if (!fail_unclaimed(run)) {
            error_clear(&run->error);
            run->failed = step->verb->run(run, step, &run->error);
            run->failed_step = i;
        }
    }
    if (run->result->failure_count == 0)
        (void)fail_unclaimed(run);
}

void scenario_run(const struct scenario *scenario, uint32_t index,
                  const struct scenario_settings *settings, struct scenario_result *ret_result)
{
    struct arena *arena = arena_new(WORLD_ARENA_BYTES);
    struct run run = {.test = &scenario->cases[index],
                      .settings = settings,
                      .arena = arena,
                      .result = ret_result,
                      .asked = json_object(),
                      .mock_turns = json_object()};
    struct world_callbacks callbacks = {.run_script = settings->run_script,
                                        .script_context = settings->script_context,
                                        .timers = settings->timers,
                                        .sla = settings->sla,
                                        .answer = on_question,
                                        .on_change = on_change,
                                        .context = &run};

    PRE(index < scenario->case_count);
    *ret_result = (struct scenario_result){
        .arena = arena,
        .failures = arena_array(arena, SCENARIO_FAILURES_MAX, sizeof(*ret_result->failures))};
    run.world = world_new(run.test->now_us, &callbacks);
    for (uint32_t i = 0; i < settings->document_count; i++) {
        const struct bpmn_document *document = settings->documents[i];

        world_add(run.world, document);
        /* What no case ever starts is not covered either. */
        for (uint32_t j = 0; settings->coverage != NULL && j < document->model_count; j++)
            (void)coverage_of(settings->coverage, &document->models[j]);
    }
    check_mocks(&run);
    run.failed = world_open(run.world, &run.error);
    run.failed_step = UINT32_MAX;
    if (!fail_unclaimed(&run))
        take_steps(&run);
    world_free(run.world);
    json_decref(run.asked);
    json_decref(run.mock_turns);
}

void scenario_result_deinit(struct scenario_result *result)
{
    arena_free(result->arena);
    *result = (struct scenario_result){0};
}
