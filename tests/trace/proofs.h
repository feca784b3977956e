/* What the trace runner proves after every command. A broken proof is a "! broken" line. */
#ifndef SYNERGYFLOW_TRACE_PROOFS_H
#define SYNERGYFLOW_TRACE_PROOFS_H

#include "bpmn/base/text.h"
#include "bpmn/step/step.h"

/* Everything that is stored of an instance as one text; free() it. */
char *proof_dump(const struct bpmn_instance *instance);
/* The clone still is what the instance was when it was made. */
void proof_clone_untouched(const struct bpmn_instance *clone, const char *snapshot,
                           struct text *out);
/* A scope is marked when it differs from before, and only when a record speaks of it (what a step
 * does may also bring it back to what it was). */
void proof_dirty_marks(const struct bpmn_instance *before, const struct bpmn_instance *after,
                       const struct bpmn_changes *changes, uint32_t from, struct text *out);
/* Applying the records to `shadow` gives the same instance. */
void proof_rebuild(struct bpmn_instance *shadow, const struct bpmn_instance *live,
                   const struct bpmn_changes *changes, uint32_t from, struct text *out);
/* So does the journal, as text, when it is read back. */
void proof_journal(struct bpmn_instance *replayed, const struct bpmn_instance *live,
                   const struct bpmn_changes *changes, uint32_t from, struct text *out);
/* A finished instance has no token, wait, arrival or nested scope. */
void proof_nothing_left(const struct bpmn_instance *instance, struct text *out);
/* Stores every scope as JSON text, loads it into a fresh instance and puts that in the place of the
 * old one (not while a handler is being called: such an instance is never stored). */
void proof_store_and_load(struct bpmn_instance *instance, struct arena *arena, struct text *out);
/* A script engine that never has the time: every script is answered by a command. */
enum status proof_defer_script(const struct bpmn_env *env, const struct bpmn_script *script,
                               struct bpmn_script_result *ret_result, struct error *ret_error);
/* The state for reading, each line after `prefix`. */
void proof_print_state(const struct bpmn_instance *instance, struct text *out, const char *prefix);

#endif
