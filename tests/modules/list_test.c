/* Lists of resources end to end, on the incidents: every order with every cursor gives what SQL
 * gives, NULLs and equal values included; wrong parameters are refused by name; versions. */
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

enum { ROWS = 41, PATH_BYTES = 1024, SEQUENCE_BYTES = 4096 };

static struct test_database *database;
static struct program program;

/* Few different values, so that most pages begin and end among equal ones; every third row has no
 * deadline. */
static const char fill[] =
    "INSERT INTO synergyflow_incidents.incidents (incident_id, title, status, priority, caller,"
    " sla_deadline, created_at, updated_at)"
    " SELECT 'INC-' || n, 'Row ' || n, (ARRAY['NEW', 'IN_PROGRESS', 'CLOSED'])[1 + n % 3],"
    "  (ARRAY['LOW', 'HIGH'])[1 + n % 2], 'lister',"
    "  CASE WHEN n % 3 > 0 THEN timestamptz '2026-01-01Z' + (n % 4) * interval '1 hour' END,"
    "  timestamptz '2026-01-01Z' + (n % 5) * interval '1.000001 seconds',"
    "  timestamptz '2026-02-01Z' FROM generate_series(100, 140) n";

static int start(void **state)
{
    (void)state;
    database = test_database_new(true);
    test_database_sql(database, fill);
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

static json_t *list(const char *parameters, int status)
{
    char path[PATH_BYTES];
    json_t *answer = NULL;

    assert_in_range(snprintf(path, sizeof path, "/api/v1/incidents?%s", parameters), 1,
                    sizeof path - 1);
    assert_int_equal(http_call(program.port, "GET", path, NULL, &answer), status);
    return answer;
}

/* The ids of all pages, one after the other. */
static void walk(const char *parameters, unsigned size, char sequence[SEQUENCE_BYTES])
{
    char cursor[512] = "";
    size_t length = 0;

    for (unsigned page = 0; page == 0 || cursor[0] != '\0'; page++) {
        char asked[PATH_BYTES];
        json_t *answer;
        const json_t *row;
        size_t i;

        assert_in_range(page, 0, ROWS);
        snprintf(asked, sizeof asked, "%s&size=%u%s%s", parameters, size,
                 page == 0 ? "" : "&cursor=", cursor);
        answer = list(asked, 200);
        assert_int_equal(json_integer_value(json_object_get(answer, "total")), ROWS);
        assert_true(json_is_true(json_object_get(answer, "totalIsExact")));
        json_array_foreach (json_object_get(answer, "data"), i, row)
            length += (size_t)snprintf(sequence + length, SEQUENCE_BYTES - length, "%s%s",
                                       length == 0 ? "" : ",", text_of(row, "incidentId"));
        snprintf(cursor, sizeof cursor, "%s", text_of(answer, "next"));
        json_decref(answer);
    }
}

static void every_order_is_that_of_sql(void **state)
{
    static const struct {
        const char *sort;
        const char *expression;
    } sorts[] = {
        {"createdAt", "created_at"},
        {"updatedAt", "updated_at"},
        {"slaDeadline", "sla_deadline"},
        {"priority", "priority = 'LOW'"},
        {"status", "status"},
        {"incidentId", "incident_id"},
    };
    static const char *const orders[][2] = {{"asc", "ASC NULLS LAST"},
                                            {"desc", "DESC NULLS FIRST"}};
    static const unsigned sizes[] = {1, 7, ROWS - 1, ROWS, 500};

    (void)state;
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++) {
        for (size_t j = 0; j < 2; j++) {
            char sql[512];
            char asked[256];

            snprintf(sql, sizeof sql,
                     "SELECT string_agg(incident_id, ',' ORDER BY %s %s, incident_id %s)"
                     " FROM synergyflow_incidents.incidents WHERE caller = 'lister'",
                     sorts[i].expression, orders[j][1], orders[j][0]);
            snprintf(asked, sizeof asked, "caller=lister&sort=%s&order=%s", sorts[i].sort,
                     orders[j][0]);
            for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
                char sequence[SEQUENCE_BYTES] = "";

                walk(asked, sizes[k], sequence);
                assert_string_equal(sequence, test_database_sql(database, sql));
            }
        }
    }
}

