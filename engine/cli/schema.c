/* See schema.h. */
#include "engine/cli/schema.h"

#include "engine/base/log.h"
#include "engine/migrate/migrate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The program lies in build/PRESET/ of the source tree unless it was installed; an installation
 * says where its migrations are. */
char *schema_folder(const char *given, char ret_folder[PATH_MAX])
{
    char program[PATH_MAX - 64];
    ssize_t length;

    if (given[0] != '\0') {
        (void)snprintf(ret_folder, PATH_MAX, "%s", given);
        return ret_folder;
    }
    length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[length > 0 ? length : 0] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(program, '/');

        if (slash != NULL)
            *slash = '\0';
    }
    (void)snprintf(ret_folder, PATH_MAX, "%s/migrations", program);
    return ret_folder;
}

enum status schema_migrate(const char *conninfo, const char *folder, struct error *ret_error)
{
    char path[PATH_MAX];
    struct migrate_settings settings = {.conninfo = conninfo,
                                        .folder = schema_folder(folder, path)};
    struct migrate_report report;
    enum status status = migrate_run(&settings, &report, ret_error);

    if (status != STATUS_OK)
        return status;
    log_event(LOG_INFO, "schema.migrated", "version", 's', report.version, "applied", 'i',
              (int64_t)report.applied, NULL);
    return STATUS_OK;
}
