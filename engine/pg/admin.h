/* Blocking helpers for start-up, before the loop runs. */
#ifndef SYNERGYFLOW_PG_ADMIN_H
#define SYNERGYFLOW_PG_ADMIN_H

#include "bpmn/base/status.h"

/* Whether a server accepts connections there. */
bool pg_answers(const char *conninfo);
/* Creates the database `name` (letters, digits, '_') unless it exists; `conninfo` leads to another
 * database of the server, as a role that may create databases. */
MUST_CHECK enum status pg_create_database(const char *conninfo, const char *name,
                                          struct error *ret_error);

#endif
