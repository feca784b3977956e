/* Users, teams, memberships and on-call rotations end to end. */
#include "tests/modules/rest_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void make_user(const char *id)
{
    char body[256];

    (void)snprintf(body, sizeof(body),
                   "{\"userId\":\"%s\",\"email\":\"%s@example.org\",\"name\":\"%s\","
                   "\"role\":\"AGENT\"}",
                   id, id, id);
    rest_done("admin", "POST", "/api/v1/users", body, 201);
}

static void make_team(const char *id)
{
    char body[128];

    (void)snprintf(body, sizeof(body), "{\"teamId\":\"%s\",\"name\":\"The team %s\"}", id, id);
    rest_done("admin", "POST", "/api/v1/teams", body, 201);
}

static void join(const char *team, const char *user, const char *from)
{
    char path[128];
    char body[128];

    (void)snprintf(path, sizeof(path), "/api/v1/teams/%s/members", team);
    (void)snprintf(body, sizeof(body), "{\"userId\":\"%s\",\"from\":\"%s\"}", user, from);
    rest_done("admin", "POST", path, body, 201);
}

static void a_user_is_created_changed_and_published(void **state)
{
    json_t *user;

    (void)state;
    make_team("network");
    user = rest_call("admin", "POST", "/api/v1/users",
                     "{\"userId\":\"ann\",\"email\":\"Ann@Example.org\",\"name\":\"Ann\","
                     "\"teamId\":\"network\"}",
                     201);
    assert_string_equal(rest_text(user, "role"), "REQUESTER");
    assert_true(json_is_true(json_object_get(user, "active")));
    assert_int_equal(rest_number(user, "version"), 1);
    json_decref(user);
    user = rest_call("admin", "PATCH", "/api/v1/users/ann",
                     "{\"role\":\"AGENT\",\"phone\":\"+49 89 1\",\"expectedVersion\":1}", 200);
    assert_string_equal(rest_text(user, "role"), "AGENT");
    assert_int_equal(rest_number(user, "version"), 2);
    json_decref(user);
    user = rest_call("admin", "PATCH", "/api/v1/users/ann", "{\"phone\":\"\"}", 200);
    assert_true(json_is_null(json_object_get(user, "phone")));
    json_decref(user);
    user = rest_call("admin", "GET", "/api/v1/users/ann", NULL, 200);
    assert_string_equal(rest_text(user, "email"), "Ann@Example.org");
    assert_string_equal(rest_text(user, "teamId"), "network");
    json_decref(user);
    /* whoever has a team is in it */
    user = rest_call("admin", "GET", "/api/v1/users/ann/memberships", NULL, 200);
    assert_int_equal(rest_number(user, "size"), 1);
    json_decref(user);
}

static void a_deactivated_user_leaves_the_teams_and_comes_back(void **state)
{
    json_t *list;

    (void)state;
    make_team("desk");
    make_team("night");
    make_user("bob");
    join("desk", "bob", "2026-01-01T00:00:00Z");
    join("night", "bob", "2026-02-01T00:00:00Z");
    rest_done("admin", "PATCH", "/api/v1/users/bob", "{\"active\":false}", 200);
    list = rest_call("admin", "GET", "/api/v1/teams/desk/members", NULL, 200);
    assert_int_equal(rest_number(list, "size"), 0);
    json_decref(list);
    list =
        rest_call("admin", "GET", "/api/v1/teams/desk/members?at=2026-03-01T00:00:00Z", NULL, 200);
    assert_int_equal(rest_number(list, "size"), 1);
    json_decref(list);
    rest_refused("admin", "PATCH", "/api/v1/users/bob", "{\"name\":\"Robert\"}", 409, "active",
                 "deactivated");
    rest_refused("admin", "POST", "/api/v1/teams/desk/members", "{\"userId\":\"bob\"}", 400,
                 "userId", "active user");
    rest_done("admin", "PATCH", "/api/v1/users/bob", "{\"active\":true,\"name\":\"Robert\"}", 200);
    /* two memberships that ended, and two that go on */
    list = rest_call("admin", "GET", "/api/v1/users/bob/memberships", NULL, 200);
    assert_int_equal(rest_number(list, "size"), 4);
    json_decref(list);
    assert_string_equal(rest_sql("SELECT count(*) FILTER (WHERE valid_to IS NULL) ||"
                                 " ' ' || count(*) FILTER (WHERE paused)"
                                 " FROM synergyflow_users.team_members WHERE user_id = 'bob'"),
                        "2 0");
}

