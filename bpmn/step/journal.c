/* The journal's form of changes: what history, exports and a rebuild read.
 *
 * One object a record, "c" says which kind (the texts of BPMN_CHANGE_KINDS). Keys, each left out
 * when it does not apply:
 *
 *   at       when, microseconds        id      the token             el      element id
 *   type     activityType              name    the element's name    scope   its scope's id
 *   flow     the flow it came by       wait    task, job, timer or subscription id
 *   started  when the token became active (completed, terminated)
 *   end      when it was left (passed)
 *   due      timers, tasks             repeat  the cycle             left    firings after this one
 *   topic    jobs, handlers            message its name              signal  its name
 *   code     error or escalation       key     correlation or business key
 *   def      which event definition, when not the first
 *   reason   why terminated/cancelled  task    details of a new user task
 *   call     whom a call activity calls
 *   var      variable's name           value   its value, or what was thrown, remembered, gathered
 *   parent   scope around a new one    kind    what kind of scope     n       which instance, how
 * many park     before or after
 *
 * Two things make it compact without losing what a rebuild needs. "taken" is not written: the
 * record of the arrival names its flow. An element that was activated and completed in the list,
 * and that waited for nothing in between (a handler, answered in the same transaction, is
 * nothing), is one record "passed" in the place of its activation. journal_read.c reads it back. */
#include "bpmn/step/change.h"

#include <string.h>

/* What is known of a token that was activated in this list. */
struct passage {
    struct uuid token_id;
    uint32_t activated; /* index of the change */
    uint32_t completed; /* 0: not completed in this list */
    bool separate;      /* something else needs the separate records */
};

/* A table by token id, open addressing; at most half full. */
struct passages {
    struct passage *slots;
    uint32_t mask;
};

static void set_new(json_t *object, const char *key, json_t *value)
{
    int result = json_object_set_new_nocheck(object, key, value);

    INVARIANT(result == 0);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL)
        set_new(object, key, json_string_nocheck(text));
}

static void set_uuid(json_t *object, const char *key, const struct uuid *id)
{
    char text[UUID_TEXT_BYTES];

    if (!uuid_is_zero(id))
        set_new(object, key, json_string_nocheck(uuid_format(id, text)));
}

/* The token's slot, or the free one where it belongs. FNV-1a over the id. */
static struct passage *passage_slot(const struct passages *passages, const struct uuid *token_id)
{
    uint32_t hash = 2166136261U;
    uint32_t at;

    for (size_t i = 0; i < sizeof(token_id->bytes); i++)
        hash = (hash ^ token_id->bytes[i]) * 16777619U;
    at = hash & passages->mask;
    while (!uuid_is_zero(&passages->slots[at].token_id) &&
           !uuid_equal(&passages->slots[at].token_id, token_id))
        at = (at + 1) & passages->mask;
    return &passages->slots[at];
}

/* Does this record keep the ones around it apart? What happens to variables, handler calls and what
 * is thrown do not. */
static bool keeps_apart(enum bpmn_change_kind kind)
{
    enum bpmn_wait_kind wait;

    return kind == BPMN_CHANGE_SCOPE_OPENED ||
           (kind != BPMN_CHANGE_HANDLER_CALLED && bpmn_change_begins(kind, &wait));
}

static void find_passages(const struct bpmn_changes *changes, uint32_t from,
                          struct passages *ret_passages)
{
    uint32_t capacity = 2;

    while (capacity < 2 * (changes->count - from) + 1)
        capacity *= 2;
    ret_passages->slots = arena_array(changes->arena, capacity, sizeof(*ret_passages->slots));
    ret_passages->mask = capacity - 1;
    for (uint32_t i = from; i < changes->count; i++) {
        const struct bpmn_change *change = &changes->items[i];
        struct passage *passage;

        if (uuid_is_zero(&change->token_id))
            continue;
        passage = passage_slot(ret_passages, &change->token_id);
        if (change->kind == BPMN_CHANGE_ELEMENT_ACTIVATED) {
            passage->token_id = change->token_id;
            passage->activated = i;
        } else if (uuid_is_zero(&passage->token_id)) {
            continue; /* active since before this list */
        } else if (change->kind == BPMN_CHANGE_ELEMENT_COMPLETED) {
            passage->completed = i;
        } else if (keeps_apart(change->kind)) {
            passage->separate = true;
        }
    }
}

