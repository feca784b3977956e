/* The pool: who waits, who gets a connection, and what has to be said later from the loop.
 *
 * Happy path
 *   - pg_acquire() puts the lease at the end of the line and schedules a turn;
 *   - the turn (a timer due at once) gives idle connections to the first in line;
 *   - pg_release() and every newly opened connection schedule another turn.
 *
 * Failure modes
 *   - too many wait: STATUS_BUSY at the next turn;
 *   - a deadline passes: STATUS_TIMEOUT, or STATUS_UNAVAILABLE with the reason when no connection
 * is up;
 *   - the pool closes: everyone in line hears STATUS_UNAVAILABLE; connections that are leased end
 * when they are released; after the last one the handles close and on_closed fires. */
#include "engine/pg/pool_private.h"

#include "bpmn/base/memory.h"
#include "engine/base/metrics.h"

static struct metric metric_open = {
    .name = "synergyflow_postgres_connections_open",
    .help = "Connections to PostgreSQL that are up.",
    .type = METRIC_GAUGE,
};
static struct metric metric_leased = {
    .name = "synergyflow_postgres_connections_leased",
    .help = "Connections to PostgreSQL that are in use.",
    .type = METRIC_GAUGE,
};
static struct metric metric_waiting = {
    .name = "synergyflow_postgres_leases_waiting",
    .help = "Operations that wait for a connection to PostgreSQL.",
    .type = METRIC_GAUGE,
};
static struct metric metric_statements = {
    .name = "synergyflow_postgres_statements_total",
    .help = "Statements sent to PostgreSQL.",
    .type = METRIC_COUNTER,
};

/* ---- the line ---- */

static void line_append(struct pg_pool *pool, struct pg_lease *lease)
{
    lease->waiting = true;
    lease->next = NULL;
    lease->previous = pool->waiting_last;
    if (pool->waiting_last != NULL)
        pool->waiting_last->next = lease;
    else
        pool->waiting_first = lease;
    pool->waiting_last = lease;
    pool->waiting_count++;
    metric_add(&metric_waiting, 1);
}

static void line_remove(struct pg_pool *pool, struct pg_lease *lease)
{
    PRE(lease->waiting && pool->waiting_count > 0);
    if (lease->previous != NULL)
        lease->previous->next = lease->next;
    else
        pool->waiting_first = lease->next;
    if (lease->next != NULL)
        lease->next->previous = lease->previous;
    else
        pool->waiting_last = lease->previous;
    lease->next = lease->previous = NULL;
    lease->waiting = false;
    pool->waiting_count--;
    metric_add(&metric_waiting, -1);
}

static void refused_append(struct pg_pool *pool, struct pg_lease *lease)
{
    lease->next = lease->previous = NULL;
    if (pool->refused_last != NULL)
        pool->refused_last->next = lease;
    else
        pool->refused_first = lease;
    pool->refused_last = lease;
}

/* ---- deadlines ---- */

static void on_deadline(uv_timer_t *timer);

static void watch_deadline(struct pg_pool *pool, uint64_t deadline_ms)
{
    uint64_t now_ms = uv_now(pool->loop);

    if (uv_is_active((uv_handle_t *)&pool->deadline) && pool->deadline_ms <= deadline_ms)
        return;
    pool->deadline_ms = deadline_ms;
    uv_timer_start(&pool->deadline, on_deadline, deadline_ms > now_ms ? deadline_ms - now_ms : 0,
                   0);
}

static void expire(struct pg_pool *pool, struct pg_lease *lease)
{
    struct error error;

    line_remove(pool, lease);
    if (pg_pool_open(pool) == 0 && pool->connect_error.status != STATUS_OK)
        error = pool->connect_error;
    else if (pg_pool_open(pool) == 0)
        error_set(&error, STATUS_UNAVAILABLE,
                  "PostgreSQL cannot be reached: no connection is open yet");
    else
        error_set(&error, STATUS_TIMEOUT,
                  "expected a free connection to PostgreSQL in time, but all %u were in use",
                  pool->connection_count);
    lease->on_ready(lease, error.status, &error);
}

/* Callbacks may change the line, so the search begins anew after each; time stands still meanwhile,
 * so a lease that comes in with no time left waits for the next round. */
