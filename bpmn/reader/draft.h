/* What is being read: growing arrays of elements and flows with their unresolved references.
 * Private to this folder. */
#ifndef SYNERGYFLOW_READER_DRAFT_H
#define SYNERGYFLOW_READER_DRAFT_H

#include "bpmn/reader/reader.h"
#include "bpmn/reader/table.h"
#include "bpmn/reader/xml.h"

#include <uthash.h>

/* An id of the file and what it names. */
struct named {
    const char *id;
    const xmlNode *node;
    bool is_element; /* of the process being read: `index` is its element … */
    bool is_flow;    /* … or its flow */
    bool is_refused; /* has a finding already: references to it need none of their own */
    uint32_t process;
    uint32_t index;
    UT_hash_handle hh;
};

struct draft_element {
    struct bpmn_element element;
    const xmlNode *node;
    const char *attached_ref;
    const char *default_ref;
    uint32_t boundary_capacity;
};

struct draft_flow {
    struct bpmn_flow flow;
    const xmlNode *node;
    const char *source_ref;
    const char *target_ref;
    bool has_condition; /* in the file, understood or not */
    uint32_t scope;
};

/* One process. */
struct draft {
    struct arena *arena; /* the document's */
    struct bpmn_findings *findings;
    struct named **names; /* the file's ids */
    uint32_t *file_count; /* elements and flows of the whole file */
    uint32_t process;
    bool has_refused; /* some element is missing here: rules on what is connected would mislead */
    struct draft_element *elements;
    uint32_t element_count;
    uint32_t element_capacity;
    struct draft_flow *flows;
    uint32_t flow_count;
    uint32_t flow_capacity;
    const xmlNode *node;
};

/* findings.c */
void finding_add(struct bpmn_findings *findings, enum bpmn_severity severity, const char *rule,
                 const char *element_id, const xmlNode *node, const char *format, ...)
    PRINTF_LIKE(6, 7);
/* Into the order of the file. */
void findings_sort(struct bpmn_findings *findings);

/* names.c: false (and a finding) when the id is taken. */
bool name_add(struct draft *draft, const char *id, const xmlNode *node, struct named **ret_named);
struct named *name_find(struct named *names, const char *id);
/* A reference without its prefix: "ns:thing" names the thing. */
const char *name_local(const char *reference);

/* extension.c: attributes that tools write in their own namespaces; NULL when absent or empty. */
const char *extension_attribute(struct arena *arena, const xmlNode *node, const char *name);
const char *own_attribute(struct arena *arena, const xmlNode *node, const char *name);
/* Attributes and extension elements of known dialects that have no effect, or that would change
 * what happens if they were executed, become findings. */
void extension_check(struct draft *draft, const xmlNode *node, const char *id);

/* Parses an expression of an element; a syntax error becomes a finding and NULL. NULL text: NULL.
 */
const struct expression *draft_expression(struct draft *draft, const char *text,
                                          enum expression_mode mode, const char *what,
                                          const char *id, const xmlNode *node);

/* refuse.c: a finding on an element by its row of the table (NULL: not in BPMN), shown at the
 * element that a designer sees. */
void refuse_element(struct draft *draft, const xmlNode *node, const struct element_row *row,
                    const char *shown_id);
/* What looks like documentation but would change what happens. */
void check_documentation(struct draft *draft, const xmlNode *node, const char *id);

/* activity.c, event.c: the parts of one element. */
void read_user_task(struct draft *draft, struct draft_element *draft_element);
void read_service_task(struct draft *draft, struct draft_element *draft_element);
void read_script_task(struct draft *draft, struct draft_element *draft_element);
/* event.c: a literal that should be an ISO 8601 date, or a duration. */
void check_due_date(struct draft *draft, const struct expression *expression, const char *id,
                    const xmlNode *node);
void read_event(struct draft *draft, struct draft_element *draft_element);
/* Children of a flow element that are not executed, or that do not belong there, are refused. */
void check_children(struct draft *draft, const struct draft_element *draft_element);

/* process.c: reads elements and flows of a process. */
void read_process(struct draft *draft);
/* resolve.c: references → indices; fills incoming, outgoing, boundary, default, start. */
void resolve_process(struct draft *draft, struct bpmn_model *model);
/* rules.c: what the specification forbids and what cannot run. */
void check_process(struct draft *draft, const struct bpmn_model *model);

#endif
