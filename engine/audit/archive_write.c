/* Writes files of the archive. See archive.h. */
#include "engine/audit/archive_private.h"

#include "bpmn/base/json.h"
#include "bpmn/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct audit_archive {
    char folder[PATH_MAX];
    char path[PATH_MAX + AUDIT_ARCHIVE_NAME_BYTES]; /* of the file under way */
    struct audit_keys *keys;
    gzFile file; /* NULL: none under way */
    int disk;    /* the same file, to be written to disk */
    struct audit_key key;
    struct audit_signer *signer;
    struct text line;
    int64_t first_seal;
    int64_t last_seal;
    int64_t rows;
    uint32_t files;
};

struct audit_archive *audit_archive_new(const char *folder, struct audit_keys *keys)
{
    struct audit_archive *archive = memory_zero(1, sizeof(*archive));

    (void)snprintf(archive->folder, sizeof(archive->folder), "%s", folder);
    archive->keys = keys;
    return archive;
}

static void close_file(struct audit_archive *archive)
{
    (void)gzclose(archive->file);
    (void)close(archive->disk);
}

void audit_archive_free(struct audit_archive *archive)
{
    if (archive == NULL)
        return;
    if (archive->file != NULL)
        close_file(archive);
    audit_signer_free(archive->signer);
    text_deinit(&archive->line);
    memory_free(archive);
}

uint32_t audit_archive_files(const struct audit_archive *archive)
{
    return archive->files;
}

static enum status trouble(const struct audit_archive *archive, struct error *ret_error)
{
    return error_set(ret_error, STATUS_FAILED, "Expected to write the file %.400s but: %s.",
                     archive->path, strerror(errno));
}

/* Steals `json`. `sign`: it is part of what is signed. */
static enum status write_line(struct audit_archive *archive, json_t *json, bool sign,
                              struct error *ret_error)
{
    bool written;

    text_clear(&archive->line);
    written = json_write(&archive->line, json);
    INVARIANT(written); /* two levels */
    json_decref(json);
    text_append_char(&archive->line, '\n');
    if (sign)
        audit_signer_add(archive->signer, archive->line.bytes, archive->line.length);
    for (size_t at = 0; at < archive->line.length;) {
        size_t rest = archive->line.length - at;
        unsigned part = rest > 1 << 20 ? 1 << 20 : (unsigned)rest;

        if (gzwrite(archive->file, archive->line.bytes + at, part) != (int)part)
            return trouble(archive, ret_error);
        at += part;
    }
    return STATUS_OK;
}

static enum status begin_file(struct audit_archive *archive, const struct audit_seal *seal,
                              const uint8_t before[AUDIT_HASH_BYTES], struct error *ret_error)
{
    char digits[2 * AUDIT_HASH_BYTES + 1];
    const struct audit_key *key;

    if (audit_keys_current(archive->keys, &key, ret_error) != STATUS_OK)
        return ret_error->status;
    archive->key = *key;
    archive->signer = audit_signer_new(&archive->key);
    archive->first_seal = seal->seal_id;
    archive->rows = 0;
    (void)snprintf(archive->path, sizeof(archive->path), "%s/audit-%012" PRId64 ".jsonl.gz.new",
                   archive->folder, seal->seal_id);
    archive->disk = open(archive->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (archive->disk < 0)
        return trouble(archive, ret_error);
    archive->file = gzdopen(dup(archive->disk), "wb6");
    INVARIANT(archive->file != NULL);
    audit_hex(before, AUDIT_HASH_BYTES, digits);
    return write_line(archive,
                      json_pack("{s:s, s:i, s:s, s:I, s:s}", "format", AUDIT_ARCHIVE_FORMAT,
                                "version", AUDIT_ARCHIVE_VERSION, "keyId", key->id, "firstSeal",
                                (json_int_t)seal->seal_id, "chainBefore", digits),
                      true, ret_error);
}

static enum status end_file(struct audit_archive *archive, struct error *ret_error)
{
    char digits[2 * AUDIT_HASH_BYTES + 1];
    char path[sizeof(archive->path)];
    enum status status;
    int closed;

    audit_signer_end(archive->signer, digits);
    archive->signer = NULL;
    status = write_line(archive, json_pack("{s:s}", "signature", digits), false, ret_error);
    closed = gzclose(archive->file);
    archive->file = NULL;
    if (fsync(archive->disk) != 0)
        closed = Z_ERRNO;
    (void)close(archive->disk);
    if (status != STATUS_OK)
        return status;
    (void)snprintf(path, sizeof(path), "%s/audit-%012" PRId64 "-%012" PRId64 ".jsonl.gz",
                   archive->folder, archive->first_seal, archive->last_seal);
    if (closed != Z_OK || rename(archive->path, path) != 0)
        return trouble(archive, ret_error);
    archive->files++;
    return STATUS_OK;
}

static json_t *text_of(uint64_t number)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRIu64, number);
    return json_string(digits);
}

static json_t *seal_json(const struct audit_seal *seal)
{
    size_t length = (size_t)seal->row_count * AUDIT_LEAF_BYTES;
    char *leaves = memory_alloc(2 * length + 1);
    char root[2 * AUDIT_HASH_BYTES + 1];
    char chain[2 * AUDIT_HASH_BYTES + 1];
    json_t *json;

    audit_hex(seal->leaves, length, leaves);
    audit_hex(seal->root, sizeof(seal->root), root);
    audit_hex(seal->chain, sizeof(seal->chain), chain);
    json = json_pack("{s:{s:I, s:I, s:s, s:b, s:I, s:o, s:I, s:s, s:s, s:s, s:s}}", "seal",
                     "sealId", (json_int_t)seal->seal_id, "sealedAtUs",
                     (json_int_t)seal->sealed_at_us, "snapshot", seal->snapshot, "isLast",
                     seal->is_last, "rowCount", (json_int_t)seal->row_count, "lastTransaction",
                     text_of(seal->last_transaction), "lastEvent", (json_int_t)seal->last_event,
                     "root", root, "keyId", seal->key_id, "chain", chain, "leaves", leaves);
    memory_free(leaves);
    return json;
}

static json_t *row_json(const struct audit_row *row)
{
    return json_pack("{s:{s:I, s:o, s:I, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}}",
                     "row", "eventId", (json_int_t)row->event_id, "transactionId",
                     text_of(row->transaction_id), "occurredAtUs", (json_int_t)row->occurred_at_us,
                     "tenantId", row->tenant_id, "entityType", row->entity_type, "entityId",
                     row->entity_id, "action", row->action, "userId", row->user_id, "databaseRole",
                     row->database_role, "correlationId", row->correlation_id, "oldValues",
                     row->old_values, "newValues", row->new_values);
}

enum status audit_archive_add(struct audit_archive *archive, const struct audit_seal *seal,
                              const uint8_t before[AUDIT_HASH_BYTES], const struct audit_row *rows,
                              int64_t count, struct error *ret_error)
{
    enum status status = STATUS_OK;

    if (archive->file == NULL)
        status = begin_file(archive, seal, before, ret_error);
    if (status == STATUS_OK)
        status = write_line(archive, seal_json(seal), true, ret_error);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++)
        status = write_line(archive, row_json(&rows[i]), true, ret_error);
    archive->last_seal = seal->seal_id;
    archive->rows += count;
    if (status == STATUS_OK && archive->rows >= AUDIT_ARCHIVE_ROWS)
        status = end_file(archive, ret_error);
    return status;
}

enum status audit_archive_finish(struct audit_archive *archive, struct error *ret_error)
{
    return archive->file == NULL ? STATUS_OK : end_file(archive, ret_error);
}
