/* JavaScript for the interpreter: what a step may run itself, within a budget of steps; what needs
 * more is deferred to a job. */
#ifndef SYNERGYFLOW_SCRIPTS_H
#define SYNERGYFLOW_SCRIPTS_H

#include "bpmn/step/step.h"

/* For bpmn_env.run_script. */
MUST_CHECK enum status scripts_run_in_step(const struct bpmn_env *env,
                                           const struct bpmn_script *script,
                                           struct bpmn_script_result *ret_result,
                                           struct error *ret_error);
/* Likewise where nobody waits for anything else (tests of processes): about as much as a worker
 * would let it take; what needs more is deferred. */
MUST_CHECK enum status scripts_run_alone(const struct bpmn_env *env,
                                         const struct bpmn_script *script,
                                         struct bpmn_script_result *ret_result,
                                         struct error *ret_error);

#endif
