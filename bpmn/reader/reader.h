/* BPMN 2.0 XML → model.
 *
 * libxml2 with line numbers; network access and entity expansion off; a document type declaration
 * is refused; size and depth are limited. Namespaces are compared by URI, never by prefix. Whatever
 * the engine cannot execute is a finding with element id and line, never ignored silently. */
#ifndef SYNERGYFLOW_READER_H
#define SYNERGYFLOW_READER_H

#include "bpmn/model.h"

enum { BPMN_FINDINGS_MAX = 100 };
/* Limits of a file: bytes, nesting depth, elements (flows included). */
enum { BPMN_FILE_BYTES_MAX = 16 * 1024 * 1024, BPMN_DEPTH_MAX = 100, BPMN_ELEMENTS_MAX = 50000 };

enum bpmn_severity { BPMN_ERROR, BPMN_WARNING };

/* One thing that is wrong; texts live in the findings' arena. */
struct bpmn_finding {
    enum bpmn_severity severity;
    const char *rule;       /* such as "sequence-flow-target" */
    const char *element_id; /* "" when the file as a whole is at fault */
    int line;
    int column;
    const char *message; /* a sentence: what was expected, what was found, what to do */
};

struct bpmn_findings {
    struct arena *arena; /* borrowed from the caller */
    struct bpmn_finding items[BPMN_FINDINGS_MAX];
    uint32_t count;
    uint32_t error_count; /* includes errors past BPMN_FINDINGS_MAX */
    int64_t now_us;       /* set by the caller: dates before it are in the past; 0: unknown */
};

/* Reads a whole file. On STATUS_OK the caller owns *ret_document; `findings` may hold warnings. On
 * STATUS_INVALID (or STATUS_TOO_LARGE) no document; every error found is in `findings` and the
 * first one is also in `ret_error` with element id, line and column. `findings->arena` must be set
 * and the rest zeroed (but now_us). */
MUST_CHECK enum status bpmn_read(const char *bytes, size_t length, struct bpmn_findings *findings,
                                 struct bpmn_document **ret_document, struct error *ret_error);

/* What was understood as JSON (for `synergyflow inspect`): {"processes":[{"id","name",
 * "executable","elements":[…],"flows":[…],"data":[…],"counts":{…}}],"participants":[…],
 * "messageFlows":[…]}. New reference. */
json_t *bpmn_document_describe(const struct bpmn_document *document);

/* The same for any file of BPMN, executable or not, complete or in error: as far as it was
 * understood. Fails only when the file is no BPMN at all. New reference. */
MUST_CHECK enum status bpmn_inspect(const char *bytes, size_t length,
                                    struct bpmn_findings *findings, json_t **ret_description,
                                    struct error *ret_error);

#endif
