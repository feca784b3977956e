/* What the files of /process-api/management/…-jobs share. */
#ifndef SYNERGYFLOW_API_JOB_H
#define SYNERGYFLOW_API_JOB_H

#include "engine/api/internal.h"

/* Given up: conditions on row b of synergyflow_workflows.job and row m of …timer. */
#define JOB_IS_DEAD   "(b.dead_at IS NOT NULL OR (b.kind = 1 AND b.retries <= 0))"
#define TIMER_IS_DEAD "m.dead_at IS NOT NULL"

/* The list that the request's path names. A row's first column is the id. */
const struct list *job_list_of(const struct http_request *request);

/* Of rows of the job table, and one of our own for timers. */
enum { KIND_TIMER = 0, KIND_EXTERNAL = 1, KIND_SCRIPT = 3 };

enum { JOB_REASON_MAX = 1000 };

/* What is to be done with one. */
struct job_change {
    const struct api_settings *api;
    struct api_operation *operation;
    const struct list *list;
    struct uuid id;
    struct uuid instance_id;
    int64_t due_us;     /* the new time */
    int64_t was_due_us; /* the old one, when it is known */
    const char *reason; /* the operator's; NULL: none */
};

/* Due now, of the list that the path names. */
struct job_change job_change_new(const struct api_settings *api, struct http_request *request,
                                 struct api_operation *operation);
/* A second round of `query`: a row of job, and of the operator's action; answers. */
void job_move(struct api_query *query, struct job_change *change);
/* Whoever runs it hears that it has become due at `due_us`. */
void job_tell(const struct api_settings *api, int64_t kind, const struct uuid *id,
              const struct uuid *instance_id, int64_t due_us);
/* Reads {"action": …}; false when it was answered. */
bool job_read_action(struct api_operation *operation, const char *const *known,
                     const char **ret_action);
void job_refuse_action(struct api_operation *operation, const char *expected, const char *action);

#endif
