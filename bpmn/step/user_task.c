/* User task: work for a person. Its details are worked out once, when it is created. */
#include "bpmn/step/element.h"
#include "bpmn/timer/timer_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PRIORITY_DEFAULT = 50, CANDIDATES_MAX = 1000 };

struct candidates {
    struct arena *arena;
    const char **items;
    uint32_t count;
    uint32_t capacity;
};

/* Without the blanks around it; false when there are too many. */
static bool add_candidate(struct candidates *list, const char *text, size_t length)
{
    while (length > 0 && strchr(" \t\r\n", *text) != NULL) {
        text++;
        length--;
    }
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    if (length == 0)
        return true;
    if (list->count == CANDIDATES_MAX)
        return false;
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;

        list->items =
            arena_grow(list->arena, list->items, list->count, capacity, sizeof(*list->items));
        list->capacity = capacity;
    }
    list->items[list->count++] = arena_copy_bytes(list->arena, text, length);
    return true;
}

static bool split_candidates(struct candidates *list, const char *text)
{
    for (;;) {
        size_t length = strcspn(text, ",");

        if (!add_candidate(list, text, length))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static enum status read_candidates(struct candidates *list, const json_t *value,
                                   struct error *ret_error)
{
    bool fits = true;
    const json_t *item;
    size_t i;

    if (json_is_null(value))
        return STATUS_OK;
    if (json_is_string(value)) {
        fits = split_candidates(list, json_string_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach (value, i, item) {
            if (!json_is_string(item))
                return error_set(ret_error, STATUS_FAILED,
                                 "Expected a list of texts but entry %zu is not a text.", i + 1);
            fits = fits && add_candidate(list, json_string_value(item), json_string_length(item));
        }
    } else {
        return error_set(ret_error, STATUS_FAILED,
                         "Expected names with commas between them, or a list of texts, but found "
                         "something else.");
    }
    if (!fits)
        return error_set(ret_error, STATUS_FAILED, "Expected at most %d candidates but found more.",
                         CANDIDATES_MAX);
    return STATUS_OK;
}

static enum status evaluate_candidates(struct step *step, const struct place *at,
                                       const struct expression *expression, const char *what,
                                       struct candidates *ret_list, struct error *ret_error)
{
    json_t *value = NULL;
    enum status status;

    memset(ret_list, 0, sizeof(*ret_list));
    ret_list->arena = step->env->arena;
    if (expression == NULL)
        return STATUS_OK;
    status = evaluate_value(step, at, expression, what, &value, ret_error);
    if (status != STATUS_OK)
        return status;
    status = read_candidates(ret_list, value, ret_error);
    json_decref(value);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(at->element, what, ret_error);
}

/* A date, or a duration from now; in a calendar, when one is named. */
static enum status evaluate_due(struct step *step, const struct place *at,
                                struct bpmn_task_details *task, struct error *ret_error)
{
    const struct bpmn_user_task *user_task = &at->element->user_task;
    const char *text = NULL;
    struct timer_place place;
    enum status status =
        evaluate_optional(step, at, user_task->due_date, "due date", &text, ret_error);

    if (status != STATUS_OK || text == NULL)
        return status;
    status = timer_place_find(step->env->timers, user_task->time_zone, user_task->calendar, false,
                              &place, ret_error);
    if (status == STATUS_OK)
        status = timer_plan_due(text, &place, step->env->now_us, &task->due_us, ret_error);
    if (status != STATUS_OK)
        return evaluate_failed(at->element, "due date", ret_error);
    task->has_due = true;
    return STATUS_OK;
}

static bool read_priority(const char *text, int32_t *ret_priority)
{
    char *end;
    double value;

    errno = 0;
    value = strtod(text, &end);
    /* Written so that "not a number" is out of range too. */
    if (end == text || *end != '\0' || errno != 0 || !(value >= INT32_MIN && value <= INT32_MAX))
        return false;
    if (value != (double)(int32_t)value)
        return false;
    *ret_priority = (int32_t)value;
    return true;
}

static enum status evaluate_task_priority(struct step *step, const struct place *at,
                                          struct bpmn_task_details *task, struct error *ret_error)
{
    const char *text = NULL;
    enum status status =
        evaluate_optional(step, at, at->element->user_task.priority, "priority", &text, ret_error);

    task->priority = PRIORITY_DEFAULT;
    if (status != STATUS_OK || text == NULL || read_priority(text, &task->priority))
        return status;
    error_set(ret_error, STATUS_FAILED, "Expected an integer but found '%s'.", text);
    return evaluate_failed(at->element, "priority", ret_error);
}

/* A name is for reading: when its expression fails the text stays as it was written. */
static const char *readable(struct step *step, const struct place *at,
                            const struct expression *expression, const char *text)
{
    const char *evaluated = NULL;
    struct error unused;

    if (expression == NULL ||
        evaluate_text(step, at, expression, "name", &evaluated, &unused) != STATUS_OK)
        return text;
    return evaluated;
}

static enum status evaluate_texts(struct step *step, const struct place *at,
                                  struct bpmn_task_details *task, struct error *ret_error)
{
    const struct bpmn_user_task *user_task = &at->element->user_task;
    const struct {
        const struct expression *expression;
        const char *what;
        const char **ret_text;
    } texts[] = {
        {user_task->assignee, "assignee", &task->assignee},
        {user_task->owner, "owner", &task->owner},
        {user_task->category, "category", &task->category},
        {user_task->form_key, "form key", &task->form_key},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        enum status status = evaluate_optional(step, at, texts[i].expression, texts[i].what,
                                               texts[i].ret_text, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status evaluate_details(struct step *step, const struct place *at,
                                    struct bpmn_task_details *task, struct error *ret_error)
{
    const struct bpmn_user_task *user_task = &at->element->user_task;
    struct candidates users;
    struct candidates groups;
    enum status status = evaluate_texts(step, at, task, ret_error);

    task->name = readable(step, at, at->element->name_expression, at->element->name);
    task->description =
        readable(step, at, at->element->documentation_expression, at->element->documentation);
    if (status == STATUS_OK)
        status = evaluate_candidates(step, at, user_task->candidate_users, "candidate users",
                                     &users, ret_error);
    if (status == STATUS_OK)
        status = evaluate_candidates(step, at, user_task->candidate_groups, "candidate groups",
                                     &groups, ret_error);
    if (status == STATUS_OK)
        status = evaluate_due(step, at, task, ret_error);
    if (status == STATUS_OK)
        status = evaluate_task_priority(step, at, task, ret_error);
    if (status != STATUS_OK)
        return status;
    task->candidate_users = users.items;
    task->candidate_user_count = users.count;
    task->candidate_groups = groups.items;
    task->candidate_group_count = groups.count;
    return STATUS_OK;
}

static void put(json_t *object, const char *key, const char *text)
{
    int result = json_object_set_new(object, key, text != NULL ? json_string(text) : json_null());

    (void)result; /* a text that is no UTF-8 is just not seen by a listener */
}

/* What listeners see as `task`. */
static json_t *task_object(struct step *step, const struct place *at, const struct uuid *id,
                           const struct bpmn_task_details *details)
{
    json_t *task = json_object();
    char text[UUID_TEXT_BYTES];

    put(task, "id", uuid_format(id, text));
    put(task, "taskDefinitionKey", at->element->id);
    put(task, "name", details != NULL ? details->name : at->element->name);
    put(task, "processInstanceId", step->instance_id);
    put(task, "executionId", uuid_format(&at->token, text));
    if (details != NULL) {
        put(task, "assignee", details->assignee);
        put(task, "owner", details->owner);
        put(task, "description", details->description);
        put(task, "category", details->category);
        put(task, "formKey", details->form_key);
        (void)json_object_set_new(task, "priority", json_integer(details->priority));
    }
    return task;
}

/* Listeners from a place on. *ret_called: as listeners_run(). */
static enum status tell(struct step *step, const struct place *at, const struct uuid *id,
                        const struct bpmn_task_details *details, enum bpmn_listener_event event,
                        uint32_t from, uint32_t *ret_called, struct error *ret_error)
{
    struct telling telling = {.listeners = &at->element->listeners, .event = event, .from = from};
    json_t *task;
    enum status status;

    *ret_called = 0;
    if (at->element->listeners.count == 0)
        return STATUS_OK;
    task = task_object(step, at, id, details);
    telling.task = task;
    status = listeners_run(step, at, &telling, ret_called, ret_error);
    json_decref(task);
    return status;
}

static enum status call(struct step *step, const struct place *at, const struct uuid *id,
                        uint32_t called, struct error *ret_error)
{
    struct listener_call listener = {.called = called, .flow = BPMN_NONE};
    char text[UUID_TEXT_BYTES];

    listener.key = arena_copy(step->env->arena, uuid_format(id, text));
    return listeners_call(step, at, &at->element->listeners, &listener, ret_error);
}

/* The listeners to a new task: `from` is 0, or the position after the last one that was told of
 * `event`. */
static enum status tell_created(struct step *step, const struct place *at, const struct uuid *id,
                                const struct bpmn_task_details *task,
                                enum bpmn_listener_event event, uint32_t from, uint32_t *ret_called,
                                struct error *ret_error)
{
    enum status status = STATUS_OK;

    *ret_called = 0;
    if (event == BPMN_LISTEN_ASSIGNMENT && task->assignee != NULL)
        status = tell(step, at, id, task, event, from, ret_called, ret_error);
    if (status != STATUS_OK || *ret_called != 0)
        return status;
    return tell(step, at, id, task, BPMN_LISTEN_CREATE, event == BPMN_LISTEN_CREATE ? from : 0,
                ret_called, ret_error);
}

/* BPMN 13.2, user task: on activation it is offered to the person or group it is assigned to; it
 * completes when the work has been done. Next: trigger(). A module that listens is called when the
 * task is there. */
static enum status activate(struct step *step, const struct place *at, const struct move *move,
                            struct error *ret_error)
{
    struct bpmn_task_details *task = arena_alloc(step->env->arena, sizeof(*task));
    struct bpmn_change created = step_change(step, BPMN_CHANGE_TASK_CREATED, at);
    uint32_t called = 0;
    char id[UUID_TEXT_BYTES];
    enum status status = evaluate_details(step, at, task, ret_error);

    (void)move;
    created.wait_id = uuid_next(step->env->ids);
    created.task = task;
    if (status == STATUS_OK)
        status = tell_created(step, at, &created.wait_id, task, BPMN_LISTEN_ASSIGNMENT, 0, &called,
                              ret_error);
    if (status != STATUS_OK)
        return status;
    if (at->element->user_task.task_id_variable != NULL)
        variables_set_text(step, at->scope, at->element->user_task.task_id_variable,
                           uuid_format(&created.wait_id, id));
    step_wait(step, &created);
    return called != 0 ? call(step, at, &created.wait_id, called, ret_error) : STATUS_OK;
}

/* The work is done, and everybody who listens to that knows. */
static enum status done(struct step *step, const struct place *at, const struct uuid *id,
                        struct error *ret_error)
{
    uint32_t called; /* the reader takes no module's listener here */
    enum status status = tell(step, at, id, NULL, BPMN_LISTEN_DELETE, 0, &called, ret_error);

    return status == STATUS_OK ? step_leave(step, at, ret_error) : status;
}

static enum status trigger(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                           struct error *ret_error)
{
    uint32_t called;
    enum status status =
        tell(step, at, &wait->id, NULL, BPMN_LISTEN_COMPLETE, 0, &called, ret_error);

    if (status != STATUS_OK)
        return status;
    if (at->element->user_task.task_completer_variable != NULL)
        variables_set_text(step, at->scope, at->element->user_task.task_completer_variable,
                           step->command->user);
    step_wait_over(step, at, wait);
    return called != 0 ? call(step, at, &wait->id, called, ret_error)
                       : done(step, at, &wait->id, ret_error);
}

enum status user_task_tell_on(struct step *step, const struct place *at,
                              const struct bpmn_wait *answered, struct error *ret_error)
{
    enum bpmn_listener_event event = at->element->listeners.items[answered->listener - 1].event;
    struct bpmn_task_details task = {0};
    struct uuid id;
    uint32_t called = 0;
    enum status status = STATUS_OK;

    if (!uuid_parse(answered->key, &id))
        UNREACHABLE();
    if (event == BPMN_LISTEN_COMPLETE) {
        status = tell(step, at, &id, NULL, event, answered->listener, &called, ret_error);
        if (status == STATUS_OK && called == 0)
            return done(step, at, &id, ret_error);
    } else {
        status = evaluate_details(step, at, &task, ret_error);
        if (status == STATUS_OK)
            status =
                tell_created(step, at, &id, &task, event, answered->listener, &called, ret_error);
    }
    if (status != STATUS_OK || called == 0)
        return status;
    return call(step, at, &id, called, ret_error);
}

const struct element_hooks user_task_hooks = {
    .activate = activate,
    .leave = flows_take_true,
    .trigger = trigger,
};
