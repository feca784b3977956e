/* Replay: a year of a real service desk through the REST API, as fast as the engine takes it.
 *
 *   replay --port N --database CONNINFO [--file LOG.csv.gz] [--incidents N] [--connections C]
 *          [--pid P]
 *
 * Opens each incident, applies its updates in time order (one in flight for each incident, many
 * incidents at once), resolves and closes it, then reconciles engine, domain, events and
 * projections with the log (tests/replay/reconcile.c). */
#include "tests/replay/event_log.h"
#include "tests/replay/incident.h"
#include "tests/replay/reconcile.h"
#include "tests/support/load_client.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far ahead of the slowest row others may be: keeps the time order roughly global. */
enum { WINDOW_ROWS = 4096 };

struct replay {
    struct event_log log;
    struct incident *incidents;
    struct load_client client;
    uint32_t *ready; /* ring of incidents that have a row to apply and none in flight */
    uint32_t ready_head;
    uint32_t ready_count;
    uint32_t next_row;
    uint32_t rows_done;
    uint64_t requests;
    uint64_t retries;
    uint32_t idle_count;
    struct load_connection **idle;
};

static struct replay replay;

static void push_ready(uint32_t incident)
{
    uint32_t at = (replay.ready_head + replay.ready_count) % replay.log.incident_count;

    INVARIANT(replay.ready_count < replay.log.incident_count);
    replay.ready[at] = incident;
    replay.ready_count++;
}

static uint32_t pop_ready(void)
{
    uint32_t incident = replay.ready[replay.ready_head];

    replay.ready_head = (replay.ready_head + 1) % replay.log.incident_count;
    replay.ready_count--;
    return incident;
}

/* Rows enter in time order; an incident becomes ready when its first waiting row enters. */
static void feed(void)
{
    while (replay.next_row < replay.log.row_count &&
           replay.next_row < replay.rows_done + WINDOW_ROWS) {
        const struct log_row *row = &replay.log.rows[replay.next_row++];
        struct incident *incident = &replay.incidents[row->incident];

        if (incident_add_row(incident, row) && !incident->busy) {
            incident->busy = true;
            push_ready(row->incident);
        }
    }
}

static void pump(void);
static void send_next(struct load_connection *connection, struct incident *incident);

static void row_done(struct incident *incident)
{
    replay.rows_done++;
    if (incident_row_done(incident))
        push_ready((uint32_t)(incident - replay.incidents));
    else
        incident->busy = false;
}

static void on_answer(struct load_connection *connection, int status, const char *body,
                      size_t length)
{
    struct incident *incident = connection->context;

    if (status == 503) {
        replay.retries++;
        load_resend(connection);
        return;
    }
    if (!incident_answered(incident, status, body, length)) {
        (void)fprintf(stderr, "replay: incident %s (%s): HTTP %d: %.*s\n", incident->number,
                      incident->id, status, (int)length, body);
        exit(1);
    }
    send_next(connection, incident);
}

/* Sends the request that brings the incident nearer to its row's state; when none is left, the row
 * is done and the connection free. */
static void send_next(struct load_connection *connection, struct incident *incident)
{
    const char *method;
    char path[128];
    char body[512];

    connection->context = incident;
    if (incident_next_request(incident, &method, path, sizeof(path), body, sizeof(body))) {
        replay.requests++;
        load_send(connection, method, path, body, on_answer);
        return;
    }
    row_done(incident);
    replay.idle[replay.idle_count++] = connection;
    pump();
}

static void pump(void)
{
    feed();
    while (replay.idle_count > 0 && replay.ready_count > 0) {
        struct load_connection *connection = replay.idle[--replay.idle_count];

        send_next(connection, &replay.incidents[pop_ready()]);
    }
    if (replay.rows_done == replay.log.row_count)
        uv_stop(replay.client.loop);
}

static void on_lost(struct load_connection *connection, const char *why)
{
    (void)connection;
    (void)fprintf(stderr, "replay: connection lost: %s\n", why);
    exit(1);
}

static void on_connected(struct load_client *client)
{
    uv_stop(client->loop);
}

static void print_peak_memory(const char *pid)
{
    char path[64];
    char line[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        long kib;

        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            (void)printf("peak resident memory of the engine: %.1f MiB\n", (double)kib / 1024.0);
    }
    if (file != NULL)
        (void)fclose(file);
}

static void run(unsigned connections)
{
    int64_t started_us = clock_monotonic_us();
    double seconds;

    for (unsigned i = 0; i < connections; i++)
        replay.idle[replay.idle_count++] = &replay.client.connections[i];
    pump();
    (void)uv_run(replay.client.loop, UV_RUN_DEFAULT);
    seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    (void)printf("replayed %u incidents, %u updates in %.1f s: %.0f instances/s, %.0f commands/s "
                 "(%llu requests, %llu refused with 503 and retried)\n",
                 replay.log.incident_count, replay.log.row_count, seconds,
                 replay.log.incident_count / seconds, (double)replay.requests / seconds,
                 (unsigned long long)replay.requests, (unsigned long long)replay.retries);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"database", required_argument, NULL, 'd'},
                                            {"file", required_argument, NULL, 'f'},
                                            {"incidents", required_argument, NULL, 'i'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"pid", required_argument, NULL, 'P'},
                                            {0}};
    const char *file = SOURCE_FOLDER "/../shared/data/incident-event-log.csv.gz";
    const char *database = NULL;
    const char *pid = NULL;
    unsigned port = 8080;
    unsigned connections = 64;
    uint32_t incidents = 0;
    bool fine;
    int option;

    while ((option = getopt_long(argc, argv, "p:d:f:i:c:P:", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            port = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            database = optarg;
            break;
        case 'f':
            file = optarg;
            break;
        case 'i':
            incidents = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'c':
            connections = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'P':
            pid = optarg;
            break;
        default:
            return 2;
        }
    }
    if (database == NULL || connections == 0) {
        (void)fprintf(stderr, "usage: replay --port N --database CONNINFO [--file LOG.csv.gz] "
                              "[--incidents N] [--connections C] [--pid P]\n");
        return 2;
    }
    if (!event_log_read(file, incidents, &replay.log))
        return 1;
    replay.incidents = memory_zero(replay.log.incident_count, sizeof(*replay.incidents));
    replay.ready = memory_zero(replay.log.incident_count, sizeof(*replay.ready));
    replay.idle = memory_zero(connections, sizeof(struct load_connection *));
    replay.client.on_connected = on_connected;
    replay.client.on_lost = on_lost;
    load_client_open(&replay.client, uv_default_loop(), port, connections);
    (void)uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    run(connections);
    fine = reconcile(database, replay.incidents, replay.log.incident_count);
    if (pid != NULL)
        print_peak_memory(pid);
    load_client_close(&replay.client);
    for (uint32_t i = 0; i < replay.log.incident_count; i++)
        incident_deinit(&replay.incidents[i]);
    memory_free(replay.incidents);
    memory_free(replay.ready);
    memory_free(replay.idle);
    event_log_free(&replay.log);
    return fine ? 0 : 1;
}
