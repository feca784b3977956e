/* `synergyflow sla`: policies checked, and run over past subjects on paper; clocks of a running
 * engine shown. Nothing is stored. */
#include "engine/cli/cli.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "bpmn/sla/lint.h"
#include "bpmn/sla/simulate.h"
#include "engine/base/clock.h"
#include "engine/cli/client.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"
#include "engine/cli/sla_remote.h"
#include "engine/zone/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARENA_BYTES = 256 * 1024 * 1024,
    POLICIES_BYTES_MAX = 16 * 1024 * 1024,
    LINE_BYTES_MAX = 1024 * 1024,
};

/* What both commands stand on. */
struct ground {
    struct arena *arena;
    struct places *places;
    bool has_calendars;
};

struct policies {
    const struct sla_policy *const *items;
    size_t count;
};

static enum status open_ground(struct ground *ground, const char *folder, struct error *ret_error)
{
    ground->arena = arena_new(ARENA_BYTES);
    ground->has_calendars = folder != NULL;
    return places_new(folder, &ground->places, ret_error);
}

static void close_ground(struct ground *ground)
{
    places_free(ground->places);
    arena_free(ground->arena);
}

static enum status read_policies(struct ground *ground, const char *path, struct policies *policies,
                                 struct error *ret_error)
{
    struct text text = TEXT_INIT;
    json_error_t where;
    json_t *document;
    enum status status = file_read(path, POLICIES_BYTES_MAX, &text, ret_error);

    if (status != STATUS_OK)
        return status;
    document = json_loadb(text_string(&text), text.length, JSON_REJECT_DUPLICATES, &where);
    text_deinit(&text);
    if (document == NULL)
        return error_set(ret_error, STATUS_INVALID, "%s:%d:%d: %s.", path, where.line, where.column,
                         where.text);
    status =
        sla_policies_read(ground->arena, document, &policies->items, &policies->count, ret_error);
    json_decref(document);
    if (status != STATUS_OK && ret_error->field[0] != '\0') {
        struct error inner = *ret_error;

        (void)error_set(ret_error, status, "%s: %s: %s", path, inner.field, inner.message);
    }
    return status;
}

static bool has_calendar(void *context, const char *name)
{
    const struct ground *ground = context;
    const struct calendar_source *source = places_sources(ground->places)->calendars;
    const struct calendar *unused = NULL;
    struct error error;

    return source->find(source->context, name, &unused, &error) == STATUS_OK;
}

/* ---- lint ---- */

static bool lint_file(struct ground *ground, const char *path, bool as_json, json_t *result)
{
    struct sla_findings *findings = arena_alloc(ground->arena, sizeof(*findings));
    struct sla_lint_world world = {.context = ground,
                                   .has_calendar = ground->has_calendars ? has_calendar : NULL};
    struct policies policies = {0};
    struct error error = {0};

    *findings = (struct sla_findings){.arena = ground->arena};
    if (read_policies(ground, path, &policies, &error) == STATUS_OK)
        (void)sla_lint(policies.items, policies.count, &world, findings);
    else
        findings->items[findings->count++] = (struct sla_finding){
            "document", true, "", error.field, arena_copy(ground->arena, error.message)};
    if (error.status != STATUS_OK)
        findings->error_count++;
    for (size_t i = 0; i < findings->count; i++) {
        const struct sla_finding *finding = &findings->items[i];

        if (as_json)
            (void)json_array_append_new(
                result,
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "file", path, "severity",
                          finding->is_error ? "error" : "warning", "rule", finding->rule, "policy",
                          finding->policy_id, "path", finding->path, "message", finding->message));
        else
            (void)printf("%s: %s: %s%s%s: %s [%s]\n", path, finding->is_error ? "error" : "warning",
                         finding->policy_id,
                         finding->path[0] != '\0' && finding->policy_id[0] != '\0' ? ": " : "",
                         finding->path, finding->message, finding->rule);
    }
    if (!as_json && findings->count == 0)
        (void)printf("%s: nothing to complain about\n", path);
    return findings->error_count == 0;
}

