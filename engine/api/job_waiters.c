/* Long polling: workers that asked for jobs when there were none.
 *
 * Happy path
 *   - job_waiters_add() puts a request to the end of its topic's line;
 *   - a commit that made jobs wakes: one statement tells which topics have free jobs and how many,
 *     one pipeline then locks jobs for the first in each of these lines, topics by turns;
 *   - who got some is answered; who got none stays where it was.
 * Failure modes
 *   - its time is over, or the client goes: the answer is an empty list;
 *   - the client goes while jobs are being locked for it: they are given back;
 *   - jobs that no commit of this node announces (a lock ran out, a retry's time has come, another
 *     node made them): one look a second, however many wait, and none when nobody does;
 *   - the database is away: the next look tries again.
 *
 *   RESTING ──wake──► LOOKING ──free jobs──► LOCKING ──somebody got some──► LOOKING
 *      ▲                 │ none                 │ nobody did
 *      └─────────────────┴──────────────────────┘ */
#include "engine/api/external_job.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"

#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

enum {
    WAITERS_MAX = 2000,     /* half of HTTP_CONNECTIONS_MAX: others have to be served too */
    WAITERS_SERVED = 64,    /* in one pipeline */
    WAITERS_LOOK_MS = 1000, /* for what no commit of this node announces */
    WAITERS_ARENA_BYTES = 64 * 1024 * 1024,
};

struct waiter {
    TAILQ_ENTRY(waiter) line;
    struct http_request *request; /* its arena holds this */
    const struct job_wish *wish;
    struct topic *topic;
    struct job_waiters *waiters;
    uint64_t until_ms;
    bool is_locking; /* part of the pipeline under way */
    bool is_gone;
};

struct topic {
    UT_hash_handle hh;
    TAILQ_ENTRY(topic) turn;
    TAILQ_HEAD(, waiter) line;
    struct waiter *next; /* the first not chosen yet, while choosing */
    int64_t free_jobs;
    char *name;
};

struct job_waiters {
    uv_timer_t timer;
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    TAILQ_HEAD(, topic) turns;
    struct topic *topics; /* by name */
    uint32_t count;
    uint32_t under_way; /* batches */
    struct arena *arena;
    struct pg_batch *batch;
    struct waiter *chosen[WAITERS_SERVED];
    uint32_t chosen_count;
    uint64_t look_ms;
    bool again; /* woken while a look was under way */
    bool draining;
    bool closing;
    bool closed;
};

static struct metric waiting = {
    .name = "synergyflow_workers_waiting",
    .help = "External workers whose request for jobs waits for some.",
    .type = METRIC_GAUGE,
};

static const struct pg_statement topics_statement = {
    "job_waiters_topics",
    "SELECT t.topic, n.free FROM unnest($1::text[]) AS t (topic) CROSS JOIN LATERAL ("
    "SELECT count(*) AS free FROM (SELECT 1 FROM synergyflow_workflows.job j"
    " WHERE j.kind = 1 AND j.topic = t.topic AND j.retries > 0"
    " AND (j.due_at IS NULL OR j.due_at <= $2)"
    " AND (j.lock_expires_at IS NULL OR j.lock_expires_at <= $2) LIMIT 1000) f) n"
    " WHERE n.free > 0"};
static const struct pg_statement give_back_statement = {
    "job_waiters_give_back",
    "UPDATE synergyflow_workflows.job SET lock_owner = NULL, lock_expires_at = NULL"
    " WHERE id = ANY ($1::uuid[]) AND lock_owner = $2"};

static void look(struct job_waiters *waiters);
static void rest(struct job_waiters *waiters);

struct job_waiters *job_waiters_new(uv_loop_t *loop, struct pg_pool *pool,
                                    struct definition_cache *definitions)
{
    struct job_waiters *waiters = memory_zero(1, sizeof(*waiters));

    waiters->loop = loop;
    waiters->pool = pool;
    waiters->definitions = definitions;
    TAILQ_INIT(&waiters->turns);
    (void)uv_timer_init(loop, &waiters->timer);
    waiters->timer.data = waiters;
    uv_unref((uv_handle_t *)&waiters->timer);
    metric_register(&waiting);
    return waiters;
}

