/* Clocks from rows and to rows, and as callers see them. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "engine/module.h"

#include <string.h>

const struct pg_statement sla_rows_of_subject = {
    "sla_rows_of_subject",
    "SELECT " SLA_ROW_COLUMNS " FROM synergyflow_workflows.sla_clock"
    " WHERE subject_type = $1 AND subject_id = $2 ORDER BY started_at, id FOR UPDATE"};
static const struct pg_statement insert_clock = {
    "sla_insert_clock",
    "INSERT INTO synergyflow_workflows.sla_clock (id, subject_type, subject_id, policy_id,"
    " policy_version, target, calendar, state, clock, started_at, closed_at, deadline_at,"
    " breached_at, next_due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
    " $14)"};
static const struct pg_statement update_clock = {
    "sla_update_clock",
    "UPDATE synergyflow_workflows.sla_clock SET subject_type = $2, subject_id = $3, policy_id = $4,"
    " policy_version = $5, target = $6, calendar = $7, state = $8, clock = $9, started_at = $10,"
    " closed_at = $11, deadline_at = $12, breached_at = $13, next_due_at = $14 WHERE id = $1"};
static const struct pg_statement update_derived = {
    "sla_update_derived",
    "UPDATE synergyflow_workflows.sla_clock c SET deadline_at = n.deadline_at,"
    " breached_at = n.breached_at, next_due_at = n.next_due_at FROM unnest($1::uuid[],"
    " $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) AS n (id, deadline_at, breached_at,"
    " next_due_at) WHERE c.id = n.id"};
static const struct pg_statement insert_firing = {
    "sla_insert_firing",
    "INSERT INTO synergyflow_workflows.sla_firing (id, clock_id, threshold, cycle, generation,"
    " due_at, fired_at, late_by_design, actions) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
/* A message to whoever waits with the subject's id as business key; it is kept for a day. */
static const struct pg_statement insert_message = {
    "sla_insert_message",
    "INSERT INTO synergyflow_workflows.message_buffer (id, name, business_key, variables,"
    " received_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5 + interval '1 day')"};

enum { COLUMN_ID, COLUMN_TYPE, COLUMN_CLOCK };

enum status sla_row_read(struct arena *arena, const struct pg_result *rows, uint32_t row,
                         struct sla_row *ret_row, struct error *ret_error)
{
    json_t *document = json_loads(pg_value_text(rows, row, COLUMN_CLOCK), 0, NULL);
    enum status status;

    *ret_row = (struct sla_row){.id = pg_value_uuid(rows, row, COLUMN_ID)};
    if (document == NULL ||
        !sla_subject_type_of(pg_value_text(rows, row, COLUMN_TYPE), &ret_row->type)) {
        json_decref(document);
        return error_set(ret_error, STATUS_INTERNAL, "A stored SLA clock cannot be read.");
    }
    status = sla_clock_read(arena, document, &ret_row->clock, ret_error);
    json_decref(document);
    return status;
}

/* ---- firing ---- */

static const struct sla_target *target_of(const struct sla_book *book,
                                          const struct sla_clock *clock)
{
    const struct sla_policy *policy =
        sla_book_policy(book, clock->policy_id, clock->policy_version);

    return policy != NULL ? sla_policy_target(policy, clock->target) : NULL;
}

static json_t *instant(int64_t us)
{
    char text[ISO8601_INSTANT_BYTES];

    return us == 0 || us == SLA_OPEN_US ? json_null()
                                        : json_string(iso8601_format_instant_us(us, text));
}

static json_t *describe_firing(const struct sla_row *row, const struct sla_threshold_due *due,
                               const struct sla_action *action, const struct sla_store *store)
{
    const struct sla_clock *clock = row->clock;
    json_t *payload = action->payload[0] != '\0' ? json_loads(action->payload, 0, NULL) : NULL;
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:b}", "clockId", clock->id,
        "subjectType", sla_subject_type_name(row->type), "subjectId", clock->subject_id, "policy",
        clock->policy_id, "policyVersion", (json_int_t)clock->policy_version, "target",
        clock->target, "threshold", due->threshold->id, "action", sla_action_name(action->kind),
        "what", action->what, "dueAt", instant(due->due_us), "firedAt", instant(store->now_us),
        "lateByDesign", due->late_by_design);

    if (action->kind == SLA_ACTION_RAISE_PRIORITY)
        (void)json_object_set_new(object, "by", json_integer(action->by));
    if (payload != NULL)
        (void)json_object_set_new(object, "payload", payload);
    return object;
}

