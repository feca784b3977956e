/* The executable model: what the reader understood, immutable and shared by every instance.
 *
 * Elements and flows are referred to by index. All of it lives in one arena owned by the document.
 */
#ifndef SYNERGYFLOW_MODEL_H
#define SYNERGYFLOW_MODEL_H

#include "bpmn/base/arena.h"
#include "bpmn/expression/expression.h"
#include "bpmn/iso8601.h"

#include <stdint.h>

#define BPMN_NONE UINT32_MAX

/* X(name, XML element and Flowable's activityType) */
#define BPMN_ELEMENT_TYPES(X)                             \
    X(START_EVENT, "startEvent")                          \
    X(END_EVENT, "endEvent")                              \
    X(INTERMEDIATE_CATCH_EVENT, "intermediateCatchEvent") \
    X(BOUNDARY_EVENT, "boundaryEvent")                    \
    X(USER_TASK, "userTask")                              \
    X(SERVICE_TASK, "serviceTask")                        \
    X(SCRIPT_TASK, "scriptTask")                          \
    X(MANUAL_TASK, "manualTask")                          \
    X(TASK, "task")                                       \
    X(EXCLUSIVE_GATEWAY, "exclusiveGateway")              \
    X(PARALLEL_GATEWAY, "parallelGateway")                \
    X(SUB_PROCESS, "subProcess")

enum bpmn_element_type {
#define BPMN_ELEMENT_ENUM(name, xml) BPMN_##name,
    BPMN_ELEMENT_TYPES(BPMN_ELEMENT_ENUM)
#undef BPMN_ELEMENT_ENUM
};

enum bpmn_event_kind {
    BPMN_EVENT_NONE,
    BPMN_EVENT_TIMER,
    BPMN_EVENT_MESSAGE,
    BPMN_EVENT_ERROR,
    BPMN_EVENT_TERMINATE,
};

enum bpmn_timer_kind { BPMN_TIMER_DATE, BPMN_TIMER_DURATION, BPMN_TIMER_CYCLE };

enum bpmn_service_kind {
    BPMN_SERVICE_TOPIC,           /* a module's handler, in the same transaction */
    BPMN_SERVICE_EXTERNAL_WORKER, /* a job that a worker fetches over REST */
    BPMN_SERVICE_EXPRESSION,      /* evaluated in the step */
};

struct bpmn_user_task {
    const struct expression *assignee; /* each may be NULL */
    const struct expression *owner;
    const struct expression *candidate_users; /* comma list, or an array value */
    const struct expression *candidate_groups;
    const struct expression *due_date; /* ISO 8601 date or duration */
    const struct expression *priority;
    const struct expression *category;
    const struct expression *form_key;
};

struct bpmn_element {
    uint32_t index;
    enum bpmn_element_type type;
    const char *id;
    const char *name; /* NULL when absent */
    const char *documentation;
    const struct expression *name_expression; /* user tasks: the name as a template */
    int line;
    int column;
    uint32_t scope;           /* index of the sub-process around it, BPMN_NONE at process level */
    const uint32_t *incoming; /* flow indices in document order */
    const uint32_t *outgoing;
    uint32_t incoming_count;
    uint32_t outgoing_count;
    uint32_t default_flow;    /* BPMN_NONE when none */
    uint32_t start_event;     /* sub-process: its none start event */
    const uint32_t *boundary; /* indices of the boundary events attached to this activity */
    uint32_t boundary_count;
    uint32_t attached_to; /* boundary event: the activity; else BPMN_NONE */
    bool interrupting;    /* boundary event: cancelActivity */

    enum bpmn_event_kind event;
    enum bpmn_timer_kind timer_kind;
    const struct expression *timer;        /* timer events */
    const struct expression *message_name; /* message events: template */
    const char *error_code;                /* error events: NULL catches every error */
    const char *error_variable;            /* error boundary: receives the code, NULL when absent */

    enum bpmn_service_kind service;
    const struct expression *topic;      /* service tasks by topic or external worker */
    const struct expression *expression; /* service task by expression, script task */
    const char *result_variable;         /* NULL when absent */
    struct bpmn_user_task user_task;
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
};

/* One executable process. */
struct bpmn_model {
    const char *process_id;
    const char *name;
    const char *documentation;
    const char *category; /* targetNamespace, as Flowable has it */
    int line;
    const struct bpmn_element *elements;
    const struct bpmn_flow *flows;
    uint32_t element_count;
    uint32_t flow_count;
    uint32_t start_event; /* the none start event */
    bool has_diagram;
};

/* A parsed file: one or more executable processes. */
struct bpmn_document {
    struct arena *arena;
    const struct bpmn_model *models;
    uint32_t model_count;
};

/* NULL when there is none. Linear time. */
const struct bpmn_element *bpmn_model_element(const struct bpmn_model *model, const char *id);
const struct bpmn_flow *bpmn_model_flow(const struct bpmn_model *model, const char *id);
/* "userTask" and so on. */
const char *bpmn_element_type_name(enum bpmn_element_type type);

void bpmn_document_free(struct bpmn_document *document); /* NULL is fine */

#endif