static void on_deadline(uv_timer_t *timer)
{
    struct pg_pool *pool = timer->data;
    uint64_t now_ms = uv_now(pool->loop);
    uint64_t earliest_ms = UINT64_MAX;
    uint32_t rounds = pool->waiting_count;

    for (; rounds > 0; rounds--) {
        struct pg_lease *lease = pool->waiting_first;

        while (lease != NULL && lease->deadline_ms > now_ms)
            lease = lease->next;
        if (lease == NULL)
            break;
        expire(pool, lease);
    }
    for (struct pg_lease *lease = pool->waiting_first; lease != NULL; lease = lease->next) {
        if (lease->deadline_ms < earliest_ms)
            earliest_ms = lease->deadline_ms;
    }
    if (earliest_ms != UINT64_MAX && !pool->handles_closing)
        watch_deadline(pool, earliest_ms);
}

/* ---- the turn ---- */

static struct pg_connection *idle_connection(struct pg_pool *pool)
{
    if (pool->states[CONNECTION_IDLE] == 0)
        return NULL;
    for (uint32_t i = 0; i < pool->connection_count; i++) {
        if (pool->connections[i].state == CONNECTION_IDLE)
            return &pool->connections[i];
    }
    UNREACHABLE();
}

static void turn_pay(struct pg_pool *pool)
{
    for (uint32_t i = 0; i < pool->connection_count; i++) {
        if (pool->connections[i].done_owed)
            pg_connection_pay(&pool->connections[i]);
    }
}

static void turn_refuse(struct pg_pool *pool)
{
    struct pg_lease *lease = pool->refused_first;

    pool->refused_first = pool->refused_last = NULL;
    while (lease != NULL) {
        struct pg_lease *next = lease->next;
        struct error error;

        lease->next = NULL;
        error_set(&error, STATUS_BUSY,
                  "expected fewer than %u operations to wait for PostgreSQL, but that many do",
                  pool->waiting_max);
        lease->on_ready(lease, STATUS_BUSY, &error);
        lease = next;
    }
}

/* At most one lease for each connection, so that holders that come back at once do not keep the
 * loop from its other work. */
static void turn_serve(struct pg_pool *pool)
{
    for (uint32_t i = 0; i < pool->connection_count; i++) {
        struct pg_connection *connection = idle_connection(pool);
        struct pg_lease *lease = pool->waiting_first;

        if (connection == NULL || lease == NULL)
            return;
        line_remove(pool, lease);
        pg_connection_lease(connection, lease);
        lease->on_ready(lease, STATUS_OK, NULL);
    }
    if (pool->waiting_first != NULL && pool->states[CONNECTION_IDLE] > 0)
        pg_pool_schedule(pool);
}

