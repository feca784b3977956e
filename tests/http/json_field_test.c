/* Typed reading of JSON fields, and the sentences of what is refused. */
#include "engine/http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *object;

static int set_up(void **state)
{
    (void)state;
    object = json_pack("{s:s, s:s, s:n, s:i, s:f, s:b, s:[], s:{}}", "text", "value", "empty", "",
                       "null", "number", 50, "real", 1.5, "flag", 1, "list", "object");
    return object == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(object);
    return 0;
}

static void texts(void **state)
{
    const char *text = "untouched";
    struct error error;

    (void)state;
    assert_int_equal(json_field_text(object, "text", &text, &error), STATUS_OK);
    assert_string_equal(text, "value");
    assert_int_equal(json_field_text(object, "empty", &text, &error), STATUS_OK);
    assert_string_equal(text, "");
    assert_int_equal(json_field_text(object, "null", &text, &error), STATUS_OK);
    assert_null(text);
    text = "x";
    assert_int_equal(json_field_text(object, "absent", &text, &error), STATUS_OK);
    assert_null(text);
    assert_int_equal(json_field_text(object, "number", &text, &error), STATUS_INVALID);
    assert_string_equal(error.message, "Expected field 'number' as a string, but found 50.");
    assert_string_equal(error.field, "number");
    assert_int_equal(json_field_text(object, "list", &text, &error), STATUS_INVALID);
    assert_string_equal(error.message, "Expected field 'list' as a string, but found an array.");
}

static void required_texts(void **state)
{
    const char *text = "untouched";
    struct error error;

    (void)state;
    assert_int_equal(json_field_required_text(object, "absent", &text, &error), STATUS_INVALID);
    assert_string_equal(error.message, "Expected field 'absent' as a string, but it is missing.");
    assert_int_equal(json_field_required_text(object, "null", &text, &error), STATUS_INVALID);
    assert_int_equal(json_field_required_text(object, "empty", &text, &error), STATUS_INVALID);
    assert_string_equal(error.message, "Expected field 'empty' as a string, but it is empty.");
    assert_int_equal(json_field_required_text(object, "flag", &text, &error), STATUS_INVALID);
    assert_string_equal(text, "untouched");
    assert_int_equal(json_field_required_text(object, "text", &text, &error), STATUS_OK);
    assert_string_equal(text, "value");
}

static void integers(void **state)
{
    int64_t value = 7;
    struct error error;

    (void)state;
    assert_int_equal(json_field_int(object, "number", 1, 0, 50, &value, &error), STATUS_OK);
    assert_int_equal(value, 50);
    assert_int_equal(json_field_int(object, "absent", -1, 0, 50, &value, &error), STATUS_OK);
    assert_int_equal(value, -1);
    assert_int_equal(json_field_int(object, "number", 1, 0, 49, &value, &error), STATUS_INVALID);
    assert_string_equal(error.message,
                        "Expected field 'number' as an integer from 0 to 49, but found 50.");
    assert_int_equal(json_field_int(object, "real", 1, 0, 50, &value, &error), STATUS_INVALID);
    assert_string_equal(error.message, "Expected field 'real' as an integer, but found 1.5.");
    assert_int_equal(json_field_int(object, "text", 1, 0, 50, &value, &error), STATUS_INVALID);
    assert_int_equal(value, -1);
}

static void booleans(void **state)
{
    bool value = false;
    struct error error;

    (void)state;
    assert_int_equal(json_field_bool(object, "flag", false, &value, &error), STATUS_OK);
    assert_true(value);
    assert_int_equal(json_field_bool(object, "absent", true, &value, &error), STATUS_OK);
    assert_true(value);
    assert_int_equal(json_field_bool(object, "null", false, &value, &error), STATUS_OK);
    assert_false(value);
    assert_int_equal(json_field_bool(object, "object", false, &value, &error), STATUS_INVALID);
    assert_string_equal(error.message,
                        "Expected field 'object' as true or false, but found an object.");
}

static void unknown_fields(void **state)
{
    static const char *const all[] = {"text", "empty", "null",   "number", "real",
                                      "flag", "list",  "object", NULL};
    static const char *const some[] = {"text", "empty", NULL};
    struct error error;

    (void)state;
    assert_int_equal(json_only_fields(object, all, &error), STATUS_OK);
    assert_int_equal(json_only_fields(object, some, &error), STATUS_INVALID);
    assert_string_equal(error.message, "Expected only the fields text, empty, but found 'null'.");
    assert_string_equal(error.field, "null");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),    cmocka_unit_test(required_texts), cmocka_unit_test(integers),
        cmocka_unit_test(booleans), cmocka_unit_test(unknown_fields),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
