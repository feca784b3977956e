/* The service catalogue and its requests end to end: ordered, approved, fulfilled, and not. */
#include "tests/modules/rest_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int start(void **state)
{
    rest_start(state);
    rest_done("admin", "POST", "/api/v1/teams", "{\"teamId\":\"workplace\",\"name\":\"Workplace\"}",
              201);
    rest_done("admin", "POST", "/api/v1/users",
              "{\"userId\":\"mia\",\"email\":\"mia@x.org\",\"name\":\"Mia\",\"role\":\"MANAGER\"}",
              201);
    rest_done("admin", "POST", "/api/v1/users",
              "{\"userId\":\"ann\",\"email\":\"ann@x.org\",\"name\":\"Ann\",\"managerId\":\"mia\"}",
              201);
    rest_done("admin", "POST", "/api/v1/catalogue-items",
              "{\"itemId\":\"laptop\",\"name\":\"Laptop\",\"approval\":\"MANAGER\","
              "\"fulfilmentTeam\":\"workplace\",\"approveWithin\":\"P3D\","
              "\"fulfilWithin\":\"P10D\"}",
              201);
    rest_done("admin", "POST", "/api/v1/catalogue-items",
              "{\"itemId\":\"mouse\",\"name\":\"Mouse\",\"approval\":\"NONE\","
              "\"fulfilmentTeam\":\"workplace\"}",
              201);
    rest_done("admin", "POST", "/api/v1/catalogue-items",
              "{\"itemId\":\"quick\",\"name\":\"Decide now\",\"approval\":\"TEAM\","
              "\"approvalTeam\":\"service-desk\",\"fulfilmentTeam\":\"workplace\","
              "\"approveWithin\":\"PT1S\"}",
              201);
    return 0;
}

/* Orders as ann; `ret_path` is where the request is. */
static void order(const char *body, const char *status, char ret_path[80])
{
    json_t *request = rest_call("ann", "POST", "/api/v1/service-requests", body, 201);

    assert_string_equal(rest_text(request, "status"), status);
    assert_int_equal(strncmp(rest_text(request, "requestId"), "REQ-", 4), 0);
    assert_string_not_equal(rest_text(request, "processInstanceId"), "");
    (void)snprintf(ret_path, 80, "/api/v1/service-requests/%s", rest_text(request, "requestId"));
    json_decref(request);
}

static const char *id_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static void a_request_is_approved_and_fulfilled(void **state)
{
    char path[80];
    json_t *request;

    (void)state;
    order("{\"itemId\":\"laptop\",\"details\":\"14 inches\"}", "AWAITING_APPROVAL", path);
    request = rest_call("ann", "GET", path, NULL, 200);
    assert_string_equal(rest_text(request, "approver"), "mia");
    assert_string_equal(rest_text(request, "requestedFor"), "ann");
    assert_string_equal(rest_text(request, "itemName"), "Laptop");
    json_decref(request);
    rest_refused("ann", "PATCH", path, "{\"status\":\"APPROVED\"}", 403, "status", "somebody else");
    request =
        rest_call("mia", "PATCH", path, "{\"status\":\"APPROVED\",\"comment\":\"fine\"}", 200);
    assert_string_equal(rest_text(request, "status"), "APPROVED");
    assert_string_equal(rest_text(request, "decidedBy"), "mia");
    assert_string_equal(rest_text(request, "comment"), "fine");
    assert_string_not_equal(rest_text(request, "dueAt"), "");
    json_decref(request);
    /* it is work of the tasks module now */
    assert_string_equal(rest_sql("SELECT status FROM synergyflow_tasks.tasks"
                                 " WHERE title = '%s: Laptop'",
                                 id_of(path)),
                        "OPEN");
    rest_refused("mia", "PATCH", path, "{\"status\":\"REJECTED\"}", 409, "status",
                 "FULFILLED, CANCELLED");
    request = rest_call("bob", "PATCH", path, "{\"status\":\"FULFILLED\"}", 200);
    assert_string_equal(rest_text(request, "status"), "FULFILLED");
    assert_string_not_equal(rest_text(request, "endedAt"), "");
    json_decref(request);
    assert_string_equal(rest_sql("SELECT status FROM synergyflow_tasks.tasks"
                                 " WHERE title = '%s: Laptop'",
                                 id_of(path)),
                        "DONE");
    rest_refused("ann", "PATCH", path, "{\"status\":\"CANCELLED\"}", 409, "status", "final");
    assert_string_equal(rest_sql("SELECT status = 3 FROM synergyflow_workflows.process_instance"
                                 " WHERE business_key = '%s'",
                                 id_of(path)),
                        "t");
}

static void a_rejected_request_is_no_work(void **state)
{
    char path[80];

    (void)state;
    order("{\"itemId\":\"laptop\"}", "AWAITING_APPROVAL", path);
    rest_done("mia", "PATCH", path, "{\"status\":\"REJECTED\",\"comment\":\"too dear\"}", 200);
    assert_string_equal(
        rest_sql("SELECT count(*) FROM synergyflow_tasks.tasks WHERE title LIKE '%s:%%'",
                 id_of(path)),
        "0");
    rest_refused("mia", "PATCH", path, "{\"status\":\"APPROVED\"}", 409, "status", "final");
}

