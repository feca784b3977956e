/* `synergyflow bench timers`: how late timers are. Each phase makes instances that wait at a timer,
 * as copies of one that the engine has started itself, and reads from the journal's rows when their
 * firings were committed. */
#ifndef SYNERGYFLOW_CLI_BENCH_TIMERS_H
#define SYNERGYFLOW_CLI_BENCH_TIMERS_H

#include "engine/cli/bench_engine.h"

#include <jansson.h>

struct bench_timers {
    uint32_t idle_count; /* one every 50 ms */
    uint32_t half_count; /* at half of the rate that a herd should be drained at */
    uint32_t herd_count; /* due within one second */
    uint64_t armed;      /* rows that are not due during the benchmark, beside them */
};

/* The report, a new object: start, memory, commit latency, and each phase. */
MUST_CHECK enum status bench_timers_run(struct bench_engine *engine, const char *folder,
                                        const struct bench_timers *options, json_t **ret_report,
                                        struct error *ret_error);

#endif
