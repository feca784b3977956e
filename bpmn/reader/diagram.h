/* The drawing in a BPMN file (BPMN DI): where each element stands. Nothing that runs needs it;
 * pages that show a process do. */
#ifndef SYNERGYFLOW_READER_DIAGRAM_H
#define SYNERGYFLOW_READER_DIAGRAM_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <stdint.h>

enum { DIAGRAM_ITEMS_MAX = 100000 }; /* shapes, edges and waypoints of a file */

struct diagram_bounds {
    double x;
    double y;
    double width;
    double height;
};

struct diagram_point {
    double x;
    double y;
};

/* What stands for an element: a shape with bounds, or an edge with two points or more. */
struct diagram_item {
    const char *element_id;
    const char *type; /* the XML element's name: "userTask", "participant"; "" when unknown */
    const char *name; /* "" when it has none */
    struct diagram_bounds bounds;
    bool has_label;
    struct diagram_bounds label;
    bool is_collapsed; /* a sub-process that is drawn closed */
    struct diagram_point *points;
    uint32_t point_count; /* 0: a shape */
};

/* One sheet; a file may have several, each with coordinates of its own. Items are in the order of
 * the file: what stands inside comes after what stands around it. */
struct diagram_plane {
    const char *element_id; /* of the process, collaboration or sub-process; "" when not said */
    struct diagram_item *items;
    uint32_t item_count;
};

struct diagram {
    struct diagram_plane *planes;
    uint32_t plane_count;
};

/* A file without a drawing has no planes. What is drawn wrongly (no bounds, no numbers) is left
 * out. Everything lives in `arena`. */
MUST_CHECK enum status diagram_read(const char *bytes, size_t length, struct arena *arena,
                                    struct diagram *ret_diagram, struct error *ret_error);

#endif
