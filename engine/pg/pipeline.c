/* Sending a batch and reading its answers.
 *
 * Happy path
 *   - each statement becomes Parse/Bind/Execute with an unnamed or a named prepared statement; a
 * named one that this connection does not know yet is prepared just before, in the same pipeline;
 *   - one Sync ends the pipeline; answers arrive in order: results, NULL, results, NULL, …, Sync.
 *
 * Failure modes
 *   - a statement fails: the server skips the rest up to the Sync; the first error is the batch's;
 *   - an error at the Sync itself (a deferred constraint of the implicit transaction) counts for
 * the last statement;
 *   - a prepare counts only when its answer came: PostgreSQL keeps a prepared statement even when
 * the transaction around it fails, and skips it when something before it failed;
 *   - the server ends the session (FATAL) or the connection breaks: lost, and nothing of it is used
 *     again. */
#include "engine/pg/pipeline.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_FORMAT_BINARY = 1, STATEMENT_LABEL_BYTES = 96 };

void pg_connection_text(const PGconn *libpq, char *ret_text, size_t size)
{
    const char *message = PQerrorMessage(libpq);
    size_t length = 0;

    for (; *message != '\0' && length + 1 < size; message++) {
        bool blank = *message == '\n' || *message == '\t' || *message == ' ';

        if (blank && (length == 0 || ret_text[length - 1] == ' '))
            continue;
        ret_text[length++] = blank ? ' ' : *message;
    }
    while (length > 0 && ret_text[length - 1] == ' ')
        length--;
    ret_text[length] = '\0';
}

static const char *statement_label(const struct pg_pipeline *pipeline, char *buffer)
{
    const struct pg_batch *batch = pipeline->batch;
    uint32_t index = batch->failed_statement;
    const char *name = index < batch->count ? batch->calls[index]->statement->name : NULL;

    if (name != NULL)
        (void)snprintf(buffer, STATEMENT_LABEL_BYTES, "%s", name);
    else
        (void)snprintf(buffer, STATEMENT_LABEL_BYTES, "statement %u of the batch", index + 1);
    return buffer;
}

/* The statement that is being read is at fault; past the end it is the last one (see above). */
static void mark_failed(struct pg_pipeline *pipeline, const char *sqlstate)
{
    struct pg_batch *batch = pipeline->batch;
    uint32_t last = batch->count > 0 ? batch->count - 1 : 0;

    batch->failed_statement = pipeline->reading < last ? pipeline->reading : last;
    (void)snprintf(batch->failed_sqlstate, sizeof(batch->failed_sqlstate), "%s", sqlstate);
}

enum pg_progress pg_pipeline_break(struct pg_pipeline *pipeline)
{
    char label[STATEMENT_LABEL_BYTES];
    char text[ERROR_MESSAGE_MAX / 2];

    if (pipeline->status == STATUS_OK)
        mark_failed(pipeline, "");
    pg_connection_text(pipeline->libpq, text, sizeof(text));
    pipeline->status = error_set(&pipeline->error, STATUS_UNAVAILABLE,
                                 "%s: the connection to PostgreSQL was lost: %s",
                                 statement_label(pipeline, label), text);
    return PROGRESS_LOST;
}

static bool send_call(struct pg_pipeline *pipeline, struct pg_call *call)
{
    const struct pg_statement *statement = call->statement;
    enum prepared_state *state = NULL;
    char name[PREPARED_NAME_BYTES];

    call->prepares = false;
    if (pipeline->prepared != NULL && statement->name != NULL) {
        call->prepared_key = pg_prepared_key(call);
        state = pg_prepared_state(pipeline->prepared, call->prepared_key);
    }
    if (state == NULL)
        return PQsendQueryParams(pipeline->libpq, statement->sql, (int)call->parameter_count,
                                 call->types, call->values, call->lengths, call->formats,
                                 TEXT_FORMAT_BINARY) == 1;
    pg_prepared_name(call, call->prepared_key, name);
    if (*state == PREPARED_NOT) {
        if (PQsendPrepare(pipeline->libpq, name, statement->sql, (int)call->parameter_count,
                          call->types) != 1)
            return false;
        *state = PREPARED_SENT;
        call->prepares = true;
    }
    return PQsendQueryPrepared(pipeline->libpq, name, (int)call->parameter_count, call->values,
                               call->lengths, call->formats, TEXT_FORMAT_BINARY) == 1;
}

bool pg_pipeline_send(struct pg_pipeline *pipeline)
{
    struct pg_batch *batch = pipeline->batch;

    pg_batch_reset(batch);
    for (uint32_t i = 0; i < batch->count; i++) {
        if (!send_call(pipeline, batch->calls[i])) {
            pipeline->reading = i;
            (void)pg_pipeline_break(pipeline);
            return false;
        }
    }
    if (PQpipelineSync(pipeline->libpq) != 1) {
        (void)pg_pipeline_break(pipeline);
        return false;
    }
    return true;
}

