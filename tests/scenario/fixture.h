/* Test documents and their processes, from files or from texts. */
#ifndef SYNERGYFLOW_TESTS_SCENARIO_FIXTURE_H
#define SYNERGYFLOW_TESTS_SCENARIO_FIXTURE_H

#include "bpmn/scenario/scenario.h"
#include "engine/cli/test_sla.h"

enum { FIXTURE_DOCUMENTS = 16 };

struct fixture {
    struct scenario *scenario;
    struct bpmn_document *documents[FIXTURE_DOCUMENTS];
    uint32_t document_count;
    struct coverage *coverage;
    struct places *places;
    struct test_sla sla; /* the policies and calendars that a file names */
};

/* Each ends the test when it cannot do what it says. */
char *fixture_read_file(const char *path, size_t *ret_length);
void fixture_add_processes(struct fixture *fixture, const char *bytes, size_t length);
void fixture_load(struct fixture *fixture, const char *text);
/* Also the processes that it names. */
void fixture_load_file(struct fixture *fixture, const char *path);
/* The caller releases the result. */
void fixture_run(struct fixture *fixture, uint32_t index, struct scenario_result *ret_result);
void fixture_clear(struct fixture *fixture);

#endif
