/* The pool of worker processes.
 *
 * Happy path
 *   - submit copies the request into a frame, queues it and arms `kick`, a timer of zero.
 *   - kick gives each waiting request to an idle worker, and starts workers while there may be
 * more; one is idle when it has said that it is ready.
 *   - the worker's reply arrives: on_done, and the worker takes the next request.
 * Failure modes
 *   - the wall limit: the worker is killed; its exit answers the request with STATUS_TIMEOUT.
 *   - the worker ends by itself: the exit answers with STATUS_FAILED.
 *   - the reply is no reply: the worker is killed, STATUS_FAILED.
 *   - no process can be started, or it ends before it is ready, or takes too long to be: the first
 *     waiting request gets STATUS_UNAVAILABLE, so that nobody waits for ever.
 *   - close: every request is answered with STATUS_UNAVAILABLE by the next kick, the workers are
 *     killed, and on_closed fires when their handles are closed.
 *
 *   FREE ──start──► STARTING ──ready──► IDLE ──request──► BUSY
 *    ▲                  │                │ ▲                │ │
 *    │                  │                │ └─────reply──────┘ │
 *    └──────────────────┴─────ended──────┴────────────────────┘ */
#include "engine/script/script_pool.h"

#include "bpmn/base/memory.h"
#include "engine/script/frame.h"

#include <signal.h>
#include <string.h>

enum {
    WORKERS_MAX = 2,
    QUEUE_MAX = 1000,
    WALL_MS = 5000,
    START_MS = 30000, /* a worker that is not ready by then never will be */
    MEMORY_BYTES = 64 * 1024 * 1024,
    READ_BYTES = 64 * 1024,
    HANDLES = 4, /* of a worker: process, two pipes, timer */
    RESULT_ARENA_BYTES = 1024 * 1024,
    ALARM_SLACK_SECONDS = 5, /* how long after the pool's own kill the worker ends itself */
};

enum worker_state { WORKER_FREE, WORKER_STARTING, WORKER_IDLE, WORKER_BUSY, WORKER_ENDING };

struct worker {
    struct script_pool *pool;
    enum worker_state state;
    struct script_request *request; /* that it runs; NULL also when that was cancelled */
    bool timed_out;
    bool broken; /* its answer was none */
    uv_process_t process;
    uv_pipe_t input;
    uv_pipe_t output;
    uv_timer_t wall;
    uv_write_t write;
    char *frame; /* being written */
    struct text reply;
    unsigned open_handles;
    char bytes[READ_BYTES];
};

struct script_pool {
    uv_loop_t *loop;
    uv_timer_t kick;
    char *program;
    char *argument;
    unsigned workers_max;
    unsigned queue_max;
    int64_t wall_ms;
    size_t memory_bytes;
    struct worker *workers;
    struct script_request *first;
    struct script_request **last;
    struct script_pool_counts counts;
    bool closing;
    bool kick_closed;
    void (*on_closed)(void *context);
    void *closed_context;
};

static void on_kick(uv_timer_t *timer);

static void kick(struct script_pool *pool)
{
    if (!pool->kick_closed)
        (void)uv_timer_start(&pool->kick, on_kick, 0, 0);
}

struct script_pool *script_pool_new(uv_loop_t *loop, const struct script_pool_options *options)
{
    struct script_pool *pool = memory_zero(1, sizeof(*pool));

    pool->loop = loop;
    pool->program = memory_copy(options->program != NULL ? options->program : "/proc/self/exe");
    pool->argument = memory_copy(options->argument != NULL ? options->argument : "script-worker");
    pool->workers_max = options->workers_max > 0 ? options->workers_max : WORKERS_MAX;
    pool->queue_max = options->queue_max > 0 ? options->queue_max : QUEUE_MAX;
    pool->wall_ms = options->wall_ms > 0 ? options->wall_ms : WALL_MS;
    pool->memory_bytes = options->memory_bytes > 0 ? options->memory_bytes : MEMORY_BYTES;
    pool->workers = memory_zero(pool->workers_max, sizeof(*pool->workers));
    for (unsigned i = 0; i < pool->workers_max; i++)
        pool->workers[i].pool = pool;
    pool->last = &pool->first;
    (void)uv_timer_init(loop, &pool->kick);
    pool->kick.data = pool;
    return pool;
}

