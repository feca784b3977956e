/* What a step did, as records: the journal, the store and the traces all read these.
 *
 * Every change is applied to the instance by apply.c at the moment it is recorded, so the list and
 * the instance never disagree. Pointers borrow from the step's arena, the model, or the instance,
 * which keeps overwritten values until bpmn_instance_saved(): make the journal before that. */
#ifndef SYNERGYFLOW_CHANGE_H
#define SYNERGYFLOW_CHANGE_H

#include "bpmn/step/instance.h"

/* X(name, text in the journal and in traces) */
#define BPMN_CHANGE_KINDS(X)                                                                       \
    X(INSTANCE_STARTED, "instance-started")                                                        \
    X(INSTANCE_COMPLETED, "instance-completed")                                                    \
    X(INSTANCE_TERMINATED, "instance-terminated") /* reason; code: an uncaught error */            \
    X(BUSINESS_KEY_SET, "business-key")           /* name: the key that a handler gave */          \
    X(ELEMENT_ACTIVATED, "activated")             /* token, element, scope */                      \
    X(ELEMENT_COMPLETED, "completed")             /* token, element, started_us */                 \
    X(ELEMENT_TERMINATED, "terminated")           /* token, element, started_us, reason */         \
    X(BODY_ENTERED, "entered")                    /* token, element: around a loop or data */      \
    X(BODY_LEFT, "left")                          /* token, element; reason when terminated */     \
    X(LISTENING, "listening")                     /* token, element: an event sub-process */       \
    X(DEAF, "deaf")                               /* token: it listens no more */                  \
    X(PARKED, "parked")                           /* token, element, name = before or after */     \
    X(UNPARKED, "unparked")                       /* token, element */                             \
    X(FLOW_TAKEN, "taken")                        /* flow, scope */                                \
    X(ARRIVED, "arrived")                         /* flow: a token waits at its target */          \
    X(JOINED, "joined")                           /* element: one token off each flow that has */  \
    X(CONSUMED, "consumed")                       /* flow: one token taken off it */               \
    X(HELD, "held")                               /* flow: consumed, until the gateway resets */   \
    X(RESET, "reset")                             /* element: a complex gateway starts again */    \
    X(SWEPT, "swept")                             /* scope: tokens on its flows are gone */        \
    X(SCOPE_OPENED, "scope-opened")         /* scope, element, token, parent, scope_kind, index */ \
    X(SCOPE_CLOSED, "scope-closed")         /* scope; reason when terminated */                    \
    X(PLANNED, "planned")                   /* scope: index = how many instances; value = items */ \
    X(STEPPED_ON, "stepped-on")             /* scope: an ad-hoc sub-process started one more */    \
    X(GATHERED, "gathered")                 /* scope, index, value: an instance's output */        \
    X(RETIRED, "retired")                   /* scope: an instance is done; its output stays */     \
    X(REMEMBERED, "remembered")             /* scope, value: what can be undone */                 \
    X(RECALLED, "recalled")                 /* scope, index: taken out to be undone */             \
    X(QUEUED, "queued")                     /* scope, value: records to undo */                    \
    X(DEQUEUED, "dequeued")                 /* scope: the last record is being undone */           \
    X(VARIABLE_SET, "variable")             /* scope, name, value */                               \
    X(VARIABLE_REMOVED, "variable-removed") /* scope, name */                                      \
    X(TASK_CREATED, "task-created")         /* wait_id, token, element, task */                    \
    X(TASK_COMPLETED, "task-completed")     /* wait_id, token */                                   \
    X(TASK_CANCELLED, "task-cancelled")     /* wait_id, token, reason */                           \
    X(JOB_CREATED, "job-created")           /* wait_id, token, element, name = topic */            \
    X(JOB_COMPLETED, "job-completed")       /* wait_id, token */                                   \
    X(JOB_CANCELLED, "job-cancelled")       /* wait_id, token */                                   \
    X(HANDLER_CALLED, "handler-called")     /* wait_id, token, element, name = topic */            \
    X(HANDLER_RETURNED, "handler-returned") /* wait_id, token */                                   \
    X(TIMER_ARMED, "timer-armed")           /* wait_id, token, element, due_us, repeat */          \
    X(TIMER_FIRED, "timer-fired")           /* wait_id, token, element, due_us */                  \
    X(TIMER_CANCELLED, "timer-cancelled")   /* wait_id, token, element */                          \
    X(MESSAGE_AWAITED, "message-awaited")   /* wait_id, token, element, name, key */               \
    X(MESSAGE_RECEIVED, "message-received") /* wait_id, token, element, name */                    \
    X(MESSAGE_CANCELLED, "message-cancelled")     /* wait_id, token, element */                    \
    X(SIGNAL_AWAITED, "signal-awaited")           /* wait_id, token, element, name */              \
    X(SIGNAL_RECEIVED, "signal-received")         /* wait_id, token, element, name */              \
    X(SIGNAL_CANCELLED, "signal-cancelled")       /* wait_id, token, element */                    \
    X(CONDITION_AWAITED, "condition-awaited")     /* wait_id, token, element */                    \
    X(CONDITION_MET, "condition-met")             /* wait_id, token, element */                    \
    X(CONDITION_CANCELLED, "condition-cancelled") /* wait_id, token, element */                    \
    X(CONDITION_SEEN, "condition-seen")           /* wait_id, token: index 1 true, 0 false */      \
    X(CALL_STARTED, "call-started")               /* wait_id = the instance called, call */        \
    X(CALL_COMPLETED, "call-completed")           /* wait_id, token */                             \
    X(CALL_CANCELLED, "call-cancelled")           /* wait_id, token, reason */                     \
    X(ASYNC_SCHEDULED, "async-scheduled")         /* wait_id, token, element */                    \
    X(ASYNC_RUN, "async-run")                     /* wait_id, token */                             \
    X(ASYNC_CANCELLED, "async-cancelled")         /* wait_id, token */                             \
    X(SCRIPT_DEFERRED, "script-deferred")         /* wait_id, token, element */                    \
    X(SCRIPT_RETURNED, "script-returned")         /* wait_id, token */                             \
    X(SCRIPT_CANCELLED, "script-cancelled")       /* wait_id, token */                             \
    X(TRIGGER_AWAITED, "trigger-awaited")         /* wait_id, token, element */                    \
    X(TRIGGER_RECEIVED, "trigger-received")       /* wait_id, token */                             \
    X(TRIGGER_CANCELLED, "trigger-cancelled")     /* wait_id, token */                             \
    X(MESSAGE_THROWN, "message-thrown")           /* token, element, name, key, value = payload */ \
    X(SIGNAL_THROWN, "signal-thrown")             /* token, element, name, value = payload */      \
    X(ERROR_THROWN, "error-thrown")               /* token, element, name = code */                \
    X(ERROR_CAUGHT, "error-caught")           /* token = the activity, element = who catches */    \
    X(ESCALATION_THROWN, "escalation-thrown") /* token, element, name = code */                    \
    X(ESCALATION_CAUGHT, "escalation-caught") /* token = the activity, element = who catches */

