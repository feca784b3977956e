/* One batch on its way over one connection: sent as one pipeline with one Sync, read to its end. */
#ifndef SYNERGYFLOW_PG_PIPELINE_H
#define SYNERGYFLOW_PG_PIPELINE_H

#include "engine/pg/prepared.h"

/* Zero it before pg_pipeline_send(). */
struct pg_pipeline {
    PGconn *libpq;                /* borrowed */
    struct pg_prepared *prepared; /* borrowed; NULL: prepare nothing */
    struct pg_batch *batch;       /* borrowed */
    uint32_t reading;             /* the statement whose answer comes next */
    bool prepare_read;            /* of that statement, the answer to Parse has come */
    bool session_stale;           /* the server's prepared statements are not what we believed */
    enum status status;           /* of the first failure */
    struct error error;
};

enum pg_progress {
    PROGRESS_WAITING, /* more is to come from the server */
    PROGRESS_DONE,    /* the Sync was answered: `status` and `error` tell the outcome */
    PROGRESS_LOST,    /* the connection is of no use any more; `error` says why */
};

/* Queues the whole batch and the Sync. False: the connection is lost, `error` says why. */
bool pg_pipeline_send(struct pg_pipeline *pipeline);
/* Takes what has arrived (after PQconsumeInput) without waiting. */
enum pg_progress pg_pipeline_read(struct pg_pipeline *pipeline);

/* Makes the loss of the connection the outcome, with libpq's reason. Returns PROGRESS_LOST. */
enum pg_progress pg_pipeline_break(struct pg_pipeline *pipeline);

/* libpq's text for the connection's last error on one line, in `ret_text`. */
void pg_connection_text(const PGconn *libpq, char *ret_text, size_t size);

#endif
