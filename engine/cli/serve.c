/* `synergyflow serve`: the engine on a database that operators run. */
#include "engine/cli/cli.h"

#include "engine/base/log.h"
#include "engine/cli/option.h"
#include "engine/cli/running.h"
#include "engine/cli/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status set_log_level(const char *name, struct error *ret_error)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            log_set_level((enum log_level)i);
            return STATUS_OK;
        }
    }
    return error_set_field(ret_error, STATUS_INVALID, "SYNERGYFLOW_LOG_LEVEL",
                           "Expected SYNERGYFLOW_LOG_LEVEL to be debug, info, warning or error but "
                           "found '%.40s'.",
                           name);
}

static void print_settings(void)
{
    (void)puts("Settings, from the environment:");
    settings_print(stdout);
}

int cli_serve(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "",
        "Runs the engine on the database that SYNERGYFLOW_DATABASE names, until SIGTERM or\n"
        "SIGINT. With SYNERGYFLOW_MIGRATION_DATABASE set, the schema is brought up to date first.\n"
        "`synergyflow serve --settings` lists every setting."};
    struct cli_option options[] = {
        {.name = "port", .letter = 'p', .argument = "N", .help = "port (SYNERGYFLOW_PORT)"},
        {.name = "audit-keys",
         .argument = "DIR",
         .help = "keys that seal the audit trail (SYNERGYFLOW_AUDIT_KEYS)"},
        {.name = "settings", .letter = 0, .help = "list the settings and end"},
        {0},
    };
    struct settings settings;
    struct error error = {0};
    enum status status = STATUS_OK;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (options[2].count > 0) {
        print_settings();
        return CLI_DONE;
    }
    if (options[0].count > 0 && setenv("SYNERGYFLOW_PORT", cli_value(&options[0], ""), 1) != 0)
        return CLI_FAILED;
    if (options[1].count > 0 &&
        setenv("SYNERGYFLOW_AUDIT_KEYS", cli_value(&options[1], ""), 1) != 0)
        return CLI_FAILED;
    status = settings_read(&settings, &error);
    if (status == STATUS_OK)
        status = set_log_level(settings.log_level, &error);
    if (status == STATUS_OK && settings.database[0] == '\0') {
        status = error_set_field(&error, STATUS_INVALID, "SYNERGYFLOW_DATABASE",
                                 "Expected SYNERGYFLOW_DATABASE to hold a connection string but it "
                                 "is empty. For a first try use `synergyflow dev`.");
    }
    if (status == STATUS_OK && settings.migration_database[0] != '\0')
        status = schema_migrate(settings.migration_database, settings.migrations, &error);
    if (status != STATUS_OK)
        return cli_report(&error);
    return service_run(&settings, NULL, NULL);
}
