/* See plan.h. */
#include "tests/chaos/plan.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    GAP_MIN_MS = 150,
    GAP_MAX_MS = 1200,
    DOWN_MAX_MS = 1500,
    DATABASE_AWAY_MIN_MS = 100,
    DATABASE_AWAY_MAX_MS = 2000,
};

struct planner {
    const struct chaos_settings *settings;
    struct dice dice;
    struct plan *plan;
    unsigned free_at_ms[CHAOS_NODES_MAX]; /* when a node's latest fault ends */
    enum fault_kind order[FAULT_KINDS];   /* of the first of each kind */
    unsigned seen;
};

static unsigned lasts_ms(struct planner *planner, enum fault_kind kind)
{
    switch (kind) {
    case FAULT_KILL:
        return dice_roll(&planner->dice, DOWN_MAX_MS);
    case FAULT_FREEZE:
        return planner->settings->freeze_ms;
    case FAULT_DATABASE:
        return DATABASE_AWAY_MIN_MS +
               dice_roll(&planner->dice, DATABASE_AWAY_MAX_MS - DATABASE_AWAY_MIN_MS);
    default:
        return planner->settings->cut_ms;
    }
}

static void shuffle_kinds(struct planner *planner)
{
    for (unsigned i = 0; i < FAULT_KINDS; i++)
        planner->order[i] = (enum fault_kind)i;
    for (unsigned i = FAULT_KINDS - 1; i > 0; i--) {
        unsigned other = dice_roll(&planner->dice, i + 1);
        enum fault_kind kind = planner->order[i];

        planner->order[i] = planner->order[other];
        planner->order[other] = kind;
    }
}

static unsigned free_nodes(const struct planner *planner, unsigned at_ms)
{
    unsigned count = 0;

    for (unsigned i = 0; i < planner->settings->nodes; i++)
        count += planner->free_at_ms[i] <= at_ms;
    return count;
}

/* Those not seen yet come first. When all but one node are away, the last one is not taken away for
 * long, nor often: where nobody works, nothing can go wrong. FAULT_KINDS: nothing happens. */
static enum fault_kind draw_kind(struct planner *planner, unsigned at_ms)
{
    bool has_unseen = planner->seen < FAULT_KINDS;
    enum fault_kind kind = has_unseen ? planner->order[planner->seen]
                                      : (enum fault_kind)dice_roll(&planner->dice, FAULT_KINDS);

    if (kind != FAULT_KILL && kind != FAULT_DATABASE && free_nodes(planner, at_ms) <= 1)
        return dice_roll(&planner->dice, 6) == 0 ? FAULT_KILL : FAULT_KINDS;
    planner->seen += has_unseen;
    return kind;
}

/* The node drawn, or the next that is free when that one is not. When none is, the fault waits for
 * the first that will be. */
static unsigned draw_node(struct planner *planner, unsigned *at_ms)
{
    unsigned nodes = planner->settings->nodes;
    unsigned drawn = dice_roll(&planner->dice, nodes);
    unsigned first = drawn;

    for (unsigned i = 0; i < nodes; i++) {
        unsigned node = (drawn + i) % nodes;

        if (planner->free_at_ms[node] <= *at_ms)
            return node;
        if (planner->free_at_ms[node] < planner->free_at_ms[first])
            first = node;
    }
    *at_ms = planner->free_at_ms[first] + 1;
    return first;
}

static void add(struct planner *planner, const struct plan_event *event)
{
    planner->plan->events[planner->plan->count++] = *event;
}

static unsigned plan_fault(struct planner *planner, unsigned at_ms)
{
    struct plan_event event = {.kind = draw_kind(planner, at_ms)};

    if (event.kind == FAULT_KINDS)
        return at_ms;
    event.lasts_ms = lasts_ms(planner, event.kind);
    if (event.kind != FAULT_DATABASE)
        event.node = draw_node(planner, &at_ms);
    event.at_ms = at_ms;
    add(planner, &event);
    if (event.kind == FAULT_DATABASE)
        return at_ms;
    planner->free_at_ms[event.node] = at_ms + event.lasts_ms;
    event.at_ms = at_ms + event.lasts_ms;
    event.ends = true;
    add(planner, &event);
    return at_ms;
}

static int by_time(const void *a, const void *b)
{
    const struct plan_event *left = a;
    const struct plan_event *right = b;

    if (left->at_ms != right->at_ms)
        return left->at_ms < right->at_ms ? -1 : 1;
    return (int)right->ends - (int)left->ends; /* what ends comes first */
}

struct plan *plan_new(const struct chaos_settings *settings)
{
    struct planner planner = {.settings = settings, .dice = {settings->seed}};
    unsigned at_ms = 0;

    planner.plan = calloc(1, sizeof(*planner.plan));
    if (planner.plan != NULL)
        planner.plan->events = calloc(2 * PLAN_FAULTS_MAX, sizeof(*planner.plan->events));
    if (planner.plan == NULL || planner.plan->events == NULL)
        abort();
    shuffle_kinds(&planner);
    while (planner.plan->count + 2 <= 2 * PLAN_FAULTS_MAX) {
        at_ms += GAP_MIN_MS + dice_roll(&planner.dice, GAP_MAX_MS - GAP_MIN_MS);
        if (at_ms >= settings->seconds * 1000)
            break;
        at_ms = plan_fault(&planner, at_ms);
    }
    qsort(planner.plan->events, planner.plan->count, sizeof(*planner.plan->events), by_time);
    return planner.plan;
}

void plan_free(struct plan *plan)
{
    if (plan == NULL)
        return;
    free(plan->events);
    free(plan);
}

const char *plan_word(const struct plan_event *event)
{
    static const char *const begins[] = {"kill -9", "SIGSTOP", "connections cut", "network silent",
                                         "PostgreSQL restarted"};
    static const char *const ends[] = {"started", "SIGCONT", "connections open again",
                                       "network back", ""};

    return event->ends ? ends[event->kind] : begins[event->kind];
}
