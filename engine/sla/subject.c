/* PUT /api/v1/sla/subjects/{type}/{id}: the subject's fields have changed. One transaction: the
 * round (round.h) locks the subject, decides and stores; modules that own such subjects hear of it.
 */
#include "engine/outbox/outbox.h"
#include "engine/sla/private.h"
#include "engine/sla/round.h"
#include "engine/sla/settle.h"

#include <string.h>

struct change {
    struct pg_lease lease;
    struct sla_service *service;
    struct http_request *request;
    struct arena *arena; /* the request's */
    struct pg_batch *batch;
    struct sla_round *round;
    struct sla_subject_change given;
    json_t *body;
    struct module_event *events;
    uint32_t event_count;
    struct settling settling;
};

static const struct pg_statement begin = {"sla_begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
static const struct pg_statement commit = {"sla_commit", "COMMIT"};

/* ---- ways out ---- */

static void release(struct change *change)
{
    struct sla_service *service = change->service;

    sla_round_free(change->round);
    json_decref(change->body);
    for (uint32_t i = 0; i < change->event_count; i++)
        json_decref(change->events[i].payload);
    for (uint32_t i = 0; i < change->settling.event_count; i++)
        json_decref(change->settling.events[i].payload);
    service->working--;
    sla_service_ended(service);
}

/* The answer is the last thing: the request's memory goes with it. */
static void fail(struct change *change, const struct error *error)
{
    struct error copy = *error;

    if (change->lease.connection != NULL)
        pg_release(&change->lease);
    release(change);
    http_reply_error(change->request, &copy);
}

static json_t *describe_decision(const struct sla_decision *decision)
{
    json_t *looked = json_array();
    json_t *steps = json_array();
    json_t *problems = json_array();

    for (size_t i = 0; i < decision->candidate_count; i++) {
        const struct sla_candidate *candidate = &decision->candidates[i];

        (void)json_array_append_new(
            looked, json_pack("{s:s, s:I, s:b, s:s}", "policy", candidate->policy->id, "version",
                              (json_int_t)candidate->policy->version, "chosen", candidate->chosen,
                              "reason", candidate->reason));
    }
    for (size_t i = 0; i < decision->step_count; i++) {
        const struct sla_step *step = &decision->steps[i];

        (void)json_array_append_new(
            steps,
            json_pack("{s:s, s:s?, s:s}", "step", sla_step_name(step->kind), "target",
                      step->target != NULL ? step->target->name : NULL, "cause", step->why.cause));
    }
    for (size_t i = 0; i < decision->problem_count; i++)
        (void)json_array_append_new(problems, json_string(decision->problems[i]));
    return json_pack("{s:s?, s:o, s:o, s:o}", "policy",
                     decision->policy != NULL ? decision->policy->id : NULL, "considered", looked,
                     "steps", steps, "problems", problems);
}

static json_t *describe(const struct change *change)
{
    const json_t *fields = NULL;
    uint32_t count = 0;
    int64_t now_us = 0;
    const struct sla_row *rows = sla_round_rows(change->round, &count, &fields, &now_us);
    json_t *clocks = json_array();
    struct error error;

    for (uint32_t i = 0; i < count; i++) {
        json_t *one = NULL;

        if (sla_row_describe(sla_round_book(change->round), &rows[i], now_us, false, &one,
                             &error) == STATUS_OK)
            (void)json_array_append_new(clocks, one);
    }
    return json_pack("{s:s, s:s, s:O, s:o, s:o}", "subjectType", change->given.type, "subjectId",
                     change->given.id, "fields", fields, "why",
                     describe_decision(sla_round_decision(change->round)), "clocks", clocks);
}

/* ---- the second round trip: what was decided ---- */

static void on_stored(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct change *change = CONTAINER_OF(lease, struct change, lease);
    struct sla_service *service = change->service;
    json_t *answer;

    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        fail(change, error);
        return;
    }
    pg_release(lease);
    if (change->event_count + change->settling.event_count > 0 &&
        service->settings.on_published != NULL)
        service->settings.on_published(service->settings.context);
    sla_tell_moved(service, sla_round_moved(change->round));
    sla_round_tell(change->round);
    sla_due_look(service); /* there may be an earlier threshold now */
    answer = describe(change);
    release(change);
    http_reply_json(change->request, 200, answer);
}

