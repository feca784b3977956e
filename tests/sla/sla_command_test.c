/* `synergyflow sla lint` and `sla simulate`: the shipped policies, a history, and what is refused.
 */
#include "tests/support/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER   SOURCE_FOLDER "/modules/incidents/sla"
#define POLICIES FOLDER "/incident.policies.json"

static const char history[] = "{\"subject\":\"INC-1\",\"at\":\"2026-01-05T09:00:00Z\",\"fields\":{"
                              "\"priority\":1,\"state\":\"NEW\","
                              "\"created_at\":\"2026-01-05T09:00:00Z\"}}\n"
                              "{\"subject\":\"INC-2\",\"at\":\"2026-01-05T09:00:00Z\",\"fields\":{"
                              "\"priority\":1,\"state\":\"NEW\","
                              "\"created_at\":\"2026-01-05T09:00:00Z\"}}\n"
                              "{\"subject\":\"INC-1\",\"at\":\"2026-01-05T09:10:00Z\",\"fields\":{"
                              "\"state\":\"IN_PROGRESS\"}}\n"
                              "{\"subject\":\"INC-2\",\"at\":\"2026-01-05T12:10:00Z\",\"fields\":{"
                              "\"state\":\"IN_PROGRESS\"}}\n";

static char output[65536];

/* A file with these lines; its path, until the next call. */
static const char *file_with(const char *text)
{
    static char path[64];
    int file;

    (void)strcpy(path, "/tmp/synergyflow-history-XXXXXX");
    file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(file);
    return path;
}

static void expect(int code, const char *says, const char *const *arguments)
{
    int found = program_run(output, sizeof(output), arguments);

    if (found != code || strstr(output, says) == NULL)
        fail_msg("exit code %d, wanted %d and '%s' in: %s", found, code, says, output);
}

static void shipped_policies_can_work(void **state)
{
    (void)state;
    expect(0, "nothing to complain about",
           (const char *const[]){"sla", "lint", "-o", "text", "-c", FOLDER, POLICIES, NULL});
    expect(1, "error",
           (const char *const[]){"sla", "lint", "-o", "text", FOLDER "/service-desk.calendar.json",
                                 NULL});
    expect(2, "expects", (const char *const[]){"sla", "lint", NULL});
    expect(2, "expects", (const char *const[]){"sla", "weigh", NULL});
}

static void a_history_says_what_would_have_been_met(void **state)
{
    const char *path = file_with(history);

    (void)state;
    expect(0, "\"target\": \"response\",\n    \"met\": 1,\n    \"breached\": 1",
           (const char *const[]){"sla", "simulate", "-o", "json", "-p", POLICIES, "-c", FOLDER,
                                 "--now", "2026-01-06T09:00:00Z", path, NULL});
    expect(0, "\"policies\": \"before\"",
           (const char *const[]){"sla", "simulate", "-o", "json", "-p", POLICIES, "-b", POLICIES,
                                 "-c", FOLDER, path, NULL});
    (void)unlink(path);
}

static void what_cannot_be_read_is_named_by_its_line(void **state)
{
    const char *path = file_with("\n{\"subject\":\"A\",\"at\":\"soon\",\"fields\":{}}\n");

    (void)state;
    expect(1, "Line 2",
           (const char *const[]){"sla", "simulate", "-p", POLICIES, "-c", FOLDER, path, NULL});
    (void)unlink(path);
    path = file_with("{\"subject\":\n");
    expect(1, "Line 1",
           (const char *const[]){"sla", "simulate", "-p", POLICIES, "-c", FOLDER, path, NULL});
    (void)unlink(path);
    expect(1, "cannot be read",
           (const char *const[]){"sla", "simulate", "-p", POLICIES, "-c", FOLDER,
                                 "/nowhere/history", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_policies_can_work),
        cmocka_unit_test(a_history_says_what_would_have_been_met),
        cmocka_unit_test(what_cannot_be_read_is_named_by_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
