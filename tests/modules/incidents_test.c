/* The incidents and tasks modules end to end: the real program, a real PostgreSQL, REST. */
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One program and one database for all tests; each opens incidents of its own. */
static struct test_database *database;
static struct program program;

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, test_database_conninfo_as(database, "synergyflow_engine"), NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

/* Opens an incident; `ret_id` gets its number. */
static void open_incident(const char *body, char ret_id[32])
{
    json_t *answer = NULL;

    assert_int_equal(http_call(program.port, "POST", "/api/v1/incidents", body, &answer), 201);
    assert_string_equal(text_of(answer, "status"), "NEW");
    assert_string_not_equal(text_of(answer, "processInstanceId"), "");
    snprintf(ret_id, 32, "%s", text_of(answer, "incidentId"));
    assert_int_equal(strncmp(ret_id, "INC-", 4), 0);
    json_decref(answer);
}

static int patch(const char *id, const char *body, json_t **ret_answer)
{
    char path[96];

    snprintf(path, sizeof path, "/api/v1/incidents/%s", id);
    return http_call(program.port, "PATCH", path, body, ret_answer);
}

static void move_to(const char *id, const char *status)
{
    json_t *answer = NULL;
    char body[64];

    snprintf(body, sizeof body, "{\"status\":\"%s\"}", status);
    assert_int_equal(patch(id, body, &answer), 200);
    assert_string_equal(text_of(answer, "status"), status);
    json_decref(answer);
}

static json_t *get(const char *collection, const char *id)
{
    json_t *answer = NULL;
    char path[96];

    snprintf(path, sizeof path, "/api/v1/%s/%s", collection, id);
    assert_int_equal(http_call(program.port, "GET", path, NULL, &answer), 200);
    return answer;
}

/* A query whose answer becomes "t" in a while. */
struct truth {
    char sql[512];
};

static bool is_true(void *context)
{
    const struct truth *truth = context;

    return strcmp(test_database_sql(database, truth->sql), "t") == 0;
}

static void becomes_true(const char *format, const char *id)
{
    struct truth truth;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(truth.sql, sizeof truth.sql, format, id);
#pragma GCC diagnostic pop
    if (!wait_until(is_true, &truth))
        fail_msg("never came true: %s", truth.sql);
}

static void an_incident_lives_from_opening_to_closing(void **state)
{
    char id[32];
    json_t *incident;

    (void)state;
    open_incident("{\"title\":\"E-mail is down\",\"impact\":1,\"urgency\":2,\"caller\":\"ann\","
                  "\"assignmentGroup\":\"messaging\"}",
                  id);
    incident = get("incidents", id);
    assert_string_equal(text_of(incident, "priority"), "HIGH");
    assert_string_equal(text_of(incident, "assignmentGroup"), "messaging");
    json_decref(incident);

    /* the work item of the tasks module shows up on the incident, and the incident on the task */
    becomes_true("SELECT EXISTS (SELECT FROM synergyflow_incidents.task_projections"
                 " WHERE incident_id = '%s' AND status = 'OPEN')",
                 id);
    becomes_true("SELECT EXISTS (SELECT FROM synergyflow_tasks.incident_projections"
                 " WHERE incident_id = '%s' AND status = 'NEW')",
                 id);
    incident = get("incidents", id);
    const json_t *task = json_array_get(json_object_get(incident, "tasks"), 0);
    json_t *full_task = get("tasks", text_of(task, "taskId"));

    assert_string_equal(text_of(json_object_get(full_task, "incident"), "incidentId"), id);
    assert_string_not_equal(text_of(json_object_get(full_task, "freshness"), "status"), "");
    assert_string_not_equal(text_of(json_object_get(incident, "freshness"), "status"), "");
    json_decref(full_task);
    json_decref(incident);

    move_to(id, "IN_PROGRESS");
    assert_int_equal(patch(id, "{\"status\":\"ON_HOLD\",\"holdReason\":\"AWAITING_CALLER\"}", NULL),
                     200);
    move_to(id, "IN_PROGRESS");
    assert_int_equal(
        patch(id, "{\"status\":\"RESOLVED\",\"resolution\":\"server restarted\"}", NULL), 200);
    move_to(id, "IN_PROGRESS"); /* reopened */
    move_to(id, "RESOLVED");
    move_to(id, "CLOSED");
    incident = get("incidents", id);
    assert_int_equal(json_integer_value(json_object_get(incident, "reopenCount")), 1);
    assert_string_equal(text_of(incident, "resolution"), "server restarted");
    assert_string_not_equal(text_of(incident, "closedAt"), "");
    json_decref(incident);
    becomes_true("SELECT status = 3 FROM synergyflow_workflows.process_instance"
                 " WHERE business_key = '%s'",
                 id);
    becomes_true("SELECT count(*) = 2 AND bool_and(status = 'DONE')"
                 " FROM synergyflow_incidents.task_projections WHERE incident_id = '%s'",
                 id);
    becomes_true("SELECT status = 'CLOSED' FROM synergyflow_tasks.incident_projections"
                 " WHERE incident_id = '%s'",
                 id);
}

