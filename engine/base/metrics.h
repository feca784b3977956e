/* Counters, gauges and histograms in Prometheus' text format (version 0.0.4).
 *
 * Metrics are static objects registered once; labels are fixed texts. One thread. */
#ifndef SYNERGYFLOW_METRICS_H
#define SYNERGYFLOW_METRICS_H

#include "bpmn/base/text.h"

#include <stdint.h>

enum { METRICS_BUCKETS_MAX = 24 };
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* Fill name, labels, help, type (and for histograms `bounds`, ended by 0) statically. */
struct metric {
    const char *name;   /* such as "synergyflow_commands_total" */
    const char *labels; /* such as "kind=\"start\"", or NULL */
    const char *help;
    enum metric_type type;
    const double *bounds; /* histogram: rising upper bounds in the metric's unit, 0 ends the list */
    double value;
    uint64_t buckets[METRICS_BUCKETS_MAX];
    uint64_t count;
    double sum;
    struct metric *next; /* set by metric_register() */
};

/* Upper bounds in seconds from 0.5 ms to 10 s. */
extern const double metric_latency_bounds[];

void metric_register(struct metric *metric); /* twice is fine */
void metric_add(struct metric *metric, double amount);
void metric_set(struct metric *metric, double value);
void metric_observe(struct metric *metric, double value);
/* The page for /metrics, HELP and TYPE once a name; appends to `text`. */
void metrics_write(struct text *text);
/* A gauge read at scrape time, e.g. resident memory. Registered once. */
void metrics_process(
    void); /* refreshes process_resident_memory_bytes and process_cpu_seconds_total */

#endif
