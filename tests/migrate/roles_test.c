/* The borders between the modules, proven against PostgreSQL: a module's role reaches its own
 * schema and no other, the engine's role reaches a module's rows only by taking its role, and a
 * tenant sees its own rows only. */
#include "tests/support/postgres.h"

#include "bpmn/base/check.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SQL_BYTES = 1024 };

static const char *const modules[] = {"synergyflow_users",     "synergyflow_incidents",
                                      "synergyflow_tasks",     "synergyflow_changes",
                                      "synergyflow_knowledge", "synergyflow_audit"};

static struct test_database *database;
static PGconn *owner;
static PGconn *engine;

/* SQLSTATE of the first failure of `format` run in a transaction that is rolled back; "" when it
 * ran. */
PRINTF_LIKE(3, 4)
static const char *try_sql(PGconn *session, const char *role, const char *format, ...)
{
    static char sqlstate[6];
    char sql[SQL_BYTES];
    va_list arguments;
    PGresult *result;

    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    PQclear(PQexec(session, "BEGIN"));
    if (role != NULL) {
        const char *values[] = {role};

        result = PQexecParams(session, "SELECT set_config('role', $1, true)", 1, NULL, values, NULL,
                              NULL, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            fail_msg("cannot become %s: %s", role, PQerrorMessage(session));
        PQclear(result);
    }
    result = PQexec(session, sql);
    sqlstate[0] = '\0';
    if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
        (void)snprintf(sqlstate, sizeof(sqlstate), "%s",
                       PQresultErrorField(result, PG_DIAG_SQLSTATE));
    PQclear(result);
    PQclear(PQexec(session, "ROLLBACK"));
    return sqlstate;
}

/* The owner's answer: one column of texts. */
PRINTF_LIKE(1, 2) static PGresult *query(const char *format, ...)
{
    char sql[SQL_BYTES];
    va_list arguments;
    PGresult *result;

    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    result = PQexec(owner, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(owner));
    return result;
}

static PGresult *tables_of(const char *schema)
{
    PGresult *result = query("SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE "
                             "schemaname = '%s' ORDER BY 1",
                             schema);

    assert_true(PQntuples(result) >= 2);
    return result;
}

static void no_module_reaches_another_s_tables(void **state)
{
    static const struct {
        const char *before;
        const char *after;
    } statements[] = {
        {"SELECT 1 FROM", ""}, {"INSERT INTO", "DEFAULT VALUES"}, {"UPDATE", "SET tenant_id = ''"},
        {"DELETE FROM", ""},   {"TRUNCATE", "CASCADE"},           {"LOCK TABLE", ""},
    };

    (void)state;
    for (size_t o = 0; o < COUNT_OF(modules); o++) {
        PGresult *tables = tables_of(modules[o]);

        for (size_t m = 0; m < COUNT_OF(modules); m++) {
            for (int t = 0; m != o && t < PQntuples(tables); t++) {
                for (size_t s = 0; s < COUNT_OF(statements); s++) {
                    const char *table = PQgetvalue(tables, t, 0);
                    const char *sqlstate =
                        try_sql(engine, modules[m], "%s %s %s", statements[s].before, table,
                                statements[s].after);

                    if (strcmp(sqlstate, "42501") != 0)
                        fail_msg("%s may: %s %s", modules[m], statements[s].before, table);
                }
            }
        }
        PQclear(tables);
    }
}

static void no_module_reaches_the_engine_s_tables(void **state)
{
    PGresult *tables = tables_of("synergyflow_workflows");

    (void)state;
    for (size_t m = 0; m < COUNT_OF(modules); m++) {
        for (int t = 0; t < PQntuples(tables); t++)
            assert_string_equal(
                try_sql(engine, modules[m], "SELECT 1 FROM %s", PQgetvalue(tables, t, 0)), "42501");
        assert_string_equal(
            try_sql(engine, modules[m], "SELECT 1 FROM public.flyway_schema_history"), "42501");
        assert_string_equal(try_sql(engine, modules[m], "CREATE TABLE public.mine ()"), "42501");
        assert_string_equal(try_sql(engine, modules[m], "CREATE TABLE %s.mine ()", modules[m]),
                            "42501");
    }
    PQclear(tables);
}

static void each_module_reaches_its_own_tables(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT_OF(modules); m++) {
        bool append_only = strcmp(modules[m], "synergyflow_audit") == 0;
        PGresult *tables = tables_of(modules[m]);

        for (int t = 0; t < PQntuples(tables); t++) {
            const char *table = PQgetvalue(tables, t, 0);
            const char *denied = append_only ? "42501" : "";
            const char *column = strstr(table, "audit_seals") != NULL ? "key_id" : "tenant_id";

            assert_string_equal(try_sql(engine, modules[m], "SELECT 1 FROM %s", table), "");
            /* Refused for its missing values, not for lack of rights. */
            assert_string_equal(try_sql(engine, modules[m], "INSERT INTO %s DEFAULT VALUES", table),
                                append_only ? "42501" : "23502");
            assert_string_equal(try_sql(engine, modules[m], "UPDATE %s SET %s = ''", table, column),
                                denied);
            assert_string_equal(try_sql(engine, modules[m], "DELETE FROM %s WHERE false", table),
                                denied);
            assert_string_equal(try_sql(engine, modules[m], "TRUNCATE %s CASCADE", table), "42501");
        }
        PQclear(tables);
    }
}

