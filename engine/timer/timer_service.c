/* See timer_service.h.
 *
 * Happy path: scan or commit → wheel → the loop's timer at the earliest due time → trigger command
 * → its unit of work deletes the row → done.
 * Failure modes: the queue is full or the database away (the timer goes back and is tried soon);
 * the step fails (the row stays with a later due time and the reason, until it is dead); the
 * instance is suspended (the row waits); a wall clock that jumps (the loop looks at it at least
 * every second); a full wheel (the rest is found by later scans). */
#include "engine/timer/timer_service.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/timer/message_sweep.h"
#include "engine/timer/script_job.h"
#include "engine/timer/wheel.h"

#include <string.h>
#include <uthash.h>

enum {
    SCAN_ROWS = 5000,
    SCAN_ARENA_BYTES = 16 * 1024 * 1024,
    SCAN_TIMEOUT_MS = 10000,
    SLEEP_MAX_MS = 1000, /* so that a jump of the clock is noticed */
    RETRY_SOON_MS = 50,
    RETRY_SOON_US = RETRY_SOON_MS * 1000,
    SUSPENDED_S = 10, /* until one whose instance is suspended is looked at again */
    FIRES_A_TURN = 512,
    /* A timer due so soon after it was armed belongs to the node that armed it: the others would
     * hear of it too late. At least two scans. */
    SHORT_US = 12 * 1000 * 1000,
    /* After that anybody takes it. */
    GRACE_US = 2 * 1000 * 1000,
    /* How long after nodes have come or gone the rule for short ones is not relied upon. */
    UNSETTLED_MS = SHORT_US / 1000,
};

/* A trigger command under way. */
struct firing {
    UT_hash_handle hh;
    struct timer_service *service;
    struct wheel_timer timer;
    struct command command;
};

/* One that has gone while a scan's question was under way: its answer may still have it. */
struct departed {
    UT_hash_handle hh;
    struct uuid id;
};

struct timer_service {
    struct timer_service_settings settings;
    struct command_queue *queue;
    struct wheel *wheel;
    struct firing *firings; /* by timer id */
    struct departed *departed;
    uv_timer_t sleep;
    uv_timer_t scan;
    struct arena *arena; /* of the scan that runs */
    bool scanning;
    bool first_scan;
    bool stopping;
    int64_t scan_due_us; /* where the running scan stands: (due, id) */
    struct uuid scan_id;
    bool scanning_jobs; /* after the timers */
    int64_t scan_until_us;
    uint32_t sweep_index; /* of the statement that delivers, in the sweep under way */
    uint32_t updates;     /* statements about failed firings under way */
    uint32_t handles;
    void (*on_stopped)(void *context);
    void *stopped_context;
};

static struct metric metrics[] = {
    {.name = "synergyflow_timer_lateness_seconds",
     .labels = "path=\"on_time\"",
     .help = "From a timer's due time to the commit of its effect",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_timer_lateness_seconds",
     .labels = "path=\"after_restart\"",
     .help = "From a timer's due time to the commit of its effect",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_timer_lateness_seconds",
     .labels = "path=\"taken_over\"",
     .help = "From a timer's due time to the commit of its effect",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_timers_gone_total",
     .help = "Firings that found nothing: another path had been faster",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_timers_in_memory",
     .help = "Timers held in the wheel",
     .type = METRIC_GAUGE},
    {.name = "synergyflow_timers_failed_total",
     .help = "Firings that failed and will be tried again",
     .type = METRIC_COUNTER},
};

enum { ON_TIME, AFTER_RESTART, TAKEN_OVER, GONE, IN_MEMORY, FAILED };

static void fire_due(struct timer_service *service);
static void begin_scan(struct timer_service *service);

/* Never later than the database's clock. */
static int64_t now_us(const struct timer_service *service)
{
    return database_clock_now_us(service->settings.clock);
}

/* ---- whose is it? ---- */

/* What an instance's timers are shared out by; a job that starts an instance stands for itself. */
static const struct uuid *share_key(const struct wheel_timer *timer)
{
    return uuid_is_zero(&timer->instance_id) ? &timer->id : &timer->instance_id;
}

static bool is_overdue(const struct timer_service *service, const struct wheel_timer *timer)
{
    return timer->promise_us + GRACE_US <= now_us(service);
}

