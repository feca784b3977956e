/* See sla_remote.h. */
#include "engine/cli/sla_remote.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/cli/cli.h"
#include "engine/cli/client.h"
#include "engine/cli/file.h"
#include "engine/cli/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLA "/api/v1/sla/"

enum { DOCUMENT_BYTES_MAX = 16 * 1024 * 1024, ASK_AGAIN_US = 200 * 1000 };

static void print_json(const json_t *answer)
{
    (void)json_dumpf(answer, stdout, JSON_INDENT(2));
    (void)putchar('\n');
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

/* ---- documents ---- */

/* policies, calendars, on-call: all that are in force, or the versions of one. */
static enum status list(struct client *client, const char *kind, const char *name, bool as_json,
                        struct error *ret_error)
{
    static const struct table_column columns[] = {
        {"NAME", "name"}, {"VERSION", "version"}, {"VALID FROM", "validFrom"}, {"BY", "createdBy"}};
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    json_t *row;
    size_t i;
    enum status status;

    text_append_format(&path, SLA "%s", kind);
    if (name != NULL) {
        char *escaped = client_escape(name);

        text_append_format(&path, "/%s", escaped);
        memory_free(escaped);
    }
    status = client_call(client, "GET", text_string(&path), NULL, &answer, ret_error);
    text_deinit(&path);
    if (status != STATUS_OK)
        return status;
    json_array_foreach (json_object_get(answer, "data"), i, row) {
        const json_t *document = json_object_get(row, "document");
        json_t *called = json_object_get(document, "id");

        (void)json_object_set(row, "name",
                              called != NULL ? called : json_object_get(document, "name"));
    }
    if (as_json)
        print_json(answer);
    else
        table_print(columns, COUNT_OF(columns), json_object_get(answer, "data"));
    json_decref(answer);
    return STATUS_OK;
}

static enum status put_one(struct client *client, const json_t *document, struct error *ret_error)
{
    bool is_policy = json_object_get(document, "targets") != NULL;
    const char *kind = is_policy                                   ? "policies"
                       : json_object_get(document, "week") != NULL ? "calendars"
                       : json_object_get(document, "windows") != NULL ||
                               json_object_get(document, "default") != NULL
                           ? "on-call"
                           : NULL;
    const char *name = json_string_value(json_object_get(document, is_policy ? "id" : "name"));
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    enum status status;
    char *escaped;

    if (kind == NULL || name == NULL)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a policy (targets), a calendar (week) or an on-call schedule "
                         "(windows) with its name.");
    escaped = client_escape(name);
    text_append_format(&path, SLA "%s/%s", kind, escaped);
    memory_free(escaped);
    status = client_call(client, "PUT", text_string(&path), document, &answer, ret_error);
    text_deinit(&path);
    if (status == STATUS_OK)
        (void)printf("%s %s: version %lld%s\n", kind, name,
                     (long long)json_integer_value(json_object_get(answer, "version")),
                     json_is_true(json_object_get(answer, "isNew")) ? "" : ", as it was");
    json_decref(answer);
    return status;
}

static enum status put_file(struct client *client, const char *path, struct error *ret_error)
{
    struct text text = TEXT_INIT;
    json_t *document = NULL;
    json_error_t where;
    const json_t *policy;
    size_t i;
    enum status status = file_read(path, DOCUMENT_BYTES_MAX, &text, ret_error);

    if (status == STATUS_OK)
        document = json_loadb(text_string(&text), text.length, JSON_REJECT_DUPLICATES, &where);
    text_deinit(&text);
    if (status == STATUS_OK && document == NULL)
        status = error_set(ret_error, STATUS_INVALID, "%s:%d:%d: %s.", path, where.line,
                           where.column, where.text);
    if (status == STATUS_OK && json_is_array(json_object_get(document, "policies"))) {
        json_array_foreach (json_object_get(document, "policies"), i, policy) {
            if (status == STATUS_OK)
                status = put_one(client, policy, ret_error);
        }
    } else if (status == STATUS_OK) {
        status = put_one(client, document, ret_error);
    }
    json_decref(document);
    return status;
}

/* ---- attainment ---- */

static enum status attainment(struct client *client, const struct sla_remote_options *options,
                              struct error *ret_error)
{
    static const struct table_column all[] = {{"POLICY", "policy"},     {"TARGET", "target"},
                                              {"TEAM", "team"},         {"PRIORITY", "priority"},
                                              {"PERIOD", "period"},     {"MET", "met"},
                                              {"BREACHED", "breached"}, {"OPEN", "open"},
                                              {"EXCLUDED", "excluded"}, {"PERCENT", "percent"}};
    const char *by = options->by != NULL ? options->by : "policy,target,period";
    struct table_column columns[COUNT_OF(all)];
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    unsigned count = 0;
    enum status status;

    for (size_t i = 0; i < COUNT_OF(all); i++) {
        if (i >= 5 || strstr(by, all[i].member) != NULL)
            columns[count++] = all[i];
    }
    text_append(&path, SLA "attainment?");
    add_query(&path, "by", by);
    add_query(&path, "period", options->period);
    add_query(&path, "policy", options->policy);
    status = client_call(client, "GET", text_string(&path), NULL, &answer, ret_error);
    text_deinit(&path);
    if (status == STATUS_OK && options->as_json)
        print_json(answer);
    else if (status == STATUS_OK)
        table_print(columns, count, json_object_get(answer, "data"));
    json_decref(answer);
    return status;
}

/* ---- recalculate ---- */

