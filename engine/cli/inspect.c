/* `synergyflow inspect`: what a model file, or a process instance, consists of. */
#include "engine/cli/cli.h"

#include "bpmn/base/uuid.h"
#include "bpmn/reader/reader.h"
#include "engine/cli/client.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"
#include "engine/cli/table.h"

#include <stdio.h>

enum { INSPECT_ARENA_BYTES = 256 * 1024 * 1024 };

static void print_model(const json_t *description)
{
    static const struct table_column columns[] = {
        {"LINE", "line"}, {"TYPE", "type"}, {"ID", "id"}, {"NAME", "name"}, {"SCOPE", "scope"}};
    size_t index;
    const json_t *process;

    json_array_foreach (json_object_get(description, "processes"), index, process) {
        const char *id = json_string_value(json_object_get(process, "id"));

        (void)printf("Process %s%s\n", id != NULL ? id : "without an id",
                     json_is_true(json_object_get(process, "executable"))
                         ? ""
                         : " (a drawing, not executable)");
        table_print(columns, COUNT_OF(columns), json_object_get(process, "elements"));
    }
}

/* A file that could not be deployed is shown as far as it was understood. */
static int inspect_file(const char *path, bool json)
{
    struct arena *arena = arena_new(INSPECT_ARENA_BYTES);
    struct bpmn_findings *findings = arena_alloc(arena, sizeof(*findings));
    json_t *description = NULL;
    struct text text = TEXT_INIT;
    struct error error = {0};
    enum status status = file_read(path, BPMN_FILE_BYTES_MAX, &text, &error);

    findings->arena = arena;
    if (status == STATUS_OK)
        status = bpmn_inspect(text_string(&text), text.length, findings, &description, &error);
    if (status == STATUS_OK && json) {
        (void)json_dumpf(description, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else if (status == STATUS_OK) {
        print_model(description);
    }
    json_decref(description);
    text_deinit(&text);
    arena_free(arena);
    return status == STATUS_OK ? CLI_DONE : cli_report(&error);
}

/* The parts of an instance's picture: member, REST path in front of the id, and a table. */
static const struct {
    const char *member;
    const char *heading;
    const char *path;
    struct table_column columns[4];
} parts[] = {
    {"executions",
     "Active elements",
     "/process-api/runtime/executions?size=1000&processInstanceId=",
     {{"EXECUTION", "id"}, {"ACTIVITY", "activityId"}, {"PARENT", "parentId"}, {0}}},
    {"tasks",
     "Open tasks",
     "/process-api/runtime/tasks?size=1000&processInstanceId=",
     {{"TASK", "id"}, {"NAME", "name"}, {"ASSIGNEE", "assignee"}, {"CREATED", "createTime"}}},
    {"timers",
     "Timers",
     "/process-api/management/timer-jobs?size=1000&processInstanceId=",
     {{"TIMER", "id"}, {"ELEMENT", "elementId"}, {"DUE", "dueDate"}, {0}}},
    {"variables",
     "Variables",
     "/process-api/history/historic-variable-instances?size=1000&processInstanceId=",
     {{"VARIABLE", "variable"}, {0}, {0}, {0}}},
};

static enum status fetch_instance(struct client *client, const char *id, json_t *picture,
                                  struct error *ret_error)
{
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    enum status status;

    text_append_format(&path, "/process-api/history/historic-process-instances/%s", id);
    status = client_call(client, "GET", text_string(&path), NULL, &answer, ret_error);
    if (status == STATUS_OK)
        (void)json_object_set_new(picture, "instance", answer);
    for (size_t i = 0; i < COUNT_OF(parts) && status == STATUS_OK; i++) {
        text_clear(&path);
        text_append_format(&path, "%s%s", parts[i].path, id);
        answer = NULL;
        status = client_call(client, "GET", text_string(&path), NULL, &answer, ret_error);
        if (status == STATUS_OK)
            (void)json_object_set(picture, parts[i].member, json_object_get(answer, "data"));
        json_decref(answer);
    }
    text_deinit(&path);
    return status;
}

static void print_variables(const json_t *rows)
{
    size_t index;
    const json_t *row;

    json_array_foreach (rows, index, row) {
        const json_t *variable = json_object_get(row, "variable");

        (void)printf("  %s = ", json_string_value(json_object_get(variable, "name")));
        (void)json_dumpf(json_object_get(variable, "value"), stdout,
                         JSON_ENCODE_ANY | JSON_COMPACT);
        (void)putchar('\n');
    }
}

static void print_instance(const json_t *picture)
{
    static const char *const members[] = {"id",        "businessKey", "processDefinitionId",
                                          "startTime", "endTime",     "deleteReason"};
    const json_t *instance = json_object_get(picture, "instance");

    for (size_t i = 0; i < COUNT_OF(members); i++) {
        const char *text = json_string_value(json_object_get(instance, members[i]));

        (void)printf("%-20s %s\n", members[i], text != NULL ? text : "-");
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const json_t *rows = json_object_get(picture, parts[i].member);
        unsigned count = 0;

        (void)printf("\n%s: %zu\n", parts[i].heading, json_array_size(rows));
        while (count < COUNT_OF(parts[i].columns) && parts[i].columns[count].heading != NULL)
            count++;
        if (count == 1)
            print_variables(rows);
        else if (json_array_size(rows) > 0)
            table_print(parts[i].columns, count, rows);
    }
}

static int inspect_instance(const char *url, const char *id, bool json)
{
    struct client *client = NULL;
    struct error error = {0};
    json_t *picture = json_object();
    enum status status = client_new(url, &client, &error);

    if (status == STATUS_OK)
        status = fetch_instance(client, id, picture, &error);
    if (status == STATUS_OK && json) {
        (void)json_dumpf(picture, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else if (status == STATUS_OK) {
        print_instance(picture);
    }
    json_decref(picture);
    client_free(client);
    return status == STATUS_OK ? CLI_DONE : cli_report(&error);
}

int cli_inspect(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "FILE | INSTANCE-ID",
        "Shows what the reader understood of a BPMN file, or where an instance of a\n"
        "running engine stands: active elements, tasks, timers, variables."};
    struct cli_option options[] = {
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {0},
    };
    struct uuid id;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first + 1 != argc) {
        (void)fputs("synergyflow: inspect expects one file or one instance id.\n", stderr);
        return CLI_USAGE;
    }
    if (uuid_parse(argv[first], &id))
        return inspect_instance(cli_value(&options[0], NULL), argv[first],
                                cli_wants_json(&options[1]));
    return inspect_file(argv[first], cli_wants_json(&options[1]));
}
