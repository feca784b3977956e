/* A seal over rows of the audit trail: what is hashed, and how. Pure: nothing here waits.
 *
 *   row    SHA-256 of 0x00 and of the row's fields, each with its length before it
 *   leaf   the row's event id and its hash, 40 bytes; a seal stores them, so that the one row that
 *          was altered, removed or inserted can be named
 *   root   Merkle tree over the rows' hashes (RFC 6962, 2.1), in order of transaction and event
 *   chain  HMAC-SHA256, with the seal's key, of the seal's other fields and of the chain before */
#ifndef SYNERGYFLOW_AUDIT_SEAL_H
#define SYNERGYFLOW_AUDIT_SEAL_H

#include "engine/audit/keys.h"

#include <stddef.h>

enum { AUDIT_LEAF_BYTES = 8 + AUDIT_HASH_BYTES };

/* As stored; texts are NULL where the column is. */
struct audit_row {
    int64_t event_id;
    uint64_t transaction_id;
    int64_t occurred_at_us;
    const char *tenant_id;
    const char *entity_type;
    const char *entity_id;
    const char *action;
    const char *user_id;
    const char *database_role;
    const char *correlation_id;
    const char *old_values;
    const char *new_values;
};

struct audit_seal {
    int64_t seal_id;
    int64_t sealed_at_us;
    const char *snapshot; /* as PostgreSQL writes it: what it sees and the one before did not */
    bool is_last;         /* of the seals with this snapshot */
    int64_t row_count;
    uint64_t last_transaction;
    int64_t last_event;
    const uint8_t *leaves; /* row_count * AUDIT_LEAF_BYTES */
    uint8_t root[AUDIT_HASH_BYTES];
    const char *key_id;
    uint8_t chain[AUDIT_HASH_BYTES];
};

/* Keeps what hashing needs from one row to the next; one thread at a time. */
struct audit_hasher;

struct audit_hasher *audit_hasher_new(void);
void audit_hasher_free(struct audit_hasher *hasher); /* NULL is fine */

void audit_hash_row(struct audit_hasher *hasher, const struct audit_row *row,
                    uint8_t ret_leaf[AUDIT_LEAF_BYTES]);
int64_t audit_leaf_event(const uint8_t *leaf);
/* `count` is 1 or more. */
void audit_root(struct audit_hasher *hasher, const uint8_t *leaves, int64_t count,
                uint8_t ret_root[AUDIT_HASH_BYTES]);
/* From every field of the seal but `chain` and `leaves`, which `root` stands for. Of the first
 * seal the chain before is zeroes. */
void audit_chain(const struct audit_key *key, const struct audit_seal *seal,
                 const uint8_t before[AUDIT_HASH_BYTES], uint8_t ret_chain[AUDIT_HASH_BYTES]);

#endif
