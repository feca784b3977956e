/* The executable model: what the reader understood, immutable and shared by every instance.
 *
 * Elements and flows are referred to by index. All of it lives in one arena owned by the document.
 * Which parts of an element apply depends on its type; a part that does not apply is NULL, zero,
 * false or BPMN_NONE. */
#ifndef SYNERGYFLOW_MODEL_H
#define SYNERGYFLOW_MODEL_H

#include "bpmn/base/arena.h"
#include "bpmn/expression/expression.h"
#include "bpmn/iso8601.h"

#include <stdint.h>

#define BPMN_NONE UINT32_MAX

/* X(name, Flowable's activityType, which is the XML element's name but for event sub-processes) */
#define BPMN_ELEMENT_TYPES(X)                                                      \
    X(START_EVENT, "startEvent")                                                   \
    X(END_EVENT, "endEvent")                                                       \
    X(INTERMEDIATE_CATCH_EVENT, "intermediateCatchEvent")                          \
    X(INTERMEDIATE_THROW_EVENT, "intermediateThrowEvent")                          \
    X(BOUNDARY_EVENT, "boundaryEvent")                                             \
    X(TASK, "task")                                                                \
    X(MANUAL_TASK, "manualTask")                                                   \
    X(USER_TASK, "userTask")                                                       \
    X(SERVICE_TASK, "serviceTask")                                                 \
    X(SCRIPT_TASK, "scriptTask")                                                   \
    X(SEND_TASK, "sendTask")                                                       \
    X(RECEIVE_TASK, "receiveTask")                                                 \
    X(BUSINESS_RULE_TASK, "businessRuleTask")                                      \
    X(CALL_ACTIVITY, "callActivity")                                               \
    X(EXCLUSIVE_GATEWAY, "exclusiveGateway")                                       \
    X(PARALLEL_GATEWAY, "parallelGateway")                                         \
    X(INCLUSIVE_GATEWAY, "inclusiveGateway")                                       \
    X(EVENT_BASED_GATEWAY, "eventBasedGateway")                                    \
    X(COMPLEX_GATEWAY, "complexGateway")                                           \
    X(SUB_PROCESS, "subProcess")                                                   \
    X(EVENT_SUB_PROCESS, "eventSubProcess") /* subProcess with triggeredByEvent */ \
    X(TRANSACTION, "transaction")                                                  \
    X(AD_HOC_SUB_PROCESS, "adHocSubProcess")

enum bpmn_element_type {
#define BPMN_ELEMENT_ENUM(name, xml) BPMN_##name,
    BPMN_ELEMENT_TYPES(BPMN_ELEMENT_ENUM)
#undef BPMN_ELEMENT_ENUM
};

/* X(name, text in inspect, XML element) */
#define BPMN_EVENT_KINDS(X)                                      \
    X(MESSAGE, "message", "messageEventDefinition")              \
    X(TIMER, "timer", "timerEventDefinition")                    \
    X(SIGNAL, "signal", "signalEventDefinition")                 \
    X(ERROR, "error", "errorEventDefinition")                    \
    X(ESCALATION, "escalation", "escalationEventDefinition")     \
    X(COMPENSATION, "compensation", "compensateEventDefinition") \
    X(CONDITIONAL, "conditional", "conditionalEventDefinition")  \
    X(CANCEL, "cancel", "cancelEventDefinition")                 \
    X(LINK, "link", "linkEventDefinition")                       \
    X(TERMINATE, "terminate", "terminateEventDefinition")

enum bpmn_event_kind {
#define BPMN_EVENT_ENUM(name, text, xml) BPMN_EVENT_##name,
    BPMN_EVENT_KINDS(BPMN_EVENT_ENUM)
#undef BPMN_EVENT_ENUM
};

enum bpmn_timer_kind { BPMN_TIMER_DATE, BPMN_TIMER_DURATION, BPMN_TIMER_CYCLE };

/* A value that goes from one place to another: data associations, inputs and outputs of an
 * activity, parameters of calls and of external workers, payloads of events. One of `source`,
 * `source_variable` and `all` says what; an absent source variable gives null. */
