/* See check.h. */
#include "engine/audit/check.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *audit_fault_name(enum audit_fault fault)
{
    switch (fault) {
    case AUDIT_INTACT:
        return "intact";
    case AUDIT_ROW_ALTERED:
        return "row altered";
    case AUDIT_ROW_REMOVED:
        return "row removed";
    case AUDIT_ROW_INSERTED:
        return "row inserted";
    case AUDIT_SEAL_ALTERED:
        return "seal altered";
    case AUDIT_SEAL_REMOVED:
        return "seal removed";
    case AUDIT_CHAIN_CUT:
        return "chain cut";
    case AUDIT_KEY_MISSING:
        return "key missing";
    case AUDIT_FILE_ALTERED:
        return "file altered";
    }
    UNREACHABLE();
}

bool audit_found(struct audit_verdict *verdict, enum audit_fault fault, int64_t seal_id,
                 int64_t event_id, const char *format, ...)
{
    va_list arguments;

    PRE(verdict->fault == AUDIT_INTACT);
    verdict->fault = fault;
    verdict->seal_id = seal_id;
    verdict->event_id = event_id;
    va_start(arguments, format);
    (void)vsnprintf(verdict->sentence, sizeof(verdict->sentence), format, arguments);
    va_end(arguments);
    return false;
}

bool audit_check_seal(struct audit_hasher *hasher, struct audit_keys *keys,
                      const struct audit_seal *seal, struct audit_verdict *verdict)
{
    long long id = (long long)seal->seal_id;
    uint8_t made[AUDIT_HASH_BYTES];
    const struct audit_key *key;
    struct error error;

    if (seal->seal_id != verdict->head.seal_id + 1)
        return audit_found(verdict, AUDIT_SEAL_REMOVED, verdict->head.seal_id + 1, 0,
                           "Expected seal %lld after seal %lld but found seal %lld.",
                           (long long)verdict->head.seal_id + 1, (long long)verdict->head.seal_id,
                           id);
    if (audit_keys_find(keys, seal->key_id, &key, &error) != STATUS_OK)
        return audit_found(verdict, AUDIT_KEY_MISSING, seal->seal_id, 0,
                           "Seal %lld cannot be verified: %.600s", id, error.message);
    audit_chain(key, seal, verdict->head.chain, made);
    if (CRYPTO_memcmp(made, seal->chain, sizeof(made)) != 0)
        return audit_found(verdict, AUDIT_SEAL_ALTERED, seal->seal_id, 0,
                           "Expected the chain value of seal %lld to be of its fields, the seal "
                           "before and the key %s but it is not: the seal was altered, or the file "
                           "holds another key.",
                           id, seal->key_id);
    if (seal->row_count < 1 || seal->leaves == NULL)
        return audit_found(verdict, AUDIT_SEAL_ALTERED, seal->seal_id, 0,
                           "Expected seal %lld to have leaves for its rows but it has not.", id);
    audit_root(hasher, seal->leaves, seal->row_count, made);
    if (CRYPTO_memcmp(made, seal->root, sizeof(made)) != 0)
        return audit_found(verdict, AUDIT_SEAL_ALTERED, seal->seal_id, 0,
                           "Expected the leaves of seal %lld to give its root but they do not: "
                           "they were altered.",
                           id);
    return true;
}

static bool is_among(const uint8_t *leaves, int64_t from, int64_t count, int64_t event_id)
{
    for (int64_t i = from; i < count; i++) {
        if (audit_leaf_event(leaves + i * AUDIT_LEAF_BYTES) == event_id)
            return true;
    }
    return false;
}

bool audit_check_rows(struct audit_hasher *hasher, const struct audit_seal *seal,
                      const struct audit_row *rows, int64_t count, struct audit_verdict *verdict)
{
    long long id = (long long)seal->seal_id;
    uint8_t leaf[AUDIT_LEAF_BYTES];

    for (int64_t i = 0; i < count || i < seal->row_count; i++) {
        const uint8_t *sealed = seal->leaves + i * AUDIT_LEAF_BYTES;
        int64_t expected = i < seal->row_count ? audit_leaf_event(sealed) : 0;

        if (i < count && (i >= seal->row_count ||
                          (rows[i].event_id != expected &&
                           !is_among(seal->leaves, i, seal->row_count, rows[i].event_id))))
            return audit_found(verdict, AUDIT_ROW_INSERTED, seal->seal_id, rows[i].event_id,
                               "Row %lld (%.100s %.100s) was inserted: seal %lld does not know it.",
                               (long long)rows[i].event_id, rows[i].entity_type, rows[i].entity_id,
                               id);
        if (i >= count || rows[i].event_id != expected)
            return audit_found(verdict, AUDIT_ROW_REMOVED, seal->seal_id, expected,
                               "Row %lld was removed: seal %lld expects it.", (long long)expected,
                               id);
        audit_hash_row(hasher, &rows[i], leaf);
        if (memcmp(leaf, sealed, sizeof(leaf)) != 0)
            return audit_found(verdict, AUDIT_ROW_ALTERED, seal->seal_id, expected,
                               "Row %lld (%.100s %.100s) was altered after seal %lld.",
                               (long long)expected, rows[i].entity_type, rows[i].entity_id, id);
        verdict->rows++;
    }
    verdict->seals++;
    verdict->head.seal_id = seal->seal_id;
    memcpy(verdict->head.chain, seal->chain, sizeof(verdict->head.chain));
    return true;
}