static void publish(struct sla_store *store, const char *type, const struct sla_row *row,
                    json_t *payload)
{
    if (store->event_count == store->event_capacity) {
        uint32_t capacity = store->event_capacity == 0 ? 8 : 2 * store->event_capacity;

        store->events = arena_grow(store->arena, store->events, store->event_count, capacity,
                                   sizeof(*store->events));
        store->event_capacity = capacity;
    }
    store->events[store->event_count++] =
        (struct module_event){.id = uuid_next(store->service->settings.ids),
                              .type = type,
                              .aggregate_id = row->clock->subject_id,
                              .payload = payload,
                              .correlation_id = store->correlation_id,
                              .published_at_us = store->now_us};
}

static void send_message(struct sla_store *store, const struct sla_row *row,
                         const struct sla_action *action, json_t *facts)
{
    struct pg_call *call = pg_batch_add(store->batch, &insert_message);
    struct uuid id = uuid_next(store->service->settings.ids);
    json_t *variables = json_pack("{s:o}", "sla", facts);
    char *text = json_dumps(variables, JSON_COMPACT);

    INVARIANT(text != NULL);
    pg_uuid(call, &id);
    pg_text(call, action->what);
    pg_text(call, row->clock->subject_id);
    pg_jsonb(call, text);
    pg_timestamp(call, store->now_us);
    memory_free(text);
    json_decref(variables);
}

/* What each action does stands in its row: nobody has to guess later. */
static void act(struct sla_store *store, const struct sla_row *row,
                const struct sla_threshold_due *due, const struct sla_action *action,
                json_t *outcomes)
{
    json_t *facts = describe_firing(row, due, action, store);
    const char *outcome = "published";

    if (action->kind == SLA_ACTION_MESSAGE) {
        send_message(store, row, action, facts);
        outcome = "sent";
    } else {
        publish(store,
                action->kind == SLA_ACTION_EVENT ? arena_copy(store->arena, action->what)
                                                 : "sla.ActionRequested",
                row, facts);
    }
    (void)json_array_append_new(outcomes, json_pack("{s:s, s:s, s:s}", "action",
                                                    sla_action_name(action->kind), "what",
                                                    action->what, "outcome", outcome));
}

static enum status fire(struct sla_store *store, struct sla_row *row,
                        const struct sla_threshold_due *due, struct error *ret_error)
{
    struct uuid id = uuid_next(store->service->settings.ids);
    json_t *outcomes = json_array();
    struct pg_call *call;
    char *text;
    enum status status = sla_clock_fire(row->clock, due, store->now_us, ret_error);

    for (size_t i = 0; i < due->threshold->action_count && status == STATUS_OK; i++)
        act(store, row, due, &due->threshold->actions[i], outcomes);
    text = json_dumps(outcomes, JSON_COMPACT);
    INVARIANT(text != NULL);
    json_decref(outcomes);
    if (status == STATUS_OK) {
        call = pg_batch_add(store->batch, &insert_firing);
        pg_uuid(call, &id);
        pg_uuid(call, &row->id);
        pg_text(call, due->threshold->id);
        pg_int4(call, due->cycle);
        pg_int4(call, due->generation);
        pg_timestamp(call, due->due_us);
        pg_timestamp(call, store->now_us);
        pg_bool(call, due->late_by_design);
        pg_jsonb(call, text);
        row->changed = true;
    }
    memory_free(text);
    return status;
}

enum status sla_row_look(struct sla_store *store, struct sla_row *row, struct error *ret_error)
{
    const struct sla_target *target = target_of(store->book, row->clock);
    const struct sla_threshold_due *rows = NULL;
    struct sla_rating rating;
    enum status status = sla_book_rating(store->book, row->clock->calendar, &rating, ret_error);

    row->next_due_us = 0;
    if (status == STATUS_OK && target == NULL)
        status = error_set(ret_error, STATUS_INTERNAL,
                           "Expected version %lld of policy '%s' with the target '%s' but it is "
                           "gone.",
                           (long long)row->clock->policy_version, row->clock->policy_id,
                           row->clock->target);
    if (status == STATUS_OK)
        status = sla_clock_thresholds(store->arena, row->clock, target, &rating, store->now_us,
                                      &rows, ret_error);
    for (size_t i = 0; status == STATUS_OK && i < target->threshold_count; i++) {
        if (rows[i].state == SLA_THRESHOLD_DUE)
            status = fire(store, row, &rows[i], ret_error);
        else if (rows[i].state == SLA_THRESHOLD_WAITING && rows[i].has_due &&
                 (row->next_due_us == 0 || rows[i].due_us < row->next_due_us))
            row->next_due_us = rows[i].due_us;
    }
    return status == STATUS_OK
               ? sla_clock_figures(row->clock, &rating, store->now_us, &row->figures, ret_error)
               : status;
}