struct bpmn_mapping {
    bool all;                                   /* every visible variable, by its name */
    const struct expression *source;            /* evaluated where the value comes from */
    const char *source_variable;                /* the variable of this name */
    const char *target;                         /* the variable that receives it; NULL with `all` */
    const struct expression *target_expression; /* instead of `target`: gives its name */
};

struct bpmn_mappings {
    const struct bpmn_mapping *items;
    uint32_t count;
};

/* What a message is correlated by, from <correlationProperty>: values read from the message must
 * equal those of the instance. A value that the instance does not have yet (its variable `name` is
 * absent or null, or there is no data path) is taken over from the first message. */
struct bpmn_correlation {
    const char *name;                      /* of the property; also the variable that keeps it */
    const struct expression *message_path; /* over the message's variables */
    const struct expression *data_path;    /* over the instance's; NULL: the variable `name` */
};

/* A timer that follows an SLA clock (docs/sla.md): the newest one of the subject's target. */
struct bpmn_timer_clock {
    const char *subject_type;            /* incident, change, task, process-instance */
    const struct expression *subject_id; /* NULL: the business key; of a process instance its id */
    const struct expression *target;
    const struct expression *threshold; /* 75%, -PT30M, PT1H */
};

/* One event definition, in place or by eventDefinitionRef. */
struct bpmn_event_definition {
    enum bpmn_event_kind kind;
    int line;
    int column;
    const struct expression *name; /* message, signal: a template; link: NULL */
    const char *reference;         /* id of the <message>, <signal>, <error>, <escalation>; NULL */
    const char *link;              /* link: its name */
    bool instance_only;            /* signal: not broadcast beyond the instance */
    bool async;                    /* signal throw: delivered by a job */
    enum bpmn_timer_kind timer_kind;
    const struct expression *timer;
    const char *calendar;  /* timer: business calendar, NULL: plain time */
    const char *time_zone; /* timer: whose days are counted; NULL: the process', or UTC */
    bool end_of_day;       /* timer: at closing time of the calendar's day */
    const struct bpmn_timer_clock *clock;     /* timer: then `timer` is NULL; NULL: by itself */
    const char *code;                         /* error, escalation: NULL catches every one */
    const struct expression *code_expression; /* throw: a code with ${…}; NULL: `code` */
    const char *code_variable;                /* catch: receives the code, NULL when absent */
    const char *message_variable;             /* error catch: receives the message text */
    bool code_variable_local;
    const struct expression *condition;       /* conditional */
    uint32_t activity;                        /* compensation throw: activityRef; BPMN_NONE: all */
    bool wait_for_completion;                 /* compensation throw */
    bool terminate_all;                       /* terminate: the whole instance */
    const struct expression *correlation_key; /* message: one key for both sides */
    const struct bpmn_correlation *correlations;
    uint32_t correlation_count;
    struct bpmn_mappings
        payload; /* throw: the variables that go along; catch: what is taken over */
};

struct bpmn_events {
    const struct bpmn_event_definition *items;
    uint32_t count;
};

enum bpmn_service_kind {
    BPMN_SERVICE_NONE,            /* not a service: send task that throws a message … */
    BPMN_SERVICE_TOPIC,           /* a module's handler, in the same transaction */
    BPMN_SERVICE_EXTERNAL_WORKER, /* a job that a worker fetches over REST */
    BPMN_SERVICE_EXPRESSION,      /* evaluated in the step */
    BPMN_SERVICE_JAVASCRIPT,      /* script tasks (and listeners) with source text */
};

struct bpmn_user_task {
    const struct expression *assignee; /* each may be NULL */
    const struct expression *owner;
    const struct expression *candidate_users; /* comma list, or an array value */
    const struct expression *candidate_groups;
    const struct expression *due_date; /* ISO 8601 date or duration */
    const char *calendar;              /* businessCalendarName */
    const char *time_zone;             /* of its due date; NULL: UTC */
    const struct expression *priority;
    const struct expression *category;
    const struct expression *form_key;
    const char *task_id_variable;        /* receives the task's id */
    const char *task_completer_variable; /* receives who completed it */
};

