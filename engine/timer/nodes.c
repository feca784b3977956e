/* See nodes.h. */
#include "engine/timer/nodes.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"

#include <string.h>

enum {
    BEAT_TIMEOUT_MS = 2000,
    LEAVE_TIMEOUT_MS = 300, /* a stop does not wait for a database that is away */
    BEAT_ARENA_BYTES = 1024 * 1024,
    SKEW_WORTH_TELLING_US = 1000000,
};

struct nodes {
    struct nodes_settings settings;
    struct uuid others[NODES_MAX];
    uint32_t other_count;
    int64_t changed_us; /* monotonic */
    uv_timer_t beat;
    struct arena *arena; /* of the question under way */
    int64_t sent_us;     /* monotonic */
    uint32_t jumps;      /* of the clock, that were told */
    bool skew_told;
    bool beating;
    bool started;
    bool stopping;
    void (*on_first)(void *context);
    void *first_context;
    void (*on_stopped)(void *context);
    void *stopped_context;
};

static struct metric metrics[] = {
    {.name = "synergyflow_nodes",
     .help = "Engines that share this database, this one among them",
     .type = METRIC_GAUGE},
    {.name = "synergyflow_clock_skew_seconds",
     .help = "This node's wall clock minus the database's clock",
     .type = METRIC_GAUGE},
    {.name = "synergyflow_clock_uncertainty_seconds",
     .help = "How far the skew may be off; timers fire later by up to twice as much",
     .type = METRIC_GAUGE},
};

enum { NODES, SKEW, UNCERTAINTY };

static const struct pg_statement beat_statement = {
    "nodes_beat",
    "WITH gone AS (DELETE FROM synergyflow_workflows.engine_node WHERE (name = $2 AND id <> $1)"
    "   OR seen_at < clock_timestamp() - interval '1 hour'),"
    " beat AS (INSERT INTO synergyflow_workflows.engine_node (id, name, started_at, seen_at)"
    "   VALUES ($1, $2, clock_timestamp(), clock_timestamp())"
    "   ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at)"
    " SELECT clock_timestamp(), coalesce(string_agg(id::text, ',' ORDER BY id), '')"
    " FROM synergyflow_workflows.engine_node WHERE id <> $1 AND name <> $2"
    " AND seen_at > clock_timestamp() - $3 * interval '1 millisecond'"};
static const struct pg_statement leave_statement = {
    "nodes_leave", "DELETE FROM synergyflow_workflows.engine_node WHERE id = $1"};

/* ---- the rule ---- */

/* The finalizer of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

static uint64_t draw(const struct uuid *node, const struct uuid *key)
{
    uint64_t words[4];

    memcpy(words, node->bytes, sizeof(node->bytes));
    memcpy(words + 2, key->bytes, sizeof(key->bytes));
    return mix(mix(mix(mix(words[0]) + words[1]) + words[2]) + words[3]);
}

bool nodes_draws_highest(const struct uuid *self, const struct uuid *others, uint32_t count,
                         const struct uuid *key)
{
    uint64_t own = draw(self, key);

    for (uint32_t i = 0; i < count; i++) {
        uint64_t other = draw(&others[i], key);

        if (other > own || (other == own && uuid_compare(&others[i], self) > 0))
            return false;
    }
    return true;
}

bool nodes_owns(const struct nodes *nodes, const struct uuid *key)
{
    return nodes == NULL ||
           nodes_draws_highest(&nodes->settings.id, nodes->others, nodes->other_count, key);
}

uint32_t nodes_count(const struct nodes *nodes)
{
    return nodes == NULL ? 1 : nodes->other_count + 1;
}

bool nodes_changed_within(const struct nodes *nodes, uint32_t ms)
{
    return nodes != NULL && nodes->changed_us != 0 &&
           clock_monotonic_us() - nodes->changed_us < (int64_t)ms * 1000;
}

/* ---- beats ---- */

static void beat(struct nodes *nodes);

static void on_beat(uv_timer_t *timer)
{
    beat(timer->data);
}

/* A time that the database has and we do not is the operator's business: logs and timers differ. */
static void tell_clock(struct nodes *nodes)
{
    const struct database_clock *clock = nodes->settings.clock;
    int64_t now_us = clock_monotonic_us();
    int64_t uncertainty_us = database_clock_uncertainty_us(clock, now_us);
    int64_t skew_us =
        clock_wall_us() - (database_clock_at_least_us(clock, now_us) + uncertainty_us);
    bool is_large = skew_us > SKEW_WORTH_TELLING_US || skew_us < -SKEW_WORTH_TELLING_US;

    metric_set(&metrics[SKEW], (double)skew_us / 1e6);
    metric_set(&metrics[UNCERTAINTY], (double)uncertainty_us / 1e6);
    if (is_large != nodes->skew_told || clock->jumps != nodes->jumps)
        log_event(LOG_WARNING, clock->jumps != nodes->jumps ? "clock.jumped" : "clock.skew",
                  "skewMs", 'i', skew_us / 1000, "uncertaintyMs", 'f',
                  (double)uncertainty_us / 1000.0, NULL);
    nodes->skew_told = is_large;
    nodes->jumps = clock->jumps;
}

