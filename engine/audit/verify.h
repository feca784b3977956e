/* Verifies the audit trail of a database: seals in order, and of each the rows.
 *
 * Reads in chunks; while one is hashed in the loop's pool, the next is read. */
#ifndef SYNERGYFLOW_AUDIT_VERIFY_H
#define SYNERGYFLOW_AUDIT_VERIFY_H

#include "engine/audit/check.h"
#include "engine/pg/pool.h"

enum { AUDIT_CHUNK_ROWS = 16384, AUDIT_CHUNK_SEALS = 512 };
#define AUDIT_TO_THE_END INT64_C(4102444800000000) /* the year 2100 */

struct audit_verify_settings {
    uv_loop_t *loop;
    struct pg_pool *pool;
    struct audit_keys *keys; /* borrowed until on_done */
    int64_t from_us;         /* seals made from here … */
    int64_t to_us;           /* … until before here; AUDIT_TO_THE_END */
    struct audit_head known; /* a seal that the chain has to hold, when it goes to the end */
    /* Each intact seal with its rows, in order, from the pool's thread; NULL: nobody wants them.
     * Not STATUS_OK ends the verification with that error. */
    enum status (*on_seal)(void *context, const struct audit_seal *seal,
                           const uint8_t before[AUDIT_HASH_BYTES], const struct audit_row *rows,
                           int64_t count, struct error *ret_error);
    /* STATUS_OK: `verdict` says what was found. Else the database or on_seal failed. */
    void (*on_done)(void *context, const struct audit_verdict *verdict, enum status status,
                    const struct error *error);
    void *context;
};

/* `settings` is copied; what it points to stays until on_done has fired, from the loop. */
void audit_verify(const struct audit_verify_settings *settings);

#endif
