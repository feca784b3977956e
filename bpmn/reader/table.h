/* Every BPMN element and what becomes of it: the one table that the reader works by and that
 * docs/bpmn-support.md is held against. */
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

#endif
