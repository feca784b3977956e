/* `synergyflow worktime` as scripts meet it: answers, checks, exit codes, input of any kind. */
#include "tests/support/program.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CASES SOURCE_FOLDER "/tests/worktime/cases.json"

static char output[1 << 20];
static char input[] = "/tmp/synergyflow-worktime-XXXXXX";

static int run(const char *a, const char *b, const char *c)
{
    const char *arguments[] = {"worktime", a, b, c, NULL};

    return program_run(output, sizeof(output), arguments);
}

/* The program reads `text` as its standard input. */
static int run_with_input(const char *text, size_t length, const char *a, const char *b)
{
    FILE *file = fopen(input, "wb");
    int kept = dup(STDIN_FILENO);
    int opened;
    int exit_code;

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    opened = open(input, O_RDONLY);
    assert_true(opened >= 0 && kept >= 0);
    assert_int_equal(dup2(opened, STDIN_FILENO), STDIN_FILENO);
    exit_code = run(a, b, NULL);
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    (void)close(opened);
    (void)close(kept);
    return exit_code;
}

/* The n-th line of the output, as JSON. */
static json_t *line(int number)
{
    const char *at = output;
    json_t *json;

    for (; number > 0; number--) {
        at = strchr(at, '\n');
        assert_non_null(at);
        at++;
    }
    json = json_loadb(at, strcspn(at, "\n"), 0, NULL);
    if (json == NULL)
        fail_msg("%s", at);
    return json;
}

