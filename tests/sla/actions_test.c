/* What thresholds set going, end to end: signals, starts of processes, webhooks to a receiver of
 * the test's own, escalation chains. The real program, a real PostgreSQL. */
#include "engine/webhook/signature.h"
#include "tests/support/http_client.h"
#include "tests/support/postgres.h"
#include "tests/support/program.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { HANG_S = 30, REQUESTS_MAX = 16, REQUEST_BYTES = 16 * 1024 };

static struct test_database *database;
static struct program program;
static char folder[64] = "";

static const char secrets[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
                              "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

/* ---- the receiver ---- */

static struct receiver {
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock;
    char requests[REQUESTS_MAX][REQUEST_BYTES];
    unsigned count;
    const char *answers[REQUESTS_MAX]; /* NULL: 204 */
} receiver = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A whole request: headers, then as many bytes as they say. */
static void read_request(int connection, char *bytes)
{
    size_t length = 0;

    bytes[0] = '\0';
    for (;;) {
        ssize_t got = recv(connection, bytes + length, REQUEST_BYTES - 1 - length, 0);
        const char *body;
        const char *said;

        if (got <= 0)
            return;
        length += (size_t)got;
        bytes[length] = '\0';
        body = strstr(bytes, "\r\n\r\n");
        said = strstr(bytes, "Content-Length: ");
        if (body != NULL && said != NULL &&
            length >= (size_t)(body + 4 - bytes) + strtoul(said + 16, NULL, 10))
            return;
    }
}

static void *receive(void *context)
{
    int connection;

    (void)context;
    while ((connection = accept(receiver.listener, NULL, NULL)) >= 0) {
        static char bytes[REQUEST_BYTES];
        const char *answer = NULL;

        read_request(connection, bytes);
        pthread_mutex_lock(&receiver.lock);
        if (receiver.count < REQUESTS_MAX) {
            answer = receiver.answers[receiver.count];
            memcpy(receiver.requests[receiver.count++], bytes, REQUEST_BYTES);
        }
        pthread_mutex_unlock(&receiver.lock);
        if (answer == NULL)
            answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
        (void)!write(connection, answer, strlen(answer));
        close(connection);
    }
    return NULL;
}

static void receiver_start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);

    receiver.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(receiver.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(receiver.listener, 16), 0);
    assert_int_equal(getsockname(receiver.listener, (struct sockaddr *)&address, &length), 0);
    receiver.port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&receiver.thread, NULL, receive, NULL), 0);
}

static void receiver_stop(void)
{
    shutdown(receiver.listener, SHUT_RDWR);
    pthread_join(receiver.thread, NULL);
    close(receiver.listener);
    receiver.count = 0;
    memset(receiver.answers, 0, sizeof(receiver.answers));
}

static const char *header_of(const char *request, const char *name, char ret_value[1024])
{
    const char *at = strstr(request, name);

    assert_non_null(at);
    at += strlen(name) + 2;
    snprintf(ret_value, 1024, "%.*s", (int)strcspn(at, "\r\n"), at);
    return ret_value;
}

/* ---- the program ---- */

static int start(void **state)
{
    char path[128];
    FILE *file;

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/synergyflow-secrets.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/default", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(secrets, file) >= 0);
    fclose(file);
    setenv("SYNERGYFLOW_WEBHOOK_SECRETS", folder, 1);
    setenv("SYNERGYFLOW_WEBHOOK_HTTP", "1", 1);
    receiver_start();
    database = test_database_new(true);
    return 0;
}

static void serve(bool allow_private)
{
    program_serve(&program, test_database_conninfo_as(database, "synergyflow_engine"),
                  allow_private ? "SYNERGYFLOW_WEBHOOK_PRIVATE=1" : NULL);
}

static int stop(void **state)
{
    char path[128];

    (void)state;
    program_signal(&program, SIGTERM);
    assert_int_equal(program_wait(&program), 0);
    test_database_free(database);
    receiver_stop();
    snprintf(path, sizeof(path), "%s/default", folder);
    unlink(path);
    rmdir(folder);
    return 0;
}

static int call(const char *method, const char *path, const char *body, json_t **ret_answer)
{
    return http_call(program.port, method, path, body, ret_answer);
}

