/* The pure parts of REST resources: cursors that survive the way there and back, and none that was
 * made up; checks of texts and names; versions in errors. */
#include "engine/module.h"
#include "engine/module/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 1024 * 1024 };

static void there_and_back(struct arena *arena, json_t *value, json_t *key)
{
    struct cursor written = {"createdAt", "desc", INT64_MIN + 7, value, key};
    struct cursor read;
    json_t *owner = NULL;
    struct error error;
    const char *text = cursor_write(&written, arena);

    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-_"),
                     strlen(text));
    assert_int_equal(cursor_read(text, arena, &read, &owner, &error), STATUS_OK);
    assert_string_equal(read.sort, "createdAt");
    assert_string_equal(read.order, "desc");
    assert_int_equal(read.digest, INT64_MIN + 7);
    assert_true(json_equal(read.value, value));
    assert_true(json_equal(read.key, key));
    json_decref(owner);
    json_decref(value);
    json_decref(key);
}

static void cursors_survive_the_way(void **state)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    char key[9];

    (void)state;
    there_and_back(arena, json_null(), json_string("INC-1"));
    there_and_back(arena, json_integer(INT64_MAX), json_integer(INT64_MIN));
    there_and_back(arena, json_string("ä \"quoted\" \xF0\x9F\x94\xA5"), json_string("x"));
    for (int length = 1; length <= 8; length++) { /* every remainder of three */
        snprintf(key, sizeof key, "%.*s", length, "KKKKKKKK");
        there_and_back(arena, json_integer(length), json_string(key));
    }
    arena_free(arena);
}

static void made_up_cursors_are_refused(void **state)
{
    static const char *const made_up[] = {
        "",
        "x",
        "not base64!",
        "bm90IGpzb24",                     /* not json */
        "W10",                             /* [] */
        "WyJhIiwiYSIsMSxudWxs",            /* cut off */
        "WyJhIiwiYSIsMSxudWxsLG51bGxd",    /* a NULL key */
        "WyJhIiwiYSIsMSx0cnVlLCJrIl0",     /* a Boolean value */
        "WyJhIiwiYSIsIjEiLG51bGwsImsiXQ",  /* a digest that is no number */
        "WyJhIiwyLDEsbnVsbCwiayJd",        /* an order that is no text */
        "WyJhIiwiYSIsMSxudWxsLCJrIiwieCJd" /* one too many */
    };
    struct arena *arena = arena_new(ARENA_BYTES);
    char *long_text = arena_alloc(arena, CURSOR_TEXT_MAX + 2);

    (void)state;
    memset(long_text, 'W', CURSOR_TEXT_MAX + 1);
    for (size_t i = 0; i <= COUNT_OF(made_up); i++) {
        struct cursor cursor;
        json_t *owner = NULL;
        struct error error;

        error_clear(&error);
        assert_int_equal(cursor_read(i < COUNT_OF(made_up) ? made_up[i] : long_text, arena, &cursor,
                                     &owner, &error),
                         STATUS_INVALID);
        assert_string_equal(error.field, "cursor");
        assert_null(owner);
    }
    arena_free(arena);
}

static void digests_tell_fields_apart(void **state)
{
    uint64_t ab = cursor_digest(cursor_digest(CURSOR_DIGEST_START, "ab"), "");
    uint64_t a_b = cursor_digest(cursor_digest(CURSOR_DIGEST_START, "a"), "b");

    (void)state;
    assert_true(ab != a_b);
    assert_true(ab == cursor_digest(cursor_digest(CURSOR_DIGEST_START, "ab"), ""));
}

static void texts_are_measured_in_characters(void **state)
{
    struct error error;

    (void)state;
    error_clear(&error);
    assert_int_equal(module_check_text("title", "\xC3\xA4\xF0\x9F\x94\xA5", 1, 2, &error),
                     STATUS_OK);
    assert_int_equal(module_check_text("title", "", 0, 2, &error), STATUS_OK);
    assert_int_equal(module_check_text("title", "abc", 1, 2, &error), STATUS_INVALID);
    assert_string_equal(error.field, "title");
    assert_non_null(strstr(error.message, "1 to 2 characters but it has 3"));
    assert_int_equal(module_check_text("title", " \t", 1, 5, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "it is empty"));
}

static void fields_may_be_absent_or_null(void **state)
{
    static const char *const colours[] = {"RED", "GREEN", NULL};
    json_t *object =
        json_pack("{s:s, s:n, s:s, s:i}", "colour", "GREEN", "none", "wrong", "BLUE", "number", 7);
    const char *text = "untouched";
    struct error error;

    (void)state;
    error_clear(&error);
    assert_int_equal(module_field_name(object, "colour", colours, &text, &error), STATUS_OK);
    assert_string_equal(text, "GREEN");
    assert_int_equal(module_field_name(object, "wrong", colours, &text, &error), STATUS_INVALID);
    assert_string_equal(text, "GREEN");
    assert_non_null(strstr(error.message, "one of RED, GREEN but found \"BLUE\""));
    assert_int_equal(module_field_text(object, "number", 1, 5, &text, &error), STATUS_INVALID);
    assert_int_equal(module_field_text(object, "none", 1, 5, &text, &error), STATUS_OK);
    assert_null(text);
    text = "untouched";
    assert_int_equal(module_field_name(object, "absent", colours, &text, &error), STATUS_OK);
    assert_null(text);
    json_decref(object);
}

static void a_stale_version_names_both(void **state)
{
    struct error error;

    (void)state;
    error_clear(&error);
    assert_int_equal(module_version_refusal(&error, "INC-7", 3, 5), STATUS_CONFLICT);
    assert_int_equal(error.current_version, 5);
    assert_string_equal(error.message,
                        "Expected INC-7 to be at version 3 but it is at 5: read it again.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursors_survive_the_way),
        cmocka_unit_test(made_up_cursors_are_refused),
        cmocka_unit_test(digests_tell_fields_apart),
        cmocka_unit_test(texts_are_measured_in_characters),
        cmocka_unit_test(fields_may_be_absent_or_null),
        cmocka_unit_test(a_stale_version_names_both),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