enum bpmn_binding {
    BPMN_BINDING_LATEST,
    BPMN_BINDING_DEPLOYMENT,
    BPMN_BINDING_VERSION,
    BPMN_BINDING_VERSION_TAG,
    BPMN_BINDING_ID, /* calledElementType="id": a definition's id */
};

struct bpmn_call {
    const struct expression *called_element;
    enum bpmn_binding binding;
    const struct expression *version; /* number or tag */
    struct bpmn_mappings in;          /* over the caller's variables → the called instance's */
    struct bpmn_mappings out;         /* over the called instance's → the caller's */
    bool inherit_variables;           /* every variable goes in, before `in` */
    const struct expression *business_key;
    bool inherit_business_key;
    const struct expression *instance_name;
    const char *id_variable; /* receives the called instance's id */
    bool local_out;          /* out parameters stay in the activity's own scope */
};

enum bpmn_loop_kind {
    BPMN_LOOP_NONE,
    BPMN_LOOP_STANDARD,
    BPMN_LOOP_SEQUENTIAL,
    BPMN_LOOP_PARALLEL
};

/* Which implicit events a multi-instance activity throws when its instances complete. */
enum bpmn_loop_behaviour {
    BPMN_BEHAVIOUR_ALL,     /* none: the activity just completes */
    BPMN_BEHAVIOUR_NONE,    /* `event` for each instance */
    BPMN_BEHAVIOUR_ONE,     /* `event` for the first instance */
    BPMN_BEHAVIOUR_COMPLEX, /* `complex`: each whose condition is true, for each instance */
};

struct bpmn_complex_behaviour {
    const struct expression *condition;
    struct bpmn_event_definition event;
};

struct bpmn_loop {
    enum bpmn_loop_kind kind;
    bool test_before;                   /* standard */
    int64_t maximum;                    /* standard: -1 for none */
    const struct expression *condition; /* standard: goes on while true; NULL: always */
    const struct expression *cardinality;
    const struct expression *collection; /* a list, or the name of a variable that holds one */
    const char *collection_variable;     /* instead of `collection` */
    const char *element_variable;
    const char *index_variable; /* NULL: loopCounter (which always exists) */
    const struct expression *completion;
    const char *output_item;                    /* variable of an instance that is gathered … */
    const struct expression *output_expression; /* … or the expression over its variables */
    const char *output_collection; /* the list that receives them, in the order of the instances */
    enum bpmn_loop_behaviour behaviour;
    const struct bpmn_event_definition *event; /* NONE and ONE; NULL: nothing is thrown */
    const struct bpmn_complex_behaviour *complex;
    uint32_t complex_count;
};

enum bpmn_listener_event {
    BPMN_LISTEN_START, /* execution listeners */
    BPMN_LISTEN_END,
    BPMN_LISTEN_TAKE,
    BPMN_LISTEN_CREATE, /* task listeners */
    BPMN_LISTEN_ASSIGNMENT,
    BPMN_LISTEN_COMPLETE,
    BPMN_LISTEN_DELETE,
};

/* Runs within the step; its value is dropped, what it sets through `execution` is kept. A module's
 * is called like the handler of a service task, and everything after it waits for its answer. */
struct bpmn_listener {
    enum bpmn_listener_event event;
    const struct expression *expression; /* NULL: `script`, or `topic` */
    const char *script;                  /* JavaScript */
    const struct expression *topic;      /* a module's handler */
};

struct bpmn_listeners {
    const struct bpmn_listener *items;
    uint32_t count;
};

/* A data object or property: a variable of its scope that always exists. */
struct bpmn_data {
    const char *name;
    const struct expression *initial; /* NULL: null; ignored when the variable was given at start */
};

struct bpmn_index_list {
    const uint32_t *items;
    uint32_t count;
};

