/* What a pool and its connections know of each other; for this folder only. */
#ifndef SYNERGYFLOW_PG_POOL_PRIVATE_H
#define SYNERGYFLOW_PG_POOL_PRIVATE_H

#include "engine/pg/pipeline.h"
#include "engine/pg/pool.h"

#define TO(state) (1u << CONNECTION_##state)

/*
 *            ┌────────────────────────── CLOSED ◄── (every state, when the pool closes)
 *            ▼
 *       CONNECTING ◄─────────── BACKING_OFF ◄──────────────┐
 *         │    └───────────────────▲  ▲  ▲                 │
 *         ▼                        │  │  │                 │
 *       IDLE ──────────────────────┘  │  └── ROLLING_BACK  │
 *         │ ▲ ▲                       │          ▲   │     │
 *         │ │ └───────────────────────┼──────────┼───┘     │
 *         ▼ │  pg_release             │ stale    │ pg_release, transaction open
 *       LEASED ───────────────────────┴──────────┘         │
 *         │ ▲ └──────────► BROKEN ─────────────────────────┘ pg_release
 *  pg_run │ │                ▲
 *         ▼ │ Sync answered  │
 *       RUNNING ─────────────┘
 *
 * CONNECTING   waits for the server's greeting, at most CONNECT_LIMIT_MS
 * IDLE         open, nobody's
 * LEASED       open, its holder has nothing under way
 * RUNNING      one pipeline in flight for its holder
 * ROLLING_BACK one pipeline in flight: the ROLLBACK that the last holder left to us
 * BROKEN       lost while a holder has it; waits for pg_release()
 * BACKING_OFF  waits before the next attempt, 50 ms doubling to 1 s
 * CLOSED       before the first attempt, and at the end
 */
#define CONNECTION_STATES(X)                                                            \
    X(CLOSED, TO(CONNECTING))                                                           \
    X(CONNECTING, TO(IDLE) | TO(BACKING_OFF) | TO(CLOSED))                              \
    X(IDLE, TO(LEASED) | TO(BACKING_OFF) | TO(CLOSED))                                  \
    X(LEASED, TO(RUNNING) | TO(IDLE) | TO(ROLLING_BACK) | TO(BROKEN) | TO(BACKING_OFF)) \
    X(RUNNING, TO(LEASED) | TO(BROKEN))                                                 \
    X(ROLLING_BACK, TO(IDLE) | TO(BACKING_OFF) | TO(CLOSED))                            \
    X(BROKEN, TO(BACKING_OFF) | TO(CLOSED))                                             \
    X(BACKING_OFF, TO(CONNECTING) | TO(CLOSED))

enum connection_state {
#define CONNECTION_ENUM(name, moves) CONNECTION_##name,
    CONNECTION_STATES(CONNECTION_ENUM)
#undef CONNECTION_ENUM
        CONNECTION_STATE_COUNT
};

struct pg_connection {
    struct pg_pool *pool;
    enum connection_state state;
    PGconn *libpq;                /* NULL while BROKEN, BACKING_OFF and CLOSED */
    struct pg_prepared *prepared; /* NULL when the settings say so */
    uv_poll_t *poll;              /* watches poll_fd; NULL when libpq is */
    int poll_fd;
    int poll_events;  /* what it watches for now; 0: stopped */
    uv_timer_t timer; /* the back-off, or the limit on CONNECTING */
    uint32_t back_off_ms;
    struct pg_lease *lease;      /* LEASED, RUNNING, BROKEN */
    struct pg_pipeline pipeline; /* RUNNING, ROLLING_BACK; its outcome while `done_owed` */
    struct pg_batch *rollback;   /* in the pool's arena */
    bool stale;                  /* open a fresh session at pg_release() */
    bool done_owed;              /* BROKEN: on_done has yet to fire, from the pool's next turn */
};

struct pg_pool {
    uv_loop_t *loop;
    char *conninfo;
    struct arena *arena; /* the connections' rollback batches */
    struct pg_connection *connections;
    uint32_t connection_count;
    uint32_t states[CONNECTION_STATE_COUNT]; /* how many connections are in each */
    uint32_t waiting_max;
    uint32_t waiting_count;
    struct pg_lease *waiting_first; /* in the order of pg_acquire() */
    struct pg_lease *waiting_last;
    struct pg_lease *refused_first; /* will hear STATUS_BUSY at the next turn; linked by `next` */
    struct pg_lease *refused_last;
    uv_timer_t turn;     /* due at once: what may not happen inside the caller's own call */
    uv_timer_t deadline; /* the earliest deadline of those that wait */
    uint64_t deadline_ms;
    struct error connect_error; /* the latest reason for having no connection */
    uint32_t handles;           /* libuv handles not yet closed */
    bool closing;
    bool handles_closing;
    void (*on_closed)(void *context);
    void *closed_context;
};

void pg_connection_init(struct pg_connection *connection, struct pg_pool *pool, bool prepares);
/* Begins to connect; from CLOSED. */
void pg_connection_open(struct pg_connection *connection);
/* The pool closes: gives up whatever the connection was doing. A holder keeps a BROKEN one. */
void pg_connection_shut(struct pg_connection *connection);
/* After the handles are closed. */
void pg_connection_deinit(struct pg_connection *connection);

/* From IDLE. */
void pg_connection_lease(struct pg_connection *connection, struct pg_lease *lease);
/* Fires the on_done that is owed. */
void pg_connection_pay(struct pg_connection *connection);

/* Lets the pool look at its lists, soon and from the loop. */
void pg_pool_schedule(struct pg_pool *pool);
/* A libuv handle of the pool is closed; the last one ends the pool. */
void pg_pool_handle_closed(struct pg_pool *pool);
void pg_pool_count_statements(uint32_t count);
/* The number of connections in each state has changed. */
void pg_pool_show_change(int open_change, int leased_change);

#endif