/* `sla_deadline - created_at` in seconds, "" while there is no deadline. */
static const char *target_of(const char *id)
{
    char sql[256];

    snprintf(sql, sizeof sql,
             "SELECT coalesce(round(extract(epoch FROM sla_deadline - created_at))::text, '')"
             " FROM synergyflow_incidents.incidents WHERE incident_id = '%s'",
             id);
    return test_database_sql(database, sql);
}

static void the_deadline_is_what_the_clock_says(void **state)
{
    char id[32];
    json_t *answer = NULL;

    (void)state;
    open_incident("{\"title\":\"Slow\",\"priority\":\"HIGH\"}", id);
    assert_string_equal(target_of(id), "28800");
    assert_int_equal(patch(id, "{\"priority\":\"CRITICAL\"}", &answer), 200);
    assert_string_equal(target_of(id), "14400"); /* what has elapsed stays */
    json_t *incident = get("incidents", id);

    assert_string_equal(text_of(answer, "slaDeadline"), text_of(incident, "slaDeadline"));
    json_decref(incident);
    json_decref(answer);
    move_to(id, "IN_PROGRESS");
    assert_int_equal(patch(id, "{\"status\":\"ON_HOLD\",\"holdReason\":\"AWAITING_CALLER\"}", NULL),
                     200);
    assert_string_equal(target_of(id), ""); /* it floats, and so do the timers that follow it */
    becomes_true("SELECT count(*) = 3 AND bool_and(due_at = 'infinity')"
                 " FROM synergyflow_workflows.timer WHERE clock_subject_id = '%s'",
                 id);
    becomes_true("SELECT state = 'paused' FROM synergyflow_workflows.sla_clock"
                 " WHERE subject_id = '%s' AND target = 'resolution'",
                 id);
    move_to(id, "IN_PROGRESS");
    assert_string_not_equal(target_of(id), "");
    becomes_true("SELECT count(*) = 1 FROM synergyflow_workflows.timer t"
                 " JOIN synergyflow_incidents.incidents i ON i.incident_id = t.clock_subject_id"
                 " WHERE i.incident_id = '%s' AND t.element_id = 'sla_100'"
                 " AND t.due_at = i.sla_deadline",
                 id);
    assert_int_equal(patch(id, "{\"slaTarget\":\"PT100H\"}", NULL), 200);
    assert_int_equal(strtol(target_of(id), NULL, 10) / 10, 36000);
    move_to(id, "RESOLVED");
    move_to(id, "IN_PROGRESS"); /* the policy begins a new cycle */
    becomes_true("SELECT i.sla_deadline = c.deadline_at AND (c.clock->'cycles'->1) IS NOT NULL"
                 " FROM synergyflow_incidents.incidents i JOIN synergyflow_workflows.sla_clock c"
                 " ON c.subject_id = i.incident_id AND c.target = 'resolution'"
                 " WHERE incident_id = '%s'",
                 id);
    becomes_true("SELECT count(*) = 1 FROM synergyflow_workflows.sla_clock"
                 " WHERE subject_id = '%s' AND target = 'response' AND state = 'stopped'",
                 id);
}

