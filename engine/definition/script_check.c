/* See script_check.h. */
#include "engine/definition/script_check.h"

#include "engine/script/script.h"

static void check(const struct bpmn_element *element, const char *source,
                  struct bpmn_findings *findings)
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
                                     .line = element->line,
                                     .column = element->column};
    finding->element_id = arena_copy(findings->arena, element->id);
    finding->message =
        error.line > 0 ? arena_format(findings->arena, "In line %d, column %d of the script: %s",
                                      error.line, error.column, error.message)
                       : arena_copy(findings->arena, error.message);
}

void script_check_model(const struct bpmn_model *model, struct bpmn_findings *findings)
{
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];

        check(element, element->script, findings);
        for (uint32_t j = 0; j < element->listeners.count; j++)
            check(element, element->listeners.items[j].script, findings);
    }
}
