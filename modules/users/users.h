/* The users module: people, teams, who is on call, and what they order. */
#ifndef SYNERGYFLOW_USERS_H
#define SYNERGYFLOW_USERS_H

#include "engine/module.h"

extern const struct module users_module;

#endif