/* The module that owns the subject, if any. */
static enum status settle(struct change *change, struct pg_batch *store, struct error *ret_error)
{
    const json_t *fields = NULL;
    uint32_t count = 0;
    int64_t now_us = 0;
    struct module_subject *subject = arena_alloc(change->arena, sizeof(*subject));

    (void)sla_round_rows(change->round, &count, &fields, &now_us);
    subject->type = change->given.type;
    subject->id = change->given.id;
    subject->correlation_id = change->given.correlation_id;
    sla_round_describe(change->round, subject->type, subject->id, subject);
    change->settling = (struct settling){.registry = change->service->settings.registry,
                                         .arena = change->arena,
                                         .ids = change->service->settings.ids,
                                         .now_us = now_us,
                                         .items = subject,
                                         .count = 1};
    return sla_settle(&change->settling, store, ret_error);
}

static void on_read(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct change *change = CONTAINER_OF(lease, struct change, lease);
    const struct sla_settings *settings = &change->service->settings;
    struct pg_batch *store = pg_batch_new(change->arena);
    struct error own;

    if (status == STATUS_OK) {
        status = sla_round_decide(change->round, batch, store, &own);
        change->events = sla_round_take_events(change->round, &change->event_count);
        if (status == STATUS_OK)
            status = settle(change, store, &own);
        error = &own;
    }
    pg_batch_free_results(batch);
    if (status != STATUS_OK) {
        fail(change, error);
        return;
    }
    if (change->event_count > 0)
        (void)outbox_add(store, settings->registry, change->events, change->event_count,
                         settings->ids);
    if (change->settling.event_count > 0)
        (void)outbox_add(store, settings->registry, change->settling.events,
                         change->settling.event_count, settings->ids);
    (void)pg_batch_add(store, &commit);
    pg_run(lease, store, on_stored); /* suspended: until on_stored */
}

static void on_ready(struct pg_lease *lease, enum status status, const struct error *error)
{
    struct change *change = CONTAINER_OF(lease, struct change, lease);

    if (status != STATUS_OK) {
        fail(change, error);
        return;
    }
    change->batch = pg_batch_new(change->arena);
    (void)pg_batch_add(change->batch, &begin);
    sla_round_read(change->round, change->batch);
    pg_run(lease, change->batch, on_read); /* suspended: until on_read */
}

/* ---- the request ---- */

static enum status read_request(struct change *change, struct error *ret_error)
{
    static const char *const known[] = {"fields", "actor", "cause", NULL};
    struct sla_subject_change *given = &change->given;
    const char *user = http_user(change->request);
    enum status status = http_json_object(change->request, false, &change->body, ret_error);

    if (status == STATUS_OK)
        status = json_only_fields(change->body, known, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(change->body, "actor", &given->actor, ret_error);
    if (status == STATUS_OK)
        status = json_field_text(change->body, "cause", &given->cause, ret_error);
    if (status != STATUS_OK)
        return status;
    given->fields = json_object_get(change->body, "fields");
    if (!json_is_object(given->fields))
        return error_set_field(ret_error, STATUS_INVALID, "fields",
                               "Expected 'fields' to be an object with the fields that changed.");
    if (given->actor == NULL)
        given->actor = user != NULL ? user : "";
    if (given->cause == NULL)
        given->cause = "";
    return sla_round_change(change->round, given, ret_error);
}

void sla_subject_route(void *context, struct http_request *request)
{
    struct sla_service *service = context;
    struct change *change = arena_alloc(http_arena(request), sizeof(*change));
    struct error error = {0};

    *change = (struct change){.service = service,
                              .request = request,
                              .arena = http_arena(request),
                              .given = {.type = http_param(request, "type"),
                                        .id = http_param(request, "id"),
                                        .correlation_id = http_correlation_id(request)}};
    if (sla_round_new(service, change->arena, &change->round, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    service->working++;
    if (read_request(change, &error) != STATUS_OK)
        fail(change, &error);
    else
        pg_acquire(service->settings.pool, &change->lease, SLA_TIMEOUT_MS, on_ready);
}