static void memberships_do_not_overlap(void **state)
{
    json_t *member;

    (void)state;
    make_team("east");
    make_user("cat");
    rest_done("admin", "POST", "/api/v1/teams/east/members",
              "{\"userId\":\"cat\",\"from\":\"2026-01-01\",\"to\":\"2026-02-01\"}", 201);
    rest_refused("admin", "POST", "/api/v1/teams/east/members",
                 "{\"userId\":\"cat\",\"from\":\"2026-01-31T23:59:59Z\"}", 409, "userId",
                 "some of that time");
    rest_done("admin", "POST", "/api/v1/teams/east/members",
              "{\"userId\":\"cat\",\"from\":\"2026-02-01\"}", 201);
    rest_refused("admin", "POST", "/api/v1/teams/east/members",
                 "{\"userId\":\"cat\",\"from\":\"2020-02-01\",\"to\":\"2020-02-01\"}", 400, "to",
                 "after");
    member =
        rest_call("admin", "DELETE", "/api/v1/teams/east/members/cat?at=2026-03-01", NULL, 200);
    assert_string_equal(rest_text(member, "to"), "2026-03-01T00:00:00.000Z");
    assert_string_equal(rest_text(member, "endedBy"), "admin");
    json_decref(member);
    rest_refused("admin", "DELETE", "/api/v1/teams/east/members/cat", NULL, 404, "userId",
                 "are not");
    rest_refused("admin", "POST", "/api/v1/teams/nowhere/members", "{\"userId\":\"cat\"}", 404,
                 "teamId", "nowhere");
}

static void on_call_at(const char *team, const char *at, const char *user, const char *from,
                       const char *to)
{
    char path[128];
    json_t *answer;

    (void)snprintf(path, sizeof(path), "/api/v1/teams/%s/on-call?at=%s", team, at);
    answer = rest_call("admin", "GET", path, NULL, 200);
    assert_string_equal(rest_text(json_object_get(answer, "onCall"), "userId"), user);
    assert_string_equal(rest_text(json_object_get(answer, "shift"), "from"), from);
    assert_string_equal(rest_text(json_object_get(answer, "shift"), "to"), to);
    json_decref(answer);
}

/* Weekly from Monday 09:00 in Berlin; the handover stays at 09:00 when summer time begins on
 * 2026-03-29. Expected values worked out by hand. */
static void the_rotation_says_who_is_on_call(void **state)
{
    (void)state;
    make_team("ops");
    make_user("dan");
    make_user("eve");
    make_user("fay");
    join("ops", "dan", "2026-01-01");
    join("ops", "eve", "2026-01-01");
    join("ops", "fay", "2026-01-01");
    rest_done("admin", "PUT", "/api/v1/teams/ops/on-call",
              "{\"startsAt\":\"2026-03-16T09:00:00+01:00\",\"timeZone\":\"Europe/Berlin\","
              "\"shift\":\"P7D\",\"userIds\":[\"dan\",\"eve\",\"fay\"]}",
              200);
    on_call_at("ops", "2026-03-16T08:00:00Z", "dan", "2026-03-16T08:00:00.000Z",
               "2026-03-23T08:00:00.000Z");
    on_call_at("ops", "2026-03-23T07:59:59Z", "dan", "2026-03-16T08:00:00.000Z",
               "2026-03-23T08:00:00.000Z");
    on_call_at("ops", "2026-03-23T08:00:00Z", "eve", "2026-03-23T08:00:00.000Z",
               "2026-03-30T07:00:00.000Z");
    on_call_at("ops", "2026-03-30T06:59:59Z", "eve", "2026-03-23T08:00:00.000Z",
               "2026-03-30T07:00:00.000Z");
    on_call_at("ops", "2026-03-30T07:00:00Z", "fay", "2026-03-30T07:00:00.000Z",
               "2026-04-06T07:00:00.000Z");
    on_call_at("ops", "2026-04-06T07:00:00Z", "dan", "2026-04-06T07:00:00.000Z",
               "2026-04-13T07:00:00.000Z");
    on_call_at("ops", "2026-03-16T07:59:59Z", "", "", "");
}

