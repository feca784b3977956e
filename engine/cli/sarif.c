/* See sarif.h. */
#include "engine/cli/sarif.h"

#include "bpmn/base/text.h"
#include "bpmn/reader/table.h"

#include <string.h>

static const char *level_name(bool is_error)
{
    return is_error ? "error" : "warning";
}

static json_t *rules(void)
{
    json_t *list = json_array();
    uint32_t index = 0;

    for (const struct rule_row *row = rule_row_at(0); row != NULL; row = rule_row_at(++index))
        (void)json_array_append_new(list, json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", row->name,
                                                    "shortDescription", "text", row->meaning,
                                                    "defaultConfiguration", "level",
                                                    level_name(row->is_error)));
    return list;
}

json_t *sarif_new(void)
{
    return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:[]}]}", "$schema",
                     "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
                     "tool", "driver", "name", "synergyflow", "version", SYNERGYFLOW_VERSION,
                     "rules", rules(), "columnKind", "unicodeCodePoints", "results");
}

/* Where the rule stands in the list of rules, -1 for what is no rule of the reader. */
static int rule_index(const char *name)
{
    int index = 0;

    for (const struct rule_row *row = rule_row_at(0); row != NULL;
         row = rule_row_at((uint32_t)++index)) {
        if (strcmp(row->name, name) == 0)
            return index;
    }
    return -1;
}

/* A path as a relative or absolute URI: what is no plain character of one is escaped. */
static void append_uri(struct text *uri, const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~/";

    for (; *path != '\0'; path++) {
        if (strchr(plain, *path) != NULL)
            text_append_char(uri, *path);
        else
            text_append_format(uri, "%%%02X", (unsigned)(unsigned char)*path);
    }
}

static json_t *result_of(const char *path, const struct bpmn_finding *finding)
{
    int index = rule_index(finding->rule);
    struct text uri = TEXT_INIT;
    json_t *location;
    json_t *result;

    append_uri(&uri, path);
    location =
        json_pack("{s:{s:{s:s}, s:{s:i, s:i}}}", "physicalLocation", "artifactLocation", "uri",
                  text_string(&uri), "region", "startLine", finding->line > 0 ? finding->line : 1,
                  "startColumn", finding->column > 0 ? finding->column : 1);
    text_deinit(&uri);
    result =
        json_pack("{s:s, s:s, s:{s:s}}", "ruleId", finding->rule, "level",
                  level_name(finding->severity == BPMN_ERROR), "message", "text", finding->message);
    if (finding->element_id[0] != '\0')
        (void)json_object_set_new(
            location, "logicalLocations",
            json_pack("[{s:s, s:s}]", "name", finding->element_id, "kind", "element"));
    if (index >= 0)
        (void)json_object_set_new(result, "ruleIndex", json_integer(index));
    (void)json_object_set_new(result, "locations", json_pack("[o]", location));
    return result;
}

void sarif_add(json_t *sarif, const char *path, const struct bpmn_findings *findings)
{
    json_t *results = json_object_get(json_array_get(json_object_get(sarif, "runs"), 0), "results");

    for (uint32_t i = 0; i < findings->count; i++)
        (void)json_array_append_new(results, result_of(path, &findings->items[i]));
}
