/* The metrics' registry and its text page. A metric is a static object of the file that counts with
 * it; the registry only links them, so counting costs an addition. */
#include "engine/base/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const double metric_latency_bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,   0.5,   1,      2.5,   5,    10,    0};

static struct metric *registered;

static uint32_t bound_count(const struct metric *metric)
{
    uint32_t count = 0;

    while (metric->bounds[count] > 0)
        count++;
    return count;
}

/* Metrics of one name stand together, as the format demands; names keep the order of arrival. */
void metric_register(struct metric *metric)
{
    struct metric **place = &registered;
    struct metric **after_name = NULL;

    PRE(metric->name != NULL && metric->help != NULL);
    PRE(metric->type != METRIC_HISTOGRAM ||
        (metric->bounds != NULL && bound_count(metric) <= METRICS_BUCKETS_MAX));
    for (; *place != NULL; place = &(*place)->next) {
        if (*place == metric)
            return;
        if (strcmp((*place)->name, metric->name) == 0) {
            PRE((*place)->type == metric->type);
            after_name = &(*place)->next;
        }
    }
    if (after_name == NULL)
        after_name = place;
    metric->next = *after_name;
    *after_name = metric;
}

void metric_add(struct metric *metric, double amount)
{
    PRE(metric->type != METRIC_HISTOGRAM);
    PRE(metric->type != METRIC_COUNTER || amount >= 0);
    metric->value += amount;
}

void metric_set(struct metric *metric, double value)
{
    PRE(metric->type != METRIC_HISTOGRAM);
    metric->value = value;
}

void metric_observe(struct metric *metric, double value)
{
    PRE(metric->type == METRIC_HISTOGRAM);
    for (uint32_t i = 0; metric->bounds[i] > 0; i++) {
        if (value <= metric->bounds[i]) {
            metric->buckets[i]++;
            break;
        }
    }
    metric->count++;
    metric->sum += value;
}

/* ---- the page ---- */

static void write_number(struct text *text, double value)
{
    if (isnan(value))
        text_append(text, "NaN");
    else if (isinf(value))
        text_append(text, value > 0 ? "+Inf" : "-Inf");
    else if (fabs(value) < 1e15 && value == (double)(int64_t)value)
        text_append_format(text, "%.0f", value);
    else
        text_append_format(text, "%.15g", value);
}

static void write_help(struct text *text, const char *help)
{
    for (; *help != '\0'; help++) {
        if (*help == '\\')
            text_append(text, "\\\\");
        else if (*help == '\n')
            text_append(text, "\\n");
        else
            text_append_char(text, *help);
    }
}

static void write_head(struct text *text, const struct metric *metric)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    text_append_format(text, "# HELP %s ", metric->name);
    write_help(text, metric->help);
    text_append_format(text, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
}

static void write_sample(struct text *text, const struct metric *metric, const char *suffix,
                         double value)
{
    text_append(text, metric->name);
    text_append(text, suffix);
    if (metric->labels != NULL)
        text_append_format(text, "{%s}", metric->labels);
    text_append_char(text, ' ');
    write_number(text, value);
    text_append_char(text, '\n');
}

static void write_bucket(struct text *text, const struct metric *metric, const char *bound,
                         uint64_t count)
{
    const char *labels = metric->labels != NULL ? metric->labels : "";

    text_append_format(text, "%s_bucket{%s%sle=\"%s\"} %llu\n", metric->name, labels,
                       labels[0] != '\0' ? "," : "", bound, (unsigned long long)count);
}

static void write_histogram(struct text *text, const struct metric *metric)
{
    uint64_t count = 0;

    for (uint32_t i = 0; metric->bounds[i] > 0; i++) {
        char bound[32];

        (void)snprintf(bound, sizeof(bound), "%.15g", metric->bounds[i]);
        count += metric->buckets[i];
        write_bucket(text, metric, bound, count);
    }
    write_bucket(text, metric, "+Inf", metric->count);
    write_sample(text, metric, "_sum", metric->sum);
    write_sample(text, metric, "_count", (double)metric->count);
}

void metrics_write(struct text *text)
{
    const char *name = "";

    for (const struct metric *metric = registered; metric != NULL; metric = metric->next) {
        if (strcmp(name, metric->name) != 0)
            write_head(text, metric);
        name = metric->name;
        if (metric->type == METRIC_HISTOGRAM)
            write_histogram(text, metric);
        else
            write_sample(text, metric, "", metric->value);
    }
}

/* ---- the process ---- */

static struct metric resident_bytes = {
    .name = "process_resident_memory_bytes",
    .help = "Resident memory of the process in bytes.",
    .type = METRIC_GAUGE,
};
static struct metric cpu_seconds = {
    .name = "process_cpu_seconds_total",
    .help = "User and system CPU time of the process in seconds.",
    .type = METRIC_COUNTER,
};

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void metrics_process(void)
{
    struct rusage usage;
    unsigned long pages;
    FILE *file = fopen("/proc/self/statm", "re");

    metric_register(&resident_bytes);
    metric_register(&cpu_seconds);
    /* Without /proc the gauge keeps its last value; a page of metrics is no place to fail. */
    if (file != NULL) {
        if (fscanf(file, "%*u %lu", &pages) == 1)
            metric_set(&resident_bytes, (double)pages * (double)sysconf(_SC_PAGESIZE));
        (void)fclose(file);
    }
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metric_set(&cpu_seconds, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
}
