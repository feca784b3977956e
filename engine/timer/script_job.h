/* A script that takes longer than a step may: its job hands out what it needs, a worker process
 * runs it, and what it says comes back as a command that ends the job. Private to this folder. */
#ifndef SYNERGYFLOW_SCRIPT_JOB_H
#define SYNERGYFLOW_SCRIPT_JOB_H

#include "engine/command/command.h"
#include "engine/script/script_pool.h"

/* Copies what it needs of `script`. STATUS_OK: on_done fires once, from the loop, never inside this
 * call, with STATUS_OK when the answer has been committed, else with what went wrong. Another
 * status: it will not fire. NULL `pool`: STATUS_FAILED. */
MUST_CHECK enum status script_job_run(struct script_pool *pool, struct command_queue *queue,
                                      const struct uuid *job_id, const struct bpmn_script *script,
                                      void (*on_done)(void *context, enum status status,
                                                      const struct error *error),
                                      void *context, struct error *ret_error);

#endif
