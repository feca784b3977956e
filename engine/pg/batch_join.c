/* One pipeline out of two batches: how a module's statements travel between BEGIN and COMMIT. */
#include "engine/pg/batch_private.h"

void pg_batch_join(struct pg_batch *batch, struct pg_batch *other)
{
    static const struct pg_statement placeholder = {NULL, ""};

    PRE(batch != other);
    for (uint32_t i = 0; i < other->count; i++) {
        struct pg_call *moved = pg_batch_add(batch, &placeholder);

        *moved = *other->calls[i];
        other->calls[i] = moved;
    }
}
