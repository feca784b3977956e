/* The engine's objects: `execution` (also as `variableContainer`), `task` and `variables`, with
 * what Flowable's delegates offer; and the names that stand for one value. */
#include "bpmn/expression/private.h"

#include <string.h>

enum status variable_unknown(struct evaluation *evaluation, const char *name)
{
    if (evaluation->scope->missing != NULL)
        *evaluation->scope->missing = true;
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a variable named '%.*s' but there is none.",
                     excerpt_length(name, 100), name);
}

bool context_name(const struct evaluation *evaluation, const char *name, struct value *ret_value)
{
    const struct expression_scope *scope = evaluation->scope;

    if (strcmp(name, "authenticatedUserId") == 0)
        *ret_value = value_of_text(scope->user);
    else if (strcmp(name, "currentTenantId") == 0)
        *ret_value = value_of_text(scope->tenant_id);
    else if (strcmp(name, "task") == 0 && scope->task != NULL)
        *ret_value = value_of_json(scope->task);
    else
        return false;
    return true;
}

/* A variable of that name comes first, as in Flowable. */
enum context_object context_object_of(const struct evaluation *evaluation, const struct node *node)
{
    static const struct {
        const char *name;
        enum context_object object;
    } objects[] = {
        {"execution", CONTEXT_EXECUTION},
        {"variableContainer", CONTEXT_EXECUTION},
        {"task", CONTEXT_TASK},
        {"variables", CONTEXT_VARIABLES},
    };

    if (node->kind != NODE_NAME)
        return CONTEXT_NONE;
    for (size_t i = 0; i < COUNT_OF(objects); i++) {
        if (strcmp(objects[i].name, node->text) != 0)
            continue;
        if (objects[i].object == CONTEXT_TASK && evaluation->scope->task == NULL)
            return CONTEXT_NONE;
        if (evaluation->scope->lookup(evaluation->scope, node->text) != NULL)
            return CONTEXT_NONE;
        return objects[i].object;
    }
    return CONTEXT_NONE;
}

/* ---- properties ---- */

static enum status execution_property(struct evaluation *evaluation, const char *name,
                                      struct value *ret_value)
{
    const struct expression_scope *scope = evaluation->scope;
    const struct {
        const char *name;
        const char *text;
    } properties[] = {
        {"id", scope->execution_id},
        {"processInstanceId", scope->process_instance_id},
        {"processInstanceBusinessKey", scope->business_key},
        {"businessKey", scope->business_key},
        {"processDefinitionId", scope->process_definition_id},
        {"processDefinitionKey", scope->definition_key},
        {"currentActivityId", scope->activity_id},
        {"activityId", scope->activity_id},
        {"currentActivityName", scope->activity_name},
        {"activityName", scope->activity_name},
        {"eventName", scope->event_name},
        {"parentId", scope->parent_id},
        {"superExecutionId", scope->super_execution_id},
        {"rootProcessInstanceId", scope->root_process_instance_id},
        {"tenantId", scope->tenant_id},
    };

    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        if (strcmp(properties[i].name, name) == 0) {
            *ret_value = value_of_text(properties[i].text);
            return STATUS_OK;
        }
    }
    if (strcmp(name, "processDefinitionVersion") == 0) {
        *ret_value = value_of_integer(scope->definition_version);
        return STATUS_OK;
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a property of the execution (id, processInstanceId, "
                     "processInstanceBusinessKey, processDefinitionId, processDefinitionKey, "
                     "processDefinitionVersion, currentActivityId, currentActivityName, "
                     "eventName, parentId, superExecutionId, rootProcessInstanceId, tenantId) but "
                     "found '%.*s'.",
                     excerpt_length(name, 60), name);
}

/* What a task may have but has not is null; anything else is a mistake of the designer. */
static enum status task_property(struct evaluation *evaluation, const char *name,
                                 struct value *ret_value)
{
    static const char *const known[] = {"id",
                                        "name",
                                        "assignee",
                                        "owner",
                                        "priority",
                                        "dueDate",
                                        "description",
                                        "category",
                                        "formKey",
                                        "processInstanceId",
                                        "processDefinitionId",
                                        "executionId",
                                        "taskDefinitionKey",
                                        "tenantId",
                                        "createTime",
                                        "claimTime",
                                        "delegationState",
                                        "parentTaskId",
                                        "suspended"};
    const json_t *member = json_object_get(evaluation->scope->task, name);

