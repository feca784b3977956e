/* The inside of a host, for this folder only. */
#ifndef SYNERGYFLOW_MODULE_HOST_PRIVATE_H
#define SYNERGYFLOW_MODULE_HOST_PRIVATE_H

#include "engine/module/host.h"

struct module_host {
    struct module_host_settings settings;
    uint32_t under_way; /* queries and commands that have not answered yet */
};

#endif