/* Classes 08 (connection) and 53 (resources: disk full, out of memory, too many connections), and
 * a server that shuts down or starts: the caller may try again later. */
static bool is_unavailable(const char *sqlstate)
{
    return strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "53", 2) == 0 ||
           strcmp(sqlstate, "57P01") == 0 || strcmp(sqlstate, "57P02") == 0 ||
           strcmp(sqlstate, "57P03") == 0;
}

/* "prepared statement does not exist", "… already exists", and "cached plan must not change result
 * type" (0A000 in a named statement): only a fresh session puts these right. */
static bool is_session_stale(const struct pg_pipeline *pipeline, const char *sqlstate)
{
    return pipeline->prepared != NULL &&
           (strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "42P05") == 0 ||
            strcmp(sqlstate, "0A000") == 0);
}

/* True when the server ended the session with this error. */
static bool note_failure(struct pg_pipeline *pipeline, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char label[STATEMENT_LABEL_BYTES];

    if (sqlstate == NULL || severity == NULL || message == NULL)
        return true; /* made by libpq itself: the connection broke */
    if (pipeline->status == STATUS_OK) {
        bool fatal = strcmp(severity, "ERROR") != 0;

        mark_failed(pipeline, sqlstate);
        pipeline->status = fatal || is_unavailable(sqlstate) ? STATUS_UNAVAILABLE : STATUS_FAILED;
        pipeline->session_stale = is_session_stale(pipeline, sqlstate);
        error_set(&pipeline->error, pipeline->status, "%s: %s (SQLSTATE %s)",
                  statement_label(pipeline, label), message, sqlstate);
    }
    return strcmp(severity, "ERROR") != 0 || strncmp(sqlstate, "08", 2) == 0;
}

/* An answer to the current statement's Parse or to its execution. */
static void take_answer(struct pg_pipeline *pipeline, PGresult *result, bool success)
{
    struct pg_batch *batch = pipeline->batch;
    struct pg_call *call;

    if (pipeline->reading >= batch->count) {
        PQclear(result);
        return;
    }
    call = batch->calls[pipeline->reading];
    if (call->prepares && !pipeline->prepare_read) {
        enum prepared_state *state = pg_prepared_state(pipeline->prepared, call->prepared_key);

        *state = success ? PREPARED_READY : PREPARED_NOT;
        PQclear(result);
        return;
    }
    if (success && call->result->libpq == NULL)
        call->result->libpq = result;
    else
        PQclear(result);
}

/* NULL: the answers to one Parse or one execution are complete. */
static void end_answer(struct pg_pipeline *pipeline)
{
    const struct pg_batch *batch = pipeline->batch;

    if (pipeline->reading >= batch->count)
        return;
    if (batch->calls[pipeline->reading]->prepares && !pipeline->prepare_read) {
        pipeline->prepare_read = true;
        return;
    }
    pipeline->reading++;
    pipeline->prepare_read = false;
}

/* The protocol cannot go on from COPY inside a pipeline. */
static enum pg_progress refuse_copy(struct pg_pipeline *pipeline)
{
    char label[STATEMENT_LABEL_BYTES];

    mark_failed(pipeline, "");
    pipeline->status = error_set(&pipeline->error, STATUS_INTERNAL,
                                 "%s: expected a statement that gives rows, but it is a COPY",
                                 statement_label(pipeline, label));
    return PROGRESS_LOST;
}

enum pg_progress pg_pipeline_read(struct pg_pipeline *pipeline)
{
    while (PQisBusy(pipeline->libpq) == 0) {
        PGresult *result = PQgetResult(pipeline->libpq);
        bool ended = false;

        if (result == NULL) {
            if (PQstatus(pipeline->libpq) == CONNECTION_BAD)
                return pg_pipeline_break(pipeline);
            end_answer(pipeline);
            continue;
        }
        switch (PQresultStatus(result)) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result);
            return PROGRESS_DONE;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY:
            take_answer(pipeline, result, true);
            break;
        case PGRES_PIPELINE_ABORTED:
            take_answer(pipeline, result, false);
            break;
        case PGRES_FATAL_ERROR:
            ended = note_failure(pipeline, result);
            take_answer(pipeline, result, false);
            break;
        default:
            take_answer(pipeline, result, false);
            return refuse_copy(pipeline);
        }
        if (ended)
            return pipeline->status == STATUS_UNAVAILABLE ? PROGRESS_LOST
                                                          : pg_pipeline_break(pipeline);
    }
    return PQstatus(pipeline->libpq) == CONNECTION_BAD ? pg_pipeline_break(pipeline)
                                                       : PROGRESS_WAITING;
}