    if (member != NULL) {
        *ret_value = value_of_json(member);
        return STATUS_OK;
    }
    *ret_value = (struct value){0};
    if (strcmp(name, "eventName") == 0) {
        *ret_value = value_of_text(evaluation->scope->event_name);
        return STATUS_OK;
    }
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(known[i], name) == 0)
            return STATUS_OK;
    }
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a property of the task (id, name, assignee, owner, priority, "
                     "dueDate, description, category, formKey, …) but found '%.*s'.",
                     excerpt_length(name, 60), name);
}

enum status context_property(struct evaluation *evaluation, enum context_object object,
                             const char *name, struct value *ret_value)
{
    const json_t *found;

    switch (object) {
    case CONTEXT_EXECUTION:
        return execution_property(evaluation, name, ret_value);
    case CONTEXT_TASK:
        return task_property(evaluation, name, ret_value);
    case CONTEXT_VARIABLES:
        found = evaluation->scope->lookup(evaluation->scope, name);
        if (found == NULL)
            return variable_unknown(evaluation, name);
        *ret_value = value_of_json(found);
        return STATUS_OK;
    case CONTEXT_NONE:
        break;
    }
    UNREACHABLE();
}

/* ---- variables ---- */

static const json_t *look_up(const struct expression_scope *scope, const char *name, bool is_local)
{
    return is_local && scope->lookup_local != NULL ? scope->lookup_local(scope, name)
                                                   : scope->lookup(scope, name);
}

/* Whatever goes wrong outside is a failure of the expression. */
static enum status failed_unless_ok(struct evaluation *evaluation, enum status status)
{
    if (status != STATUS_OK)
        evaluation->error->status = STATUS_FAILED;
    return status == STATUS_OK ? STATUS_OK : STATUS_FAILED;
}

static enum status assign(struct evaluation *evaluation, const char *name, const json_t *value,
                          bool is_local)
{
    const struct expression_scope *scope = evaluation->scope;

    if (scope->assign == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an expression that only reads but variables cannot be set here: "
                         "'%.*s'.",
                         excerpt_length(name, 60), name);
    return failed_unless_ok(evaluation,
                            scope->assign(scope, name, value, is_local, evaluation->error));
}

static enum status assign_value(struct evaluation *evaluation, const char *name,
                                const struct value *value, bool is_local)
{
    json_t *json = value_to_json(value);
    enum status status;

    if (json == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a value that JSON can hold for '%.*s' but found %s that it "
                         "cannot.",
                         excerpt_length(name, 60), name, value_kind_name(value));
    status = assign(evaluation, name, json, is_local);
    json_decref(json);
    return status;
}

static enum status assign_members(struct evaluation *evaluation, const json_t *values,
                                  bool is_local)
{
    json_t *object = (json_t *)values; /* jansson's iterators only read */
    enum status status = STATUS_OK;

    for (void *at = json_object_iter(object); at != NULL && status == STATUS_OK;
         at = json_object_iter_next(object, at))
        status = assign(evaluation, json_object_iter_key(at), json_object_iter_value(at), is_local);
    return status;
}

enum variable_verb { VARIABLE_GET, VARIABLE_HAS, VARIABLE_SET, VARIABLE_SET_ALL, VARIABLE_REMOVE };

static const struct variable_method {
    const char *name;
    enum variable_verb verb;
    bool is_local;
    uint32_t count;
} variable_methods[] = {
    {"getVariable", VARIABLE_GET, false, 1},
    {"getVariableLocal", VARIABLE_GET, true, 1},
    {"hasVariable", VARIABLE_HAS, false, 1},
    {"hasVariableLocal", VARIABLE_HAS, true, 1},
    {"setVariable", VARIABLE_SET, false, 2},
    {"setVariableLocal", VARIABLE_SET, true, 2},
    {"setVariables", VARIABLE_SET_ALL, false, 1},
    {"setVariablesLocal", VARIABLE_SET_ALL, true, 1},
    {"removeVariable", VARIABLE_REMOVE, false, 1},
    {"removeVariableLocal", VARIABLE_REMOVE, true, 1},
};

static const struct variable_method *find_variable_method(const struct call *call)
{
    for (size_t i = 0; i < COUNT_OF(variable_methods); i++) {
        const struct variable_method *method = &variable_methods[i];

        if (method->count == call->count && strcmp(method->name, call->name) == 0 &&
            (method->verb == VARIABLE_SET_ALL ? value_is_object(&call->arguments[0])
                                              : call->arguments[0].kind == VALUE_TEXT))
            return method;
    }
    return NULL;
}