static void turn_send_away(struct pg_pool *pool)
{
    for (uint32_t rounds = pool->waiting_count; rounds > 0; rounds--) {
        struct pg_lease *lease = pool->waiting_first;
        struct error error;

        line_remove(pool, lease);
        error_set(&error, STATUS_UNAVAILABLE, "the connections to PostgreSQL are being closed");
        lease->on_ready(lease, STATUS_UNAVAILABLE, &error);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    pg_pool_handle_closed(handle->data);
}

static void close_handles(struct pg_pool *pool)
{
    pool->handles_closing = true;
    uv_close((uv_handle_t *)&pool->turn, on_handle_closed);
    uv_close((uv_handle_t *)&pool->deadline, on_handle_closed);
    for (uint32_t i = 0; i < pool->connection_count; i++) {
        pool->connections[i].timer.data = pool;
        uv_close((uv_handle_t *)&pool->connections[i].timer, on_handle_closed);
    }
}

static void on_turn(uv_timer_t *timer)
{
    struct pg_pool *pool = timer->data;

    for (uint32_t i = 0; i < pool->connection_count && !pool->closing; i++) {
        if (pool->connections[i].state == CONNECTION_CLOSED)
            pg_connection_open(&pool->connections[i]);
    }
    turn_pay(pool);
    turn_refuse(pool);
    if (!pool->closing) {
        turn_serve(pool);
        return;
    }
    turn_send_away(pool);
    if (pool->waiting_first != NULL || pool->refused_first != NULL)
        pg_pool_schedule(pool);
    else if (pool->states[CONNECTION_CLOSED] == pool->connection_count)
        close_handles(pool);
}

void pg_pool_schedule(struct pg_pool *pool)
{
    if (!pool->handles_closing && !uv_is_active((uv_handle_t *)&pool->turn))
        uv_timer_start(&pool->turn, on_turn, 0, 0);
}

/* ---- metrics ---- */

void pg_pool_count_statements(uint32_t count)
{
    metric_add(&metric_statements, count);
}

void pg_pool_show_change(int open_change, int leased_change)
{
    if (open_change != 0)
        metric_add(&metric_open, open_change);
    if (leased_change != 0)
        metric_add(&metric_leased, leased_change);
}

/* ---- the pool itself ---- */

static void timer_init(struct pg_pool *pool, uv_timer_t *timer)
{
    int result = uv_timer_init(pool->loop, timer);

    INVARIANT(result == 0);
    timer->data = pool;
    pool->handles++;
}

struct pg_pool *pg_pool_new(uv_loop_t *loop, const struct pg_pool_settings *settings)
{
    struct pg_pool *pool = memory_zero(1, sizeof(*pool));

    PRE(settings->connections >= 1 && settings->connections <= PG_CONNECTIONS_MAX);
    metric_register(&metric_open);
    metric_register(&metric_leased);
    metric_register(&metric_waiting);
    metric_register(&metric_statements);
    pool->loop = loop;
    pool->conninfo = memory_copy(settings->conninfo);
    pool->waiting_max = settings->waiting_max;
    pool->arena = arena_new(PG_CONNECTIONS_MAX * 1024);
    pool->connection_count = settings->connections;
    pool->connections = memory_zero(settings->connections, sizeof(*pool->connections));
    timer_init(pool, &pool->turn);
    timer_init(pool, &pool->deadline);
    for (uint32_t i = 0; i < pool->connection_count; i++)
        pg_connection_init(&pool->connections[i], pool, settings->prepared_statements);
    pg_pool_schedule(pool);
    return pool;
}

void pg_pool_close(struct pg_pool *pool, void (*on_closed)(void *context), void *context)
{
    PRE(!pool->closing);
    pool->closing = true;
    pool->on_closed = on_closed;
    pool->closed_context = context;
    for (uint32_t i = 0; i < pool->connection_count; i++)
        pg_connection_shut(&pool->connections[i]);
    pg_pool_schedule(pool);
}

void pg_pool_handle_closed(struct pg_pool *pool)
{
    void (*on_closed)(void *context) = pool->on_closed;
    void *context = pool->closed_context;

    INVARIANT(pool->handles > 0);
    if (--pool->handles > 0)
        return;
    INVARIANT(pool->handles_closing);
    for (uint32_t i = 0; i < pool->connection_count; i++)
        pg_connection_deinit(&pool->connections[i]);
    arena_free(pool->arena);
    memory_free(pool->connections);
    memory_free(pool->conninfo);
    memory_free(pool);
    if (on_closed != NULL)
        on_closed(context);
}

void pg_acquire(struct pg_pool *pool, struct pg_lease *lease, uint32_t timeout_ms,
                void (*on_ready)(struct pg_lease *lease, enum status status,
                                 const struct error *error))
{
    PRE(!pool->handles_closing);
    lease->connection = NULL;
    lease->waiting = false;
    lease->on_ready = on_ready;
    lease->deadline_ms = uv_now(pool->loop) + timeout_ms;
    /* Those that idle connections will serve at the next turn do not wait. */
    if (pool->waiting_count >= pool->waiting_max + pool->states[CONNECTION_IDLE]) {
        refused_append(pool, lease);
    } else {
        line_append(pool, lease);
        watch_deadline(pool, lease->deadline_ms);
    }
    pg_pool_schedule(pool);
}

uint32_t pg_pool_open(const struct pg_pool *pool)
{
    return pool->states[CONNECTION_IDLE] + pg_pool_leased(pool);
}

uint32_t pg_pool_leased(const struct pg_pool *pool)
{
    return pool->states[CONNECTION_LEASED] + pool->states[CONNECTION_RUNNING] +
           pool->states[CONNECTION_ROLLING_BACK];
}

uint32_t pg_pool_waiting(const struct pg_pool *pool)
{
    return pool->waiting_count;
}
