/* The parts of the migration runner; for this folder only. */
#ifndef SYNERGYFLOW_MIGRATE_PRIVATE_H
#define SYNERGYFLOW_MIGRATE_PRIVATE_H

#include "engine/migrate/migrate.h"

#include <libpq-fe.h>

enum {
    VERSION_MAX = 50, /* the history's column widths, in characters */
    DESCRIPTION_MAX = 200,
    SCRIPT_MAX = 1000,
};

/* ---- files.c ---- */

struct migration_file {
    char *version;
    char *description;
    char *script; /* path relative to the folder */
    int32_t checksum;
    char *sql; /* without a byte order mark */
};

struct migration_files {
    struct migration_file *items; /* in version order, versions are distinct */
    uint32_t count;
    uint32_t capacity;
};

MUST_CHECK enum status migration_files_read(const char *folder, struct migration_files *ret_files,
                                            struct error *ret_error);
void migration_files_deinit(struct migration_files *files);

/* ---- version.c ---- */

/* Digits with dots between them, at most VERSION_MAX characters. */
bool migration_version_is_valid(const char *version);
/* Numbers of any length are compared part by part; missing parts count as zero. */
int migration_version_compare(const char *a, const char *b);
/* Splits "V001__create_users_schema.sql"; both results are the caller's. */
MUST_CHECK enum status migration_name_parse(const char *name, char **ret_version,
                                            char **ret_description, struct error *ret_error);

/* ---- history.c ---- */

struct history_row {
    char *version; /* NULL for rows that are about no version */
    char *description;
    char *type;
    char *script;
    char *installed_on;
    int32_t checksum;
    bool has_checksum;
    bool success;
};

struct history {
    struct history_row *items; /* in the order of installed_rank */
    uint32_t count;
    int32_t rank_max;
};

MUST_CHECK enum status history_connect(const char *conninfo, PGconn **ret_session,
                                       struct error *ret_error);
/* One statement without parameters; its result is dropped. */
MUST_CHECK enum status history_execute(PGconn *session, const char *sql, struct error *ret_error);
/* Begins a transaction that excludes every other runner, Flyway too. */
MUST_CHECK enum status history_begin(PGconn *session, struct error *ret_error);
MUST_CHECK enum status history_create(PGconn *session, struct error *ret_error);
/* Empty when the table does not exist. */
MUST_CHECK enum status history_read(PGconn *session, struct history *ret_history,
                                    struct error *ret_error);
MUST_CHECK enum status history_add(PGconn *session, int32_t rank, const struct migration_file *file,
                                   int64_t duration_ms, struct error *ret_error);
void history_deinit(struct history *history);

/* ---- plan.c ---- */

/* Puts files and history side by side. */
void plan_make(const struct migration_files *files, const struct history *history,
               struct migrate_list *ret_list);
/* STATUS_CONFLICT for the first entry that forbids to go on; pending ones do not. */
MUST_CHECK enum status plan_check(const struct migrate_list *list, struct error *ret_error);

#endif