/* ---- lines ---- */

static struct topic *topic_of(struct job_waiters *waiters, const char *name)
{
    struct topic *topic = NULL;

    HASH_FIND_STR(waiters->topics, name, topic);
    if (topic != NULL)
        return topic;
    topic = memory_zero(1, sizeof(*topic));
    topic->name = memory_copy(name);
    TAILQ_INIT(&topic->line);
    HASH_ADD_KEYPTR(hh, waiters->topics, topic->name, strlen(topic->name), topic);
    TAILQ_INSERT_TAIL(&waiters->turns, topic, turn);
    return topic;
}

static void leave_line(struct waiter *waiter)
{
    struct job_waiters *waiters = waiter->waiters;
    struct topic *topic = waiter->topic;

    TAILQ_REMOVE(&topic->line, waiter, line);
    waiters->count--;
    metric_add(&waiting, -1);
    if (!TAILQ_EMPTY(&topic->line))
        return;
    HASH_DEL(waiters->topics, topic);
    TAILQ_REMOVE(&waiters->turns, topic, turn);
    memory_free(topic->name);
    memory_free(topic);
}

/* Nothing came in time. The waiter is gone after this. */
static void answer_empty(struct waiter *waiter)
{
    struct http_request *request = waiter->request;

    leave_line(waiter);
    http_on_gone(request, NULL, NULL);
    http_reply_json(request, 200, json_array());
}

static void on_gone(void *context)
{
    struct waiter *waiter = context;

    if (waiter->is_locking)
        waiter->is_gone = true; /* suspended: until its jobs can be given back */
    else
        answer_empty(waiter);
}

bool job_waiters_add(struct job_waiters *waiters, struct http_request *request,
                     const struct job_wish *wish)
{
    struct waiter *waiter;

    PRE(wish->wait_ms > 0);
    if (waiters->count == WAITERS_MAX)
        return false;
    if (waiters->draining) {
        http_reply_json(request, 200, json_array());
        return true;
    }
    waiter = arena_alloc(http_arena(request), sizeof(*waiter));
    waiter->request = request;
    waiter->wish = wish;
    waiter->waiters = waiters;
    waiter->topic = topic_of(waiters, wish->topic);
    waiter->until_ms = uv_now(waiters->loop) + (uint64_t)wish->wait_ms;
    TAILQ_INSERT_TAIL(&waiter->topic->line, waiter, line);
    waiters->count++;
    metric_add(&waiting, 1);
    http_on_gone(request, on_gone, waiter);
    look(waiters);
    return true;
}

/* ---- time ---- */

static uint64_t first_end(const struct job_waiters *waiters)
{
    uint64_t first = UINT64_MAX;
    const struct topic *topic;
    const struct waiter *waiter;

    TAILQ_FOREACH (topic, &waiters->turns, turn) {
        TAILQ_FOREACH (waiter, &topic->line, line) {
            if (!waiter->is_locking && waiter->until_ms < first)
                first = waiter->until_ms;
        }
    }
    return first;
}

