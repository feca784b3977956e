/* `synergyflow calendar` from the command line: lint, import, export, exit codes. */
#include "tests/support/program.h"

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

static char output[1 << 18];
static char folder[] = "/tmp/synergyflow-calendar-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    (void)fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static int run(const char *a, const char *b, const char *c, const char *d, const char *e,
               const char *f)
{
    const char *arguments[12] = {"calendar", a, b, c, d, e, f};
    int length = 0;

    while (arguments[length] != NULL)
        length++;
    /* So that the test does not depend on the year in which it runs. */
    if (length > 3 && strcmp(a, "import") == 0 && (d == NULL || strcmp(d, "--from") != 0)) {
        arguments[length++] = "--from=2026-01-01";
        arguments[length++] = "--to=2027-12-31";
    }
    return program_run(output, sizeof(output), arguments);
}

static json_t *answer(void)
{
    json_t *json = json_loads(output, 0, NULL);

    if (json == NULL)
        fail_msg("%s", output);
    return json;
}

static size_t count(const json_t *difference, const char *member)
{
    return json_array_size(json_object_get(difference, member));
}

static void calendars_are_checked(void **state)
{
    (void)state;
    assert_int_equal(run("lint", path_of("good.json"), path_of("bad.json"), NULL, NULL, NULL), 1);
    assert_non_null(strstr(output, "good.json: calendar 'Office', version 1, UTC: nothing"));
    assert_non_null(strstr(output, "bad.json: week.mon[0]: Expected a window"));
    assert_int_equal(run("lint", path_of("good.json"), NULL, NULL, NULL, NULL), 0);
    assert_int_equal(run("lint", path_of("missing.json"), NULL, NULL, NULL, NULL), 1);
}

static void a_feed_is_imported(void **state)
{
    json_t *json;

    (void)state;
    assert_int_equal(
        run("import", path_of("good.json"), path_of("feed.ics"), "--dry-run", NULL, NULL), 0);
    json = answer();
    assert_int_equal(count(json, "added"), 1);
    json_decref(json);
    /* To standard output, the calendar itself. */
    assert_int_equal(
        run("import", path_of("good.json"), path_of("feed.ics"), "--source", "Feast", NULL), 0);
    json = answer();
    assert_int_equal(json_integer_value(json_object_get(json, "version")), 2);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(json, "holidays"), 0), "source")),
                        "Feast");
    json_decref(json);
    /* To a file, and again over itself. */
    assert_int_equal(
        run("import", path_of("good.json"), path_of("feed.ics"), "-o", path_of("new.json"), NULL),
        0);
    json = answer();
    assert_int_equal(count(json, "added"), 1);
    json_decref(json);
    assert_int_equal(
        run("import", path_of("new.json"), path_of("feed.ics"), "-o", path_of("new.json"), NULL),
        0);
    json = answer();
    assert_int_equal(count(json, "added") + count(json, "changed") + count(json, "removed"), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "unchanged")), 1);
    json_decref(json);
    assert_int_equal(run("export", path_of("new.json"), NULL, NULL, NULL, NULL), 0);
    assert_non_null(strstr(output, "UID:feast@example"));
    assert_non_null(strstr(output, "BEGIN:VCALENDAR"));
}

static void wrong_lines_and_files_are_refused(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("paint", NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("lint", NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("import", path_of("good.json"), NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("--help", NULL, NULL, NULL, NULL, NULL), 0);
    assert_int_equal(run("import", "--help", NULL, NULL, NULL, NULL), 0);
    assert_int_equal(run("import", path_of("good.json"), path_of("endless.ics"), NULL, NULL, NULL),
                     1);
    assert_non_null(strstr(output, "COUNT=1000000"));
    assert_int_equal(run("import", path_of("good.json"), path_of("good.json"), NULL, NULL, NULL),
                     1);
    assert_non_null(strstr(output, "BEGIN:VCALENDAR"));
    assert_int_equal(run("import", path_of("bad.json"), path_of("feed.ics"), NULL, NULL, NULL), 1);
    assert_non_null(strstr(output, "week.mon[0]"));
    assert_int_equal(
        run("import", path_of("good.json"), path_of("feed.ics"), "--from", "next year", NULL), 1);
    assert_int_equal(run("export", path_of("bad.json"), NULL, NULL, NULL, NULL), 1);
    assert_int_equal(
        run("import", path_of("good.json"), path_of("feed.ics"), "-o", "/nowhere/new.json", NULL),
        1);
}

static int start(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    write_file("good.json", "{\"name\": \"Office\", \"timezone\": \"UTC\", \"week\": {\"mon\": "
                            "[[\"08:00\", \"17:00\"]]}}");
    write_file("bad.json", "{\"timezone\": \"UTC\", \"week\": {\"mon\": [[\"08:00\", "
                           "\"08:00\"]]}}");
    write_file("feed.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:feast@example\r\n"
                           "DTSTART;VALUE=DATE:20260806\r\nSUMMARY:Feast\r\nRRULE:FREQ=YEARLY;"
                           "UNTIL=20260806\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    write_file("endless.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:"
                              "20260806\r\nRRULE:FREQ=DAILY;COUNT=1000000\r\nEND:VEVENT\r\n"
                              "END:VCALENDAR\r\n");
    return 0;
}

static int stop(void **state)
{
    static const char *const names[] = {"good.json", "bad.json", "feed.ics", "endless.ics",
                                        "new.json"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(path_of(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendars_are_checked),
        cmocka_unit_test(a_feed_is_imported),
        cmocka_unit_test(wrong_lines_and_files_are_refused),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
