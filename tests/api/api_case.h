/* What the API's tests share: one service for the file, calls with expected statuses, models. */
#ifndef SYNERGYFLOW_TESTS_API_CASE_H
#define SYNERGYFLOW_TESTS_API_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/api_service.h"
#include "tests/support/http_client.h"

#include <jansson.h>

/* For cmocka_run_group_tests(): a migrated database and the service on it. */
int api_setup(void **state);
int api_teardown(void **state);
struct test_database *api_database(void);
unsigned api_port(void);

/* Calls and fails the test unless the status is `expected`. The answer is the caller's; NULL when
 * empty. */
json_t *api_call(int expected, const char *method, const char *path, const char *body);
json_t *api_callf(int expected, const char *method, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Expects an error of this status whose `exception` has `words`, and `field` unless NULL. */
void api_expect_error(int expected, const char *method, const char *path, const char *body,
                      const char *words, const char *field);
/* Deploys one process; `elements` is what stands between its tags. */
void api_deploy(const char *key, const char *elements);
/* The same with messages and errors before the process. */
void api_deploy_with(const char *key, const char *globals, const char *elements);
/* Starts and returns the instance id, valid until the next start. */
const char *api_start(const char *key, const char *extra_members);
/* The text at a member, "" when it is none. */
const char *text_of(const json_t *object, const char *name);
int64_t int_of(const json_t *object, const char *name);
/* First entry of an answer's data. */
const json_t *first_of(const json_t *answer);
/* A path in a static buffer. */
const char *path_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
#define ONE_TASK                                                                               \
    "<startEvent id='start'/>" FLOW(                                                           \
        "f1", "start", "work") "<userTask id='work' name='Work on ${title}' "                  \
                               "flowable:candidateGroups='desk,night'"                         \
                               " flowable:candidateUsers='kim' flowable:priority='70'/>" FLOW( \
                                   "f2", "work", "end") "<endEvent id='end'/>"

#endif
