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

/* Whoever runs it hears that it has become due at `due_us`. */
void job_tell(const struct api_settings *api, int64_t kind, const struct uuid *id,
              const struct uuid *instance_id, int64_t due_us);
/* Reads {"action": …}; false when it was answered. */
bool job_read_action(struct api_operation *operation, const char *const *known,
                     const char **ret_action);
void job_refuse_action(struct api_operation *operation, const char *expected, const char *action);

#endif