/* Asks until it is done; then what moved. */
static enum status wait_for(struct client *client, const char *id, bool as_json,
                            struct error *ret_error)
{
    static const struct table_column columns[] = {
        {"SUBJECT", "subjectId"},   {"TARGET", "target"},      {"BEFORE", "deadlineBefore"},
        {"AFTER", "deadlineAfter"}, {"POLICY", "policyAfter"}, {"PROBLEM", "problem"}};
    struct text path = TEXT_INIT;
    json_t *answer = NULL;
    enum status status;

    text_append_format(&path, SLA "recalculations/%s?moved=true", id);
    for (;;) {
        const char *state;

        json_decref(answer);
        answer = NULL;
        status = client_call(client, "GET", text_string(&path), NULL, &answer, ret_error);
        state = json_string_value(json_object_get(answer, "state"));
        if (status != STATUS_OK || state == NULL || strcmp(state, "running") != 0)
            break;
        (void)usleep(ASK_AGAIN_US);
    }
    text_deinit(&path);
    if (status == STATUS_OK && as_json) {
        print_json(answer);
    } else if (status == STATUS_OK) {
        table_print(columns, COUNT_OF(columns), json_object_get(answer, "data"));
        (void)printf("%lld clocks of %lld subjects, %lld moved, %lld subjects failed%s.\n",
                     (long long)json_integer_value(json_object_get(answer, "clocks")),
                     (long long)json_integer_value(json_object_get(answer, "subjects")),
                     (long long)json_integer_value(json_object_get(answer, "moved")),
                     (long long)json_integer_value(json_object_get(answer, "failed")),
                     json_is_true(json_object_get(answer, "dryRun")) ? "; nothing was changed"
                                                                     : "");
    }
    json_decref(answer);
    return status;
}

static enum status recalculate(struct client *client, const struct sla_remote_options *options,
                               struct error *ret_error)
{
    json_t *body = json_pack("{s:s*, s:s*, s:b}", "policy", options->policy, "calendar",
                             options->calendar, "dryRun", options->dry_run);
    json_t *answer = NULL;
    enum status status = client_call(client, "POST", SLA "recalculate", body, &answer, ret_error);

    json_decref(body);
    if (status == STATUS_OK)
        status = wait_for(client, json_string_value(json_object_get(answer, "id")),
                          options->as_json, ret_error);
    json_decref(answer);
    return status;
}

/* ---- escalations ---- */

static enum status escalations(struct client *client, bool as_json, struct error *ret_error)
{
    static const struct table_column columns[] = {{"ID", "id"},
                                                  {"SUBJECT", "subjectId"},
                                                  {"CHAIN", "chain"},
                                                  {"STARTED", "startedAt"},
                                                  {"LEVELS", "firedLevels"},
                                                  {"NEXT", "nextDueAt"}};
    json_t *answer = NULL;
    enum status status = client_call(client, "GET", SLA "escalations", NULL, &answer, ret_error);

    if (status == STATUS_OK && as_json)
        print_json(answer);
    else if (status == STATUS_OK)
        table_print(columns, COUNT_OF(columns), json_object_get(answer, "data"));
    json_decref(answer);
    return status;
}

static enum status acknowledge(struct client *client, const char *id, struct error *ret_error)
{
    struct text path = TEXT_INIT;
    char *escaped = client_escape(id);
    json_t *answer = NULL;
    enum status status;

    text_append_format(&path, SLA "escalations/%s/acknowledge", escaped);
    memory_free(escaped);
    status = client_call(client, "POST", text_string(&path), NULL, &answer, ret_error);
    text_deinit(&path);
    json_decref(answer);
    if (status == STATUS_OK)
        (void)printf("Escalation %s: acknowledged.\n", id);
    return status;
}

/* ---- the verbs ---- */

static bool is_one_of(const char *verb, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, verb) == 0)
            return true;
    }
    return false;
}

static bool fits(const char *verb, int count)
{
    static const char *const documents[] = {"policies", "calendars", "on-call", NULL};
    static const char *const alone[] = {"attainment", "recalculate", "escalations", NULL};

    return (is_one_of(verb, documents) && count <= 2) || (is_one_of(verb, alone) && count == 1) ||
           (strcmp(verb, "put") == 0 && count >= 2) ||
           (strcmp(verb, "acknowledge") == 0 && count == 2);
}

bool sla_remote(char **arguments, int count, const struct sla_remote_options *options,
                int *ret_exit)
{
    const char *verb = arguments[0];
    struct client *client = NULL;
    struct error error = {0};
    enum status status;

    if (!fits(verb, count))
        return false;
    status = client_new(options->url, &client, &error);
    if (status != STATUS_OK) {
        *ret_exit = cli_report(&error);
        return true;
    }
    for (int i = 1; i < count && status == STATUS_OK && strcmp(verb, "put") == 0; i++)
        status = put_file(client, arguments[i], &error);
    if (strcmp(verb, "attainment") == 0)
        status = attainment(client, options, &error);
    else if (strcmp(verb, "recalculate") == 0)
        status = recalculate(client, options, &error);
    else if (strcmp(verb, "escalations") == 0)
        status = escalations(client, options->as_json, &error);
    else if (strcmp(verb, "acknowledge") == 0)
        status = acknowledge(client, arguments[1], &error);
    else if (strcmp(verb, "put") != 0)
        status = list(client, verb, count > 1 ? arguments[1] : NULL, options->as_json, &error);
    client_free(client);
    *ret_exit = status == STATUS_OK ? CLI_DONE : cli_report(&error);
    return true;
}
