/* `synergyflow deploy`: uploads BPMN files to a running engine. */
#include "engine/cli/cli.h"

#include "bpmn/base/memory.h"
#include "engine/cli/client.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"

#include <stdio.h>

static enum status deploy_file(struct client *client, const char *path, json_t *list,
                               struct error *ret_error)
{
    json_t *answer = NULL;
    json_t *definitions = NULL;
    const char *id;
    struct text query = TEXT_INIT;
    enum status status = client_upload(client, "/process-api/repository/deployments", path,
                                       file_name(path), &answer, ret_error);

    if (status != STATUS_OK)
        return error_prefix(ret_error, "%s", path);
    id = json_string_value(json_object_get(answer, "id"));
    text_append_format(&query,
                       "/process-api/repository/process-definitions?size=100&deploymentId=%s",
                       id != NULL ? id : "");
    status = client_call(client, "GET", text_string(&query), NULL, &definitions, ret_error);
    text_deinit(&query);
    if (status == STATUS_OK) {
        (void)json_object_set(answer, "processDefinitions", json_object_get(definitions, "data"));
        (void)json_array_append(list, answer);
    }
    json_decref(definitions);
    json_decref(answer);
    return status;
}

static void print_text(const json_t *list)
{
    size_t i;
    size_t d;
    const json_t *deployment;
    const json_t *definition;

    json_array_foreach (list, i, deployment) {
        (void)printf("Deployed %s as %s\n", json_string_value(json_object_get(deployment, "name")),
                     json_string_value(json_object_get(deployment, "id")));
        json_array_foreach (json_object_get(deployment, "processDefinitions"), d, definition) {
            (void)printf("  process %s, version %lld: %s\n",
                         json_string_value(json_object_get(definition, "key")),
                         (long long)json_integer_value(json_object_get(definition, "version")),
                         json_string_value(json_object_get(definition, "id")));
        }
    }
}

int cli_deploy(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "FILE…",
        "Deploys BPMN files to a running engine, each as a deployment of its own. What is\n"
        "wrong in a file is reported with element and line, and nothing of it is kept."};
    struct cli_option options[] = {
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {0},
    };
    struct client *client = NULL;
    struct error error = {0};
    enum status status;
    json_t *list;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first == argc) {
        (void)fputs("synergyflow: deploy expects at least one file.\n", stderr);
        return CLI_USAGE;
    }
    list = json_array();
    status = client_new(cli_value(&options[0], NULL), &client, &error);
    for (int i = first; i < argc && status == STATUS_OK; i++)
        status = deploy_file(client, argv[i], list, &error);
    if (cli_wants_json(&options[1])) {
        (void)json_dumpf(list, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        print_text(list);
    }
    json_decref(list);
    client_free(client);
    return status == STATUS_OK ? CLI_DONE : cli_report(&error);
}
