/* Messages that were kept: those whose time is over go, and those whose receiver came at the very
 * moment at which they were stored, so that neither saw the other, are handed over. Private to this
 * folder. */
#ifndef SYNERGYFLOW_MESSAGE_SWEEP_H
#define SYNERGYFLOW_MESSAGE_SWEEP_H

#include "engine/pg/batch.h"

#include <stdint.h>

/* Adds the statements; *ret_index is that of the one that answers with the jobs (id, instance_id,
 * due_at) that deliver. */
void message_sweep_add(struct pg_batch *batch, int64_t now_us, uint32_t *ret_index);

#endif
