/* Private to bpmn/step: the one applier, and the look-ups it shares with the interpreter.
 *
 * A live step and a rebuild from recorded changes go through the same bpmn_apply(). */
#ifndef SYNERGYFLOW_STEP_APPLY_H
#define SYNERGYFLOW_STEP_APPLY_H

#include "bpmn/step/change.h"

/* Carries out one change. The change must fit the instance (a program invariant: the interpreter
 * has checked the command before it records anything). */
void bpmn_apply(struct bpmn_instance *instance, const struct bpmn_change *change);

/* Appends a copy of `change`. */
void bpmn_changes_add(struct bpmn_changes *changes, const struct bpmn_change *change);

/* A zeroed scope at the end of the array; earlier pointers to scopes are invalid afterwards. */
struct bpmn_scope *bpmn_instance_add_scope(struct bpmn_instance *instance);
/* Zeroed, at the end; earlier pointers to this scope's tokens (this token's waits) are invalid. */
struct bpmn_token *bpmn_scope_add_token(struct bpmn_scope *scope, struct arena *arena);
struct bpmn_wait *bpmn_token_add_wait(struct bpmn_token *token, struct arena *arena);
/* Sets how many tokens wait on `flow`; keeps the arrivals in the order of the flows. */
void bpmn_scope_set_arrivals(struct bpmn_scope *scope, struct arena *arena, uint32_t flow,
                             uint32_t count);
uint32_t bpmn_scope_arrivals(const struct bpmn_scope *scope, uint32_t flow);

/* NULL when the scope has no such token. */
struct bpmn_token *bpmn_scope_token(struct bpmn_scope *scope, const struct uuid *id);

#endif