/* A row that a scan has found. */
static bool is_mine(const struct timer_service *service, struct wheel_timer *timer,
                    int64_t armed_us)
{
    const struct nodes *nodes = service->settings.nodes;
    bool settled = !nodes_changed_within(nodes, UNSETTLED_MS);

    if (nodes_count(nodes) == 1 || is_overdue(service, timer)) {
        timer->taken_over = nodes_count(nodes) > 1 && !nodes_owns(nodes, share_key(timer));
        return true;
    }
    if (settled && timer->due_us - armed_us < SHORT_US)
        return false;
    timer->by_share = true;
    return nodes_owns(nodes, share_key(timer));
}

/* One that this node has armed itself. */
static bool stays_here(const struct timer_service *service, struct wheel_timer *timer)
{
    if (nodes_count(service->settings.nodes) == 1 || timer->due_us - now_us(service) < SHORT_US)
        return true;
    timer->by_share = true;
    return nodes_owns(service->settings.nodes, share_key(timer));
}

/* It was in this node's share when it came into the wheel, and is in another's now. */
static bool has_moved_on(const struct timer_service *service, const struct wheel_timer *timer)
{
    return timer->by_share && !is_overdue(service, timer) &&
           !nodes_owns(service->settings.nodes, share_key(timer));
}

/* ---- sleeping ---- */

static void on_sleep(uv_timer_t *timer)
{
    fire_due(timer->data);
}

static void sleep_ms(struct timer_service *service, uint64_t wait_ms)
{
    int result;

    /* libuv counts from the loop's cached time, so that is refreshed. */
    uv_update_time(service->settings.loop);
    result = uv_timer_start(&service->sleep, on_sleep, wait_ms, 0);
    INVARIANT(result == 0);
}

static void sleep_until_next(struct timer_service *service)
{
    int64_t due_us;
    int64_t wait_ms;

    metric_set(&metrics[IN_MEMORY], wheel_count(service->wheel));
    if (service->stopping || service->queue == NULL)
        return;
    if (!wheel_next(service->wheel, &due_us)) {
        (void)uv_timer_stop(&service->sleep);
        return;
    }
    /* Rounded up: never early. Never 0: libuv would come back before the loop's next turn, and with
     * a herd nothing else would ever happen. */
    wait_ms = (due_us - now_us(service) + 999) / 1000;
    if (wait_ms < 1)
        wait_ms = 1;
    if (wait_ms > SLEEP_MAX_MS)
        wait_ms = SLEEP_MAX_MS;
    sleep_ms(service, (uint64_t)wait_ms);
}

/* ---- firing ---- */

static void check_stopped(struct timer_service *service)
{
    void (*on_stopped)(void *context) = service->on_stopped;

    if (!service->stopping || on_stopped == NULL || HASH_COUNT(service->firings) > 0 ||
        service->scanning || service->updates > 0)
        return;
    service->on_stopped = NULL;
    on_stopped(service->stopped_context);
}

static void firing_free(struct firing *firing)
{
    HASH_DEL(firing->service->firings, firing);
    memory_free(firing);
}

/* A firing that failed: the row tells when it is tried again, and why. */
struct postponement {
    struct timer_service *service;
    struct arena *arena;
    struct wheel_timer timer;
};

static void on_postponed(void *context, struct pg_batch *batch, enum status status,
                         const struct error *error)
{
    struct postponement *postponement = context;
    struct timer_service *service = postponement->service;
    const struct pg_result *result;

    if (status != STATUS_OK) {
        log_error("timer.postpone", NULL, error);
    } else {
        result = pg_batch_result(batch, 0);
        if (pg_rows(result) == 1 && !pg_is_null(result, 0, 0)) {
            postponement->timer.due_us = pg_value_timestamp(result, 0, 0);
            postponement->timer.promise_us = postponement->timer.due_us;
            (void)wheel_add(service->wheel, &postponement->timer);
        }
    }
    arena_free(postponement->arena);
    memory_free(postponement);
    service->updates--;
    sleep_until_next(service);
    check_stopped(service);
}

