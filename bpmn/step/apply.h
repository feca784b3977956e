/* Private to bpmn/step: the one applier, and the look-ups it shares with the interpreter.
 *
 * A live step and a rebuild from recorded changes go through the same bpmn_apply(). */
#ifndef SYNERGYFLOW_STEP_APPLY_H
#define SYNERGYFLOW_STEP_APPLY_H

#include "bpmn/step/change.h"

/* Carries out one change. The change must fit the instance (a program invariant: the interpreter
 * has checked the command before it records anything, the journal's reader each record). */
void bpmn_apply(struct bpmn_instance *instance, const struct bpmn_change *change);

/* Appends a copy of `change`. */
void bpmn_changes_add(struct bpmn_changes *changes, const struct bpmn_change *change);

/* A zeroed scope at the end of the array; earlier pointers to scopes are invalid afterwards. */
struct bpmn_scope *bpmn_instance_add_scope(struct bpmn_instance *instance);
/* Has to be called before a scope is marked as new, changed or removed. */
void bpmn_instance_touch(struct bpmn_instance *instance, struct bpmn_scope *scope);
/* Makes a new token or wait, which stands in this scope, findable. */
void bpmn_instance_index_id(struct bpmn_instance *instance, const struct bpmn_scope *scope,
                            const struct uuid *id);
/* Makes a new scope, whose id and parent_id are set, findable; sets its parent's index. */
void bpmn_instance_index_scope(struct bpmn_instance *instance, uint32_t index);
/* Zeroed, at the end; earlier pointers to this scope's tokens (this token's waits) are invalid. */
struct bpmn_token *bpmn_scope_add_token(struct bpmn_scope *scope, struct arena *arena);
struct bpmn_wait *bpmn_token_add_wait(struct bpmn_token *token, struct arena *arena);
/* Where `flow` is or belongs among the arrivals, which are in the order of the flows. */
uint32_t bpmn_scope_arrival_position(const struct bpmn_scope *scope, uint32_t flow);
uint32_t bpmn_scope_arrivals(const struct bpmn_scope *scope, uint32_t flow);
/* Adds to the tokens that wait on `flow`; an entry without tokens and not held goes. */
void bpmn_scope_add_arrivals(struct bpmn_scope *scope, struct arena *arena, uint32_t flow,
                             int32_t count);
void bpmn_scope_hold(struct bpmn_scope *scope, struct arena *arena, uint32_t flow, bool held);
bool bpmn_scope_holds(const struct bpmn_scope *scope, uint32_t flow);

/* NULL when the scope has no such token. */
struct bpmn_token *bpmn_scope_token(struct bpmn_scope *scope, const struct uuid *id);

/* Keeps a value alive until the instance is saved, for the records that borrow it; takes over the
 * caller's reference and hands the value back. */
const json_t *bpmn_instance_keep(struct bpmn_instance *instance, json_t *value);

#endif
