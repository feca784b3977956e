/* See load.h. Threads never assert: cmocka's jumps belong to the thread of the test, so they count
 * what should not be and load_end() judges. */
#include "tests/system/load.h"

#include "bpmn/base/text.h"
#include "tests/replay/reconcile.h"
#include "tests/support/http_client.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BACK_OFF_MS = 20 };

#define HEAD                                                           \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'" \
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"  \
    "<process isExecutable='true' id="
#define FLOW_TO(id, to) "<sequenceFlow id='" id "' sourceRef='s' targetRef='" to "'/>"
#define TAIL(from)                                                 \
    "<sequenceFlow id='last' sourceRef='" from "' targetRef='e'/>" \
    "<endEvent id='e'/></process></definitions>"

static const char automatic[] = HEAD "'automatic'><startEvent id='s'/>" FLOW_TO(
    "f", "t") "<serviceTask id='t' flowable:expression='${n + 1}' "
              "flowable:resultVariable='m'/>" TAIL("t");

static const char approval[] =
    HEAD "'approval'><startEvent id='s'/>" FLOW_TO("f", "u") "<userTask id='u'/>" TAIL("u");

static const char timed[] = HEAD "'timed'><startEvent id='s'/>" FLOW_TO(
    "f",
    "w") "<intermediateCatchEvent id='w'><timerEventDefinition><timeDuration>PT1S</timeDuration>"
         "</timerEventDefinition></intermediateCatchEvent>" TAIL("w");

static const char instances[] = "/process-api/runtime/process-instances";

void load_deploy(unsigned port)
{
    static const char path[] = "/process-api/repository/deployments";

    assert_int_equal(http_upload(port, path, "automatic.bpmn", automatic, NULL), 201);
    assert_int_equal(http_upload(port, path, "approval.bpmn", approval, NULL), 201);
    assert_int_equal(http_upload(port, path, "timed.bpmn", timed, NULL), 201);
}

void start_timed(unsigned port, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(
            http_call(port, "POST", instances, "{\"processDefinitionKey\":\"timed\"}", NULL), 201);
}

/* ---- callers ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* Sorts an answer; true when it acknowledges. */
static bool sorted(struct load *load, const char *method, const char *path, int status,
                   const json_t *answer)
{
    if (status == 200 || status == 201) {
        return true;
    } else if (status == 0) {
        load->lost++;
    } else if (status >= 500 && json_integer_value(json_object_get(answer, "status")) == status &&
               text_of(answer, "detail")[0] != '\0') {
        load->refused++;
    } else {
        (void)fprintf(stderr, "%s %s: HTTP %d: %s\n", method, path, status,
                      text_of(answer, "detail"));
        load->wrong++;
    }
    return false;
}

/* A write; `ret_id` (may be NULL) gets a member of the answer. */
static bool write_call(struct load *load, const char *method, const char *path, const char *body,
                       const char *member, char *ret_id, size_t id_size)
{
    json_t *answer = NULL;
    int status = http_call(load->port, method, path, body, &answer);
    bool fine = sorted(load, method, path, status, answer);

    if (fine && ret_id != NULL && text_of(answer, member)[0] == '\0')
        load->wrong++;
    if (fine && ret_id != NULL)
        (void)snprintf(ret_id, id_size, "%s", text_of(answer, member));
    if (fine)
        load->acknowledged++;
    json_decref(answer);
    return fine;
}

static void complete(struct load *load, struct load_round *round)
{
    char path[160];
    json_t *answer = NULL;
    int status;
    bool fine;

    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks?processInstanceId=%s",
                   round->approval);
    status = http_call(load->port, "GET", path, NULL, &answer);
    fine = sorted(load, "GET", path, status, answer);
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks/%s",
                   text_of(json_array_get(json_object_get(answer, "data"), 0), "id"));
    json_decref(answer);
    if (fine)
        round->completed =
            write_call(load, "POST", path, "{\"action\":\"complete\"}", NULL, NULL, 0);
}