static void whoever_has_left_is_passed_over(void **state)
{
    (void)state;
    make_team("web");
    make_user("gil");
    make_user("hal");
    join("web", "gil", "2026-01-01");
    join("web", "hal", "2026-01-01");
    rest_done("admin", "PUT", "/api/v1/teams/web/on-call",
              "{\"startsAt\":\"2026-01-05T00:00:00Z\",\"timeZone\":\"UTC\",\"shift\":\"P1D\","
              "\"userIds\":[\"gil\",\"hal\"]}",
              200);
    rest_done("admin", "DELETE", "/api/v1/teams/web/members/gil?at=2026-01-07", NULL, 200);
    on_call_at("web", "2026-01-05T12:00:00Z", "gil", "2026-01-05T00:00:00.000Z",
               "2026-01-06T00:00:00.000Z");
    on_call_at("web", "2026-01-07T12:00:00Z", "hal", "2026-01-07T00:00:00.000Z",
               "2026-01-08T00:00:00.000Z");
    /* a new rotation does not change the past, and ends the shift before it */
    rest_done("admin", "PUT", "/api/v1/teams/web/on-call",
              "{\"startsAt\":\"2026-01-08T12:00:00Z\",\"timeZone\":\"UTC\",\"shift\":\"PT12H\","
              "\"userIds\":[\"hal\"]}",
              200);
    on_call_at("web", "2026-01-08T06:00:00Z", "hal", "2026-01-08T00:00:00.000Z",
               "2026-01-08T12:00:00.000Z");
    on_call_at("web", "2026-01-05T12:00:00Z", "gil", "2026-01-05T00:00:00.000Z",
               "2026-01-06T00:00:00.000Z");
    rest_refused("admin", "PUT", "/api/v1/teams/web/on-call",
                 "{\"startsAt\":\"2026-01-06T00:00:00Z\",\"timeZone\":\"UTC\",\"shift\":\"P1D\","
                 "\"userIds\":[\"hal\"]}",
                 409, "startsAt", "the past stays");
    rest_refused("admin", "PUT", "/api/v1/teams/web/on-call",
                 "{\"startsAt\":\"2027-01-06T00:00:00Z\",\"timeZone\":\"UTC\",\"shift\":\"P1D\","
                 "\"userIds\":[\"hal\",\"gil\"]}",
                 400, "userIds", "\"gil\" is not");
    rest_refused("admin", "PUT", "/api/v1/teams/web/on-call",
                 "{\"startsAt\":\"2027-01-06T00:00:00Z\",\"timeZone\":\"Mars/Base\","
                 "\"shift\":\"P1D\",\"userIds\":[\"hal\"]}",
                 400, "timeZone", "Europe/Berlin");
    rest_refused("admin", "PUT", "/api/v1/teams/web/on-call",
                 "{\"startsAt\":\"2027-01-06T00:00:00Z\",\"timeZone\":\"UTC\","
                 "\"shift\":\"P1M\",\"userIds\":[\"hal\"]}",
                 400, "shift", "weeks, days");
}

