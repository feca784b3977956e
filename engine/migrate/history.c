/* The table flyway_schema_history: Flyway's own definition, columns and lock. */
#include "engine/migrate/migrate_private.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Flyway's key: its magic number plus the hash of "public"."flyway_schema_history". Transaction
 * level, so that nothing stays locked whatever becomes of this session. */
static const char lock_sql[] = "SELECT pg_advisory_xact_lock(77433833903597)";

static const char create_sql[] =
    "CREATE TABLE \"public\".\"flyway_schema_history\" ("
    " \"installed_rank\" INT NOT NULL,"
    " \"version\" VARCHAR(50),"
    " \"description\" VARCHAR(200) NOT NULL,"
    " \"type\" VARCHAR(20) NOT NULL,"
    " \"script\" VARCHAR(1000) NOT NULL,"
    " \"checksum\" INTEGER,"
    " \"installed_by\" VARCHAR(100) NOT NULL,"
    " \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),"
    " \"execution_time\" INTEGER NOT NULL,"
    " \"success\" BOOLEAN NOT NULL);"
    "ALTER TABLE \"public\".\"flyway_schema_history\""
    " ADD CONSTRAINT \"flyway_schema_history_pk\" PRIMARY KEY (\"installed_rank\");"
    "CREATE INDEX \"flyway_schema_history_s_idx\""
    " ON \"public\".\"flyway_schema_history\" (\"success\")";

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

/* libpq's message on one line; a severed session counts as "try again later". */
static enum status session_failed(PGconn *session, const char *what, struct error *ret_error)
{
    bool gone = PQstatus(session) == CONNECTION_BAD;
    char *message;

    error_set(ret_error, gone ? STATUS_UNAVAILABLE : STATUS_FAILED, "%s: %s", what,
              PQerrorMessage(session));
    for (message = ret_error->message; *message != '\0'; message++) {
        if (*message == '\n')
            *message = message[1] == '\0' ? '\0' : ' ';
    }
    return ret_error->status;
}

enum status history_connect(const char *conninfo, PGconn **ret_session, struct error *ret_error)
{
    const char *const names[] = {"fallback_application_name", "dbname", "client_encoding", NULL};
    const char *const values[] = {"synergyflow migrate", conninfo, "UTF8", NULL};
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    PGconn *session;

    if (options == NULL) /* libpq's message would quote the string, with a password perhaps */
        return error_set(ret_error, STATUS_INVALID, "the connection string is not in libpq's form");
    PQconninfoFree(options);
    session = PQconnectdbParams(names, values, 1);
    if (session == NULL)
        return error_set(ret_error, STATUS_UNAVAILABLE, "PostgreSQL cannot be reached");
    if (PQstatus(session) != CONNECTION_OK) {
        enum status status = session_failed(session, "PostgreSQL cannot be reached", ret_error);

        PQfinish(session);
        return status;
    }
    (void)PQsetNoticeReceiver(session, ignore_notice, NULL);
    *ret_session = session;
    return STATUS_OK;
}

static enum status take_result(PGconn *session, PGresult *result, struct error *ret_error)
{
    ExecStatusType outcome = PQresultStatus(result);

    if (outcome == PGRES_TUPLES_OK || outcome == PGRES_COMMAND_OK)
        return STATUS_OK;
    return session_failed(session, "the migration history", ret_error);
}

enum status history_execute(PGconn *session, const char *sql, struct error *ret_error)
{
    PGresult *result = PQexec(session, sql);
    enum status status = take_result(session, result, ret_error);

    PQclear(result);
    return status;
}

enum status history_begin(PGconn *session, struct error *ret_error)
{
    enum status status = history_execute(session, "BEGIN", ret_error);

    if (status == STATUS_OK)
        status = history_execute(session, lock_sql, ret_error);
    if (status == STATUS_OK)
        status = history_execute(session, "SET LOCAL search_path = public", ret_error);
    return status;
}

