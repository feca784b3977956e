/* See seal.h. */
#include "engine/audit/seal.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

struct audit_hasher {
    EVP_MD *sha256;
    EVP_MD_CTX *context;
    struct text row;   /* the bytes of a row */
    struct text level; /* of a tree */
};

struct audit_hasher *audit_hasher_new(void)
{
    struct audit_hasher *hasher = memory_zero(1, sizeof(*hasher));

    hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->context = EVP_MD_CTX_new();
    INVARIANT(hasher->sha256 != NULL);
    INVARIANT(hasher->context != NULL);
    return hasher;
}

void audit_hasher_free(struct audit_hasher *hasher)
{
    if (hasher == NULL)
        return;
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->sha256);
    text_deinit(&hasher->row);
    text_deinit(&hasher->level);
    memory_free(hasher);
}

static void digest(struct audit_hasher *hasher, const void *bytes, size_t length,
                   uint8_t ret_hash[AUDIT_HASH_BYTES])
{
    int done = EVP_DigestInit_ex2(hasher->context, hasher->sha256, NULL);

    INVARIANT(done == 1);
    done = EVP_DigestUpdate(hasher->context, bytes, length);
    INVARIANT(done == 1);
    done = EVP_DigestFinal_ex(hasher->context, ret_hash, NULL);
    INVARIANT(done == 1);
}

/* ---- bytes ---- */

static void add_length(struct text *to, uint32_t length)
{
    uint8_t bytes[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                        (uint8_t)length};

    text_append_bytes(to, bytes, sizeof(bytes));
}

static void add_bytes(struct text *to, const void *bytes, size_t length)
{
    INVARIANT(length < UINT32_MAX); /* PostgreSQL's values end at a gigabyte */
    add_length(to, (uint32_t)length);
    text_append_bytes(to, bytes, length);
}

/* NULL is a length that no value has. */
static void add_text(struct text *to, const char *value)
{
    if (value == NULL)
        add_length(to, UINT32_MAX);
    else
        add_bytes(to, value, strlen(value));
}

static void add_signed(struct text *to, int64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, value);
    add_text(to, digits);
}

static void add_unsigned(struct text *to, uint64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
    add_text(to, digits);
}

/* ---- rows and trees ---- */

void audit_hash_row(struct audit_hasher *hasher, const struct audit_row *row,
                    uint8_t ret_leaf[AUDIT_LEAF_BYTES])
{
    struct text *bytes = &hasher->row;

    text_clear(bytes);
    text_append_char(bytes, '\0');
    add_signed(bytes, row->event_id);
    add_unsigned(bytes, row->transaction_id);
    add_signed(bytes, row->occurred_at_us);
    add_text(bytes, row->tenant_id);
    add_text(bytes, row->entity_type);
    add_text(bytes, row->entity_id);
    add_text(bytes, row->action);
    add_text(bytes, row->user_id);
    add_text(bytes, row->database_role);
    add_text(bytes, row->correlation_id);
    add_text(bytes, row->old_values);
    add_text(bytes, row->new_values);
    for (int i = 0; i < 8; i++)
        ret_leaf[i] = (uint8_t)((uint64_t)row->event_id >> (56 - 8 * i));
    digest(hasher, bytes->bytes, bytes->length, ret_leaf + 8);
}

int64_t audit_leaf_event(const uint8_t *leaf)
{
    uint64_t event_id = 0;

    for (int i = 0; i < 8; i++)
        event_id = event_id << 8 | leaf[i];
    return (int64_t)event_id;
}

/* Level by level: pairs become one, and who is left over rises as it is. */
void audit_root(struct audit_hasher *hasher, const uint8_t *leaves, int64_t count,
                uint8_t ret_root[AUDIT_HASH_BYTES])
{
    uint8_t pair[1 + 2 * AUDIT_HASH_BYTES] = {1};
    uint8_t *level;

    PRE(count > 0);
    text_clear(&hasher->level);
    level = (uint8_t *)text_reserve(&hasher->level, (size_t)count * AUDIT_HASH_BYTES);
    for (int64_t i = 0; i < count; i++)
        memcpy(level + i * AUDIT_HASH_BYTES, leaves + i * AUDIT_LEAF_BYTES + 8, AUDIT_HASH_BYTES);
    while (count > 1) {
        for (int64_t i = 0; i + 1 < count; i += 2) {
            memcpy(pair + 1, level + i * AUDIT_HASH_BYTES, sizeof(pair) - 1);
            digest(hasher, pair, sizeof(pair), level + i / 2 * AUDIT_HASH_BYTES);
        }
        if (count % 2 == 1)
            memmove(level + count / 2 * AUDIT_HASH_BYTES, level + (count - 1) * AUDIT_HASH_BYTES,
                    AUDIT_HASH_BYTES);
        count = count / 2 + count % 2;
    }
    memcpy(ret_root, level, AUDIT_HASH_BYTES);
}

void audit_chain(const struct audit_key *key, const struct audit_seal *seal,
                 const uint8_t before[AUDIT_HASH_BYTES], uint8_t ret_chain[AUDIT_HASH_BYTES])
{
    struct text bytes = TEXT_INIT;
    unsigned int length = 0;
    const uint8_t *made;

    add_text(&bytes, "synergyflow audit seal 1");
    add_signed(&bytes, seal->seal_id);
    add_signed(&bytes, seal->sealed_at_us);
    add_text(&bytes, seal->snapshot);
    add_text(&bytes, seal->is_last ? "last" : "more");
    add_signed(&bytes, seal->row_count);
    add_unsigned(&bytes, seal->last_transaction);
    add_signed(&bytes, seal->last_event);
    add_bytes(&bytes, seal->root, AUDIT_HASH_BYTES);
    add_text(&bytes, seal->key_id);
    add_bytes(&bytes, before, AUDIT_HASH_BYTES);
    made = HMAC(EVP_sha256(), key->bytes, AUDIT_HASH_BYTES, (const uint8_t *)bytes.bytes,
                bytes.length, ret_chain, &length);
    INVARIANT(made != NULL);
    INVARIANT(length == AUDIT_HASH_BYTES);
    text_deinit(&bytes);
}
