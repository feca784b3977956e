/* Seals what the audit trail has recorded, four times a second.
 *
 * Every node may seal; a transaction's advisory lock lets one at a time, and a seal's number can be
 * taken once. Which rows are due is told by snapshots (migration V024), so that neither a
 * transaction that commits late nor one that stays open makes a row miss its seal or another wait.
 */
#ifndef SYNERGYFLOW_AUDIT_SEALER_H
#define SYNERGYFLOW_AUDIT_SEALER_H

#include "engine/pg/pool.h"

struct audit_sealer;

enum {
    AUDIT_SEAL_MS = 250,     /* between looks, when there was nothing more to seal */
    AUDIT_TROUBLE_MS = 1000, /* after a look that failed */
    AUDIT_SEAL_ROWS_MAX = 4096,
    AUDIT_SEAL_BYTES_MAX = 32 * 1024 * 1024, /* of values; a single row may have more */
};

/* `keys` is the folder. Fails when there is no current key. */
MUST_CHECK enum status audit_sealer_new(uv_loop_t *loop, const char *keys,
                                        struct audit_sealer **ret_sealer, struct error *ret_error);
void audit_sealer_start(struct audit_sealer *sealer, struct pg_pool *pool);
/* What is under way is finished; then on_stopped fires, from the loop. Also when never started. */
void audit_sealer_stop(struct audit_sealer *sealer, void (*on_stopped)(void *context),
                       void *context);
void audit_sealer_free(struct audit_sealer *sealer); /* after stop; NULL is fine */

#endif
