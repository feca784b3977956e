/* Golden traces: one test case for each file tests/trace/NAME.trace and
 * tests/trace/FOLDER/NAME.trace.
 *
 *   trace_test                 holds every trace against what happens
 *   trace_test --print FILE    writes what happens; review it, then keep it as the trace
 * (trace_test --print tests/trace/x.trace > new && mv new tests/trace/x.trace) */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trace/runner.h"

#define FOLDER SOURCE_FOLDER "/tests/trace"

enum { TRACES_MAX = 2000, DIFFERENCE_LINES = 12 };

static struct text read_text(const char *path)
{
    struct text text = TEXT_INIT;
    FILE *file = fopen(path, "rb");
    size_t got;

    if (file == NULL)
        return text;
    while ((got = fread(text_reserve(&text, 4096), 1, 4096, file)) > 0)
        text_added(&text, got);
    (void)fclose(file);
    return text;
}

static void show_lines(const char *sign, const char *from)
{
    for (int i = 0; i < DIFFERENCE_LINES && *from != '\0'; i++) {
        size_t length = strcspn(from, "\n");

        print_error("%s %.*s\n", sign, (int)length, from);
        from += length + (from[length] == '\n' ? 1 : 0);
    }
}

/* The first line that differs, and what follows on both sides. */
static void show_difference(const char *path, const char *expected, const char *actual)
{
    size_t line_start = 0;
    int line = 1;

    for (size_t i = 0; expected[i] != '\0' && expected[i] == actual[i]; i++) {
        if (expected[i] == '\n') {
            line_start = i + 1;
            line++;
        }
    }
    print_error("%s:%d: the trace (-) and what happened (+) differ from here on\n", path, line);
    show_lines("-", expected + line_start);
    show_lines("+", actual + line_start);
}

/* A trace names its process relative to its own folder. */
static void run(const char *path, const char *script, struct text *ret_text)
{
    const char *slash = strrchr(path, '/');
    char folder[512] = ".";

    if (slash != NULL)
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    trace_run(folder, script, ret_text);
}

static void trace_case(void **state)
{
    const char *name = *state;
    char path[512];
    struct text expected;
    struct text actual = TEXT_INIT;
    bool same;
    bool broken;

    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    expected = read_text(path);
    run(path, text_string(&expected), &actual);
    same = strcmp(text_string(&expected), text_string(&actual)) == 0;
    if (!same)
        show_difference(path, text_string(&expected), text_string(&actual));
    broken = strstr(text_string(&actual), "! broken") != NULL;
    text_deinit(&expected);
    text_deinit(&actual);
    assert_false(broken);
    assert_true(same);
}

static int print_trace(const char *path)
{
    struct text script = read_text(path);
    struct text actual = TEXT_INIT;

    run(path, text_string(&script), &actual);
    (void)fputs(text_string(&actual), stdout);
    text_deinit(&script);
    text_deinit(&actual);
    return 0;
}

struct cases {
    struct CMUnitTest items[TRACES_MAX];
    size_t count;
};

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool is_trace(const char *name)
{
    size_t length = strlen(name);

    return length > 6 && strcmp(name + length - 6, ".trace") == 0;
}

/* The traces of one folder, named relative to FOLDER; at the top also those of the folders in it.
 */
static void collect(const char *prefix, bool top, struct cases *cases)
{
    struct dirent **entries;
    char path[512];
    int found;

    (void)snprintf(path, sizeof(path), FOLDER "/%s", prefix);
    found = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < found; i++) {
        char name[512];

        (void)snprintf(name, sizeof(name), "%s%s", prefix, entries[i]->d_name);
        if (is_trace(name) && cases->count < TRACES_MAX) {
            struct CMUnitTest *test = &cases->items[cases->count++];

            test->initial_state = strdup(name);
            test->name = test->initial_state;
            test->test_func = trace_case;
        } else if (top && strchr(name, '.') == NULL) {
            (void)snprintf(name, sizeof(name), "%s/", entries[i]->d_name);
            collect(name, false, cases);
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    static struct cases cases;
    int result;

    if (argc == 3 && strcmp(argv[1], "--print") == 0)
        return print_trace(argv[2]);
    collect("", true, &cases);
    if (cases.count == 0 || cases.count == TRACES_MAX) {
        (void)fprintf(stderr, "Expected 1 to %d traces in " FOLDER " but found %zu\n",
                      TRACES_MAX - 1, cases.count);
        return 1;
    }
    result = _cmocka_run_group_tests("traces", cases.items, cases.count, NULL, NULL);
    for (size_t i = 0; i < cases.count; i++)
        free(cases.items[i].initial_state);
    return result;
}
