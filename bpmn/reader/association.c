/* Data associations: variables go in and out of an activity, or along with an event. A drawn one
 * that only shows which data a task works with changes nothing. */
#include "bpmn/reader/draft.h"

#include <string.h>

const char *loop_reference(struct draft *draft, const xmlNode *node, const char *name)
{
    const xmlNode *loop = xml_child(node, "multiInstanceLoopCharacteristics");
    const xmlNode *reference = loop != NULL ? xml_child(loop, name) : NULL;

    return reference != NULL ? name_local(xml_text(draft->arena, reference)) : NULL;
}

static const char *child_text(struct draft *draft, const xmlNode *node, const char *name)
{
    const xmlNode *child = xml_child(node, name);

    return child != NULL ? xml_text(draft->arena, child) : NULL;
}

/* The id or name in `x`, `${x}` and getDataObject('x'), NULL for anything else. */
static const char *simple_name(struct draft *draft, const char *text)
{
    static const char *const accessors[] = {"getDataObject(", "getDataInput(", "getDataOutput(",
                                            "getActivityProperty(", "getProcessProperty("};
    size_t length;

    if ((strncmp(text, "${", 2) == 0 || strncmp(text, "#{", 2) == 0) &&
        text[strlen(text) - 1] == '}') {
        text = arena_copy_bytes(draft->arena, text + 2, strlen(text) - 3);
        text += strspn(text, " \t\r\n");
    }
    if (strncmp(text, "bpmn:", 5) == 0)
        text += 5;
    for (size_t i = 0; i < COUNT_OF(accessors); i++) {
        if (strncmp(text, accessors[i], strlen(accessors[i])) == 0) {
            text += strlen(accessors[i]);
            text += strspn(text, " '\"");
            length = strcspn(text, "'\")");
            /* Behind it may stand a path, which only an expression could follow. */
            return text[length + strspn(text + length, " '\")")] == '\0'
                       ? arena_copy_bytes(draft->arena, text, length)
                       : NULL;
        }
    }
    length = strcspn(text, " \t\r\n+-*/%()[]{}.,:;<>=!&|?'\"");
    return length > 0 && text[length + strspn(text + length, " \t\r\n")] == '\0'
               ? arena_copy_bytes(draft->arena, text, length)
               : NULL;
}

/* <assignment><from/><to/></assignment> */
static void read_assignment(struct draft *draft, const xmlNode *node, const char *id,
                            struct mapping_list *list)
{
    const xmlNode *from = xml_child(node, "from");
    const char *from_text = child_text(draft, node, "from");
    const char *to_text = child_text(draft, node, "to");
    const char *source = from_text != NULL ? simple_name(draft, from_text) : NULL;
    const char *target = to_text != NULL ? simple_name(draft, to_text) : NULL;
    struct bpmn_mapping mapping = {0};

    if (from_text == NULL || target == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "data-assignment", id, node,
                    "Expected an assignment to have a <from> with an expression and a <to> that "
                    "names data.");
        return;
    }
    mapping.source_variable = source != NULL ? data_variable(draft, source) : NULL;
    if (mapping.source_variable == NULL)
        mapping.source = draft_formal(draft, from, "assignment", id);
    mapping.target = data_variable(draft, target);
    if (mapping.target == NULL)
        mapping.target = target;
    if (mapping.source != NULL || mapping.source_variable != NULL)
        mapping_add(draft, list, &mapping);
}

static bool read_assignments(struct draft *draft, const xmlNode *node, const char *id,
                             struct mapping_list *list)
{
    bool any = false;

    for (const xmlNode *child = xml_children(node); child != NULL && !draft_is_full(draft);
         child = xml_next(child)) {
        if (xml_is(child, "assignment")) {
            read_assignment(draft, child, id, list);
            any = true;
        }
    }
    return any;
}

/* A reference that names nothing of the file; data stores and the like are documentation. */
static void check_reference(struct draft *draft, const xmlNode *node, const char *id,
                            const char *reference, const char *what)
{
    if (reference != NULL && name_refer(draft, reference) == NULL)
        finding_add(draft->findings, BPMN_ERROR, "data-reference", id, node,
                    "Expected the %s of a data association to name data of the file but '%.100s' "
                    "names nothing.",
                    what, reference);
}

