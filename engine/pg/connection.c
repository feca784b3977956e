/* One connection: opening and reopening it, one pipeline at a time, giving it back.
 *
 * Happy path
 *   - PQconnectStart and PQconnectPoll, driven by a watcher on the socket, then pipeline mode;
 *   - pg_run() queues the batch; what the socket does not take at once goes out when it is
 * writable;
 *   - readable: PQconsumeInput, read answers; at the Sync's answer on_done fires;
 *   - pg_release(): back to IDLE, with a ROLLBACK before that when a transaction is still open.
 *
 * Failure modes
 *   - connecting fails or takes too long: BACKING_OFF, then again;
 *   - lost while nobody has it: the same;
 *   - lost while leased: BROKEN; a running batch hears STATUS_UNAVAILABLE, later ones too, and the
 *     connection is reopened after pg_release();
 *   - the ROLLBACK fails: a fresh session is the surest rollback. */
#include "engine/pg/pool_private.h"

#include "bpmn/base/memory.h"

#include <string.h>

enum {
    BACK_OFF_FIRST_MS = 50,
    BACK_OFF_MAX_MS = 1000,
    CONNECT_LIMIT_MS = 5000, /* libpq's connect_timeout does not apply to non-blocking connects */
};

static const struct pg_statement rollback_statement = {.name = NULL, .sql = "ROLLBACK"};

static const struct {
    const char *name;
    unsigned moves;
} state_table[] = {
#define CONNECTION_ROW(state, to) [CONNECTION_##state] = {#state, to},
    CONNECTION_STATES(CONNECTION_ROW)
#undef CONNECTION_ROW
};

static void connection_on_poll(uv_poll_t *handle, int status, int events);
static void connection_lost(struct pg_connection *connection);

static bool state_is_open(enum connection_state state)
{
    return state == CONNECTION_IDLE || state == CONNECTION_LEASED || state == CONNECTION_RUNNING ||
           state == CONNECTION_ROLLING_BACK;
}

static bool state_is_leased(enum connection_state state)
{
    return state_is_open(state) && state != CONNECTION_IDLE;
}

/* The only writer of `state`. */
static void connection_move(struct pg_connection *connection, enum connection_state to)
{
    enum connection_state from = connection->state;
    struct pg_pool *pool = connection->pool;

    INVARIANT((state_table[from].moves & (1u << to)) != 0);
    INVARIANT(pool->states[from] > 0);
    pool->states[from]--;
    pool->states[to]++;
    connection->state = to;
    pg_pool_show_change((int)state_is_open(to) - (int)state_is_open(from),
                        (int)state_is_leased(to) - (int)state_is_leased(from));
    POST(IMPLIES(state_is_open(to), connection->libpq != NULL));
}

/* ---- the watcher ---- */

static void poll_on_closed(uv_handle_t *handle)
{
    struct pg_pool *pool = handle->data;

    memory_free(handle);
    pg_pool_handle_closed(pool);
}

static void poll_close(struct pg_connection *connection)
{
    if (connection->poll == NULL)
        return;
    connection->poll->data = connection->pool;
    uv_close((uv_handle_t *)connection->poll, poll_on_closed);
    connection->poll = NULL;
    connection->poll_events = 0;
}

/* Stopped before libpq may close the socket under it: the number of a closed socket is soon
 * another's. */
static void poll_stop(struct pg_connection *connection)
{
    if (connection->poll != NULL && connection->poll_events != 0) {
        uv_poll_stop(connection->poll);
        connection->poll_events = 0;
    }
}

/* False when the socket cannot be watched. */
static bool poll_watch(struct pg_connection *connection, int events)
{
    int fd = PQsocket(connection->libpq);

    if (connection->poll != NULL && connection->poll_fd != fd)
        poll_close(connection);
    if (connection->poll == NULL) {
        uv_poll_t *poll = memory_zero(1, sizeof(*poll));

        if (fd < 0 || uv_poll_init(connection->pool->loop, poll, fd) != 0) {
            memory_free(poll);
            return false;
        }
        connection->pool->handles++;
        connection->poll = poll;
        connection->poll_fd = fd;
        connection->poll_events = 0;
        poll->data = connection;
    }
    if (connection->poll_events == events)
        return true;
    connection->poll_events = events;
    return uv_poll_start(connection->poll, events, connection_on_poll) == 0;
}

