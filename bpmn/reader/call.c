/* Call activities: which definition, with which data. One that calls a global task of the file is
 * a task of that kind instead. */
#include "bpmn/reader/draft.h"

#include <string.h>

bool find_global_task(struct draft *draft, const xmlNode *call, const xmlNode **ret_task,
                      enum bpmn_element_type *ret_type)
{
    static const struct {
        const char *name;
        enum bpmn_element_type type;
    } tasks[] = {
        {"globalTask", BPMN_TASK},
        {"globalUserTask", BPMN_USER_TASK},
        {"globalScriptTask", BPMN_SCRIPT_TASK},
        {"globalManualTask", BPMN_MANUAL_TASK},
        {"globalBusinessRuleTask", BPMN_BUSINESS_RULE_TASK},
    };
    const char *called = xml_attribute(draft->arena, call, "calledElement");

    for (size_t i = 0; i < COUNT_OF(tasks) && called != NULL; i++) {
        const xmlNode *task = name_shared(draft, called, tasks[i].name);

        if (task != NULL) {
            *ret_task = task;
            *ret_type = tasks[i].type;
            return true;
        }
    }
    return false;
}

/* A QName's prefix is the file's business; a colon of an expression is not one's. */
static const char *called_name(struct draft *draft, const xmlNode *node)
{
    const char *called = xml_attribute(draft->arena, node, "calledElement");

    if (called == NULL || called[0] == '\0')
        return NULL;
    return strchr(called, '{') == NULL ? name_local(called) : called;
}

static bool is_text(const char *text, const char *wanted)
{
    return text != NULL && strcmp(text, wanted) == 0;
}

static void read_binding(struct draft *draft, const xmlNode *node, const char *id,
                         struct bpmn_call *call)
{
    const char *binding = extension_attribute(draft->arena, node, "calledElementBinding");
    const char *type = extension_attribute(draft->arena, node, "calledElementType");
    const char *version = NULL;

    if (extension_is_true(draft->arena, node, "sameDeployment", false) ||
        is_text(binding, "deployment"))
        call->binding = BPMN_BINDING_DEPLOYMENT;
    if (is_text(type, "id"))
        call->binding = BPMN_BINDING_ID;
    if (is_text(binding, "version")) {
        call->binding = BPMN_BINDING_VERSION;
        version = extension_attribute(draft->arena, node, "calledElementVersion");
    } else if (is_text(binding, "versionTag")) {
        call->binding = BPMN_BINDING_VERSION_TAG;
        version = extension_attribute(draft->arena, node, "calledElementVersionTag");
    }
    if ((call->binding == BPMN_BINDING_VERSION || call->binding == BPMN_BINDING_VERSION_TAG) &&
        version == NULL)
        finding_add(
            draft->findings, BPMN_ERROR, "call-binding", id, node,
            "Expected a call that is bound to a %s to name it: add camunda:calledElement%s.",
            binding, is_text(binding, "version") ? "Version" : "VersionTag");
    if ((type != NULL && !is_text(type, "id") && !is_text(type, "key")) ||
        (binding != NULL && call->binding == BPMN_BINDING_LATEST && !is_text(binding, "latest")))
        finding_add(draft->findings, BPMN_ERROR, "call-binding", id, node,
                    "Expected the binding of a call to be latest, deployment, version, versionTag "
                    "or id but found '%.60s'.",
                    type != NULL && !is_text(type, "id") && !is_text(type, "key") ? type : binding);
    call->version =
        draft_expression(draft, version, EXPRESSION_TEMPLATE, "version of the call", id, node);
}

/* <in businessKey="…"/> */
static const char *business_key_parameter(struct draft *draft, const xmlNode *node)
{
    for (const xmlNode *in = extension_child(node, "in"); in != NULL;
         in = extension_next(xml_next(in), "in")) {
        const char *key = xml_attribute(draft->arena, in, "businessKey");

        if (key != NULL && key[0] != '\0')
            return key;
    }
    return NULL;
}

/* `<in variables="all"/>` comes before the other parameters, wherever it stands. */
static void take_all_out(struct mapping_list *in, bool *inherit)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < in->count; i++) {
        if (in->items[i].all)
            *inherit = true;
        else
            in->items[kept++] = in->items[i];
    }
    in->count = kept;
}

void read_call(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_call *call = &draft_element->element.call;
    const xmlNode *node = draft_element->node;
    const char *id = draft_element->element.id;
    const char *key = extension_attribute(draft->arena, node, "businessKey");
    struct mapping_list in = {0};
    struct mapping_list out = {0};

    call->called_element = draft_expression(draft, called_name(draft, node), EXPRESSION_TEMPLATE,
                                            "calledElement", id, node);
    if (called_name(draft, node) == NULL &&
        extension_attribute(draft->arena, node, "caseRef") == NULL)
        finding_add(draft->findings, BPMN_ERROR, "called-element", id, node,
                    "Expected a call activity to name what it calls: add calledElement.");
    read_binding(draft, node, id, call);
    read_parameters(draft, node, "in", id, &in);
    read_parameters(draft, node, "out", id, &out);
    call->inherit_variables = extension_is_true(draft->arena, node, "inheritVariables", false);
    take_all_out(&in, &call->inherit_variables);
    read_input_associations(draft, node, id, loop_reference(draft, node, "loopDataInputRef"),
                            ASSOCIATION_SENT, &in);
    read_output_associations(draft, node, id, loop_reference(draft, node, "loopDataOutputRef"),
                             ASSOCIATION_SENT, &out);
    call->in = mapping_done(&in);
    call->out = mapping_done(&out);
    if (key == NULL)
        key = business_key_parameter(draft, node);
    call->business_key = draft_expression(draft, key, EXPRESSION_TEMPLATE, "businessKey", id, node);
    call->inherit_business_key = extension_is_true(draft->arena, node, "inheritBusinessKey", false);
    call->instance_name =
        draft_expression(draft, extension_attribute(draft->arena, node, "processInstanceName"),
                         EXPRESSION_TEMPLATE, "processInstanceName", id, node);
    call->id_variable = extension_attribute(draft->arena, node, "idVariableName");
    call->local_out = extension_is_true(draft->arena, node, "useLocalScopeForOutParameters", false);
}
