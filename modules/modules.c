/* Every module of the program. A new one is a folder and a line here. */
#include "modules/incidents/incidents.h"
#include "modules/knowledge/knowledge.h"
#include "modules/tasks/tasks.h"
#include "modules/users/users.h"

const struct module *const all_modules[] = {&incidents_module, &tasks_module, &users_module,
                                            &knowledge_module};
const uint32_t all_module_count = COUNT_OF(all_modules);
