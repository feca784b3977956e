/* The tasks module: work items, those of incidents among them. */
#ifndef SYNERGYFLOW_TASKS_H
#define SYNERGYFLOW_TASKS_H

#include "engine/module.h"

extern const struct module tasks_module;

#endif