static void every_module_publishes_and_reads_no_events(void **state)
{
    (void)state;
    for (size_t m = 0; m < COUNT_OF(modules); m++) {
        assert_string_equal(
            try_sql(engine, modules[m],
                    "INSERT INTO event_publication.event_publication (id, listener_id, event_type,"
                    " serialized_event, publication_date, event_id, aggregate_id, partition) VALUES"
                    " (gen_random_uuid(), 'l', 't', '{}', now(), gen_random_uuid(), 'a', 0)"),
            "");
        assert_string_equal(
            try_sql(engine, modules[m], "SELECT 1 FROM event_publication.event_publication"),
            "42501");
        assert_string_equal(try_sql(engine, modules[m],
                                    "UPDATE event_publication.event_publication SET attempts = 1"),
                            "42501");
        assert_string_equal(
            try_sql(engine, modules[m],
                    "INSERT INTO event_publication.processed_events VALUES ('key', now())"),
            "");
        assert_string_equal(
            try_sql(engine, modules[m], "DELETE FROM event_publication.processed_events"), "42501");
        assert_string_equal(
            try_sql(engine, modules[m], "SELECT event_publication.listener_lag('l')"), "");
    }
}

static void the_engine_has_a_module_s_rights_only_in_its_role(void **state)
{
    PGresult *role = query("SELECT concat_ws(' ', rolcanlogin, rolinherit, rolsuper, rolbypassrls, "
                           "rolcreaterole, rolcreatedb) FROM pg_roles WHERE rolname = "
                           "'synergyflow_engine'");

    (void)state;
    assert_string_equal(PQgetvalue(role, 0, 0), "t f f f f f");
    PQclear(role);
    for (size_t m = 0; m < COUNT_OF(modules); m++) {
        PGresult *tables = tables_of(modules[m]);

        role = query("SELECT rolcanlogin OR rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = "
                     "'%s'",
                     modules[m]);
        assert_string_equal(PQgetvalue(role, 0, 0), "f");
        PQclear(role);
        /* It seals and verifies the audit trail itself: it reads and adds, and changes nothing. */
        for (int t = 0; t < PQntuples(tables); t++) {
            bool is_audit = strcmp(modules[m], "synergyflow_audit") == 0;

            assert_string_equal(try_sql(engine, NULL,
                                        is_audit ? "DELETE FROM %s" : "SELECT 1 FROM %s",
                                        PQgetvalue(tables, t, 0)),
                                "42501");
            assert_string_equal(try_sql(engine, NULL, "TRUNCATE %s", PQgetvalue(tables, t, 0)),
                                "42501");
        }
        PQclear(tables);
    }
    assert_string_equal(try_sql(engine, NULL, "SELECT 1 FROM synergyflow_workflows.task"), "");
    assert_string_equal(try_sql(engine, NULL, "DELETE FROM synergyflow_workflows.timer"), "");
    assert_string_equal(try_sql(engine, NULL, "SELECT 1 FROM public.flyway_schema_history"), "");
    assert_string_equal(try_sql(engine, NULL, "DELETE FROM public.flyway_schema_history"), "42501");
}

static void every_tenant_s_row_has_a_policy(void **state)
{
    PGresult *missing = query("SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON "
                              "a.attrelid = c.oid AND a.attname = 'tenant_id' WHERE c.relkind IN "
                              "('r', 'p') AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM "
                              "pg_policy p WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL AND "
                              "p.polwithcheck IS NOT NULL))");

    (void)state;
    if (PQntuples(missing) > 0)
        fail_msg("%s has no policy", PQgetvalue(missing, 0, 0));
    PQclear(missing);
}

static void a_tenant_sees_its_own_rows_only(void **state)
{
    static const char insert[] = "INSERT INTO synergyflow_users.teams (team_id, tenant_id, name) "
                                 "VALUES ('t-%s', '%s', 'Team')";

    (void)state;
    PQclear(query("WITH rows AS (INSERT INTO synergyflow_users.teams (team_id, tenant_id, name) "
                  "VALUES ('a', 'acme', 'A'), ('b', 'bolt', 'B') RETURNING 1) SELECT 1 FROM rows"));
    /* Division by zero tells how many rows were seen. */
    assert_string_equal(try_sql(engine, "synergyflow_users",
                                "SELECT set_config('app.tenant', 'acme', true); SELECT 1 / "
                                "(count(*) - 1) FROM synergyflow_users.teams"),
                        "22012");
    assert_string_equal(try_sql(engine, "synergyflow_users",
                                "SELECT 1 / count(*) FILTER (WHERE tenant_id <> '') FROM "
                                "synergyflow_users.teams"),
                        "22012");
    assert_string_equal(try_sql(engine, "synergyflow_users", insert, "c", "acme"), "42501");
    assert_string_equal(try_sql(engine, "synergyflow_users", insert, "c", ""), "");
}

static int open_sessions(void **state)
{
    (void)state;
    database = test_database_new(true);
    owner = PQconnectdb(test_database_conninfo(database));
    engine = PQconnectdb(test_database_conninfo_as(database, "synergyflow_engine"));
    return PQstatus(owner) == CONNECTION_OK && PQstatus(engine) == CONNECTION_OK ? 0 : -1;
}

static int close_sessions(void **state)
{
    (void)state;
    PQfinish(owner);
    PQfinish(engine);
    test_database_free(database);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_module_reaches_another_s_tables),
        cmocka_unit_test(no_module_reaches_the_engine_s_tables),
        cmocka_unit_test(each_module_reaches_its_own_tables),
        cmocka_unit_test(every_module_publishes_and_reads_no_events),
        cmocka_unit_test(the_engine_has_a_module_s_rights_only_in_its_role),
        cmocka_unit_test(every_tenant_s_row_has_a_policy),
        cmocka_unit_test(a_tenant_sees_its_own_rows_only),
    };

    return cmocka_run_group_tests(tests, open_sessions, close_sessions);
}
