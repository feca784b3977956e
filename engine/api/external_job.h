/* What the files of the external worker API share. */
#ifndef SYNERGYFLOW_API_EXTERNAL_JOB_H
#define SYNERGYFLOW_API_EXTERNAL_JOB_H

#include "bpmn/iso8601.h"
#include "engine/api/internal.h"

/* A required ISO 8601 duration, added to `from_us`. */
MUST_CHECK enum status api_duration(const json_t *body, const char *name, int64_t from_us,
                                    int64_t *ret_us, struct error *ret_error);
MUST_CHECK enum status api_worker(const json_t *body, const char **ret_worker,
                                  struct error *ret_error);

/* What a worker asks for; texts in the request's arena. */
struct job_wish {
    const char *topic;
    const char *worker;
    struct iso8601_duration lock;
    int64_t count;
    int64_t wait_ms; /* 0: it does not wait */
};

/* Adds the statement that locks jobs for the wish. STATUS_INVALID when the lock's end is no date.
 */
MUST_CHECK enum status external_job_lock(struct pg_batch *batch, const struct job_wish *wish,
                                         int64_t now_us, struct error *ret_error);
/* Answers with the rows of that statement: jobs with the variables that their models let a worker
 * see (external_job_view.c). The rows are not needed after the call. */
void external_jobs_answer(struct definition_cache *definitions, struct http_request *request,
                          const struct pg_result *rows);
/* A row of the lists and of that statement, its last two columns left out. */
json_t *external_job_represent(const struct api_row *row);
/* The variables of each job, an object, become what its model lets a worker see; then the answer.
 * Steals `jobs`. */
void external_jobs_view(struct definition_cache *definitions, struct http_request *request,
                        json_t *jobs);

/* Waits with the others who want jobs; false when too many do. The wish is borrowed. */
bool job_waiters_add(struct job_waiters *waiters, struct http_request *request,
                     const struct job_wish *wish);

#endif
