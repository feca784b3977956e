/* See rows.h. */
#include "engine/audit/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t audit_transaction(const char *text)
{
    return strtoull(text, NULL, 10);
}

void audit_row_read(const struct pg_result *result, uint32_t row, struct audit_row *ret_row)
{
    *ret_row = (struct audit_row){
        .event_id = pg_value_int(result, row, 0),
        .transaction_id = audit_transaction(pg_value_text(result, row, 1)),
        .occurred_at_us = pg_value_timestamp(result, row, 2),
        .tenant_id = pg_value_text_or_null(result, row, 3),
        .entity_type = pg_value_text_or_null(result, row, 4),
        .entity_id = pg_value_text_or_null(result, row, 5),
        .action = pg_value_text_or_null(result, row, 6),
        .user_id = pg_value_text_or_null(result, row, 7),
        .database_role = pg_value_text_or_null(result, row, 8),
        .correlation_id = pg_value_text_or_null(result, row, 9),
        .old_values = pg_value_text_or_null(result, row, 10),
        .new_values = pg_value_text_or_null(result, row, 11),
    };
}

static void read_hash(const struct pg_result *result, uint32_t row, uint32_t column,
                      uint8_t ret_hash[AUDIT_HASH_BYTES])
{
    size_t length;
    const void *bytes = pg_value_bytes(result, row, column, &length);

    if (length == AUDIT_HASH_BYTES)
        memcpy(ret_hash, bytes, AUDIT_HASH_BYTES);
}

void audit_seal_read(const struct pg_result *result, uint32_t row, struct audit_seal *ret_seal)
{
    struct audit_seal seal = {
        .seal_id = pg_value_int(result, row, 0),
        .sealed_at_us = pg_value_timestamp(result, row, 1),
        .snapshot = pg_value_text(result, row, 2),
        .is_last = pg_value_bool(result, row, 3),
        .row_count = pg_value_int(result, row, 4),
        .last_transaction = audit_transaction(pg_value_text(result, row, 5)),
        .last_event = pg_value_int(result, row, 6),
        .key_id = pg_value_text(result, row, 8),
    };

    read_hash(result, row, 7, seal.root);
    read_hash(result, row, 9, seal.chain);
    *ret_seal = seal;
}

/* ---- snapshots ---- */

static bool read_number(const char **at, char end, uint64_t *ret_number)
{
    char *after;

    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *ret_number = strtoull(*at, &after, 10);
    if (errno != 0 || *after != end)
        return false;
    *at = after;
    return true;
}

enum status audit_snapshot_parse(const char *text, struct arena *arena,
                                 struct audit_snapshot *ret_snapshot, struct error *ret_error)
{
    struct audit_snapshot snapshot = {0};
    const char *at = text;
    uint32_t commas = 0;
    bool fine = read_number(&at, ':', &snapshot.minimum);

    at += fine;
    fine = fine && read_number(&at, ':', &snapshot.limit);
    at += fine;
    for (const char *comma = at; *comma != '\0'; comma++)
        commas += *comma == ',';
    if (fine && *at != '\0' && commas < AUDIT_OPEN_MAX) {
        snapshot.open = arena_array(arena, commas + 1, sizeof(*snapshot.open));
        while (fine && snapshot.open_count < commas) {
            fine = read_number(&at, ',', &snapshot.open[snapshot.open_count++]);
            at += fine;
        }
        fine = fine && read_number(&at, '\0', &snapshot.open[snapshot.open_count++]);
    }
    if (!fine || *at != '\0' || snapshot.minimum > snapshot.limit)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a snapshot such as 10:20:10,14 but found '%.80s'.", text);
    *ret_snapshot = snapshot;
    return STATUS_OK;
}

bool audit_snapshot_sees(const struct audit_snapshot *snapshot, uint64_t transaction)
{
    uint32_t low = 0;
    uint32_t high = snapshot->open_count;

    if (transaction >= snapshot->limit)
        return false;
    if (transaction < snapshot->minimum)
        return true;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (snapshot->open[middle] == transaction)
            return false;
        if (snapshot->open[middle] < transaction)
            low = middle + 1;
        else
            high = middle;
    }
    return true;
}