/* Answers a request that the pool no longer holds. */
static void finish(struct script_pool *pool, struct script_request *request, enum status status,
                   const struct script_result *result, const struct error *error)
{
    pool->counts.done++;
    request->on_done(request, status, status == STATUS_OK ? result : NULL,
                     status == STATUS_OK ? NULL : error);
}

static void drop_frame(struct script_request *request)
{
    memory_free(request->frame);
    request->frame = NULL;
}

static struct script_request *take_first(struct script_pool *pool)
{
    struct script_request *request = pool->first;

    pool->first = request->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    request->next = NULL;
    pool->counts.waiting--;
    return request;
}

/* For want of a worker. */
static void refuse_first(struct script_pool *pool, const struct error *error)
{
    struct script_request *request = take_first(pool);

    drop_frame(request);
    finish(pool, request, error->status, NULL, error);
}

static void maybe_closed(struct script_pool *pool)
{
    if (!pool->kick_closed || pool->counts.workers > 0)
        return;
    for (unsigned i = 0; i < pool->workers_max; i++)
        text_deinit(&pool->workers[i].reply);
    if (pool->on_closed != NULL)
        pool->on_closed(pool->closed_context);
    memory_free(pool->workers);
    memory_free(pool->program);
    memory_free(pool->argument);
    memory_free(pool);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct worker *worker = handle->data;
    struct script_pool *pool = worker->pool;

    if (--worker->open_handles > 0)
        return;
    memory_free(worker->frame);
    worker->frame = NULL;
    worker->state = WORKER_FREE;
    pool->counts.workers--;
    if (pool->closing)
        maybe_closed(pool);
    else
        kick(pool);
}

static void close_handles(struct worker *worker)
{
    worker->state = WORKER_ENDING;
    uv_close((uv_handle_t *)&worker->process, on_handle_closed);
    uv_close((uv_handle_t *)&worker->input, on_handle_closed);
    uv_close((uv_handle_t *)&worker->output, on_handle_closed);
    uv_close((uv_handle_t *)&worker->wall, on_handle_closed);
}

/* Its exit does the rest. */
static void kill_worker(struct worker *worker)
{
    /* Not to be given work any more. */
    if (worker->state == WORKER_IDLE)
        worker->state = WORKER_BUSY;
    (void)uv_process_kill(&worker->process, SIGKILL);
}

static void explain_end(const struct worker *worker, int64_t exit_status, int signal_number,
                        struct error *error)
{
    struct script_pool *pool = worker->pool;

    if (pool->closing)
        (void)error_set(error, STATUS_UNAVAILABLE, "The engine stops: the script was ended.");
    else if (worker->state == WORKER_STARTING)
        (void)error_set(error, STATUS_UNAVAILABLE,
                        "Expected a worker for scripts to start, but it ended (code %lld, "
                        "signal %d).",
                        (long long)exit_status, signal_number);
    else if (worker->timed_out)
        (void)error_set(error, STATUS_TIMEOUT,
                        "The script was ended after %lld ms: it takes longer than it may.",
                        (long long)pool->wall_ms);
    else if (worker->broken)
        (void)error_set(error, STATUS_FAILED, "The script broke its worker: it gave no answer.");
    else
        (void)error_set(error, STATUS_FAILED,
                        "The script broke its worker: it ended (code %lld, signal %d).",
                        (long long)exit_status, signal_number);
}

static void on_ended(uv_process_t *process, int64_t exit_status, int signal_number)
{
    struct worker *worker = process->data;
    struct script_pool *pool = worker->pool;
    struct script_request *request = worker->request;
    bool starting = worker->state == WORKER_STARTING;
    struct error error;

    explain_end(worker, exit_status, signal_number, &error);
    worker->request = NULL;
    close_handles(worker);
    if (request != NULL)
        finish(pool, request, error.status, NULL, &error);
    else if (starting && !pool->closing && pool->first != NULL)
        refuse_first(pool, &error);
}

/* Too long a script, or too long a start. */
static void on_wall(uv_timer_t *timer)
{
    struct worker *worker = timer->data;

    worker->timed_out = true;
    worker->pool->counts.killed++;
    kill_worker(worker);
}

