/* The language: the scripts of language.txt against the values that another engine gave. */
#include "bpmn/base/text.h"
#include "tests/script/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool same_value(const json_t *found, const json_t *wanted)
{
    if (json_is_number(found) && json_is_number(wanted))
        return json_number_value(found) == json_number_value(wanted);
    if (json_is_array(found) && json_is_array(wanted)) {
        size_t count = json_array_size(found);

        for (size_t i = 0; i < count; i++) {
            if (!same_value(json_array_get(found, i), json_array_get(wanted, i)))
                return false;
        }
        return count == json_array_size(wanted);
    }
    return json_equal(found, wanted);
}

static unsigned run_case(const char *source, const char *expected)
{
    struct script_case one;
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    enum status status;
    bool same;

    assert_non_null(wanted);
    script_case_init(&one);
    status = script_case_run(&one, source, NULL);
    same = status == STATUS_OK && same_value(one.result.value, wanted);
    if (!same) {
        char *found = json_dumps(one.result.value, JSON_ENCODE_ANY | JSON_COMPACT);

        print_error("%s\nexpected %s\n   found %s %s\n", source, expected,
                    found != NULL ? found : "", one.error.message);
        free(found);
    }
    json_decref(wanted);
    script_case_deinit(&one);
    return same ? 0 : 1;
}

static void values_are_those_of_another_engine(void **state)
{
    FILE *file = fopen(SOURCE_FOLDER "/tests/script/language.txt", "r");
    struct text source = TEXT_INIT;
    unsigned failures = 0;
    unsigned cases = 0;
    char line[2048];

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '>') {
            text_clear(&source);
            text_append(&source, line + 2);
        } else if (line[0] == '|') {
            text_append_format(&source, "\n%s", line + 2);
        } else if (line[0] != '#' && line[0] != '\0') {
            failures += run_case(text_string(&source), line);
            cases++;
        }
    }
    text_deinit(&source);
    (void)fclose(file);
    assert_true(cases > 100);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_another_engine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
