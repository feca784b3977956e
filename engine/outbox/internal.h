/* What the files of the outbox share: the outbox itself and one delivery for each listener. */
#ifndef SYNERGYFLOW_OUTBOX_INTERNAL_H
#define SYNERGYFLOW_OUTBOX_INTERNAL_H

#include "engine/outbox/outbox.h"

enum {
    OUTBOX_PARTITIONS = 8,
    OUTBOX_LISTENERS_MAX = 64,
    OUTBOX_BATCH_MAX = 500,      /* events in one delivery */
    OUTBOX_ATTEMPTS_MAX = 6,     /* the first one and those after 2, 4, 8, 16 and 32 s */
    OUTBOX_POLL_MS = 5000,       /* finds what a crashed node left */
    OUTBOX_CHECKPOINT_MS = 4000, /* how old what has been seen must be to raise the lower bound */
    OUTBOX_SWEEP_POLLS = 12,     /* every so many polls reading starts from zero, see delivery.c */
    OUTBOX_SHARED_MS = 50,       /* another node holds some partitions: look again */
    OUTBOX_TROUBLE_MS = 1000,    /* the database is in trouble: look again */
    OUTBOX_LEASE_MS = 5000,      /* to wait for a connection; a stop waits for that, too */
    OUTBOX_ARENA_BYTES = 64 * 1024 * 1024,
    OUTBOX_KEEP_PROCESSED_DAYS = 30,
    OUTBOX_KEEP_COMPLETED_DAYS = 7,
    OUTBOX_RETENTION_MS = 3600 * 1000,
    OUTBOX_RETENTION_BATCH = 1000,  /* rows deleted by one statement */
    OUTBOX_RETENTION_PAUSE_MS = 20, /* between two of them */
};

enum delivery_state {
    DELIVERY_IDLE,
    DELIVERY_LEASING,
    DELIVERY_LOCKING,
    DELIVERY_READING,
    DELIVERY_APPLYING,
    DELIVERY_MARKING,
};

/* One row of event_publication that this round works on. */
struct delivery_row {
    struct uuid id;
    int64_t published_at_us;
    int64_t attempts; /* that failed so far */
    bool processed;   /* delivered before: only its completion is missing */
    const char *key;  /* of processed_events */
    struct module_event event;
};

/* What delivers to one listener, one transaction at a time. */
struct delivery {
    struct outbox *outbox;
    const struct module *module;
    const struct module_listener *listener;
    enum delivery_state state;
    bool again;           /* something was published while a round was under way */
    bool sweep;           /* the next round reads from position zero */
    uint32_t batch_limit; /* halved while a poisoned event is looked for */
    uv_timer_t retry;     /* looks again for a reason of its own */

    /* how far reading may start, see delivery.c */
    int64_t seen_position;
    int64_t checkpoint;
    int64_t checkpoint_at_us;

    /* the round under way */
    struct pg_lease lease;
    struct arena *arena;
    struct pg_batch *batch;
    int32_t partitions[OUTBOX_PARTITIONS];
    uint32_t partition_count;
    int64_t read_from;
    struct delivery_row *rows;
    uint32_t row_count;
    struct module_events events;
    enum status status;
    struct error error;
};

struct outbox {
    uv_loop_t *loop;
    struct pg_pool *pool;
    const struct registry *registry;
    struct delivery deliveries[OUTBOX_LISTENERS_MAX];
    uint32_t delivery_count;
    uint32_t polls;
    bool started; /* the partitions exist: deliveries may run */
    bool stopping;
    uint32_t open_handles;
    bool creating;                /* partitions */
    bool counting;                /* the backlog */
    bool deleting;                /* what is past its time */
    struct arena *creating_arena; /* each holds its last batch until the next one */
    struct arena *counting_arena;
    struct arena *deleting_arena;
    uv_timer_t poll;
    uv_timer_t retention;
    void (*on_stopped)(void *context);
    void *context;
};

/* ---- delivery.c ---- */

void delivery_init(struct delivery *delivery, struct outbox *outbox, const struct module *module,
                   const struct module_listener *listener);
/* Begins a round, or has one follow the round that is under way. */
void delivery_wake(struct delivery *delivery);

/* ---- delivery_rows.c: what a round reads and writes ---- */

struct pg_batch *delivery_lock_batch(struct delivery *delivery);
void delivery_read_locks(struct delivery *delivery);
struct pg_batch *delivery_read_batch(struct delivery *delivery, int64_t now_us);
/* Parses what was read. Fails when a stored event is not a JSON object. */
MUST_CHECK enum status delivery_read_rows(struct delivery *delivery, int64_t now_us,
                                          struct error *ret_error);
/* The projection's statements, the proof of processing and the completion, up to COMMIT. */
MUST_CHECK enum status delivery_apply_batch(struct delivery *delivery, int64_t now_us,
                                            struct pg_batch **ret_batch, struct error *ret_error);
/* The failed event waits, or becomes a dead letter (*ret_wait_ms = 0). */
struct pg_batch *delivery_mark_batch(struct delivery *delivery, int64_t now_us,
                                     uint64_t *ret_wait_ms);
/* Releases the JSON of the round's events. */
void delivery_clear_rows(struct delivery *delivery);

/* ---- retention.c ---- */

/* Deletes what is past its time, in batches, one after the other. */
void outbox_on_retention(uv_timer_t *timer);

/* ---- outbox.c ---- */

/* A query or a round of the outbox has ended: goes on stopping if asked to. */
void outbox_settled(struct outbox *outbox);

/* ---- outbox_metrics.c ---- */

void outbox_metrics_published(uint32_t count);
void outbox_metrics_delivered(const char *listener_id, int64_t lag_us);
void outbox_metrics_dead(void);
void outbox_metrics_backlog(const char *listener_id, int64_t count);

#endif