static void expect(int status, const char *method, const char *path, const char *body)
{
    json_t *answer = NULL;
    int found = call(method, path, body, &answer);

    if (found != status) {
        char *text = json_dumps(answer, JSON_ENCODE_ANY);

        print_error("%s %s: %s\n", method, path, text != NULL ? text : "");
        free(text);
    }
    json_decref(answer);
    assert_int_equal(found, status);
}

static void run_until_sql(const char *sql, const char *expected)
{
    time_t until = time(NULL) + HANG_S;

    while (strcmp(test_database_sql(database, sql), expected) != 0) {
        if (time(NULL) > until)
            fail_msg("%s: expected %s but found %s", sql, expected,
                     test_database_sql(database, sql));
        usleep(10000);
    }
}

static void put_calendar(void)
{
    expect(201, "PUT", "/api/v1/sla/calendars/always",
           "{\"name\":\"always\",\"timezone\":\"UTC\",\"week\":{\"mon\":[[\"00:00\",\"24:00\"]],"
           "\"tue\":[[\"00:00\",\"24:00\"]],\"wed\":[[\"00:00\",\"24:00\"]],"
           "\"thu\":[[\"00:00\",\"24:00\"]],\"fri\":[[\"00:00\",\"24:00\"]],"
           "\"sat\":[[\"00:00\",\"24:00\"]],\"sun\":[[\"00:00\",\"24:00\"]]}}");
}

/* One threshold at a tenth of a second, with these actions; a chain of two levels. */
static void put_policy(const char *actions, const char *second_delay)
{
    char body[4096];

    snprintf(body, sizeof(body),
             "{\"id\":\"test\",\"applies_to\":\"change\",\"targets\":[{\"name\":\"answer\","
             "\"duration\":\"PT1S\",\"calendar\":\"always\",\"conditions\":{\"start\":\"!done\","
             "\"stop\":\"done\"},\"thresholds\":[{\"id\":\"soon\",\"at\":\"10%%\",\"actions\":[%s]"
             "}]}],\"escalations\":[{\"id\":\"up\",\"working_time\":false,\"levels\":["
             "{\"delay\":\"PT0S\",\"recipients\":{\"users\":[\"ann\"],\"on_call\":\"desk\"},"
             "\"action\":{\"type\":\"event\",\"name\":\"test.First\"}},"
             "{\"delay\":\"%s\",\"recipients\":{\"teams\":[\"leads\"]},"
             "\"action\":{\"type\":\"event\",\"name\":\"test.Second\"}}]}]}",
             actions, second_delay);
    expect(201, "PUT", "/api/v1/sla/policies/test", body);
}

static void put_subject(const char *id, bool done)
{
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/sla/subjects/change/%s", id);
    expect(200, "PUT", path,
           done ? "{\"fields\":{\"done\":true}}" : "{\"fields\":{\"done\":false}}");
}

static void put_on_call(void)
{
    expect(400, "PUT", "/api/v1/sla/on-call/desk", "{\"name\":\"desk\",\"timezone\":\"Nowhere\"}");
    expect(201, "PUT", "/api/v1/sla/on-call/desk",
           "{\"name\":\"desk\",\"timezone\":\"UTC\",\"windows\":[],\"default\":\"ben\"}");
}

/* ---- tests ---- */

#define PROCESS(id, event)                                                                  \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>" \
    "<signal id='alarm' name='alarm'/><process id='" id                                     \
    "' isExecutable='true'><startEvent id='s'>" event                                       \
    "</startEvent><sequenceFlow id='f' sourceRef='s' targetRef='t'/><userTask id='t'/>"     \
    "</process></definitions>"

