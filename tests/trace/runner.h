/* Runs one golden trace: a readable script of commands on virtual time against the pure core, with
 * what happened written under each.
 *
 *   process FILE [ID]             the model, from the trace's folder
 *   at TIME COMMAND               TIME counts from 2026-01-01T00:00Z: [DAYSd]HH:MM[:SS]; "at TIME"
 *                                 may be left out: the same time
 *     start [KEY] [{variables}] | start-by ELEMENT [{…}]   by the event that triggers it
 *     time passes                 fires what is due until then, each at its own time
 *     time jumps                  the same, but all at TIME (the engine was away)
 *     fire EVENT                  triggers a timer, which fails when it is not due
 *     fire-now EVENT              likewise, due or not
 *     move-timer EVENT DATE       gives it another time
 *     move-timer EVENT from DATE  works it out again, as if armed then
 *     complete TASK [{…}]
 *     message NAME [{…}]          any token that waits for it
 *     subscription EVENT NAME [{…}]
 *     signal NAME [{…}]           every token that waits for it
 *     job TOPIC complete [{…}] | job TOPIC error CODE [{…}] | job TOPIC escalates CODE
 *     handler TOPIC returns [{…}] | handler TOPIC error CODE [{…}]
 *     called ELEMENT completes [{…}] | … error CODE | … escalates CODE
 *     script ELEMENT returns [{…}] | script ELEMENT error CODE
 *     continue ELEMENT            an asynchronous continuation
 *     trigger ELEMENT [{…}]
 *     set [ELEMENT] {…}           in the root scope, or from the element's token
 *     remove {names}
 *     conditions                  has the conditions looked at
 *     move {"cancel": […], "start": […]}
 *     delete REASON
 *   state                         the scopes, their variables and tokens
 *   journal                       the journal's records of the last command
 *
 * Output lines: "> " a change ("passed": activated and completed), "! " a refusal or failure, "= "
 * state or journal. After every command the runner also proves that records alone rebuild the same
 * instance, that a clone made before is untouched, that exactly what changed is marked dirty, that
 * nothing stays behind in a finished instance; then it stores the instance as JSON, loads it again
 * and goes on with that one. */
#ifndef SYNERGYFLOW_TRACE_RUNNER_H
#define SYNERGYFLOW_TRACE_RUNNER_H

#include "bpmn/base/text.h"

/* What the trace file should look like, appended to `ret_text`. A broken proof is a line that
 * begins with "! broken". */
void trace_run(const char *folder, const char *script, struct text *ret_text);

#endif
