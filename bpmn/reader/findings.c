/* Gathers what is wrong, bounded, with positions. */
#include "bpmn/reader/draft.h"

#include <stdarg.h>
#include <stdio.h>

void finding_add(struct bpmn_findings *findings, enum bpmn_severity severity, const char *rule,
                 const char *element_id, const xmlNode *node, const char *format, ...)
{
    char message[ERROR_MESSAGE_MAX];
    struct bpmn_finding *finding;
    va_list arguments;

    if (severity == BPMN_ERROR)
        findings->error_count++;
    if (findings->count == BPMN_FINDINGS_MAX)
        return;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    finding = &findings->items[findings->count++];
    finding->severity = severity;
    finding->rule = rule;
    finding->element_id = arena_copy(findings->arena, element_id != NULL ? element_id : "");
    finding->line = node != NULL ? xml_line(node) : 1;
    finding->column = node != NULL ? xml_column(node) : 1;
    finding->message = arena_copy(findings->arena, message);
}
