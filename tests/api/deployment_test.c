/* /process-api/repository over real HTTP and PostgreSQL: deployments and process definitions. */
#include "tests/api/api_case.h"

#include "bpmn/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                           \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'" \
    " xmlns:synergyflow='http://synergyflow.org/bpmn'"                 \
    " targetNamespace='t'>"
#define SIMPLE(id)                                                                \
    HEAD "<process id='" id "' name='Simple' isExecutable='true'>"                \
         "<documentation>Goes straight through.</documentation>"                  \
         "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='e'/>" \
         "<endEvent id='e'/></process></definitions>"

#define DEPLOYMENTS "/process-api/repository/deployments"
#define DEFINITIONS "/process-api/repository/process-definitions"
#define NO_ID       "00000000-0000-7000-8000-000000000000"

static void upload(const char *path, const char *file, const char *content, char ret_id[64])
{
    json_t *answer = NULL;

    assert_int_equal(http_upload(api_port(), path, file, content, &answer), 201);
    (void)snprintf(ret_id, 64, "%s", text_of(answer, "id"));
    json_decref(answer);
}

static void a_file_becomes_a_deployment_and_a_definition(void **state)
{
    char id[64];
    json_t *answer;
    const json_t *definition;

    (void)state;
    upload(DEPLOYMENTS "?deploymentName=First&tenantId=", "first.bpmn20.xml", SIMPLE("first"), id);
    answer = api_call(200, "GET", path_of(DEPLOYMENTS "/%s", id), NULL);
    assert_string_equal(text_of(answer, "name"), "First");
    assert_non_null(strstr(text_of(answer, "url"), id));
    assert_int_equal(strlen(text_of(answer, "deploymentTime")), strlen("2013-04-17T10:17:43.902Z"));
    json_decref(answer);

    answer = api_call(200, "GET", path_of(DEFINITIONS "?deploymentId=%s", id), NULL);
    definition = first_of(answer);
    assert_string_equal(text_of(definition, "key"), "first");
    assert_string_equal(text_of(definition, "name"), "Simple");
    assert_string_equal(text_of(definition, "description"), "Goes straight through.");
    assert_int_equal(int_of(definition, "version"), 1);
    assert_true(json_is_false(json_object_get(definition, "suspended")));
    assert_true(strncmp(text_of(definition, "id"), "first:1:", 8) == 0);
    json_decref(answer);
}

static void versions_count_up_and_latest_finds_the_last(void **state)
{
    char id[64];
    json_t *answer;

    (void)state;
    for (int i = 0; i < 3; i++)
        upload(DEPLOYMENTS, "counted.bpmn", SIMPLE("counted"), id);
    answer = api_call(200, "GET", DEFINITIONS "?key=counted&sort=version&order=desc", NULL);
    assert_int_equal(int_of(answer, "total"), 3);
    assert_int_equal(int_of(first_of(answer), "version"), 3);
    json_decref(answer);
    answer = api_call(200, "GET", DEFINITIONS "?key=counted&latest=true", NULL);
    assert_int_equal(int_of(answer, "total"), 1);
    assert_int_equal(int_of(first_of(answer), "version"), 3);
    json_decref(answer);
    answer = api_call(200, "GET", DEPLOYMENTS "?name=counted", NULL);
    assert_int_equal(int_of(answer, "total"), 3); /* named after the file */
    json_decref(answer);
}