/* ---- to rows ---- */

static void timestamp_or_null(struct pg_call *call, int64_t us)
{
    if (us == 0 || us == SLA_OPEN_US)
        pg_null(call);
    else
        pg_timestamp(call, us);
}

void sla_row_store(struct sla_store *store, const struct sla_row *row)
{
    const struct sla_clock *clock = row->clock;
    const struct sla_figures *figures = &row->figures;
    struct pg_call *call = pg_batch_add(store->batch, row->is_new ? &insert_clock : &update_clock);
    json_t *document = sla_clock_write(clock);
    char *text = json_dumps(document, JSON_COMPACT);

    INVARIANT(text != NULL);
    json_decref(document);
    pg_uuid(call, &row->id);
    pg_text(call, sla_subject_type_name(row->type));
    pg_text(call, clock->subject_id);
    pg_text(call, clock->policy_id);
    pg_int8(call, clock->policy_version);
    pg_text(call, clock->target);
    pg_text(call, clock->calendar);
    pg_text(call, sla_clock_state_name(clock->state));
    pg_jsonb(call, text);
    pg_timestamp(call, figures->start_us);
    timestamp_or_null(call, sla_clock_is_open(clock) ? 0 : figures->end_us);
    timestamp_or_null(call, figures->deadline_floats ? 0 : figures->deadline_us);
    timestamp_or_null(call, figures->breached_at_us);
    timestamp_or_null(call, row->next_due_us);
    memory_free(text);
}

static void add_time_or_null(struct pg_array *array, int64_t us)
{
    if (us == 0 || us == SLA_OPEN_US)
        pg_add_null(array);
    else
        pg_add_timestamp(array, us);
}

void sla_rows_store_derived(struct sla_store *store, const struct sla_row *rows, uint32_t count)
{
    struct pg_call *call = NULL;
    struct pg_array *ids = NULL;
    struct pg_array *times[3] = {NULL};

    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].changed)
            continue;
        if (call == NULL) {
            call = pg_batch_add(store->batch, &update_derived);
            ids = pg_uuid_array(call);
            for (size_t t = 0; t < COUNT_OF(times); t++)
                times[t] = pg_timestamp_array(call);
        }
        pg_add_uuid(ids, &rows[i].id);
        add_time_or_null(times[0],
                         rows[i].figures.deadline_floats ? 0 : rows[i].figures.deadline_us);
        add_time_or_null(times[1], rows[i].figures.breached_at_us);
        add_time_or_null(times[2], rows[i].next_due_us);
    }
}

/* ---- as callers see them ---- */

static void put(json_t *object, const char *name, json_t *value)
{
    int result = json_object_set_new(object, name, value);

    INVARIANT(result == 0);
}

static json_t *seconds(int64_t us)
{
    return us % 1000000 == 0 ? json_integer(us / 1000000) : json_real((double)us / 1e6);
}

static json_t *describe_intervals(const struct sla_clock *clock)
{
    json_t *list = json_array();

    for (size_t i = 0; i < clock->interval_count; i++) {
        const struct sla_interval *interval = &clock->intervals[i];

        (void)json_array_append_new(
            list, json_pack("{s:s, s:i, s:o, s:o, s:s, s:s}", "state",
                            interval->running ? "running" : "paused", "cycle", (int)interval->cycle,
                            "from", instant(interval->from_us), "to", instant(interval->to_us),
                            "cause", interval->why.cause, "actor", interval->why.actor));
    }
    return list;
}

static json_t *describe_targets(const struct sla_clock *clock)
{
    json_t *list = json_array();

    for (size_t i = 0; i < clock->target_count; i++) {
        const struct sla_target_change *change = &clock->targets[i];
        char text[SLA_DURATION_BYTES];

        (void)json_array_append_new(
            list,
            json_pack("{s:o, s:s, s:I, s:s, s:s, s:s}", "at", instant(change->at_us), "policy",
                      change->policy_id, "policyVersion", (json_int_t)change->policy_version,
                      "duration", sla_duration_format(&change->duration, text), "cause",
                      change->why.cause, "actor", change->why.actor));
    }
    return list;
}

