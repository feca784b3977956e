/* The migration runner: brings a database to the schema that the files in migrations/ describe.
 *
 * Compatible with Flyway: the same file names, versions, checksums, history table and lock, so that
 * either validates what the other applied. Each migration is one transaction that holds its
 * statements and its row of the history; a transaction-level lock keeps runners apart. Synchronous,
 * on a direct connection (never through a pooler), before the loop starts. */
#ifndef SYNERGYFLOW_MIGRATE_H
#define SYNERGYFLOW_MIGRATE_H

#include "bpmn/base/status.h"

#include <stddef.h>
#include <stdint.h>

struct migrate_settings {
    const char *conninfo; /* of the schema's owner; never logged */
    const char *folder;   /* where V….sql lie; folders below it are read too */
};

enum {
    MIGRATE_FILES_MAX = 10000,
    MIGRATE_FILE_BYTES_MAX = 16 * 1024 * 1024,
    MIGRATE_FOLDER_DEPTH_MAX = 8,
};

struct migrate_report {
    uint32_t applied; /* by this run */
    uint32_t already; /* by earlier ones */
    char version[52]; /* the schema's version now, "" when nothing was ever applied */
};

/* Validates, then applies every pending migration in order. On failure the ones before it stay, the
 * failed one has left nothing, and the error names the file and, where PostgreSQL tells, the line.
 */
MUST_CHECK enum status migrate_run(const struct migrate_settings *settings,
                                   struct migrate_report *ret_report, struct error *ret_error);

/* STATUS_OK when the database is exactly at the files' newest version: nothing changed, missing,
 * failed, out of order or pending. STATUS_CONFLICT says what differs; changes nothing. */
MUST_CHECK enum status migrate_validate(const struct migrate_settings *settings,
                                        struct migrate_report *ret_report, struct error *ret_error);

/* X(name, text) */
#define MIGRATE_STATES(X)                                                          \
    X(PENDING, "pending") /* a file that is to be applied */                       \
    X(APPLIED, "applied")                                                          \
    X(CHANGED, "changed")           /* the file is not the one that was applied */ \
    X(MISSING, "missing")           /* applied, but there is no file */            \
    X(OUT_OF_ORDER, "out of order") /* not applied, and a later version is */      \
    X(FAILED, "failed")             /* another tool recorded a failure */          \
    X(BASELINE, "baseline")         /* a mark set by another tool, without a file */

enum migrate_state {
#define MIGRATE_STATE_ENUM(name, text) MIGRATE_##name,
    MIGRATE_STATES(MIGRATE_STATE_ENUM)
#undef MIGRATE_STATE_ENUM
};

const char *migrate_state_text(enum migrate_state state);

struct migrate_entry {
    char *version;     /* as the history writes it: "001" */
    char *description; /* "create users schema" */
    char *script;      /* path in the folder */
    enum migrate_state state;
    bool has_file;
    bool has_row;
    int32_t file_checksum;
    int32_t applied_checksum;
    char *installed_on; /* ISO 8601, NULL when not applied */
};

struct migrate_list {
    struct migrate_entry *items; /* in version order */
    uint32_t count;
};

/* What is there and what was applied; the caller frees the list. Changes nothing. */
MUST_CHECK enum status migrate_info(const struct migrate_settings *settings,
                                    struct migrate_list *ret_list, struct error *ret_error);
void migrate_list_deinit(struct migrate_list *list);

/* Flyway's checksum: CRC-32 of the text without line ends and without one leading byte order mark.
 * False when the bytes are not UTF-8. */
MUST_CHECK bool migrate_checksum(const char *bytes, size_t length, int32_t *ret_checksum);

#endif
