/* `synergyflow start`: starts a process instance of a running engine. */
#include "engine/cli/cli.h"

#include "engine/cli/client.h"
#include "engine/cli/option.h"

#include <stdio.h>
#include <string.h>

/* name=value, where the value is JSON if it reads as such and text otherwise. */
static enum status add_variable(json_t *list, const char *given, struct error *ret_error)
{
    const char *equals = strchr(given, '=');
    json_t *value;

    if (equals == NULL || equals == given) {
        return error_set_field(ret_error, STATUS_INVALID, "variable",
                               "Expected a variable as name=value but found '%s'.", given);
    }
    value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL)
        value = json_string(equals + 1);
    if (value == NULL) {
        return error_set_field(ret_error, STATUS_INVALID, "variable",
                               "Expected the variable's value to be UTF-8 but it is not.");
    }
    (void)json_array_append_new(
        list, json_pack("{s:s%, s:o}", "name", given, (size_t)(equals - given), "value", value));
    return STATUS_OK;
}

int cli_start(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "KEY", "Starts the latest version of the process KEY, for example\n"
               "  synergyflow start incident -v title='Printer on fire' -v priority=HIGH"};
    struct cli_option options[] = {
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {.name = "business-key", .letter = 'b', .argument = "KEY", .help = "business key"},
        {.name = "variable",
         .letter = 'v',
         .argument = "NAME=VALUE",
         .help = "a variable; JSON, or text when it is not JSON (repeatable)"},
        {0},
    };
    struct client *client = NULL;
    struct error error = {0};
    json_t *answer = NULL;
    json_t *body;
    json_t *variables;
    enum status status;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first + 1 != argc) {
        (void)fputs("synergyflow: start expects exactly one process key.\n", stderr);
        return CLI_USAGE;
    }
    body = json_pack("{s:s}", "processDefinitionKey", argv[first]);
    variables = json_array();
    status = client_new(cli_value(&options[0], NULL), &client, &error);
    for (int i = 0; i < options[3].count && status == STATUS_OK; i++)
        status = add_variable(variables, options[3].values[i], &error);
    (void)json_object_set_new(body, "variables", variables);
    if (options[2].count > 0)
        (void)json_object_set_new(body, "businessKey", json_string(cli_value(&options[2], "")));
    if (status == STATUS_OK)
        status = client_call(client, "POST", "/process-api/runtime/process-instances", body,
                             &answer, &error);
    json_decref(body);
    client_free(client);
    if (status != STATUS_OK)
        return cli_report(&error);
    if (cli_wants_json(&options[1])) {
        (void)json_dumpf(answer, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        const char *key = json_string_value(json_object_get(answer, "businessKey"));

        (void)printf("Started %s%s%s%s\n", json_string_value(json_object_get(answer, "id")),
                     key != NULL ? " (" : "", key != NULL ? key : "", key != NULL ? ")" : "");
        if (json_is_true(json_object_get(answer, "ended")))
            (void)puts("It has already ended.");
    }
    json_decref(answer);
    return CLI_DONE;
}
