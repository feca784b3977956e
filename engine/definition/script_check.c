/* See script_check.h. */
#include "engine/definition/script_check.h"

#include "engine/script/script.h"

/* Where a script stands. */
struct site {
    const char *id;
    int line;
    int column;
};

static void check(const struct site *site, const char *source, struct bpmn_findings *findings)
{
    struct error error;
    struct bpmn_finding *finding;

    if (source == NULL || script_check(source, &error) == STATUS_OK)
        return;
    findings->error_count++;
    if (findings->count == BPMN_FINDINGS_MAX)
        return;
    finding = &findings->items[findings->count++];
    *finding = (struct bpmn_finding){.severity = BPMN_ERROR,
                                     .rule = "script-syntax",
                                     .line = site->line,
                                     .column = site->column};
    finding->element_id = arena_copy(findings->arena, site->id);
    finding->message =
        error.line > 0 ? arena_format(findings->arena, "In line %d, column %d of the script: %s",
                                      error.line, error.column, error.message)
                       : arena_copy(findings->arena, error.message);
}

static void check_listeners(const struct site *site, const struct bpmn_listeners *listeners,
                            struct bpmn_findings *findings)
{
    for (uint32_t i = 0; i < listeners->count; i++)
        check(site, listeners->items[i].script, findings);
}

void script_check_model(const struct bpmn_model *model, struct bpmn_findings *findings)
{
    struct site process = {model->process_id, model->line, model->column};

    check_listeners(&process, &model->listeners, findings);
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];
        struct site site = {element->id, element->line, element->column};

        check(&site, element->script, findings);
        check_listeners(&site, &element->listeners, findings);
    }
    for (uint32_t i = 0; i < model->flow_count; i++) {
        const struct bpmn_flow *flow = &model->flows[i];
        struct site site = {flow->id, flow->line, flow->column};

        check_listeners(&site, &flow->listeners, findings);
    }
}
