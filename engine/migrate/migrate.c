/* Running, validating and listing migrations.
 *
 * Happy path: read the files; connect; then for each pending file: BEGIN, lock, read the history
 * again (another runner may have been here), run the file, add its row, COMMIT.
 * Failure modes: anything before COMMIT rolls back with the statements and the row together. */
#include "engine/migrate/migrate_private.h"

#include "bpmn/base/memory.h"
#include "engine/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* `position` counts characters from 1. */
static int line_of_position(const char *sql, long position)
{
    int line = 1;

    for (; *sql != '\0' && position > 1; sql++) {
        if (*sql == '\n')
            line++;
        if (((unsigned char)sql[1] & 0xC0) != 0x80)
            position--;
    }
    return line;
}

static enum status statement_failed(PGconn *session, const PGresult *result,
                                    const struct migration_file *file, struct error *ret_error)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);

    if (message == NULL || sqlstate == NULL)
        return error_set(ret_error, STATUS_UNAVAILABLE, "%s: the connection was lost: %s",
                         file->script, PQerrorMessage(session));
    if (position == NULL)
        return error_set(ret_error, STATUS_FAILED, "%s: %s (SQLSTATE %s); nothing of it was kept",
                         file->script, message, sqlstate);
    error_set(ret_error, STATUS_FAILED, "%s, line %d: %s (SQLSTATE %s); nothing of it was kept",
              file->script, line_of_position(file->sql, strtol(position, NULL, 10)), message,
              sqlstate);
    return error_at(ret_error, NULL, line_of_position(file->sql, strtol(position, NULL, 10)), 0);
}

static enum status transaction_id(PGconn *session, char ret_id[32], struct error *ret_error)
{
    PGresult *result = PQexec(session, "SELECT pg_current_xact_id()::text");
    bool ok = PQresultStatus(result) == PGRES_TUPLES_OK;

    if (ok)
        (void)snprintf(ret_id, 32, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return ok ? STATUS_OK
              : error_set(ret_error, STATUS_FAILED, "the transaction has no id: %s",
                          PQerrorMessage(session));
}

/* A file that commits by itself would leave half of it behind when the rest fails. */
static enum status run_file(PGconn *session, const struct migration_file *file,
                            struct error *ret_error)
{
    char before[32];
    char after[32];
    enum status status = transaction_id(session, before, ret_error);
    PGresult *result;

    if (status != STATUS_OK)
        return status;
    result = PQexec(session, file->sql);
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        PQclear(result);
        return error_set(ret_error, STATUS_FAILED,
                         "%s: COPY from or to the client is not possible in a migration",
                         file->script);
    default:
        status = statement_failed(session, result, file, ret_error);
        PQclear(result);
        return status;
    }
    PQclear(result);
    status = transaction_id(session, after, ret_error);
    if (status == STATUS_OK && strcmp(before, after) != 0)
        status = error_set(ret_error, STATUS_FAILED,
                           "%s ends the transaction it runs in; take COMMIT and ROLLBACK out of "
                           "it and put the schema right by hand",
                           file->script);
    return status;
}

static const struct migration_file *first_pending(const struct migration_files *files,
                                                  const struct migrate_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].state != MIGRATE_PENDING)
            continue;
        for (uint32_t f = 0; f < files->count; f++) {
            if (strcmp(files->items[f].script, list->items[i].script) == 0)
                return &files->items[f];
        }
    }
    return NULL;
}

static void summarise(const struct migrate_list *list, struct migrate_report *report)
{
    report->already = 0;
    report->version[0] = '\0';
    for (uint32_t i = 0; i < list->count; i++) {
        const struct migrate_entry *entry = &list->items[i];

        if (entry->state != MIGRATE_APPLIED && entry->state != MIGRATE_BASELINE)
            continue;
        report->already++;
        (void)snprintf(report->version, sizeof(report->version), "%s", entry->version);
    }
}