static void a_cursor_is_for_its_own_list_only(void **state)
{
    json_t *first = list("caller=lister&size=3&sort=slaDeadline&order=desc", 200);
    const char *next = text_of(first, "next");
    static const char *const others[] = {
        "caller=lister&sort=createdAt&cursor=%s",
        "caller=lister&order=asc&cursor=%s",
        "caller=somebody&cursor=%s",
        "caller=lister&status=NEW&cursor=%s",
        "caller=lister&cursor=%.12s",
        "caller=lister&cursor=x%s",
    };
    char asked[PATH_BYTES];
    json_t *answer;

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(asked, sizeof asked, others[i], next);
#pragma GCC diagnostic pop
        answer = list(asked, 400);
        assert_string_equal(text_of(answer, "field"), "cursor");
        json_decref(answer);
    }
    snprintf(asked, sizeof asked, "caller=lister&start=3&cursor=%s", next);
    answer = list(asked, 400);
    assert_string_equal(text_of(answer, "field"), "start");
    json_decref(answer);
    snprintf(asked, sizeof asked, "caller=lister&cursor=%s", next); /* the order comes with it */
    answer = list(asked, 200);
    assert_string_equal(text_of(answer, "sort"), "slaDeadline");
    assert_string_equal(text_of(answer, "order"), "desc");
    json_decref(answer);
    json_decref(first);
}

static void filters_hold(void **state)
{
    static const struct {
        const char *parameters;
        const char *condition;
    } filters[] = {
        {"status=NEW", "status = 'NEW'"},
        {"priority=HIGH&status=CLOSED", "priority = 'HIGH' AND status = 'CLOSED'"},
        {"open=true", "status <> 'CLOSED'"},
        {"open=false", "status = 'CLOSED'"},
        {"createdAtFrom=2026-01-01T00:00:01.000001Z",
         "created_at >= '2026-01-01 00:00:01.000001Z'"},
        {"createdAtTo=2026-01-01T00:00:01.000001Z", "created_at < '2026-01-01 00:00:01.000001Z'"},
        {"slaDeadlineFrom=2026-01-01T01:00:00Z&slaDeadlineTo=2026-01-01T02:00:00Z",
         "sla_deadline = '2026-01-01 01:00Z'"},
        {"assignedTo=%27%20OR%20true%20--", "false"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        char asked[PATH_BYTES];
        char sql[512];
        json_t *answer;

        snprintf(asked, sizeof asked, "caller=lister&size=500&%s", filters[i].parameters);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM synergyflow_incidents.incidents WHERE caller = 'lister'"
                 " AND %s",
                 filters[i].condition);
        answer = list(asked, 200);
        assert_int_equal(json_integer_value(json_object_get(answer, "size")),
                         atoi(test_database_sql(database, sql)));
        assert_int_equal(json_integer_value(json_object_get(answer, "total")),
                         json_integer_value(json_object_get(answer, "size")));
        assert_true(json_is_null(json_object_get(answer, "next")));
        json_decref(answer);
    }
}

