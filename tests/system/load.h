/* Load on the real program for tests of faults: threads that start instances, complete tasks and
 * open incidents, and remember what was acknowledged; and the checks of what has to be there
 * afterwards. */
#ifndef SYNERGYFLOW_TESTS_LOAD_H
#define SYNERGYFLOW_TESTS_LOAD_H

#include "tests/support/postgres.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { LOAD_CALLERS = 4, LOAD_ROUNDS_MAX = 1000 };

/* What one caller knows of one round. Texts are empty where no answer came. */
struct load_round {
    char automatic[40]; /* instance that ends by itself */
    char approval[40];  /* instance with a user task */
    char incident[24];
    bool completed; /* the user task */
    bool working;   /* the incident was brought to IN_PROGRESS */
};

struct load_caller {
    struct load *load;
    unsigned number;
    pthread_t thread;
    struct load_round rounds[LOAD_ROUNDS_MAX];
    unsigned round_count;
};

struct load {
    unsigned port;
    unsigned number; /* of this load in the process: makes keys unique */
    atomic_bool stop;
    atomic_uint acknowledged; /* writes answered 2xx */
    atomic_uint refused;      /* answered 5xx with a problem that says why */
    atomic_uint lost;         /* no answer */
    atomic_uint wrong;        /* anything else */
    struct load_caller callers[LOAD_CALLERS];
};

/* Deploys what the load needs, and the process `timed` (a timer of one second). */
void load_deploy(unsigned port);
struct load *load_begin(unsigned port);
/* Waits (bounded) until this many more writes are acknowledged; false when that does not come. */
bool load_wait(struct load *load, unsigned more);
/* Ends the threads and asserts that each answer was one that may be. */
void load_end(struct load *load);
void load_free(struct load *load);

/* The values of struct load's rounds against the tables: everything acknowledged is there, in its
 * state; everything else is there whole or not at all, and nothing twice. */
void assert_kept(struct test_database *database, const struct load *load);
/* Every table agrees with the others once deliveries are done (waits, bounded). */
void assert_reconciled(struct test_database *database);
/* Waits (bounded) until the SQL gives this value. */
void assert_eventually(struct test_database *database, const char *sql, const char *expected);
/* Connection string of the engine's role; valid until the next call for this database. */
const char *engine_conninfo(struct test_database *database);
/* Starts that many instances of `timed`. */
void start_timed(unsigned port, unsigned count);

#endif
