/* Log lines: always one JSON object a line, whatever the texts hold; buffered when asked. */
#include "engine/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static int kept_stderr;
static FILE *captured;

/* Standard error goes to a file while a test runs. */
static int set_up(void **state)
{
    (void)state;
    captured = tmpfile();
    kept_stderr = dup(STDERR_FILENO);
    log_set_level(LOG_INFO);
    return captured == NULL || dup2(fileno(captured), STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_set_buffered(false);
    (void)dup2(kept_stderr, STDERR_FILENO);
    (void)close(kept_stderr);
    (void)fclose(captured);
    return 0;
}

static size_t captured_bytes(void)
{
    (void)fseek(captured, 0, SEEK_END);
    return (size_t)ftell(captured);
}

/* The one line written so far; the caller's reference. */
static json_t *only_line(void)
{
    char line[16384];
    char rest[8];
    json_t *object;

    rewind(captured);
    assert_non_null(fgets(line, sizeof(line), captured));
    assert_null(fgets(rest, sizeof(rest), captured));
    assert_int_equal(line[strlen(line) - 1], '\n');
    object = json_loads(line, 0, NULL);
    assert_non_null(object);
    return object;
}

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void fields_have_their_types(void **state)
{
    json_t *line;

    (void)state;
    log_event(LOG_WARNING, "timer.fired", "id", 's', "t1", "left", 's', NULL, "count", 'i',
              INT64_MIN, "ms", 'f', 1.25, "none", 'f', 1.0 / 0.0, "late", 'b', 1, "early", 'b', 0,
              NULL);
    line = only_line();
    assert_string_equal(text(line, "level"), "warning");
    assert_string_equal(text(line, "event"), "timer.fired");
    assert_int_equal(strlen(text(line, "at")), strlen("2024-01-01T00:00:00.000000Z"));
    assert_string_equal(text(line, "id"), "t1");
    assert_null(json_object_get(line, "left"));
    assert_true(json_integer_value(json_object_get(line, "count")) == INT64_MIN);
    assert_true(json_real_value(json_object_get(line, "ms")) == 1.25);
    assert_true(json_is_null(json_object_get(line, "none")));
    assert_true(json_is_true(json_object_get(line, "late")));
    assert_true(json_is_false(json_object_get(line, "early")));
    json_decref(line);
}

static void texts_are_escaped(void **state)
{
    json_t *line;

    (void)state;
    log_event(LOG_INFO, "e", "a", 's', "\"\\\n\r\t\x01\x7F/", "b", 's',
              "\xC3\xA4 \xF0\x9F\x98\x80 \xC0\xAF \xED\xA0\x80 \xFF \xE2\x82", NULL);
    line = only_line();
    assert_string_equal(text(line, "a"), "\"\\\n\r\t\x01\x7F/");
    assert_string_equal(text(line, "b"), "\xC3\xA4 \xF0\x9F\x98\x80 \xEF\xBF\xBD\xEF\xBF\xBD "
                                         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD "
                                         "\xEF\xBF\xBD\xEF\xBF\xBD");
    json_decref(line);
}

static void long_texts_are_cut_between_characters(void **state)
{
    char *long_text = calloc(1, 6001);
    json_t *line;

    (void)state;
    for (int i = 0; i < 2000; i++)
        memcpy(long_text + (ptrdiff_t)3 * i, "\xE2\x82\xAC", 3);
    log_event(LOG_INFO, "e", "a", 's', long_text, NULL);
    line = only_line();
    assert_int_equal(strlen(text(line, "a")), 2046);
    assert_memory_equal(text(line, "a"), long_text, 2046);
    json_decref(line);
    free(long_text);
}

static void levels_decide(void **state)
{
    (void)state;
    log_event(LOG_DEBUG, "unseen", NULL);
    assert_int_equal(captured_bytes(), 0);
    log_set_level(LOG_DEBUG);
    assert_true(log_enabled(LOG_DEBUG));
    log_event(LOG_DEBUG, "seen", NULL);
    assert_true(captured_bytes() > 0);
    log_set_level(LOG_ERROR);
    assert_false(log_enabled(LOG_WARNING));
}

static void errors_say_where(void **state)
{
    struct error error;
    json_t *line;

    (void)state;
    (void)error_set_field(&error, STATUS_INVALID, "dueDate", "Expected a date.");
    (void)error_at(&error, "timer1", 12, 3);
    log_error("deploy.refused", "c-1", &error);
    line = only_line();
    assert_string_equal(text(line, "level"), "warning");
    assert_string_equal(text(line, "correlationId"), "c-1");
    assert_string_equal(text(line, "status"), "INVALID");
    assert_string_equal(text(line, "message"), "Expected a date.");
    assert_string_equal(text(line, "field"), "dueDate");
    assert_string_equal(text(line, "elementId"), "timer1");
    assert_int_equal(json_integer_value(json_object_get(line, "line")), 12);
    assert_int_equal(json_integer_value(json_object_get(line, "column")), 3);
    json_decref(line);
}

static void buffered_lines_wait_for_the_flush(void **state)
{
    struct error error;
    size_t before;

    (void)state;
    log_set_buffered(true);
    log_event(LOG_INFO, "one", NULL);
    assert_int_equal(captured_bytes(), 0);
    log_flush();
    before = captured_bytes();
    assert_true(before > 0);
    log_event(LOG_INFO, "two", NULL);
    assert_int_equal(captured_bytes(), before);
    (void)error_set(&error, STATUS_INTERNAL, "It broke.");
    log_error("three", NULL, &error); /* an error takes along what waits */
    assert_true(captured_bytes() > before);
    before = captured_bytes();
    for (int i = 0; i < 2000; i++)
        log_event(LOG_INFO, "many", "number", 'i', (int64_t)i, NULL);
    assert_true(captured_bytes() >= before + LOG_BUFFER_BYTES);
}

#define WITH_CAPTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CAPTURE(fields_have_their_types),
        WITH_CAPTURE(texts_are_escaped),
        WITH_CAPTURE(long_texts_are_cut_between_characters),
        WITH_CAPTURE(levels_decide),
        WITH_CAPTURE(errors_say_where),
        WITH_CAPTURE(buffered_lines_wait_for_the_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
