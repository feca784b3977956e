/* What has to be in the database when everything is over: counted effects against what the callers
 * did and against what the process definitions ask for. */
#ifndef SYNERGYFLOW_TESTS_CHAOS_TRUTH_H
#define SYNERGYFLOW_TESTS_CHAOS_TRUTH_H

#include "tests/chaos/chaos.h"
#include "tests/support/postgres.h"

/* Copies what the callers know into the table public.chaos_truth. */
void truth_store(struct test_database *database, const struct chaos_shared *shared,
                 unsigned callers);
/* Prints how many of each there are, the latest firings (in time since `began_us` of the wall
 * clock), and each rule that is broken; the number of broken rules. */
unsigned truth_broken(struct test_database *database, int64_t began_us);
/* Timers, jobs and races that are still under way: waits for 0. */
extern const char truth_unsettled[];

#endif
