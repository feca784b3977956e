/* The signature of archive files. */
#include "engine/audit/archive_private.h"

#include "bpmn/base/memory.h"

#include <openssl/evp.h>
#include <openssl/params.h>

struct audit_signer {
    EVP_MAC *mac;
    EVP_MAC_CTX *context;
};

struct audit_signer *audit_signer_new(const struct audit_key *key)
{
    struct audit_signer *signer = memory_zero(1, sizeof(*signer));
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                               OSSL_PARAM_construct_end()};
    int done;

    signer->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    INVARIANT(signer->mac != NULL);
    signer->context = EVP_MAC_CTX_new(signer->mac);
    INVARIANT(signer->context != NULL);
    done = EVP_MAC_init(signer->context, key->bytes, sizeof(key->bytes), parameters);
    INVARIANT(done == 1);
    return signer;
}

void audit_signer_add(struct audit_signer *signer, const void *bytes, size_t length)
{
    int done = EVP_MAC_update(signer->context, bytes, length);

    INVARIANT(done == 1);
}

void audit_signer_end(struct audit_signer *signer, char ret_digits[2 * AUDIT_HASH_BYTES + 1])
{
    uint8_t made[AUDIT_HASH_BYTES];
    size_t length;
    int done = EVP_MAC_final(signer->context, made, &length, sizeof(made));

    INVARIANT(done == 1);
    INVARIANT(length == sizeof(made));
    audit_hex(made, sizeof(made), ret_digits);
    audit_signer_free(signer);
}

void audit_signer_free(struct audit_signer *signer)
{
    if (signer == NULL)
        return;
    EVP_MAC_CTX_free(signer->context);
    EVP_MAC_free(signer->mac);
    memory_free(signer);
}
