/* See test_sla.h. */
#include "engine/cli/test_sla.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/cli/file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 100, FILE_BYTES_MAX = 16 * 1024 * 1024, SLA_ARENA_BYTES = 256 * 1024 * 1024 };

static enum status read_json(const char *path, json_t **ret_document, struct error *ret_error)
{
    struct text text = TEXT_INIT;
    json_error_t where;
    enum status status = file_read(path, FILE_BYTES_MAX, &text, ret_error);

    if (status != STATUS_OK)
        return status;
    *ret_document = json_loadb(text_string(&text), text.length, JSON_REJECT_DUPLICATES, &where);
    text_deinit(&text);
    if (*ret_document == NULL)
        return error_set(ret_error, STATUS_INVALID, "Line %d: %s.", where.line, where.text);
    return STATUS_OK;
}

static void find_path(const char *document, const char *name, char ret_path[PATH_MAX])
{
    const char *slash = strrchr(document, '/');

    if (name[0] == '/' || slash == NULL)
        (void)snprintf(ret_path, PATH_MAX, "%s", name);
    else
        (void)snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)(slash - document), document, name);
}

static enum status take_policies(struct test_sla *sla, const json_t *document,
                                 struct error *ret_error)
{
    const struct sla_policy *const *policies = NULL;
    const struct sla_policy **all;
    size_t count = 0;
    size_t before = sla->world.policy_count;
    enum status status = sla_policies_read(sla->arena, document, &policies, &count, ret_error);

    if (status != STATUS_OK)
        return status;
    all = arena_array(sla->arena, (uint32_t)(before + count), sizeof(struct sla_policy *));
    if (before > 0)
        memcpy(all, sla->world.policies, before * sizeof(struct sla_policy *));
    memcpy(all + before, policies, count * sizeof(struct sla_policy *));
    sla->world.policies = all;
    sla->world.policy_count = before + count;
    return STATUS_OK;
}

static enum status take_calendar(struct test_sla *sla, const json_t *document,
                                 const struct zone_source *zones,
                                 struct sla_calendar_version *calendars, struct error *ret_error)
{
    struct sla_calendar_version *added = &calendars[sla->world.calendar_count];
    enum status status = calendar_read(sla->arena, document, zones, &added->calendar, ret_error);

    added->version = 1;
    sla->world.calendar_count += status == STATUS_OK;
    return status;
}

enum status test_sla_read(const struct scenario *scenario, const char *path,
                          const struct zone_source *zones, struct test_sla *ret_sla,
                          char **ret_culprit, struct error *ret_error)
{
    struct sla_calendar_version *calendars;
    enum status status = STATUS_OK;
    const char *name;

    *ret_sla = (struct test_sla){.arena = arena_new(SLA_ARENA_BYTES)};
    calendars = arena_array(ret_sla->arena, FILES_MAX, sizeof(*calendars));
    ret_sla->world.calendars = calendars;
    for (int kind = 0; kind < 2 && status == STATUS_OK; kind++) {
        for (uint32_t i = 0; (name = scenario_sla_file(scenario, kind == 1, i)) != NULL; i++) {
            char file[PATH_MAX];
            json_t *document = NULL;

            find_path(path, name, file);
            status = i < FILES_MAX ? read_json(file, &document, ret_error)
                                   : error_set(ret_error, STATUS_TOO_LARGE,
                                               "Expected at most %d files.", FILES_MAX);
            if (status == STATUS_OK)
                status = kind == 1 ? take_calendar(ret_sla, document, zones, calendars, ret_error)
                                   : take_policies(ret_sla, document, ret_error);
            json_decref(document);
            if (status != STATUS_OK) {
                *ret_culprit = memory_copy(file);
                break;
            }
            ret_sla->has_files = true;
        }
    }
    return status;
}

void test_sla_deinit(struct test_sla *sla)
{
    arena_free(sla->arena);
    *sla = (struct test_sla){0};
}