static int run_lint(struct ground *ground, char **paths, bool as_json)
{
    json_t *result = json_array();
    bool fine = true;

    for (; *paths != NULL; paths++)
        fine = lint_file(ground, *paths, as_json, result) && fine;
    if (as_json) {
        (void)json_dumpf(result, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    }
    json_decref(result);
    return fine ? CLI_DONE : CLI_FAILED;
}

/* ---- simulate ---- */

/* A calendar's versions: here each has one. */
struct rated {
    struct ground *ground;
    struct sla_calendar_version versions[CALENDARS_MAX];
    size_t count;
};

static enum status find_rating(void *context, const char *name, struct sla_rating *ret_rating,
                               struct error *ret_error)
{
    struct rated *rated = context;
    const struct calendar_source *source = places_sources(rated->ground->places)->calendars;
    const struct calendar *calendar = NULL;
    size_t at = 0;
    enum status status = source->find(source->context, name, &calendar, ret_error);

    if (status != STATUS_OK)
        return status;
    while (at < rated->count && rated->versions[at].calendar != calendar)
        at++;
    if (at == rated->count && rated->count < CALENDARS_MAX)
        rated->versions[rated->count++] =
            (struct sla_calendar_version){.version = 1, .calendar = calendar};
    *ret_rating = (struct sla_rating){.versions = &rated->versions[at], .count = 1};
    return STATUS_OK;
}

static enum status take_lines(FILE *file, struct sla_simulation *const simulations[2],
                              struct error *ret_error)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    unsigned number = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && (length = getline(&line, &room, file)) >= 0) {
        json_error_t where;
        json_t *change;

        number++;
        if (length > LINE_BYTES_MAX) {
            status = error_set(ret_error, STATUS_TOO_LARGE, "Expected lines of at most %d bytes.",
                               LINE_BYTES_MAX);
            break;
        }
        if (strspn(line, " \t\r\n") == (size_t)length)
            continue;
        change = json_loadb(line, (size_t)length, JSON_REJECT_DUPLICATES, &where);
        if (change == NULL)
            status = error_set(ret_error, STATUS_INVALID, "%s.", where.text);
        for (int i = 0; i < 2 && status == STATUS_OK; i++) {
            if (simulations[i] != NULL)
                status = sla_simulation_take(simulations[i], change, ret_error);
        }
        json_decref(change);
    }
    free(line);
    if (status != STATUS_OK) {
        struct error inner = *ret_error;

        (void)error_set(ret_error, status, "Line %u: %s", number, inner.message);
    }
    return status;
}

static enum status report(struct sla_simulation *simulation, const char *which, int64_t now_us,
                          json_t *result, struct error *ret_error)
{
    const struct sla_tally *tallies = NULL;
    size_t count = 0;
    enum status status = sla_simulation_report(simulation, now_us, &tallies, &count, ret_error);

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        (void)json_array_append_new(
            result, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "policies", which, "target",
                              tallies[i].target, "met", (json_int_t)tallies[i].met, "breached",
                              (json_int_t)tallies[i].breached, "open", (json_int_t)tallies[i].open,
                              "excluded", (json_int_t)tallies[i].excluded));
    return status;
}

static void print(const json_t *result, bool as_json)
{
    const json_t *row;
    size_t i;

    if (as_json) {
        (void)json_dumpf(result, stdout, JSON_INDENT(2));
        (void)putchar('\n');
        return;
    }
    (void)printf("%-8s %-24s %10s %10s %10s %10s\n", "POLICIES", "TARGET", "MET", "BREACHED",
                 "OPEN", "EXCLUDED");
    json_array_foreach (result, i, row) {
        (void)printf("%-8s %-24s %10lld %10lld %10lld %10lld\n",
                     json_string_value(json_object_get(row, "policies")),
                     json_string_value(json_object_get(row, "target")),
                     (long long)json_integer_value(json_object_get(row, "met")),
                     (long long)json_integer_value(json_object_get(row, "breached")),
                     (long long)json_integer_value(json_object_get(row, "open")),
                     (long long)json_integer_value(json_object_get(row, "excluded")));
    }
}

struct wish {
    const char *type;
    const char *policies[2]; /* after, before; the second may be NULL */
    const char *now;
    const char *history; /* NULL: standard input */
    bool as_json;
};

static enum status simulate(struct ground *ground, const struct wish *wish, struct error *ret_error)
{
    static const char *const names[] = {"after", "before"};
    struct rated *rated = arena_alloc(ground->arena, sizeof(*rated));
    struct sla_calendars calendars = {.context = rated, .find = find_rating};
    struct sla_simulation *simulations[2] = {NULL, NULL};
    json_t *result = json_array();
    enum sla_subject_type type = SLA_SUBJECT_INCIDENT;
    int64_t now_us = clock_wall_us();
    FILE *file = stdin;
    enum status status = STATUS_OK;

