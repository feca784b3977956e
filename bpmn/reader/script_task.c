/* Script tasks: JavaScript, or an expression. */
#include "bpmn/reader/draft.h"

#include <string.h>
#include <strings.h>

static bool is_javascript(const char *format)
{
    static const char *const names[] = {"javascript",
                                        "ecmascript",
                                        "js",
                                        "text/javascript",
                                        "text/ecmascript",
                                        "application/javascript",
                                        "nashorn",
                                        "application/ecmascript",
                                        "graal.js",
                                        "application/x-javascript"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcasecmp(format, names[i]) == 0)
            return true;
    }
    return false;
}

void read_script_task(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_element *element = &draft_element->element;
    const xmlNode *node = draft_element->details;
    const xmlNode *script = xml_child(node, "script");
    const char *format = xml_attribute(
        draft->arena, node, xml_is(node, "globalScriptTask") ? "scriptLanguage" : "scriptFormat");
    const char *text = script != NULL ? xml_text(draft->arena, script) : NULL;
    bool has_format = format != NULL && format[0] != '\0';

    element->result_variable = read_result_variable(draft, node);
    element->script_keeps_private =
        !extension_is_true(draft->arena, node, "autoStoreVariables", true);
    if (has_format && !is_juel(format) && !is_javascript(format)) {
        finding_add(draft->findings, BPMN_ERROR, "script-format", element->id, draft_element->node,
                    "Expected the script format javascript or juel but found '%.60s': write the "
                    "script in JavaScript.",
                    format);
        return;
    }
    if (text == NULL) {
        if (extension_attribute(draft->arena, node, "resource") == NULL)
            finding_add(draft->findings, BPMN_WARNING, "script-empty", element->id,
                        draft_element->node,
                        "This script task has no <script> with a text: it is passed through.");
        return;
    }
    if (has_format ? is_javascript(format) : !expression_can_parse(draft, text)) {
        element->service = BPMN_SERVICE_JAVASCRIPT;
        element->script = text;
        return;
    }
    element->service = BPMN_SERVICE_EXPRESSION;
    element->expression =
        draft_expression(draft, text, EXPRESSION_CONDITION, "script", element->id, script);
}
