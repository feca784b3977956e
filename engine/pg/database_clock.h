/* The database's clock, as far as this node knows it.
 *
 * Due dates are compared with the database's clock: it is the one that all nodes share. What is
 * kept is an interval that its distance from our monotonic clock must lie in: each question "what
 * time is it?" narrows it to the time that the question took (D. L. Mills, RFC 5905 section 8,
 * without the halving: a bound is wanted, not a best guess), and time widens it by what clocks may
 * drift apart. A jump of this node's wall clock changes nothing; one of the database's is noticed
 * by the next answer. Pure but for database_clock_now_us(). */
#ifndef SYNERGYFLOW_DATABASE_CLOCK_H
#define SYNERGYFLOW_DATABASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct database_clock {
    bool known;
    int64_t low_us;     /* database's clock minus our monotonic one: at least … */
    int64_t high_us;    /* … and at most */
    int64_t sampled_us; /* monotonic: when these two held */
    uint32_t jumps;     /* answers that could not be true if the earlier ones were */
};

/* An answer: the question left at `sent_us` and `received_us` is when the answer came (both
 * monotonic); in between the database's clock showed `database_us`. */
void database_clock_sample(struct database_clock *clock, int64_t sent_us, int64_t database_us,
                           int64_t received_us);
/* What the database's clock shows at least, at a moment of our monotonic clock. Only when known. */
int64_t database_clock_at_least_us(const struct database_clock *clock, int64_t monotonic_us);
/* Half the interval's width then: how far the middle may be off. */
int64_t database_clock_uncertainty_us(const struct database_clock *clock, int64_t monotonic_us);
/* Now, never later than the database's clock; this node's wall clock as long as nothing is known,
 * or when `clock` is NULL. */
int64_t database_clock_now_us(const struct database_clock *clock);

#endif
