/* The only place that reads a clock. Wall time for due dates, monotonic time for waits. */
#ifndef SYNERGYFLOW_CLOCK_H
#define SYNERGYFLOW_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z; follows the system clock, may jump. */
int64_t clock_wall_us(void);
/* Microseconds from some fixed moment; never goes back. */
int64_t clock_monotonic_us(void);

#endif