/* ---- opening ---- */

/* Whatever is left of the session goes. */
static void session_end(struct pg_connection *connection)
{
    poll_stop(connection);
    poll_close(connection);
    uv_timer_stop(&connection->timer);
    PQfinish(connection->libpq);
    connection->libpq = NULL;
    connection->stale = false;
    if (connection->prepared != NULL)
        pg_prepared_clear(connection->prepared);
}

static void back_off_over(uv_timer_t *timer)
{
    struct pg_connection *connection = timer->data;

    pg_connection_open(connection);
}

static void connection_back_off(struct pg_connection *connection)
{
    session_end(connection);
    if (connection->pool->closing) {
        connection_move(connection, CONNECTION_CLOSED);
        return;
    }
    connection_move(connection, CONNECTION_BACKING_OFF);
    uv_timer_start(&connection->timer, back_off_over, connection->back_off_ms, 0);
    connection->back_off_ms *= 2;
    if (connection->back_off_ms > BACK_OFF_MAX_MS)
        connection->back_off_ms = BACK_OFF_MAX_MS;
}

static void connect_failed(struct pg_connection *connection, const char *text)
{
    error_set(&connection->pool->connect_error, STATUS_UNAVAILABLE,
              "PostgreSQL cannot be reached: %s", text);
    connection_back_off(connection);
}

static void connect_limit_over(uv_timer_t *timer)
{
    connect_failed(timer->data, "it did not answer within 5 seconds");
}

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

static void connect_done(struct pg_connection *connection)
{
    uv_timer_stop(&connection->timer);
    if (PQsetnonblocking(connection->libpq, 1) != 0 ||
        PQenterPipelineMode(connection->libpq) != 1 || !poll_watch(connection, UV_READABLE)) {
        connect_failed(connection, "the new connection cannot be used without blocking");
        return;
    }
    connection->back_off_ms = BACK_OFF_FIRST_MS;
    error_clear(&connection->pool->connect_error);
    connection_move(connection, CONNECTION_IDLE);
    pg_pool_schedule(connection->pool);
}

static void connect_step(struct pg_connection *connection, PostgresPollingStatusType next)
{
    char text[ERROR_MESSAGE_MAX / 2];

    switch (next) {
    case PGRES_POLLING_OK:
        connect_done(connection);
        return;
    case PGRES_POLLING_READING:
        if (poll_watch(connection, UV_READABLE))
            return;
        break;
    case PGRES_POLLING_WRITING:
        if (poll_watch(connection, UV_WRITABLE))
            return;
        break;
    default:
        break;
    }
    pg_connection_text(connection->libpq, text, sizeof(text));
    connect_failed(connection, text);
}

/* libpq quotes the string at fault, which may hold a password. */
static bool conninfo_is_readable(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);

    if (options == NULL)
        return false;
    PQconninfoFree(options);
    return true;
}

void pg_connection_open(struct pg_connection *connection)
{
    /* The connection string is expanded in place; what follows it wins over what it says. */
    const char *const names[] = {"fallback_application_name", "dbname", "client_encoding", NULL};
    const char *const values[] = {"synergyflow", connection->pool->conninfo, "UTF8", NULL};
    char text[ERROR_MESSAGE_MAX / 2];

    connection_move(connection, CONNECTION_CONNECTING);
    if (!conninfo_is_readable(connection->pool->conninfo)) {
        connect_failed(connection, "the connection string is not in libpq's form");
        return;
    }
    connection->libpq = PQconnectStartParams(names, values, 1);
    if (connection->libpq == NULL) {
        connect_failed(connection, "out of memory");
        return;
    }
    (void)PQsetNoticeReceiver(connection->libpq, ignore_notice, NULL);
    if (PQstatus(connection->libpq) == CONNECTION_BAD) {
        pg_connection_text(connection->libpq, text, sizeof(text));
        connect_failed(connection, text);
        return;
    }
    uv_timer_start(&connection->timer, connect_limit_over, CONNECT_LIMIT_MS, 0);
    connect_step(connection, PGRES_POLLING_WRITING);
}

/* ---- running ---- */