static void take_others(struct nodes *nodes, const char *list)
{
    struct uuid others[NODES_MAX];
    uint32_t count = 0;
    char text[UUID_TEXT_BYTES];

    for (const char *at = list; *at != '\0' && count < NODES_MAX;) {
        size_t length = strcspn(at, ",");

        if (length == UUID_TEXT_BYTES - 1) {
            memcpy(text, at, length);
            text[length] = '\0';
            if (uuid_parse(text, &others[count]))
                count++;
        }
        at += length + (at[length] == ',');
    }
    if (count == nodes->other_count && memcmp(others, nodes->others, count * sizeof(*others)) == 0)
        return;
    log_event(LOG_INFO, "nodes.changed", "before", 'i', (int64_t)nodes->other_count + 1, "now", 'i',
              (int64_t)count + 1, NULL);
    memcpy(nodes->others, others, count * sizeof(*others));
    nodes->other_count = count;
    nodes->changed_us = clock_monotonic_us();
    metric_set(&metrics[NODES], count + 1);
    if (nodes->settings.on_changed != NULL && nodes->on_first == NULL)
        nodes->settings.on_changed(nodes->settings.context);
}

static void check_stopped(struct nodes *nodes)
{
    void (*on_stopped)(void *context) = nodes->on_stopped;

    if (on_stopped == NULL || nodes->beating)
        return;
    nodes->on_stopped = NULL;
    on_stopped(nodes->stopped_context);
}

static void on_left(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    struct nodes *nodes = context;

    (void)batch;
    if (status != STATUS_OK)
        log_error("nodes.leave", NULL, error); /* they find out by themselves */
    arena_free(nodes->arena);
    nodes->arena = NULL;
    nodes->beating = false;
    check_stopped(nodes);
}

static void leave(struct nodes *nodes)
{
    struct pg_batch *batch;

    nodes->arena = arena_new(BEAT_ARENA_BYTES);
    nodes->beating = true;
    batch = pg_batch_new(nodes->arena);
    pg_uuid(pg_batch_add(batch, &leave_statement), &nodes->settings.id);
    pg_query(nodes->settings.pool, batch, LEAVE_TIMEOUT_MS, on_left, nodes);
}

static void on_answered(void *context, struct pg_batch *batch, enum status status,
                        const struct error *error)
{
    struct nodes *nodes = context;
    void (*on_first)(void *context) = nodes->on_first;
    const struct pg_result *rows;

    if (status == STATUS_OK) {
        rows = pg_batch_result(batch, 0);
        database_clock_sample(nodes->settings.clock, nodes->sent_us, pg_value_timestamp(rows, 0, 0),
                              clock_monotonic_us());
        tell_clock(nodes);
        take_others(nodes, pg_value_text(rows, 0, 1));
        nodes->on_first = NULL;
    } else {
        log_error("nodes.beat", NULL, error);
    }
    arena_free(nodes->arena);
    nodes->arena = NULL;
    nodes->beating = false;
    if (nodes->stopping) {
        leave(nodes);
        return;
    }
    (void)uv_timer_start(&nodes->beat, on_beat, NODES_BEAT_MS, 0);
    if (status == STATUS_OK && on_first != NULL)
        on_first(nodes->first_context);
}

static void beat(struct nodes *nodes)
{
    struct pg_batch *batch;
    struct pg_call *call;

    nodes->arena = arena_new(BEAT_ARENA_BYTES);
    nodes->beating = true;
    batch = pg_batch_new(nodes->arena);
    call = pg_batch_add(batch, &beat_statement);
    pg_uuid(call, &nodes->settings.id);
    pg_text(call, nodes->settings.name);
    pg_int8(call, NODES_SILENT_MS);
    nodes->sent_us = clock_monotonic_us();
    pg_query(nodes->settings.pool, batch, BEAT_TIMEOUT_MS, on_answered, nodes);
}

/* ---- life ---- */

struct nodes *nodes_new(const struct nodes_settings *settings)
{
    struct nodes *nodes = memory_zero(1, sizeof(*nodes));
    int result;

    PRE(settings->clock != NULL && settings->name != NULL);
    nodes->settings = *settings;
    result = uv_timer_init(settings->loop, &nodes->beat);
    INVARIANT(result == 0);
    nodes->beat.data = nodes;
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        metric_register(&metrics[i]);
    metric_set(&metrics[NODES], 1);
    return nodes;
}

void nodes_start(struct nodes *nodes, void (*on_first)(void *context), void *context)
{
    PRE(!nodes->started);
    nodes->started = true;
    nodes->on_first = on_first;
    nodes->first_context = context;
    beat(nodes);
}

void nodes_stop(struct nodes *nodes, void (*on_stopped)(void *context), void *context)
{
    PRE(!nodes->stopping);
    nodes->stopping = true;
    nodes->on_first = NULL;
    nodes->on_stopped = on_stopped;
    nodes->stopped_context = context;
    (void)uv_timer_stop(&nodes->beat);
    if (nodes->started && !nodes->beating)
        leave(nodes);
    else
        check_stopped(nodes);
}

static void on_closed(uv_handle_t *handle)
{
    memory_free(handle->data);
}

void nodes_free(struct nodes *nodes)
{
    if (nodes == NULL)
        return;
    INVARIANT(!nodes->beating);
    uv_close((uv_handle_t *)&nodes->beat, on_closed);
}
