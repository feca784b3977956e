/* The golden traces once more, as a caller of the REST API would drive them: the real program on
 * real PostgreSQL, killed with SIGKILL and started again between any two commands. After each
 * command the journal in the database has to hold what the pure interpreter's trace says, each
 * element activated just as often.
 *
 * What cannot be said to a program that runs in real time is left out, with the reason counted. */
#include "tests/conformance/script.h"
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"
#include "tests/system/load.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER  SOURCE_FOLDER "/tests/trace"
#define RUNTIME "/process-api/runtime"

enum { CASES_MAX = 2000, PATH_BYTES = 256 };

struct run {
    struct script *script;
    char definition[256];
    char deployment[64];
    char instance[64];
    bool failed;
};

static struct test_database *database;
static struct program program;
static struct run runs[CASES_MAX];
static unsigned run_count;
static unsigned unfit_count;

/* ---- what is asked of the database ---------------------------------------------------------- */

static const char *query(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *query(const char *format, ...)
{
    static char sql[2048];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    return test_database_sql(database, sql);
}

/* The first row of this table that belongs to the instance, "" without one. */
static const char *find(const struct run *run, const char *column, const char *table,
                        const char *condition, const char *name)
{
    return query("SELECT %s FROM synergyflow_workflows.%s WHERE instance_id = '%s' AND %s '%s' "
                 "ORDER BY created_at, id LIMIT 1",
                 column, table, run->instance, condition, name);
}

static const char *activations(const struct run *run)
{
    return query("SELECT string_agg(el || '=' || n, ',' ORDER BY el COLLATE \"C\") FROM (SELECT "
                 "c.r ->> 'el' AS el, count(*) AS n FROM synergyflow_workflows.journal j, "
                 "jsonb_array_elements(j.changes) AS c (r) WHERE j.instance_id = '%s' AND "
                 "c.r ->> 'c' IN ('activated', 'passed') GROUP BY 1) AS a",
                 run->instance);
}

/* ---- what is sent --------------------------------------------------------------------------- */

/* {"a": 1} as Flowable has it: [{"name": "a", "value": 1}] */
static json_t *variables_of(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    json_t *list = json_array();
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value)
        json_array_append_new(list, json_pack("{s:s,s:O}", "name", name, "value", value));
    json_decref(object);
    return list;
}

static int send_json(const char *method, const char *path, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    int status = http_call(program.port, method, path, text, NULL);

    free(text);
    json_decref(body);
    return status;
}

static int start_instance(struct run *run, const struct script_command *command)
{
    json_t *answer = NULL;
    json_t *body = json_pack("{s:s,s:o}", "processDefinitionId", run->definition, "variables",
                             variables_of(command->json));
    char *text;
    int status;

    if (command->words[0][0] != '\0')
        json_object_set_new(body, "businessKey", json_string(command->words[0]));
    text = json_dumps(body, JSON_COMPACT);
    status = http_call(program.port, "POST", RUNTIME "/process-instances", text, &answer);
    if (status == 201)
        (void)snprintf(run->instance, sizeof(run->instance), "%s",
                       json_string_value(json_object_get(answer, "id")));
    json_decref(answer);
    json_decref(body);
    free(text);
    return status;
}

struct firing {
    const struct run *run;
    long before;
};

static long firings(const struct run *run)
{
    return strtol(query("SELECT count(*) FROM synergyflow_workflows.journal j, "
                        "jsonb_array_elements(j.changes) AS c (r) WHERE j.instance_id = '%s' AND "
                        "c.r ->> 'c' = 'timer-fired'",
                        run->instance),
                  NULL, 10);
}

static bool has_fired(void *context)
{
    const struct firing *firing = context;

    return firings(firing->run) > firing->before;
}