static int count(const char *part)
{
    int found = 0;

    for (const char *at = output; (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

static void every_case_is_as_expected(void **state)
{
    json_t *cases = json_load_file(CASES, 0, NULL);
    size_t size = json_array_size(json_object_get(cases, "cases"));

    (void)state;
    assert_true(size > 20);
    if (run(CASES, NULL, NULL) != 0)
        fail_msg("%s", output);
    assert_int_equal(count("\"ok\":true}\n"), (int)size);
    json_decref(cases);
}

static void the_shared_cases_are_as_expected(void **state)
{
    const char *folder = getenv("SYNERGYFLOW_SHARED");
    char path[4096];

    (void)state;
    if (folder == NULL) {
        print_message("skipped: SYNERGYFLOW_SHARED does not name the folder with the shared "
                      "data/sla-vectors.json\n");
        skip();
    }
    (void)snprintf(path, sizeof(path), "%s/data/sla-vectors.json", folder);
    if (run(path, NULL, NULL) != 0)
        fail_msg("%s", output);
    assert_int_equal(count("\"ok\":true}\n"), 188);
}

static void a_case_that_is_not_as_expected_shows(void **state)
{
    static const char text[] =
        "{\"id\":1,\"op\":\"is_open\",\"start\":\"2025-06-06T08:00:00Z\",\"calendar\":{"
        "\"timezone\":"
        "\"UTC\",\"week\":{\"fri\":[[\"08:00\",\"17:00\"]]}},\"expected\":{\"open\":false}}\n"
        "{\"id\":2,\"op\":\"is_open\",\"start\":\"2025-06-06T08:00:00Z\",\"calendar\":{"
        "\"timezone\":"
        "\"UTC\",\"week\":{\"fri\":[[\"08:00\",\"17:00\"]]}},\"expected\":{\"open\":true}}\n";

    (void)state;
    assert_int_equal(run_with_input(text, strlen(text), NULL, NULL), 1);
    assert_string_equal(output, "{\"id\":1,\"open\":true,\"ok\":false}\n"
                                "{\"id\":2,\"open\":true,\"ok\":true}\n");
}

static void bad_cases_are_refused_and_others_go_on(void **state)
{
#define CALENDAR "\"calendar\":{\"timezone\":\"UTC\",\"week\":{\"fri\":[[\"08:00\",\"17:00\"]]}}"
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"nonsense", ""},
        {"5", ""},
        {"{\"op\":\"add\",\"op\":\"add\"}", ""},
        {"{}", "op"},
        {"{\"op\":\"fly\"," CALENDAR "}", "op"},
        {"{\"op\":\"add\",\"start\":\"2025-01-01T00:00:00Z\",\"duration_s\":1}", "calendar"},
        {"{\"op\":\"add\",\"calendar\":5}", "calendar"},
        {"{\"op\":\"add\",\"calendar\":{\"timezone\":\"Mars/Base\"}}", "calendar.timezone"},
        {"{\"op\":\"add\",\"calendar\":{\"timezone\":\"UTC\",\"week\":{\"fri\":[[\"08:00\","
         "\"08:00\"]]}}}",
         "calendar.week.fri[0]"},
        {"{\"op\":\"add\"," CALENDAR "}", "start"},
        {"{\"op\":\"add\",\"start\":\"yesterday\"," CALENDAR "}", "start"},
        {"{\"op\":\"add\",\"start\":1767225600," CALENDAR "}", "start"},
        {"{\"op\":\"add\",\"start\":\"1969-12-31T00:00:00Z\",\"duration_s\":1," CALENDAR "}",
         "start"},
        {"{\"op\":\"add\",\"start\":\"2025-01-01T00:00:00Z\"," CALENDAR "}", "duration_s"},
        {"{\"op\":\"add\",\"start\":\"2025-01-01T00:00:00Z\",\"duration_s\":\"1\"," CALENDAR "}",
         "duration_s"},
        {"{\"op\":\"add\",\"start\":\"2025-01-01T00:00:00Z\",\"duration_s\":1e300," CALENDAR "}",
         "duration_s"},
        {"{\"op\":\"add\",\"start\":\"2025-01-01T00:00:00Z\",\"duration\":\"P1D\"," CALENDAR "}",
         "duration"},
        {"{\"op\":\"add\",\"start\":\"2025-01-01T00:00:00Z\",\"duration_s\":900000000000," CALENDAR
         "}",
         "duration"},
        {"{\"op\":\"add_days\",\"start\":\"2025-01-01T00:00:00Z\",\"days\":1.5," CALENDAR "}",
         "days"},
        {"{\"op\":\"between\",\"start\":\"2025-01-01T00:00:00Z\"," CALENDAR "}", "end"},
        {"{\"op\":\"between\",\"start\":\"2025-01-01T00:00:00Z\",\"end\":\"2025-01-02T00:00:00Z\","
         "\"pauses\":{}," CALENDAR "}",
         "pauses"},
        {"{\"op\":\"between\",\"start\":\"2025-01-01T00:00:00Z\",\"end\":\"2025-01-02T00:00:00Z\","
         "\"pauses\":[{\"to\":\"2025-01-01T00:00:00Z\"}]," CALENDAR "}",
         "pauses[0].from"},
        {"{\"op\":\"between\",\"start\":\"2025-01-01T00:00:00Z\",\"end\":\"2025-01-02T00:00:00Z\","
         "\"pauses\":[{\"from\":\"2025-01-02T00:00:00Z\",\"to\":\"2025-01-01T00:00:00Z\"}]"
         "," CALENDAR "}",
         "pauses[0]"},
        {"{\"op\":\"threshold\",\"start\":\"2025-01-01T00:00:00Z\",\"duration_s\":1,\"percent\":-"
         "1," CALENDAR "}",
         "percent"},
    };
    char text[16384] = "";
    size_t size = sizeof(cases) / sizeof(cases[0]);

    (void)state;
    for (size_t i = 0; i < size; i++) {
        (void)strcat(text, cases[i].text);
        (void)strcat(text, "\n\n");
    }
    (void)strcat(text, "{\"op\":\"is_open\",\"start\":\"2025-06-06T08:00:00Z\"," CALENDAR "}");
    assert_int_equal(run_with_input(text, strlen(text), NULL, NULL), 1);
    for (size_t i = 0; i < size; i++) {
        json_t *answer = line((int)i);
        const json_t *error = json_object_get(answer, "error");
        const char *field = json_string_value(json_object_get(error, "field"));

        if (field == NULL || strcmp(field, cases[i].field) != 0)
            fail_msg("%s: %s", cases[i].text, json_string_value(json_object_get(error, "message")));
        assert_int_equal(json_integer_value(json_object_get(answer, "case")), (int)i + 1);
        assert_true(strlen(json_string_value(json_object_get(error, "message"))) > 10);
        json_decref(answer);
    }
    assert_non_null(strstr(output, "{\"open\":true}\n"));
}

static void a_line_has_a_limit(void **state)
{
    static char text[5 * 1024 * 1024];
    static const char after[] = "\n{\"op\":\"local_to_utc\",\"start\":\"2025-06-06T08:00:00\"}\n";

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text + sizeof(text) - sizeof(after), after, sizeof(after));
    assert_int_equal(run_with_input(text, sizeof(text) - 1, NULL, NULL), 1);
    assert_non_null(strstr(output, "TOO_LARGE"));
    assert_non_null(strstr(output, "{\"time\":\"2025-06-06T08:00:00Z\",\"kind\":\"unique\"}\n"));
}