static void resources_come_back_as_they_were(void **state)
{
    char id[64];
    char request[256];
    json_t *answer;
    const json_t *resource;
    char *raw;

    (void)state;
    upload(DEPLOYMENTS, "whole.bpmn20.xml", SIMPLE("whole"), id);
    answer = api_call(200, "GET", path_of(DEPLOYMENTS "/%s/resources", id), NULL);
    assert_int_equal(json_array_size(answer), 1);
    resource = json_array_get(answer, 0);
    assert_string_equal(text_of(resource, "id"), "whole.bpmn20.xml");
    assert_string_equal(text_of(resource, "type"), "processDefinition");
    assert_string_equal(text_of(resource, "mediaType"), "text/xml");
    json_decref(answer);
    json_decref(
        api_call(200, "GET", path_of(DEPLOYMENTS "/%s/resources/whole.bpmn20.xml", id), NULL));
    (void)snprintf(request, sizeof(request),
                   "GET " DEPLOYMENTS "/%s/resourcedata/whole.bpmn20.xml HTTP/1.1\r\nHost: h\r\n"
                   "Connection: close\r\n\r\n",
                   id);
    raw = http_raw(api_port(), request, strlen(request));
    assert_non_null(raw);
    assert_non_null(strstr(raw, SIMPLE("whole")));
    free(raw);
    api_expect_error(404, "GET", path_of(DEPLOYMENTS "/%s/resources/other.xml", id), NULL,
                     "Could not find a resource with name 'other.xml'", NULL);
    api_expect_error(404, "GET", DEPLOYMENTS "/" NO_ID "/resources", NULL,
                     "Could not find a deployment with id '" NO_ID "'", NULL);
    api_expect_error(404, "GET", DEPLOYMENTS "/" NO_ID "/resourcedata/x.xml", NULL,
                     "Could not find a deployment", NULL);
}