/* One transaction: at most one migration. `*ret_more` is false when nothing was pending. */
static enum status step(PGconn *session, const struct migration_files *files,
                        struct migrate_report *report, bool *ret_more, struct error *ret_error)
{
    struct history history = {0};
    struct migrate_list list = {0};
    const struct migration_file *file = NULL;
    int64_t started_us;
    enum status status = history_begin(session, ret_error);

    *ret_more = false;
    if (status == STATUS_OK)
        status = history_read(session, &history, ret_error);
    if (status != STATUS_OK)
        return status;
    plan_make(files, &history, &list);
    status = plan_check(&list, ret_error);
    if (status == STATUS_OK) {
        summarise(&list, report);
        file = first_pending(files, &list);
    }
    if (file != NULL) {
        started_us = clock_monotonic_us();
        status = run_file(session, file, ret_error);
        if (status == STATUS_OK)
            status = history_add(session, history.rank_max + 1, file,
                                 (clock_monotonic_us() - started_us) / 1000, ret_error);
    }
    if (status == STATUS_OK) {
        status = history_execute(session, "COMMIT", ret_error);
        if (status != STATUS_OK && file != NULL)
            error_prefix(ret_error, "%s", file->script);
    }
    if (status == STATUS_OK && file != NULL) {
        report->applied++;
        *ret_more = true;
    }
    if (status != STATUS_OK) {
        struct error ignored;

        /* Also ended by the session's end, but then a moment later. */
        (void)!history_execute(session, "ROLLBACK", &ignored);
    }
    migrate_list_deinit(&list);
    history_deinit(&history);
    return status;
}

static enum status create_history(PGconn *session, struct error *ret_error)
{
    enum status status = history_begin(session, ret_error);

    if (status == STATUS_OK)
        status = history_create(session, ret_error);
    if (status == STATUS_OK)
        status = history_execute(session, "COMMIT", ret_error);
    return status;
}

enum status migrate_run(const struct migrate_settings *settings, struct migrate_report *ret_report,
                        struct error *ret_error)
{
    struct migration_files files = {0};
    struct migrate_report report = {0};
    PGconn *session = NULL;
    bool more = true;
    enum status status = migration_files_read(settings->folder, &files, ret_error);

    if (status != STATUS_OK)
        return status;
    status = history_connect(settings->conninfo, &session, ret_error);
    if (status == STATUS_OK)
        status = create_history(session, ret_error);
    while (status == STATUS_OK && more)
        status = step(session, &files, &report, &more, ret_error);
    PQfinish(session); /* ends a transaction that failed, too */
    migration_files_deinit(&files);
    if (status == STATUS_OK) {
        report.already -= report.applied;
        *ret_report = report;
    }
    return status;
}

enum status migrate_info(const struct migrate_settings *settings, struct migrate_list *ret_list,
                         struct error *ret_error)
{
    struct migration_files files = {0};
    struct history history = {0};
    PGconn *session = NULL;
    enum status status = migration_files_read(settings->folder, &files, ret_error);

    if (status != STATUS_OK)
        return status;
    status = history_connect(settings->conninfo, &session, ret_error);
    if (status == STATUS_OK)
        status = history_read(session, &history, ret_error);
    if (status == STATUS_OK)
        plan_make(&files, &history, ret_list);
    history_deinit(&history);
    PQfinish(session);
    migration_files_deinit(&files);
    return status;
}

enum status migrate_validate(const struct migrate_settings *settings,
                             struct migrate_report *ret_report, struct error *ret_error)
{
    struct migrate_list list = {0};
    struct migrate_report report = {0};
    enum status status = migrate_info(settings, &list, ret_error);

    if (status != STATUS_OK)
        return status;
    summarise(&list, &report);
    status = plan_check(&list, ret_error);
    for (uint32_t i = 0; i < list.count && status == STATUS_OK; i++) {
        if (list.items[i].state == MIGRATE_PENDING)
            status =
                error_set(ret_error, STATUS_CONFLICT,
                          "%s is not applied yet; run `synergyflow migrate`", list.items[i].script);
    }
    if (status == STATUS_OK)
        *ret_report = report;
    migrate_list_deinit(&list);
    return status;
}
