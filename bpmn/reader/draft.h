/* What is being read: growing arrays of elements and flows with their unresolved references.
 * Private to this folder.
 *
 * A file is read in passes: every id (names.c), message flows (message_flow.c), the elements and
 * flows of each process (process.c), then what each element says (details.c), which may refer to
 * any id of the file, then what follows from it (resolve.c, container.c, compensation.c, reach.c).
 */
#ifndef SYNERGYFLOW_READER_DRAFT_H
#define SYNERGYFLOW_READER_DRAFT_H

#include "bpmn/reader/reader.h"
#include "bpmn/reader/table.h"
#include "bpmn/reader/xml.h"

#include <uthash.h>

struct message_flow {
    const char *id;
    const char *source_ref;
    const char *target_ref;
    const char *message; /* the name of its message, NULL when it says none */
    const xmlNode *node;
};

/* Where a message carries a correlation property. */
struct retrieval {
    struct retrieval *next;
    const xmlNode *property;
    const xmlNode *path;
};

/* An id of the file and what it names. */
struct named {
    const char *id;
    const xmlNode *node;
    bool is_element;  /* of a process: `index` is its element … */
    bool is_flow;     /* … or its flow */
    bool is_refused;  /* has a finding already: references to it need none of their own */
    bool is_used;     /* something refers to it */
    uint32_t process; /* of elements, flows and processes: counted from 1 */
    uint32_t index;
    const struct message_flow *sends;    /* the first message flow that leaves it */
    const struct message_flow *receives; /* the first one that leads to it */
    struct retrieval *retrievals;        /* of a message: what it is correlated by */
    const xmlNode *data_path;            /* of a correlation property: where `data_process` … */
    uint32_t data_process;               /* … has it */
    UT_hash_handle hh;
};

struct draft_element {
    struct bpmn_element element;
    const xmlNode *node;
    const xmlNode *details; /* `node`, or the global task that a call activity calls */
    const char *attached_ref;
    const char *default_ref;
    uint32_t boundary_capacity;
    bool has_activity_ref; /* compensation throw: names an activity */
};

struct draft_flow {
    struct bpmn_flow flow;
    const xmlNode *node;
    const char *source_ref;
    const char *target_ref;
    bool has_condition; /* in the file, understood or not */
    uint32_t scope;
};

struct draft_association {
    const char *source_ref;
    const char *target_ref;
    const xmlNode *node;
};

/* A data object or property of a container. */
struct draft_data {
    struct bpmn_data data;
    const xmlNode *node;
    uint32_t scope;
};

/* What every process of a file shares. */
struct file {
    struct named *names;
    const xmlNode *root;
    const struct message_flow *message_flows;
    uint32_t message_flow_count;
    uint32_t count;       /* elements and flows */
    uint32_t shared_work; /* see draft_share() */
    int64_t now_us;
};

/* One process. */
struct draft {
    struct arena *arena; /* the document's */
    struct bpmn_findings *findings;
    struct named **names; /* the file's ids */
    struct file *file;
    uint32_t process; /* counted from 1 */
    bool is_executable;
    bool is_ignored;  /* a drawing: its findings are not shown */
    bool has_refused; /* some element is missing here: rules on what is connected would mislead */
    struct draft_element *elements;
    uint32_t element_count;
    uint32_t element_capacity;
    struct draft_flow *flows;
    uint32_t flow_count;
    uint32_t flow_capacity;
    struct draft_association *associations;
    uint32_t association_count;
    uint32_t association_capacity;
    struct draft_data *data;
    uint32_t data_count;
    uint32_t data_capacity;
    const xmlNode *node;
    struct bpmn_model *model;
};

/* Whether the file needs more memory than it may. Parts that many elements share (definitions,
 * global tasks, names) are read for each of them: loops over those stop here, and the file is
 * refused at the end. */
bool draft_is_full(const struct draft *draft);

/* To be asked before the inside of a part is read that many others may refer to. False when the
 * file repeats so much that reading it would take minutes; there is a finding then. */
bool draft_share(struct draft *draft, const xmlNode *node);

/* Mappings in the order in which they were found. */
struct mapping_list {
    struct bpmn_mapping *items;
    uint32_t count;
    uint32_t capacity;
};

/* findings.c */
void finding_add(struct bpmn_findings *findings, enum bpmn_severity severity, const char *rule,
                 const char *element_id, const xmlNode *node, const char *format, ...)
    PRINTF_LIKE(6, 7);