/* Ends the run for its holder; a failure of the connection itself is in `pipeline` already. */
static void connection_finish(struct pg_connection *connection)
{
    struct pg_lease *lease = connection->lease;
    struct pg_batch *batch = connection->pipeline.batch;
    struct error error = connection->pipeline.error;
    enum status status = connection->pipeline.status;

    PRE(lease != NULL && batch != NULL);
    connection->pipeline.batch = NULL;
    connection->done_owed = false;
    lease->on_done(lease, batch, status, status == STATUS_OK ? NULL : &error);
}

void pg_connection_pay(struct pg_connection *connection)
{
    PRE(connection->done_owed && connection->state == CONNECTION_BROKEN);
    connection_finish(connection);
}

/* Decides what a lost connection means; `pipeline` tells why when something was running. */
static void connection_lost(struct pg_connection *connection)
{
    switch (connection->state) {
    case CONNECTION_RUNNING:
        if (connection->pipeline.status == STATUS_OK ||
            connection->pipeline.status == STATUS_FAILED)
            (void)pg_pipeline_break(&connection->pipeline);
        connection->done_owed = true;
        pg_pool_schedule(connection->pool);
        session_end(connection);
        connection_move(connection, CONNECTION_BROKEN);
        return;
    case CONNECTION_LEASED:
        session_end(connection);
        connection_move(connection, CONNECTION_BROKEN);
        return;
    case CONNECTION_IDLE:
    case CONNECTION_ROLLING_BACK:
        connection_back_off(connection);
        return;
    default:
        UNREACHABLE();
    }
}

/* Sends what libpq holds back; watches for room when the socket is full. */
static void connection_flush(struct pg_connection *connection)
{
    int left = PQflush(connection->libpq);

    /* A write error (-1) is told by the read that follows, with the server's reason if it gave one.
     */
    if (!poll_watch(connection, left == 1 ? UV_READABLE | UV_WRITABLE : UV_READABLE))
        connection_lost(connection);
}

static void start_pipeline(struct pg_connection *connection, struct pg_batch *batch)
{
    memset(&connection->pipeline, 0, sizeof(connection->pipeline));
    connection->pipeline.libpq = connection->libpq;
    connection->pipeline.prepared = connection->prepared;
    connection->pipeline.batch = batch;
    if (pg_pipeline_send(&connection->pipeline))
        connection_flush(connection);
    else
        connection_lost(connection);
}

static void pipeline_done(struct pg_connection *connection)
{
    if (connection->pipeline.session_stale)
        connection->stale = true;
    if (connection->state == CONNECTION_RUNNING) {
        connection_move(connection, CONNECTION_LEASED);
        connection_finish(connection);
        return;
    }
    INVARIANT(connection->state == CONNECTION_ROLLING_BACK);
    pg_batch_free_results(connection->rollback);
    if (connection->pipeline.status != STATUS_OK || connection->stale ||
        PQtransactionStatus(connection->libpq) != PQTRANS_IDLE) {
        connection_back_off(connection);
        return;
    }
    connection_move(connection, CONNECTION_IDLE);
    pg_pool_schedule(connection->pool);
}

static void connection_on_readable(struct pg_connection *connection)
{
    bool alive = PQconsumeInput(connection->libpq) == 1;

    if (connection->state != CONNECTION_RUNNING && connection->state != CONNECTION_ROLLING_BACK) {
        /* Nothing was asked: a notice, a changed setting, or the end of the session. */
        (void)PQisBusy(connection->libpq);
        if (!alive || PQstatus(connection->libpq) == CONNECTION_BAD ||
            !poll_watch(connection, UV_READABLE))
            connection_lost(connection);
        return;
    }
    /* Also when the connection is gone: the server's last words may have arrived before its end. */
    switch (pg_pipeline_read(&connection->pipeline)) {
    case PROGRESS_WAITING:
        if (alive)
            connection_flush(connection);
        else
            connection_lost(connection);
        return;
    case PROGRESS_DONE:
        pipeline_done(connection);
        return;
    case PROGRESS_LOST:
        connection_lost(connection);
        return;
    }
}

