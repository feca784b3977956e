/* The audit trail's tables as the sealer and the verifier read them. */
#ifndef SYNERGYFLOW_AUDIT_ROWS_H
#define SYNERGYFLOW_AUDIT_ROWS_H

#include "engine/audit/seal.h"
#include "engine/pg/batch.h"

/* From alias e; what audit_row_read() reads. */
#define AUDIT_ROW_COLUMNS                                                                 \
    "e.event_id, e.transaction_id::text, e.occurred_at, e.tenant_id, e.entity_type,"      \
    " e.entity_id, e.action, e.user_id, e.database_role, e.correlation_id, e.old_values," \
    " e.new_values"
enum { AUDIT_ROW_COLUMN_COUNT = 12 };

/* From alias s, with the leaves last; what audit_seal_read() reads. */
#define AUDIT_SEAL_COLUMNS                                              \
    "s.seal_id, s.sealed_at, s.snapshot::text, s.is_last, s.row_count," \
    " s.last_transaction::text, s.last_event, s.root, s.key_id, s.chain"

/* Texts are borrowed from the result. */
void audit_row_read(const struct pg_result *result, uint32_t row, struct audit_row *ret_row);
/* Without its leaves. A root or chain of another length is read as zeroes. */
void audit_seal_read(const struct pg_result *result, uint32_t row, struct audit_seal *ret_seal);

uint64_t audit_transaction(const char *text);

/* What a snapshot sees, from PostgreSQL's text of it: xmin:xmax:xip,… */
struct audit_snapshot {
    uint64_t minimum; /* everything below has ended */
    uint64_t limit;   /* nothing from here on had begun to write */
    uint64_t *open;   /* between the two, rising: not ended */
    uint32_t open_count;
};

enum { AUDIT_OPEN_MAX = 100000 };

/* `open` lives in `arena`. STATUS_INVALID: it is no snapshot's text. */
MUST_CHECK enum status audit_snapshot_parse(const char *text, struct arena *arena,
                                            struct audit_snapshot *ret_snapshot,
                                            struct error *ret_error);
bool audit_snapshot_sees(const struct audit_snapshot *snapshot, uint64_t transaction);

#endif
