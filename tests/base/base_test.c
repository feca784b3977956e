/* The base library: errors, arenas, texts, UUIDs. */
#include "bpmn/base/arena.h"
#include "bpmn/base/memory.h"
#include "bpmn/base/status.h"
#include "bpmn/base/text.h"
#include "bpmn/base/uuid.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void statuses_have_names_and_codes(void **state)
{
    (void)state;
    assert_int_equal(status_http(STATUS_OK), 200);
    assert_int_equal(status_http(STATUS_NOT_FOUND), 404);
    assert_int_equal(status_http(STATUS_BUSY), 503);
    assert_string_equal(status_name(STATUS_UNSUPPORTED_MEDIA), "UNSUPPORTED_MEDIA");
    assert_string_equal(status_title(STATUS_TIMEOUT), "Gateway timeout");
}

static void errors_are_set_and_prefixed(void **state)
{
    struct error error;

    (void)state;
    memset(&error, 0xA5, sizeof(error));
    assert_int_equal(error_set_field(&error, STATUS_INVALID, "size", "Expected %d.", 7),
                     STATUS_INVALID);
    assert_string_equal(error.field, "size");
    assert_int_equal(error_at(&error, "task1", 3, 4), STATUS_INVALID);
    assert_int_equal(error_prefix(&error, "file '%s'", "a"), STATUS_INVALID);
    assert_string_equal(error.message, "file 'a': Expected 7.");
    assert_string_equal(error.field, "size");
    assert_string_equal(error.element_id, "task1");
    assert_int_equal(error.line, 3);
    assert_int_equal(error_set(&error, STATUS_FAILED, "Again."), STATUS_FAILED);
    assert_string_equal(error.field, "");
    assert_string_equal(error.element_id, "");
    assert_int_equal(error.column, 0);
    error_clear(&error);
    assert_int_equal(error.status, STATUS_OK);
}

/* Whatever the place of the cut, what is left is UTF-8. */
static void long_errors_are_cut_between_characters(void **state)
{
    struct text text = TEXT_INIT;
    struct error error;

    (void)state;
    for (int i = 0; i < 300; i++)
        text_append(&text, "\xF0\x9F\x98\x80");
    for (int shift = 0; shift < 4; shift++) {
        (void)error_set_field(&error, STATUS_INVALID, text_string(&text), "%.*s%s", shift, "xxx",
                              text_string(&text));
        assert_true(text_is_utf8(error.message, strlen(error.message)));
        assert_true(text_is_utf8(error.field, strlen(error.field)));
        assert_in_range(strlen(error.message), ERROR_MESSAGE_MAX - 8, ERROR_MESSAGE_MAX - 1);
        (void)error_prefix(&error, "%.*s", shift, "yyy");
        assert_true(text_is_utf8(error.message, strlen(error.message)));
    }
    text_deinit(&text);
}

static void arenas_give_zeroed_aligned_memory(void **state)
{
    struct arena *arena = arena_new(100000);
    int *numbers;

    (void)state;
    for (size_t size = 1; size < 20000; size = size * 3 + 1) {
        unsigned char *bytes = arena_alloc(arena, size);

        assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xFF, size);
    }
    assert_false(arena_over_limit(arena));
    (void)arena_alloc(arena, 100000);
    assert_true(arena_over_limit(arena));
    arena_clear(arena);
    assert_int_equal(arena_used_bytes(arena), 0);
    assert_false(arena_over_limit(arena));
    assert_int_equal(*(unsigned char *)arena_alloc(arena, 1), 0);
    numbers = arena_array(arena, 2, sizeof(*numbers));
    numbers[1] = 42;
    numbers = arena_grow(arena, numbers, 2, 4, sizeof(*numbers));
    assert_int_equal(numbers[1], 42);
    assert_int_equal(numbers[3], 0);
    assert_null(arena_copy(arena, NULL));
    assert_string_equal(arena_copy(arena, "copy"), "copy");
    assert_string_equal(arena_copy_bytes(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_format(arena, "%s-%d", "x", 7), "x-7");
    arena_free(arena);
    arena_free(NULL);
}

static void texts_grow(void **state)
{
    struct text text = TEXT_INIT;
    char *taken;

    (void)state;
    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 1000; i++)
        text_append_format(&text, "%d,", i);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4);
    text_clear(&text);
    assert_string_equal(text_string(&text), "");
    text_append_bytes(&text, "a\0b", 3);
    text_append_char(&text, 'c');
    assert_int_equal(text.length, 4);
    assert_memory_equal(text.bytes, "a\0bc", 5);
    memcpy(text_reserve(&text, 2), "de", 2);
    text_added(&text, 2);
    taken = text_take(&text);
    assert_memory_equal(taken, "a\0bcde", 7);
    assert_null(text.bytes);
    memory_free(taken);
    taken = text_take(&text);
    assert_string_equal(taken, "");
    memory_free(taken);
    text_deinit(&text);
}

static void utf8_is_checked(void **state)
{
    static const char *const good[] = {"",
                                       "abc",
                                       "\xC3\xA4",
                                       "\xE2\x82\xAC",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC0\xAF",
                                      "\xC1\xBF",
                                      "\xC3",
                                      "\xE0\x80\xAF",
                                      "\xE2\x82",
                                      "\xED\xA0\x80",
                                      "\xF0\x80\x80\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xFF",
                                      "a\xC3(",
                                      "\xF0\x9F\x98"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

static void uuids_are_read_and_written(void **state)
{
    static const char *const bad[] = {
        "",
        "01a20899-9370-7000-ac99-c4f3546d146",
        "01a20899-9370-7000-ac99-c4f3546d14644",
        "01a20899-9370-7000-ac99-c4f3546d146g",
        "01a208999370-7000-ac99-c4f3546d1464-",
        "{01a20899-9370-7000-ac99-c4f3546d1464}",
    };
    static const uint8_t random[10] = {0xFF, 1, 0xFF, 3, 4, 5, 6, 7, 8, 9};
    char written[UUID_TEXT_BYTES];
    struct uuid uuid = {{1}};
    struct uuid other;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(uuid_parse(bad[i], &uuid));
    assert_int_equal(uuid.bytes[0], 1);
    assert_true(uuid_parse("01A20899-9370-7000-ac99-c4f3546d1464", &uuid));
    assert_string_equal(uuid_format(&uuid, written), "01a20899-9370-7000-ac99-c4f3546d1464");
    assert_false(uuid_is_zero(&uuid));
    assert_true(uuid_is_zero(&(struct uuid){{0}}));
    other = uuid_v7(0x0123456789AB, random);
    assert_string_equal(uuid_format(&other, written), "01234567-89ab-7f01-bf03-040506070809");
    assert_true(uuid_compare(&other, &uuid) < 0);
    assert_false(uuid_equal(&other, &uuid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_names_and_codes),
        cmocka_unit_test(errors_are_set_and_prefixed),
        cmocka_unit_test(long_errors_are_cut_between_characters),
        cmocka_unit_test(arenas_give_zeroed_aligned_memory),
        cmocka_unit_test(texts_grow),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(uuids_are_read_and_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