static void a_short_target_escalates_three_times(void **state)
{
    char id[32];

    (void)state;
    open_incident("{\"title\":\"Urgent\",\"priority\":\"CRITICAL\",\"slaTarget\":\"PT0.4S\"}", id);
    becomes_true("SELECT count(*) = 3 FROM synergyflow_incidents.incident_worklogs"
                 " WHERE incident_id = '%s'",
                 id);
    becomes_true("SELECT escalation_level = 100 FROM synergyflow_incidents.incidents"
                 " WHERE incident_id = '%s'",
                 id);
    move_to(id, "RESOLVED");
}

static void a_resolved_incident_closes_by_itself(void **state)
{
    char id[32];

    (void)state;
    open_incident("{\"title\":\"Done soon\",\"closeAfter\":\"PT0.2S\"}", id);
    move_to(id, "RESOLVED");
    becomes_true("SELECT status = 'CLOSED' FROM synergyflow_incidents.incidents"
                 " WHERE incident_id = '%s'",
                 id);
}

static void a_cancelled_incident_ends_its_process(void **state)
{
    char id[32];

    (void)state;
    open_incident("{\"title\":\"By mistake\"}", id);
    move_to(id, "CANCELLED");
    becomes_true("SELECT p.status = 3 AND NOT EXISTS (SELECT FROM synergyflow_workflows.timer t"
                 " WHERE t.instance_id = p.id)"
                 " FROM synergyflow_workflows.process_instance p WHERE business_key = '%s'",
                 id);
}

static void refused(const char *id, const char *body, int status, const char *field,
                    const char *words)
{
    json_t *answer = NULL;

    assert_int_equal(patch(id, body, &answer), status);
    assert_string_equal(text_of(answer, "field"), field);
    if (strstr(text_of(answer, "detail"), words) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", words, text_of(answer, "detail"));
    json_decref(answer);
}

static void wrong_moves_are_refused_with_the_right_ones(void **state)
{
    char id[32];

    (void)state;
    open_incident("{\"title\":\"Stubborn\"}", id);
    refused(id, "{\"status\":\"ON_HOLD\"}", 409, "status", "IN_PROGRESS, RESOLVED, CANCELLED");
    refused(id, "{\"status\":\"CLOSED\"}", 409, "status", "IN_PROGRESS, RESOLVED, CANCELLED");
    move_to(id, "RESOLVED");
    refused(id, "{\"status\":\"CANCELLED\"}", 409, "status", "IN_PROGRESS, CLOSED");
    move_to(id, "CLOSED");
    refused(id, "{\"status\":\"IN_PROGRESS\"}", 409, "status", "final");
    refused(id, "{\"title\":\"too late\"}", 409, "status", "CLOSED");
    refused("INC-0", "{\"status\":\"RESOLVED\"}", 404, "incidentId", "there is none");
    refused("INC-0", "{\"title\":\"x\"}", 404, "incidentId", "there is none");
}

static void bad_input_names_the_field(void **state)
{
    static const struct {
        const char *body;
        const char *field;
    } bad[] = {
        {"{}", "title"},
        {"{\"title\":\"  \"}", "title"},
        {"{\"title\":7}", "title"},
        {"{\"title\":\"x\",\"priority\":\"URGENT\"}", "priority"},
        {"{\"title\":\"x\",\"impact\":4,\"urgency\":1}", "impact"},
        {"{\"title\":\"x\",\"impact\":1}", "urgency"},
        {"{\"title\":\"x\",\"slaTarget\":\"4 hours\"}", "slaTarget"},
        {"{\"title\":\"x\",\"slaTarget\":\"PT0S\"}", "slaTarget"},
        {"{\"title\":\"x\",\"colour\":\"red\"}", "colour"},
    };
    char id[32];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *answer = NULL;

        assert_int_equal(http_call(program.port, "POST", "/api/v1/incidents", bad[i].body, &answer),
                         400);
        assert_string_equal(text_of(answer, "field"), bad[i].field);
        json_decref(answer);
    }
    open_incident("{\"title\":\"Fine\"}", id);
    refused(id, "{}", 400, "", "at least one field");
    refused(id, "{\"status\":\"OPEN\"}", 400, "status", "IN_PROGRESS");
    refused(id, "{\"closeAfter\":\"P1D\"}", 400, "closeAfter", "closeAfter");
    assert_int_equal(http_call(program.port, "GET", "/api/v1/incidents?stauts=NEW", NULL, NULL),
                     400);
    assert_int_equal(http_call(program.port, "GET", "/api/v1/incidents?size=0", NULL, NULL), 400);
    assert_int_equal(http_call(program.port, "GET", "/api/v1/incidents?status=OPEN", NULL, NULL),
                     400);
    assert_int_equal(http_call(program.port, "GET", "/api/v1/tasks/TSK-0", NULL, NULL), 404);
}

