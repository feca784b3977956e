#include "engine/base/identity.h"

#include "engine/base/clock.h"

#include <string.h>
#include <sys/random.h>

enum { RANDOM_BYTES_EACH = 8 };

static const uint8_t *random_bytes(struct identity_source *identity)
{
    const uint8_t *bytes;

    if (identity->random_used + RANDOM_BYTES_EACH > sizeof(identity->random)) {
        size_t filled = 0;

        while (filled < sizeof(identity->random)) {
            ssize_t got =
                getrandom(identity->random + filled, sizeof(identity->random) - filled, 0);

            /* EINTR is the only error the kernel documents for these arguments. */
            if (got > 0)
                filled += (size_t)got;
        }
        identity->random_used = 0;
    }
    bytes = identity->random + identity->random_used;
    identity->random_used += RANDOM_BYTES_EACH;
    return bytes;
}

/* The 12 bits after the version hold a counter so that ids of one millisecond keep their order
 * (RFC 9562, 6.2, method 1); when it runs over, the millisecond is advanced. */
static void identity_next(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct identity_source *identity = (struct identity_source *)source;
    int64_t now_ms = clock_wall_us() / 1000;
    uint8_t tail[10];

    if (now_ms > identity->last_ms) {
        identity->last_ms = now_ms;
        identity->sequence = 0;
    } else if (++identity->sequence > 0x0FFF) {
        identity->last_ms++;
        identity->sequence = 0;
    }
    tail[0] = (uint8_t)(identity->sequence >> 8);
    tail[1] = (uint8_t)(identity->sequence & 0xFF);
    memcpy(tail + 2, random_bytes(identity), RANDOM_BYTES_EACH);
    *ret_uuid = uuid_v7(identity->last_ms, tail);
}

void identity_init(struct identity_source *identity)
{
    memset(identity, 0, sizeof(*identity));
    identity->source.next = identity_next;
    identity->random_used = sizeof(identity->random);
}
