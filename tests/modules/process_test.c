/* incident.bpmn on the pure core: it is accepted, and every way through it ends as drawn. */
#include "bpmn/base/text.h"
#include "bpmn/reader/reader.h"
#include "bpmn/step/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, HOUR = 3600 };

/* Ids in order. */
struct counting {
    struct uuid_source source;
    uint8_t next;
};

static void next_id(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct counting *counting = CONTAINER_OF(source, struct counting, source);

    memset(ret_uuid, 0, sizeof *ret_uuid);
    ret_uuid->bytes[15] = ++counting->next;
}

struct fixture {
    struct arena *arena;
    struct bpmn_document *document;
    struct bpmn_instance instance;
    struct bpmn_changes changes;
    struct counting ids;
    struct text route; /* the topics of the handlers that were called, in order */
    uint32_t read;     /* changes looked at so far */
    int64_t now_s;
};

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 20);

    assert_non_null(file);
    *ret_length = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void step(struct fixture *fixture, const struct bpmn_command *command);

/* What incidents.open and the others answer, cut down to what decides the course. */
static json_t *answer_of(const char *topic)
{
    if (strcmp(topic, "incidents.open") == 0)
        return json_pack("{s:s, s:s, s:n, s:s, s:s, s:s, s:s, s:s, s:s}", "incidentId", "INC-1",
                         "assignmentGroup", "network", "assignedTo", "sla50", "PT2H", "sla75",
                         "PT3H", "sla100", "PT4H", "closeAfter", "P3D", "outcome", "", "decision",
                         "");
    if (strcmp(topic, "incidents.reopen") == 0)
        return json_pack("{s:s, s:s, s:s, s:s}", "decision", "", "sla50", "PT2H", "sla75", "PT3H",
                         "sla100", "PT4H");
    return json_object();
}

/* Answers the handlers that the last step called, one after the other. */
static void answer_handlers(struct fixture *fixture)
{
    while (fixture->read < fixture->changes.count) {
        const struct bpmn_change *change = &fixture->changes.items[fixture->read++];

        if (change->kind != BPMN_CHANGE_HANDLER_CALLED)
            continue;
        json_t *variables = answer_of(change->name);
        struct bpmn_command command = {
            .kind = BPMN_HANDLER_RETURNED, .target = change->wait_id, .variables = variables};

        text_append_format(&fixture->route, "%s%s", fixture->route.length > 0 ? " " : "",
                           change->name);
        step(fixture, &command);
        json_decref(variables);
    }
}