/* Into the order of the file. */
void findings_sort(struct bpmn_findings *findings);

/* names.c: gathers every id of the file; ids that name two things are findings. */
void names_collect(struct draft *draft, const xmlNode *root);
struct named *name_find(struct named *names, const char *id);
/* What a reference of the file names, marked as used; NULL when it names nothing. */
struct named *name_refer(struct draft *draft, const char *reference);
/* The node that `reference` names when it is a BPMN element of this name, else NULL. */
const xmlNode *name_node(struct draft *draft, const char *reference, const char *local_name);
/* The same for a node whose inside will be read: see draft_share(). */
const xmlNode *name_shared(struct draft *draft, const char *reference, const char *local_name);
/* A reference without its prefix: "ns:thing" names the thing. */
const char *name_local(const char *reference);
/* The element of this process that an id names, NULL when it names none. */
struct draft_element *draft_find(struct draft *draft, const char *id);
/* A refused element has its finding: what refers to it needs none. */
bool draft_is_refused(const struct draft *draft, const char *id);

/* extension.c: attributes that tools write in their own namespaces; NULL when absent or empty. */
const char *extension_attribute(struct arena *arena, const xmlNode *node, const char *name);
const char *own_attribute(struct arena *arena, const xmlNode *node, const char *name);
bool extension_is_true(struct arena *arena, const xmlNode *node, const char *name,
                       bool when_absent);
/* The next extension element of a dialect with this name among `node` and its siblings. */
const xmlNode *extension_next(const xmlNode *node, const char *name);
/* The first one inside the extensionElements of `parent`; go on with extension_next(xml_next()). */
const xmlNode *extension_child(const xmlNode *parent, const char *name);
/* Attributes and extension elements of known dialects that have no effect, or that would change
 * what happens if they were executed, become findings. */
void extension_check(struct draft *draft, const xmlNode *node, const char *id);

/* formal.c: parses an expression of an element; a syntax error becomes a finding and NULL. NULL
 * text: NULL. */
const struct expression *draft_expression(struct draft *draft, const char *text,
                                          enum expression_mode mode, const char *what,
                                          const char *id, const xmlNode *node);
/* The expression in a <…Expression> element, with its language; NULL when empty or in error. */
const struct expression *draft_formal(struct draft *draft, const xmlNode *node, const char *what,
                                      const char *id);
bool expression_can_parse(struct draft *draft, const char *text);
bool is_juel(const char *language);

/* refuse.c: a finding on an element by its row of the table (NULL: not in BPMN), shown at the
 * element that a designer sees. */
void refuse_element(struct draft *draft, const xmlNode *node, const struct element_row *row,
                    const char *shown_id);
/* What looks like documentation but would change what happens. */
void check_documentation(struct draft *draft, const xmlNode *node, const char *id);
/* Children of a flow element that are not executed, or that do not belong there, are refused. */
void check_children(struct draft *draft, const struct draft_element *draft_element);

/* mapping.c */
void mapping_add(struct draft *draft, struct mapping_list *list,
                 const struct bpmn_mapping *mapping);
struct bpmn_mappings mapping_done(const struct mapping_list *list);
/* flowable:in and flowable:out and their like: source or sourceExpression → target. `name` is the
 * extension element. */
void read_parameters(struct draft *draft, const xmlNode *parent, const char *name, const char *id,
                     struct mapping_list *list);
/* flowable:field */
void read_fields(struct draft *draft, const xmlNode *parent, const char *id,
                 struct mapping_list *list);
/* camunda:inputOutput: `name` is inputParameter or outputParameter. */
void read_input_output(struct draft *draft, const xmlNode *parent, const char *name, const char *id,
                       struct mapping_list *list);

/* The parts of one element, a file each. */
void read_details(struct draft *draft, struct draft_element *draft_element);
void read_flow_details(struct draft *draft, struct draft_flow *draft_flow);
void read_user_task(struct draft *draft, struct draft_element *draft_element);
void read_service_task(struct draft *draft, struct draft_element *draft_element);
void read_send_task(struct draft *draft, struct draft_element *draft_element);
void read_receive_task(struct draft *draft, struct draft_element *draft_element);
void read_script_task(struct draft *draft, struct draft_element *draft_element);
void read_call(struct draft *draft, struct draft_element *draft_element);
void read_loop(struct draft *draft, struct draft_element *draft_element);
void read_event(struct draft *draft, struct draft_element *draft_element);
void read_job(struct draft *draft, struct draft_element *draft_element);
void read_listeners(struct draft *draft, const xmlNode *parent, const char *id,
                    struct bpmn_listeners *ret_listeners);
