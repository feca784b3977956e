/* Any bytes as an expression: parsed in both modes and evaluated in every way, against variables of
 * all kinds, a task and an execution. What has to hold is checked besides the sanitizers: errors
 * are sentences in UTF-8, values can be written as JSON and read back the same. */
#include <stdint.h>
#include <string.h>

#include "bpmn/base/json.h"
#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "bpmn/expression/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char variables_json[] =
    "{\"n\": 2, \"big\": 9223372036854775807, \"smallest\": -9223372036854775808, \"real\": 1.5,"
    " \"cents\": 0.1, \"huge\": 1e308, \"tiny\": 5e-324, \"yes\": true, \"no\": false,"
    " \"nothing\": null, \"blank\": \"\", \"test\": \"banana\", \"number\": \"42\","
    " \"due\": \"2026-11-25T14:00:00+01:00\", \"day\": \"2028-02-29\","
    " \"umlaut\": \"\\u00e4\\u20ac\\ud83d\\ude00\","
    " \"list\": [1, \"two\", 3.5, null, {\"deep\": [10, 20]}], \"emptyList\": [],"
    " \"order\": {\"total\": 99, \"customer\": {\"name\": \"Ada\"}, \"a b\": 1}, \"emptyMap\": {}}";
static const char task_json[] = "{\"id\": \"t-1\", \"assignee\": \"ada\", \"priority\": 50}";

struct scope {
    struct expression_scope base;
    json_t *variables;
    json_t *task;
};

static const json_t *lookup(const struct expression_scope *base, const char *name)
{
    const struct scope *scope = (const struct scope *)(const void *)base;

    return json_object_get(scope->variables, name);
}

static enum status assign(const struct expression_scope *scope, const char *name,
                          const json_t *value, bool is_local, struct error *ret_error)
{
    (void)scope;
    INVARIANT(value == NULL || json_typeof(value) >= JSON_OBJECT);
    if (name[0] == 'x' && is_local)
        return error_set(ret_error, STATUS_INVALID, "Expected another name.");
    return STATUS_OK;
}

static enum status assign_task(const struct expression_scope *scope, const char *property,
                               const json_t *value, struct error *ret_error)
{
    (void)scope;
    (void)ret_error;
    INVARIANT(property[0] != '\0' && value != NULL);
    return STATUS_OK;
}

static struct scope *fixed_scope(void)
{
    static struct scope scope;

    if (scope.variables == NULL) {
        scope.variables = json_loads(variables_json, 0, NULL);
        scope.task = json_loads(task_json, 0, NULL);
        scope.base = (struct expression_scope){.lookup = lookup,
                                               .assign = assign,
                                               .assign_task = assign_task,
                                               .task = scope.task,
                                               .process_instance_id = "p-1",
                                               .execution_id = "e-1",
                                               .now_us = INT64_C(1795608000123456)};
        INVARIANT(scope.variables != NULL && scope.task != NULL);
    }
    return &scope;
}

static void check_error(const struct error *error, bool is_utf8)
{
    INVARIANT(error->message[0] != '\0');
    INVARIANT(IMPLIES(is_utf8, text_is_utf8(error->message, strlen(error->message))));
}

static void check_value(json_t *value)
{
    struct text text = TEXT_INIT;
    json_t *again;

    if (json_write(&text, value)) {
        again = json_loadb(text_string(&text), text.length, JSON_DECODE_ANY, NULL);
        INVARIANT(again != NULL);
        INVARIANT(json_equal(again, value));
        json_decref(again);
    }
    text_deinit(&text);
    json_decref(value);
}

static void evaluate_all(const struct expression *expression, struct arena *arena, bool is_utf8)
{
    const struct expression_scope *scope = &fixed_scope()->base;
    struct error error = {0};
    json_t *value = NULL;
    const char *text = NULL;
    bool truth;

    if (expression_value(expression, scope, &value, &error) == STATUS_OK) {
        check_value(value);
    } else {
        INVARIANT(error.status == STATUS_FAILED);
        check_error(&error, is_utf8);
    }
    if (expression_string(expression, scope, arena, &text, &error) == STATUS_OK)
        INVARIANT(text == NULL || !is_utf8 || text_is_utf8(text, strlen(text)));
    else
        check_error(&error, is_utf8);
    if (expression_condition(expression, scope, &truth, &error) != STATUS_OK)
        check_error(&error, is_utf8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = memory_alloc(size + 1);
    bool is_utf8;

    memcpy(text, data, size);
    text[size] = '\0';
    is_utf8 = text_is_utf8(text, strlen(text));
    for (int mode = EXPRESSION_CONDITION; mode <= EXPRESSION_TEMPLATE; mode++) {
        struct arena *arena = arena_new(64 * 1024 * 1024);
        const struct expression *expression = NULL;
        struct error error = {0};

        if (expression_parse(arena, text, (enum expression_mode)mode, &expression, &error) ==
            STATUS_OK) {
            evaluate_all(expression, arena, is_utf8);
        } else {
            INVARIANT(error.status == STATUS_INVALID && error.column >= 0);
            check_error(&error, is_utf8);
        }
        arena_free(arena);
    }
    memory_free(text);
    return 0;
}
