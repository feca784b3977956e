/* The knowledge module: articles, their versions and reviews, and what readers think of them. */
#ifndef SYNERGYFLOW_KNOWLEDGE_H
#define SYNERGYFLOW_KNOWLEDGE_H

#include "engine/module.h"

extern const struct module knowledge_module;

#endif