/* Makes the element's earliest timer due now, and waits until it has fired. */
static int fire_timer(const struct run *run, const char *element)
{
    struct firing firing = {.run = run, .before = firings(run)};
    char path[PATH_BYTES];
    int status;

    (void)snprintf(path, sizeof(path), "/process-api/management/timer-jobs/%s",
                   query("SELECT id FROM synergyflow_workflows.timer WHERE instance_id = '%s' AND "
                         "element_id = '%s' ORDER BY due_at, id LIMIT 1",
                         run->instance, element));
    status = http_call(program.port, "POST", path, "{\"action\":\"move\"}", NULL);
    return status < 300 && !wait_until(has_fired, &firing) ? 504 : status;
}

static int complete_task(const struct run *run, const struct script_command *command)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), RUNTIME "/tasks/%s",
                   find(run, "id", "task", "status = 1 AND element_id =", command->words[0]));
    return send_json(
        "POST", path,
        json_pack("{s:s,s:o}", "action", "complete", "variables", variables_of(command->json)));
}

static int answer_job(const struct run *run, const struct script_command *command)
{
    const char *action = strcmp(command->words[1], "complete") == 0 ? "complete"
                         : strcmp(command->words[1], "error") == 0  ? "bpmnError"
                                                                    : "bpmnEscalation";
    char path[PATH_BYTES];
    json_t *body =
        json_pack("{s:s,s:o}", "workerId", "conformance", "variables", variables_of(command->json));
    char code[SCRIPT_WORD_MAX] = "";

    (void)sscanf(command->rest, "%*s %*s %127s", code);
    if (strcmp(action, "complete") != 0)
        json_object_set_new(body, strcmp(action, "bpmnError") == 0 ? "errorCode" : "escalationCode",
                            json_string(code));
    (void)http_callf(program.port, "POST", "/external-job-api/acquire/jobs", NULL,
                     "{\"topic\":\"%s\",\"workerId\":\"conformance\",\"lockDuration\":\"PT10M\","
                     "\"numberOfTasks\":100}",
                     command->words[0]);
    (void)snprintf(path, sizeof(path), "/external-job-api/acquire/jobs/%s/%s",
                   find(run, "id", "job", "topic =", command->words[0]), action);
    return send_json("POST", path, body);
}

static int send_message(const struct run *run, const char *element, const char *name,
                        const struct script_command *command)
{
    char condition[PATH_BYTES];
    char path[PATH_BYTES];

    (void)snprintf(condition, sizeof(condition), "event_type = 'message' AND %s%s%s event_name =",
                   element != NULL ? "element_id = '" : "", element != NULL ? element : "",
                   element != NULL ? "' AND" : "");
    (void)snprintf(path, sizeof(path), RUNTIME "/executions/%s",
                   find(run, "execution_id", "event_subscription", condition, name));
    return send_json("PUT", path,
                     json_pack("{s:s,s:s,s:o}", "action", "messageEventReceived", "messageName",
                               name, "variables", variables_of(command->json)));
}

static int move(const struct run *run, const struct script_command *command)
{
    json_t *object = json_loads(command->json, 0, NULL);
    json_t *body = json_object();
    char path[PATH_BYTES];
    json_t *list;

    if ((list = json_object_get(object, "cancel")) != NULL)
        json_object_set(body, "cancelActivityIds", list);
    if ((list = json_object_get(object, "start")) != NULL)
        json_object_set(body, "startActivityIds", list);
    json_decref(object);
    (void)snprintf(path, sizeof(path), RUNTIME "/process-instances/%s/change-state", run->instance);
    return send_json("POST", path, body);
}

/* A sub-process' token, or one that waits. */
static const char *execution_of(const struct run *run, const char *element)
{
    return query("SELECT id FROM (SELECT execution_id::text AS id, 1 AS rank FROM "
                 "synergyflow_workflows.scope WHERE instance_id = '%s' AND element_id = '%s' UNION "
                 "ALL SELECT id_, 2 FROM flowable.act_ru_execution WHERE proc_inst_id_ = '%s' AND "
                 "act_id_ = '%s') AS e ORDER BY rank, id LIMIT 1",
                 run->instance, element, run->instance, element);
}

