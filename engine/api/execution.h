/* What the files of executions share. */
#ifndef SYNERGYFLOW_API_EXECUTION_H
#define SYNERGYFLOW_API_EXECUTION_H

#include "engine/api/internal.h"

extern const struct list execution_list; /* rows e */

#endif
