/* Where a page of a list ended, as an opaque text for the caller.
 *
 * It holds the sort and order, the last row's sort value and key, and a digest of the list and its
 * filters, so that it cannot be used for another list or other filters by mistake. It is no secret
 * and no permission: whoever forges one sees what a filter of his own would have shown him. */
#ifndef SYNERGYFLOW_MODULE_CURSOR_H
#define SYNERGYFLOW_MODULE_CURSOR_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <jansson.h>

enum { CURSOR_TEXT_MAX = 8192 };

struct cursor {
    const char *sort;
    const char *order;
    int64_t digest;
    const json_t *value; /* null, string or integer */
    const json_t *key;   /* string or integer */
};

/* In `arena`: letters, digits, "-" and "_". */
const char *cursor_write(const struct cursor *cursor, struct arena *arena);
/* `*ret_owner` holds what the cursor borrows: json_decref() it after use. STATUS_INVALID for
 * anything that cursor_write() has not written. */
MUST_CHECK enum status cursor_read(const char *text, struct arena *arena, struct cursor *ret_cursor,
                                   json_t **ret_owner, struct error *ret_error);
/* FNV-1a over a text and its end; chain from CURSOR_DIGEST_START. */
#define CURSOR_DIGEST_START UINT64_C(0xcbf29ce484222325)
uint64_t cursor_digest(uint64_t digest, const char *text);

#endif