/* One association: `source` and `target` are variables or names of data, NULL without. */
static void add(struct draft *draft, const xmlNode *node, const char *id, const char *source,
                const char *target, enum association_use use, struct mapping_list *list)
{
    const xmlNode *transformation = xml_child(node, "transformation");
    struct bpmn_mapping mapping = {.source_variable = source, .target = target};

    if (transformation != NULL) {
        mapping.source_variable = NULL;
        mapping.source = draft_formal(draft, transformation, "transformation", id);
        if (mapping.source != NULL && target != NULL)
            mapping_add(draft, list, &mapping);
        return;
    }
    if (source == NULL || target == NULL ||
        (use == ASSOCIATION_DRAWN && strcmp(source, target) == 0))
        return;
    mapping_add(draft, list, &mapping);
}

void read_input_associations(struct draft *draft, const xmlNode *node, const char *id,
                             const char *skip, enum association_use use, struct mapping_list *list)
{
    for (const xmlNode *child = xml_children(node); child != NULL && !draft_is_full(draft);
         child = xml_next(child)) {
        const char *source_ref;
        const char *target_ref;
        const char *source;
        const char *target;

        if (!xml_is(child, "dataInputAssociation"))
            continue;
        source_ref = child_text(draft, child, "sourceRef");
        target_ref = child_text(draft, child, "targetRef");
        check_reference(draft, child, id, source_ref, "sourceRef");
        check_reference(draft, child, id, target_ref, "targetRef");
        if (read_assignments(draft, child, id, list) ||
            (skip != NULL && target_ref != NULL && strcmp(name_local(target_ref), skip) == 0))
            continue;
        source = data_variable(draft, source_ref);
        target = data_name(draft, target_ref);
        if (target == NULL && xml_child(child, "transformation") != NULL)
            target = data_variable(draft, target_ref);
        if (target == NULL && use == ASSOCIATION_SENT)
            target = source;
        add(draft, child, id, source, target, use, list);
    }
}

void read_output_associations(struct draft *draft, const xmlNode *node, const char *id,
                              const char *skip, enum association_use use, struct mapping_list *list)
{
    for (const xmlNode *child = xml_children(node); child != NULL && !draft_is_full(draft);
         child = xml_next(child)) {
        const char *source_ref;
        const char *target_ref;
        const char *source;
        const char *target;

        if (!xml_is(child, "dataOutputAssociation"))
            continue;
        source_ref = child_text(draft, child, "sourceRef");
        target_ref = child_text(draft, child, "targetRef");
        check_reference(draft, child, id, source_ref, "sourceRef");
        check_reference(draft, child, id, target_ref, "targetRef");
        if (read_assignments(draft, child, id, list) ||
            (skip != NULL && source_ref != NULL && strcmp(name_local(source_ref), skip) == 0))
            continue;
        source = data_name(draft, source_ref);
        target = data_variable(draft, target_ref);
        if (source == NULL && use == ASSOCIATION_SENT)
            source = target;
        add(draft, child, id, source, target, use, list);
    }
}

const char *loop_data_variable(struct draft *draft, const xmlNode *node, const char *reference,
                               bool is_input)
{
    const char *association = is_input ? "dataInputAssociation" : "dataOutputAssociation";
    const char *near = is_input ? "targetRef" : "sourceRef";
    const char *far = is_input ? "sourceRef" : "targetRef";

    reference = name_local(reference);
    for (const xmlNode *child = xml_children(node); child != NULL && !draft_is_full(draft);
         child = xml_next(child)) {
        const char *near_text;
        const char *variable;

        if (!xml_is(child, association))
            continue;
        near_text = child_text(draft, child, near);
        variable = data_variable(draft, child_text(draft, child, far));
        if (near_text != NULL && strcmp(name_local(near_text), reference) == 0 && variable != NULL)
            return variable;
    }
    return data_variable(draft, reference);
}