static enum status describe_thresholds(const struct sla_book *book, const struct sla_row *row,
                                       const struct sla_rating *rating, int64_t now_us,
                                       json_t *list, struct error *ret_error)
{
    static const char *const states[] = {"waiting", "due", "fired", "suppressed"};
    const struct sla_target *target = target_of(book, row->clock);
    const struct sla_threshold_due *rows = NULL;
    enum status status;

    if (target == NULL)
        return STATUS_OK;
    status = sla_clock_thresholds(row->clock->arena, row->clock, target, rating, now_us, &rows,
                                  ret_error);
    for (size_t i = 0; status == STATUS_OK && i < target->threshold_count; i++) {
        bool fired = rows[i].state == SLA_THRESHOLD_FIRED;

        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:b}", "id", rows[i].threshold->id, "state",
                            states[rows[i].state], "dueAt",
                            rows[i].has_due || fired ? instant(rows[i].due_us) : json_null(),
                            "firedAt", fired ? instant(rows[i].fired_us) : json_null(), "lateMs",
                            fired ? json_real((double)(rows[i].fired_us - rows[i].due_us) / 1e3)
                                  : json_null(),
                            "lateByDesign", rows[i].late_by_design));
    }
    return status;
}

static enum status describe_shares(const struct sla_row *row, const struct sla_rating *rating,
                                   int64_t now_us, json_t *object, struct error *ret_error)
{
    static const char *const names[] = {"byGroup", "byPerson", "byState"};
    enum status status = STATUS_OK;

    for (int dimension = SLA_BY_GROUP; dimension <= SLA_BY_STATE && status == STATUS_OK;
         dimension++) {
        const struct sla_share *shares = NULL;
        size_t count = 0;
        json_t *list = json_array();

        status = sla_clock_breakdown(row->clock->arena, row->clock, rating, now_us,
                                     (enum sla_dimension)dimension, &shares, &count, ret_error);
        for (size_t i = 0; i < count && status == STATUS_OK; i++)
            (void)json_array_append_new(
                list, json_pack("{s:s, s:o, s:o}", "name", shares[i].name, "elapsedSeconds",
                                seconds(shares[i].elapsed_us), "elapsedWallSeconds",
                                seconds(shares[i].elapsed_wall_us)));
        (void)json_object_set_new(object, names[dimension], list);
    }
    return status;
}

enum status sla_row_describe(const struct sla_book *book, const struct sla_row *row, int64_t now_us,
                             bool why, json_t **ret_object, struct error *ret_error)
{
    const struct sla_clock *clock = row->clock;
    struct sla_figures figures;
    struct sla_rating rating;
    json_t *object;
    json_t *thresholds = json_array();
    enum status status = sla_book_rating(book, clock->calendar, &rating, ret_error);

    if (status == STATUS_OK)
        status = sla_clock_figures(clock, &rating, now_us, &figures, ret_error);
    if (status == STATUS_OK)
        status = describe_thresholds(book, row, &rating, now_us, thresholds, ret_error);
    if (status != STATUS_OK) {
        json_decref(thresholds);
        return status;
    }
    object =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:i, s:o, s:o}", "id", clock->id,
                  "subjectType", sla_subject_type_name(row->type), "subjectId", clock->subject_id,
                  "policy", clock->policy_id, "policyVersion", (json_int_t)clock->policy_version,
                  "target", clock->target, "calendar", clock->calendar, "state",
                  sla_clock_state_name(figures.state), "cycle", (int)figures.cycle, "startedAt",
                  instant(figures.start_us), "closedAt", instant(figures.end_us));
    put(object, "targetSeconds", seconds(figures.target_us));
    put(object, "elapsedSeconds", seconds(figures.elapsed_us));
    put(object, "elapsedWallSeconds", seconds(figures.elapsed_wall_us));
    put(object, "pausedSeconds", seconds(figures.paused_us));
    put(object, "pausedWallSeconds", seconds(figures.paused_wall_us));
    put(object, "remainingSeconds", seconds(figures.remaining_us));
    put(object, "percent", json_real((double)figures.percent_thousandths / 1000.0));
    put(object, "deadline", instant(figures.deadline_us));
    put(object, "deadlineFloats", json_boolean(figures.deadline_floats));
    put(object, "originalDeadline", instant(figures.original_deadline_us));
    put(object, "breached", json_boolean(figures.breached));
    put(object, "breachedAt", figures.breached ? instant(figures.breached_at_us) : json_null());
    put(object, "overrunSeconds", seconds(figures.overrun_us));
    put(object, "thresholds", thresholds);
    if (why) {
        put(object, "intervals", describe_intervals(clock));
        put(object, "targets", describe_targets(clock));
        status = describe_shares(row, &rating, now_us, object, ret_error);
    }
    if (status == STATUS_OK)
        *ret_object = object;
    else
        json_decref(object);
    return status;
}
