/* A look at the bytes of XML that needs no parser: how large its tree would be, and where each
 * start tag begins. Works on every encoding in which '<', '>' and quotes are the bytes of ASCII.
 * Private to this folder. */
#ifndef SYNERGYFLOW_READER_SCAN_H
#define SYNERGYFLOW_READER_SCAN_H

#include "bpmn/base/status.h"

#include <stddef.h>

/* What a tree may hold. libxml2 compares every attribute of a tag with every other one, looks each
 * prefix up in a list of all namespaces in scope, and a node takes fifty times the bytes of its
 * tag: without these limits a small file costs minutes or gigabytes. */
enum {
    XML_ELEMENTS_MAX = 1000000,
    XML_ATTRIBUTES_MAX = 2000000,
    XML_TAG_ATTRIBUTES_MAX = 1000,
    XML_LOOKUPS_MAX = 500 * 1000 * 1000, /* names times namespaces */
};

struct scanner {
    const char *at;
    const char *end;
    int line;
    int column;
};

/* A start tag: 1-based position of its "<". The column counts characters of UTF-8. */
struct start_tag {
    int line;
    int column;
    bool is_empty; /* <a/> */
};

void scanner_init(struct scanner *scanner, const char *bytes, size_t length);
/* The next start tag, false when there is none. Adds the end tags before it to *ret_ended. A
 * document type is no tag: the parser refuses it. */
bool scanner_next(struct scanner *scanner, struct start_tag *ret_tag, size_t *ret_ended);

/* STATUS_TOO_LARGE, with a position, when a tree of these bytes would break a limit. */
MUST_CHECK enum status scan_limits(const char *bytes, size_t length, struct error *ret_error);

#endif
