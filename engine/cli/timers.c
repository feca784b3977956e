/* `synergyflow timers`: what operators do with the timers of a running engine. Every change is a
 * command of the instance, and leaves a row that `timers actions` lists. */
#include "engine/cli/cli.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/cli/client.h"
#include "engine/cli/option.h"
#include "engine/cli/table.h"

#include <stdio.h>
#include <string.h>

#define TIMERS  "/process-api/management/timer-jobs"
#define ACTIONS "/process-api/management/operator-actions"

enum {
    OPTION_URL,
    OPTION_OUTPUT,
    OPTION_SIZE,
    OPTION_AFTER,
    OPTION_BEFORE,
    OPTION_PROCESS,
    OPTION_ELEMENT,
    OPTION_INSTANCE,
    OPTION_TO,
    OPTION_FROM,
    OPTION_DEFINITION,
    OPTION_REASON,
    OPTION_COUNT,
};

/* What may follow `timers`. `changes`: with a timer's id, by a POST of this action. */
static const struct verb {
    const char *name;
    const char *changes;
    unsigned options; /* those that it takes, beside the first two */
} verbs[] = {
    {"list", NULL,
     1u << OPTION_SIZE | 1u << OPTION_AFTER | 1u << OPTION_BEFORE | 1u << OPTION_PROCESS |
         1u << OPTION_ELEMENT | 1u << OPTION_INSTANCE},
    {"actions", NULL,
     1u << OPTION_SIZE | 1u << OPTION_AFTER | 1u << OPTION_BEFORE | 1u << OPTION_ELEMENT |
         1u << OPTION_INSTANCE},
    {"reschedule", "reschedule", 1u << OPTION_TO | 1u << OPTION_REASON},
    {"fire", "execute", 1u << OPTION_REASON},
    {"recalculate", "recalculate",
     1u << OPTION_FROM | 1u << OPTION_DEFINITION | 1u << OPTION_REASON},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

/* An option that the verb does not take is a mistake, and not without effect. */
static bool options_fit(const struct verb *verb, const struct cli_option *options)
{
    for (int i = OPTION_SIZE; i < OPTION_COUNT; i++) {
        if (options[i].count > 0 && (verb->options & 1u << i) == 0) {
            (void)fprintf(stderr, "synergyflow: timers %s does not take --%s.\n", verb->name,
                          options[i].name);
            return false;
        }
    }
    if ((verb->options & 1u << OPTION_TO) != 0 && options[OPTION_TO].count == 0) {
        (void)fprintf(stderr,
                      "synergyflow: timers %s expects --to with a date, or a duration from now "
                      "such as PT2H.\n",
                      verb->name);
        return false;
    }
    return true;
}

static void add_query(struct text *path, const char *name, const char *value)
{
    char *escaped;

    if (value == NULL)
        return;
    escaped = client_escape(value);
    text_append_format(path, "&%s=%s", name, escaped);
    memory_free(escaped);
}

static void build_list(const struct verb *verb, const struct cli_option *options, struct text *path)
{
    bool is_list = strcmp(verb->name, "list") == 0;

    text_append(path, is_list ? TIMERS "?sort=dueDate&order=asc" : ACTIONS "?sort=time&order=desc");
    add_query(path, "size", cli_value(&options[OPTION_SIZE], "50"));
    add_query(path, is_list ? "dueAfter" : "after", cli_value(&options[OPTION_AFTER], NULL));
    add_query(path, is_list ? "dueBefore" : "before", cli_value(&options[OPTION_BEFORE], NULL));
    add_query(path, "processDefinitionKey", cli_value(&options[OPTION_PROCESS], NULL));
    add_query(path, "elementId", cli_value(&options[OPTION_ELEMENT], NULL));
    add_query(path, "processInstanceId", cli_value(&options[OPTION_INSTANCE], NULL));
}

static void put(json_t *body, const char *name, const struct cli_option *option)
{
    if (option->count > 0)
        (void)json_object_set_new(body, name, json_string(cli_value(option, NULL)));
}

static json_t *build_change(const struct verb *verb, const struct cli_option *options)
{
    json_t *body = json_pack("{s:s}", "action", verb->changes);

    put(body, "dueDate", &options[OPTION_TO]);
    put(body, "from", &options[OPTION_FROM]);
    put(body, "definition", &options[OPTION_DEFINITION]);
    put(body, "reason", &options[OPTION_REASON]);
    return body;
}

static void print(const struct verb *verb, const json_t *answer, const char *id, bool as_json)
{
    static const struct table_column timers[] = {{"ID", "id"},
                                                 {"DUE", "dueDate"},
                                                 {"ELEMENT", "elementId"},
                                                 {"INSTANCE", "processInstanceId"},
                                                 {"DEFINITION", "processDefinitionId"}};
    static const struct table_column actions[] = {{"TIME", "time"},         {"USER", "userId"},
                                                  {"ACTION", "action"},     {"TIMER", "jobId"},
                                                  {"ELEMENT", "elementId"}, {"REASON", "reason"}};
    const json_t *rows = json_object_get(answer, "data");

    if (as_json && answer != NULL) {
        (void)json_dumpf(answer, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else if (as_json) {
        (void)printf("{\"id\": \"%s\", \"done\": \"%s\"}\n", id, verb->name);
    } else if (verb->changes != NULL) {
        const char *due = json_string_value(json_object_get(answer, "dueDate"));

        (void)printf("Timer %s: %s done%s%s.\n", id, verb->name, due != NULL ? ", now due at " : "",
                     due != NULL ? due : "");
    } else {
        if (strcmp(verb->name, "list") == 0)
            table_print(timers, COUNT_OF(timers), rows);
        else
            table_print(actions, COUNT_OF(actions), rows);
        (void)printf("%zu of %lld\n", json_array_size(rows),
                     (long long)json_integer_value(json_object_get(answer, "total")));
    }
}

static enum status run(const struct verb *verb, const struct cli_option *options, const char *id,
                       json_t **ret_answer, struct error *ret_error)
{
    struct client *client = NULL;
    struct text path = TEXT_INIT;
    json_t *body = NULL;
    enum status status = client_new(cli_value(&options[OPTION_URL], NULL), &client, ret_error);

    if (verb->changes != NULL) {
        char *escaped = client_escape(id);

        text_append_format(&path, TIMERS "/%s", escaped);
        memory_free(escaped);
        body = build_change(verb, options);
    } else {
        build_list(verb, options, &path);
    }
    if (status == STATUS_OK)
        status = client_call(client, body != NULL ? "POST" : "GET", text_string(&path), body,
                             ret_answer, ret_error);
    json_decref(body);
    text_deinit(&path);
    client_free(client);
    return status;
}

int cli_timers(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "list | actions | reschedule ID | fire ID | recalculate ID",
        "Lists and moves the timers of a running engine, for example\n"
        "  synergyflow timers list --process incident --before 2026-12-01T00:00:00Z\n"
        "  synergyflow timers reschedule ID --to PT2H --reason 'vendor is on it'\n"
        "  synergyflow timers recalculate ID --from creation --definition newest\n"
        "  synergyflow timers actions"};
    struct cli_option options[] = {
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {.name = "size", .letter = 's', .argument = "N", .help = "rows at most (default 50)"},
        {.name = "after", .argument = "DATE", .help = "lists: only later ones"},
        {.name = "before", .argument = "DATE", .help = "lists: only earlier ones"},
        {.name = "process", .letter = 'p', .argument = "KEY", .help = "list: of this process"},
        {.name = "element", .letter = 'e', .argument = "ID", .help = "lists: of this element"},
        {.name = "instance", .letter = 'i', .argument = "ID", .help = "lists: of this instance"},
        {.name = "to",
         .letter = 't',
         .argument = "DATE|DURATION",
         .help = "reschedule: the new time, or how long from now"},
        {.name = "from",
         .argument = "now|creation",
         .help = "recalculate: as if armed then (default now)"},
        {.name = "definition",
         .argument = "own|newest",
         .help = "recalculate: as this version of the process says (default own)"},
        {.name = "reason", .letter = 'r', .argument = "TEXT", .help = "changes: why"},
        {0},
    };
    const struct verb *verb;
    struct error error = {0};
    json_t *answer = NULL;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    verb = first < argc ? find_verb(argv[first]) : NULL;
    if (verb == NULL || argc - first != (verb->changes != NULL ? 2 : 1)) {
        (void)fputs("synergyflow: timers expects list, actions, reschedule ID, fire ID or "
                    "recalculate ID.\n",
                    stderr);
        return CLI_USAGE;
    }
    if (!options_fit(verb, options))
        return CLI_USAGE;
    if (run(verb, options, argv[argc - 1], &answer, &error) != STATUS_OK)
        return cli_report(&error);
    print(verb, answer, argv[argc - 1], cli_wants_json(&options[OPTION_OUTPUT]));
    json_decref(answer);
    return CLI_DONE;
}
