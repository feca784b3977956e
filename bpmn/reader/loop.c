/* Standard loops and multi-instance: how often, over what, and what is gathered. */
#include "bpmn/reader/draft.h"

#include <stdlib.h>
#include <string.h>

static const struct expression *child_expression(struct draft *draft, const xmlNode *node,
                                                 const char *name, const char *id)
{
    const xmlNode *child = xml_child(node, name);

    if (child == NULL)
        return NULL;
    extension_check(draft, child, id);
    return draft_formal(draft, child, name, id);
}

static void read_standard(struct draft *draft, const xmlNode *node, const char *id,
                          struct bpmn_loop *loop)
{
    const char *maximum = xml_attribute(draft->arena, node, "loopMaximum");
    char *end;

    loop->kind = BPMN_LOOP_STANDARD;
    loop->test_before = xml_is_true(draft->arena, node, "testBefore", false);
    loop->condition = child_expression(draft, node, "loopCondition", id);
    if (maximum == NULL)
        return;
    loop->maximum = strtoll(maximum, &end, 10);
    if (end == maximum || end[strspn(end, " \t\r\n")] != '\0' || loop->maximum < 1)
        finding_add(draft->findings, BPMN_ERROR, "loop-maximum", id, node,
                    "Expected loopMaximum to be a positive integer but found '%.60s'.", maximum);
}

/* A list: an expression, or the name of a variable. */
static void read_collection(struct draft *draft, const xmlNode *node, const char *id,
                            struct bpmn_loop *loop)
{
    const char *text = extension_attribute(draft->arena, node, "collection");
    const xmlNode *child = extension_child(node, "collection");

    if (text == NULL && child != NULL) {
        const xmlNode *inside = extension_next(xml_children(child), "expression");

        text = xml_text(draft->arena, inside != NULL ? inside : child);
    }
    if (text == NULL)
        return;
    if (strstr(text, "${") == NULL && strstr(text, "#{") == NULL)
        loop->collection_variable = text;
    else
        loop->collection =
            draft_expression(draft, text, EXPRESSION_TEMPLATE, "collection", id, node);
}

static const char *item_name(struct draft *draft, const xmlNode *item)
{
    const char *name;

    if (item == NULL)
        return NULL;
    name = xml_attribute(draft->arena, item, "name");
    return name != NULL && name[0] != '\0' ? name : xml_attribute(draft->arena, item, "id");
}

static const char *reference_text(struct draft *draft, const xmlNode *node, const char *name)
{
    const xmlNode *child = xml_child(node, name);

    return child != NULL ? xml_text(draft->arena, child) : NULL;
}

static void not_data(struct draft *draft, const xmlNode *node, const char *id, const char *what,
                     const char *reference)
{
    finding_add(draft->findings, BPMN_WARNING, "loop-data-variable", id, node,
                "%s names no data of this process: '%.100s' is taken for a variable's name.", what,
                reference);
}

/* As in Flowable, a reference that names no data is the name of a variable, or an expression. */
static void take_variable(struct draft *draft, const xmlNode *node, const char *id,
                          const char *what, const char *reference, struct bpmn_loop *loop)
{
    if (strstr(reference, "{") != NULL) {
        loop->collection =
            draft_expression(draft, reference, EXPRESSION_TEMPLATE, "collection", id, node);
        return;
    }
    not_data(draft, node, id, what, reference);
    loop->collection_variable = reference;
}

static void read_loop_data(struct draft *draft, const struct draft_element *draft_element,
                           const xmlNode *node, struct bpmn_loop *loop)
{
    const char *id = draft_element->element.id;
    const char *input = reference_text(draft, node, "loopDataInputRef");
    const char *output = reference_text(draft, node, "loopDataOutputRef");
    const char *element_variable = extension_attribute(draft->arena, node, "elementVariable");

    read_collection(draft, node, id, loop);
    if (loop->collection == NULL && loop->collection_variable == NULL && input != NULL) {
        loop->collection_variable = loop_data_variable(draft, draft_element->node, input, true);
        if (loop->collection_variable == NULL)
            take_variable(draft, node, id, "loopDataInputRef", input, loop);
    }
    loop->element_variable = element_variable != NULL
                                 ? element_variable
                                 : item_name(draft, xml_child(node, "inputDataItem"));
    loop->index_variable = extension_attribute(draft->arena, node, "elementIndexVariable");
    loop->output_item = item_name(draft, xml_child(node, "outputDataItem"));
    if (output == NULL)
        return;
    loop->output_collection = loop_data_variable(draft, draft_element->node, output, false);
    if (loop->output_collection == NULL) {
        not_data(draft, node, id, "loopDataOutputRef", output);
        loop->output_collection = output;
    }
    if (loop->output_item == NULL)
        finding_add(draft->findings, BPMN_ERROR, "loop-data", id, node,
                    "Expected a multi-instance activity with loopDataOutputRef to have an "
                    "outputDataItem: what is gathered.");
}

/* The event definition that a reference of the behaviour names. */
static bool read_reference(struct draft *draft, const struct draft_element *draft_element,
                           const xmlNode *node, const char *reference,
                           struct bpmn_event_definition *ret_event)
{
    const struct named *named = name_refer(draft, reference);

    if (named != NULL && is_definition(named->node))
        return draft_share(draft, named->node) &&
               read_definition(draft, draft_element, named->node, ret_event);
    finding_add(draft->findings, BPMN_ERROR, "loop-behaviour", draft_element->element.id, node,
                "Expected the event of the loop's behaviour to be an event definition of the file "
                "but '%.100s' names none.",
                reference);
    return false;
}

