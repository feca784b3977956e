/* The views with Flowable's names show what the lean tables hold. */
#include "tests/support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct test_database *database;

/* One instance that waits at a user task inside a sub-process, with a timer on it. */
static const char sample[] =
    "INSERT INTO synergyflow_workflows.process_instance (id, definition_id, definition_key,"
    " business_key, status, revision, started_at, state, variables) VALUES"
    " ('00000000-0000-7000-8000-000000000001', 'p:1:x', 'p', 'INC-7', 1, 2, '2026-01-02 03:04:05Z',"
    " '{\"tokens\": [{\"id\": \"00000000-0000-7000-8000-00000000000a\", \"el\": \"sub\","
    " \"started\": 1700000000000000, \"scope\": \"00000000-0000-7000-8000-000000000002\"}]}',"
    " '{\"i\": 1, \"l\": 12345678901, \"d\": 1.5, \"s\": \"x\", \"b\": true, \"j\": [1], \"n\":"
    " null}');"
    "INSERT INTO synergyflow_workflows.scope (id, instance_id, parent_scope_id, execution_id,"
    " element_id, state, variables) VALUES ('00000000-0000-7000-8000-000000000002',"
    " '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000001',"
    " '00000000-0000-7000-8000-00000000000a', 'sub',"
    " '{\"tokens\": [{\"id\": \"00000000-0000-7000-8000-00000000000b\", \"el\": \"work\","
    " \"started\": 1700000000000000}]}', '{\"inner\": 2}');"
    "INSERT INTO synergyflow_workflows.task (id, instance_id, execution_id, definition_id,"
    " element_id, name, created_at, status) VALUES ('00000000-0000-7000-8000-00000000000c',"
    " '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-00000000000b', 'p:1:x',"
    " 'work', 'Work', '2026-01-02 03:04:05Z', 1);"
    "INSERT INTO synergyflow_workflows.timer (id, instance_id, execution_id, definition_id,"
    " element_id, due_at, created_at) VALUES ('00000000-0000-7000-8000-00000000000d',"
    " '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-00000000000b', 'p:1:x',"
    " 'late', '2026-01-02 04:00:00Z', '2026-01-02 03:04:05Z');"
    "INSERT INTO synergyflow_workflows.journal (instance_id, sequence, at, changes) VALUES"
    " ('00000000-0000-7000-8000-000000000001', 1, now(), '["
    " {\"c\": \"passed\", \"id\": \"00000000-0000-7000-8000-000000000009\", \"el\": \"start\","
    "  \"type\": \"startEvent\", \"at\": 1700000000000000, \"end\": 1700000000250000},"
    " {\"c\": \"activated\", \"id\": \"00000000-0000-7000-8000-00000000000b\", \"el\": \"work\","
    "  \"type\": \"userTask\", \"name\": \"Work\", \"at\": 1700000000000000}]')";

static void assert_view(const char *sql, const char *expected)
{
    assert_string_equal(test_database_sql(database, sql), expected);
}

static void executions_form_a_tree(void **state)
{
    (void)state;
    assert_view("SELECT string_agg(concat_ws(' ', right(id_, 1), coalesce(right(parent_id_, 1), "
                "'-'), coalesce(act_id_, '-'), is_active_, is_scope_), ', ' ORDER BY id_) FROM "
                "flowable.ACT_RU_EXECUTION WHERE business_key_ = 'INC-7' OR root_proc_inst_id_ = "
                "'00000000-0000-7000-8000-000000000001'",
                "1 - - f t, a 1 sub f t, b a work t f");
}

static void variables_have_flowable_s_types(void **state)
{
    (void)state;
    assert_view("SELECT string_agg(concat_ws(':', name_, type_, long_, double_, text_), ' ' ORDER "
                "BY name_) FROM flowable.ACT_RU_VARIABLE",
                "b:boolean:1 d:double:1.5 i:integer:1:1 inner:integer:2:2 j:json:[1] "
                "l:long:12345678901:12345678901 n:null s:string:x");
    assert_view("SELECT count(*) FROM flowable.ACT_HI_VARINST WHERE var_type_ IS NOT NULL", "7");
}

static void tasks_timers_and_history_are_shown(void **state)
{
    (void)state;
    assert_view("SELECT concat_ws(' ', name_, task_def_key_, state_, create_time_) FROM "
                "flowable.ACT_RU_TASK",
                "Work work created 2026-01-02 03:04:05");
    assert_view("SELECT concat_ws(' ', name_, state_, end_time_) FROM flowable.ACT_HI_TASKINST",
                "Work created");
    assert_view("SELECT concat_ws(' ', element_id_, duedate_, handler_type_) FROM "
                "flowable.ACT_RU_TIMER_JOB",
                "late 2026-01-02 04:00:00 trigger-timer");
    assert_view("SELECT concat_ws(' ', business_key_, start_time_) FROM flowable.ACT_HI_PROCINST",
                "INC-7 2026-01-02 03:04:05");
    assert_view("SELECT string_agg(concat_ws(' ', act_id_, act_type_, duration_, right(task_id_, "
                "1)), ', ' ORDER BY act_id_) FROM flowable.ACT_HI_ACTINST",
                "start startEvent 250, work userTask c");
}

static void every_view_can_be_read_by_the_engine(void **state)
{
    (void)state;
    assert_view("SELECT count(*) FILTER (WHERE has_table_privilege('synergyflow_engine', "
                "format('%I.%I', schemaname, viewname), 'SELECT')) || ' of ' || count(*) FROM "
                "pg_views WHERE schemaname = 'flowable'",
                "11 of 11");
    assert_view("SELECT (SELECT count(*) FROM flowable.ACT_RE_DEPLOYMENT) + (SELECT count(*) FROM "
                "flowable.ACT_RE_PROCDEF) + (SELECT count(*) FROM flowable.ACT_RU_EVENT_SUBSCR)",
                "0");
}

static int make_database(void **state)
{
    (void)state;
    database = test_database_new(true);
    (void)test_database_sql(database, sample);
    return 0;
}

static int drop_database(void **state)
{
    (void)state;
    test_database_free(database);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(executions_form_a_tree),
        cmocka_unit_test(variables_have_flowable_s_types),
        cmocka_unit_test(tasks_timers_and_history_are_shown),
        cmocka_unit_test(every_view_can_be_read_by_the_engine),
    };

    return cmocka_run_group_tests(tests, make_database, drop_database);
}