static void play_round(struct load_caller *caller, struct load_round *round)
{
    struct load *load = caller->load;
    char body[256];
    char path[64];

    (void)snprintf(body, sizeof(body),
                   "{\"processDefinitionKey\":\"automatic\",\"businessKey\":\"%u-%u-%u\","
                   "\"variables\":[{\"name\":\"n\",\"value\":1}]}",
                   load->number, caller->number, caller->round_count);
    (void)write_call(load, "POST", instances, body, "id", round->automatic,
                     sizeof(round->automatic));
    (void)snprintf(body, sizeof(body),
                   "{\"processDefinitionKey\":\"approval\",\"businessKey\":\"%u-%u-%u\"}",
                   load->number, caller->number, caller->round_count);
    if (write_call(load, "POST", instances, body, "id", round->approval, sizeof(round->approval)) &&
        caller->round_count % 2 == 0)
        complete(load, round);
    (void)snprintf(body, sizeof(body), "{\"title\":\"%u-%u-%u\",\"priority\":\"LOW\"}",
                   load->number, caller->number, caller->round_count);
    if (write_call(load, "POST", "/api/v1/incidents", body, "incidentId", round->incident,
                   sizeof(round->incident)) &&
        caller->round_count % 2 == 0) {
        (void)snprintf(path, sizeof(path), "/api/v1/incidents/%s", round->incident);
        round->working =
            write_call(load, "PATCH", path, "{\"status\":\"IN_PROGRESS\"}", NULL, NULL, 0);
    }
}

static void *call_until_stopped(void *context)
{
    struct load_caller *caller = context;

    while (!caller->load->stop && caller->round_count < LOAD_ROUNDS_MAX) {
        struct load_round *round = &caller->rounds[caller->round_count];

        play_round(caller, round);
        caller->round_count++;
        /* Rounds are to last as long as an outage does. */
        if (round->incident[0] == '\0')
            (void)poll(NULL, 0, BACK_OFF_MS);
    }
    return NULL;
}

struct load *load_begin(unsigned port)
{
    static unsigned serial;
    struct load *load = calloc(1, sizeof(*load));

    assert_non_null(load);
    load->port = port;
    load->number = ++serial;
    for (unsigned i = 0; i < LOAD_CALLERS; i++) {
        load->callers[i].load = load;
        load->callers[i].number = i;
        assert_int_equal(
            pthread_create(&load->callers[i].thread, NULL, call_until_stopped, &load->callers[i]),
            0);
    }
    return load;
}

struct awaited {
    struct load *load;
    unsigned count;
};

static bool has_come(void *context)
{
    struct awaited *awaited = context;

    return awaited->load->acknowledged >= awaited->count;
}

bool load_wait(struct load *load, unsigned more)
{
    struct awaited awaited = {load, load->acknowledged + more};

    return wait_until(has_come, &awaited);
}

void load_end(struct load *load)
{
    load->stop = true;
    for (int i = 0; i < LOAD_CALLERS; i++)
        assert_int_equal(pthread_join(load->callers[i].thread, NULL), 0);
    print_message("load %u: %u acknowledged, %u refused, %u without answer\n", load->number,
                  load->acknowledged, load->refused, load->lost);
    assert_int_equal(load->wrong, 0);
}

void load_free(struct load *load)
{
    free(load);
}

/* ---- what has to hold ---- */

const char *engine_conninfo(struct test_database *database)
{
    return test_database_conninfo_as(database, "synergyflow_engine");
}

struct check {
    struct test_database *database;
    const char *sql;
    const char *expected;
};

static bool holds(void *context)
{
    const struct check *check = context;

    return strcmp(test_database_sql(check->database, check->sql), check->expected) == 0;
}

static void assert_sql(struct test_database *database, const char *sql, const char *expected)
{
    const char *found = test_database_sql(database, sql);

    if (strcmp(found, expected) != 0) {
        print_error("%.2000s\n  gives %s, expected %s\n", sql, found, expected);
        fail();
    }
}