void check_listeners(struct draft *draft, const struct draft_element *draft_element);
const char *read_result_variable(struct draft *draft, const xmlNode *node);

/* call.c: which task a call activity becomes that calls a global task. */
bool find_global_task(struct draft *draft, const xmlNode *call, const xmlNode **ret_task,
                      enum bpmn_element_type *ret_type);

/* event_definition.c: false when it is no event definition. Refusals are findings. */
bool is_definition(const xmlNode *node);
bool read_definition(struct draft *draft, const struct draft_element *draft_element,
                     const xmlNode *definition, struct bpmn_event_definition *ret_definition);
void read_timer(struct draft *draft, const char *id, const xmlNode *definition,
                struct bpmn_event_definition *ret_definition);
/* timer.c: a literal that should be an ISO 8601 date, or a duration. */
void check_due_date(struct draft *draft, const struct expression *expression, bool has_calendar,
                    const char *id, const xmlNode *node);
/* The event of a message that `reference` (may be NULL) names, or a message flow at the element;
 * false when there is none. */
bool read_message(struct draft *draft, const struct draft_element *draft_element,
                  const char *reference, bool throws, const xmlNode *node,
                  struct bpmn_event_definition *ret_definition);

/* message_flow.c */
void read_message_flows(struct draft *draft, const xmlNode *root);
void check_message_flows(struct draft *draft);
/* Participants and flows for those who look at the document. */
void describe_collaborations(struct draft *draft, struct bpmn_document *document);

/* correlation.c: gathers the properties of the file, the bindings of a process, and what a message
 * event is correlated by. */
void collect_correlations(struct draft *draft, const xmlNode *root);
void collect_subscriptions(struct draft *draft);
void read_correlations(struct draft *draft, const struct named *message,
                       struct bpmn_event_definition *definition);

/* data.c: the variable that a data object, property, input or output stands for; NULL when the
 * reference names none of them. */
const char *data_variable(struct draft *draft, const char *reference);
/* Its name attribute; NULL when it has none. */
const char *data_name(struct draft *draft, const char *reference);
void read_data(struct draft *draft, const xmlNode *node, uint32_t scope);

/* association.c: data associations of activities and events. */
enum association_use {
    ASSOCIATION_DRAWN,  /* between variables that are visible anyway: without effect when both sides
                           have one name, or one has none */
    ASSOCIATION_CAUGHT, /* from what is received, which has names of its own */
    ASSOCIATION_SENT,   /* to elsewhere: data without a name there keeps its own */
};
/* Those of `skip` (the input or output that a loop goes over; may be NULL) are left out. */
void read_input_associations(struct draft *draft, const xmlNode *node, const char *id,
                             const char *skip, enum association_use use, struct mapping_list *list);
void read_output_associations(struct draft *draft, const xmlNode *node, const char *id,
                              const char *skip, enum association_use use,
                              struct mapping_list *list);
/* The input (loopDataInputRef) or output that a multi-instance activity goes over; NULL: none. */
const char *loop_reference(struct draft *draft, const xmlNode *node, const char *name);
/* The variable at the other end of the association of a loop's data. */
const char *loop_data_variable(struct draft *draft, const xmlNode *node, const char *reference,
                               bool is_input);

/* process.c: reads elements and flows of a process. */
void read_process(struct draft *draft);
/* resolve.c: references → indices; fills incoming, outgoing, boundary, default. */
void resolve_process(struct draft *draft);
/* container.c: what each container holds and where it starts. */
void resolve_containers(struct draft *draft);
/* link.c: throw → catch. */
void resolve_links(struct draft *draft);
/* compensation.c: boundary events → handlers; what is remembered. */
void resolve_compensation(struct draft *draft);
/* reach.c */
void resolve_reach(struct draft *draft);
/* The draft's elements and flows → the model. */
void finish_model(struct draft *draft);

/* rules.c: what the specification forbids and what cannot run. */
void check_process(struct draft *draft);
void check_events(struct draft *draft, const struct draft_element *draft_element);
void check_gateway(struct draft *draft, const struct draft_element *draft_element);
void check_activity(struct draft *draft, const struct draft_element *draft_element);
void check_reachable(struct draft *draft);
void check_unused(struct draft *draft);
/* rules_reference.c: references that nothing else follows. The process's own, or the file's. */
void check_references(struct draft *draft, const xmlNode *root);

#endif
