/* What a step did, as records: the journal, the store and the traces all read these.
 *
 * Every change is applied to the instance by apply.c at the moment it is recorded, so the list and
 * the instance never disagree. Pointers borrow from the step's arena, the model, or the instance,
 * which keeps overwritten values until bpmn_instance_saved(): make the journal before that. */
#ifndef SYNERGYFLOW_CHANGE_H
#define SYNERGYFLOW_CHANGE_H

#include "bpmn/step/instance.h"

/* X(name, text in the journal and in traces) */
#define BPMN_CHANGE_KINDS(X)                                                                      \
    X(INSTANCE_STARTED, "instance-started")                                                       \
    X(INSTANCE_COMPLETED, "instance-completed")                                                   \
    X(INSTANCE_TERMINATED, "instance-terminated") /* reason */                                    \
    X(BUSINESS_KEY_SET, "business-key")           /* name: the key that a handler gave */         \
    X(ELEMENT_ACTIVATED, "activated")             /* token, element, scope */                     \
    X(ELEMENT_COMPLETED, "completed")             /* token, element, started_us */                \
    X(ELEMENT_TERMINATED, "terminated")           /* token, element, started_us, reason */        \
    X(FLOW_TAKEN, "taken")                        /* flow, scope */                               \
    X(ARRIVED, "arrived")                         /* flow: a token waits at a parallel gateway */ \
    X(JOINED, "joined")                           /* element: one token taken off each flow */    \
    X(SCOPE_OPENED, "scope-opened")               /* scope, element, token */                     \
    X(SCOPE_CLOSED, "scope-closed")               /* scope */                                     \
    X(VARIABLE_SET, "variable")                   /* scope, name, value */                        \
    X(TASK_CREATED, "task-created")               /* wait_id, token, element, task */             \
    X(TASK_COMPLETED, "task-completed")           /* wait_id, token */                            \
    X(TASK_CANCELLED, "task-cancelled")           /* wait_id, token, reason */                    \
    X(JOB_CREATED, "job-created")                 /* wait_id, token, element, name = topic */     \
    X(JOB_COMPLETED, "job-completed")             /* wait_id, token */                            \
    X(JOB_CANCELLED, "job-cancelled")             /* wait_id, token */                            \
    X(HANDLER_CALLED, "handler-called")           /* wait_id, token, element, name = topic */     \
    X(HANDLER_RETURNED, "handler-returned")       /* wait_id, token */                            \
    X(TIMER_ARMED, "timer-armed")                 /* wait_id, token, element, due_us, repeat */   \
    X(TIMER_FIRED, "timer-fired")                 /* wait_id, token, element, due_us */           \
    X(TIMER_CANCELLED, "timer-cancelled")         /* wait_id, token, element */                   \
    X(MESSAGE_AWAITED, "message-awaited")         /* wait_id, token, element, name */             \
    X(MESSAGE_RECEIVED, "message-received")       /* wait_id, token, element, name */             \
    X(MESSAGE_CANCELLED, "message-cancelled")     /* wait_id, token, element */                   \
    X(ERROR_THROWN, "error-thrown")               /* token, element, name = code */               \
    X(ERROR_CAUGHT, "error-caught") /* token = the activity, element = the boundary event */

enum bpmn_change_kind {
#define BPMN_CHANGE_ENUM(name, text) BPMN_CHANGE_##name,
    BPMN_CHANGE_KINDS(BPMN_CHANGE_ENUM)
#undef BPMN_CHANGE_ENUM
};

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

struct bpmn_change {
    enum bpmn_change_kind kind;
    int64_t at_us;
    struct uuid scope_id;
    struct uuid token_id;
    struct uuid wait_id;
    uint32_t element; /* BPMN_NONE when not about an element */
    uint32_t flow;    /* BPMN_NONE when not about a flow */
    int64_t started_us;
    int64_t due_us;
    const char *repeat;
    int64_t repeats_left;
    const char *name;   /* variable, message, topic, error code, business key */
    const char *reason; /* why terminated or cancelled */
    const json_t *value;
    const struct bpmn_task_details *task;
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
/* One readable line for traces ("approve activated", "timer sla fired, due …"), in `arena`. */
const char *bpmn_change_text(const struct bpmn_change *change, const struct bpmn_model *model,
                             struct arena *arena);

#endif