/* Answers those whose time is over; everybody with `until_ms` UINT64_MAX. */
static void end_until(struct job_waiters *waiters, uint64_t until_ms)
{
    struct topic *topic = TAILQ_FIRST(&waiters->turns);

    while (topic != NULL) {
        struct topic *next_topic = TAILQ_NEXT(topic, turn);
        struct waiter *waiter = TAILQ_FIRST(&topic->line);

        while (waiter != NULL) { /* the topic goes with its last waiter */
            struct waiter *next = TAILQ_NEXT(waiter, line);

            if (!waiter->is_locking && waiter->until_ms <= until_ms)
                answer_empty(waiter);
            waiter = next;
        }
        topic = next_topic;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct job_waiters *waiters = timer->data;
    uint64_t now_ms = uv_now(waiters->loop);

    end_until(waiters, now_ms);
    if (waiters->arena == NULL && now_ms >= waiters->look_ms + WAITERS_LOOK_MS)
        look(waiters);
    rest(waiters);
}

/* Sets the timer to what comes first: an end, or the next look. */
static void rest(struct job_waiters *waiters)
{
    uint64_t now_ms = uv_now(waiters->loop);
    uint64_t at_ms = waiters->look_ms + WAITERS_LOOK_MS;
    uint64_t end_ms = first_end(waiters);

    if (waiters->closing)
        return;
    if (waiters->count == 0) {
        (void)uv_timer_stop(&waiters->timer);
        return;
    }
    if (end_ms < at_ms || waiters->arena != NULL)
        at_ms = end_ms;
    if (at_ms == UINT64_MAX)
        return; /* the pipeline under way ends before anything else */
    (void)uv_timer_start(&waiters->timer, on_timer, at_ms > now_ms ? at_ms - now_ms : 1, 0);
}

/* ---- jobs that nobody is left for ---- */

struct give_back {
    struct job_waiters *waiters;
    struct arena *arena;
};

static void finish_close(struct job_waiters *waiters)
{
    if (waiters->closed && waiters->under_way == 0)
        memory_free(waiters);
}

static void on_given_back(void *context, struct pg_batch *batch, enum status status,
                          const struct error *error)
{
    struct give_back *back = context;
    struct job_waiters *waiters = back->waiters;

    (void)batch;
    (void)status; /* when it failed, the locks run out by themselves */
    (void)error;
    arena_free(back->arena);
    waiters->under_way--;
    if (waiters->closed)
        finish_close(waiters);
    else
        look(waiters);
}

static void give_back(struct job_waiters *waiters, const struct job_wish *wish,
                      const struct pg_result *rows)
{
    struct arena *arena = arena_new(WAITERS_ARENA_BYTES);
    struct give_back *back = arena_alloc(arena, sizeof(*back));
    struct pg_batch *batch = pg_batch_new(arena);
    struct pg_call *call = pg_batch_add(batch, &give_back_statement);
    struct pg_array *ids = pg_uuid_array(call);
    struct uuid id;

    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        if (uuid_parse(pg_value_text(rows, row, 0), &id))
            pg_add_uuid(ids, &id);
    }
    pg_text(call, wish->worker);
    back->waiters = waiters;
    back->arena = arena;
    waiters->under_way++;
    pg_query(waiters->pool, batch, API_QUERY_TIMEOUT_MS, on_given_back, back);
}

/* ---- locking ---- */

/* True when it got jobs; then the waiter is gone. */
static bool serve(struct job_waiters *waiters, struct waiter *waiter, const struct pg_result *rows)
{
    struct http_request *request = waiter->request;

    waiter->is_locking = false;
    if (waiter->is_gone) {
        if (pg_rows(rows) > 0)
            give_back(waiters, waiter->wish, rows);
        answer_empty(waiter);
        return pg_rows(rows) > 0;
    }
    if (pg_rows(rows) == 0) {
        if (waiters->draining)
            answer_empty(waiter);
        return false;
    }
    leave_line(waiter);
    http_on_gone(request, NULL, NULL);
    external_jobs_answer(waiters->definitions, request, rows);
    return true;
}

static void end_look(struct job_waiters *waiters, bool look_again)
{
    arena_free(waiters->arena);
    waiters->arena = NULL;
    if (waiters->closed) {
        finish_close(waiters);
        return;
    }
    if (look_again || waiters->again)
        look(waiters);
    rest(waiters);
}

static void on_locked(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct job_waiters *waiters = context;
    bool any = false;

    waiters->under_way--;
    for (uint32_t i = 0; i < waiters->chosen_count; i++) {
        struct waiter *waiter = waiters->chosen[i];

        if (status == STATUS_OK) {
            any = serve(waiters, waiter, pg_batch_result(batch, i)) || any;
            continue;
        }
        leave_line(waiter);
        http_on_gone(waiter->request, NULL, NULL);
        http_reply_error(waiter->request, error);
    }
    waiters->chosen_count = 0;
    end_look(waiters, any);
}

/* The next of a topic that has jobs left for it; NULL when there is none. */
static struct waiter *choose_next(struct topic *topic)
{
    struct waiter *waiter = topic->next;

    if (waiter == NULL || topic->free_jobs <= 0)
        return NULL;
    topic->free_jobs -= waiter->wish->count;
    topic->next = TAILQ_NEXT(waiter, line);
    return waiter;
}

