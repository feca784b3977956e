/* Flowable's own client for external workers, from npm, against the real program. Skipped, with a
 * reason, where node, npm or the package cannot be had. */
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char folder[] = "/tmp/synergyflow-npm-XXXXXX";

/* A command's exit code; its output stands in the folder. */
static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
    char inner[1024];
    char command[1280];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(inner, sizeof(inner), format, arguments);
    va_end(arguments);
    (void)snprintf(command, sizeof(command), "( cd %s && %s ) >%s/output 2>&1 </dev/null", folder,
                   inner, folder);
    return system(command);
}

static void print_output(void)
{
    char path[128];
    char line[512];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/output", folder);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        print_message("%s", line);
    if (file != NULL)
        (void)fclose(file);
}

/* The package in a folder of its own, at the locked versions; false when it cannot be had. */
static bool install(void)
{
    if (run("node --version && npm --version") != 0) {
        print_message("Skipped: expected node and npm, but they are not installed.\n");
        return false;
    }
    if (run("cp " SOURCE_FOLDER "/tests/npm/*.js* " SOURCE_FOLDER "/tests/npm/*.xml . &&"
            " timeout 120 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error") == 0)
        return true;
    print_output();
    print_message("Skipped: expected npm to install @flowable-oss/external-worker-client, but the "
                  "registry does not give it.\n");
    return false;
}

static void flowables_worker_client_runs_unchanged(void **state)
{
    struct test_database *database;
    struct program program;
    int result;

    (void)state;
    if (!install())
        skip();
    database = test_database_new(true);
    program_serve(&program, test_database_conninfo(database), NULL);
    result = run("timeout 60 node worker.js http://127.0.0.1:%u", program.port);
    if (result != 0)
        print_output();
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    assert_int_equal(result, 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flowables_worker_client_runs_unchanged),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
