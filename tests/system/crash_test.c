/* The engine killed at any moment: whatever was acknowledged is there after the next start, and
 * everything reconciles. */
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/system/load.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct test_database *database;
static struct program program;

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    program_serve(&program, engine_conninfo(database), NULL);
    load_deploy(program.port);
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

static void kill_it(void)
{
    program_signal(&program, SIGKILL);
    assert_int_equal(program_wait(&program), 128 + SIGKILL);
}

static void killed_under_load_it_keeps_what_was_acknowledged(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        struct load *load = load_begin(program.port);

        assert_true(load_wait(load, 60 + 25 * round));
        kill_it();
        load_end(load);
        program_serve(&program, engine_conninfo(database), NULL);
        assert_kept(database, load);
        assert_reconciled(database);
        load_free(load);
    }
}

/* The engine goes on with what a killed one left: a task can be completed, an incident closed. */
static void what_it_left_open_can_be_ended(void **state)
{
    json_t *tasks = NULL;
    char path[160];
    const char *id;

    (void)state;
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks?processInstanceId=%s",
                   test_database_sql(database,
                                     "SELECT id FROM synergyflow_workflows.process_instance WHERE "
                                     "definition_key = 'approval' AND status = 1 LIMIT 1"));
    assert_int_equal(http_call(program.port, "GET", path, NULL, &tasks), 200);
    id =
        json_string_value(json_object_get(json_array_get(json_object_get(tasks, "data"), 0), "id"));
    assert_non_null(id);
    (void)snprintf(path, sizeof(path), "/process-api/runtime/tasks/%s", id);
    json_decref(tasks);
    assert_int_equal(http_call(program.port, "POST", path, "{\"action\":\"complete\"}", NULL), 200);
    (void)snprintf(path, sizeof(path), "/api/v1/incidents/%s",
                   test_database_sql(database, "SELECT incident_id FROM "
                                               "synergyflow_incidents.incidents WHERE status = "
                                               "'IN_PROGRESS' LIMIT 1"));
    assert_int_equal(http_call(program.port, "PATCH", path, "{\"status\":\"RESOLVED\"}", NULL),
                     200);
    assert_int_equal(http_call(program.port, "PATCH", path, "{\"status\":\"CLOSED\"}", NULL), 200);
    assert_reconciled(database);
}

static const char fired[] = "SELECT count(*) FROM synergyflow_workflows.journal j, "
                            "jsonb_array_elements(j.changes) c WHERE c->>'c' = 'timer-fired'";
static const char ended[] = "SELECT count(*) FROM synergyflow_workflows.process_instance WHERE "
                            "definition_key = 'timed' AND status = 3";
static const char due[] = "SELECT count(*) FROM synergyflow_workflows.timer t JOIN "
                          "synergyflow_workflows.process_instance p ON p.id = t.instance_id WHERE "
                          "p.definition_key = 'timed' AND due_at > now()";

static void timers_due_while_it_is_down_fire_once_after_the_start(void **state)
{
    (void)state;
    start_timed(program.port, 20);
    kill_it();
    assert_eventually(database, due, "0");
    program_serve(&program, engine_conninfo(database), NULL);
    assert_eventually(database, ended, "20");
    assert_string_equal(test_database_sql(database, fired), "20");
    assert_reconciled(database);
}

static bool one_has_ended(void *context)
{
    return strtol(test_database_sql(context, ended), NULL, 10) > 20;
}

static void timers_of_which_some_had_fired_fire_once(void **state)
{
    (void)state;
    start_timed(program.port, 80);
    assert_true(wait_until(one_has_ended, database));
    kill_it();
    program_serve(&program, engine_conninfo(database), NULL);
    assert_eventually(database, ended, "100");
    assert_string_equal(test_database_sql(database, fired), "100");
    assert_reconciled(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_under_load_it_keeps_what_was_acknowledged),
        cmocka_unit_test(what_it_left_open_can_be_ended),
        cmocka_unit_test(timers_due_while_it_is_down_fire_once_after_the_start),
        cmocka_unit_test(timers_of_which_some_had_fired_fire_once),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
