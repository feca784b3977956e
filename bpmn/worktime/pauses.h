/* Pauses in order: checked, sorted, merged, without empty ones. */
#ifndef SYNERGYFLOW_WORKTIME_PAUSES_H
#define SYNERGYFLOW_WORKTIME_PAUSES_H

#include "bpmn/worktime/worktime.h"

struct pauses {
    struct worktime_pause *items; /* NULL when there are none */
    size_t count;
};

/* Copies; pauses_deinit() frees. On an error there is nothing to free. */
MUST_CHECK enum status pauses_init(struct pauses *pauses, const struct worktime_pause *items,
                                   size_t count, struct error *ret_error);
void pauses_deinit(struct pauses *pauses);
/* The pause that `at_us` is in, or NULL. */
const struct worktime_pause *pauses_at(const struct pauses *pauses, int64_t at_us);

#endif
