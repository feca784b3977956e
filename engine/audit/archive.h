/* The audit trail as files, for years: each verifies by itself, with the keys and no database.
 *
 * A file is gzip of lines of JSON: a header; of each seal its line (with the leaves) and the lines
 * of its rows; a last line that signs every byte before it with the current key (HMAC-SHA256). The
 * values of rows are kept as the very text that was sealed. */
#ifndef SYNERGYFLOW_AUDIT_ARCHIVE_H
#define SYNERGYFLOW_AUDIT_ARCHIVE_H

#include "engine/audit/check.h"

enum {
    AUDIT_ARCHIVE_ROWS = 1000000,                      /* of a file; it ends with a seal */
    AUDIT_ARCHIVE_LINE_BYTES_MAX = 1024 * 1024 * 1024, /* a row as long as PostgreSQL's longest */
    AUDIT_ARCHIVE_NAME_BYTES = 96,
};

struct audit_archive;

/* Files are written into `folder`, which has to exist, one after the other:
 * audit-FIRST-LAST.jsonl.gz by the numbers of their seals. A file that is not complete ends in
 * .new. */
struct audit_archive *audit_archive_new(const char *folder, struct audit_keys *keys);
/* Seals in order, each with its rows and with the chain value before it. */
MUST_CHECK enum status audit_archive_add(struct audit_archive *archive,
                                         const struct audit_seal *seal,
                                         const uint8_t before[AUDIT_HASH_BYTES],
                                         const struct audit_row *rows, int64_t count,
                                         struct error *ret_error);
/* Signs and closes the last file. */
MUST_CHECK enum status audit_archive_finish(struct audit_archive *archive, struct error *ret_error);
uint32_t audit_archive_files(const struct audit_archive *archive);
void audit_archive_free(struct audit_archive *archive); /* NULL is fine */

/* Verifies one file. The first of several goes on from nothing (`verdict` zeroed); each next one
 * has to go on from where the one before ended. STATUS_OK: `verdict` says what was found. */
MUST_CHECK enum status audit_archive_verify(const char *path, struct audit_keys *keys,
                                            struct audit_verdict *verdict, struct error *ret_error);

#endif
