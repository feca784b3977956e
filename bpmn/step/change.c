/* The list of changes, and each change as one readable line. The journal's form is in journal.c. */
#include "bpmn/step/apply.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <inttypes.h>
#include <string.h>

static const char *const kind_names[] = {
#define BPMN_CHANGE_NAME(name, text) [BPMN_CHANGE_##name] = text,
    BPMN_CHANGE_KINDS(BPMN_CHANGE_NAME)
#undef BPMN_CHANGE_NAME
};

static const struct bpmn_wait_changes wait_changes[] = {
#define WAIT_CHANGES(wait, began_kind, over_kind, cancelled_kind) \
    [BPMN_WAIT_##                                                 \
        wait] = {BPMN_CHANGE_##began_kind, BPMN_CHANGE_##over_kind, BPMN_CHANGE_##cancelled_kind}
    WAIT_CHANGES(TASK, TASK_CREATED, TASK_COMPLETED, TASK_CANCELLED),
    WAIT_CHANGES(JOB, JOB_CREATED, JOB_COMPLETED, JOB_CANCELLED),
    WAIT_CHANGES(HANDLER, HANDLER_CALLED, HANDLER_RETURNED, HANDLER_RETURNED),
    WAIT_CHANGES(TIMER, TIMER_ARMED, TIMER_FIRED, TIMER_CANCELLED),
    WAIT_CHANGES(MESSAGE, MESSAGE_AWAITED, MESSAGE_RECEIVED, MESSAGE_CANCELLED),
    WAIT_CHANGES(SIGNAL, SIGNAL_AWAITED, SIGNAL_RECEIVED, SIGNAL_CANCELLED),
    WAIT_CHANGES(CONDITION, CONDITION_AWAITED, CONDITION_MET, CONDITION_CANCELLED),
    WAIT_CHANGES(CALL, CALL_STARTED, CALL_COMPLETED, CALL_CANCELLED),
    WAIT_CHANGES(CONTINUATION, ASYNC_SCHEDULED, ASYNC_RUN, ASYNC_CANCELLED),
    WAIT_CHANGES(SCRIPT, SCRIPT_DEFERRED, SCRIPT_RETURNED, SCRIPT_CANCELLED),
    WAIT_CHANGES(TRIGGER, TRIGGER_AWAITED, TRIGGER_RECEIVED, TRIGGER_CANCELLED),
#undef WAIT_CHANGES
};

const struct bpmn_wait_changes *bpmn_wait_changes(enum bpmn_wait_kind kind)
{
    PRE((unsigned)kind < COUNT_OF(wait_changes));
    return &wait_changes[kind];
}

bool bpmn_change_begins(enum bpmn_change_kind kind, enum bpmn_wait_kind *ret_kind)
{
    for (size_t i = 0; i < COUNT_OF(wait_changes); i++) {
        if (wait_changes[i].began == kind) {
            *ret_kind = (enum bpmn_wait_kind)i;
            return true;
        }
    }
    return false;
}

bool bpmn_change_ends(enum bpmn_change_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(wait_changes); i++) {
        if (wait_changes[i].over == kind || wait_changes[i].cancelled == kind)
            return true;
    }
    return false;
}

enum { CHANGES_FIRST_CAPACITY = 32 };

void bpmn_changes_init(struct bpmn_changes *changes, struct arena *arena)
{
    PRE(arena != NULL);
    changes->arena = arena;
    changes->items = NULL;
    changes->count = 0;
    changes->capacity = 0;
}

void bpmn_changes_add(struct bpmn_changes *changes, const struct bpmn_change *change)
{
    if (changes->count == changes->capacity) {
        uint32_t capacity = changes->capacity == 0 ? CHANGES_FIRST_CAPACITY : 2 * changes->capacity;

        changes->items = arena_grow(changes->arena, changes->items, changes->count, capacity,
                                    sizeof(*changes->items));
        changes->capacity = capacity;
    }
    changes->items[changes->count++] = *change;
}

const char *bpmn_change_kind_name(enum bpmn_change_kind kind)
{
    PRE((unsigned)kind < COUNT_OF(kind_names));
    return kind_names[kind];
}

static void append_because(struct text *text, const char *reason)
{
    if (reason != NULL)
        text_append_format(text, ": %s", reason);
}

static void append_list(struct text *text, const char *title, const char **items, uint32_t count)
{
    if (count > 0)
        text_append_format(text, ", %s", title);
    for (uint32_t i = 0; i < count; i++)
        text_append_format(text, "%s %s", i == 0 ? "" : " and", items[i]);
}

static void append_due(struct text *text, int64_t due_us)
{
    char instant[ISO8601_INSTANT_BYTES];

    text_append_format(text, ", due %s", iso8601_format_instant(due_us, instant));
}