static void bad_input_names_the_field(void **state)
{
    static const struct {
        const char *body;
        const char *field;
    } bad[] = {
        {"{}", ""},
        {"{\"userId\":\"x y\",\"email\":\"a@b\",\"name\":\"n\"}", "userId"},
        {"{\"userId\":\"x'; DROP TABLE users; --\",\"email\":\"a@b\",\"name\":\"n\"}", "userId"},
        {"{\"userId\":\"zed\",\"email\":\"nobody\",\"name\":\"n\"}", "email"},
        {"{\"userId\":\"zed\",\"email\":\"a@b@c\",\"name\":\"n\"}", "email"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"  \"}", "name"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\"}", "name"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":7}", "name"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"n\",\"role\":\"SYSTEM\"}", "role"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"n\",\"teamId\":\"void\"}", "teamId"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"n\",\"managerId\":\"void\"}",
         "managerId"},
        {"{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"n\",\"active\":true}", "active"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        rest_refused("admin", "POST", "/api/v1/users", bad[i].body, 400, bad[i].field, "Expected");
    make_user("ida");
    rest_refused("admin", "POST", "/api/v1/users",
                 "{\"userId\":\"ida\",\"email\":\"new@example.org\",\"name\":\"n\"}", 409, "userId",
                 "taken");
    rest_refused("admin", "POST", "/api/v1/users",
                 "{\"userId\":\"ida2\",\"email\":\"IDA@example.org\",\"name\":\"n\"}", 409, "email",
                 "another user");
    make_user("jan");
    rest_refused("admin", "PATCH", "/api/v1/users/jan", "{\"email\":\"Ida@Example.Org\"}", 409,
                 "email", "another user");
    rest_refused("admin", "PATCH", "/api/v1/users/jan", "{\"managerId\":\"jan\"}", 400, "managerId",
                 "themselves");
    rest_refused("admin", "PATCH", "/api/v1/users/jan", "{\"name\":\"\"}", 400, "name", "empty");
    rest_refused("admin", "PATCH", "/api/v1/users/jan", "{}", 400, "", "at least one field");
    rest_refused("admin", "PATCH", "/api/v1/users/engine", "{\"name\":\"x\"}", 409, "userId",
                 "the engine's own");
    rest_refused("admin", "PATCH", "/api/v1/users/nobody", "{\"name\":\"x\"}", 404, "userId",
                 "there is none");
    rest_refused("admin", "GET", "/api/v1/users/nobody/memberships", NULL, 404, "userId", "nobody");
    rest_refused("admin", "GET", "/api/v1/teams/nobody/on-call", NULL, 404, "teamId", "nobody");
    rest_refused("admin", "GET", "/api/v1/teams/service-desk/on-call?when=now", NULL, 400, "when",
                 "parameter at");
    rest_refused("admin", "GET", "/api/v1/teams/service-desk/members?at=noon", NULL, 400, "at",
                 "noon");
    rest_done("admin", "GET", "/api/v1/users/%00", NULL, 400);
    rest_done("admin", "GET", "/api/v1/users/%FF", NULL, 400);
    rest_done("admin", "POST", "/api/v1/users",
              "{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"\\u0000\"}", 400);
    rest_done("admin", "POST", "/api/v1/users",
              "{\"userId\":\"zed\",\"email\":\"a@b\",\"name\":\"\xff\"}", 400);
}

static void a_stale_version_is_refused_with_the_current_one(void **state)
{
    json_t *answer;

    (void)state;
    make_user("kim");
    rest_done("admin", "PATCH", "/api/v1/users/kim", "{\"name\":\"Kim\"}", 200);
    rest_refused("admin", "PATCH", "/api/v1/users/kim", "{\"name\":\"x\",\"expectedVersion\":1}",
                 409, "version", "it is at 2");
    json_decref(rest_call_with("admin", "If-Match: \"2\"\r\n", "PATCH", "/api/v1/users/kim",
                               "{\"name\":\"Kimberly\"}", 200));
    answer = rest_call_with("admin", "If-Match: \"1\"\r\n", "PATCH", "/api/v1/users/kim",
                            "{\"name\":\"x\"}", 412);
    assert_int_equal(rest_number(answer, "currentVersion"), 3);
    json_decref(answer);
    answer = rest_call("admin", "PATCH", "/api/v1/users/kim",
                       "{\"name\":\"x\",\"expectedVersion\":2}", 409);
    assert_int_equal(rest_number(answer, "currentVersion"), 3);
    json_decref(answer);
    json_decref(
        rest_call_with("admin", "If-None-Match: \"3\"\r\n", "GET", "/api/v1/users/kim", NULL, 304));
    json_decref(rest_call_with("admin", "If-Match: 2\r\n", "PATCH", "/api/v1/users/kim",
                               "{\"name\":\"x\"}", 400));
}

static void a_team_that_is_not_used_takes_nobody(void **state)
{
    (void)state;
    make_team("south");
    make_user("lea");
    join("south", "lea", "2026-01-01");
    rest_done("admin", "PATCH", "/api/v1/teams/south", "{\"active\":false}", 200);
    rest_refused("admin", "POST", "/api/v1/teams/south/members", "{\"userId\":\"ida\"}", 409,
                 "teamId", "deactivated");
    rest_refused("admin", "PATCH", "/api/v1/users/ida", "{\"teamId\":\"south\"}", 400, "teamId",
                 "active team");
}

/* Follows the cursors to the end; how many rows there were. */
static size_t count_pages(const char *list)
{
    char path[1024];
    size_t rows = 0;

    (void)snprintf(path, sizeof(path), "%s", list);
    for (;;) {
        json_t *page = rest_call("admin", "GET", path, NULL, 200);
        const char *next = rest_text(page, "next");

        rows += json_array_size(json_object_get(page, "data"));
        (void)snprintf(path, sizeof(path), "%s&cursor=%s", list, next);
        bool is_last = next[0] == '\0';

        json_decref(page);
        if (is_last)
            return rows;
    }
}

static void lists_filter_sort_and_page(void **state)
{
    char id[32];
    json_t *page;

    (void)state;
    make_team("listed");
    for (int i = 0; i < 7; i++) {
        (void)snprintf(id, sizeof(id), "Lister_%d", i);
        make_user(id);
        join("listed", id, "2026-01-01");
    }
    rest_done("admin", "PATCH", "/api/v1/users/Lister_3", "{\"active\":false}", 200);
    /* whoever is deactivated is listed on demand */
    assert_int_equal(count_pages("/api/v1/users?name=LISTER&size=2"), 6);
    assert_int_equal(count_pages("/api/v1/users?name=lister&size=2&show=ALL"), 7);
    assert_int_equal(count_pages("/api/v1/users?name=lister&show=DEACTIVATED"), 1);
    assert_int_equal(count_pages("/api/v1/users?teamId=listed&size=4&sort=createdAt&order=desc"),
                     6);
    assert_int_equal(count_pages("/api/v1/users?email=lister_1@EXAMPLE.org"), 1);
    page = rest_call("admin", "GET", "/api/v1/users?name=lister&order=desc&size=1", NULL, 200);
    assert_string_equal(rest_text(json_array_get(json_object_get(page, "data"), 0), "userId"),
                        "Lister_6");
    assert_int_equal(rest_number(page, "total"), 6);
    json_decref(page);
    rest_refused("admin", "GET", "/api/v1/users?nmae=x", NULL, 400, "nmae", "name");
    rest_refused("admin", "GET", "/api/v1/users?role=BOSS", NULL, 400, "role", "AGENT");
    rest_refused("admin", "GET", "/api/v1/users?sort=phone", NULL, 400, "sort", "createdAt");
    rest_refused("admin", "GET", "/api/v1/users?cursor=x", NULL, 400, "cursor", "cursor");
    assert_int_equal(count_pages("/api/v1/users?name=x'%20OR%20'1'='1"), 0);
    assert_int_equal(count_pages("/api/v1/teams?name=the%20team%20listed"), 1);
    assert_int_equal(count_pages("/api/v1/users/Lister_3/memberships?size=1"), 1);
    rest_refused("admin", "GET", "/api/v1/teams/void/on-call/rotations", NULL, 404, "teamId",
                 "void");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_created_changed_and_published),
        cmocka_unit_test(a_deactivated_user_leaves_the_teams_and_comes_back),
        cmocka_unit_test(memberships_do_not_overlap),
        cmocka_unit_test(the_rotation_says_who_is_on_call),
        cmocka_unit_test(whoever_has_left_is_passed_over),
        cmocka_unit_test(bad_input_names_the_field),
        cmocka_unit_test(a_stale_version_is_refused_with_the_current_one),
        cmocka_unit_test(a_team_that_is_not_used_takes_nobody),
        cmocka_unit_test(lists_filter_sort_and_page),
    };

    return cmocka_run_group_tests(tests, rest_start, rest_stop);
}