void assert_eventually(struct test_database *database, const char *sql, const char *expected)
{
    struct check check = {database, sql, expected};

    if (!wait_until(holds, &check))
        assert_sql(database, sql, expected);
}

void assert_reconciled(struct test_database *database)
{
    assert_true(reconcile(test_database_conninfo(database), NULL, 0));
}

/* Counts rows of a table whose ids are those of the rounds that `offset` and `when` choose. */
struct kept {
    const char *what;
    size_t id;   /* offset of the text in a round */
    size_t only; /* offset of the flag that has to be set; 0: none */
    const char *sql;
};

static const struct kept kept[] = {
    {"automatic instances ended with their result", offsetof(struct load_round, automatic), 0,
     "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE status = 3 AND"
     " variables->>'m' = '2' AND id::text IN ("},
    {"approvals started", offsetof(struct load_round, approval), 0,
     "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE definition_key ="
     " 'approval' AND id::text IN ("},
    {"approvals ended", offsetof(struct load_round, approval),
     offsetof(struct load_round, completed),
     "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE status = 3 AND"
     " definition_key = 'approval' AND id::text IN ("},
    {"incidents opened", offsetof(struct load_round, incident), 0,
     "SELECT count(*) FROM synergyflow_incidents.incidents WHERE incident_id IN ("},
    {"incidents in progress", offsetof(struct load_round, incident),
     offsetof(struct load_round, working),
     "SELECT count(*) FROM synergyflow_incidents.incidents WHERE status = 'IN_PROGRESS' AND"
     " incident_id IN ("},
};

static void assert_rounds_kept(struct test_database *database, const struct load *load,
                               const struct kept *what)
{
    struct text sql = TEXT_INIT;
    unsigned count = 0;
    char expected[16];

    text_append(&sql, what->sql);
    for (int i = 0; i < LOAD_CALLERS; i++) {
        for (unsigned n = 0; n < load->callers[i].round_count; n++) {
            const char *round = (const char *)&load->callers[i].rounds[n];

            if (round[what->id] == '\0' ||
                (what->only != 0 && !*(const bool *)(round + what->only)))
                continue;
            text_append(&sql, "'");
            text_append(&sql, round + what->id);
            text_append(&sql, "',");
            count++;
        }
    }
    text_append(&sql, "'')");
    (void)snprintf(expected, sizeof(expected), "%u", count);
    if (strcmp(test_database_sql(database, text_string(&sql)), expected) != 0)
        print_error("acknowledged but not there: %s\n", what->what);
    assert_sql(database, text_string(&sql), expected);
    text_deinit(&sql);
}

/* Each gives zero: what was not acknowledged is whole or not there, and nothing is there twice. */
static const char *const halves[] = {
    "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE definition_key ="
    " 'automatic' AND (status <> 3 OR variables->>'m' IS DISTINCT FROM '2')",
    "SELECT count(*) FROM synergyflow_workflows.process_instance p WHERE definition_key ="
    " 'approval' AND (status = 3) = EXISTS (SELECT FROM synergyflow_workflows.task t WHERE"
    " t.instance_id = p.id AND t.status = 1)",
    "SELECT count(*) FROM (SELECT 1 FROM synergyflow_workflows.process_instance WHERE"
    " definition_key IN ('automatic', 'approval') AND business_key <> '' GROUP BY definition_key, "
    "business_key HAVING"
    " count(*) > 1) twice",
    "SELECT count(*) FROM (SELECT 1 FROM synergyflow_incidents.incidents GROUP BY title HAVING"
    " count(*) > 1) twice",
    "SELECT count(*) FROM synergyflow_incidents.incidents WHERE status NOT IN ('NEW',"
    " 'IN_PROGRESS')",
};

void assert_kept(struct test_database *database, const struct load *load)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        assert_rounds_kept(database, load, &kept[i]);
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++)
        assert_sql(database, halves[i], "0");
}
