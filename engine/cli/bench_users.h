/* People at work while something else is measured: a process that starts instances of a process
 * with a task and a timer around it, and completes their tasks, one after the other, and notes how
 * long each took. Starting arms a timer, completing cancels it. */
#ifndef SYNERGYFLOW_CLI_BENCH_USERS_H
#define SYNERGYFLOW_CLI_BENCH_USERS_H

#include "bpmn/base/status.h"

#include <stdint.h>
#include <sys/types.h>

struct bench_users {
    pid_t process;
    int pipe;
};

/* Milliseconds; -1: none was measured. */
struct bench_latencies {
    uint32_t count;
    uint32_t failed;
    double arm_p50, arm_p99;
    double cancel_p50, cancel_p99;
    double max;
};

/* Begins; `definition_key` has a user task. One pair of commands every `pause_ms`. */
MUST_CHECK enum status bench_users_begin(struct bench_users *users, const char *url,
                                         const char *definition_key, uint32_t pause_ms,
                                         struct error *ret_error);
/* Ends them and gathers what they measured. */
struct bench_latencies bench_users_end(struct bench_users *users);

#endif