static int set_variables(const struct run *run, const struct script_command *command)
{
    char path[PATH_BYTES];

    if (command->words[0][0] == '\0')
        (void)snprintf(path, sizeof(path), RUNTIME "/process-instances/%s/variables",
                       run->instance);
    else
        (void)snprintf(path, sizeof(path), RUNTIME "/executions/%s/variables",
                       execution_of(run, command->words[0]));
    return send_json("PUT", path, variables_of(command->json));
}

static int execution_action(const struct run *run, const struct script_command *command)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), RUNTIME "/executions/%s",
                   execution_of(run, command->words[0]));
    return send_json(
        "PUT", path,
        json_pack("{s:s,s:o}", "action", "trigger", "variables", variables_of(command->json)));
}

static int send_command(struct run *run, const struct script_command *command)
{
    const char *verb = command->verb;
    char path[PATH_BYTES];
    int status = 200;

    if (strcmp(verb, "start") == 0)
        return start_instance(run, command);
    if (strcmp(verb, "complete") == 0)
        return complete_task(run, command);
    if (strcmp(verb, "job") == 0)
        return answer_job(run, command);
    if (strcmp(verb, "message") == 0)
        return send_message(run, NULL, command->words[0], command);
    if (strcmp(verb, "subscription") == 0)
        return send_message(run, command->words[0], command->words[1], command);
    if (strcmp(verb, "signal") == 0)
        return send_json("POST", RUNTIME "/signals",
                         json_pack("{s:s,s:o}", "signalName", command->words[0], "variables",
                                   variables_of(command->json)));
    if (strcmp(verb, "move") == 0)
        return move(run, command);
    if (strcmp(verb, "set") == 0)
        return set_variables(run, command);
    if (strcmp(verb, "trigger") == 0)
        return execution_action(run, command);
    if (strcmp(verb, "conditions") == 0) {
        (void)snprintf(path, sizeof(path), RUNTIME "/process-instances/%s/evaluate-conditions",
                       run->instance);
        return http_call(program.port, "POST", path, "", NULL);
    }
    if (strcmp(verb, "delete") == 0) {
        (void)snprintf(path, sizeof(path), RUNTIME "/process-instances/%s", run->instance);
        return http_call(program.port, "DELETE", path, NULL, NULL);
    }
    if (strcmp(verb, "fire") == 0)
        return fire_timer(run, command->words[0]);
    for (unsigned i = 0; i < command->fired_count && status < 300; i++)
        status = fire_timer(run, command->fired[i]);
    return status; /* "time passes", "continue": the engine goes on by itself */
}

/* ---- one batch of cases --------------------------------------------------------------------- */

struct expectation {
    const struct run *run;
    const char *activated;
};

static bool holds(void *context)
{
    const struct expectation *expectation = context;

    return strcmp(activations(expectation->run), expectation->activated) == 0;
}

static void fail_run(struct run *run, unsigned number, const char *what, int status)
{
    const struct script_command *command = &run->script->commands[number];

    run->failed = true;
    print_error("%s, command %u (%s %s): %s (answer %d)\n  expected %s\n  found    %s\n",
                run->script->name, number + 1, command->verb, command->rest, what, status,
                command->activated, run->instance[0] != '\0' ? activations(run) : "no instance");
}

static void take_command(struct run *run, unsigned number)
{
    const struct script_command *command = &run->script->commands[number];
    struct expectation expectation = {.run = run, .activated = command->activated};
    int status;

    status = send_command(run, command);
    /* A signal that nobody waits for is no error to its sender. */
    if (command->refused != (status >= 300) && strcmp(command->verb, "signal") != 0)
        fail_run(run, number, command->refused ? "expected a refusal" : "was refused", status);
    else if (run->instance[0] != '\0' && !wait_until(holds, &expectation))
        fail_run(run, number, "the journal differs from the trace", status);
}

