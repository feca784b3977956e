/* Files and history side by side: what is applied, what is to be done, what must not be. */
#include "engine/migrate/migrate_private.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKSUM_TEXT_BYTES = 16 };

const char *migrate_state_text(enum migrate_state state)
{
    static const char *const texts[] = {
#define STATE_TEXT(name, text) [MIGRATE_##name] = text,
        MIGRATE_STATES(STATE_TEXT)
#undef STATE_TEXT
    };

    PRE((unsigned)state < COUNT_OF(texts));
    return texts[state];
}

/* The row that stands for this version now, NULL when none does: a later row of the types DELETE
 * (Flyway's repair) or UNDO… takes an earlier one back. */
static const struct history_row *row_of_version(const struct history *history, const char *version)
{
    const struct history_row *found = NULL;

    for (uint32_t i = 0; i < history->count; i++) {
        const struct history_row *row = &history->items[i];

        if (row->version == NULL || migration_version_compare(row->version, version) != 0)
            continue;
        found = strcmp(row->type, "DELETE") == 0 || strncmp(row->type, "UNDO", 4) == 0 ? NULL : row;
    }
    return found;
}

static bool same_migration(const struct migration_file *file, const struct history_row *row)
{
    return row->has_checksum && row->checksum == file->checksum && strcmp(row->type, "SQL") == 0 &&
           strcmp(row->description, file->description) == 0;
}

static void add_entry(struct migrate_list *list, const struct migration_file *file,
                      const struct history_row *row, enum migrate_state state)
{
    struct migrate_entry *entry = &list->items[list->count++];

    entry->version = memory_copy(file != NULL ? file->version : row->version);
    entry->description = memory_copy(file != NULL ? file->description : row->description);
    entry->script = memory_copy(file != NULL ? file->script : row->script);
    entry->state = state;
    entry->has_file = file != NULL;
    entry->has_row = row != NULL;
    entry->file_checksum = file != NULL ? file->checksum : 0;
    entry->applied_checksum = row != NULL ? row->checksum : 0;
    entry->installed_on = row != NULL ? memory_copy(row->installed_on) : NULL;
}

static void add_file(struct migrate_list *list, const struct migration_file *file,
                     const struct history *history, const char *highest, const char *baseline)
{
    const struct history_row *row = row_of_version(history, file->version);
    bool below = highest != NULL && migration_version_compare(file->version, highest) < 0;

    if (row != NULL && !row->success)
        add_entry(list, file, row, MIGRATE_FAILED);
    else if (baseline != NULL && migration_version_compare(file->version, baseline) <= 0)
        add_entry(list, file, row, MIGRATE_BASELINE); /* counts as applied, whatever it says */
    else if (row != NULL)
        add_entry(list, file, row, same_migration(file, row) ? MIGRATE_APPLIED : MIGRATE_CHANGED);
    else
        add_entry(list, file, row, below ? MIGRATE_OUT_OF_ORDER : MIGRATE_PENDING);
}

static bool has_file(const struct migration_files *files, const char *version)
{
    for (uint32_t i = 0; i < files->count; i++) {
        if (migration_version_compare(files->items[i].version, version) == 0)
            return true;
    }
    return false;
}

static int compare_entries(const void *a, const void *b)
{
    const struct migrate_entry *left = a;
    const struct migrate_entry *right = b;

    return migration_version_compare(left->version, right->version);
}

void plan_make(const struct migration_files *files, const struct history *history,
               struct migrate_list *ret_list)
{
    struct migrate_list list = {0};
    const char *highest = NULL;
    const char *baseline = NULL;

    list.items = memory_zero((size_t)files->count + history->count, sizeof(*list.items));
    for (uint32_t i = 0; i < history->count; i++) {
        const struct history_row *row = &history->items[i];

        if (row->version == NULL || row_of_version(history, row->version) != row)
            continue;
        if (highest == NULL || migration_version_compare(row->version, highest) > 0)
            highest = row->version;
        if (strcmp(row->type, "BASELINE") == 0)
            baseline = row->version;
        if (has_file(files, row->version))
            continue;
        if (!row->success)
            add_entry(&list, NULL, row, MIGRATE_FAILED);
        else
            add_entry(&list, NULL, row,
                      strcmp(row->type, "BASELINE") == 0 ? MIGRATE_BASELINE : MIGRATE_MISSING);
    }
    for (uint32_t i = 0; i < files->count; i++)
        add_file(&list, &files->items[i], history, highest, baseline);
    if (list.count > 1)
        qsort(list.items, list.count, sizeof(*list.items), compare_entries);
    *ret_list = list;
}

static const char *checksum_text(bool known, int32_t checksum, char buffer[CHECKSUM_TEXT_BYTES])
{
    (void)snprintf(buffer, CHECKSUM_TEXT_BYTES, known ? "%" PRId32 : "none", checksum);
    return buffer;
}

static const char *advice(enum migrate_state state)
{
    switch (state) {
    case MIGRATE_CHANGED:
        return "was changed after it was applied; put it back as it was and write a new migration";
    case MIGRATE_MISSING:
        return "was applied, but there is no such file; put it back";
    case MIGRATE_OUT_OF_ORDER:
        return "is new, but a later version is applied already; give it a higher version";
    case MIGRATE_FAILED:
        return "is recorded as failed by another tool; put the schema right and delete that row "
               "of flyway_schema_history";
    default:
        return NULL;
    }
}

enum status plan_check(const struct migrate_list *list, struct error *ret_error)
{
    char file_text[CHECKSUM_TEXT_BYTES];
    char applied_text[CHECKSUM_TEXT_BYTES];

    for (uint32_t i = 0; i < list->count; i++) {
        const struct migrate_entry *entry = &list->items[i];
        const char *what = advice(entry->state);

        if (what == NULL)
            continue;
        return error_set(ret_error, STATUS_CONFLICT,
                         "%s %s (checksum of the file %s, as applied %s)", entry->script, what,
                         checksum_text(entry->has_file, entry->file_checksum, file_text),
                         checksum_text(entry->has_row, entry->applied_checksum, applied_text));
    }
    return STATUS_OK;
}

void migrate_list_deinit(struct migrate_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        memory_free(list->items[i].version);
        memory_free(list->items[i].description);
        memory_free(list->items[i].script);
        memory_free(list->items[i].installed_on);
    }
    memory_free(list->items);
    *list = (struct migrate_list){0};
}