/* The passage that this record is a part of, NULL when it stands for itself. */
static const struct passage *merged_into(const struct passages *passages,
                                         const struct bpmn_change *change)
{
    const struct passage *passage;

    if (change->kind != BPMN_CHANGE_ELEMENT_ACTIVATED &&
        change->kind != BPMN_CHANGE_ELEMENT_COMPLETED &&
        change->kind != BPMN_CHANGE_HANDLER_CALLED && change->kind != BPMN_CHANGE_HANDLER_RETURNED)
        return NULL;
    passage = passage_slot(passages, &change->token_id);
    return passage->completed != 0 && !passage->separate ? passage : NULL;
}

static void set_element(json_t *record, const struct bpmn_change *change,
                        const struct bpmn_model *model)
{
    const struct bpmn_element *element;

    if (change->element == BPMN_NONE)
        return;
    element = &model->elements[change->element];
    set_text(record, "el", element->id);
    set_text(record, "type", bpmn_element_type_name(element->type));
    set_text(record, "name", element->name);
}

static json_t *texts(const char **items, uint32_t count)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++) {
        int result = json_array_append_new(array, json_string_nocheck(items[i]));

        INVARIANT(result == 0);
    }
    return array;
}

static json_t *task_record(const struct bpmn_task_details *task)
{
    json_t *record = json_object();

    set_text(record, "name", task->name);
    set_text(record, "description", task->description);
    set_text(record, "assignee", task->assignee);
    set_text(record, "owner", task->owner);
    set_text(record, "category", task->category);
    set_text(record, "form", task->form_key);
    if (task->candidate_user_count > 0)
        set_new(record, "users", texts(task->candidate_users, task->candidate_user_count));
    if (task->candidate_group_count > 0)
        set_new(record, "groups", texts(task->candidate_groups, task->candidate_group_count));
    if (task->has_due)
        set_new(record, "due", json_integer(task->due_us));
    set_new(record, "priority", json_integer(task->priority));
    return record;
}

/* Where the name of a change of each kind goes; NULL: nowhere. */
static const char *name_key(enum bpmn_change_kind kind)
{
    switch (kind) {
    case BPMN_CHANGE_VARIABLE_SET:
    case BPMN_CHANGE_VARIABLE_REMOVED:
        return "var";
    case BPMN_CHANGE_BUSINESS_KEY_SET:
        return "key";
    case BPMN_CHANGE_JOB_CREATED:
    case BPMN_CHANGE_HANDLER_CALLED:
        return "topic";
    case BPMN_CHANGE_MESSAGE_AWAITED:
    case BPMN_CHANGE_MESSAGE_RECEIVED:
    case BPMN_CHANGE_MESSAGE_THROWN:
        return "message";
    case BPMN_CHANGE_SIGNAL_AWAITED:
    case BPMN_CHANGE_SIGNAL_RECEIVED:
    case BPMN_CHANGE_SIGNAL_THROWN:
        return "signal";
    case BPMN_CHANGE_ERROR_THROWN:
    case BPMN_CHANGE_ERROR_CAUGHT:
    case BPMN_CHANGE_ESCALATION_THROWN:
    case BPMN_CHANGE_ESCALATION_CAUGHT:
    case BPMN_CHANGE_INSTANCE_TERMINATED:
        return "code";
    case BPMN_CHANGE_PARKED:
        return "park";
    default:
        return NULL;
    }
}

static void set_name(json_t *record, const struct bpmn_change *change)
{
    const char *key = name_key(change->kind);

    if (key != NULL)
        set_text(record, key, change->name);
    if (change->key != NULL)
        set_text(record, "key", change->key);
    if (change->value != NULL)
        set_new(record, "value", json_incref((json_t *)change->value));
}

