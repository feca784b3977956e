/* Verifies files of the archive: a line at a time, a seal with its rows in memory. See archive.h.
 */
#include "engine/audit/archive_private.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { PART_BYTES = 64 * 1024 };

struct reading {
    const char *path;
    gzFile file;
    struct audit_keys *keys;
    struct audit_hasher *hasher;
    struct audit_signer *signer;
    struct audit_verdict *verdict;
    struct text line;
    long long line_number;
    bool is_signed; /* the last line has been read */

    /* the seal under way */
    json_t *seal_json;
    struct audit_seal seal;
    uint8_t *leaves;
    json_t **row_json;
    struct audit_row *rows;
    int64_t row_count;
};

/* ---- lines ---- */

/* False at the end, or when `ret_error` says why not. */
static bool read_line(struct reading *reading, struct error *ret_error)
{
    text_clear(&reading->line);
    while (reading->line.length == 0 || reading->line.bytes[reading->line.length - 1] != '\n') {
        char *room = text_reserve(&reading->line, PART_BYTES);

        if (gzgets(reading->file, room, PART_BYTES) == NULL)
            break;
        text_added(&reading->line, strlen(room));
        if (reading->line.length > AUDIT_ARCHIVE_LINE_BYTES_MAX) {
            (void)error_set(ret_error, STATUS_TOO_LARGE, "Expected shorter lines in %.300s.",
                            reading->path);
            return false;
        }
    }
    reading->line_number++;
    return reading->line.length > 0;
}

static bool found_in_file(struct reading *reading, const char *what)
{
    return audit_found(reading->verdict, AUDIT_FILE_ALTERED, 0, 0, "%.300s, line %lld: %s.",
                       reading->path, reading->line_number, what);
}

