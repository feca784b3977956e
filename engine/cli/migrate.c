/* `synergyflow migrate`: the schema, for operators. */
#include "engine/migrate/migrate.h"

#include "engine/cli/cli.h"
#include "engine/cli/option.h"
#include "engine/cli/schema.h"
#include "engine/cli/table.h"
#include "engine/service/settings.h"

#include <stdio.h>

static json_t *entries(const struct migrate_list *list)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < list->count; i++) {
        const struct migrate_entry *entry = &list->items[i];
        json_t *row =
            json_pack("{s:s, s:s, s:s, s:s, s:s?}", "version", entry->version, "description",
                      entry->description, "script", entry->script, "state",
                      migrate_state_text(entry->state), "installedOn", entry->installed_on);

        if (entry->has_file)
            (void)json_object_set_new(row, "checksum", json_integer(entry->file_checksum));
        if (entry->has_row)
            (void)json_object_set_new(row, "appliedChecksum",
                                      json_integer(entry->applied_checksum));
        (void)json_array_append_new(rows, row);
    }
    return rows;
}

static enum status print_info(const struct migrate_settings *settings, bool json,
                              struct error *ret_error)
{
    static const struct table_column columns[] = {{"VERSION", "version"},
                                                  {"DESCRIPTION", "description"},
                                                  {"STATE", "state"},
                                                  {"CHECKSUM", "checksum"},
                                                  {"INSTALLED", "installedOn"}};
    struct migrate_list list = {0};
    enum status status = migrate_info(settings, &list, ret_error);
    json_t *rows;

    if (status != STATUS_OK)
        return status;
    rows = entries(&list);
    if (json) {
        (void)json_dumpf(rows, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        table_print(columns, COUNT_OF(columns), rows);
    }
    json_decref(rows);
    migrate_list_deinit(&list);
    return STATUS_OK;
}

int cli_migrate(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "", "Brings the database that SYNERGYFLOW_MIGRATION_DATABASE names up to the files in\n"
            "migrations/, each in a transaction of its own. A changed, missing or out-of-order "
            "file is\n"
            "refused with its name and both checksums. Real Flyway validates the same history."};
    struct cli_option options[] = {
        {.name = "database",
         .letter = 'd',
         .argument = "CONNINFO",
         .help = "connection of the schema's owner"},
        {.name = "folder", .letter = 'f', .argument = "DIR", .help = "folder of the files"},
        {.name = "info", .letter = 'i', .help = "list what is there and what was applied"},
        {.name = "validate",
         .letter = 'c',
         .help = "only check; exit code 1 when anything differs"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {0},
    };
    struct migrate_report report = {0};
    struct migrate_settings migrate;
    struct settings settings;
    struct error error = {0};
    char folder[PATH_MAX];
    enum status status;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    status = settings_read(&settings, &error);
    if (status != STATUS_OK)
        return cli_report(&error);
    migrate.conninfo = cli_value(&options[0], settings.migration_database);
    migrate.folder = schema_folder(cli_value(&options[1], settings.migrations), folder);
    if (migrate.conninfo[0] == '\0') {
        (void)fputs("synergyflow: migrate expects a database: --database, or "
                    "SYNERGYFLOW_MIGRATION_DATABASE.\n",
                    stderr);
        return CLI_USAGE;
    }
    if (options[2].count > 0)
        status = print_info(&migrate, cli_wants_json(&options[4]), &error);
    else if (options[3].count > 0)
        status = migrate_validate(&migrate, &report, &error);
    else
        status = migrate_run(&migrate, &report, &error);
    if (status != STATUS_OK)
        return cli_report(&error);
    if (options[2].count == 0)
        (void)printf("Schema version %s; %u applied now, %u before.\n",
                     report.version[0] != '\0' ? report.version : "none", report.applied,
                     report.already);
    return CLI_DONE;
}
