/* What the writer and the reader of archive files share. */
#ifndef SYNERGYFLOW_AUDIT_ARCHIVE_PRIVATE_H
#define SYNERGYFLOW_AUDIT_ARCHIVE_PRIVATE_H

#include "engine/audit/archive.h"

#define AUDIT_ARCHIVE_FORMAT "synergyflow audit archive"
enum { AUDIT_ARCHIVE_VERSION = 1 };

/* HMAC-SHA256 of a file's bytes as they come. */
struct audit_signer;

struct audit_signer *audit_signer_new(const struct audit_key *key);
void audit_signer_add(struct audit_signer *signer, const void *bytes, size_t length);
/* Frees the signer. */
void audit_signer_end(struct audit_signer *signer, char ret_digits[2 * AUDIT_HASH_BYTES + 1]);
void audit_signer_free(struct audit_signer *signer); /* NULL is fine */

#endif
