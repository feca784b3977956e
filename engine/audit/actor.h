/* In whose name a transaction's next statements change rows: the setting that the audit trail's
 * triggers read (migration V024, decision 0012), set together with the role. Both end with the
 * transaction. */
#ifndef SYNERGYFLOW_AUDIT_ACTOR_H
#define SYNERGYFLOW_AUDIT_ACTOR_H

#include "engine/pg/batch.h"

struct audit_actor {
    const char *user;           /* NULL: the engine itself */
    const char *correlation_id; /* NULL: none */
};

/* Whose a row is, by the value of one of its columns. */
struct audit_claim {
    const char *value;
    struct audit_actor actor;
};

/* All rows that follow are one actor's. The role "none" gives the module's role back. */
void audit_act_as(struct pg_batch *batch, const char *role, const struct audit_actor *actor);
/* Each row is its claim's, by `column`; of two claims with one value the last counts. A row that
 * nobody claims is the engine's, or when `strict` fails the transaction with AUDIT_UNCLAIMED. */
void audit_act_by_row(struct pg_batch *batch, const char *role, const char *column,
                      const struct audit_claim *claims, uint32_t count, bool strict);
/* The module's role and the actor are given back. */
void audit_act_no_more(struct pg_batch *batch);

bool audit_actor_equals(const struct audit_actor *a, const struct audit_actor *b);

/* The SQLSTATE of a transaction that changed a row which nobody claimed. */
#define AUDIT_UNCLAIMED "SFA01"

#endif