static void deploy(struct run *run)
{
    json_t *answer = NULL;
    char name[300];

    (void)snprintf(name, sizeof(name), "case%u.bpmn", (unsigned)(run - runs));
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments", name,
                                 run->script->model, &answer),
                     201);
    (void)snprintf(run->deployment, sizeof(run->deployment), "%s",
                   json_string_value(json_object_get(answer, "id")));
    json_decref(answer);
    (void)snprintf(run->definition, sizeof(run->definition), "%s",
                   run->script->process_id[0] != '\0'
                       ? query("SELECT id FROM synergyflow_workflows.process_definition WHERE "
                               "deployment_id = '%s' AND key = '%s'",
                               run->deployment, run->script->process_id)
                       : query("SELECT id FROM synergyflow_workflows.process_definition WHERE "
                               "deployment_id = '%s' ORDER BY key LIMIT 1",
                               run->deployment));
}

static void kill_and_start(void)
{
    program_signal(&program, SIGKILL);
    assert_int_equal(program_wait(&program), 128 + SIGKILL);
    program_serve(&program, engine_conninfo(database), NULL);
}

/* The first commands of all of them, a kill, the second commands of all of them, a kill, … */
static void run_together(struct run *const *batch, unsigned count)
{
    bool more = true;

    for (unsigned i = 0; i < count; i++)
        deploy(batch[i]);
    for (unsigned number = 0; more; number++) {
        more = false;
        for (unsigned i = 0; i < count; i++) {
            if (batch[i]->failed || number >= batch[i]->script->command_count)
                continue;
            take_command(batch[i], number);
            more = true;
        }
        if (more)
            kill_and_start();
    }
    for (unsigned i = 0; i < count; i++) {
        char path[PATH_BYTES];

        (void)snprintf(path, sizeof(path), "/process-api/repository/deployments/%s?cascade=true",
                       batch[i]->deployment);
        assert_int_equal(http_call(program.port, "DELETE", path, NULL, NULL), 204);
    }
}

static unsigned failures(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < run_count; i++)
        count += runs[i].failed ? 1 : 0;
    return count;
}

static void traces_hold_through_kills_between_commands(void **state)
{
    static struct run *batch[CASES_MAX];
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < run_count; i++) {
        if (!script_is_heard_elsewhere(runs[i].script))
            batch[count++] = &runs[i];
    }
    run_together(batch, count);
    assert_int_equal(failures(), 0);
}

/* One after the other: a signal or a message of one case must not reach another. */
static void traces_that_are_heard_elsewhere_hold_too(void **state)
{
    unsigned before = failures();

    (void)state;
    for (unsigned i = 0; i < run_count; i++) {
        struct run *run = &runs[i];

        if (script_is_heard_elsewhere(run->script))
            run_together(&run, 1);
    }
    assert_int_equal(failures(), before);
}

static void most_traces_are_run(void **state)
{
    (void)state;
    print_message("%u traces through PostgreSQL, %u left out\n", run_count, unfit_count);
    assert_true(run_count > 3 * unfit_count);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void collect(const char *prefix, bool top)
{
    struct dirent **entries;
    char path[512];
    int found;

    (void)snprintf(path, sizeof(path), FOLDER "/%s", prefix);
    found = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < found; i++) {
        const char *dot = strrchr(entries[i]->d_name, '.');
        char name[512];

        (void)snprintf(name, sizeof(name), "%s%s%s", prefix, entries[i]->d_name,
                       dot == NULL ? "/" : "");
        if (top && dot == NULL) {
            collect(name, false);
        } else if (dot != NULL && strcmp(dot, ".trace") == 0 && run_count < CASES_MAX) {
            struct script *script = script_read(name);

            if (script->unfit == NULL) {
                runs[run_count++].script = script;
            } else {
                unfit_count++;
                script_free(script);
            }
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

static int start(void **state)
{
    (void)state;
    collect("", true);
    database = test_database_new(true);
    program_serve(&program, engine_conninfo(database), NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    for (unsigned i = 0; i < run_count; i++)
        script_free(runs[i].script);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_traces_are_run),
        cmocka_unit_test(traces_hold_through_kills_between_commands),
        cmocka_unit_test(traces_that_are_heard_elsewhere_hold_too),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
