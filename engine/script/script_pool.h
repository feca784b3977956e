/* Worker processes for scripts that need more than the engine's own thread may give them.
 *
 * A worker is this same program, started as `synergyflow script-worker`: bounded memory, no files,
 * no network, only the system calls of a computation. It runs one script at a time, each in a
 * fresh runtime, and is killed when a script is still running at its wall limit; the next script
 * gets a new worker. Workers start when there is work, up to workers_max, and stay. The process
 * must ignore SIGPIPE. */
#ifndef SYNERGYFLOW_SCRIPT_POOL_H
#define SYNERGYFLOW_SCRIPT_POOL_H

#include "engine/script/script.h"

#include <uv.h>

struct script_pool;

/* Zero or NULL members take the value in the comment. */
struct script_pool_options {
    const char *program;  /* /proc/self/exe */
    const char *argument; /* "script-worker"; the program calls script_worker_main() for it */
    unsigned workers_max; /* 2 */
    unsigned queue_max;   /* 1000 scripts that wait for a worker */
    int64_t wall_ms;      /* 5000, of one script */
    size_t memory_bytes;  /* 64 MiB, of one script's values */
};

/* The caller keeps the struct until on_done; what it points to is copied by submit. */
struct script_request {
    const char *source;
    const json_t *variables; /* borrowed, an object; may be NULL */
    struct script_context context;
    /* Exactly once, from the loop, never inside submit. `result` is NULL unless STATUS_OK, `error`
     * NULL on STATUS_OK; both are the pool's and end with the call (json_incref() what stays). */
    void (*on_done)(struct script_request *request, enum status status,
                    const struct script_result *result, const struct error *error);
    void *data; /* the caller's */
    /* The pool's own. */
    char *frame;
    size_t frame_length;
    struct script_request *next;
};

/* The pool belongs to `loop`; it starts no worker yet. */
struct script_pool *script_pool_new(uv_loop_t *loop, const struct script_pool_options *options);

/* STATUS_OK: on_done will fire; else it will not: STATUS_BUSY when queue_max scripts wait,
 * STATUS_TOO_LARGE for a request past 16 MiB, STATUS_UNAVAILABLE while closing.
 * on_done's status is script_run()'s; STATUS_TIMEOUT also at the wall limit, STATUS_FAILED also
 * when the script broke its worker, STATUS_UNAVAILABLE when the pool closes or no worker starts. */
MUST_CHECK enum status script_pool_submit(struct script_pool *pool, struct script_request *request,
                                          struct error *ret_error);

/* Takes a request out that the caller no longer wants: its on_done will not fire. A script that
 * runs already is killed. */
void script_pool_cancel(struct script_pool *pool, struct script_request *request);

/* Ends everything: what waits or runs gets STATUS_UNAVAILABLE, then `on_closed` fires from the
 * loop and the pool is gone. */
void script_pool_close(struct script_pool *pool, void (*on_closed)(void *context), void *context);

struct script_pool_counts {
    unsigned workers; /* that run now */
    unsigned waiting;
    uint64_t started; /* workers, ever */
    uint64_t killed;  /* at the wall limit or by cancel */
    uint64_t done;
};
struct script_pool_counts script_pool_counts(const struct script_pool *pool);

/* The worker's main(): serves scripts from standard input to standard output until its end. Never
 * returns with requests open; the result is the exit code. */
int script_worker_main(void);

#endif
