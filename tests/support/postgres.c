/* See postgres.h. The template's name holds a checksum over the migration files, so that an edited
 * migration gives a new template; a session-level advisory lock lets one process make it. */
#include "tests/support/postgres.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/migrate/migrate.h"

#include <dirent.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNINFO_BYTES = 512, NAME_BYTES = 64, TEMPLATE_LOCK = 7700001 };

struct test_database {
    char name[NAME_BYTES];
    char conninfo[CONNINFO_BYTES];
    char conninfo_as[CONNINFO_BYTES];
    char *value; /* of the latest test_database_sql() */
};

struct test_cluster {
    char folder[64];
    char conninfo[CONNINFO_BYTES];
};

static char server_conninfo[CONNINFO_BYTES];
static struct test_cluster *own_cluster;

PRINTF_LIKE(1, 2) static void die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fprintf(stderr, "tests/support/postgres.c: ");
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

/* The last keyword wins in libpq's strings, so a database or a role is simply appended. */
static void with(char *to, const char *conninfo, const char *keyword, const char *value)
{
    int length = snprintf(to, CONNINFO_BYTES, "%s %s=%s", conninfo, keyword, value);

    if (length < 0 || length >= CONNINFO_BYTES)
        die("the connection string is too long");
}

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

static PGconn *open_session(const char *conninfo)
{
    PGconn *session = PQconnectdb(conninfo);

    (void)PQsetNoticeReceiver(session, ignore_notice, NULL);
    if (PQstatus(session) != CONNECTION_OK)
        die("cannot connect: %s", PQerrorMessage(session));
    return session;
}

static char *run_sql(PGconn *session, const char *sql)
{
    PGresult *result = PQexec(session, sql);
    ExecStatusType status = PQresultStatus(result);
    char *value;

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        die("%s\n%s", sql, PQresultErrorMessage(result));
    value = memory_copy(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return value;
}

static void run_format(PGconn *session, const char *format, const char *name)
{
    struct text sql = TEXT_INIT;

    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '?')
            text_append(&sql, name);
        else
            text_append_char(&sql, *at);
    }
    memory_free(run_sql(session, text_string(&sql)));
    text_deinit(&sql);
}

/* ---- clusters ---- */

static void cluster_call(struct test_cluster *cluster, const char *verb)
{
    char command[CONNINFO_BYTES];
    char line[CONNINFO_BYTES] = "";
    FILE *output;

    (void)snprintf(command, sizeof(command), "bash '%s/tests/support/cluster' %s '%s'",
                   SOURCE_FOLDER, verb, cluster->folder);
    output = popen(command, "r");
    if (output == NULL)
        die("cannot run %s", command);
    if (fgets(line, sizeof(line), output) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(cluster->conninfo, sizeof(cluster->conninfo), "%s", line);
    }
    if (pclose(output) != 0)
        die("%s failed", command);
}

struct test_cluster *test_cluster_new(void)
{
    struct test_cluster *cluster = memory_zero(1, sizeof(*cluster));

    (void)snprintf(cluster->folder, sizeof(cluster->folder), "/tmp/synergyflow-cluster.XXXXXX");
    if (mkdtemp(cluster->folder) == NULL)
        die("cannot create a folder under /tmp");
    cluster_call(cluster, "start");
    return cluster;
}

void test_cluster_stop(struct test_cluster *cluster)
{
    cluster_call(cluster, "stop");
}

void test_cluster_start(struct test_cluster *cluster)
{
    cluster_call(cluster, "start");
}

const char *test_cluster_conninfo(const struct test_cluster *cluster)
{
    return cluster->conninfo;
}

void test_cluster_free(struct test_cluster *cluster)
{
    char command[CONNINFO_BYTES];

    (void)snprintf(command, sizeof(command),
                   "bash '%s/tests/support/cluster' stop '%s' 2>/dev/null; rm -rf '%s'",
                   SOURCE_FOLDER, cluster->folder, cluster->folder);
    if (system(command) != 0)
        (void)fprintf(stderr, "cannot remove %s\n", cluster->folder);
    memory_free(cluster);
}

static void free_own_cluster(void)
{
    test_cluster_free(own_cluster);
}

static const char *server(void)
{
    const char *given = getenv("SYNERGYFLOW_TEST_PG");

    if (server_conninfo[0] != '\0')
        return server_conninfo;
    if (given != NULL && given[0] != '\0') {
        (void)snprintf(server_conninfo, sizeof(server_conninfo), "%s", given);
    } else {
        own_cluster = test_cluster_new();
        (void)snprintf(server_conninfo, sizeof(server_conninfo), "%s", own_cluster->conninfo);
        (void)atexit(free_own_cluster);
    }
    return server_conninfo;
}