/* First come, first served within a topic; topics by turns, and another one begins each time. */
static void choose(struct job_waiters *waiters)
{
    struct topic *topic = TAILQ_FIRST(&waiters->turns);
    bool any = true;

    while (any && waiters->chosen_count < WAITERS_SERVED) {
        any = false;
        TAILQ_FOREACH (topic, &waiters->turns, turn) {
            struct waiter *waiter =
                waiters->chosen_count < WAITERS_SERVED ? choose_next(topic) : NULL;

            if (waiter == NULL)
                continue;
            waiter->is_locking = true;
            waiters->chosen[waiters->chosen_count++] = waiter;
            any = true;
        }
    }
    topic = TAILQ_FIRST(&waiters->turns);
    if (topic != NULL) {
        TAILQ_REMOVE(&waiters->turns, topic, turn);
        TAILQ_INSERT_TAIL(&waiters->turns, topic, turn);
    }
}

static void lock_chosen(struct job_waiters *waiters)
{
    int64_t now_us = clock_wall_us();

    waiters->batch = pg_batch_new(waiters->arena);
    for (uint32_t i = 0; i < waiters->chosen_count; i++) {
        struct error error;
        enum status status =
            external_job_lock(waiters->batch, waiters->chosen[i]->wish, now_us, &error);

        INVARIANT(status == STATUS_OK); /* checked when it was asked for */
    }
    waiters->under_way++;
    pg_query(waiters->pool, waiters->batch, API_QUERY_TIMEOUT_MS, on_locked, waiters);
    /* suspended: until the jobs are locked */
}

/* ---- looking ---- */

static void on_looked(void *context, struct pg_batch *batch, enum status status,
                      const struct error *error)
{
    struct job_waiters *waiters = context;
    const struct pg_result *rows;
    struct topic *topic;

    (void)error; /* the database is away: the next look will see */
    waiters->under_way--;
    if (status == STATUS_OK && !waiters->draining) {
        rows = pg_batch_result(batch, 0);
        TAILQ_FOREACH (topic, &waiters->turns, turn) {
            topic->next = TAILQ_FIRST(&topic->line);
            topic->free_jobs = 0;
        }
        for (uint32_t row = 0; row < pg_rows(rows); row++) {
            HASH_FIND_STR(waiters->topics, pg_value_text(rows, row, 0), topic);
            if (topic != NULL)
                topic->free_jobs = pg_value_int(rows, row, 1);
        }
        choose(waiters);
    }
    if (waiters->chosen_count > 0)
        lock_chosen(waiters);
    else
        end_look(waiters, false);
}

static void look(struct job_waiters *waiters)
{
    struct pg_call *call;
    struct pg_array *names;
    const struct topic *topic;

    waiters->again = waiters->arena != NULL;
    if (waiters->arena != NULL || waiters->count == 0 || waiters->draining)
        return;
    waiters->arena = arena_new(WAITERS_ARENA_BYTES);
    waiters->look_ms = uv_now(waiters->loop);
    waiters->batch = pg_batch_new(waiters->arena);
    call = pg_batch_add(waiters->batch, &topics_statement);
    names = pg_text_array(call);
    TAILQ_FOREACH (topic, &waiters->turns, turn)
        pg_add_text(names, topic->name);
    pg_timestamp(call, clock_wall_us());
    waiters->under_way++;
    pg_query(waiters->pool, waiters->batch, API_QUERY_TIMEOUT_MS, on_looked, waiters);
    rest(waiters);
    /* suspended: until it is known which topics have jobs */
}

void job_waiters_wake(struct job_waiters *waiters)
{
    if (waiters != NULL)
        look(waiters);
}

/* ---- end ---- */

void job_waiters_drain(struct job_waiters *waiters)
{
    waiters->draining = true;
    end_until(waiters, UINT64_MAX);
}

static void on_closed(uv_handle_t *handle)
{
    struct job_waiters *waiters = handle->data;

    waiters->closed = true;
    finish_close(waiters);
}

void job_waiters_close(struct job_waiters *waiters)
{
    if (waiters == NULL)
        return;
    PRE(waiters->count == 0);
    waiters->draining = waiters->closing = true;
    uv_close((uv_handle_t *)&waiters->timer, on_closed);
}
