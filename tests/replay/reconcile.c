/* See reconcile.h. Reads the database as its owner; the engine is not asked. */
#include "tests/replay/reconcile.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_TRIES = 600, DRAIN_WAIT_US = 100 * 1000, DIFFERENCES_SHOWN = 5 };

/* Each statement gives one number that has to be zero. */
static const struct {
    const char *what;
    const char *sql;
} zero_checks[] = {
    {"every instance is ended or open (started = ended + open)",
     "SELECT count(*) FROM synergyflow_workflows.process_instance"
     " WHERE NOT (status IN (3, 4) AND ended_at IS NOT NULL)"
     "   AND NOT (status IN (1, 2) AND ended_at IS NULL)"},
    {"each incident of the domain has exactly one instance, and the other way round",
     "SELECT count(*) FROM synergyflow_incidents.incidents i"
     " FULL JOIN (SELECT * FROM synergyflow_workflows.process_instance"
     "            WHERE definition_key = 'incident') p ON p.id = i.process_instance_id"
     " WHERE i.incident_id IS NULL OR p.id IS NULL OR p.business_key <> i.incident_id"},
    {"closed incidents have ended instances, others open ones",
     "SELECT count(*) FROM synergyflow_incidents.incidents i"
     " JOIN synergyflow_workflows.process_instance p ON p.id = i.process_instance_id"
     " WHERE (i.status = 'CLOSED') <> (p.status = 3)"},
    {"no timer is left behind by an ended instance",
     "SELECT count(*) FROM synergyflow_workflows.timer t"
     " JOIN synergyflow_workflows.process_instance p ON p.id = t.instance_id WHERE p.status >= 3"},
    {"no task, job, subscription or scope is left behind by an ended instance",
     "SELECT (SELECT count(*) FROM synergyflow_workflows.task t"
     "         JOIN synergyflow_workflows.process_instance p ON p.id = t.instance_id"
     "         WHERE p.status >= 3 AND t.status = 1)"
     " + (SELECT count(*) FROM synergyflow_workflows.job j"
     "     JOIN synergyflow_workflows.process_instance p ON p.id = j.instance_id"
     "     WHERE p.status >= 3)"
     " + (SELECT count(*) FROM synergyflow_workflows.event_subscription s"
     "     JOIN synergyflow_workflows.process_instance p ON p.id = s.instance_id"
     "     WHERE p.status >= 3)"
     " + (SELECT count(*) FROM synergyflow_workflows.scope s"
     "     JOIN synergyflow_workflows.process_instance p ON p.id = s.instance_id"
     "     WHERE p.status >= 3)"},
    {"the journal has every commit of every instance (revisions without a gap)",
     "SELECT count(*) FROM synergyflow_workflows.process_instance p WHERE p.revision <>"
     " (SELECT count(*) FROM synergyflow_workflows.journal j WHERE j.instance_id = p.id)"},
    {"every published event was delivered",
     "SELECT count(*) FROM event_publication.event_publication"
     " WHERE listener_id <> '' AND completion_date IS NULL"},
    {"no event is a dead letter",
     "SELECT count(*) FROM event_publication.event_publication WHERE dead_at IS NOT NULL"},
    {"each delivery has exactly one mark in processed_events",
     "SELECT abs((SELECT count(*) FROM event_publication.event_publication"
     "             WHERE listener_id <> '' AND completion_date IS NOT NULL)"
     "         - (SELECT count(*) FROM event_publication.processed_events))"},
    {"incident projections equal the incidents, row by row",
     "SELECT count(*) FROM synergyflow_incidents.incidents i"
     " FULL JOIN synergyflow_tasks.incident_projections p USING (incident_id)"
     " WHERE p.incident_id IS NULL OR i.incident_id IS NULL OR p.incident_title <> i.title"
     "    OR p.status <> i.status OR p.priority <> i.priority"},
    {"task projections equal the tasks, row by row",
     "SELECT count(*) FROM (SELECT * FROM synergyflow_tasks.tasks WHERE incident_id IS NOT NULL) t"
     " FULL JOIN synergyflow_incidents.task_projections p USING (task_id)"
     " WHERE p.task_id IS NULL OR t.task_id IS NULL OR p.task_title <> t.title"
     "    OR p.status <> t.status OR p.incident_id <> t.incident_id"},
};

static char *value_of(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    char *value;

    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        (void)fprintf(stderr, "replay: %s\n  %s", sql, PQerrorMessage(connection));
        exit(1);
    }
    value = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

static bool check_zero(PGconn *connection, const char *what, const char *sql)
{
    char *value = value_of(connection, sql);
    bool fine = value != NULL && strcmp(value, "0") == 0;

    (void)printf("%s  %s%s%s%s\n", fine ? "ok   " : "WRONG", what, fine ? "" : " (",
                 fine ? "" : value, fine ? "" : " differ)");
    free(value);
    return fine;
}