/* The attempt that has failed is counted; past the last one of its cycle the row is dead. */
#define POSTPONE(table, reason)                                                              \
    "UPDATE synergyflow_workflows." table " t SET attempts = n.attempts, " reason " = $2,"   \
    " due_at = CASE WHEN n.dead THEN 'infinity' ELSE now() + n.pause END,"                   \
    " dead_at = CASE WHEN n.dead THEN now() END"                                             \
    " FROM (SELECT id, least(attempts + 1, 30000)::smallint AS attempts, CASE"               \
    "   WHEN retry_cycle ~ '^R[0-9]{1,4}/P[0-9.YMWDTHS]+$'"                                  \
    "    THEN attempts + 1 >= split_part(substr(retry_cycle, 2), '/', 1)::int"               \
    "   WHEN retry_cycle ~ '^P[0-9.YMWDTHS]+(, *P[0-9.YMWDTHS]+)*$'"                         \
    "    THEN attempts >= cardinality(string_to_array(retry_cycle, ','))"                    \
    "   ELSE attempts >= 2 END AS dead, CASE"                                                \
    "   WHEN retry_cycle ~ '^R[0-9]{1,4}/P[0-9.YMWDTHS]+$'"                                  \
    "    THEN split_part(retry_cycle, '/', 2)::interval"                                     \
    "   WHEN retry_cycle ~ '^P[0-9.YMWDTHS]+(, *P[0-9.YMWDTHS]+)*$'"                         \
    "    THEN (string_to_array(replace(retry_cycle, ' ', ''), ','))[attempts + 1]::interval" \
    "   ELSE interval '2 seconds' * power(2, least(attempts, 8)) END AS pause"               \
    "   FROM synergyflow_workflows." table " WHERE id = $1) n WHERE t.id = n.id"             \
    " RETURNING CASE WHEN t.dead_at IS NULL THEN t.due_at END"
#define WAIT_FOR_ACTIVATION(table, reason)                        \
    "UPDATE synergyflow_workflows." table " SET " reason " = $2," \
    " due_at = now() + $3 * interval '1 second' WHERE id = $1 RETURNING due_at"

static void add_postpone(const struct wheel_timer *timer, bool suspended, const char *reason,
                         struct pg_batch *batch)
{
    static const struct pg_statement statements[2][2] = {
        {{"timer_postpone", POSTPONE("timer", "last_error")},
         {"timer_wait", WAIT_FOR_ACTIVATION("timer", "last_error")}},
        {{"timer_postpone_job", POSTPONE("job", "error_message")},
         {"timer_wait_job", WAIT_FOR_ACTIVATION("job", "error_message")}},
    };
    struct pg_call *call = pg_batch_add(batch, &statements[timer->kind][suspended]);

    pg_uuid(call, &timer->id);
    pg_text(call, reason);
    if (suspended)
        pg_int8(call, SUSPENDED_S);
}

static void postpone(struct timer_service *service, const struct wheel_timer *timer, bool suspended,
                     const struct error *error)
{
    struct postponement *postponement = memory_zero(1, sizeof(*postponement));
    struct pg_batch *batch;

    metric_add(&metrics[FAILED], 1);
    postponement->service = service;
    postponement->arena = arena_new(SCAN_ARENA_BYTES);
    postponement->timer = *timer;
    batch = pg_batch_new(postponement->arena);
    add_postpone(timer, suspended, error->message, batch);
    service->updates++;
    pg_query(service->settings.pool, batch, SCAN_TIMEOUT_MS, on_postponed, postponement);
}

static void retry_soon(struct timer_service *service, struct wheel_timer timer)
{
    timer.due_us = now_us(service) + RETRY_SOON_US;
    (void)wheel_add(service->wheel, &timer);
}

static void note_departed(struct timer_service *service, const struct uuid *id)
{
    struct departed *departed = NULL;

    if (!service->scanning)
        return;
    HASH_FIND(hh, service->departed, id, sizeof(*id), departed);
    if (departed != NULL)
        return;
    departed = memory_zero(1, sizeof(*departed));
    departed->id = *id;
    HASH_ADD(hh, service->departed, id, sizeof(departed->id), departed);
}

static bool has_departed(const struct timer_service *service, const struct uuid *id)
{
    struct departed *departed = NULL;

    HASH_FIND(hh, service->departed, id, sizeof(*id), departed);
    return departed != NULL;
}

static void forget_departed(struct timer_service *service)
{
    struct departed *departed;
    struct departed *next;

    HASH_ITER(hh, service->departed, departed, next)
    {
        HASH_DEL(service->departed, departed);
        memory_free(departed);
    }
}

