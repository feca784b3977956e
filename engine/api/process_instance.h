/* What the files of process instances share. */
#ifndef SYNERGYFLOW_API_PROCESS_INSTANCE_H
#define SYNERGYFLOW_API_PROCESS_INSTANCE_H

#include "engine/api/internal.h"

extern const struct list process_instance_list;

/* Members that Flowable has and we never fill. */
void process_instance_put_absent(json_t *object);

#endif