/* ---- the template ---- */

static uint32_t add_file(uint32_t sum, const char *folder, const char *name)
{
    char path[1024];
    struct text text = TEXT_INIT;
    int32_t checksum = 0;
    size_t got;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file == NULL)
        die("cannot read %s", path);
    do {
        got = fread(text_reserve(&text, 65536), 1, 65536, file);
        text_added(&text, got);
    } while (got > 0);
    (void)fclose(file);
    if (!migrate_checksum(text_string(&text), text.length, &checksum))
        die("%s is not UTF-8", path);
    text_deinit(&text);
    return sum * 31 + (uint32_t)checksum;
}

static int is_migration(const struct dirent *entry)
{
    return entry->d_name[0] == 'V';
}

static void template_name(char *ret_name)
{
    const char *folder = SOURCE_FOLDER "/migrations";
    struct dirent **entries;
    int count = scandir(folder, &entries, is_migration, alphasort);
    uint32_t sum = 1;

    if (count <= 0)
        die("expected migrations in %s", folder);
    for (int i = 0; i < count; i++) {
        sum = add_file(sum, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    (void)snprintf(ret_name, NAME_BYTES, "test_template_%08x", sum);
}

/* Made under another name and renamed when complete: a template is whole or not there. */
static void make_template(PGconn *session, const char *name)
{
    char conninfo[CONNINFO_BYTES];
    struct migrate_settings settings = {.conninfo = conninfo,
                                        .folder = SOURCE_FOLDER "/migrations"};
    struct migrate_report report;
    struct error error;

    run_format(session, "DROP DATABASE IF EXISTS ?_unfinished", name);
    run_format(session, "CREATE DATABASE ?_unfinished", name);
    with(conninfo, server(), "dbname", name);
    (void)strncat(conninfo, "_unfinished", sizeof(conninfo) - strlen(conninfo) - 1);
    if (migrate_run(&settings, &report, &error) != STATUS_OK)
        die("the migrations failed: %s", error.message);
    run_format(session, "ALTER DATABASE ?_unfinished RENAME TO ?", name);
}

static void ensure_template(PGconn *session, const char *name)
{
    char sql[256];
    char *found;

    (void)snprintf(sql, sizeof(sql), "SELECT pg_advisory_lock(%d)", TEMPLATE_LOCK);
    memory_free(run_sql(session, sql));
    (void)snprintf(sql, sizeof(sql), "SELECT 1 FROM pg_database WHERE datname = '%s'", name);
    found = run_sql(session, sql);
    if (found[0] == '\0')
        make_template(session, name);
    memory_free(found);
    (void)snprintf(sql, sizeof(sql), "SELECT pg_advisory_unlock(%d)", TEMPLATE_LOCK);
    memory_free(run_sql(session, sql));
}

/* ---- databases ---- */

struct test_database *test_database_new(bool migrated)
{
    static unsigned serial;
    struct test_database *database = memory_zero(1, sizeof(*database));
    PGconn *session = open_session(server());
    char template[NAME_BYTES] = "template0";
    char sql[256];

    if (migrated) {
        template_name(template);
        ensure_template(session, template);
    }
    (void)snprintf(database->name, sizeof(database->name), "test_%ld_%u", (long)getpid(), ++serial);
    /* One that a crashed test of the same process number left. */
    run_format(session, "DROP DATABASE IF EXISTS ? WITH (FORCE)", database->name);
    (void)snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE %s", database->name, template);
    memory_free(run_sql(session, sql));
    PQfinish(session);
    with(database->conninfo, server(), "dbname", database->name);
    return database;
}

void test_database_free(struct test_database *database)
{
    PGconn *session;

    if (database == NULL)
        return;
    session = open_session(server());
    run_format(session, "DROP DATABASE ? WITH (FORCE)", database->name);
    PQfinish(session);
    memory_free(database->value);
    memory_free(database);
}

const char *test_database_conninfo(const struct test_database *database)
{
    return database->conninfo;
}

const char *test_database_conninfo_as(struct test_database *database, const char *role)
{
    with(database->conninfo_as, database->conninfo, "user", role);
    return database->conninfo_as;
}

const char *test_database_sql(struct test_database *database, const char *sql)
{
    PGconn *session = open_session(database->conninfo);

    memory_free(database->value);
    database->value = run_sql(session, sql);
    PQfinish(session);
    return database->value;
}
