/* The schema's migrations as the commands use them. */
#ifndef SYNERGYFLOW_CLI_SCHEMA_H
#define SYNERGYFLOW_CLI_SCHEMA_H

#include "bpmn/base/status.h"

#include <limits.h>

/* The folder of the migration files: `given` unless empty, else "migrations" in the source tree
 * that the program was built in (two folders above its own). Returns `ret_folder`. */
char *schema_folder(const char *given, char ret_folder[PATH_MAX]);
/* Applies what is pending and logs it. */
MUST_CHECK enum status schema_migrate(const char *conninfo, const char *folder,
                                      struct error *ret_error);

#endif