static void a_definition_shows_its_xml_and_its_model(void **state)
{
    char id[64];
    char definition[128];
    char request[256];
    json_t *answer;
    char *raw;

    (void)state;
    upload(DEPLOYMENTS, "shown.bpmn", SIMPLE("shown"), id);
    answer = api_call(200, "GET", DEFINITIONS "?key=shown", NULL);
    (void)snprintf(definition, sizeof(definition), "%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    answer = api_call(200, "GET", path_of(DEFINITIONS "/%s", definition), NULL);
    assert_string_equal(text_of(answer, "id"), definition);
    assert_string_equal(text_of(answer, "deploymentId"), id);
    json_decref(answer);
    answer = api_call(200, "GET", path_of(DEFINITIONS "/%s/model", definition), NULL);
    assert_string_equal(text_of(json_array_get(json_object_get(answer, "processes"), 0), "id"),
                        "shown");
    json_decref(answer);
    (void)snprintf(request, sizeof(request),
                   "GET " DEFINITIONS "/%s/resourcedata HTTP/1.1\r\nHost: h\r\n"
                   "Connection: close\r\n\r\n",
                   definition);
    raw = http_raw(api_port(), request, strlen(request));
    assert_non_null(strstr(raw, "Goes straight through."));
    free(raw);
    api_expect_error(404, "GET", DEFINITIONS "/none:1:1", NULL,
                     "Could not find a process definition with id 'none:1:1'", NULL);
    api_expect_error(404, "GET", DEFINITIONS "/none:1:1/model", NULL,
                     "Could not find a process definition", NULL);
    api_expect_error(404, "GET", DEFINITIONS "/none:1:1/resourcedata", NULL,
                     "Could not find a process definition", NULL);
}

static void a_suspended_definition_starts_nothing(void **state)
{
    char id[64];
    char path[160];
    json_t *answer;

    (void)state;
    upload(DEPLOYMENTS, "paused.bpmn", SIMPLE("paused"), id);
    answer = api_call(200, "GET", DEFINITIONS "?key=paused", NULL);
    (void)snprintf(path, sizeof(path), DEFINITIONS "/%s", text_of(first_of(answer), "id"));
    json_decref(answer);
    answer = api_call(200, "PUT", path, "{\"action\":\"suspend\"}");
    assert_true(json_is_true(json_object_get(answer, "suspended")));
    json_decref(answer);
    api_expect_error(409, "PUT", path, "{\"action\":\"suspend\"}", "already suspended", NULL);
    api_expect_error(409, "POST", "/process-api/runtime/process-instances",
                     "{\"processDefinitionKey\":\"paused\"}", "to be active", NULL);
    json_decref(api_call(200, "PUT", path, "{\"action\":\"activate\"}"));
    (void)api_start("paused", "");
    api_expect_error(400, "PUT", path, "{\"action\":\"pause\"}", "suspend or activate", "action");
    api_expect_error(400, "PUT", path, "{}", "action", "action");
    api_expect_error(400, "PUT", path, "{\"action\":\"suspend\",\"why\":1}", "why", NULL);
    api_expect_error(404, "PUT", DEFINITIONS "/none:1:1", "{\"action\":\"suspend\"}",
                     "Could not find a process definition", NULL);
}

static void a_deployment_in_use_goes_with_cascade_only(void **state)
{
    char id[64];
    char instance[64];

    (void)state;
    api_deploy("doomed", ONE_TASK);
    (void)snprintf(instance, sizeof(instance), "%s",
                   api_start("doomed", "\"variables\":[{\"name\":\"title\",\"value\":\"x\"}]"));
    {
        json_t *answer = api_call(200, "GET", DEFINITIONS "?key=doomed", NULL);

        (void)snprintf(id, sizeof(id), "%s", text_of(first_of(answer), "deploymentId"));
        json_decref(answer);
    }
    api_expect_error(409, "DELETE", path_of(DEPLOYMENTS "/%s", id), NULL,
                     "Expected no running process instance", NULL);
    api_expect_error(400, "DELETE", path_of(DEPLOYMENTS "/%s?cascade=maybe", id), NULL,
                     "true or false", "cascade");
    json_decref(api_call(204, "DELETE", path_of(DEPLOYMENTS "/%s?cascade=true", id), NULL));
    api_expect_error(404, "GET", path_of(DEPLOYMENTS "/%s", id), NULL, "Could not find", NULL);
    api_expect_error(404, "DELETE", path_of(DEPLOYMENTS "/%s", id), NULL, "Could not find", NULL);
    assert_string_equal(
        test_database_sql(
            api_database(),
            "SELECT count(*)::text FROM (SELECT id FROM synergyflow_workflows.task"
            " WHERE name = 'Work on x' UNION ALL"
            " SELECT id FROM synergyflow_workflows.process_instance"
            " WHERE definition_key = 'doomed' UNION ALL SELECT instance_id"
            " FROM synergyflow_workflows.journal j WHERE NOT EXISTS (SELECT 1 FROM"
            " synergyflow_workflows.process_instance i WHERE i.id = j.instance_id)) AS left_over"),
        "0");
    api_expect_error(400, "POST", "/process-api/runtime/process-instances",
                     "{\"processDefinitionKey\":\"doomed\"}", "No process definition found", NULL);
    api_expect_error(404, "GET",
                     path_of("/process-api/history/historic-process-instances/%s", instance), NULL,
                     "Could not find", NULL);
}

static void expect_upload_error(int expected, const char *file, const char *content,
                                const char *words)
{
    json_t *answer = NULL;
    int status = http_upload(api_port(), DEPLOYMENTS, file, content, &answer);

    if (status != expected || strstr(text_of(answer, "exception"), words) == NULL)
        print_message("%d %s\n", status, text_of(answer, "exception"));
    assert_int_equal(status, expected);
    assert_non_null(strstr(text_of(answer, "exception"), words));
    json_decref(answer);
}

static void bad_files_are_refused_with_the_reason(void **state)
{
    json_t *answer = NULL;

    (void)state;
    expect_upload_error(400, "broken.bpmn", "<definitions", "broken.bpmn");
    expect_upload_error(415, "many.zip", "PK", "Archives");
    expect_upload_error(415, "many.bar", "PK", "Archives");
    expect_upload_error(400, "picture.png", "x", "must be of type");
    expect_upload_error(400, "empty.bpmn",
                        HEAD "<process id='p' isExecutable='false'/></definitions>", "empty.bpmn");
    /* A flow to nowhere: element, line, and every finding. */
    assert_int_equal(
        http_upload(api_port(), DEPLOYMENTS, "nowhere.bpmn",
                    HEAD "<process id='nowhere' isExecutable='true'><startEvent id='s'/>"
                         "<sequenceFlow id='g' sourceRef='s' targetRef='e'/><endEvent id='e'/>\n"
                         "<sequenceFlow id='f' sourceRef='s' targetRef='missing'/>"
                         "</process></definitions>",
                    &answer),
        400);
    assert_true(json_array_size(json_object_get(answer, "findings")) > 0);
    assert_string_equal(text_of(answer, "elementId"), "f");
    assert_int_equal(int_of(answer, "line"), 2);
    json_decref(answer);
    api_expect_error(415, "POST", DEPLOYMENTS, "{}", "multipart", NULL);
}

static void a_topic_that_nobody_hosts_is_refused(void **state)
{
    json_t *answer = NULL;

    (void)state;
    assert_int_equal(http_upload(api_port(), DEPLOYMENTS, "topic.bpmn",
                                 HEAD
                                 "<process id='topic' isExecutable='true'><startEvent id='s'/>"
                                 "<sequenceFlow id='f' sourceRef='s' targetRef='call'/>"
                                 "<serviceTask id='call' synergyflow:topic='nobody.hosts.this'/>"
                                 "<sequenceFlow id='g' sourceRef='call' targetRef='e'/>"
                                 "<endEvent id='e'/></process></definitions>",
                                 &answer),
                     400);
    assert_string_equal(text_of(answer, "elementId"), "call");
    assert_non_null(strstr(text_of(answer, "exception"), "module"));
    json_decref(answer);
}

static void several_files_deploy_together(void **state)
{
    static const char parts[] =
        "--b\r\nContent-Disposition: form-data; name=\"deploymentName\"\r\n\r\nTogether\r\n"
        "--b\r\nContent-Disposition: form-data; name=\"f1\"; filename=\"one.bpmn\"\r\n\r\n" SIMPLE(
            "together_one") "\r\n"
                            "--b\r\nContent-Disposition: form-data; name=\"f2\"; "
                            "filename=\"two.bpmn\"\r\n\r\n" SIMPLE(
                                "together_two") "\r\n"
                                                "--b\r\nContent-Disposition: form-data; "
                                                "name=\"f3\"; filename=\"notes.txt\"\r\n\r\n"
                                                "notes\r\n--b--\r\n";
    struct text request = TEXT_INIT;
    json_t *answer;
    char *raw;

    (void)state;
    text_append_format(&request,
                       "POST " DEPLOYMENTS " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                       "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %zu\r\n"
                       "\r\n%s",
                       strlen(parts), parts);
    raw = http_raw(api_port(), request.bytes, request.length);
    text_deinit(&request);
    assert_non_null(strstr(raw, " 201 "));
    free(raw);
    answer = api_call(200, "GET", DEFINITIONS "?keyLike=together%25", NULL);
    assert_int_equal(int_of(answer, "total"), 2);
    assert_string_equal(
        text_of(first_of(answer), "deploymentId"),
        text_of(json_array_get(json_object_get(answer, "data"), 1), "deploymentId"));
    json_decref(answer);
}

static void the_engine_says_who_it_is(void **state)
{
    json_t *answer = api_call(200, "GET", "/process-api/management/engine", NULL);

    (void)state;
    assert_string_equal(text_of(answer, "name"), "synergyflow");
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_a_deployment_and_a_definition),
        cmocka_unit_test(versions_count_up_and_latest_finds_the_last),
        cmocka_unit_test(resources_come_back_as_they_were),
        cmocka_unit_test(a_definition_shows_its_xml_and_its_model),
        cmocka_unit_test(a_suspended_definition_starts_nothing),
        cmocka_unit_test(a_deployment_in_use_goes_with_cascade_only),
        cmocka_unit_test(bad_files_are_refused_with_the_reason),
        cmocka_unit_test(a_topic_that_nobody_hosts_is_refused),
        cmocka_unit_test(several_files_deploy_together),
        cmocka_unit_test(the_engine_says_who_it_is),
    };

    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
