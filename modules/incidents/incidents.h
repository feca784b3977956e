/* The incidents module: incidents of the service desk and the process that works them. */
#ifndef SYNERGYFLOW_INCIDENTS_H
#define SYNERGYFLOW_INCIDENTS_H

#include "engine/module.h"

extern const struct module incidents_module;

#endif