static void lists_filter_sort_and_page(void **state)
{
    char id[32];
    json_t *answer = NULL;

    (void)state;
    open_incident("{\"title\":\"One\",\"priority\":\"LOW\",\"assignedTo\":\"lister\"}", id);
    open_incident("{\"title\":\"Two\",\"priority\":\"CRITICAL\",\"assignedTo\":\"lister\"}", id);
    open_incident("{\"title\":\"Three\",\"priority\":\"MEDIUM\",\"assignedTo\":\"lister\"}", id);
    assert_int_equal(http_call(program.port, "GET",
                               "/api/v1/incidents?assignedTo=lister&open=true&sort=priority"
                               "&order=asc&start=1&size=2",
                               NULL, &answer),
                     200);
    assert_int_equal(json_integer_value(json_object_get(answer, "total")), 3);
    assert_int_equal(json_integer_value(json_object_get(answer, "start")), 1);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 2);
    assert_string_equal(text_of(json_array_get(json_object_get(answer, "data"), 0), "title"),
                        "Three");
    json_decref(answer);
}

static void comments_are_kept_in_order(void **state)
{
    char id[32];
    char path[96];
    json_t *answer = NULL;

    (void)state;
    open_incident("{\"title\":\"Talked about\"}", id);
    snprintf(path, sizeof path, "/api/v1/incidents/%s/comments", id);
    assert_int_equal(http_call(program.port, "POST", path, "{\"body\":\"first\"}", NULL), 201);
    assert_int_equal(http_call(program.port, "POST", path, "{\"body\":\"second\"}", NULL), 201);
    assert_int_equal(http_call(program.port, "POST", path, "{\"body\":\"\"}", NULL), 400);
    assert_int_equal(http_call(program.port, "GET", path, NULL, &answer), 200);
    assert_int_equal(json_integer_value(json_object_get(answer, "total")), 2);
    assert_string_equal(text_of(json_array_get(json_object_get(answer, "data"), 1), "body"),
                        "second");
    json_decref(answer);
    assert_int_equal(http_call(program.port, "POST", "/api/v1/incidents/INC-0/comments",
                               "{\"body\":\"x\"}", NULL),
                     404);
}

/* A module's handler listens to a task, a flow and the process: three comments, each in the
 * transaction of the step that asked for it. */