static void settle(struct firing *firing, enum status status, const struct error *error)
{
    struct timer_service *service = firing->service;
    struct wheel_timer timer = firing->timer;

    firing_free(firing);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        note_departed(service, &timer.id);
    switch (status) {
    case STATUS_OK:
        if (timer.kind == WHEEL_TIMER)
            metric_observe(&metrics[timer.after_restart ? AFTER_RESTART
                                    : timer.taken_over  ? TAKEN_OVER
                                                        : ON_TIME],
                           (double)(now_us(service) - timer.promise_us) / 1e6);
        break;
    case STATUS_NOT_FOUND:
        metric_add(&metrics[GONE], 1); /* another path won; the row went with it */
        break;
    case STATUS_BUSY:
    case STATUS_UNAVAILABLE:
        retry_soon(service, timer);
        break;
    case STATUS_CONFLICT:
        if (timer.kind == WHEEL_TIMER && now_us(service) < timer.due_us)
            (void)wheel_add(service->wheel, &timer); /* the database's clock was set back */
        else
            postpone(service, &timer, true, error);
        break;
    default:
        postpone(service, &timer, false, error);
        break;
    }
    if (!service->stopping)
        fire_due(service);
    check_stopped(service);
}

static void on_script_done(void *context, enum status status, const struct error *error)
{
    settle(context, status, error);
}

static void on_fired(struct command *command, enum status status, const struct error *error)
{
    struct firing *firing = command->context;
    struct error own;

    if (status == STATUS_OK && command->result->script != NULL) {
        status = script_job_run(firing->service->settings.scripts, firing->service->queue,
                                &firing->timer.id, command->result->script, on_script_done, firing,
                                &own);
        if (status == STATUS_OK)
            return; /* suspended: until on_script_done */
        error = &own;
    }
    settle(firing, status, error);
}

static void describe(struct firing *firing)
{
    struct command *command = &firing->command;

    command->kind = firing->timer.kind == WHEEL_JOB ? COMMAND_JOB : COMMAND_STEP;
    command->step = BPMN_TRIGGER_TIMER;
    command->address = firing->timer.kind == WHEEL_JOB ? ADDRESS_JOB : ADDRESS_TIMER;
    command->target = firing->timer.id;
    command->instance_id = firing->timer.instance_id;
    command->by_clock = firing->timer.by_clock;
    command->on_done = on_fired;
    command->context = firing;
}

static bool fire(struct timer_service *service, const struct wheel_timer *timer)
{
    struct firing *firing = memory_zero(1, sizeof(*firing));
    struct error error;

    firing->service = service;
    firing->timer = *timer;
    describe(firing);
    HASH_ADD(hh, service->firings, timer.id, sizeof(firing->timer.id), firing);
    if (command_submit(service->queue, &firing->command, &error) == STATUS_OK)
        return true;
    firing_free(firing);
    (void)wheel_add(service->wheel, timer); /* its place is free: it has just left it */
    return false;
}

static void fire_due(struct timer_service *service)
{
    struct wheel_timer timer;
    int64_t until_us = now_us(service);

    if (service->stopping || service->queue == NULL)
        return;
    for (uint32_t fired = 0;
         fired < FIRES_A_TURN && HASH_COUNT(service->firings) < service->settings.in_flight_max &&
         wheel_pop(service->wheel, until_us, &timer);
         fired++) {
        if (has_moved_on(service, &timer))
            continue;
        if (!fire(service, &timer)) {
            /* The queue is full. All that are due wait, not only this one. */
            sleep_ms(service, RETRY_SOON_MS);
            return;
        }
    }
    /* With the limit in flight reached, the next answer goes on. */
    if (HASH_COUNT(service->firings) < service->settings.in_flight_max)
        sleep_until_next(service);
}

/* ---- the effects of commits ---- */

static bool is_firing(const struct timer_service *service, const struct uuid *id)
{
    struct firing *firing = NULL;

    HASH_FIND(hh, service->firings, id, sizeof(*id), firing);
    return firing != NULL;
}

static void armed(struct timer_service *service, struct wheel_timer *timer)
{
    int64_t next_us;
    bool is_earliest = !wheel_next(service->wheel, &next_us) || timer->due_us < next_us;

    if (timer->due_us > now_us(service) + (int64_t)service->settings.look_ahead_ms * 1000)
        return;
    if (!stays_here(service, timer))
        return;
    if (wheel_add(service->wheel, timer) && is_earliest)
        sleep_until_next(service);
}

