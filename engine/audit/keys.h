/* The keys that seals are made with, in a folder of files that the database never sees.
 *
 *   ID.key    a key, 64 hexadecimal digits; ID is of letters, digits and '-'
 *   current   the ID of the key that new seals are made with
 *   head      the last seal of the chain that this folder's engine knows, so that a chain whose end
 *             was cut off is found short
 *
 * A key that is no longer current stays, to verify what it sealed. Files that others may read are
 * refused. */
#ifndef SYNERGYFLOW_AUDIT_KEYS_H
#define SYNERGYFLOW_AUDIT_KEYS_H

#include "bpmn/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { AUDIT_HASH_BYTES = 32, AUDIT_KEY_ID_MAX = 64, AUDIT_KEYS_MAX = 1000 };

struct audit_key {
    char id[AUDIT_KEY_ID_MAX + 1];
    uint8_t bytes[AUDIT_HASH_BYTES];
};

struct audit_head {
    int64_t seal_id; /* 0: none yet */
    uint8_t chain[AUDIT_HASH_BYTES];
};

struct audit_keys;

/* Borrows nothing. The folder has to exist and hold a current key. */
MUST_CHECK enum status audit_keys_open(const char *folder, struct audit_keys **ret_keys,
                                       struct error *ret_error);
void audit_keys_free(struct audit_keys *keys); /* NULL is fine; forgets the keys' bytes */
/* Makes the folder if it is missing, and a new key that becomes the current one. */
MUST_CHECK enum status audit_keys_rotate(const char *folder, char ret_id[AUDIT_KEY_ID_MAX + 1],
                                         struct error *ret_error);
/* Does the folder hold a current key? */
bool audit_keys_exist(const char *folder);

/* As `current` says at this moment: a rotation takes effect with the next seal. Owned by `keys`. */
MUST_CHECK enum status audit_keys_current(struct audit_keys *keys, const struct audit_key **ret_key,
                                          struct error *ret_error);
/* STATUS_NOT_FOUND names the key and the folder. */
MUST_CHECK enum status audit_keys_find(struct audit_keys *keys, const char *id,
                                       const struct audit_key **ret_key, struct error *ret_error);

/* Zero where there is none yet. */
MUST_CHECK enum status audit_keys_read_head(const struct audit_keys *keys,
                                            struct audit_head *ret_head, struct error *ret_error);
/* Written to the disk before it returns; a crash leaves the old or the new one. */
MUST_CHECK enum status audit_keys_write_head(const struct audit_keys *keys,
                                             const struct audit_head *head,
                                             struct error *ret_error);

/* `length` bytes as 2 * length digits and a NUL, and back; false: other characters or length. */
void audit_hex(const uint8_t *bytes, size_t length, char *ret_text);
bool audit_from_hex(const char *text, uint8_t *ret_bytes, size_t length);

#endif