static void processes_are_started_and_signalled(void **state)
{
    (void)state;
    serve(false);
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments", "a.bpmn",
                                 PROCESS("started", ""), NULL),
                     201);
    assert_int_equal(http_upload(program.port, "/process-api/repository/deployments", "b.bpmn",
                                 PROCESS("signalled", "<signalEventDefinition signalRef='alarm'/>"),
                                 NULL),
                     201);
    put_calendar();
    put_on_call();
    put_policy("{\"type\":\"start_process\",\"process\":\"started\"},"
               "{\"type\":\"signal\",\"name\":\"alarm\"},"
               "{\"type\":\"start_process\",\"process\":\"missing\"}",
               "PT1H");
    put_subject("CHG-1", false);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.process_instance"
                  " WHERE definition_key = 'started' AND business_key = 'CHG-1'"
                  " AND variables->'sla'->>'threshold' = 'soon'",
                  "1");
    run_until_sql(
        "SELECT count(*) FROM synergyflow_workflows.process_instance"
        " WHERE definition_key = 'signalled' AND variables->'sla'->>'subjectId' = 'CHG-1'",
        "1");
    /* What cannot be started is seen by an operator. */
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.job WHERE topic = 'missing'"
                  " AND error_message LIKE '%missing%'",
                  "1");
}

static void webhooks_are_signed_and_tried_again(void **state)
{
    char actions[256];
    char id[1024], again[1024], stamp[1024], found[1024];
    struct text expected = TEXT_INIT;
    struct error error = {0};
    json_t *answer = NULL;
    const char *request;

    (void)state;
    receiver.answers[0] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                          "Connection: close\r\n\r\n";
    serve(true);
    put_calendar();
    put_on_call();
    snprintf(actions, sizeof(actions),
             "{\"type\":\"webhook\",\"url\":\"http://127.0.0.1:%u/hook\"}", receiver.port);
    put_policy(actions, "PT1H");
    put_subject("CHG-2", false);
    run_until_sql("SELECT attempts::text FROM synergyflow_workflows.webhook_delivery"
                  " WHERE status_code = 503",
                  "1");
    (void)test_database_sql(database, "UPDATE synergyflow_workflows.webhook_delivery"
                                      " SET next_attempt_at = now() RETURNING ''");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.webhook_delivery"
                  " WHERE delivered_at IS NOT NULL AND attempts = 2 AND status_code = 204",
                  "1");
    assert_int_equal(receiver.count, 2);
    request = receiver.requests[1];
    header_of(receiver.requests[0], "webhook-id", id);
    assert_string_equal(header_of(request, "webhook-id", again), id); /* the same one */
    header_of(request, "webhook-timestamp", stamp);
    assert_int_equal(webhook_sign(secrets, id, strtoll(stamp, NULL, 10),
                                  strstr(request, "\r\n\r\n") + 4, &expected, &error),
                     STATUS_OK);
    assert_string_equal(header_of(request, "webhook-signature", found), text_string(&expected));
    text_deinit(&expected);

    assert_int_equal(call("GET", "/api/v1/webhooks/deliveries?state=delivered", NULL, &answer),
                     200);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 1);
    json_decref(answer);
    assert_int_equal(call("GET", "/api/v1/sla/subjects/change/CHG-2", NULL, &answer), 200);
    const json_t *firing = json_array_get(
        json_object_get(json_array_get(json_object_get(answer, "data"), 0), "firings"), 0);

    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json_object_get(firing, "actions"), 0),
                                          "deliveryState")),
        "delivered");
    json_decref(answer);
    expect(400, "GET", "/api/v1/webhooks/deliveries?state=lost", NULL);
    expect(404, "GET", "/api/v1/webhooks/deliveries/nothing", NULL);
}

/* An address of this machine is refused unless a setting allows it; what is dead can be sent again.
 */
static void private_addresses_are_refused(void **state)
{
    char actions[256];
    char path[256];

    (void)state;
    serve(false);
    put_calendar();
    put_on_call();
    snprintf(actions, sizeof(actions),
             "{\"type\":\"webhook\",\"url\":\"http://localhost:%u/hook\"}", receiver.port);
    put_policy(actions, "PT1H");
    put_subject("CHG-3", false);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.webhook_delivery"
                  " WHERE last_error LIKE '%private network%'",
                  "1");
    assert_int_equal(receiver.count, 0);
    (void)test_database_sql(database, "UPDATE synergyflow_workflows.webhook_delivery"
                                      " SET attempts = 9, next_attempt_at = now() RETURNING ''");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.webhook_delivery"
                  " WHERE dead_at IS NOT NULL AND next_attempt_at IS NULL",
                  "1");
    snprintf(
        path, sizeof(path), "/api/v1/webhooks/deliveries/%s/discard",
        test_database_sql(database, "SELECT id::text FROM synergyflow_workflows.webhook_delivery"));
    expect(204, "POST", path, NULL);
    expect(409, "POST", path, NULL);
    strcpy(strrchr(path, '/'), "/replay");
    expect(204, "POST", path, NULL);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.webhook_delivery WHERE attempts = 1",
                  "1");
}