static void append_task(struct text *text, const struct bpmn_task_details *task)
{
    if (task->name != NULL)
        text_append_format(text, " \"%s\"", task->name);
    if (task->assignee != NULL)
        text_append_format(text, ", for %s", task->assignee);
    if (task->owner != NULL)
        text_append_format(text, ", owned by %s", task->owner);
    append_list(text, "users", task->candidate_users, task->candidate_user_count);
    append_list(text, "groups", task->candidate_groups, task->candidate_group_count);
    if (task->has_due)
        append_due(text, task->due_us);
    if (task->priority != 50)
        text_append_format(text, ", priority %" PRId32, task->priority);
    if (task->category != NULL)
        text_append_format(text, ", category %s", task->category);
    if (task->form_key != NULL)
        text_append_format(text, ", form %s", task->form_key);
}

static void append_repeat(struct text *text, const struct bpmn_change *change)
{
    if (change->repeat == NULL)
        return;
    text_append_format(text, ", repeats %s", change->repeat);
    if (change->repeats_left >= 0)
        text_append_format(text, ", %" PRId64 " more", change->repeats_left);
}

static void append_variable(struct text *text, const struct bpmn_change *change, const char *id)
{
    char *value = json_dumps(change->value, JSON_COMPACT | JSON_ENCODE_ANY);

    INVARIANT(value != NULL);
    text_append_format(text, "variable %s = %s", change->name, value);
    if (*id != '\0')
        text_append_format(text, " in %s", id);
    memory_free(value);
}

/* "task-created" about approve reads "task approve created", "activated" reads "approve
 * activated". */
static void append_headline(struct text *text, const char *kind, const char *id)
{
    const char *dash = strchr(kind, '-');

    if (dash == NULL)
        text_append_format(text, "%s %s", id, kind);
    else
        text_append_format(text, "%.*s %s %s", (int)(dash - kind), kind, id, dash + 1);
}

static void append_json(struct text *text, const json_t *value)
{
    char *printed = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    INVARIANT(printed != NULL);
    text_append(text, printed);
    memory_free(printed);
}

/* A plain sub-process needs no word more. */
static void append_scope(struct text *text, const struct bpmn_change *change)
{
    if (change->scope_kind == BPMN_SCOPE_ITERATION)
        text_append_format(text, ", instance %" PRId64, change->index);
    else if (change->scope_kind == BPMN_SCOPE_BODY)
        text_append(text, ", around its instances");
    else if (change->scope_kind == BPMN_SCOPE_COMPENSATION)
        text_append(text, ", to undo");
}

static void append_call(struct text *text, const struct bpmn_call_details *call)
{
    text_append_format(text, ", process %s", call->key);
    if (call->version != NULL)
        text_append_format(text, " %s", call->version);
    if (call->business_key != NULL)
        text_append_format(text, ", business key %s", call->business_key);
    if (json_object_size(call->variables) > 0) {
        text_append(text, ", with ");
        append_json(text, call->variables);
    }
}

static void append_thrown(struct text *text, const struct bpmn_change *change, const char *id)
{
    const char *kind = bpmn_change_kind_name(change->kind);
    const char *dash = strchr(kind, '-');

    text_append_format(text, "%.*s %s %s by %s", (int)(dash - kind), kind, change->name, dash + 1,
                       id);
    if (change->key != NULL)
        text_append_format(text, ", key %s", change->key);
    if (json_object_size(change->value) > 0) {
        text_append(text, ", with ");
        append_json(text, change->value);
    }
    if (change->kind == BPMN_CHANGE_ESCALATION_THROWN && change->index != 0)
        text_append(text, ", caught by nobody");
}

static void append_gathered(struct text *text, const struct bpmn_change *change, const char *id)
{
    text_append_format(text, "%s gathered %" PRId64 ": ", id, change->index);
    append_json(text, change->value);
}

