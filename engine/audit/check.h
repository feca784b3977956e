/* Is what is stored what was sealed? Pure: seals and rows come from the database (verify.h) or from
 * files of the archive (archive.h). */
#ifndef SYNERGYFLOW_AUDIT_CHECK_H
#define SYNERGYFLOW_AUDIT_CHECK_H

#include "engine/audit/seal.h"

enum audit_fault {
    AUDIT_INTACT,
    AUDIT_ROW_ALTERED,
    AUDIT_ROW_REMOVED,
    AUDIT_ROW_INSERTED,
    AUDIT_SEAL_ALTERED,
    AUDIT_SEAL_REMOVED,
    AUDIT_CHAIN_CUT, /* its end is not what this folder's engine has seen */
    AUDIT_KEY_MISSING,
    AUDIT_FILE_ALTERED,
};

/* What a verification has seen, up to the first fault. */
struct audit_verdict {
    enum audit_fault fault;
    int64_t seal_id;  /* of the fault */
    int64_t event_id; /* of a row's fault, else 0 */
    char sentence[ERROR_MESSAGE_MAX];
    int64_t seals; /* intact ones */
    int64_t rows;
    struct audit_head head; /* the last intact seal; before the first: the one it goes on from */
};

const char *audit_fault_name(enum audit_fault fault); /* "row altered", … */
/* Records the fault; false. */
bool audit_found(struct audit_verdict *verdict, enum audit_fault fault, int64_t seal_id,
                 int64_t event_id, const char *format, ...) PRINTF_LIKE(5, 6);

/* Goes the seal on from verdict->head, is its chain value made with its key, and its root from its
 * leaves? False: `verdict` names the fault. */
MUST_CHECK bool audit_check_seal(struct audit_hasher *hasher, struct audit_keys *keys,
                                 const struct audit_seal *seal, struct audit_verdict *verdict);
/* Are these the rows that were sealed, in their order? Counts the seal and its rows, and moves
 * verdict->head on. */
MUST_CHECK bool audit_check_rows(struct audit_hasher *hasher, const struct audit_seal *seal,
                                 const struct audit_row *rows, int64_t count,
                                 struct audit_verdict *verdict);

#endif
