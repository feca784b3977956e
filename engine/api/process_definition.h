/* What the files of process definitions share. */
#ifndef SYNERGYFLOW_API_PROCESS_DEFINITION_H
#define SYNERGYFLOW_API_PROCESS_DEFINITION_H

#include "engine/api/internal.h"

extern const struct list process_definition_list; /* rows d */

/* The definition id of the path; any text may come. NULL when it was refused. */
const char *process_definition_id(struct http_request *request);

#endif