static void wrong_parameters_are_named(void **state)
{
    static const struct {
        const char *parameters;
        const char *field;
        const char *words;
    } wrong[] = {
        {"stauts=NEW", "stauts", "status, priority"},
        {"status=OPEN", "status", "one of NEW, IN_PROGRESS"},
        {"status=NEW&status=NEW", "status", "once"},
        {"open=yes", "open", "true or false"},
        {"caller=", "caller", "empty"},
        {"caller=%00", "query", "NUL"},
        {"caller=%C3%28", "query", "UTF-8"},
        {"createdAtFrom=yesterday", "createdAtFrom", "an instant such as"},
        {"createdAt=2026-01-01T00:00:00Z", "createdAt", "createdAtFrom, createdAtTo"},
        {"size=0", "size", "from 1 to 500"},
        {"size=501", "size", "from 1 to 500"},
        {"size=99999999999999999999", "size", "from 1 to 500"},
        {"size=7x", "size", "from 1 to 500"},
        {"start=-1", "start", "from 0 to 10000"},
        {"start=10001", "start", "from 0 to 10000"},
        {"sort=t.created_at;DROP", "sort", "one of createdAt"},
        {"order=up", "order", "one of asc, desc"},
        {"cursor=", "cursor", "next"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *answer = list(wrong[i].parameters, 400);

        assert_string_equal(text_of(answer, "field"), wrong[i].field);
        if (strstr(text_of(answer, "detail"), wrong[i].words) == NULL)
            fail_msg("expected \"%s\" in \"%s\"", wrong[i].words, text_of(answer, "detail"));
        json_decref(answer);
    }
}

/* More rows than are counted, in a list of their own: `total` says that it is not exact. */
static void totals_stop_at_a_limit(void **state)
{
    json_t *answer;

    (void)state;
    test_database_sql(database,
                      "INSERT INTO synergyflow_incidents.incidents (incident_id, title, priority,"
                      " caller, created_at, updated_at) SELECT 'MANY-' || n, 'x', 'LOW', 'many',"
                      " now(), now() FROM generate_series(1, 10001) n");
    answer = list("caller=many&size=1", 200);
    assert_int_equal(json_integer_value(json_object_get(answer, "total")), 10000);
    assert_true(json_is_false(json_object_get(answer, "totalIsExact")));
    json_decref(answer);
    test_database_sql(database,
                      "DELETE FROM synergyflow_incidents.incidents WHERE incident_id = 'MANY-1'");
    answer = list("caller=many&size=1", 200);
    assert_int_equal(json_integer_value(json_object_get(answer, "total")), 10000);
    assert_true(json_is_true(json_object_get(answer, "totalIsExact")));
    json_decref(answer);
}

/* A whole exchange with a header; free() the answer. */
static char *exchange(const char *method, const char *id, const char *header, const char *body)
{
    char request[PATH_BYTES];
    int length = snprintf(request, sizeof request,
                          "%s /api/v1/incidents/%s HTTP/1.1\r\nHost: localhost\r\n"
                          "Connection: close\r\nContent-Type: application/json\r\n%s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          method, id, header, strlen(body), body);
    char *answer = http_raw(program.port, request, (size_t)length);

    assert_non_null(answer);
    return answer;
}

static void answers(const char *method, const char *id, const char *header, const char *body,
                    int status, const char *words)
{
    char *answer = exchange(method, id, header, body);

    if (atoi(answer + strlen("HTTP/1.1 ")) != status || strstr(answer, words) == NULL)
        fail_msg("expected %d and \"%s\" for %s but found %s", status, words, header, answer);
    free(answer);
}

static void versions_guard_changes(void **state)
{
    static const char change[] = "{\"title\":\"Changed\"}";
    json_t *opened = NULL;
    char id[64];

    (void)state;
    assert_int_equal(
        http_call(program.port, "POST", "/api/v1/incidents", "{\"title\":\"Versioned\"}", &opened),
        201);
    snprintf(id, sizeof id, "%s", text_of(opened, "incidentId"));
    json_decref(opened);
    answers("GET", id, "If-None-Match: \"2\"", "", 200, "ETag: \"1\"");
    answers("GET", id, "If-None-Match: \"1\"", "", 304, "ETag: \"1\"");
    answers("GET", id, "If-None-Match: \"9\", W/\"1\"", "", 304, "ETag: \"1\"");
    answers("GET", id, "If-None-Match: *", "", 304, "ETag: \"1\"");
    answers("PATCH", id, "If-Match: \"1\"", change, 200, "ETag: \"2\"");
    answers("PATCH", id, "If-Match: \"1\"", change, 412, "\"currentVersion\":2");
    answers("PATCH", id, "If-Match: \"1\"", "{\"status\":\"RESOLVED\"}", 412,
            "at version 1 but it is at 2");
    answers("PATCH", id, "If-Match: W/\"2\"", change, 200, "ETag: \"3\"");
    answers("PATCH", id, "If-Match: *", change, 200, "ETag: \"4\"");
    answers("PATCH", id, "If-Match: 4", change, 400, "\"field\":\"If-Match\"");
    answers("PATCH", id, "If-Match: \"4\", \"5\"", change, 400, "\"field\":\"If-Match\"");
    answers("PATCH", id, "If-Match: \"99999999999999999999\"", change, 400, "If-Match");
    answers("PATCH", id, "X-None: 1", "{\"title\":\"x\",\"expectedVersion\":1}", 409,
            "\"currentVersion\":4");
    answers("PATCH", id, "X-None: 1", "{\"title\":\"x\",\"expectedVersion\":\"4\"}", 400,
            "expectedVersion");
    answers("PATCH", id, "X-None: 1", "{\"expectedVersion\":4}", 400, "at least one field");
    answers("PATCH", id, "X-None: 1", "{\"status\":\"RESOLVED\",\"expectedVersion\":4}", 200,
            "ETag: \"5\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_is_that_of_sql),
        cmocka_unit_test(a_cursor_is_for_its_own_list_only),
        cmocka_unit_test(filters_hold),
        cmocka_unit_test(wrong_parameters_are_named),
        cmocka_unit_test(totals_stop_at_a_limit),
        cmocka_unit_test(versions_guard_changes),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
