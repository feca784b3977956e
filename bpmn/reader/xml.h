/* Safe XML: bytes → tree with exact positions. Private to this folder. */
#ifndef SYNERGYFLOW_READER_XML_H
#define SYNERGYFLOW_READER_XML_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <libxml/tree.h>

/* The caller frees *ret_document with xmlFreeDoc. Each element carries its position in _private. */
MUST_CHECK enum status xml_parse(const char *bytes, size_t length, xmlDocPtr *ret_document,
                                 struct error *ret_error);

/* 1-based position of an element's "<". */
int xml_line(const xmlNode *node);
int xml_column(const xmlNode *node);

bool xml_is_bpmn(const xmlNode *node);                    /* in the BPMN model namespace */
bool xml_is(const xmlNode *node, const char *local_name); /* a BPMN element of that name */
const char *xml_name(const xmlNode *node);
/* The next element at or after `node` among its siblings. */
const xmlNode *xml_element(const xmlNode *node);
const xmlNode *xml_children(const xmlNode *node);
const xmlNode *xml_next(const xmlNode *node);
/* The next element in document order below `root`; NULL past the last. */
const xmlNode *xml_following(const xmlNode *root, const xmlNode *node);
/* First BPMN child of that name, NULL when there is none. */
const xmlNode *xml_child(const xmlNode *node, const char *local_name);

/* An attribute without namespace, copied into the arena; NULL when absent. */
const char *xml_attribute(struct arena *arena, const xmlNode *node, const char *name);
const char *xml_attribute_ns(struct arena *arena, const xmlNode *node, const char *uri,
                             const char *name);
/* A Boolean attribute: "true" or "1". */
bool xml_is_true(struct arena *arena, const xmlNode *node, const char *name, bool when_absent);
/* Text content without surrounding white space; NULL when empty. */
const char *xml_text(struct arena *arena, const xmlNode *node);

#endif