    *rated = (struct rated){.ground = ground};
    if (!sla_subject_type_of(wish->type, &type))
        status = error_set(ret_error, STATUS_INVALID,
                           "Expected the type incident, change, task or process-instance but found "
                           "'%.60s'.",
                           wish->type);
    if (status == STATUS_OK && wish->now != NULL)
        status = iso8601_parse_instant(wish->now, &now_us, ret_error);
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        struct policies policies = {0};

        if (wish->policies[i] == NULL)
            continue;
        status = read_policies(ground, wish->policies[i], &policies, ret_error);
        if (status == STATUS_OK)
            simulations[i] = sla_simulation_new(type, policies.items, policies.count, &calendars);
    }
    if (status == STATUS_OK && wish->history != NULL)
        file = fopen(wish->history, "r");
    if (file == NULL)
        status = error_set(ret_error, STATUS_NOT_FOUND, "The file '%.200s' cannot be read.",
                           wish->history);
    if (status == STATUS_OK)
        status = take_lines(file, simulations, ret_error);
    if (file != NULL && file != stdin)
        (void)fclose(file);
    for (int i = 1; i >= 0 && status == STATUS_OK; i--) {
        if (simulations[i] != NULL)
            status = report(simulations[i], names[i], now_us, result, ret_error);
    }
    if (status == STATUS_OK)
        print(result, wish->as_json);
    json_decref(result);
    sla_simulation_free(simulations[0]);
    sla_simulation_free(simulations[1]);
    return status;
}

/* ---- show ---- */

static void print_clock(const json_t *clock)
{
    const json_t *row;
    size_t i;

    (void)printf("%s of %s, version %lld: %s, %.0f of %.0f s elapsed, deadline %s%s\n",
                 json_string_value(json_object_get(clock, "target")),
                 json_string_value(json_object_get(clock, "policy")),
                 (long long)json_integer_value(json_object_get(clock, "policyVersion")),
                 json_string_value(json_object_get(clock, "state")),
                 json_number_value(json_object_get(clock, "elapsedSeconds")),
                 json_number_value(json_object_get(clock, "targetSeconds")),
                 json_string_value(json_object_get(clock, "deadline")),
                 json_is_true(json_object_get(clock, "breached")) ? ", BREACHED" : "");
    json_array_foreach (json_object_get(clock, "intervals"), i, row) {
        const char *to = json_string_value(json_object_get(row, "to"));

        (void)printf("  %-8s %s to %-27s %s %s\n", json_string_value(json_object_get(row, "state")),
                     json_string_value(json_object_get(row, "from")), to != NULL ? to : "now",
                     json_string_value(json_object_get(row, "cause")),
                     json_string_value(json_object_get(row, "actor")));
    }
    json_array_foreach (json_object_get(clock, "thresholds"), i, row) {
        const char *due = json_string_value(json_object_get(row, "dueAt"));

        (void)printf("  %-8s %-12s due %s\n", json_string_value(json_object_get(row, "id")),
                     json_string_value(json_object_get(row, "state")), due != NULL ? due : "-");
    }
}

