/* See bench_engine.h. */
#include "engine/cli/bench_engine.h"

#include "bpmn/base/text.h"
#include "engine/base/clock.h"
#include "engine/cli/client.h"
#include "engine/cli/schema.h"
#include "engine/pg/admin.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORT = 18500, READY_TIMEOUT_US = 60 * 1000 * 1000, POLL_US = 2000 };

enum status bench_sql(struct bench_engine *engine, const char *sql, double *ret_value,
                      struct error *ret_error)
{
    PGresult *result = PQexec(engine->connection, sql);
    ExecStatusType what = PQresultStatus(result);
    enum status status = STATUS_OK;

    if (ret_value != NULL)
        *ret_value = 0;
    if (what != PGRES_COMMAND_OK && what != PGRES_TUPLES_OK)
        status = error_set(ret_error, STATUS_FAILED, "The benchmark's statement failed: %.500s",
                           PQresultErrorMessage(result));
    else if (ret_value != NULL && PQntuples(result) > 0)
        *ret_value = strtod(PQgetvalue(result, 0, 0), NULL);
    PQclear(result);
    return status;
}

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

static enum status connect(struct bench_engine *engine, struct error *ret_error)
{
    char owner[CLUSTER_CONNINFO_BYTES];

    engine->connection =
        PQconnectdb(cluster_conninfo(&engine->cluster, "synergyflow", "postgres", owner));
    (void)PQsetNoticeReceiver(engine->connection, ignore_notice, NULL);
    if (PQstatus(engine->connection) == CONNECTION_OK)
        return STATUS_OK;
    return error_set(ret_error, STATUS_UNAVAILABLE, "The benchmark's database: %.300s",
                     PQerrorMessage(engine->connection));
}

/* An earlier run's rows would be measured as well. */
static enum status drop_database(const char *administrator, struct error *ret_error)
{
    PGconn *connection = PQconnectdb(administrator);
    PGresult *result = PQexec(connection, "DROP DATABASE IF EXISTS synergyflow WITH (FORCE)");
    enum status status = STATUS_OK;

    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        status = error_set(ret_error, STATUS_FAILED, "The benchmark's database: %.300s",
                           PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    return status;
}

/* When a transaction became durable is known only to PostgreSQL. */
static enum status switch_on_commit_timestamps(struct bench_engine *engine, const char *folder,
                                               struct error *ret_error)
{
    enum status status =
        bench_sql(engine, "ALTER SYSTEM SET track_commit_timestamp = on", NULL, ret_error);

    PQfinish(engine->connection);
    engine->connection = NULL;
    if (status != STATUS_OK)
        return status;
    cluster_stop(&engine->cluster);
    status = cluster_start(&engine->cluster, folder, ret_error);
    return status == STATUS_OK ? connect(engine, ret_error) : status;
}

enum status bench_engine_prepare(struct bench_engine *engine, const char *folder,
                                 struct error *ret_error)
{
    char administrator[CLUSTER_CONNINFO_BYTES];
    char owner[CLUSTER_CONNINFO_BYTES];
    char migrations[PATH_MAX];
    enum status status = cluster_start(&engine->cluster, folder, ret_error);

    (void)cluster_conninfo(&engine->cluster, "postgres", "postgres", administrator);
    if (status == STATUS_OK)
        status = drop_database(administrator, ret_error);
    if (status == STATUS_OK)
        status = pg_create_database(administrator, "synergyflow", ret_error);
    if (status == STATUS_OK)
        status =
            schema_migrate(cluster_conninfo(&engine->cluster, "synergyflow", "postgres", owner),
                           schema_folder("", migrations), ret_error);
    if (status == STATUS_OK)
        status = connect(engine, ret_error);
    if (status == STATUS_OK)
        status = switch_on_commit_timestamps(engine, folder, ret_error);
    return status;
}

static void exec_engine(const struct bench_engine *engine, const char *folder)
{
    static const char *const arguments[] = {"synergyflow", "serve", NULL};
    char conninfo[CLUSTER_CONNINFO_BYTES];
    char path[PATH_MAX];
    char port[16];
    int log;

    (void)snprintf(path, sizeof(path), "%s/engine.log", folder);
    (void)snprintf(port, sizeof(port), "%u", engine->port);
    log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || setenv("SYNERGYFLOW_PORT", port, 1) != 0 ||
        setenv("SYNERGYFLOW_LOG_LEVEL", "warning", 1) != 0 ||
        setenv("SYNERGYFLOW_PREPARED_STATEMENTS", "1", 1) != 0 ||
        setenv("SYNERGYFLOW_DATABASE",
               cluster_conninfo(&engine->cluster, "synergyflow", "synergyflow_engine", conninfo),
               1) != 0)
        _exit(127);
    execv("/proc/self/exe", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static bool is_ready(struct client *client)
{
    struct error unused;
    json_t *answer = NULL;
    bool ready = client_call(client, "GET", "/readyz", NULL, &answer, &unused) == STATUS_OK;

    json_decref(answer);
    return ready;
}

enum status bench_engine_start(struct bench_engine *engine, const char *folder,
                               struct error *ret_error)
{
    int64_t begun_us = clock_monotonic_us();
    struct client *client = NULL;
    enum status status;

    engine->port = PORT + (unsigned)getpid() % 1000;
    (void)snprintf(engine->url, sizeof(engine->url), "http://127.0.0.1:%u", engine->port);
    engine->process = fork();
    if (engine->process == 0)
        exec_engine(engine, folder);
    if (engine->process < 0)
        return error_set(ret_error, STATUS_INTERNAL, "The engine's process cannot be made.");
    status = client_new(engine->url, &client, ret_error);
    while (status == STATUS_OK && !is_ready(client)) {
        if (waitpid(engine->process, NULL, WNOHANG) == engine->process) {
            engine->process = 0;
            status = error_set(ret_error, STATUS_FAILED,
                               "The engine ended before it was ready; see engine.log in '%.200s'.",
                               folder);
        } else if (clock_monotonic_us() - begun_us > READY_TIMEOUT_US) {
            status = error_set(ret_error, STATUS_TIMEOUT,
                               "The engine was not ready within a minute; see engine.log in "
                               "'%.200s'.",
                               folder);
        } else {
            (void)usleep(POLL_US);
        }
    }
    engine->started_us = clock_monotonic_us() - begun_us;
    client_free(client);
    return status;
}

void bench_engine_stop(struct bench_engine *engine)
{
    if (engine->process <= 0)
        return;
    (void)kill(engine->process, SIGTERM);
    (void)waitpid(engine->process, NULL, 0);
    engine->process = 0;
}

void bench_engine_end(struct bench_engine *engine)
{
    bench_engine_stop(engine);
    if (engine->connection != NULL)
        PQfinish(engine->connection);
    engine->connection = NULL;
    cluster_stop(&engine->cluster);
}

int64_t bench_engine_memory(const struct bench_engine *engine, bool peak)
{
    const char *wanted = peak ? "VmHWM:" : "VmRSS:";
    char path[64];
    char line[256];
    int64_t bytes = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)engine->process);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            bytes = strtoll(line + strlen(wanted), NULL, 10) * 1024;
    }
    if (file != NULL)
        (void)fclose(file);
    return bytes;
}
