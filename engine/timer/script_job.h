/* A script that takes longer than a step may: its job hands out what it needs, a worker process
 * runs it, and what it says comes back as a command that ends the job. Private to this folder. */
#ifndef SYNERGYFLOW_SCRIPT_JOB_H
#define SYNERGYFLOW_SCRIPT_JOB_H

#include "engine/command/command.h"
#include "engine/script/script_pool.h"

struct script_job;

/* Copies what it needs of `script`. on_done fires once (inside this call when the pool takes it
 * not): with STATUS_OK when the answer has been committed, else with what went wrong. NULL `pool`:
 * fails. */
struct script_job *script_job_run(struct script_pool *pool, struct command_queue *queue,
                                  const struct uuid *job_id, const struct bpmn_script *script,
                                  void (*on_done)(void *context, enum status status,
                                                  const struct error *error),
                                  void *context);

#endif
