/* The real program, a real PostgreSQL, REST. */
#include "tests/modules/rest_case.h"

#include "tests/support/http_client.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SQL_BYTES = 2048 };

static struct test_database *database;
static struct program program;

int rest_start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, test_database_conninfo_as(database, "synergyflow_engine"), NULL);
    return 0;
}

int rest_stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    return 0;
}

unsigned rest_port(void)
{
    return program.port;
}

json_t *rest_call_with(const char *user, const char *headers, const char *method, const char *path,
                       const char *body, int status)
{
    json_t *answer = NULL;
    int found = http_call_as(program.port, user, headers, method, path, body, &answer);

    if (found != status) {
        char *text = answer == NULL ? NULL : json_dumps(answer, 0);

        fail_msg("%s %s %s: expected %d but found %d: %s", method, path, body == NULL ? "" : body,
                 status, found, text == NULL ? "nothing" : text);
    }
    return answer;
}

json_t *rest_call(const char *user, const char *method, const char *path, const char *body,
                  int status)
{
    return rest_call_with(user, NULL, method, path, body, status);
}

void rest_done(const char *user, const char *method, const char *path, const char *body, int status)
{
    json_decref(rest_call(user, method, path, body, status));
}

void rest_refused(const char *user, const char *method, const char *path, const char *body,
                  int status, const char *field, const char *words)
{
    json_t *answer = rest_call(user, method, path, body, status);

    assert_string_equal(rest_text(answer, "field"), field);
    if (strstr(rest_text(answer, "detail"), words) == NULL)
        fail_msg("%s %s: expected \"%s\" in \"%s\"", path, body == NULL ? "" : body, words,
                 rest_text(answer, "detail"));
    json_decref(answer);
}

const char *rest_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

long long rest_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const char *rest_sql(const char *format, ...)
{
    char sql[SQL_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    return test_database_sql(database, sql);
}

static bool is_true(void *context)
{
    return strcmp(test_database_sql(database, context), "t") == 0;
}

void rest_becomes_true(const char *format, ...)
{
    char sql[SQL_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    if (!wait_until(is_true, sql))
        fail_msg("never came true: %s", sql);
}