static const char *text_in(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int64_t number_in(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static uint64_t transaction_in(const json_t *object, const char *name)
{
    const char *text = text_in(object, name);

    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static bool hash_in(const json_t *object, const char *name, uint8_t ret_hash[AUDIT_HASH_BYTES])
{
    const char *text = text_in(object, name);

    return text != NULL && audit_from_hex(text, ret_hash, AUDIT_HASH_BYTES);
}

/* ---- a seal ---- */

static void forget_seal(struct reading *reading)
{
    for (int64_t i = 0; i < reading->row_count; i++)
        json_decref(reading->row_json[i]);
    json_decref(reading->seal_json);
    memory_free(reading->leaves);
    memory_free(reading->row_json);
    memory_free(reading->rows);
    reading->seal_json = NULL;
    reading->leaves = NULL;
    reading->row_json = NULL;
    reading->rows = NULL;
    reading->row_count = 0;
}

/* The seal's rows have all been read. */
static bool end_seal(struct reading *reading)
{
    bool intact = reading->seal_json == NULL ||
                  audit_check_rows(reading->hasher, &reading->seal, reading->rows,
                                   reading->row_count, reading->verdict);

    forget_seal(reading);
    return intact;
}

static bool begin_seal(struct reading *reading, json_t *json)
{
    const char *leaves = text_in(json, "leaves");
    struct audit_seal *seal = &reading->seal;
    size_t length;

    if (!end_seal(reading))
        return false;
    reading->seal_json = json_incref(json);
    *seal = (struct audit_seal){
        .seal_id = number_in(json, "sealId"),
        .sealed_at_us = number_in(json, "sealedAtUs"),
        .snapshot = text_in(json, "snapshot"),
        .is_last = json_is_true(json_object_get(json, "isLast")),
        .row_count = number_in(json, "rowCount"),
        .last_transaction = transaction_in(json, "lastTransaction"),
        .last_event = number_in(json, "lastEvent"),
        .key_id = text_in(json, "keyId"),
    };
    if (seal->snapshot == NULL || seal->key_id == NULL || leaves == NULL || seal->row_count < 1 ||
        strlen(leaves) % ((size_t)2 * AUDIT_LEAF_BYTES) != 0 ||
        (uint64_t)seal->row_count != strlen(leaves) / ((size_t)2 * AUDIT_LEAF_BYTES) ||
        !hash_in(json, "root", seal->root) || !hash_in(json, "chain", seal->chain))
        return found_in_file(reading, "expected a seal with all its fields");
    length = (size_t)seal->row_count * AUDIT_LEAF_BYTES;
    reading->leaves = memory_alloc(length);
    if (!audit_from_hex(leaves, reading->leaves, length))
        return found_in_file(reading, "expected leaves of hexadecimal digits");
    seal->leaves = reading->leaves;
    /* One more than there may be, so that an inserted row is seen. */
    reading->rows = memory_zero((size_t)seal->row_count + 1, sizeof(*reading->rows));
    reading->row_json = memory_zero((size_t)seal->row_count + 1, sizeof(json_t *));
    return audit_check_seal(reading->hasher, reading->keys, seal, reading->verdict);
}

static bool add_row(struct reading *reading, json_t *json)
{
    struct audit_row *row;

    if (reading->seal_json == NULL)
        return found_in_file(reading, "expected a seal before its rows");
    if (reading->row_count > reading->seal.row_count)
        return end_seal(reading); /* which finds the inserted one */
    row = &reading->rows[reading->row_count];
    reading->row_json[reading->row_count++] = json_incref(json);
    *row = (struct audit_row){
        .event_id = number_in(json, "eventId"),
        .transaction_id = transaction_in(json, "transactionId"),
        .occurred_at_us = number_in(json, "occurredAtUs"),
        .tenant_id = text_in(json, "tenantId"),
        .entity_type = text_in(json, "entityType"),
        .entity_id = text_in(json, "entityId"),
        .action = text_in(json, "action"),
        .user_id = text_in(json, "userId"),
        .database_role = text_in(json, "databaseRole"),
        .correlation_id = text_in(json, "correlationId"),
        .old_values = text_in(json, "oldValues"),
        .new_values = text_in(json, "newValues"),
    };
    return true;
}

/* ---- a file ---- */

static bool take_header(struct reading *reading, const json_t *json)
{
    struct audit_verdict *verdict = reading->verdict;
    const char *format = text_in(json, "format");
    const char *key_id = text_in(json, "keyId");
    int64_t first = number_in(json, "firstSeal");
    uint8_t before[AUDIT_HASH_BYTES];
    const struct audit_key *key;
    struct error error;

    if (format == NULL || strcmp(format, AUDIT_ARCHIVE_FORMAT) != 0 ||
        number_in(json, "version") != AUDIT_ARCHIVE_VERSION || key_id == NULL || first < 1 ||
        !hash_in(json, "chainBefore", before))
        return found_in_file(reading, "expected the header of an archive file of version 1");
    if (audit_keys_find(reading->keys, key_id, &key, &error) != STATUS_OK)
        return audit_found(verdict, AUDIT_KEY_MISSING, first, 0,
                           "%.300s cannot be verified: %.400s", reading->path, error.message);
    reading->signer = audit_signer_new(key);
    if (verdict->seals == 0) {
        verdict->head.seal_id = first - 1;
        memcpy(verdict->head.chain, before, sizeof(before));
        return true;
    }
    if (first != verdict->head.seal_id + 1 ||
        memcmp(before, verdict->head.chain, sizeof(before)) != 0)
        return audit_found(verdict, AUDIT_SEAL_REMOVED, verdict->head.seal_id + 1, 0,
                           "Expected %.300s to go on with seal %lld but it begins with seal %lld.",
                           reading->path, (long long)verdict->head.seal_id + 1, (long long)first);
    return true;
}

static bool check_signature(struct reading *reading, const char *given)
{
    char made[2 * AUDIT_HASH_BYTES + 1];

    if (!end_seal(reading))
        return false;
    audit_signer_end(reading->signer, made);
    reading->signer = NULL;
    reading->is_signed = true;
    if (strlen(given) != strlen(made) || CRYPTO_memcmp(given, made, strlen(made)) != 0)
        return found_in_file(reading, "expected the signature of the lines before but it is not");
    return true;
}

static bool take_line(struct reading *reading)
{
    json_error_t fault;
    json_t *json =
        json_loadb(reading->line.bytes, reading->line.length, JSON_REJECT_DUPLICATES, &fault);
    const char *signature = text_in(json, "signature");
    json_t *seal = json_object_get(json, "seal");
    json_t *row = json_object_get(json, "row");
    bool fine;

    if (reading->is_signed)
        fine = found_in_file(reading, "expected nothing after the signature");
    else if (reading->signer == NULL)
        fine = take_header(reading, json);
    else if (seal != NULL)
        fine = begin_seal(reading, seal);
    else if (row != NULL)
        fine = add_row(reading, row);
    else if (signature != NULL)
        fine = check_signature(reading, signature);
    else
        fine = found_in_file(reading, "expected a seal, a row or the signature");
    if (fine && reading->signer != NULL)
        audit_signer_add(reading->signer, reading->line.bytes, reading->line.length);
    json_decref(json);
    return fine;
}

enum status audit_archive_verify(const char *path, struct audit_keys *keys,
                                 struct audit_verdict *verdict, struct error *ret_error)
{
    struct reading reading = {.path = path, .keys = keys, .verdict = verdict};
    enum status status = STATUS_OK;
    int fault = Z_OK;

    reading.file = gzopen(path, "rb");
    if (reading.file == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND, "Expected to read the file %.400s but: %s.",
                         path, strerror(errno));
    reading.hasher = audit_hasher_new();
    error_clear(ret_error);
    while (read_line(&reading, ret_error) && take_line(&reading))
        ;
    (void)gzerror(reading.file, &fault);
    status = ret_error->status;
    if (status == STATUS_OK && verdict->fault == AUDIT_INTACT &&
        (fault < Z_OK || !reading.is_signed))
        (void)found_in_file(&reading, "expected a signature but the file ends before it");
    (void)gzclose(reading.file);
    forget_seal(&reading);
    audit_signer_free(reading.signer);
    audit_hasher_free(reading.hasher);
    text_deinit(&reading.line);
    return status;
}
