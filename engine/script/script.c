/* script_run() and script_check(): translation, one run, what came of it. */
#include "engine/script/script.h"

#include "bpmn/base/text.h"
#include "engine/script/runtime.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    CACHE_SLOTS = 256,
    CACHE_SOURCE_MAX = 16 * 1024, /* longer scripts are translated every time */
    TRANSLATION_ARENA_BYTES = 64 * 1024 * 1024,
};

/* Translations of scripts that ran lately, one to a slot. */
static struct cached {
    struct arena *arena;
    const char *source;
    struct translation translation;
} cache[CACHE_SLOTS];

static uint64_t hash(const char *text, uint64_t value)
{
    for (; text != NULL && *text != '\0'; text++)
        value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return value;
}

static enum status translate(const char *source, struct arena *arena,
                             struct translation *ret_translation, struct error *ret_error)
{
    size_t length = strlen(source);

    if (length > SCRIPT_SOURCE_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a script of at most %d bytes but it has %zu.", SCRIPT_SOURCE_MAX,
                         length);
    if (!text_is_utf8(source, length))
        return error_set(ret_error, STATUS_INVALID, "The script is not UTF-8.");
    return syntax_translate(source, false, arena, ret_translation, ret_error);
}

/* What is in a slot serves the next runs only: `arena` is the run's own for long scripts. */
static enum status translate_cached(const char *source, struct arena *arena,
                                    struct translation *ret_translation, struct error *ret_error)
{
    struct cached *slot = &cache[hash(source, UINT64_C(0xcbf29ce484222325)) % CACHE_SLOTS];
    struct arena *own;
    enum status status;

    if (slot->source != NULL && strcmp(slot->source, source) == 0) {
        *ret_translation = slot->translation;
        return STATUS_OK;
    }
    if (strlen(source) > CACHE_SOURCE_MAX)
        return translate(source, arena, ret_translation, ret_error);
    own = arena_new(TRANSLATION_ARENA_BYTES);
    status = translate(source, own, ret_translation, ret_error);
    if (status != STATUS_OK) {
        arena_free(own);
        return status;
    }
    arena_free(slot->arena);
    slot->arena = own;
    slot->source = arena_copy(own, source);
    slot->translation = *ret_translation;
    return STATUS_OK;
}

void script_result_deinit(struct script_result *result)
{
    json_decref(result->value);
    json_decref(result->assignments);
    json_decref(result->local_assignments);
    json_decref(result->removed);
    *result = (struct script_result){0};
}

