/* See pauses.h. */
#include "bpmn/worktime/pauses.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int by_start(const void *left, const void *right)
{
    const struct worktime_pause *a = left;
    const struct worktime_pause *b = right;

    return (a->from_us > b->from_us) - (a->from_us < b->from_us);
}

static enum status check(const struct worktime_pause *pause, size_t place, struct error *error)
{
    char field[ERROR_FIELD_MAX];

    (void)snprintf(field, sizeof(field), "pauses[%zu]", place);
    if (pause->to_us < pause->from_us) {
        return error_set_field(error, STATUS_INVALID, field,
                               "Expected the pause to end at or after its beginning but it ends "
                               "%" PRId64 " microseconds before.",
                               pause->from_us - pause->to_us);
    }
    if (pause->from_us < WORKTIME_MIN_US || pause->to_us > WORKTIME_MAX_US) {
        return error_set_field(error, STATUS_INVALID, field,
                               "Expected the pause to lie in the years 1970 to 9999.");
    }
    return STATUS_OK;
}

static void merge(struct pauses *pauses)
{
    size_t kept = 0;

    for (size_t i = 0; i < pauses->count; i++) {
        struct worktime_pause pause = pauses->items[i];

        if (pause.from_us == pause.to_us)
            continue;
        if (kept > 0 && pauses->items[kept - 1].to_us >= pause.from_us) {
            if (pauses->items[kept - 1].to_us < pause.to_us)
                pauses->items[kept - 1].to_us = pause.to_us;
        } else {
            pauses->items[kept++] = pause;
        }
    }
    pauses->count = kept;
}

enum status pauses_init(struct pauses *pauses, const struct worktime_pause *items, size_t count,
                        struct error *ret_error)
{
    *pauses = (struct pauses){0};
    if (count > WORKTIME_PAUSES_MAX) {
        return error_set_field(ret_error, STATUS_TOO_LARGE, "pauses",
                               "Expected at most %d pauses but found %zu.", WORKTIME_PAUSES_MAX,
                               count);
    }
    for (size_t i = 0; i < count; i++) {
        /* Written so that the difference in check() cannot overflow. */
        bool absurd = items[i].from_us < -WORKTIME_MAX_US || items[i].to_us < -WORKTIME_MAX_US ||
                      items[i].from_us > WORKTIME_MAX_US || items[i].to_us > WORKTIME_MAX_US;
        struct worktime_pause pause = absurd ? (struct worktime_pause){-1, -1} : items[i];
        enum status status = check(&pause, i, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    if (count == 0)
        return STATUS_OK;
    pauses->items = memory_zero(count, sizeof(*pauses->items));
    pauses->count = count;
    for (size_t i = 0; i < count; i++)
        pauses->items[i] = items[i];
    qsort(pauses->items, count, sizeof(*pauses->items), by_start);
    merge(pauses);
    return STATUS_OK;
}

void pauses_deinit(struct pauses *pauses)
{
    memory_free(pauses->items);
    *pauses = (struct pauses){0};
}

const struct worktime_pause *pauses_at(const struct pauses *pauses, int64_t at_us)
{
    size_t low = 0;
    size_t high = pauses->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (pauses->items[middle].to_us <= at_us)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < pauses->count && pauses->items[low].from_us <= at_us)
        return &pauses->items[low];
    return NULL;
}