/* What a process or a sub-process holds directly. Lists are in document order. */
struct bpmn_container {
    struct bpmn_index_list children; /* every element */
    /* Where its plain start puts tokens: the none start event; without any start event, every
     * element without incoming flow that is no boundary event, event sub-process, compensation
     * handler or link catch. Of an event sub-process: its start event. Of an ad-hoc sub-process:
     * the activities (and gateways) without incoming flow. */
    struct bpmn_index_list starts;
    /* Process: start events with a trigger, instantiating event gateways and receive tasks. */
    struct bpmn_index_list triggered_starts;
    struct bpmn_index_list event_sub_processes;
    const struct bpmn_data *data;
    uint32_t data_count;
};

/* A set of elements. */
struct bpmn_element_set {
    const uint64_t *bits; /* (element_count + 63) / 64 words */
};

struct bpmn_element {
    uint32_t index;
    enum bpmn_element_type type;
    const char *id;
    const char *name; /* NULL when absent */
    const char *documentation;
    const struct expression *name_expression;          /* user tasks: the name as a template */
    const struct expression *documentation_expression; /* likewise */
    int line;
    int column;
    uint32_t scope;           /* index of the sub-process around it, BPMN_NONE at process level */
    const uint32_t *incoming; /* flow indices in document order */
    const uint32_t *outgoing;
    uint32_t incoming_count;
    uint32_t outgoing_count;
    uint32_t default_flow;    /* BPMN_NONE when none */
    const uint32_t *boundary; /* indices of the boundary events attached to this activity */
    uint32_t boundary_count;
    uint32_t attached_to; /* boundary event: the activity; else BPMN_NONE */
    bool interrupting;    /* boundary event: cancelActivity; start event of an event sub-process */

    struct bpmn_events events; /* of events; of send and receive tasks: their message */
    bool parallel_multiple;    /* all of `events` are needed */
    bool instantiate;          /* receive task, event-based gateway: starts the process */
    bool parallel_events;      /* event-based gateway: eventGatewayType="Parallel" */
    uint32_t link_target;      /* link throw event: the catch event, BPMN_NONE otherwise */

    const struct bpmn_container *container; /* sub-processes of all kinds */
    const struct expression *activation;    /* complex gateway: activationCondition, NULL: all */
    /* Inclusive and complex gateways: for each incoming flow, from where a token can reach it
     * without passing the gateway (over sequence flows, boundary events and links). */
    const struct bpmn_element_set *reach;
    const struct bpmn_element_set *flow_reach; /* likewise, but not over boundary events */

    /* activities */
    bool for_compensation;
    uint32_t compensation_boundary; /* the compensation boundary event on it, BPMN_NONE */
    uint32_t compensation_handler;  /* of a compensation boundary event: the handler, BPMN_NONE */
    bool compensable; /* it has a handler, or something in it has: its completion is remembered */
    uint32_t start_quantity;      /* 1 unless the model says */
    uint32_t completion_quantity; /* 1 unless the model says */
    struct bpmn_loop loop;
    struct bpmn_mappings inputs;  /* evaluated around the activity, set in a scope of its own … */
    struct bpmn_mappings outputs; /* … evaluated in that scope, set around the activity */
    const struct expression *skip; /* skipExpression */
    struct bpmn_listeners listeners;

    enum bpmn_service_kind service;
    const struct expression *topic;      /* service tasks by topic or external worker */
    const struct expression *expression; /* by expression; script tasks in JUEL */
    const char *script;                  /* JavaScript source */
    bool script_keeps_private;   /* autoStoreVariables="false": assignments are not stored */
    const char *result_variable; /* NULL when absent */
    bool result_local;
    bool hide_variables; /* external worker: doNotIncludeVariables */
    struct bpmn_mappings
        worker_in; /* external worker: what it is given; none: everything visible */
    struct bpmn_mappings worker_out; /* what is taken over from it; none: everything it sets */
    struct bpmn_mappings
        fields;       /* flowable:field: given to the topic's handler beside the variables */
    bool triggerable; /* waits for a trigger after its work */
    struct bpmn_user_task user_task;
    struct bpmn_call call;
    const char *global_task; /* the id of the <global…Task> that a call activity of the file calls:
                                `type` is then the task's; NULL otherwise */

