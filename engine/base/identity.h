/* New ids: UUIDv7 (RFC 9562, 5.7) from the wall clock and the kernel's random numbers. */
#ifndef SYNERGYFLOW_IDENTITY_H
#define SYNERGYFLOW_IDENTITY_H

#include "bpmn/base/uuid.h"

#include <stddef.h>

/* Reads random bytes in blocks; ids of one source rise strictly, also within a millisecond. */
struct identity_source {
    struct uuid_source source; /* pass &identity.source on */
    int64_t last_ms;
    uint16_t sequence;
    uint8_t random[1024];
    size_t random_used;
};

void identity_init(struct identity_source *identity);

#endif
