/* `synergyflow trace`: what an instance did, one line for each element, in order. */
#include "engine/cli/cli.h"

#include "engine/cli/client.h"
#include "engine/cli/option.h"
#include "engine/cli/table.h"

#include "bpmn/base/text.h"
#include "bpmn/base/uuid.h"

#include <stdio.h>

int cli_trace(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "INSTANCE-ID", "Shows what a process instance did: each element with its times, in order."};
    static const struct table_column columns[] = {
        {"STARTED", "startTime"},  {"ENDED", "endTime"},     {"TYPE", "activityType"},
        {"ELEMENT", "activityId"}, {"NAME", "activityName"}, {"REASON", "deleteReason"}};
    struct cli_option options[] = {
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {0},
    };
    struct client *client = NULL;
    struct error error = {0};
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    struct uuid id;
    enum status status;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first + 1 != argc || !uuid_parse(argv[first], &id)) {
        (void)fputs(
            "synergyflow: trace expects one instance id (see `synergyflow list instances`).\n",
            stderr);
        return CLI_USAGE;
    }
    text_append_format(&path,
                       "/process-api/history/historic-activity-instances?size=10000&sort=startTime"
                       "&order=asc&processInstanceId=%s",
                       argv[first]);
    status = client_new(cli_value(&options[0], NULL), &client, &error);
    if (status == STATUS_OK)
        status = client_call(client, "GET", text_string(&path), NULL, &answer, &error);
    text_deinit(&path);
    client_free(client);
    if (status != STATUS_OK)
        return cli_report(&error);
    if (json_array_size(json_object_get(answer, "data")) == 0) {
        (void)error_set(&error, STATUS_NOT_FOUND,
                        "Expected an instance with id '%s' but there is no history of it.",
                        argv[first]);
        exit_code = cli_report(&error);
    } else if (cli_wants_json(&options[1])) {
        (void)json_dumpf(json_object_get(answer, "data"), stdout, JSON_INDENT(2));
        (void)putchar('\n');
        exit_code = CLI_DONE;
    } else {
        table_print(columns, COUNT_OF(columns), json_object_get(answer, "data"));
        exit_code = CLI_DONE;
    }
    json_decref(answer);
    return exit_code;
}