static void chains_go_on_until_somebody_acknowledges(void **state)
{
    static const char escalate[] = "{\"type\":\"escalate\",\"chain\":\"up\"}";
    json_t *answer = NULL;
    char path[256];

    (void)state;
    serve(false);
    put_calendar();
    put_on_call();
    put_policy(escalate, "PT0.2S");
    put_subject("CHG-4", false);
    run_until_sql("SELECT string_agg(event_type, ',' ORDER BY position)"
                  " FROM event_publication.event_publication WHERE event_type LIKE 'test.%'",
                  "test.First,test.Second");
    run_until_sql("SELECT recipients::text FROM synergyflow_workflows.sla_escalation_level"
                  " WHERE level = 0",
                  "{\"teams\": [], \"users\": [\"ann\", \"ben\"]}");
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_escalation"
                  " WHERE ended_at IS NOT NULL AND fired_levels = 2",
                  "1");

    put_policy(escalate, "PT1H");
    put_subject("CHG-5", false);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_escalation"
                  " WHERE subject_id = 'CHG-5' AND fired_levels = 1",
                  "1");
    assert_int_equal(call("GET", "/api/v1/sla/escalations", NULL, &answer), 200);
    assert_int_equal(json_array_size(json_object_get(answer, "data")), 1);
    snprintf(path, sizeof(path), "/api/v1/sla/escalations/%s/acknowledge",
             json_string_value(
                 json_object_get(json_array_get(json_object_get(answer, "data"), 0), "id")));
    json_decref(answer);
    expect(204, "POST", path, NULL);
    expect(409, "POST", path, NULL);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_escalation"
                  " WHERE subject_id = 'CHG-5' AND acknowledged_at IS NOT NULL"
                  " AND next_due_at IS NULL",
                  "1");

    /* A clock that is over ends its chain: the next level finds it so. */
    put_policy(escalate, "PT0.5S");
    put_subject("CHG-6", false);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_escalation"
                  " WHERE subject_id = 'CHG-6' AND fired_levels = 1",
                  "1");
    put_subject("CHG-6", true);
    run_until_sql("SELECT count(*) FROM synergyflow_workflows.sla_escalation"
                  " WHERE subject_id = 'CHG-6' AND ended_at IS NOT NULL AND fired_levels = 1",
                  "1");
    assert_int_equal(call("GET", "/api/v1/sla/on-call/desk/now", NULL, &answer), 200);
    assert_string_equal(json_string_value(json_object_get(answer, "onCall")), "ben");
    json_decref(answer);
}

static void secrets_are_checked(void **state)
{
    struct text header = TEXT_INIT;
    struct error error = {0};

    (void)state;
    /* The example of the Standard Webhooks specification. */
    assert_int_equal(webhook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
                                  "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                  "{\"test\": 2432232314}", &header, &error),
                     STATUS_OK);
    assert_string_equal(text_string(&header), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    text_deinit(&header);
    assert_int_equal(webhook_sign("secret\n", "a", 1, "{}", &header, &error), STATUS_INVALID);
    assert_null(strstr(error.message, "secret\n"));
    assert_int_equal(webhook_sign("whsec_c2hvcnQ=", "a", 1, "{}", &header, &error), STATUS_INVALID);
    assert_int_equal(webhook_sign("\n", "a", 1, "{}", &header, &error), STATUS_INVALID);
    text_deinit(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_checked),
        cmocka_unit_test_setup_teardown(processes_are_started_and_signalled, start, stop),
        cmocka_unit_test_setup_teardown(webhooks_are_signed_and_tried_again, start, stop),
        cmocka_unit_test_setup_teardown(private_addresses_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(chains_go_on_until_somebody_acknowledges, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
