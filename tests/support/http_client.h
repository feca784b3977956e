/* A small blocking HTTP client for tests: one connection a request, a deadline on everything. */
#ifndef SYNERGYFLOW_TESTS_HTTP_CLIENT_H
#define SYNERGYFLOW_TESTS_HTTP_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

/* 0 when no answer came (connection refused or lost, or 30 s passed). `ret_answer` (may be NULL)
 * gets the JSON answer, NULL when it is empty or no JSON; the caller's reference. */
int http_call(unsigned port, const char *method, const char *path, const char *body,
              json_t **ret_answer);
/* The same; body is a printf format. */
int http_callf(unsigned port, const char *method, const char *path, json_t **ret_answer,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
/* As this user (HTTP Basic, any password), with further header lines, each ended by "\r\n" (NULL:
 * none). */
int http_call_as(unsigned port, const char *user, const char *headers, const char *method,
                 const char *path, const char *body, json_t **ret_answer);
/* Uploads one file as multipart/form-data. */
int http_upload(unsigned port, const char *path, const char *file_name, const char *content,
                json_t **ret_answer);
/* Sends raw bytes and returns the whole answer until the server closes or `bytes` stop coming;
 * free() it. NULL when nothing came. */
char *http_raw(unsigned port, const char *bytes, size_t length);

/* Waits until `condition` holds; false after 30 s. Asks every few milliseconds. */
bool wait_until(bool (*condition)(void *context), void *context);

#endif