static void a_cancelled_request_takes_its_work_with_it(void **state)
{
    char path[80];

    (void)state;
    order("{\"itemId\":\"mouse\"}", "APPROVED", path);
    rest_done("ann", "PATCH", path, "{\"status\":\"CANCELLED\"}", 200);
    assert_string_equal(
        rest_sql("SELECT status FROM synergyflow_tasks.tasks WHERE title = '%s: Mouse'",
                 id_of(path)),
        "CANCELLED");
    order("{\"itemId\":\"laptop\"}", "AWAITING_APPROVAL", path);
    rest_done("ann", "PATCH", path, "{\"status\":\"CANCELLED\",\"comment\":\"found one\"}", 200);
}

static void an_undecided_request_is_rejected_in_time(void **state)
{
    char path[80];

    (void)state;
    order("{\"itemId\":\"quick\"}", "AWAITING_APPROVAL", path);
    rest_becomes_true("SELECT status = 'REJECTED' AND decided_by = 'engine'"
                      " FROM synergyflow_users.service_requests WHERE request_id = '%s'",
                      id_of(path));
}

static void bad_orders_are_refused(void **state)
{
    char path[80];

    (void)state;
    rest_refused("ann", "POST", "/api/v1/service-requests", "{\"itemId\":\"unicorn\"}", 400,
                 "itemId", "unicorn");
    rest_refused("ann", "POST", "/api/v1/service-requests",
                 "{\"itemId\":\"mouse\",\"requestedFor\":\"nobody\"}", 400, "requestedFor",
                 "nobody");
    rest_refused("stranger", "POST", "/api/v1/service-requests", "{\"itemId\":\"mouse\"}", 400,
                 "requestedFor", "stranger");
    rest_refused("ann", "POST", "/api/v1/service-requests", "{\"details\":\"x\"}", 400, "itemId",
                 "missing");
    rest_refused("ann", "POST", "/api/v1/service-requests",
                 "{\"itemId\":\"mouse\",\"colour\":\"red\"}", 400, "colour", "colour");
    rest_refused("ann", "PATCH", "/api/v1/service-requests/REQ-1", "{\"status\":\"APPROVED\"}", 404,
                 "requestId", "REQ-1");
    order("{\"itemId\":\"mouse\"}", "APPROVED", path);
    rest_refused("ann", "PATCH", path, "{\"status\":\"DONE\"}", 400, "status", "FULFILLED");
    rest_refused("ann", "PATCH", path, "{\"comment\":\"x\"}", 400, "status", "missing");
    rest_refused("ann", "PATCH", path, "{\"status\":\"FULFILLED\",\"expectedVersion\":7}", 409,
                 "version", "it is at 1");
    json_t *stale = rest_call_with("ann", "If-Match: \"7\"\r\n", "PATCH", path,
                                   "{\"status\":\"FULFILLED\"}", 412);

    assert_int_equal(rest_number(stale, "currentVersion"), 1);
    json_decref(stale);
    assert_string_equal(rest_sql("SELECT status FROM synergyflow_users.service_requests"
                                 " WHERE request_id = '%s'",
                                 id_of(path)),
                        "APPROVED");
    rest_done("admin", "PATCH", "/api/v1/catalogue-items/mouse", "{\"active\":false}", 200);
    rest_refused("ann", "POST", "/api/v1/service-requests", "{\"itemId\":\"mouse\"}", 409, "itemId",
                 "deactivated");
    rest_refused("admin", "PATCH", "/api/v1/catalogue-items/mouse", "{\"approval\":\"TEAM\"}", 400,
                 "approvalTeam", "missing");
    rest_refused("admin", "POST", "/api/v1/catalogue-items",
                 "{\"itemId\":\"x\",\"name\":\"X\",\"approval\":\"NONE\","
                 "\"fulfilmentTeam\":\"void\"}",
                 400, "fulfilmentTeam", "void");
}

static void requests_and_items_are_listed(void **state)
{
    char path[80];
    json_t *page;

    (void)state;
    order("{\"itemId\":\"laptop\"}", "AWAITING_APPROVAL", path);
    page = rest_call("mia", "GET",
                     "/api/v1/service-requests?status=AWAITING_APPROVAL&approver=mia"
                     "&itemId=laptop&size=1",
                     NULL, 200);
    assert_string_equal(rest_text(json_array_get(json_object_get(page, "data"), 0), "requestId"),
                        id_of(path));
    assert_string_equal(rest_text(json_array_get(json_object_get(page, "data"), 0), "itemName"),
                        "Laptop");
    json_decref(page);
    rest_done("mia", "GET", "/api/v1/service-requests?sort=dueAt&order=desc&createdFrom=2026-01-01",
              NULL, 200);
    rest_refused("mia", "GET", "/api/v1/service-requests?status=OPEN", NULL, 400, "status",
                 "APPROVED");
    page = rest_call("mia", "GET", "/api/v1/catalogue-items?active=true", NULL, 200);
    assert_true(json_array_size(json_object_get(page, "data")) >= 2);
    json_decref(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_approved_and_fulfilled),
        cmocka_unit_test(a_rejected_request_is_no_work),
        cmocka_unit_test(a_cancelled_request_takes_its_work_with_it),
        cmocka_unit_test(an_undecided_request_is_rejected_in_time),
        cmocka_unit_test(requests_and_items_are_listed),
        cmocka_unit_test(bad_orders_are_refused),
    };

    return cmocka_run_group_tests(tests, start, rest_stop);
}