enum bpmn_change_kind {
#define BPMN_CHANGE_ENUM(name, text) BPMN_CHANGE_##name,
    BPMN_CHANGE_KINDS(BPMN_CHANGE_ENUM)
#undef BPMN_CHANGE_ENUM
};

/* How a wait of each kind begins, ends and is given up. A handler's call is never given up. */
struct bpmn_wait_changes {
    enum bpmn_change_kind began;
    enum bpmn_change_kind over;
    enum bpmn_change_kind cancelled;
};
const struct bpmn_wait_changes *bpmn_wait_changes(enum bpmn_wait_kind kind);
/* Which wait a change begins; false when it begins none. */
bool bpmn_change_begins(enum bpmn_change_kind kind, enum bpmn_wait_kind *ret_kind);
/* Does it end a wait, in whichever way? */
bool bpmn_change_ends(enum bpmn_change_kind kind);

/* What a new user task looks like, expressions evaluated. Texts may be NULL. */
struct bpmn_task_details {
    const char *name;
    const char *description;
    const char *assignee;
    const char *owner;
    const char *category;
    const char *form_key;
    const char **candidate_users;
    const char **candidate_groups;
    uint32_t candidate_user_count;
    uint32_t candidate_group_count;
    bool has_due;
    int64_t due_us;
    int32_t priority; /* 50 unless the model says */
};

/* Whom a call activity calls, expressions evaluated. Texts may be NULL. */
struct bpmn_call_details {
    const char *key; /* of the process; with BPMN_BINDING_ID the definition's id */
    enum bpmn_binding binding;
    const char *version; /* number or tag */
    const char *business_key;
    const char *instance_name;
    const json_t *variables; /* an object, owned by the instance until it is saved */
};

/* The SLA clock that a timer follows, expressions evaluated. */
struct bpmn_clock_binding {
    const char *subject_type;
    const char *subject_id;
    const char *target;
    const char *threshold;
};

struct bpmn_change {
    enum bpmn_change_kind kind;
    int64_t at_us;
    struct uuid scope_id;
    struct uuid token_id;
    struct uuid wait_id;
    struct uuid parent_id; /* of a new scope */
    enum bpmn_scope_kind scope_kind;
    uint32_t element;    /* BPMN_NONE when not about an element */
    uint32_t flow;       /* BPMN_NONE when not about a flow */
    uint32_t definition; /* of an event */
    int64_t started_us;
    int64_t due_us;
    int64_t index;
    const char *repeat;
    int64_t repeats_left;
    const char *name;   /* variable, message, signal, topic, error code, business key */
    const char *key;    /* correlation key */
    const char *reason; /* why terminated or cancelled */
    const json_t *value;
    const struct bpmn_task_details *task;
    const struct bpmn_call_details *call;
    const struct bpmn_clock_binding *clock; /* of an armed timer; NULL: it has a time */
};

struct bpmn_changes {
    struct arena *arena; /* borrowed */
    struct bpmn_change *items;
    uint32_t count;
    uint32_t capacity;
};

void bpmn_changes_init(struct bpmn_changes *changes, struct arena *arena);
const char *bpmn_change_kind_name(enum bpmn_change_kind kind);
/* The journal's form of changes[from…]: a JSON array of objects
 * {"c":kind,"at":us,"id":token,"el":element id,"type":…,"scope":…,"wait":…,…}; an element that was
 * activated and left in the list without a wait state in between is one record
 * {"c":"passed","id","el","type","name","at","end","scope"}. All keys: journal.c. New reference. */
json_t *bpmn_changes_journal(const struct bpmn_changes *changes, const struct bpmn_model *model,
                             uint32_t from);
/* Carries out the changes of one journal entry on an instance that stands where the entry was
 * written: the rebuild of an instance from its journal. STATUS_INTERNAL when a record does not fit
 * the model or the instance; the instance must then be thrown away. */
MUST_CHECK enum status bpmn_journal_apply(struct bpmn_instance *instance, const json_t *journal,
                                          struct error *ret_error);
/* One readable line for traces ("approve activated", "timer sla fired, due …"), in `arena`. */
const char *bpmn_change_text(const struct bpmn_change *change, const struct bpmn_model *model,
                             struct arena *arena);

#endif
