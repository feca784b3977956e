/* See api_case.h. */
#include "tests/api/api_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct test_database *database;
static struct api_service *service;

int api_setup(void **state)
{
    (void)state;
    database = test_database_new(true);
    service = api_service_start(database);
    return 0;
}

int api_teardown(void **state)
{
    (void)state;
    api_service_stop(service);
    test_database_free(database);
    return 0;
}

struct test_database *api_database(void)
{
    return database;
}

unsigned api_port(void)
{
    return api_service_port(service);
}

static void expect_status(int expected, int status, const char *method, const char *path,
                          const json_t *answer)
{
    char *text;

    if (status == expected)
        return;
    text = json_dumps(answer, JSON_ENCODE_ANY);
    print_message("%s %s\n%s\n", method, path, text != NULL ? text : "(no JSON)");
    free(text); /* jansson's */
    assert_int_equal(status, expected);
}

json_t *api_call(int expected, const char *method, const char *path, const char *body)
{
    json_t *answer = NULL;
    int status = http_call(api_port(), method, path, body, &answer);

    expect_status(expected, status, method, path, answer);
    return answer;
}

json_t *api_callf(int expected, const char *method, const char *path, const char *format, ...)
{
    char body[4096];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(body, sizeof(body), format, arguments);
    va_end(arguments);
    return api_call(expected, method, path, body);
}

void api_expect_error(int expected, const char *method, const char *path, const char *body,
                      const char *words, const char *field)
{
    json_t *answer = api_call(expected, method, path, body);
    const char *exception = text_of(answer, "exception");

    if (strstr(exception, words) == NULL) {
        print_message("%s %s\n%s\n", method, path, exception);
        fail_msg("expected the words '%s'", words);
    }
    assert_int_equal(int_of(answer, "status"), expected);
    assert_string_equal(exception, text_of(answer, "detail"));
    assert_string_not_equal(text_of(answer, "message"), "");
    if (field != NULL)
        assert_string_equal(text_of(answer, "field"), field);
    json_decref(answer);
}

void api_deploy(const char *key, const char *elements)
{
    api_deploy_with(key, "", elements);
}

void api_deploy_with(const char *key, const char *globals, const char *elements)
{
    char model[8192];
    char file[128];
    json_t *answer = NULL;
    int status;

    (void)snprintf(file, sizeof(file), "%s.bpmn20.xml", key);
    (void)snprintf(model, sizeof(model),
                   "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
                   " xmlns:flowable='http://flowable.org/bpmn'"
                   " xmlns:synergyflow='http://synergyflow.org/bpmn'"
                   " targetNamespace='test'>%s<process id='%s' name='Process %s'"
                   " isExecutable='true'>%s</process></definitions>",
                   globals, key, key, elements);
    status = http_upload(api_port(), "/process-api/repository/deployments", file, model, &answer);
    expect_status(201, status, "deploy", key, answer);
    json_decref(answer);
}

const char *api_start(const char *key, const char *extra_members)
{
    static char id[64];
    json_t *answer = api_callf(201, "POST", "/process-api/runtime/process-instances",
                               "{\"processDefinitionKey\":\"%s\"%s%s}", key,
                               extra_members[0] != '\0' ? "," : "", extra_members);

    (void)snprintf(id, sizeof(id), "%s", text_of(answer, "id"));
    json_decref(answer);
    return id;
}

const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

int64_t int_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

const json_t *first_of(const json_t *answer)
{
    const json_t *first = json_array_get(json_object_get(answer, "data"), 0);

    assert_non_null(first);
    return first;
}

const char *path_of(const char *format, ...)
{
    static char path[1024];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    return path;
}
