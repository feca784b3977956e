/* Every BPMN element, and every attribute and extension element of the dialects, and what becomes
 * of it: the tables that the reader works by and that docs/bpmn-support.md is held against. */
#ifndef SYNERGYFLOW_READER_TABLE_H
#define SYNERGYFLOW_READER_TABLE_H

#include "bpmn/model.h"

enum element_handling {
    ELEMENT_EXECUTED,      /* an element of the model; `type` says which */
    ELEMENT_STRUCTURE,     /* read as part of another element, or of the file */
    ELEMENT_DOCUMENTATION, /* accepted; BPMN gives it no meaning at run time here */
    ELEMENT_REFUSED,       /* `note` says what to do instead */
};

struct element_row {
    const char *name; /* local name in the BPMN namespace */
    enum element_handling handling;
    enum bpmn_element_type type; /* ELEMENT_EXECUTED only */
    const char *note;            /* limits of what is executed, or what to use instead */
};

/* NULL for a name that BPMN does not have. */
const struct element_row *element_row(const char *name);
/* The n-th row, NULL past the last: for documentation and tests. */
const struct element_row *element_row_at(uint32_t index);
const char *element_handling_name(enum element_handling handling);

/* Where an event definition may stand. */
#define EVENT_POSITIONS(X)                                                     \
    X(START, "start event of a process")                                       \
    X(EVENT_SUB_PROCESS, "interrupting start of an event sub-process")         \
    X(EVENT_SUB_PROCESS_NON, "non-interrupting start of an event sub-process") \
    X(CATCH, "intermediate catch event")                                       \
    X(BOUNDARY, "interrupting boundary event")                                 \
    X(BOUNDARY_NON, "non-interrupting boundary event")                         \
    X(THROW, "intermediate throw event")                                       \
    X(END, "end event")

enum event_position {
#define EVENT_POSITION_ENUM(name, text) POSITION_##name,
    EVENT_POSITIONS(EVENT_POSITION_ENUM)
#undef EVENT_POSITION_ENUM
        POSITION_COUNT
};

/* OMG formal/2011-01-03, table 10.93 and those behind it. */
bool event_is_allowed(enum bpmn_event_kind kind, enum event_position position);
const char *event_position_name(enum event_position position);

/* The dialects: flowable, activiti and camunda. What they say in one name means one thing. */
enum extension_kind { EXTENSION_ATTRIBUTE, EXTENSION_ELEMENT };

enum extension_handling {
    EXTENSION_READ,
    EXTENSION_HARMLESS,       /* nothing here depends on it */
    EXTENSION_WITHOUT_EFFECT, /* a warning says so, unless the value is "false" */
    EXTENSION_REFUSED,        /* what happens would differ; allowed with the value "false" */
};

struct extension_row {
    const char *name;
    enum extension_kind kind;
    enum extension_handling handling;
    const char *where; /* the elements that have it, for documentation */
    const char *note;
};

/* NULL for a name that is in no row. */
const struct extension_row *extension_row(enum extension_kind kind, const char *name);
const struct extension_row *extension_row_at(uint32_t index);
const char *extension_handling_name(enum extension_handling handling);

/* Every finding names one of these rules. */
struct rule_row {
    const char *name;
    bool is_error; /* a warning otherwise */
    const char *meaning;
};

/* NULL for a name that is in no row. */
const struct rule_row *rule_row(const char *name);
const struct rule_row *rule_row_at(uint32_t index);

#endif