/* A whole reply is there. */
static void on_reply(struct worker *worker, const char *bytes, size_t length)
{
    struct arena *arena = arena_new(RESULT_ARENA_BYTES);
    struct script_request *request = worker->request;
    struct script_result result = {0};
    struct error error;
    enum status status;

    error_clear(&error);
    if (worker->timed_out || request == NULL) {
        /* Killed already, or nobody wants it: its exit answers. */
    } else if (!frame_read_reply(bytes, length, arena, &status, &result, &error)) {
        worker->broken = true;
        kill_worker(worker);
    } else {
        (void)uv_timer_stop(&worker->wall);
        text_clear(&worker->reply);
        worker->request = NULL;
        worker->state = WORKER_IDLE;
        kick(worker->pool);
        finish(worker->pool, request, status, &result, &error);
        script_result_deinit(&result);
    }
    arena_free(arena);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct worker *worker = stream->data;
    uint32_t length;

    if (count == 0 || worker->state == WORKER_ENDING)
        return;
    if (count < 0) {
        /* It ends, which tells more; should it not, the wall does it. */
        (void)uv_read_stop(stream);
        return;
    }
    text_append_bytes(&worker->reply, buffer->base, (size_t)count);
    if (worker->reply.length < FRAME_HEAD_BYTES)
        return;
    length = frame_length(worker->reply.bytes);
    if (worker->state == WORKER_STARTING && length == 0 &&
        worker->reply.length == FRAME_HEAD_BYTES) {
        (void)uv_timer_stop(&worker->wall);
        text_clear(&worker->reply);
        worker->state = WORKER_IDLE;
        kick(worker->pool);
    } else if (length > FRAME_REPLY_MAX ||
               worker->reply.length > FRAME_HEAD_BYTES + (size_t)length ||
               worker->state != WORKER_BUSY) {
        worker->broken = true;
        kill_worker(worker);
    } else if (worker->reply.length == FRAME_HEAD_BYTES + (size_t)length) {
        on_reply(worker, worker->reply.bytes + FRAME_HEAD_BYTES, length);
    }
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct worker *worker = handle->data;

    (void)suggested;
    *ret_buffer = uv_buf_init(worker->bytes, READ_BYTES);
}

/* A write that fails means that the worker has ended, which its exit tells. */
static void on_written(uv_write_t *write, int result)
{
    struct worker *worker = write->data;

    (void)result;
    memory_free(worker->frame);
    worker->frame = NULL;
    if (worker->state == WORKER_IDLE)
        kick(worker->pool);
}

/* A process with nothing but two pipes: no environment, which holds secrets, and nowhere to write
 * but the service's standard error. */
static int start(struct worker *worker)
{
    struct script_pool *pool = worker->pool;
    char *arguments[] = {pool->program, pool->argument, NULL};
    char *environment[] = {(char *)"LC_ALL=C", NULL};
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&worker->input},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&worker->output},
        {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {.file = pool->program,
                                    .args = arguments,
                                    .env = environment,
                                    .stdio = stdio,
                                    .stdio_count = 3,
                                    .exit_cb = on_ended};
    int result;

    text_clear(&worker->reply);
    worker->timed_out = worker->broken = false;
    (void)uv_pipe_init(pool->loop, &worker->input, 0);
    (void)uv_pipe_init(pool->loop, &worker->output, 0);
    (void)uv_timer_init(pool->loop, &worker->wall);
    worker->process.data = worker->input.data = worker->output.data = worker->wall.data = worker;
    worker->write.data = worker;
    worker->open_handles = HANDLES;
    pool->counts.workers++;
    result = uv_spawn(pool->loop, &worker->process, &options);
    if (result != 0) {
        close_handles(worker);
        return result;
    }
    pool->counts.started++;
    worker->state = WORKER_STARTING;
    (void)uv_timer_start(&worker->wall, on_wall, START_MS, 0);
    (void)uv_read_start((uv_stream_t *)&worker->output, on_room, on_read);
    return 0;
}

static void give(struct worker *worker, struct script_request *request)
{
    uv_buf_t buffer = uv_buf_init(request->frame, (unsigned)request->frame_length);

    PRE(worker->state == WORKER_IDLE && worker->frame == NULL);
    worker->state = WORKER_BUSY;
    worker->request = request;
    worker->frame = request->frame;
    request->frame = NULL;
    (void)uv_timer_start(&worker->wall, on_wall, (uint64_t)worker->pool->wall_ms, 0);
    if (uv_write(&worker->write, (uv_stream_t *)&worker->input, &buffer, 1, on_written) != 0)
        kill_worker(worker);
}

