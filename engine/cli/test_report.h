/* What came of the cases of `synergyflow test`, and the forms it is told in. */
#ifndef SYNERGYFLOW_CLI_TEST_REPORT_H
#define SYNERGYFLOW_CLI_TEST_REPORT_H

#include "bpmn/scenario/scenario.h"

struct test_case {
    const char *name; /* borrowed from the document */
    int line;
    int64_t duration_us;
    struct scenario_result result;
};

struct test_file {
    const char *path;
    struct scenario *scenario; /* NULL: unusable, `error` says why */
    struct error error;
    char *culprit; /* the file that the error is about: this one, or a process of it; NULL: this */
    struct test_case *cases;
    uint32_t case_count;
};

struct test_report {
    struct test_file *files;
    uint32_t file_count;
};

struct test_totals {
    uint32_t cases;
    uint32_t failed;
    uint32_t unusable; /* files */
    int64_t duration_us;
};

struct test_totals test_report_totals(const struct test_report *report);
/* One line a case on the standard output, failures in full. */
void test_report_print_file(const struct test_file *file);
void test_report_print_totals(const struct test_report *report);
/* New reference. */
json_t *test_report_describe(const struct test_report *report);
/* As JUnit's XML, which build servers read. */
MUST_CHECK enum status test_report_write_junit(const struct test_report *report, const char *path,
                                               struct error *ret_error);
void test_file_deinit(struct test_file *file);

#endif
