/* Fields that several operations of the external worker API read. */
#ifndef SYNERGYFLOW_API_EXTERNAL_JOB_H
#define SYNERGYFLOW_API_EXTERNAL_JOB_H

#include "engine/api/internal.h"

/* A required ISO 8601 duration, added to `from_us`. */
MUST_CHECK enum status api_duration(const json_t *body, const char *name, int64_t from_us,
                                    int64_t *ret_us, struct error *ret_error);
MUST_CHECK enum status api_worker(const json_t *body, const char **ret_worker,
                                  struct error *ret_error);

#endif