void timer_service_armed(struct timer_service *service, const struct uuid *id,
                         const struct uuid *instance_id, int64_t due_us)
{
    struct wheel_timer timer = {
        .id = *id, .instance_id = *instance_id, .due_us = due_us, .promise_us = due_us};

    armed(service, &timer);
}

void timer_service_bound(struct timer_service *service, const struct uuid *id,
                         const struct uuid *instance_id, int64_t due_us)
{
    struct wheel_timer timer = {.id = *id,
                                .instance_id = *instance_id,
                                .due_us = due_us,
                                .promise_us = due_us,
                                .by_clock = true};

    (void)wheel_remove(service->wheel, id);
    armed(service, &timer);
}

void timer_service_job(struct timer_service *service, const struct uuid *id,
                       const struct uuid *instance_id, int64_t due_us)
{
    struct wheel_timer timer = {.id = *id,
                                .instance_id = *instance_id,
                                .due_us = due_us,
                                .promise_us = due_us,
                                .kind = WHEEL_JOB};

    armed(service, &timer);
}

void timer_service_removed(struct timer_service *service, const struct uuid *id, int64_t due_us)
{
    (void)due_us;
    (void)wheel_remove(service->wheel, id);
    note_departed(service, id);
}

/* ---- the backstop ---- */

static void on_scan(uv_timer_t *timer)
{
    begin_scan(timer->data);
}

static void end_scan(struct timer_service *service)
{
    int result;

    arena_free(service->arena);
    service->arena = NULL;
    service->scanning = false;
    forget_departed(service);
    if (!service->stopping) {
        service->first_scan = false;
        result = uv_timer_start(&service->scan, on_scan, service->settings.scan_interval_ms, 0);
        INVARIANT(result == 0);
        fire_due(service);
    }
    check_stopped(service);
}

static void scan_page(struct timer_service *service);

static void on_swept(void *context, struct pg_batch *batch, enum status status,
                     const struct error *error)
{
    struct timer_service *service = context;
    const struct pg_result *rows;

    if (status != STATUS_OK) {
        log_error("timer.sweep", NULL, error);
        end_scan(service);
        return;
    }
    rows = pg_batch_result(batch, service->sweep_index);
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct uuid id = pg_value_uuid(rows, row, 0);
        struct uuid instance_id = pg_value_uuid(rows, row, 1);

        timer_service_job(service, &id, &instance_id, pg_value_timestamp(rows, row, 2));
    }
    end_scan(service);
}

/* The last of a scan: messages that were kept. */
static void sweep(struct timer_service *service)
{
    struct pg_batch *batch;

    if (service->stopping) {
        end_scan(service);
        return;
    }
    arena_clear(service->arena);
    batch = pg_batch_new(service->arena);
    message_sweep_add(batch, now_us(service), &service->sweep_index);
    pg_query(service->settings.pool, batch, SCAN_TIMEOUT_MS, on_swept, service);
}

/* Another node has moved it: what the wheel holds is out of date. One that is tried again later
 * keeps its promise, by which it is recognised. */
static void forget_moved(struct timer_service *service, const struct wheel_timer *row)
{
    const struct wheel_timer *held = wheel_find(service->wheel, &row->id);

    if (held != NULL && held->promise_us != row->promise_us)
        (void)wheel_remove(service->wheel, &row->id);
}

static void on_page(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct timer_service *service = context;
    const struct pg_result *result;
    int64_t found_us = now_us(service);
    bool full = false;

    if (status != STATUS_OK) {
        log_error("timer.scan", NULL, error);
        end_scan(service);
        return;
    }
    result = pg_batch_result(batch, 0);
    for (uint32_t row = 0; row < pg_rows(result); row++) {
        struct wheel_timer timer = {.id = pg_value_uuid(result, row, 0),
                                    .due_us = pg_value_timestamp(result, row, 2),
                                    .by_clock = pg_value_bool(result, row, 4),
                                    .kind = service->scanning_jobs ? WHEEL_JOB : WHEEL_TIMER};

        if (!pg_is_null(result, row, 1))
            timer.instance_id = pg_value_uuid(result, row, 1);

        timer.promise_us = timer.due_us;
        timer.after_restart = service->first_scan && timer.due_us <= found_us;
        service->scan_due_us = timer.due_us;
        service->scan_id = timer.id;
        forget_moved(service, &timer);
        if (!is_firing(service, &timer.id) && wheel_find(service->wheel, &timer.id) == NULL &&
            !has_departed(service, &timer.id) &&
            is_mine(service, &timer, pg_value_timestamp(result, row, 3)))
            full = !wheel_add(service->wheel, &timer) || full;
    }
    if (pg_rows(result) == SCAN_ROWS && !full && !service->stopping) {
        arena_clear(service->arena);
        scan_page(service);
        fire_due(service);
        return;
    }
    if (!service->scanning_jobs && !service->stopping) {
        service->scanning_jobs = true;
        service->scan_due_us = 0;
        memset(&service->scan_id, 0, sizeof(service->scan_id));
        arena_clear(service->arena);
        scan_page(service);
        return;
    }
    sweep(service);
}