/* The clocks of a subject of a running engine, and why they say what they say. */
static int show(const char *url, const char *type, const char *id, bool as_json)
{
    struct client *client = NULL;
    struct text path = TEXT_INIT;
    struct error error = {0};
    json_t *answer = NULL;
    char *escaped_type = client_escape(type);
    char *escaped_id = client_escape(id);
    const json_t *clock;
    size_t i;
    enum status status = client_new(url, &client, &error);

    text_append_format(&path, "/api/v1/sla/subjects/%s/%s", escaped_type, escaped_id);
    memory_free(escaped_type);
    memory_free(escaped_id);
    if (status == STATUS_OK)
        status = client_call(client, "GET", text_string(&path), NULL, &answer, &error);
    text_deinit(&path);
    client_free(client);
    if (status != STATUS_OK)
        return cli_report(&error);
    if (as_json) {
        (void)json_dumpf(answer, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else {
        json_array_foreach (json_object_get(answer, "data"), i, clock)
            print_clock(clock);
        if (json_array_size(json_object_get(answer, "data")) == 0)
            (void)puts("No clock runs, or ever ran, on it.");
    }
    json_decref(answer);
    return CLI_DONE;
}

/* ---- the command ---- */

int cli_sla(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "lint FILE… | simulate [HISTORY] | show TYPE ID | policies|calendars|on-call [NAME] | "
        "put FILE… | attainment | recalculate | escalations | acknowledge ID",
        "Checks SLA policies, runs them over past subjects without touching anything, shows the\n"
        "clocks of a subject and why they say what they say; the documents of a running engine.\n"
        "  synergyflow sla lint --calendars modules/incidents/sla "
        "modules/incidents/sla/*.policies.json\n"
        "  synergyflow sla simulate --policies new.json --before old.json --calendars DIR "
        "history.jsonl\n"
        "  synergyflow sla put office.calendar.json incident.policies.json\n"
        "  synergyflow sla recalculate --calendar office --dry-run\n"
        "  synergyflow sla attainment --by team,period --period week\n"
        "A line of history: "
        "{\"subject\":\"INC-1\",\"at\":\"2026-01-05T09:00:00Z\",\"fields\":{…}}"};
    struct cli_option options[] = {
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {.name = "calendars",
         .letter = 'c',
         .argument = "DIR",
         .help = "folder of *.calendar.json"},
        {.name = "policies", .letter = 'p', .argument = "FILE", .help = "simulate: policies"},
        {.name = "before",
         .letter = 'b',
         .argument = "FILE",
         .help = "simulate: other policies, to compare with"},
        {.name = "type",
         .letter = 't',
         .argument = "TYPE",
         .help = "simulate: type of the subjects (default incident)"},
        {.name = "now", .argument = "DATE", .help = "simulate: as of then (default now)"},
        {.name = "url", .letter = 'u', .argument = "URL", .help = "the engine's address"},
        {.name = "by",
         .argument = "LIST",
         .help = "attainment: policy, target, team, priority, period"},
        {.name = "period",
         .argument = "PERIOD",
         .help = "attainment: day, week, month, quarter, year"},
        {.name = "policy", .argument = "ID", .help = "attainment, recalculate: only of this one"},
        {.name = "calendar",
         .argument = "NAME",
         .help = "recalculate: only clocks that count by it"},
        {.name = "dry-run", .help = "recalculate: only the report"},
        {0},
    };
    struct sla_remote_options remote;
    struct ground ground = {0};
    struct error error = {0};
    struct wish wish;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);
    bool is_lint;

    if (exit_code >= 0)
        return exit_code;
    if (argc - first == 3 && strcmp(argv[first], "show") == 0)
        return show(cli_value(&options[6], NULL), argv[first + 1], argv[first + 2],
                    cli_wants_json(&options[0]));
    remote = (struct sla_remote_options){.url = cli_value(&options[6], NULL),
                                         .as_json = cli_wants_json(&options[0]),
                                         .by = cli_value(&options[7], NULL),
                                         .period = cli_value(&options[8], NULL),
                                         .policy = cli_value(&options[9], NULL),
                                         .calendar = cli_value(&options[10], NULL),
                                         .dry_run = options[11].count > 0};
    if (first < argc && sla_remote(argv + first, argc - first, &remote, &exit_code))
        return exit_code;
    is_lint = first < argc && strcmp(argv[first], "lint") == 0;
    if (first == argc || (!is_lint && strcmp(argv[first], "simulate") != 0) ||
        (is_lint && first + 1 == argc) || (!is_lint && argc - first > 2)) {
        (void)fputs("synergyflow: sla expects lint FILE…, simulate [HISTORY], show TYPE ID, or "
                    "another verb of "
                    "--help with its arguments.\n",
                    stderr);
        return CLI_USAGE;
    }
    if (!is_lint && (options[1].count == 0 || options[2].count == 0)) {
        (void)fputs("synergyflow: sla simulate expects --policies and --calendars.\n", stderr);
        return CLI_USAGE;
    }
    wish = (struct wish){.type = cli_value(&options[4], "incident"),
                         .policies = {cli_value(&options[2], NULL), cli_value(&options[3], NULL)},
                         .now = cli_value(&options[5], NULL),
                         .history = first + 1 < argc ? argv[first + 1] : NULL,
                         .as_json = cli_wants_json(&options[0])};
    if (open_ground(&ground, cli_value(&options[1], NULL), &error) != STATUS_OK) {
        arena_free(ground.arena);
        return cli_report(&error);
    }
    if (is_lint)
        exit_code = run_lint(&ground, argv + first + 1, wish.as_json);
    else
        exit_code = simulate(&ground, &wish, &error) == STATUS_OK ? CLI_DONE : cli_report(&error);
    close_ground(&ground);
    return exit_code;
}