static void step(struct fixture *fixture, const struct bpmn_command *command)
{
    struct bpmn_env env = {
        .now_us = fixture->now_s * 1000000, .ids = &fixture->ids.source, .arena = fixture->arena};
    struct error error;

    error_clear(&error);
    if (bpmn_step(&env, &fixture->instance, command, &fixture->changes, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    answer_handlers(fixture);
}

static int start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct bpmn_findings *findings = calloc(1, sizeof *findings);
    struct uuid id = {.bytes = {1}};
    struct error error;
    size_t length;
    char *bytes = read_file(SOURCE_FOLDER "/modules/incidents/processes/incident.bpmn", &length);

    error_clear(&error);
    fixture->arena = arena_new(ARENA_BYTES);
    fixture->ids.source.next = next_id;
    findings->arena = fixture->arena;
    if (bpmn_read(bytes, length, findings, &fixture->document, &error) != STATUS_OK)
        fail_msg("line %d, %s: %s", error.line, error.element_id, error.message);
    assert_int_equal(findings->count, 0); /* not even warnings */
    free(findings);
    free(bytes);
    assert_int_equal(fixture->document->model_count, 1);
    assert_string_equal(fixture->document->models[0].process_id, "incident");
    assert_true(fixture->document->models[0].has_diagram);
    bpmn_changes_init(&fixture->changes, fixture->arena);
    bpmn_instance_init(&fixture->instance, fixture->arena, &fixture->document->models[0], &id,
                       "incident:1:x", NULL);

    json_t *variables = json_pack("{s:s}", "title", "E-mail is down");
    struct bpmn_command command = {.kind = BPMN_START, .variables = variables};

    step(fixture, &command);
    json_decref(variables);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;

    bpmn_instance_clear(&fixture->instance);
    text_deinit(&fixture->route);
    bpmn_document_free(fixture->document);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

/* The wait at this element; fails the test when there is none. */
static struct bpmn_wait *wait_at(struct fixture *fixture, const char *element_id)
{
    for (uint32_t s = 0; s < fixture->instance.scope_count; s++) {
        struct bpmn_scope *scope = &fixture->instance.scopes[s];

        for (uint32_t t = 0; !scope->removed && t < scope->token_count; t++) {
            for (uint32_t w = 0; w < scope->tokens[t].wait_count; w++) {
                struct bpmn_wait *wait = &scope->tokens[t].waits[w];

                if (strcmp(fixture->instance.model->elements[wait->element].id, element_id) == 0)
                    return wait;
            }
        }
    }
    fail_msg("expected something to wait at %s", element_id);
    return NULL;
}

static void fire(struct fixture *fixture, const char *element_id, int64_t due_s)
{
    struct bpmn_wait *wait = wait_at(fixture, element_id);
    bool by_clock = wait->due_us == BPMN_TIMER_BY_CLOCK_US;
    struct bpmn_command command = {
        .kind = BPMN_TRIGGER_TIMER, .target = wait->id, .early = by_clock};

    /* Those of the time to resolve are due when the incident's clock says so. */
    if (strncmp(element_id, "sla_", 4) == 0)
        assert_true(by_clock);
    else
        assert_int_equal(wait->due_us / 1000000, due_s);
    fixture->now_s = due_s;
    step(fixture, &command);
}

static void complete_work(struct fixture *fixture, const char *outcome)
{
    json_t *variables = json_pack("{s:s}", "outcome", outcome);
    struct bpmn_command command = {
        .kind = BPMN_COMPLETE_TASK, .target = wait_at(fixture, "work")->id, .variables = variables};

    step(fixture, &command);
    json_decref(variables);
}

static void decide(struct fixture *fixture, const char *decision)
{
    json_t *variables = json_pack("{s:s}", "decision", decision);
    struct bpmn_command command = {
        .kind = BPMN_RECEIVE_MESSAGE, .name = "incident.decision", .variables = variables};

    step(fixture, &command);
    json_decref(variables);
}

static void assert_ended(struct fixture *fixture, const char *end_element_id, const char *route)
{
    assert_int_equal(fixture->instance.status, BPMN_INSTANCE_COMPLETED);
    assert_string_equal(fixture->instance.end_element_id, end_element_id);
    assert_string_equal(text_string(&fixture->route), route);
}

static void is_resolved_and_closed_by_the_caller(void **state)
{
    struct fixture *fixture = *state;

    complete_work(fixture, "resolve");
    decide(fixture, "close");
    assert_ended(fixture, "closed",
                 "incidents.open tasks.create incidents.resolve tasks.complete incidents.close");
}

static void closes_by_itself_when_nobody_objects(void **state)
{
    struct fixture *fixture = *state;

    fixture->now_s = HOUR;
    complete_work(fixture, "resolve");
    fire(fixture, "closure_timeout", HOUR + 72 * HOUR);
    assert_ended(fixture, "closed",
                 "incidents.open tasks.create incidents.resolve tasks.complete incidents.close");
}

static void escalates_at_each_threshold_and_work_goes_on(void **state)
{
    struct fixture *fixture = *state;

    fire(fixture, "sla_50", 2 * HOUR);
    fire(fixture, "sla_75", 3 * HOUR);
    fire(fixture, "sla_100", 4 * HOUR);
    complete_work(fixture, "resolve");
    decide(fixture, "close");
    assert_ended(fixture, "closed",
                 "incidents.open tasks.create incidents.escalate incidents.escalate "
                 "incidents.escalate incidents.resolve tasks.complete incidents.close");
}

static void a_reopened_incident_is_worked_on_again(void **state)
{
    struct fixture *fixture = *state;

    fixture->now_s = HOUR;
    complete_work(fixture, "resolve");
    fixture->now_s = 2 * HOUR;
    decide(fixture, "reopen");
    fire(fixture, "sla_50", 4 * HOUR); /* a new cycle */
    complete_work(fixture, "resolve");
    decide(fixture, "close");
    assert_ended(fixture, "closed",
                 "incidents.open tasks.create incidents.resolve tasks.complete incidents.reopen "
                 "tasks.create incidents.escalate incidents.resolve tasks.complete "
                 "incidents.close");
}

static void is_cancelled_while_open(void **state)
{
    struct fixture *fixture = *state;

    complete_work(fixture, "cancel");
    assert_ended(fixture, "cancelled",
                 "incidents.open tasks.create incidents.cancel tasks.complete");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_resolved_and_closed_by_the_caller, start, stop),
        cmocka_unit_test_setup_teardown(closes_by_itself_when_nobody_objects, start, stop),
        cmocka_unit_test_setup_teardown(escalates_at_each_threshold_and_work_goes_on, start, stop),
        cmocka_unit_test_setup_teardown(a_reopened_incident_is_worked_on_again, start, stop),
        cmocka_unit_test_setup_teardown(is_cancelled_while_open, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
