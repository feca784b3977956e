/* See expression_fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/base/memory.h"
#include "tests/bpmn/expression_fixture.h"

static const char variables_json[] =
    "{\"n\": 2, \"big\": 9223372036854775807, \"smallest\": -9223372036854775808, \"real\": 1.5,"
    " \"yes\": true, \"no\": false, \"nothing\": null, \"blank\": \"\", \"test\": \"banana\","
    " \"number\": \"42\", \"decimal\": \"2.5\", \"truth\": \"TRUE\", \"umlaut\": "
    "\"\\u00e4\\u00f6x\","
    " \"list\": [1, \"two\", 3.5, null, {\"deep\": [10, 20]}], \"emptyList\": [],"
    " \"order\": {\"total\": 99, \"customer\": {\"name\": \"Ada\"}, \"a b\": 1}, \"emptyMap\": {}}";

static const json_t *lookup(const struct expression_scope *scope, const char *name)
{
    const struct fixture *fixture = (const struct fixture *)(const void *)scope;

    return json_object_get(fixture->variables, name);
}

int setup(void **state)
{
    struct fixture *fixture = memory_zero(1, sizeof(*fixture));

    fixture->variables = json_loads(variables_json, 0, NULL);
    assert_non_null(fixture->variables);
    fixture->arena = arena_new(64 * 1024 * 1024);
    fixture->scope = (struct expression_scope){.lookup = lookup,
                                               .process_instance_id = "p-1",
                                               .execution_id = "e-1",
                                               .process_definition_id = "d-1",
                                               .activity_id = "work"};
    *state = fixture;
    return 0;
}

int teardown(void **state)
{
    struct fixture *fixture = *state;

    json_decref(fixture->variables);
    arena_free(fixture->arena);
    memory_free(fixture);
    return 0;
}

const struct expression *parse(struct fixture *fixture, const char *text, enum expression_mode mode)
{
    const struct expression *expression = NULL;

    error_clear(&fixture->error);
    if (expression_parse(fixture->arena, text, mode, &expression, &fixture->error) != STATUS_OK)
        fail_msg("%s: %s", text, fixture->error.message);
    return expression;
}

void assert_value(struct fixture *fixture, const char *text, const char *expected)
{
    const struct expression *expression = parse(fixture, text, EXPRESSION_CONDITION);
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    json_t *value = NULL;

    assert_non_null(wanted);
    if (expression_value(expression, &fixture->scope, &value, &fixture->error) != STATUS_OK)
        fail_msg("%s", fixture->error.message);
    if (!json_equal(value, wanted)) {
        char *found = json_dumps(value, JSON_ENCODE_ANY);

        print_error("%s gave %s instead of %s\n", text, found, expected);
        free(found);
        fail();
    }
    assert_int_equal(fixture->error.status, STATUS_OK);
    json_decref(value);
    json_decref(wanted);
}

void assert_fails(struct fixture *fixture, const char *text, const char *sentence)
{
    const struct expression *expression = parse(fixture, text, EXPRESSION_CONDITION);
    json_t *value = NULL;

    if (expression_value(expression, &fixture->scope, &value, &fixture->error) != STATUS_FAILED)
        fail_msg("%s did not fail", text);
    /* It names the expression too, the beginning of a long one. */
    if (strstr(fixture->error.message, sentence) == NULL || fixture->error.message[0] != '\'' ||
        strncmp(fixture->error.message + 1, text, strlen(text) < 150 ? strlen(text) : 150) != 0)
        fail_msg("%s says '%s' instead of '%s'", text, fixture->error.message, sentence);
    assert_null(value);
}

void assert_values(struct fixture *fixture, const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_value(fixture, cases[i].text, cases[i].expected);
}

void assert_failures(struct fixture *fixture, const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_fails(fixture, cases[i].text, cases[i].expected);
}
