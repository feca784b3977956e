/* See diagram.h. */
#include "bpmn/reader/diagram.h"

#include "bpmn/reader/xml.h"

#include <libxml/hash.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE_MAX = 1000000 };

static const char diagram_namespace[] = "http://www.omg.org/spec/BPMN/20100524/DI";

struct reading {
    struct arena *arena;
    xmlHashTablePtr elements; /* id → element */
    uint32_t items;
};

static bool is_drawn(const xmlNode *node, const char *name)
{
    return node->ns != NULL && strcmp((const char *)node->ns->href, diagram_namespace) == 0 &&
           strcmp(xml_name(node), name) == 0;
}

/* Bounds and waypoints: whatever namespace the tool has taken for them. */
static const xmlNode *child_named(const xmlNode *node, const char *name)
{
    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child)) {
        if (strcmp(xml_name(child), name) == 0)
            return child;
    }
    return NULL;
}

static bool read_number(struct reading *reading, const xmlNode *node, const char *name,
                        double *ret_number)
{
    const char *text = xml_attribute(reading->arena, node, name);
    char *end = NULL;
    double number = text != NULL ? strtod(text, &end) : NAN;

    if (text == NULL || end == text || !isfinite(number) || fabs(number) > COORDINATE_MAX)
        return false;
    *ret_number = number;
    return true;
}

static bool read_bounds(struct reading *reading, const xmlNode *node,
                        struct diagram_bounds *ret_bounds)
{
    const xmlNode *bounds = child_named(node, "Bounds");

    return bounds != NULL && read_number(reading, bounds, "x", &ret_bounds->x) &&
           read_number(reading, bounds, "y", &ret_bounds->y) &&
           read_number(reading, bounds, "width", &ret_bounds->width) &&
           read_number(reading, bounds, "height", &ret_bounds->height) && ret_bounds->width >= 0 &&
           ret_bounds->height >= 0;
}

static bool read_points(struct reading *reading, const xmlNode *node, struct diagram_item *item)
{
    uint32_t count = 0;

    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child))
        count += strcmp(xml_name(child), "waypoint") == 0;
    if (count < 2 || count > DIAGRAM_ITEMS_MAX - reading->items)
        return false;
    reading->items += count;
    item->points = arena_array(reading->arena, count, sizeof(*item->points));
    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child)) {
        struct diagram_point *point = &item->points[item->point_count];

        if (strcmp(xml_name(child), "waypoint") != 0)
            continue;
        if (!read_number(reading, child, "x", &point->x) ||
            !read_number(reading, child, "y", &point->y))
            return false;
        item->point_count++;
    }
    return true;
}

/* "tns:open" is open: ids have no colon. */
static const char *read_reference(struct reading *reading, const xmlNode *node)
{
    const char *reference = xml_attribute(reading->arena, node, "bpmnElement");
    const char *colon = reference != NULL ? strrchr(reference, ':') : NULL;

    if (reference == NULL)
        return "";
    return colon != NULL ? colon + 1 : reference;
}

static bool read_item(struct reading *reading, const xmlNode *node, struct diagram_item *item)
{
    const xmlNode *label = child_named(node, "BPMNLabel");
    const xmlNode *element;
    const char *name;

    item->element_id = read_reference(reading, node);
    if (is_drawn(node, "BPMNEdge") ? !read_points(reading, node, item)
                                   : !read_bounds(reading, node, &item->bounds))
        return false;
    item->has_label = label != NULL && read_bounds(reading, label, &item->label);
    item->is_collapsed = !xml_is_true(reading->arena, node, "isExpanded", true);
    element = xmlHashLookup(reading->elements, (const xmlChar *)item->element_id);
    name = element != NULL ? xml_attribute(reading->arena, element, "name") : NULL;
    if (element != NULL && name == NULL && xml_child(element, "text") != NULL)
        name = xml_text(reading->arena, xml_child(element, "text")); /* an annotation */
    item->type = element != NULL ? arena_copy(reading->arena, xml_name(element)) : "";
    item->name = name != NULL ? name : "";
    return true;
}

static void read_plane(struct reading *reading, const xmlNode *node, struct diagram_plane *plane)
{
    uint32_t count = 0;

    plane->element_id = read_reference(reading, node);
    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child))
        count++;
    plane->items = arena_array(reading->arena, count + 1, sizeof(*plane->items));
    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child)) {
        struct diagram_item item = {0};

        if (!is_drawn(child, "BPMNShape") && !is_drawn(child, "BPMNEdge"))
            continue;
        if (reading->items >= DIAGRAM_ITEMS_MAX)
            return;
        reading->items++;
        if (read_item(reading, child, &item))
            plane->items[plane->item_count++] = item;
    }
}

static void read_elements(struct reading *reading, const xmlNode *root)
{
    for (const xmlNode *node = root; node != NULL; node = xml_following(root, node)) {
        const char *id = xml_is_bpmn(node) ? xml_attribute(reading->arena, node, "id") : NULL;

        if (id != NULL) /* of two with the same id the first is taken */
            (void)xmlHashAddEntry(reading->elements, (const xmlChar *)id, (void *)node);
    }
}

static void read_planes(struct reading *reading, const xmlNode *root, struct diagram *diagram)
{
    uint32_t count = 0;

    for (const xmlNode *node = root; node != NULL; node = xml_following(root, node))
        count += is_drawn(node, "BPMNPlane");
    diagram->planes = arena_array(reading->arena, count + 1, sizeof(*diagram->planes));
    for (const xmlNode *node = root; node != NULL; node = xml_following(root, node)) {
        if (is_drawn(node, "BPMNPlane"))
            read_plane(reading, node, &diagram->planes[diagram->plane_count++]);
    }
}

enum status diagram_read(const char *bytes, size_t length, struct arena *arena,
                         struct diagram *ret_diagram, struct error *ret_error)
{
    struct reading reading = {.arena = arena};
    xmlDocPtr document = NULL;
    const xmlNode *root;
    enum status status = xml_parse(bytes, length, &document, ret_error);

    if (status != STATUS_OK)
        return status;
    *ret_diagram = (struct diagram){0};
    root = xmlDocGetRootElement(document);
    reading.elements = xmlHashCreate(0);
    read_elements(&reading, root);
    read_planes(&reading, root, ret_diagram);
    xmlHashFree(reading.elements, NULL);
    xmlFreeDoc(document);
    return STATUS_OK;
}
