/* What the cases used of each process, as files: coverage.json, index.html and a page for each
 * process with its diagram coloured in. */
#ifndef SYNERGYFLOW_CLI_TEST_COVERAGE_H
#define SYNERGYFLOW_CLI_TEST_COVERAGE_H

#include "bpmn/scenario/coverage.h"

/* A file of processes that cases ran on. */
struct covered_file {
    const char *path;
    const struct bpmn_document *document;
    const char *bytes; /* for its diagram */
    size_t length;
};

/* Makes the folder when it is not there. */
MUST_CHECK enum status test_coverage_write(const char *folder, const struct covered_file *files,
                                           uint32_t file_count, struct coverage *coverage,
                                           struct error *ret_error);
/* [{"process","file","elements":{"covered","total","items":[…]},"flows":{…}}]; new reference. */
json_t *test_coverage_describe(const struct covered_file *files, uint32_t file_count,
                               struct coverage *coverage);

#endif
