/* Between the files of the clock; private to this folder. */
#ifndef SYNERGYFLOW_SLA_CLOCK_PRIVATE_H
#define SYNERGYFLOW_SLA_CLOCK_PRIVATE_H

#include "bpmn/sla/clock.h"

int32_t sla_clock_cycle(const struct sla_clock *clock);
/* How often the target's duration has changed in the current cycle. */
int32_t sla_clock_generation(const struct sla_clock *clock);
/* The clock's rating: the caller's versions, the clock's floor. */
struct sla_rating sla_clock_rating(const struct sla_clock *clock, const struct sla_rating *rating);

/* The current cycle with what goes on cut at `now_us`: its pauses and working-time sums. */
struct sla_course {
    struct sla_rating rating;
    int64_t start_us;
    int64_t now_us; /* not before the last change */
    int64_t target_us;
    int64_t elapsed_us;
    int64_t elapsed_wall_us;
    int64_t paused_us;
    int64_t paused_wall_us;
    struct worktime_pause *pauses; /* heap: sla_course_deinit() */
    size_t pause_count;
};
MUST_CHECK enum status sla_course_init(struct sla_course *course, const struct sla_clock *clock,
                                       const struct sla_rating *rating, int64_t now_us,
                                       struct error *ret_error);
void sla_course_deinit(struct sla_course *course);
/* When elapsed time reaches `elapsed_us`, if what is paused now resumed now. */
MUST_CHECK enum status sla_course_reach(const struct sla_course *course, int64_t elapsed_us,
                                        int64_t *ret_us, struct error *ret_error);

#endif