static void scan_page(struct timer_service *service)
{
    static const struct pg_statement statement = {
        "timer_scan",
        "SELECT id, instance_id, due_at, created_at, clock_target IS NOT NULL"
        " FROM synergyflow_workflows.timer WHERE due_at <= $1 AND (due_at, id) > ($2, $3)"
        " ORDER BY due_at, id LIMIT $4"};
    static const struct pg_statement jobs = {"timer_scan_jobs",
                                             "SELECT id, instance_id, due_at, created_at, false"
                                             " FROM synergyflow_workflows.job WHERE kind > 1 AND "
                                             "due_at <= $1 AND (due_at, id) > ($2, $3)"
                                             " ORDER BY due_at, id LIMIT $4"};
    struct pg_batch *batch = pg_batch_new(service->arena);
    struct pg_call *call = pg_batch_add(batch, service->scanning_jobs ? &jobs : &statement);

    pg_timestamp(call, service->scan_until_us);
    pg_timestamp(call, service->scan_due_us);
    pg_uuid(call, &service->scan_id);
    pg_int8(call, SCAN_ROWS);
    forget_departed(service);
    pg_query(service->settings.pool, batch, SCAN_TIMEOUT_MS, on_page, service);
}

static void begin_scan(struct timer_service *service)
{
    PRE(!service->scanning);
    service->scanning = true;
    service->scanning_jobs = false;
    service->arena = arena_new(SCAN_ARENA_BYTES);
    service->scan_due_us = 0; /* no timer is due before 1970 */
    memset(&service->scan_id, 0, sizeof(service->scan_id));
    service->scan_until_us = now_us(service) + (int64_t)service->settings.look_ahead_ms * 1000;
    scan_page(service);
}

/* ---- life ---- */

struct timer_service *timer_service_new(const struct timer_service_settings *settings)
{
    struct timer_service *service = memory_zero(1, sizeof(*service));
    int result;

    service->settings = *settings;
    service->wheel = wheel_new(settings->in_memory_max);
    service->first_scan = true;
    result = uv_timer_init(settings->loop, &service->sleep);
    INVARIANT(result == 0);
    result = uv_timer_init(settings->loop, &service->scan);
    INVARIANT(result == 0);
    service->sleep.data = service->scan.data = service;
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        metric_register(&metrics[i]);
    return service;
}

void timer_service_start(struct timer_service *service, struct command_queue *queue)
{
    PRE(service->queue == NULL);
    service->queue = queue;
    begin_scan(service);
}

void timer_service_look(struct timer_service *service)
{
    timer_service_nodes_changed(service);
}

void timer_service_nodes_changed(struct timer_service *service)
{
    if (service->stopping || service->queue == NULL || service->scanning)
        return; /* a scan that runs has begun to ask already; the next one is soon */
    (void)uv_timer_stop(&service->scan);
    begin_scan(service);
}

void timer_service_stop(struct timer_service *service, void (*on_stopped)(void *context),
                        void *context)
{
    PRE(!service->stopping);
    service->stopping = true;
    service->on_stopped = on_stopped;
    service->stopped_context = context;
    (void)uv_timer_stop(&service->sleep);
    (void)uv_timer_stop(&service->scan);
    check_stopped(service);
}

static void on_closed(uv_handle_t *handle)
{
    struct timer_service *service = handle->data;

    if (--service->handles > 0)
        return;
    wheel_free(service->wheel);
    memory_free(service);
}

void timer_service_free(struct timer_service *service)
{
    if (service == NULL)
        return;
    INVARIANT(HASH_COUNT(service->firings) == 0);
    service->handles = 2;
    uv_close((uv_handle_t *)&service->sleep, on_closed);
    uv_close((uv_handle_t *)&service->scan, on_closed);
}
