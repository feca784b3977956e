/* One reading of a BPMN file and what came of it, for the reader's tests. */
#ifndef SYNERGYFLOW_TESTS_BPMN_READING_H
#define SYNERGYFLOW_TESTS_BPMN_READING_H

#include "bpmn/reader/reader.h"

struct reading {
    enum status status;
    struct bpmn_document *document; /* NULL unless STATUS_OK */
    struct bpmn_findings findings;
    struct error error;
};

/* Reads a copy of exactly `length` bytes, so that AddressSanitizer sees a read past them. The
 * caller releases with reading_free(). Asserts what holds for every input: a document or errors,
 * never both and never neither; findings with a rule, a position and a message in UTF-8. */
struct reading *reading_new(const char *bytes, size_t length);
struct reading *reading_of_text(const char *text);
struct reading *reading_of_process(const char *body); /* process_with(); asserts STATUS_OK */
struct reading *reading_of_file(const char *path);    /* inside tests/bpmn/models */
void reading_free(struct reading *reading);

/* The one process's body inside well-formed definitions; free() the text. Line 1 is the body's. */
char *process_with(const char *body);

/* The first finding of that rule, NULL when there is none. */
const struct bpmn_finding *reading_finding(const struct reading *reading, const char *rule);

/* A finding that a body must give. `element` and `words` (of the message) may be NULL: not looked
 * at. */
struct finding_row {
    const char *body;
    const char *rule;
    const char *element;
    const char *words;
};

/* Reads each body and asserts the finding; warnings must leave the body deployable. */
void check_findings(const struct finding_row *rows, size_t count, enum bpmn_severity severity);
/* Bodies to which there is nothing to say. */
void check_accepted(const char *const *bodies, size_t count);

/* What the description of an element (or a process; "": of everything) must hold: JSON with ' for
 * "; a member that is null must be absent. `body` is a process's, or whole definitions. */
struct description_row {
    const char *body;
    const char *element;
    const char *holds;
};

void check_descriptions(const struct description_row *rows, size_t count);

/* The whole file, NUL-terminated; free() it. NULL when there is none. */
char *file_bytes(const char *path, size_t *ret_length);

#endif