static void read_complex(struct draft *draft, const struct draft_element *draft_element,
                         const xmlNode *node, struct bpmn_complex_behaviour *ret_complex)
{
    const xmlNode *event = xml_child(node, "event");
    const xmlNode *child = event != NULL ? xml_children(event) : NULL;

    ret_complex->condition = child_expression(draft, node, "condition", draft_element->element.id);
    for (; child != NULL; child = xml_next(child)) {
        if (xml_is(child, "eventDefinitionRef")) {
            (void)read_reference(draft, draft_element, child, xml_text(draft->arena, child),
                                 &ret_complex->event);
            return;
        }
        if (is_definition(child)) {
            (void)read_definition(draft, draft_element, child, &ret_complex->event);
            return;
        }
    }
    finding_add(draft->findings, BPMN_ERROR, "loop-behaviour", draft_element->element.id, node,
                "Expected a complexBehaviorDefinition to have an event with an event definition.");
}

static void read_complexes(struct draft *draft, const struct draft_element *draft_element,
                           const xmlNode *node, struct bpmn_loop *loop)
{
    struct bpmn_complex_behaviour *items;
    uint32_t count = 0;

    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child))
        count += xml_is(child, "complexBehaviorDefinition");
    items = arena_array(draft->arena, count + 1, sizeof(*items));
    loop->complex = items;
    for (const xmlNode *child = xml_children(node); child != NULL && !draft_is_full(draft);
         child = xml_next(child)) {
        if (xml_is(child, "complexBehaviorDefinition"))
            read_complex(draft, draft_element, child, &items[loop->complex_count++]);
    }
}

static void read_behaviour(struct draft *draft, const struct draft_element *draft_element,
                           const xmlNode *node, struct bpmn_loop *loop)
{
    static const struct {
        const char *name;
        enum bpmn_loop_behaviour behaviour;
        const char *reference;
    } behaviours[] = {{"All", BPMN_BEHAVIOUR_ALL, NULL},
                      {"None", BPMN_BEHAVIOUR_NONE, "noneBehaviorEventRef"},
                      {"One", BPMN_BEHAVIOUR_ONE, "oneBehaviorEventRef"},
                      {"Complex", BPMN_BEHAVIOUR_COMPLEX, NULL}};
    const char *behaviour = xml_attribute(draft->arena, node, "behavior");

    if (behaviour == NULL)
        return;
    for (size_t i = 0; i < COUNT_OF(behaviours); i++) {
        const char *reference;
        struct bpmn_event_definition *event;

        if (strcmp(behaviour, behaviours[i].name) != 0)
            continue;
        loop->behaviour = behaviours[i].behaviour;
        reference = behaviours[i].reference != NULL
                        ? xml_attribute(draft->arena, node, behaviours[i].reference)
                        : NULL;
        event = arena_alloc(draft->arena, sizeof(*event));
        if (reference != NULL && read_reference(draft, draft_element, node, reference, event))
            loop->event = event;
        if (loop->behaviour == BPMN_BEHAVIOUR_COMPLEX)
            read_complexes(draft, draft_element, node, loop);
        return;
    }
    finding_add(draft->findings, BPMN_ERROR, "loop-behaviour", draft_element->element.id, node,
                "Expected the behavior to be None, One, All or Complex but found '%.60s'.",
                behaviour);
}

static void read_multi_instance(struct draft *draft, struct draft_element *draft_element,
                                const xmlNode *node)
{
    struct bpmn_loop *loop = &draft_element->element.loop;
    const char *id = draft_element->element.id;

    loop->kind = xml_is_true(draft->arena, node, "isSequential", false) ? BPMN_LOOP_SEQUENTIAL
                                                                        : BPMN_LOOP_PARALLEL;
    loop->cardinality = child_expression(draft, node, "loopCardinality", id);
    loop->completion = child_expression(draft, node, "completionCondition", id);
    read_loop_data(draft, draft_element, node, loop);
    read_behaviour(draft, draft_element, node, loop);
    if (xml_child(node, "loopCardinality") == NULL && xml_child(node, "loopDataInputRef") == NULL &&
        loop->collection == NULL && loop->collection_variable == NULL &&
        extension_attribute(draft->arena, node, "collection") == NULL)
        finding_add(draft->findings, BPMN_ERROR, "multi-instance", id, node,
                    "Expected a multi-instance activity to have a loopCardinality, a "
                    "loopDataInputRef or a flowable:collection.");
}

void read_loop(struct draft *draft, struct draft_element *draft_element)
{
    const char *id = draft_element->element.id;
    const xmlNode *standard = xml_child(draft_element->node, "standardLoopCharacteristics");
    const xmlNode *multi = xml_child(draft_element->node, "multiInstanceLoopCharacteristics");

    if (standard != NULL) {
        extension_check(draft, standard, id);
        read_standard(draft, standard, id, &draft_element->element.loop);
    }
    if (multi != NULL) {
        extension_check(draft, multi, id);
        read_multi_instance(draft, draft_element, multi);
    }
    if (standard != NULL && multi != NULL)
        finding_add(draft->findings, BPMN_ERROR, "loop-kind", id, multi,
                    "Expected one kind of loop but found standardLoopCharacteristics and "
                    "multiInstanceLoopCharacteristics.");
}
