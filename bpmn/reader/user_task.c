/* User tasks: who may do them, until when, and with which form. */
#include "bpmn/reader/draft.h"

#include "bpmn/base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct expression *template_attribute(struct draft *draft,
                                                   const struct draft_element *draft_element,
                                                   const char *name)
{
    return draft_expression(draft, extension_attribute(draft->arena, draft_element->details, name),
                            EXPRESSION_TEMPLATE, name, draft_element->element.id,
                            draft_element->node);
}

/* <potentialOwner><resourceAssignmentExpression><formalExpression>… */
static const char *owner_text(struct draft *draft, const xmlNode *owner)
{
    const xmlNode *assignment = xml_child(owner, "resourceAssignmentExpression");
    const xmlNode *formal = assignment != NULL ? xml_child(assignment, "formalExpression") : NULL;

    return formal != NULL ? xml_text(draft->arena, formal) : NULL;
}

static const char blanks[] = " \t\r\n";

/* The length up to the next comma that does not stand in an expression. */
static size_t item_length(const char *list)
{
    size_t length = 0;
    unsigned braces = 0;

    for (; list[length] != '\0' && (list[length] != ',' || braces > 0); length++) {
        if (list[length] == '{')
            braces++;
        else if (list[length] == '}' && braces > 0)
            braces--;
    }
    return length;
}

/* Takes "wrapper(" and ")" off an item; false when it does not wear them. */
static bool unwrap(const char **item, size_t *length, const char *wrapper)
{
    size_t start = strlen(wrapper);

    if (*length <= start || strncmp(*item, wrapper, start) != 0 || (*item)[*length - 1] != ')')
        return false;
    *item += start;
    *length -= start + 1;
    return true;
}

/* "user(kim), group(desk), sales": without a wrapper a name is a group. */
static void split_owners(const char *list, struct text *users, struct text *groups)
{
    while (*list != '\0') {
        size_t whole = item_length(list);
        const char *item = list;
        size_t length = whole;
        struct text *to = groups;

        while (length > 0 && strchr(blanks, *item) != NULL) {
            item++;
            length--;
        }
        while (length > 0 && strchr(blanks, item[length - 1]) != NULL)
            length--;
        if (unwrap(&item, &length, "user("))
            to = users;
        else
            (void)unwrap(&item, &length, "group(");
        if (length > 0 && to->length > 0)
            text_append_char(to, ',');
        text_append_bytes(to, item, length);
        list += whole;
        list += *list == ',';
    }
}

static void read_owners(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_user_task *task = &draft_element->element.user_task;
    const char *id = draft_element->element.id;
    struct text users = TEXT_INIT;
    struct text groups = TEXT_INIT;
    const xmlNode *child = xml_children(draft_element->details);

    for (; child != NULL; child = xml_next(child)) {
        const char *text;

        if (!xml_is(child, "potentialOwner") && !xml_is(child, "humanPerformer"))
            continue;
        text = owner_text(draft, child);
        if (text == NULL) {
            finding_add(draft->findings, BPMN_WARNING, "owner-without-expression", id, child,
                        "This <%s> names nobody: give it a resourceAssignmentExpression with a "
                        "formalExpression such as user(kim) or group(desk).",
                        xml_name(child));
            continue;
        }
        if (xml_is(child, "humanPerformer")) {
            if (task->assignee == NULL)
                task->assignee =
                    draft_expression(draft, text, EXPRESSION_TEMPLATE, "humanPerformer", id, child);
        } else {
            split_owners(text, &users, &groups);
        }
    }
    if (users.length > 0 && task->candidate_users == NULL)
        task->candidate_users = draft_expression(draft, text_string(&users), EXPRESSION_TEMPLATE,
                                                 "potentialOwner", id, draft_element->node);
    if (groups.length > 0 && task->candidate_groups == NULL)
        task->candidate_groups = draft_expression(draft, text_string(&groups), EXPRESSION_TEMPLATE,
                                                  "potentialOwner", id, draft_element->node);
    text_deinit(&users);
    text_deinit(&groups);
}

static void check_priority(struct draft *draft, const struct draft_element *draft_element)
{
    const struct expression *priority = draft_element->element.user_task.priority;
    const char *text;
    char *end;

    if (priority == NULL || !expression_is_literal(priority))
        return;
    text = expression_text(priority);
    (void)strtol(text, &end, 10);
    if (end == text || *end != '\0')
        finding_add(draft->findings, BPMN_ERROR, "priority", draft_element->element.id,
                    draft_element->node,
                    "Expected the priority to be an integer but found '%.60s'.", text);
}

void read_user_task(struct draft *draft, struct draft_element *draft_element)
{
    struct bpmn_user_task *task = &draft_element->element.user_task;

    task->assignee = template_attribute(draft, draft_element, "assignee");
    task->owner = template_attribute(draft, draft_element, "owner");
    task->candidate_users = template_attribute(draft, draft_element, "candidateUsers");
    task->candidate_groups = template_attribute(draft, draft_element, "candidateGroups");
    task->due_date = template_attribute(draft, draft_element, "dueDate");
    task->priority = template_attribute(draft, draft_element, "priority");
    task->category = template_attribute(draft, draft_element, "category");
    task->form_key = template_attribute(draft, draft_element, "formKey");
    task->task_id_variable =
        extension_attribute(draft->arena, draft_element->details, "taskIdVariableName");
    task->task_completer_variable =
        extension_attribute(draft->arena, draft_element->details, "taskCompleterVariableName");
    task->calendar =
        extension_attribute(draft->arena, draft_element->details, "businessCalendarName");
    if (task->calendar == NULL)
        task->calendar = extension_attribute(draft->arena, draft_element->details, "calendar");
    task->time_zone = own_attribute(draft->arena, draft_element->details, "timeZone");
    if (task->time_zone == NULL)
        task->time_zone = draft->model->time_zone;
    read_owners(draft, draft_element);
    check_due_date(draft, task->due_date, task->calendar != NULL, draft_element->element.id,
                   draft_element->node);
    check_priority(draft, draft_element);
    draft_element->element.name_expression =
        draft_expression(draft, draft_element->element.name, EXPRESSION_TEMPLATE, "name",
                         draft_element->element.id, draft_element->node);
    draft_element->element.documentation_expression =
        draft_expression(draft, draft_element->element.documentation, EXPRESSION_TEMPLATE,
                         "documentation", draft_element->element.id, draft_element->node);
}
