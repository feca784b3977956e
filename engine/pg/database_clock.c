/* See database_clock.h. */
#include "engine/pg/database_clock.h"

#include "bpmn/base/check.h"
#include "engine/base/clock.h"

#include <stddef.h>

/* Crystals are off by less than 100 in a million; NTP corrects by at most 500 (RFC 5905). */
enum { DRIFT_PER_MILLION = 600 };

/* How far the two clocks may have drifted apart since the last answer. */
static int64_t drift_us(const struct database_clock *clock, int64_t monotonic_us)
{
    int64_t age_us = monotonic_us - clock->sampled_us;

    return age_us <= 0 ? 0 : age_us * DRIFT_PER_MILLION / 1000000 + 1;
}

void database_clock_sample(struct database_clock *clock, int64_t sent_us, int64_t database_us,
                           int64_t received_us)
{
    int64_t low_us = database_us - received_us;
    int64_t high_us = database_us - sent_us;
    int64_t drift;

    PRE(received_us >= sent_us);
    if (clock->known) {
        drift = drift_us(clock, received_us);
        if (high_us < clock->low_us - drift || low_us > clock->high_us + drift) {
            clock->jumps++;
        } else {
            low_us = low_us > clock->low_us - drift ? low_us : clock->low_us - drift;
            high_us = high_us < clock->high_us + drift ? high_us : clock->high_us + drift;
        }
    }
    clock->known = true;
    clock->low_us = low_us;
    clock->high_us = high_us;
    clock->sampled_us = received_us;
}

int64_t database_clock_at_least_us(const struct database_clock *clock, int64_t monotonic_us)
{
    PRE(clock->known);
    return monotonic_us + clock->low_us - drift_us(clock, monotonic_us);
}

int64_t database_clock_uncertainty_us(const struct database_clock *clock, int64_t monotonic_us)
{
    PRE(clock->known);
    return (clock->high_us - clock->low_us) / 2 + drift_us(clock, monotonic_us);
}

int64_t database_clock_now_us(const struct database_clock *clock)
{
    return clock != NULL && clock->known ? database_clock_at_least_us(clock, clock_monotonic_us())
                                         : clock_wall_us();
}