/* The first worker of that state, an idle one with its last frame out; NULL when there is none. */
static struct worker *worker_in(struct script_pool *pool, enum worker_state state)
{
    for (unsigned i = 0; i < pool->workers_max; i++) {
        if (pool->workers[i].state == state && pool->workers[i].frame == NULL)
            return &pool->workers[i];
    }
    return NULL;
}

static unsigned starting_count(const struct script_pool *pool)
{
    unsigned count = 0;

    for (unsigned i = 0; i < pool->workers_max; i++)
        count += pool->workers[i].state == WORKER_STARTING;
    return count;
}

/* As many as can be of use. */
static void start_workers(struct script_pool *pool)
{
    while (starting_count(pool) < pool->counts.waiting) {
        struct worker *worker = worker_in(pool, WORKER_FREE);
        struct error error;
        int result;

        if (worker == NULL)
            return;
        result = start(worker);
        if (result == 0)
            continue;
        (void)error_set(&error, STATUS_UNAVAILABLE,
                        "Expected to start a worker for a script, but: %s.", uv_strerror(result));
        refuse_first(pool, &error);
        return; /* until the place is free again */
    }
}

static void refuse_waiting(struct script_pool *pool)
{
    struct error error;

    (void)error_set(&error, STATUS_UNAVAILABLE, "The engine stops: the script was not run.");
    while (pool->first != NULL)
        refuse_first(pool, &error);
}

static void on_kick_closed(uv_handle_t *handle)
{
    struct script_pool *pool = handle->data;

    pool->kick_closed = true;
    maybe_closed(pool);
}

static void on_kick(uv_timer_t *timer)
{
    struct script_pool *pool = timer->data;

    if (pool->closing) {
        refuse_waiting(pool);
        uv_close((uv_handle_t *)&pool->kick, on_kick_closed);
        return;
    }
    while (pool->first != NULL) {
        struct worker *worker = worker_in(pool, WORKER_IDLE);

        if (worker == NULL)
            break;
        give(worker, take_first(pool));
    }
    start_workers(pool);
}

enum status script_pool_submit(struct script_pool *pool, struct script_request *request,
                               struct error *ret_error)
{
    struct text frame = TEXT_INIT;

    PRE(request->on_done != NULL);
    if (pool->closing)
        return error_set(ret_error, STATUS_UNAVAILABLE, "The engine stops: no script is taken.");
    if (pool->counts.waiting >= pool->queue_max)
        return error_set(ret_error, STATUS_BUSY,
                         "%u scripts wait for a worker already: try again later.",
                         pool->counts.waiting);
    frame_write_request(&frame, request->source, request->variables, &request->context,
                        pool->memory_bytes, (unsigned)(pool->wall_ms / 1000) + ALARM_SLACK_SECONDS);
    if (frame.length > FRAME_REQUEST_MAX) {
        text_deinit(&frame);
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a script and variables of at most %d bytes.", FRAME_REQUEST_MAX);
    }
    request->frame_length = frame.length;
    request->frame = text_take(&frame);
    request->next = NULL;
    *pool->last = request;
    pool->last = &request->next;
    pool->counts.waiting++;
    kick(pool);
    return STATUS_OK;
}

void script_pool_cancel(struct script_pool *pool, struct script_request *request)
{
    for (struct script_request **at = &pool->first; *at != NULL; at = &(*at)->next) {
        if (*at != request)
            continue;
        *at = request->next;
        if (pool->last == &request->next)
            pool->last = at;
        pool->counts.waiting--;
        drop_frame(request);
        return;
    }
    for (unsigned i = 0; i < pool->workers_max; i++) {
        if (pool->workers[i].request != request)
            continue;
        pool->workers[i].request = NULL;
        pool->counts.killed++;
        kill_worker(&pool->workers[i]);
        return;
    }
}

void script_pool_close(struct script_pool *pool, void (*on_closed)(void *context), void *context)
{
    PRE(!pool->closing);
    pool->closing = true;
    pool->on_closed = on_closed;
    pool->closed_context = context;
    for (unsigned i = 0; i < pool->workers_max; i++) {
        struct worker *worker = &pool->workers[i];

        if (worker->state != WORKER_FREE && worker->state != WORKER_ENDING)
            kill_worker(worker);
    }
    kick(pool);
}

struct script_pool_counts script_pool_counts(const struct script_pool *pool)
{
    return pool->counts;
}