static void connection_on_poll(uv_poll_t *handle, int status, int events)
{
    struct pg_connection *connection = handle->data;

    (void)events;
    if (connection->state == CONNECTION_CONNECTING) {
        poll_stop(connection);
        connect_step(connection, PQconnectPoll(connection->libpq));
        return;
    }
    /* An error on the descriptor stops the watcher; what it means shows when libpq reads. */
    if (status != 0)
        connection->poll_events = 0;
    connection_on_readable(connection);
}

void pg_run(struct pg_lease *lease, struct pg_batch *batch,
            void (*on_done)(struct pg_lease *lease, struct pg_batch *batch, enum status status,
                            const struct error *error))
{
    struct pg_connection *connection = lease->connection;

    PRE(connection != NULL && connection->lease == lease);
    PRE(connection->state == CONNECTION_LEASED ||
        (connection->state == CONNECTION_BROKEN && !connection->done_owed));
    lease->on_done = on_done;
    if (connection->state == CONNECTION_BROKEN) {
        pg_batch_reset(batch);
        connection->pipeline.batch = batch;
        connection->pipeline.status =
            error_set(&connection->pipeline.error, STATUS_UNAVAILABLE,
                      "the connection to PostgreSQL was lost before this batch was sent");
        connection->done_owed = true;
        pg_pool_schedule(connection->pool);
        return;
    }
    pg_pool_count_statements(pg_batch_count(batch));
    connection_move(connection, CONNECTION_RUNNING);
    start_pipeline(connection, batch);
}

bool pg_lease_is_lost(const struct pg_lease *lease)
{
    PRE(lease->connection != NULL && lease->connection->lease == lease);
    return lease->connection->state == CONNECTION_BROKEN;
}

void pg_release(struct pg_lease *lease)
{
    struct pg_connection *connection = lease->connection;

    PRE(connection != NULL && connection->lease == lease);
    PRE(connection->state == CONNECTION_LEASED ||
        (connection->state == CONNECTION_BROKEN && !connection->done_owed));
    lease->connection = NULL;
    connection->lease = NULL;
    pg_pool_schedule(connection->pool);
    if (connection->state == CONNECTION_BROKEN || connection->stale) {
        connection_back_off(connection);
        return;
    }
    switch (PQtransactionStatus(connection->libpq)) {
    case PQTRANS_IDLE:
        connection_move(connection, CONNECTION_IDLE);
        return;
    case PQTRANS_INTRANS:
    case PQTRANS_INERROR:
        connection_move(connection, CONNECTION_ROLLING_BACK);
        start_pipeline(connection, connection->rollback);
        return;
    default:
        connection_back_off(connection);
    }
}

/* ---- life ---- */

void pg_connection_init(struct pg_connection *connection, struct pg_pool *pool, bool prepares)
{
    int result;

    connection->pool = pool;
    connection->state = CONNECTION_CLOSED;
    connection->back_off_ms = BACK_OFF_FIRST_MS;
    connection->prepared = prepares ? pg_prepared_new() : NULL;
    connection->rollback = pg_batch_new(pool->arena);
    (void)pg_batch_add(connection->rollback, &rollback_statement);
    pool->states[CONNECTION_CLOSED]++;
    result = uv_timer_init(pool->loop, &connection->timer);
    INVARIANT(result == 0);
    connection->timer.data = connection;
    pool->handles++;
}

void pg_connection_lease(struct pg_connection *connection, struct pg_lease *lease)
{
    connection_move(connection, CONNECTION_LEASED);
    connection->lease = lease;
    lease->connection = connection;
}

void pg_connection_shut(struct pg_connection *connection)
{
    PRE(connection->pool->closing);
    switch (connection->state) {
    case CONNECTION_RUNNING:
        connection->pipeline.status = error_set(&connection->pipeline.error, STATUS_UNAVAILABLE,
                                                "the connections to PostgreSQL are being closed");
        connection_lost(connection);
        return;
    case CONNECTION_LEASED:
        connection_lost(connection);
        return;
    case CONNECTION_BROKEN:
    case CONNECTION_CLOSED:
        return;
    default:
        session_end(connection);
        connection_move(connection, CONNECTION_CLOSED);
    }
}

void pg_connection_deinit(struct pg_connection *connection)
{
    PRE(connection->state == CONNECTION_CLOSED && connection->libpq == NULL);
    pg_batch_free_results(connection->rollback);
    pg_prepared_free(connection->prepared);
}
