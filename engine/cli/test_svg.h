/* A process drawn as SVG, with what was used in green and what was not in red. */
#ifndef SYNERGYFLOW_CLI_TEST_SVG_H
#define SYNERGYFLOW_CLI_TEST_SVG_H

#include "bpmn/base/text.h"
#include "bpmn/model.h"
#include "bpmn/reader/diagram.h"

/* What is known of something on the diagram. */
struct svg_use {
    bool runs;                          /* false: a pool, a note … */
    uint64_t count;                     /* how often */
    const struct bpmn_element *element; /* NULL for a flow */
};

/* `find` is asked for each id on the plane. */
void test_svg_append(struct text *html, const struct diagram_plane *plane,
                     struct svg_use (*find)(void *context, const char *id), void *context);
/* Text as the content of an element, or of an attribute. */
void test_html_escape(struct text *html, const char *text);

#endif