static json_t *call_record(const struct bpmn_call_details *call)
{
    json_t *record = json_object();

    set_text(record, "key", call->key);
    set_new(record, "binding", json_integer((json_int_t)call->binding));
    set_text(record, "version", call->version);
    set_text(record, "business", call->business_key);
    return record;
}

static void set_times(json_t *record, const struct bpmn_change *change)
{
    switch (change->kind) {
    case BPMN_CHANGE_ELEMENT_COMPLETED:
    case BPMN_CHANGE_ELEMENT_TERMINATED:
        set_new(record, "started", json_integer(change->started_us));
        break;
    case BPMN_CHANGE_TIMER_ARMED:
        set_new(record, "due", json_integer(change->due_us));
        if (change->clock != NULL)
            set_new(record, "clock",
                    json_pack("{s:s, s:s, s:s, s:s}", "subject", change->clock->subject_type, "id",
                              change->clock->subject_id, "target", change->clock->target,
                              "threshold", change->clock->threshold));
        set_text(record, "repeat", change->repeat);
        if (change->repeat != NULL)
            set_new(record, "left", json_integer(change->repeats_left));
        break;
    case BPMN_CHANGE_TIMER_FIRED:
        set_new(record, "due", json_integer(change->due_us));
        break;
    default:
        break;
    }
}

static void set_scope(json_t *record, const struct bpmn_change *change)
{
    static const char *const kinds[] = {
#define SCOPE_NAME(name, text) [BPMN_SCOPE_##name] = text,
        BPMN_SCOPE_KINDS(SCOPE_NAME)
#undef SCOPE_NAME
    };

    set_uuid(record, "scope", &change->scope_id);
    set_uuid(record, "parent", &change->parent_id);
    if (change->kind == BPMN_CHANGE_SCOPE_OPENED)
        set_text(record, "kind", kinds[change->scope_kind]);
    if (change->index != 0 || change->kind == BPMN_CHANGE_PLANNED)
        set_new(record, "n", json_integer(change->index));
    if (change->definition != 0)
        set_new(record, "def", json_integer((json_int_t)change->definition));
}

static json_t *journal_record(const struct bpmn_changes *changes, const struct bpmn_change *change,
                              const struct bpmn_model *model, const struct passage *passage)
{
    json_t *record = json_object();

    set_text(record, "c", passage != NULL ? "passed" : bpmn_change_kind_name(change->kind));
    set_new(record, "at", json_integer(change->at_us));
    set_uuid(record, "id", &change->token_id);
    set_element(record, change, model);
    if (change->flow != BPMN_NONE)
        set_text(record, "flow", model->flows[change->flow].id);
    if (passage != NULL)
        set_new(record, "end", json_integer(changes->items[passage->completed].at_us));
    set_times(record, change);
    set_scope(record, change);
    set_uuid(record, "wait", &change->wait_id);
    set_name(record, change);
    if (change->task != NULL)
        set_new(record, "task", task_record(change->task));
    if (change->call != NULL)
        set_new(record, "call", call_record(change->call));
    set_text(record, "reason", change->reason);
    return record;
}

json_t *bpmn_changes_journal(const struct bpmn_changes *changes, const struct bpmn_model *model,
                             uint32_t from)
{
    json_t *journal = json_array();
    struct passages passages;

    PRE(from <= changes->count);
    find_passages(changes, from, &passages);
    for (uint32_t i = from; i < changes->count; i++) {
        const struct bpmn_change *change = &changes->items[i];
        const struct passage *passage = merged_into(&passages, change);
        int result;

        if (change->kind == BPMN_CHANGE_FLOW_TAKEN || (passage != NULL && passage->activated != i))
            continue;
        result = json_array_append_new(journal, journal_record(changes, change, model, passage));
        INVARIANT(result == 0);
    }
    return journal;
}
