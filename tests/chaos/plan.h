/* Which fault befalls which node when: chosen by the seed before anything begins. */
#ifndef SYNERGYFLOW_TESTS_CHAOS_PLAN_H
#define SYNERGYFLOW_TESTS_CHAOS_PLAN_H

#include "tests/chaos/chaos.h"

enum { PLAN_FAULTS_MAX = 20000 };

enum fault_kind {
    FAULT_KILL,     /* SIGKILL, and a start later */
    FAULT_FREEZE,   /* SIGSTOP, and SIGCONT later */
    FAULT_CUT,      /* each connection to the database is ended, and none opens */
    FAULT_SILENCE,  /* nothing goes through, and nobody is told */
    FAULT_DATABASE, /* PostgreSQL is stopped as in a crash, and started again */
    FAULT_KINDS
};

/* A fault begins or ends. A restart of the database is one event, which lasts `lasts_ms`. */
struct plan_event {
    unsigned at_ms;
    unsigned lasts_ms;
    enum fault_kind kind;
    unsigned node;
    bool ends;
};

struct plan {
    struct plan_event *events; /* by time */
    unsigned count;
};

/* Each kind comes at least once if there is time for it. A node has one fault at a time, and one
 * node is left to work, but for kills and restarts of the database. */
struct plan *plan_new(const struct chaos_settings *settings);
void plan_free(struct plan *plan);
const char *plan_word(const struct plan_event *event);

#endif
