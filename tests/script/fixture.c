#include "tests/script/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void script_case_init(struct script_case *one)
{
    *one = (struct script_case){
        .arena = arena_new(64 * 1024 * 1024),
        .context = {.execution_id = "execution-1",
                    .process_instance_id = "instance-1",
                    .business_key = "key-1",
                    .process_definition_id = "order:1:definition-1",
                    .activity_id = "compute",
                    .now_us = INT64_C(1785571200123456),
                    .store_assignments = true},
        .limits = {.steps_max = SCRIPT_STEPS_DEFAULT, .memory_bytes = SCRIPT_MEMORY_DEFAULT}};
}

void script_case_deinit(struct script_case *one)
{
    script_result_deinit(&one->result);
    arena_free(one->arena);
}

enum status script_case_run(struct script_case *one, const char *source, const char *variables)
{
    json_t *json = variables != NULL ? json_loads(variables, 0, NULL) : NULL;
    enum status status;

    if (variables != NULL)
        assert_non_null(json);
    script_result_deinit(&one->result);
    error_clear(&one->error);
    status = script_run(source, json, &one->context, &one->limits, one->arena, &one->result,
                        &one->error);
    json_decref(json);
    return status;
}

void assert_json_text(const json_t *json, const char *expected)
{
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);

    assert_non_null(wanted);
    if (!json_equal(json, wanted)) {
        char *found = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);

        print_error("expected %s\n   found %s\n", expected, found);
        free(found);
        json_decref(wanted);
        fail();
    }
    json_decref(wanted);
}

void assert_script(const char *source, const char *variables, const char *value,
                   const char *assignments)
{
    struct script_case one;
    enum status status;

    script_case_init(&one);
    status = script_case_run(&one, source, variables);
    if (status != STATUS_OK)
        print_error("%s\n%d:%d: %s\n", source, one.error.line, one.error.column, one.error.message);
    assert_int_equal(status, STATUS_OK);
    if (value != NULL)
        assert_json_text(one.result.value, value);
    if (assignments != NULL)
        assert_json_text(one.result.assignments, assignments);
    script_case_deinit(&one);
}

void assert_script_fails(const char *source, const char *variables, enum status status, int line,
                         const char *part)
{
    struct script_case one;
    enum status found;

    script_case_init(&one);
    found = script_case_run(&one, source, variables);
    if (found != status || (line != 0 && one.error.line != line) ||
        strstr(one.error.message, part) == NULL)
        print_error("%s\nexpected %s, line %d, \"%s\"\n   found %s, line %d, \"%s\"\n", source,
                    status_name(status), line, part, status_name(found), one.error.line,
                    one.error.message);
    assert_int_equal(found, status);
    if (line != 0)
        assert_int_equal(one.error.line, line);
    assert_non_null(strstr(one.error.message, part));
    script_case_deinit(&one);
}