/* A document written over many lines may come through standard input too. */
static void a_whole_document_may_be_piped(void **state)
{
    static const char text[] =
        "[\n {\"id\": \"a\", \"op\": \"local_to_utc\", \"start\": \"2025-06-06\"},\n"
        " {\"id\": \"b\", \"op\": \"local_to_utc\", \"start\": \"2025-06-07\"}\n]\n";
    static const char broken[] = "{\n \"cases\": [\n";

    (void)state;
    assert_int_equal(run_with_input(text, strlen(text), "-", NULL), 0);
    assert_int_equal(count("\"kind\":\"unique\"}\n"), 2);
    assert_int_equal(run_with_input(broken, strlen(broken), NULL, NULL), 1);
    assert_non_null(strstr(output, "line 2"));
}

static void a_calendar_may_be_given_for_all(void **state)
{
    static const char text[] = "{\"op\":\"next_open\",\"start\":\"2025-06-06T00:00:00Z\"}\n"
                               "{\"op\":\"next_open\",\"start\":\"2025-06-07T00:00:00Z\"}\n";
    FILE *file;
    char path[64];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s.json", input);
    file = fopen(path, "wb");
    assert_non_null(file);
    (void)fputs("{\"timezone\": \"UTC\", \"week\": {\"fri\": [[\"08:00\", \"17:00\"]]}}", file);
    (void)fclose(file);
    assert_int_equal(run_with_input(text, strlen(text), "-c", path), 0);
    (void)unlink(path);
    assert_string_equal(output, "{\"time\":\"2025-06-06T08:00:00Z\"}\n"
                                "{\"time\":\"2025-06-13T08:00:00Z\"}\n");
    assert_int_equal(run("-c", "/nowhere/calendar.json", NULL), 1);
    assert_int_equal(run("/nowhere/cases.json", NULL, NULL), 1);
    assert_int_equal(run("--colour", NULL, NULL), 2);
}

static int start(void **state)
{
    int file = mkstemp(input);

    (void)state;
    return file >= 0 ? close(file) : -1;
}

static int stop(void **state)
{
    (void)state;
    return unlink(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_is_as_expected),
        cmocka_unit_test(the_shared_cases_are_as_expected),
        cmocka_unit_test(a_case_that_is_not_as_expected_shows),
        cmocka_unit_test(bad_cases_are_refused_and_others_go_on),
        cmocka_unit_test(a_line_has_a_limit),
        cmocka_unit_test(a_whole_document_may_be_piped),
        cmocka_unit_test(a_calendar_may_be_given_for_all),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