/* The engine's message without the translation's own names. */
static const char *readable(struct arena *arena, const char *message)
{
    char *text = arena_copy(arena, message);
    char *to = text;

    for (const char *from = text; *from != '\0';) {
        if (from[0] == '$' && from[1] == '$') {
            from += 2;
            while (*from >= '0' && *from <= '9')
                from++;
            from += *from == '_';
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

/* The line of "\n\tat name (script:12)\n…", 0 when it is not there. */
static int line_of(const char *trace)
{
    const char *found = strstr(trace, "script:");

    return found != NULL ? atoi(found + strlen("script:")) : 0;
}

static const char *member_text(struct run *run, const char *member)
{
    const char *text = "";

    js_getproperty(run->engine, -1, member);
    if (js_isstring(run->engine, -1))
        text = arena_copy(run->arena, js_tostring(run->engine, -1));
    js_pop(run->engine, 1);
    return text;
}

static bool is_bpmn_error(struct run *run)
{
    bool result;

    if (!js_isobject(run->engine, -1))
        return false;
    js_getglobal(run->engine, "BpmnError");
    result = js_iscallable(run->engine, -1);
    js_pop(run->engine, 1);
    if (!result)
        return false;
    js_copy(run->engine, -1);
    js_getglobal(run->engine, "BpmnError");
    result = js_instanceof(run->engine) != 0;
    js_pop(run->engine, 2);
    return result;
}

/* What the script threw is on top of the stack. */
static enum status describe(struct run *run)
{
    const char *message;
    int line = (int)run->thrown_line;

    if (is_bpmn_error(run)) {
        const char *code = member_text(run, "errorCode");

        if (code[0] != '\0') {
            run->result->bpmn_error_code = code;
            run->result->bpmn_error_message = member_text(run, "message");
            return STATUS_OK;
        }
    }
    if (js_isobject(run->engine, -1)) {
        int traced = line_of(member_text(run, "stackTrace"));

        line = traced > 0 ? traced : line;
    }
    message = readable(run->arena, js_trystring(run->engine, -1, "the script failed"));
    if (strcmp(message, "stack overflow") == 0)
        message = "stack overflow: calls are nested too deeply, or one has more than 200 arguments";
    (void)error_set(run->error, STATUS_FAILED, "%s", message);
    return error_at(run->error, NULL, line, 0);
}

/* The script's value; what JSON cannot hold is null. */
static void take_completion(struct run *run)
{
    json_t *holder = json_array();
    const char *what;

    run->result->value = holder;
    js_copy(run->engine, -1);
    if (!js_iscallable(run->engine, -1) && value_take(run, holder, NULL, &what))
        run->result->value = json_incref(json_array_get(holder, 0));
    else
        run->result->value = json_null();
    json_decref(holder);
    js_pop(run->engine, 1);
}

static enum status run_translated(struct run *run, const struct translation *translation)
{
    js_State *engine = run->engine;
    enum status status;

    if (js_try(engine)) {
        status = describe(run);
        js_pop(engine, 1);
        return status;
    }
    variables_bind(run, translation);
    js_loadstring(engine, "script", translation->text);
    js_pushglobal(engine);
    js_call(engine, 0);
    take_completion(run);
    status = variables_collect(run);
    js_endtry(engine);
    return status;
}

static enum status abandoned(struct run *run, const struct script_limits *limits)
{
    if (run->abandoned == STATUS_TOO_LARGE)
        return error_set(run->error, STATUS_TOO_LARGE, "The script was ended: %s.",
                         run->reason != NULL ? run->reason : "it needs more memory than it may");
    if (run->reason != NULL)
        return error_set(run->error, STATUS_TIMEOUT, "The script was ended: %s.", run->reason);
    return error_set(run->error, STATUS_TIMEOUT,
                     "The script was ended after %" PRIu64 " steps: it takes longer than it may.",
                     limits->steps_max);
}

/* `run` lives outside, so that nothing is lost by the jump. */
static enum status run_bounded(struct run *run, const struct translation *translation,
                               const struct script_limits *limits)
{
    if (setjmp(run->abandon) != 0) {
        run->abandonable = false;
        return abandoned(run, limits);
    }
    run->abandonable = true;
    run->engine = runtime_start(run);
    run_charge(run, translation->weight / 8);
    return run_translated(run, translation);
}

enum status script_run(const char *source, const json_t *variables,
                       const struct script_context *context, const struct script_limits *limits,
                       struct arena *arena, struct script_result *ret_result,
                       struct error *ret_error)
{
    static struct run run;
    struct script_result result = {
        .assignments = json_object(), .local_assignments = json_object(), .removed = json_array()};
    struct translation translation;
    enum status status = translate_cached(source, arena, &translation, ret_error);

    if (status != STATUS_OK) {
        script_result_deinit(&result);
        return status;
    }
    run = (struct run){.variables = variables,
                       .context = context,
                       .arena = arena,
                       .error = ret_error,
                       .result = &result,
                       .steps_max = limits->steps_max,
                       .memory_bytes = limits->memory_bytes,
                       .factor = 1,
                       .weight = translation.weight,
                       .random = hash(context->execution_id, hash(context->process_instance_id,
                                                                  (uint64_t)context->now_us))};
    status = run_bounded(&run, &translation, limits);
    text_deinit(&run.scratch);
    if (status != STATUS_OK || result.bpmn_error_code != NULL) {
        const char *code = result.bpmn_error_code;
        const char *message = result.bpmn_error_message;

        script_result_deinit(&result);
        if (status != STATUS_OK)
            return status;
        result = (struct script_result){.value = json_null(),
                                        .assignments = json_object(),
                                        .local_assignments = json_object(),
                                        .removed = json_array(),
                                        .bpmn_error_code = code,
                                        .bpmn_error_message = message};
    }
    *ret_result = result;
    return STATUS_OK;
}

/* The engine reads the translation too: it has limits and rules of its own. */
static enum status check_bounded(struct run *run, const struct translation *translation)
{
    if (setjmp(run->abandon) != 0)
        return error_set(run->error, STATUS_TOO_LARGE, "The script is too large.");
    run->abandonable = true;
    run->engine = runtime_start(run);
    if (js_ploadstring(run->engine, "script", translation->text) != 0) {
        const char *message = js_trystring(run->engine, -1, "syntax error");
        int line = line_of(message);

        (void)error_set(run->error, STATUS_INVALID, "%s", readable(run->arena, message));
        return error_at(run->error, NULL, line, 0);
    }
    return STATUS_OK;
}

enum status script_check(const char *source, struct error *ret_error)
{
    static const struct script_context context = {0};
    static struct run run;
    struct arena *arena = arena_new(TRANSLATION_ARENA_BYTES);
    struct translation translation;
    enum status status = translate(source, arena, &translation, ret_error);

    if (status == STATUS_OK) {
        run = (struct run){.context = &context,
                           .arena = arena,
                           .error = ret_error,
                           .memory_bytes = RUNTIME_MEMORY_MAX,
                           .factor = 1};
        status = check_bounded(&run, &translation);
    }
    arena_free(arena);
    return status;
}
