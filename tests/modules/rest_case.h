/* What tests of the modules' REST resources share: one program and one database for a test file,
 * calls as a user, and what is expected of the answer. */
#ifndef SYNERGYFLOW_TESTS_REST_CASE_H
#define SYNERGYFLOW_TESTS_REST_CASE_H

#include "tests/support/postgres.h"

#include <jansson.h>

/* Group set-up and tear-down. */
int rest_start(void **state);
int rest_stop(void **state);
/* Of the running program. */
unsigned rest_port(void);

/* Calls as `user` and expects this status; the answer (the caller's reference, or NULL). */
json_t *rest_call(const char *user, const char *method, const char *path, const char *body,
                  int status);
/* The same where nothing of the answer is of interest. */
void rest_done(const char *user, const char *method, const char *path, const char *body,
               int status);
/* With further header lines, each ended by "\r\n". */
json_t *rest_call_with(const char *user, const char *headers, const char *method, const char *path,
                       const char *body, int status);
/* Expects a problem about this field ("" for none) whose sentence has these words. */
void rest_refused(const char *user, const char *method, const char *path, const char *body,
                  int status, const char *field, const char *words);

/* "" where it is no text. */
const char *rest_text(const json_t *object, const char *name);
long long rest_number(const json_t *object, const char *name);

/* The first value of a query, by the superuser; valid until the next call. */
const char *rest_sql(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Waits until the query answers "t". */
void rest_becomes_true(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
