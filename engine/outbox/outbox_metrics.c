/* The outbox's figures. A listener's metrics live as long as the program does, because the registry
 * of metrics keeps pointers to them. */
#include "engine/base/metrics.h"
#include "engine/outbox/internal.h"

#include <stdio.h>
#include <string.h>

enum { LABELS_BYTES = 160 };

struct listener_metrics {
    char listener_id[128];
    char labels[LABELS_BYTES];
    struct metric lag;
    struct metric backlog;
};

static struct metric published = {
    .name = "synergyflow_events_published_total",
    .help = "Domain events stored in the outbox.",
    .type = METRIC_COUNTER,
};
static struct metric dead = {
    .name = "synergyflow_event_dead_letters_total",
    .help = "Publications given up after their last attempt.",
    .type = METRIC_COUNTER,
};
static struct listener_metrics listeners[OUTBOX_LISTENERS_MAX];
static uint32_t listener_count;

static struct listener_metrics *metrics_of(const char *listener_id)
{
    for (uint32_t i = 0; i < listener_count; i++) {
        if (strcmp(listeners[i].listener_id, listener_id) == 0)
            return &listeners[i];
    }
    if (listener_count == OUTBOX_LISTENERS_MAX)
        return NULL;
    struct listener_metrics *added = &listeners[listener_count++];

    snprintf(added->listener_id, sizeof added->listener_id, "%s", listener_id);
    snprintf(added->labels, sizeof added->labels, "listener=\"%s\"", listener_id);
    added->lag = (struct metric){
        .name = "synergyflow_event_lag_seconds",
        .labels = added->labels,
        .help = "From an event's publication to its completion, by listener.",
        .type = METRIC_HISTOGRAM,
        .bounds = metric_latency_bounds,
    };
    added->backlog = (struct metric){
        .name = "synergyflow_event_backlog",
        .labels = added->labels,
        .help = "Publications that wait for their listener, counted up to 100000.",
        .type = METRIC_GAUGE,
    };
    metric_register(&added->lag);
    metric_register(&added->backlog);
    return added;
}

void outbox_metrics_published(uint32_t count)
{
    metric_register(&published);
    metric_add(&published, count);
}

void outbox_metrics_delivered(const char *listener_id, int64_t lag_us)
{
    struct listener_metrics *metrics = metrics_of(listener_id);

    if (metrics != NULL)
        metric_observe(&metrics->lag, (double)(lag_us < 0 ? 0 : lag_us) / 1e6);
}

void outbox_metrics_dead(void)
{
    metric_register(&dead);
    metric_add(&dead, 1);
}

void outbox_metrics_backlog(const char *listener_id, int64_t count)
{
    struct listener_metrics *metrics = metrics_of(listener_id);

    if (metrics != NULL)
        metric_set(&metrics->backlog, (double)count);
}
