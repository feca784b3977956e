/* See signature.h. */
#include "engine/webhook/signature.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 256, SECRET_MIN_BYTES = 24, SECRET_MAX_BYTES = 64 };

/* Base64 without line breaks; false when it is none or of another length. */
static bool decode(const char *text, size_t length, unsigned char *ret_secret, size_t *ret_length)
{
    unsigned char bytes[LINE_MAX_BYTES];
    size_t padding = 0;
    int decoded;

    if (length == 0 || length % 4 != 0 || length > LINE_MAX_BYTES)
        return false;
    while (padding < 2 && text[length - 1 - padding] == '=')
        padding++;
    decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)length);
    if (decoded < 0 || (size_t)decoded - padding < SECRET_MIN_BYTES ||
        (size_t)decoded - padding > SECRET_MAX_BYTES)
        return false;
    *ret_length = (size_t)decoded - padding;
    memcpy(ret_secret, bytes, *ret_length);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return true;
}

static void append_signature(struct text *header, const unsigned char *secret, size_t length,
                             const char *signed_text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char encoded[2 * EVP_MAX_MD_SIZE];
    unsigned digest_length = 0;
    const unsigned char *result =
        HMAC(EVP_sha256(), secret, (int)length, (const unsigned char *)signed_text,
             strlen(signed_text), digest, &digest_length);

    INVARIANT(result != NULL);
    (void)EVP_EncodeBlock(encoded, digest, (int)digest_length);
    text_append_format(header, "%sv1,%s", header->length > 0 ? " " : "", (const char *)encoded);
}

enum status webhook_sign(const char *secrets, const char *id, int64_t timestamp_s, const char *body,
                         struct text *ret_header, struct error *ret_error)
{
    static const char prefix[] = "whsec_";
    unsigned char secret[SECRET_MAX_BYTES];
    struct text signed_text = TEXT_INIT;
    enum status status = STATUS_OK;
    unsigned line = 0;
    unsigned count = 0;

    text_append_format(&signed_text, "%s.%" PRId64 ".%s", id, timestamp_s, body);
    for (const char *at = secrets; *at != '\0' && status == STATUS_OK;) {
        size_t length = strcspn(at, "\r\n");
        size_t secret_length = 0;

        line++;
        if (length > 0) {
            if (strncmp(at, prefix, sizeof(prefix) - 1) != 0 ||
                !decode(at + sizeof(prefix) - 1, length - (sizeof(prefix) - 1), secret,
                        &secret_length))
                status = error_set(ret_error, STATUS_INVALID,
                                   "Expected line %u of the webhook's secrets to be whsec_ and 24 "
                                   "to 64 bytes in base64.",
                                   line);
            else if (count++ < WEBHOOK_SECRETS_MAX)
                append_signature(ret_header, secret, secret_length, text_string(&signed_text));
        }
        at += length;
        at += strspn(at, "\r\n");
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    text_deinit(&signed_text);
    if (status == STATUS_OK && count == 0)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected the webhook's secrets to have a line but there is none.");
    return status;
}

static bool read_file(const char *folder, const char *name, struct text *text)
{
    char path[PATH_MAX];
    char bytes[4096];
    size_t length;
    FILE *file;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return false;
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    length = fread(bytes, 1, sizeof(bytes) - 1, file);
    (void)fclose(file);
    bytes[length] = '\0';
    text_append(text, bytes);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return true;
}

enum status webhook_secrets_read(const char *folder, const char *host, struct text *ret_secrets,
                                 struct error *ret_error)
{
    /* A host is no path. */
    if (folder[0] != '\0' && strchr(host, '/') == NULL && host[0] != '.' &&
        read_file(folder, host, ret_secrets))
        return STATUS_OK;
    if (folder[0] != '\0' && read_file(folder, "default", ret_secrets))
        return STATUS_OK;
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected a file with the secret of %.100s, or one named default, in the "
                     "folder SYNERGYFLOW_WEBHOOK_SECRETS but there is none.",
                     host);
}
