/* `synergyflow list`: what a running engine holds. */
#include "engine/cli/cli.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/cli/client.h"
#include "engine/cli/option.h"
#include "engine/cli/table.h"

#include <stdio.h>
#include <string.h>

struct listing {
    const char *name;
    const char *path;
    struct table_column columns[TABLE_COLUMNS_MAX];
};

static const struct listing listings[] = {
    {"deployments",
     "/process-api/repository/deployments",
     {{"ID", "id"}, {"NAME", "name"}, {"DEPLOYED", "deploymentTime"}}},
    {"definitions",
     "/process-api/repository/process-definitions",
     {{"ID", "id"}, {"KEY", "key"}, {"VERSION", "version"}, {"NAME", "name"}}},
    {"instances",
     "/process-api/runtime/process-instances",
     {{"ID", "id"},
      {"BUSINESS KEY", "businessKey"},
      {"PROCESS", "processDefinitionName"},
      {"STARTED", "startTime"}}},
    {"history",
     "/process-api/history/historic-process-instances",
     {{"ID", "id"},
      {"BUSINESS KEY", "businessKey"},
      {"STARTED", "startTime"},
      {"ENDED", "endTime"},
      {"DELETE REASON", "deleteReason"}}},
    {"tasks",
     "/process-api/runtime/tasks",
     {{"ID", "id"},
      {"NAME", "name"},
      {"ASSIGNEE", "assignee"},
      {"CREATED", "createTime"},
      {"INSTANCE", "processInstanceId"}}},
    {"executions",
     "/process-api/runtime/executions",
     {{"ID", "id"}, {"ACTIVITY", "activityId"}, {"INSTANCE", "processInstanceId"}}},
    {"timers",
     "/process-api/management/timer-jobs",
     {{"ID", "id"},
      {"DUE", "dueDate"},
      {"ELEMENT", "elementId"},
      {"INSTANCE", "processInstanceId"}}},
    {"jobs",
     "/external-job-api/jobs",
     {{"ID", "id"}, {"ELEMENT", "elementId"}, {"RETRIES", "retries"}, {"LOCKED BY", "lockOwner"}}},
    {"incidents",
     "/api/v1/incidents",
     {{"INCIDENT", "incidentId"},
      {"STATUS", "status"},
      {"PRIORITY", "priority"},
      {"TITLE", "title"},
      {"SLA DEADLINE", "slaDeadline"}}},
};

static void print_names(void)
{
    (void)fputs("synergyflow: list expects one of:", stderr);
    for (size_t i = 0; i < COUNT_OF(listings); i++)
        (void)fprintf(stderr, " %s", listings[i].name);
    (void)fputs(".\n", stderr);
}

static const struct listing *find_listing(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(listings); i++) {
        if (strcmp(listings[i].name, name) == 0)
            return &listings[i];
    }
    return NULL;
}

static enum status build_path(const struct listing *listing, const struct cli_option *filters,
                              const char *size, struct text *path, struct error *ret_error)
{
    char *escaped = client_escape(size);

    text_append_format(path, "%s?size=%s", listing->path, escaped);
    memory_free(escaped);
    for (int i = 0; i < filters->count; i++) {
        const char *equals = strchr(filters->values[i], '=');

        if (equals == NULL) {
            return error_set_field(ret_error, STATUS_INVALID, "filter",
                                   "Expected a filter as name=value but found '%s'.",
                                   filters->values[i]);
        }
        escaped = client_escape(equals + 1);
        text_append_char(path, '&');
        text_append_bytes(path, filters->values[i], (size_t)(equals + 1 - filters->values[i]));
        text_append(path, escaped);
        memory_free(escaped);
    }
    return STATUS_OK;
}

static void print_text(const struct listing *listing, const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "data");
    unsigned count = 0;

    while (count < TABLE_COLUMNS_MAX && listing->columns[count].heading != NULL)
        count++;
    table_print(listing->columns, count, rows);
    (void)printf("%zu of %lld\n", json_array_size(rows),
                 (long long)json_integer_value(json_object_get(answer, "total")));
}

int cli_list(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "WHAT",
        "Lists deployments, definitions, instances, history, tasks, executions, timers, jobs\n"
        "or incidents of a running engine, for example\n"
        "  synergyflow list tasks --filter candidateGroup=service-desk"};
    struct cli_option options[] = {
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {.name = "size", .letter = 's', .argument = "N", .help = "rows at most (default 50)"},
        {.name = "filter",
         .letter = 'f',
         .argument = "NAME=VALUE",
         .help = "a query parameter of the REST resource (repeatable)"},
        {0},
    };
    struct client *client = NULL;
    const struct listing *listing;
    struct text path = TEXT_INIT;
    struct error error = {0};
    json_t *answer = NULL;
    enum status status;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    listing = first + 1 == argc ? find_listing(argv[first]) : NULL;
    if (listing == NULL) {
        print_names();
        return CLI_USAGE;
    }
    status = client_new(cli_value(&options[0], NULL), &client, &error);
    if (status == STATUS_OK)
        status = build_path(listing, &options[3], cli_value(&options[2], "50"), &path, &error);
    if (status == STATUS_OK)
        status = client_call(client, "GET", text_string(&path), NULL, &answer, &error);
    text_deinit(&path);
    client_free(client);
    if (status != STATUS_OK)
        return cli_report(&error);
    if (cli_wants_json(&options[1])) {
        (void)json_dumpf(answer, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        print_text(listing, answer);
    }
    json_decref(answer);
    return CLI_DONE;
}