    /* ad-hoc sub-process */
    bool sequential;
    bool cancel_remaining;
    const struct expression *completion; /* completionCondition */

    /* jobs */
    bool async_before;
    bool async_after;
    bool exclusive;                        /* its jobs: one at a time for an instance */
    const struct expression *job_priority; /* NULL: 0 */
    const char *retry_cycle;               /* "R5/PT7M" or "PT10S,PT1M"; NULL: the default */
};

struct bpmn_flow {
    uint32_t index;
    const char *id;
    const char *name;
    int line;
    int column;
    uint32_t source;
    uint32_t target;
    const struct expression *condition; /* NULL: always */
    struct bpmn_listeners listeners;    /* take */
    const struct expression *skip;
};

/* One executable process. */
struct bpmn_model {
    const char *process_id;
    const char *name;
    const char *documentation;
    const char *category;           /* targetNamespace, as Flowable has it */
    const char *version_tag;        /* NULL when absent */
    const char *initiator_variable; /* receives the user that starts it */
    const char *time_zone;          /* of its timers; NULL: UTC */
    int line;
    int column;
    const struct bpmn_element *elements;
    const struct bpmn_flow *flows;
    uint32_t element_count;
    uint32_t flow_count;
    struct bpmn_container container;
    struct bpmn_listeners listeners; /* start and end of the process */
    bool has_diagram;
    bool has_listener_topics; /* anywhere in it */
    bool has_complex_gateways;
    /* private to bpmn/model.c: ids → indices, sorted */
    const uint32_t *elements_by_id;
    const uint32_t *flows_by_id;
};

/* A pool, or what flows between two. */
struct bpmn_participant {
    const char *id;
    const char *name;    /* NULL when absent */
    const char *process; /* NULL: a black box */
};

struct bpmn_message_flow {
    const char *id;
    const char *name;   /* NULL when absent */
    const char *source; /* ids of elements or participants */
    const char *target;
    const char *message; /* the name of its message */
};

/* A parsed file: one or more executable processes. */
struct bpmn_document {
    struct arena *arena;
    const struct bpmn_model *models;
    uint32_t model_count;
    const struct bpmn_model *drawings; /* its other processes: never executed, maybe incomplete */
    uint32_t drawing_count;
    const struct bpmn_participant *participants;
    uint32_t participant_count;
    const struct bpmn_message_flow *message_flows;
    uint32_t message_flow_count;
};

/* NULL when there is none. Logarithmic time. */
const struct bpmn_element *bpmn_model_element(const struct bpmn_model *model, const char *id);
const struct bpmn_flow *bpmn_model_flow(const struct bpmn_model *model, const char *id);
/* Fills elements_by_id and flows_by_id; the reader's last act on a model. */
void bpmn_model_index(struct bpmn_model *model, struct arena *arena);
/* "userTask" and so on. */
const char *bpmn_element_type_name(enum bpmn_element_type type);
const char *bpmn_event_kind_name(enum bpmn_event_kind kind);
bool bpmn_is_activity(enum bpmn_element_type type);    /* tasks, calls, sub-processes */
bool bpmn_is_sub_process(enum bpmn_element_type type); /* with a container */
bool bpmn_is_gateway(enum bpmn_element_type type);
bool bpmn_is_event(enum bpmn_element_type type);
bool bpmn_set_has(const struct bpmn_element_set *set, uint32_t element);
/* The first definition of this kind on an element, NULL when it has none. */
const struct bpmn_event_definition *bpmn_element_event(const struct bpmn_element *element,
                                                       enum bpmn_event_kind kind);
/* Does it run in a scope of its own, around which loops and data go? */
bool bpmn_has_body(const struct bpmn_element *element);

void bpmn_document_free(struct bpmn_document *document); /* NULL is fine */

#endif
