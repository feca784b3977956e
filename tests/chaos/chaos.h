/* What the parts of the chaos test know of each other: the settings of a run, the dice, and the
 * memory that its processes share.
 *
 * The test's own process does the faults and waits. The network (proxies, one a node) and the
 * callers (two a node) are processes of their own, so that nothing in the test's process runs
 * beside the fork that starts a node. */
#ifndef SYNERGYFLOW_TESTS_CHAOS_H
#define SYNERGYFLOW_TESTS_CHAOS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    CHAOS_NODES_MAX = 10,
    CHAOS_CALLERS_A_NODE = 2,
    CHAOS_CALLERS_MAX = CHAOS_CALLERS_A_NODE * CHAOS_NODES_MAX,
    CHAOS_ROUNDS_MAX = 40000, /* of one caller */
    CHAOS_CONNINFO_BYTES = 1024,
};

struct chaos_settings {
    uint64_t seed;
    unsigned nodes;
    unsigned seconds; /* in which faults begin */
    unsigned freeze_ms;
    unsigned cut_ms;
};

/* ---- dice ---- */

struct dice {
    uint64_t state;
};

/* The next number below `bound`, which is not 0 (splitmix64: G. L. Steele et al., "Fast splittable
 * pseudorandom number generators", 2014). */
static inline uint32_t dice_roll(struct dice *dice, uint32_t bound)
{
    uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((mixed ^ (mixed >> 31)) % bound);
}

/* ---- shared memory ---- */

enum wire_state { WIRE_OPEN, WIRE_CUT, WIRE_SILENT };

/* What a caller's round does. The rules of truth.c know these by their numbers, from 0. */
enum round_kind { ROUND_ONCE, ROUND_RACE, ROUND_CYCLE, ROUND_MOVED, ROUND_INCIDENT, ROUND_START };

struct chaos_round {
    uint8_t kind;
    bool acknowledged; /* the instance, the incident or the deployment */
    bool second;       /* and then: the task's completion, the timer's move */
};

struct chaos_caller {
    atomic_uint refused; /* answered, with a reason, that it cannot be now */
    atomic_uint lost;    /* no answer */
    atomic_uint wrong;   /* anything else */
    atomic_uint round_count;
    struct chaos_round rounds[CHAOS_ROUNDS_MAX];
};

struct chaos_shared {
    atomic_bool stop;                   /* callers */
    atomic_bool network_ready;          /* conninfos are there */
    atomic_uint ports[CHAOS_NODES_MAX]; /* of the nodes; 0: does not run */
    atomic_int wires[CHAOS_NODES_MAX];  /* enum wire_state, as it is to be */
    atomic_int wires_now[CHAOS_NODES_MAX];
    char conninfos[CHAOS_NODES_MAX][CHAOS_CONNINFO_BYTES];
    struct chaos_caller callers[CHAOS_CALLERS_MAX];
};

#endif
