/* The processes that the modules ship pass their designers' tests, which leave no element and no
 * flow out. Nobody forgets to write such tests: a process without them fails here. */
#include "tests/scenario/fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MODULES SOURCE_FOLDER "/modules"

static unsigned files_run;

static void assert_passes(struct fixture *fixture, const char *path)
{
    const char *name;

    for (uint32_t i = 0; (name = scenario_case_name(fixture->scenario, i)) != NULL; i++) {
        struct scenario_result result;

        fixture_run(fixture, i, &result);
        for (uint32_t f = 0; f < result.failure_count; f++)
            print_error("%s:%d: %s: %s\n", path, result.failures[f].line, name,
                        result.failures[f].message);
        assert_int_equal(result.failure_count, 0);
        scenario_result_deinit(&result);
    }
}

static void assert_covered(const struct fixture *fixture)
{
    for (const struct coverage *at = fixture->coverage; at != NULL; at = at->next) {
        for (uint32_t i = 0; i < at->model->element_count; i++) {
            if (at->elements[i] == 0)
                fail_msg("no test uses the element %s", at->model->elements[i].id);
        }
        for (uint32_t i = 0; i < at->model->flow_count; i++) {
            if (at->flows[i] == 0)
                fail_msg("no test uses the flow %s", at->model->flows[i].id);
        }
    }
}

static void run_process(const char *folder, const char *name)
{
    struct fixture fixture = {0};
    char path[1024];

    (void)snprintf(path, sizeof(path), "%s/%.*s.test.json", folder,
                   (int)(strlen(name) - strlen(".bpmn")), name);
    fixture_load_file(&fixture, path);
    assert_true(fixture.document_count > 0);
    assert_passes(&fixture, path);
    assert_covered(&fixture);
    fixture_clear(&fixture);
    files_run++;
}

static void every_shipped_process_is_tested(void **state)
{
    DIR *modules = opendir(MODULES);
    const struct dirent *module;

    (void)state;
    assert_non_null(modules);
    while ((module = readdir(modules)) != NULL) {
        char folder[512];
        const struct dirent *entry;
        DIR *processes;

        (void)snprintf(folder, sizeof(folder), MODULES "/%s/processes", module->d_name);
        processes = module->d_name[0] != '.' ? opendir(folder) : NULL;
        while (processes != NULL && (entry = readdir(processes)) != NULL) {
            const char *dot = strrchr(entry->d_name, '.');

            if (dot != NULL && strcmp(dot, ".bpmn") == 0)
                run_process(folder, entry->d_name);
        }
        if (processes != NULL)
            closedir(processes);
    }
    closedir(modules);
    assert_true(files_run > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_process_is_tested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