/* Deliveries go on after the last answer; the check begins when nothing waits any more. */
static void wait_until_delivered(PGconn *connection)
{
    for (int i = 0; i < DRAIN_TRIES; i++) {
        char *waiting = value_of(
            connection, "SELECT count(*) FROM event_publication.event_publication WHERE "
                        "listener_id <> '' AND completion_date IS NULL AND dead_at IS NULL");
        bool done = strcmp(waiting, "0") == 0;

        free(waiting);
        if (done)
            return;
        (void)usleep(DRAIN_WAIT_US);
    }
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(const struct incident *const *)a)->id,
                  (*(const struct incident *const *)b)->id);
}

static bool same(const struct incident *incident, PGresult *result, int row)
{
    return strcmp(PQgetvalue(result, row, 1), incident_status_name(incident->status)) == 0 &&
           strcmp(PQgetvalue(result, row, 2), incident_priority_name(incident->priority)) == 0 &&
           strcmp(PQgetvalue(result, row, 3), incident->assigned_to) == 0 &&
           strcmp(PQgetvalue(result, row, 4), incident->assignment_group) == 0 &&
           (uint32_t)strtoul(PQgetvalue(result, row, 5), NULL, 10) == incident->reopened;
}

/* The log's end state of each incident against the domain's row. */
static bool check_truth(PGconn *connection, const struct incident *incidents, uint32_t count)
{
    const struct incident **sorted = malloc((count + 1) * sizeof(*sorted));
    PGresult *result =
        PQexec(connection, "SELECT incident_id, status, priority, coalesce(assigned_to, ''),"
                           " coalesce(assignment_group, ''), reopen_count"
                           " FROM synergyflow_incidents.incidents");
    uint32_t wrong = 0;
    uint32_t found = 0;

    if (sorted == NULL || PQresultStatus(result) != PGRES_TUPLES_OK) {
        (void)fprintf(stderr, "replay: %s", PQerrorMessage(connection));
        exit(1);
    }
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = &incidents[i];
    qsort(sorted, count, sizeof(*sorted), by_id);
    for (int row = 0; row < PQntuples(result); row++) {
        struct incident key = {0};
        const struct incident *key_pointer = &key;
        const struct incident **match;

        (void)snprintf(key.id, sizeof(key.id), "%s", PQgetvalue(result, row, 0));
        match = bsearch(&key_pointer, sorted, count, sizeof(*sorted), by_id);
        if (match == NULL)
            continue; /* not of this replay, e.g. demo data */
        found++;
        if (!same(*match, result, row) && wrong++ < DIFFERENCES_SHOWN)
            (void)printf(
                "       %s: the log says %s %s '%s' '%s' %u, the domain %s %s '%s' '%s' %s\n",
                key.id, incident_status_name((*match)->status),
                incident_priority_name((*match)->priority), (*match)->assigned_to,
                (*match)->assignment_group, (*match)->reopened, PQgetvalue(result, row, 1),
                PQgetvalue(result, row, 2), PQgetvalue(result, row, 3), PQgetvalue(result, row, 4),
                PQgetvalue(result, row, 5));
    }
    PQclear(result);
    free(sorted);
    (void)printf("%s  %u incidents of the log = %u in the domain; %u differ in status, priority, "
                 "assignment or reopenings\n",
                 wrong == 0 && found == count ? "ok   " : "WRONG", count, found, wrong);
    return wrong == 0 && found == count;
}

static void print_figures(PGconn *connection)
{
    static const char sql[] =
        "SELECT format('events: %s published, %s deliveries; lag p50 %s ms, p95 %s ms, p99 %s ms;"
        " %s events/s', count(DISTINCT event_id), count(*) FILTER (WHERE listener_id <> ''),"
        " round((1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY lag))::numeric, 1),"
        " round((1000 * percentile_cont(0.95) WITHIN GROUP (ORDER BY lag))::numeric, 1),"
        " round((1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY lag))::numeric, 1),"
        " round(count(DISTINCT event_id) / greatest(1, extract(epoch FROM"
        "   max(publication_date) - min(publication_date)))))"
        " FROM (SELECT *, extract(epoch FROM completion_date - publication_date) AS lag"
        "       FROM event_publication.event_publication) e";
    static const char instances_sql[] =
        "SELECT format('instances: %s started = %s ended + %s open', count(*),"
        " count(*) FILTER (WHERE status >= 3), count(*) FILTER (WHERE status < 3))"
        " FROM synergyflow_workflows.process_instance WHERE definition_key = 'incident'";
    char *text = value_of(connection, instances_sql);

    (void)puts(text);
    free(text);
    text = value_of(connection, sql);
    (void)puts(text);
    free(text);
}

bool reconcile(const char *conninfo, const struct incident *incidents, uint32_t count)
{
    PGconn *connection = PQconnectdb(conninfo);
    bool fine;

    if (PQstatus(connection) != CONNECTION_OK) {
        (void)fprintf(stderr, "replay: %s", PQerrorMessage(connection));
        PQfinish(connection);
        return false;
    }
    wait_until_delivered(connection);
    fine = check_truth(connection, incidents, count);
    for (size_t i = 0; i < sizeof(zero_checks) / sizeof(zero_checks[0]); i++)
        fine = check_zero(connection, zero_checks[i].what, zero_checks[i].sql) && fine;
    print_figures(connection);
    PQfinish(connection);
    return fine;
}
