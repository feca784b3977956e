/* Gathers what is wrong, bounded, with positions. */
#include "bpmn/base/text.h"
#include "bpmn/reader/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the next finding goes, NULL when there is no room: an error pushes a warning out. */
static struct bpmn_finding *place(struct bpmn_findings *findings, enum bpmn_severity severity)
{
    if (findings->count < BPMN_FINDINGS_MAX)
        return &findings->items[findings->count++];
    for (uint32_t i = findings->count; i > 0 && severity == BPMN_ERROR; i--) {
        if (findings->items[i - 1].severity == BPMN_WARNING)
            return &findings->items[i - 1];
    }
    return NULL;
}

/* A value that was cut by its precision may end inside a character: what is no UTF-8 is left out.
 */
static char *clean(struct arena *arena, const char *message)
{
    size_t length = strlen(message);
    char *copy = arena_alloc(arena, length + 1);
    size_t used = 0;

    for (size_t i = 0; i < length;) {
        size_t size = 1;

        while (size < 4 && i + size < length && ((unsigned char)message[i + size] & 0xC0) == 0x80)
            size++;
        if (text_is_utf8(message + i, size)) {
            memcpy(copy + used, message + i, size);
            used += size;
        }
        i += size;
    }
    return copy;
}

void finding_add(struct bpmn_findings *findings, enum bpmn_severity severity, const char *rule,
                 const char *element_id, const xmlNode *node, const char *format, ...)
{
    char message[ERROR_MESSAGE_MAX];
    struct bpmn_finding *finding;
    va_list arguments;

    if (severity == BPMN_ERROR)
        findings->error_count++;
    finding = place(findings, severity);
    if (finding == NULL)
        return;
    INVARIANT(rule_row(rule) != NULL && rule_row(rule)->is_error == (severity == BPMN_ERROR));
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    finding->severity = severity;
    finding->rule = rule;
    finding->element_id = arena_copy(findings->arena, element_id != NULL ? element_id : "");
    finding->line = node != NULL ? xml_line(node) : 1;
    finding->column = node != NULL ? xml_column(node) : 1;
    finding->message = clean(findings->arena, message);
}

/* By position; findings of one position stay in an order that does not depend on qsort(). */
static int compare(const void *left, const void *right)
{
    const struct bpmn_finding *a = left;
    const struct bpmn_finding *b = right;
    int order = (a->line > b->line) - (a->line < b->line);

    if (order == 0)
        order = (a->column > b->column) - (a->column < b->column);
    if (order == 0)
        order = strcmp(a->rule, b->rule);
    return order != 0 ? order : strcmp(a->message, b->message);
}

void findings_sort(struct bpmn_findings *findings)
{
    qsort(findings->items, findings->count, sizeof(findings->items[0]), compare);
}
