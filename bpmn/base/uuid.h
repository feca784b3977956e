/* UUIDs as 16 bytes; new ones come from a source that is passed in (RFC 9562). */
#ifndef SYNERGYFLOW_BASE_UUID_H
#define SYNERGYFLOW_BASE_UUID_H

#include "bpmn/base/check.h"

#include <stdint.h>

enum { UUID_TEXT_BYTES = 37 }; /* 36 characters and the NUL */

struct uuid {
    uint8_t bytes[16];
};

/* Where new ids come from: UUIDv7 in the service, a counter in tests and traces. */
struct uuid_source {
    void (*next)(struct uuid_source *source, struct uuid *ret_uuid);
};

struct uuid uuid_next(struct uuid_source *source);
/* Writes the lower-case 8-4-4-4-12 form. Returns `ret_text`. */
char *uuid_format(const struct uuid *uuid, char ret_text[UUID_TEXT_BYTES]);
/* False (and *ret_uuid untouched) unless `text` is exactly the 8-4-4-4-12 form, in either case. */
MUST_CHECK bool uuid_parse(const char *text, struct uuid *ret_uuid);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_zero(const struct uuid *uuid);
int uuid_compare(const struct uuid *a, const struct uuid *b);

/* A UUIDv7 from its parts: milliseconds since 1970, and 10 random bytes. */
struct uuid uuid_v7(int64_t unix_ms, const uint8_t random[10]);

#endif