static enum status call_variable_method(struct evaluation *evaluation,
                                        const struct variable_method *method,
                                        const struct value *arguments, struct value *ret_value)
{
    const char *name = arguments[0].text;
    const json_t *found;

    *ret_value = (struct value){0};
    switch (method->verb) {
    case VARIABLE_GET:
        *ret_value = value_of_json(look_up(evaluation->scope, name, method->is_local));
        return STATUS_OK;
    case VARIABLE_HAS:
        found = look_up(evaluation->scope, name, method->is_local);
        *ret_value = value_of_boolean(found != NULL);
        return STATUS_OK;
    case VARIABLE_SET:
        return assign_value(evaluation, name, &arguments[1], method->is_local);
    case VARIABLE_SET_ALL:
        return assign_members(evaluation, arguments[0].json, method->is_local);
    case VARIABLE_REMOVE:
        return assign(evaluation, name, NULL, method->is_local);
    }
    UNREACHABLE();
}

/* ---- the task ---- */

static const struct task_setter {
    const char *name;
    const char *property;
} task_setters[] = {
    {"setAssignee", "assignee"},
    {"setOwner", "owner"},
    {"setName", "name"},
    {"setDescription", "description"},
    {"setPriority", "priority"},
    {"setDueDate", "dueDate"},
    {"setCategory", "category"},
    {"setFormKey", "formKey"},
    {"addCandidateUser", "candidateUser"},
    {"addCandidateGroup", "candidateGroup"},
};

static const struct task_setter *find_task_setter(const struct call *call)
{
    for (size_t i = 0; i < COUNT_OF(task_setters); i++) {
        if (call->count == 1 && strcmp(task_setters[i].name, call->name) == 0)
            return &task_setters[i];
    }
    return NULL;
}

static enum status set_task_property(struct evaluation *evaluation,
                                     const struct task_setter *setter, const struct value *value,
                                     struct value *ret_value)
{
    const struct expression_scope *scope = evaluation->scope;
    json_t *json;
    enum status status;

    if (scope->assign_task == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected an expression that only reads but the task cannot be changed "
                         "here: '%s'.",
                         setter->name);
    json = value_to_json(value);
    if (json == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a value that JSON can hold for task.%s but found %s that it "
                         "cannot.",
                         setter->name, value_kind_name(value));
    status = failed_unless_ok(evaluation,
                              scope->assign_task(scope, setter->property, json, evaluation->error));
    json_decref(json);
    *ret_value = (struct value){0};
    return status;
}

/* ---- methods ---- */

/* getBusinessKey() is the property businessKey, isSuspended() is suspended. */
static bool getter_property(const struct call *call, char ret_property[64])
{
    size_t prefix = strncmp(call->name, "is", 2) == 0 ? 2 : 3;

    if (call->count != 0 || (prefix == 3 && strncmp(call->name, "get", 3) != 0) ||
        call->name[prefix] < 'A' || call->name[prefix] > 'Z' || strlen(call->name) >= 64)
        return false;
    (void)strcpy(ret_property, call->name + prefix);
    ret_property[0] = (char)(ret_property[0] - 'A' + 'a');
    return true;
}

enum status context_method(struct evaluation *evaluation, enum context_object object,
                           const struct call *call, struct value *ret_value)
{
    const struct variable_method *method = find_variable_method(call);
    const struct task_setter *setter = object == CONTEXT_TASK ? find_task_setter(call) : NULL;
    const char *what = object == CONTEXT_TASK ? "task" : "execution";
    char property[64];

    if (method != NULL)
        return call_variable_method(evaluation, method, call->arguments, ret_value);
    if (setter != NULL)
        return set_task_property(evaluation, setter, &call->arguments[0], ret_value);
    if (object != CONTEXT_VARIABLES && getter_property(call, property))
        return context_property(evaluation, object, property, ret_value);
    return error_set(evaluation->error, STATUS_FAILED,
                     "Expected a method of the %s, such as getVariable('name'), "
                     "hasVariable('name') or setVariable('name', value), but found '%.*s' with %u "
                     "argument%s.",
                     what, excerpt_length(call->name, 60), call->name, call->count,
                     call->count == 1 ? "" : "s");
}