static enum status history_exists(PGconn *session, bool *ret_exists, struct error *ret_error)
{
    PGresult *result =
        PQexec(session, "SELECT 1 FROM pg_catalog.pg_class c"
                        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        " WHERE n.nspname = 'public' AND c.relname = 'flyway_schema_history'");
    enum status status = take_result(session, result, ret_error);

    if (status == STATUS_OK)
        *ret_exists = PQntuples(result) > 0;
    PQclear(result);
    return status;
}

enum status history_create(PGconn *session, struct error *ret_error)
{
    bool exists = false;
    enum status status = history_exists(session, &exists, ret_error);

    if (status != STATUS_OK || exists)
        return status;
    return history_execute(session, create_sql, ret_error);
}

static char *field(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) ? NULL : memory_copy(PQgetvalue(result, row, column));
}

enum status history_read(PGconn *session, struct history *ret_history, struct error *ret_error)
{
    struct history history = {0};
    bool exists = false;
    enum status status = history_exists(session, &exists, ret_error);
    PGresult *result;

    if (status != STATUS_OK)
        return status;
    if (!exists) {
        *ret_history = history;
        return STATUS_OK;
    }
    result = PQexec(session, "SELECT version, description, type, script,"
                             " to_char(installed_on, 'YYYY-MM-DD\"T\"HH24:MI:SS'), checksum,"
                             " success, installed_rank"
                             " FROM public.flyway_schema_history ORDER BY installed_rank");
    status = take_result(session, result, ret_error);
    if (status != STATUS_OK) {
        PQclear(result);
        return status;
    }
    history.count = (uint32_t)PQntuples(result);
    history.items = memory_zero(history.count, sizeof(*history.items));
    for (int i = 0; i < PQntuples(result); i++) {
        struct history_row *row = &history.items[i];

        row->version = field(result, i, 0);
        row->description = field(result, i, 1);
        row->type = field(result, i, 2);
        row->script = field(result, i, 3);
        row->installed_on = field(result, i, 4);
        row->has_checksum = PQgetisnull(result, i, 5) == 0;
        row->checksum = (int32_t)strtol(PQgetvalue(result, i, 5), NULL, 10);
        row->success = strcmp(PQgetvalue(result, i, 6), "t") == 0;
        history.rank_max = (int32_t)strtol(PQgetvalue(result, i, 7), NULL, 10);
    }
    PQclear(result);
    *ret_history = history;
    return STATUS_OK;
}

enum status history_add(PGconn *session, int32_t rank, const struct migration_file *file,
                        int64_t duration_ms, struct error *ret_error)
{
    char rank_text[16];
    char checksum_text[16];
    char duration_text[24];
    const char *values[] = {rank_text,    file->version, file->description,
                            file->script, checksum_text, duration_text};
    PGresult *result;
    enum status status;

    (void)snprintf(rank_text, sizeof(rank_text), "%" PRId32, rank);
    (void)snprintf(checksum_text, sizeof(checksum_text), "%" PRId32, file->checksum);
    (void)snprintf(duration_text, sizeof(duration_text), "%" PRId64, duration_ms);
    result = PQexecParams(session,
                          "INSERT INTO public.flyway_schema_history"
                          " (installed_rank, version, description, type, script, checksum,"
                          " installed_by, execution_time, success)"
                          " VALUES ($1, $2, $3, 'SQL', $4, $5, current_user, $6, true)",
                          COUNT_OF(values), NULL, values, NULL, NULL, 0);
    status = take_result(session, result, ret_error);
    PQclear(result);
    return status;
}

void history_deinit(struct history *history)
{
    for (uint32_t i = 0; i < history->count; i++) {
        memory_free(history->items[i].version);
        memory_free(history->items[i].description);
        memory_free(history->items[i].type);
        memory_free(history->items[i].script);
        memory_free(history->items[i].installed_on);
    }
    memory_free(history->items);
    *history = (struct history){0};
}