/* What the headline leaves out. */
static void append_details(struct text *text, const struct bpmn_change *change, const char *flow)
{
    switch (change->kind) {
    case BPMN_CHANGE_ELEMENT_ACTIVATED:
    case BPMN_CHANGE_ARRIVED:
        if (flow != NULL)
            text_append_format(text, " by %s", flow);
        break;
    case BPMN_CHANGE_TASK_CREATED:
        append_task(text, change->task);
        break;
    case BPMN_CHANGE_JOB_CREATED:
    case BPMN_CHANGE_HANDLER_CALLED:
        text_append_format(text, ", topic %s", change->name);
        break;
    case BPMN_CHANGE_TIMER_ARMED:
        if (change->clock != NULL) {
            text_append_format(text, ", follows %s of %s %s at %s", change->clock->target,
                               change->clock->subject_type, change->clock->subject_id,
                               change->clock->threshold);
            break;
        }
        append_due(text, change->due_us);
        append_repeat(text, change);
        break;
    case BPMN_CHANGE_TIMER_FIRED:
        if (change->due_us != BPMN_TIMER_BY_CLOCK_US)
            append_due(text, change->due_us);
        break;
    case BPMN_CHANGE_MESSAGE_AWAITED:
    case BPMN_CHANGE_MESSAGE_RECEIVED:
    case BPMN_CHANGE_SIGNAL_AWAITED:
    case BPMN_CHANGE_SIGNAL_RECEIVED:
        text_append_format(text, ", name %s", change->name);
        if (change->key != NULL)
            text_append_format(text, ", key %s", change->key);
        break;
    case BPMN_CHANGE_SCOPE_OPENED:
        append_scope(text, change);
        break;
    case BPMN_CHANGE_PARKED:
    case BPMN_CHANGE_ASYNC_SCHEDULED:
        text_append_format(text, ", %s it", change->name);
        break;
    case BPMN_CHANGE_CALL_STARTED:
        append_call(text, change->call);
        break;
    case BPMN_CHANGE_CONDITION_SEEN:
        text_append_format(text, ", now %s", change->index != 0 ? "true" : "false");
        break;
    default:
        break;
    }
    append_because(text, change->reason);
}

static void append_change(struct text *text, const struct bpmn_change *change,
                          const struct bpmn_model *model)
{
    const char *kind = bpmn_change_kind_name(change->kind);
    const char *id = change->element == BPMN_NONE ? "" : model->elements[change->element].id;
    const char *flow = change->flow == BPMN_NONE ? NULL : model->flows[change->flow].id;

    switch (change->kind) {
    case BPMN_CHANGE_INSTANCE_STARTED:
    case BPMN_CHANGE_INSTANCE_COMPLETED:
    case BPMN_CHANGE_INSTANCE_TERMINATED:
        text_append_format(text, "process %s %s", model->process_id, strchr(kind, '-') + 1);
        if (*id != '\0')
            text_append_format(text, " at %s", id);
        append_because(text, change->reason);
        break;
    case BPMN_CHANGE_BUSINESS_KEY_SET:
        text_append_format(text, "process %s business key %s", model->process_id, change->name);
        break;
    case BPMN_CHANGE_FLOW_TAKEN:
        text_append_format(text, "flow %s taken", flow);
        break;
    case BPMN_CHANGE_VARIABLE_SET:
        append_variable(text, change, id);
        break;
    case BPMN_CHANGE_VARIABLE_REMOVED:
        text_append_format(text, "variable %s removed", change->name);
        break;
    case BPMN_CHANGE_GATHERED:
        append_gathered(text, change, id);
        break;
    case BPMN_CHANGE_MESSAGE_THROWN:
    case BPMN_CHANGE_SIGNAL_THROWN:
    case BPMN_CHANGE_ERROR_THROWN:
    case BPMN_CHANGE_ERROR_CAUGHT:
    case BPMN_CHANGE_ESCALATION_THROWN:
    case BPMN_CHANGE_ESCALATION_CAUGHT:
        append_thrown(text, change, id);
        break;
    case BPMN_CHANGE_CONSUMED:
    case BPMN_CHANGE_HELD:
        text_append_format(text, "%s %s %s", id, kind, flow);
        break;
    case BPMN_CHANGE_REMEMBERED:
    case BPMN_CHANGE_QUEUED:
        text_append_format(text, "%s %s ", *id != '\0' ? id : "to undo", kind);
        append_json(text, change->value);
        break;
    case BPMN_CHANGE_RECALLED:
    case BPMN_CHANGE_DEQUEUED:
        text_append_format(text, "%s", kind);
        break;
    case BPMN_CHANGE_SWEPT:
        text_append(text, "tokens on flows swept");
        break;
    case BPMN_CHANGE_PLANNED:
        if (model->elements[change->element].type == BPMN_AD_HOC_SUB_PROCESS)
            text_append_format(text, "%s is complete", id);
        else if (change->index >= 0)
            text_append_format(text, "%s planned, %" PRId64, id, change->index);
        else
            text_append_format(text, "%s planned, as long as its condition says", id);
        break;
    case BPMN_CHANGE_RETIRED:
        text_append_format(text, "scope %s retired", id);
        break;
    case BPMN_CHANGE_STEPPED_ON:
        text_append_format(text, "%s starts one more", id);
        break;
    default:
        append_headline(text, kind, id);
        append_details(text, change, flow);
        break;
    }
}

const char *bpmn_change_text(const struct bpmn_change *change, const struct bpmn_model *model,
                             struct arena *arena)
{
    struct text text = TEXT_INIT;
    const char *result;

    append_change(&text, change, model);
    result = arena_copy_bytes(arena, text_string(&text), text.length);
    text_deinit(&text);
    return result;
}