static void handlers_listen_to_processes(void **state)
{
    static const char process[] =
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t' "
        "xmlns:flowable='http://flowable.org/bpmn' "
        "xmlns:synergyflow='http://synergyflow.org/bpmn'>"
        "<process id='listened' isExecutable='true'><extensionElements>"
        "<flowable:executionListener event='end' synergyflow:topic='incidents.comment'/>"
        "</extensionElements><startEvent id='s'/>"
        "<sequenceFlow id='f' sourceRef='s' targetRef='u'><extensionElements>"
        "<flowable:executionListener event='take' synergyflow:topic='incidents.comment'/>"
        "</extensionElements></sequenceFlow><userTask id='u'><extensionElements>"
        "<flowable:taskListener event='create' synergyflow:topic='incidents.comment'/>"
        "</extensionElements></userTask><sequenceFlow id='g' sourceRef='u' targetRef='e'/>"
        "<endEvent id='e'/></process></definitions>";
    json_t *answer = NULL;
    char incident[32];
    char comments[96];
    char text[512];

    (void)state;
    open_incident("{\"title\":\"Listened to\"}", incident);
    snprintf(comments, sizeof comments, "/api/v1/incidents/%s/comments", incident);
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments",
                                 "listened.bpmn", process, NULL),
                     201);
    snprintf(text, sizeof text,
             "{\"processDefinitionKey\":\"listened\",\"variables\":[{\"name\":\"incidentId\","
             "\"value\":\"%s\"},{\"name\":\"body\",\"value\":\"heard\"},"
             "{\"name\":\"author\",\"value\":\"kim\"}]}",
             incident);
    assert_int_equal(
        http_call(program.port, "POST", "/process-api/runtime/process-instances", text, &answer),
        201);
    snprintf(text, sizeof text, "/process-api/runtime/tasks?processInstanceId=%s",
             text_of(answer, "id"));
    json_decref(answer);
    assert_int_equal(http_call(program.port, "GET", comments, NULL, &answer), 200);
    assert_int_equal(json_integer_value(json_object_get(answer, "total")), 2);
    json_decref(answer);
    assert_int_equal(http_call(program.port, "GET", text, NULL, &answer), 200);
    snprintf(text, sizeof text, "/process-api/runtime/tasks/%s",
             text_of(json_array_get(json_object_get(answer, "data"), 0), "id"));
    json_decref(answer);
    assert_int_equal(http_call(program.port, "POST", text, "{\"action\":\"complete\"}", NULL), 200);
    assert_int_equal(http_call(program.port, "GET", comments, NULL, &answer), 200);
    assert_int_equal(json_integer_value(json_object_get(answer, "total")), 3);
    json_decref(answer);
}

static void tasks_are_worked_on_without_an_incident(void **state)
{
    json_t *answer = NULL;
    char path[96];

    (void)state;
    assert_int_equal(
        http_call(program.port, "POST", "/api/v1/tasks", "{\"title\":\"Tidy up\"}", &answer), 201);
    snprintf(path, sizeof path, "/api/v1/tasks/%s", text_of(answer, "taskId"));
    json_decref(answer);
    assert_int_equal(http_call(program.port, "PATCH", path,
                               "{\"status\":\"IN_PROGRESS\",\"assignedTo\":\"kim\"}", NULL),
                     200);
    assert_int_equal(http_call(program.port, "PATCH", path, "{\"status\":\"DONE\"}", &answer), 200);
    assert_string_equal(text_of(answer, "assignedTo"), "kim");
    assert_string_not_equal(text_of(answer, "completedAt"), "");
    json_decref(answer);
    assert_int_equal(http_call(program.port, "PATCH", path, "{\"status\":\"OPEN\"}", NULL), 409);
    assert_int_equal(http_call(program.port, "PATCH", path, "{\"state\":\"OPEN\"}", NULL), 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incident_lives_from_opening_to_closing),
        cmocka_unit_test(the_deadline_is_what_the_clock_says),
        cmocka_unit_test(a_short_target_escalates_three_times),
        cmocka_unit_test(a_resolved_incident_closes_by_itself),
        cmocka_unit_test(a_cancelled_incident_ends_its_process),
        cmocka_unit_test(wrong_moves_are_refused_with_the_right_ones),
        cmocka_unit_test(bad_input_names_the_field),
        cmocka_unit_test(lists_filter_sort_and_page),
        cmocka_unit_test(comments_are_kept_in_order),
        cmocka_unit_test(handlers_listen_to_processes),
        cmocka_unit_test(tasks_are_worked_on_without_an_incident),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
