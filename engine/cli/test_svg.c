/* See test_svg.h. */
#include "engine/cli/test_svg.h"

#include <string.h>

enum { LINES_MAX = 6, LINE_BYTES = 120 };

static const double margin = 30;
static const double letter_width = 6.2; /* of the 11 pixel font, on average */

struct drawing {
    struct text *html;
    struct svg_use (*find)(void *context, const char *id);
    void *context;
};

void test_html_escape(struct text *html, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            text_append(html, "&amp;");
            break;
        case '<':
            text_append(html, "&lt;");
            break;
        case '>':
            text_append(html, "&gt;");
            break;
        case '"':
            text_append(html, "&quot;");
            break;
        default:
            text_append_char(html, *text);
        }
    }
}

/* ---- texts ---- */

static size_t letters(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* Words in lines of at most `width` letters; what does not fit the last line is left out. */
static int wrap(const char *text, size_t width, char lines[LINES_MAX][LINE_BYTES])
{
    int count = 0;

    while (*(text += strspn(text, " \t\r\n")) != '\0' && count < LINES_MAX) {
        size_t length = strcspn(text, " \t\r\n");

        for (;;) { /* one more word */
            size_t gap = strspn(text + length, " \t\r\n");
            size_t word = strcspn(text + length + gap, " \t\r\n");

            if (word == 0 || letters(text, length + gap + word) > width)
                break;
            length += gap + word;
        }
        if (length >= LINE_BYTES)
            length = LINE_BYTES - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--; /* not within a letter */
        memcpy(lines[count], text, length);
        lines[count++][length] = '\0';
        text += length;
    }
    return count;
}

/* Lines around a point; a label, which stands outside of what it names, below it. */
static void append_text(struct text *html, const char *text, double x, double y, double width,
                        bool below, bool label)
{
    char lines[LINES_MAX][LINE_BYTES];
    size_t fit = width > letter_width ? (size_t)(width / letter_width) : 1;
    int count = wrap(text, fit, lines);

    if (!below)
        y -= (count - 1) * 13 / 2.0;
    for (int i = 0; i < count; i++) {
        text_append_format(html, "<text%s x=\"%.1f\" y=\"%.1f\">", label ? " class=\"label\"" : "",
                           x, y + i * 13 + 4);
        test_html_escape(html, lines[i]);
        text_append(html, "</text>");
    }
}

/* ---- what events and gateways show inside; in a box of 36 × 36, or 50 × 50 ---- */

static const char *const event_marks[] = {
    [BPMN_EVENT_MESSAGE] = "M9 12h18v12h-18z M9 12l9 7l9-7",
    [BPMN_EVENT_TIMER] = "M9 18a9 9 0 1 0 18 0a9 9 0 1 0 -18 0 M18 18l3-6 M18 18l5 2",
    [BPMN_EVENT_SIGNAL] = "M18 9l9 15h-18z",
    [BPMN_EVENT_ERROR] = "M9 26l5-14l7 8l6-11l-5 16l-7-8z",
    [BPMN_EVENT_ESCALATION] = "M18 8l7 18l-7-7l-7 7z",
    [BPMN_EVENT_COMPENSATION] = "M18 11v14l-9-7z M27 11v14l-9-7z",
    [BPMN_EVENT_CONDITIONAL] = "M11 9h14v18h-14z M13 13h10 M13 18h10 M13 23h10",
    [BPMN_EVENT_CANCEL] = "M11 11l14 14 M25 11l-14 14",
    [BPMN_EVENT_LINK] = "M9 15h9v-5l9 8l-9 8v-5h-9z",
    [BPMN_EVENT_TERMINATE] = "M10 18a8 8 0 1 0 16 0a8 8 0 1 0 -16 0",
};

static const char *event_mark(const struct bpmn_element *element)
{
    if (element->events.count == 0)
        return "";
    if (element->events.count > 1)
        return element->parallel_multiple ? "M16 9h4v7h7v4h-7v7h-4v-7h-7v-4h7z"
                                          : "M18 9l9 7l-4 10h-10l-4-10z";
    return event_marks[element->events.items[0].kind];
}

static const char *gateway_mark(const struct bpmn_element *element)
{
    switch (element->type) {
    case BPMN_EXCLUSIVE_GATEWAY:
        return "M18 17l14 16 M32 17l-14 16";
    case BPMN_PARALLEL_GATEWAY:
        return "M25 14v22 M14 25h22";
    case BPMN_INCLUSIVE_GATEWAY:
        return "M15 25a10 10 0 1 0 20 0a10 10 0 1 0 -20 0";
    case BPMN_COMPLEX_GATEWAY:
        return "M25 14v22 M14 25h22 M17 17l16 16 M33 17l-16 16";
    case BPMN_EVENT_BASED_GATEWAY:
        return "M13 25a12 12 0 1 0 24 0a12 12 0 1 0 -24 0 M25 17l8 6l-3 9h-10l-3-9z";
    default:
        return "";
    }
}

static void append_mark(struct text *html, const struct diagram_bounds *at, const char *mark,
                        double size, bool filled)
{
    if (*mark == '\0' || at->width <= 0)
        return;
    text_append_format(html,
                       "<path class=\"mark%s\" transform=\"translate(%.1f %.1f) scale(%.3f)\" "
                       "d=\"%s\"/>",
                       filled ? " filled" : "", at->x, at->y, at->width / size, mark);
}

/* ---- shapes ---- */

static bool is_event(const char *type)
{
    size_t length = strlen(type);

    return length > 5 && strcmp(type + length - 5, "Event") == 0;
}

static bool is_gateway(const char *type)
{
    return strstr(type, "Gateway") != NULL;
}

static void append_event(struct drawing *drawing, const struct diagram_item *item,
                         const struct bpmn_element *element)
{
    const struct diagram_bounds *at = &item->bounds;
    double radius = at->width / 2;
    bool is_end = strcmp(item->type, "endEvent") == 0;
    bool is_throw = is_end || strcmp(item->type, "intermediateThrowEvent") == 0;
    bool dashed = element != NULL && !element->interrupting &&
                  (element->type == BPMN_BOUNDARY_EVENT ||
                   (element->type == BPMN_START_EVENT && element->scope != BPMN_NONE &&
                    element->events.count > 0));
    const char *style = is_end ? " thick" : dashed ? " dashed" : "";

    text_append_format(drawing->html,
                       "<circle class=\"shape%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", style,
                       at->x + radius, at->y + at->height / 2, radius);
    if (!is_end && strcmp(item->type, "startEvent") != 0)
        text_append_format(drawing->html,
                           "<circle class=\"inner%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", style,
                           at->x + radius, at->y + at->height / 2, radius - 3);
    if (element != NULL)
        append_mark(drawing->html, at, event_mark(element), 36, is_throw);
}

static void append_gateway(struct drawing *drawing, const struct diagram_item *item,
                           const struct bpmn_element *element)
{
    const struct diagram_bounds *at = &item->bounds;
    double middle_x = at->x + at->width / 2;
    double middle_y = at->y + at->height / 2;

    text_append_format(drawing->html,
                       "<polygon class=\"shape\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f "
                       "%.1f,%.1f\"/>",
                       middle_x, at->y, at->x + at->width, middle_y, middle_x, at->y + at->height,
                       at->x, middle_y);
    if (element != NULL)
        append_mark(drawing->html, at, gateway_mark(element), 50, false);
}

/* A plain activity has no letters in its corner. */
static const char *activity_kind(const struct bpmn_element *element)
{
    switch (element->type) {
    case BPMN_USER_TASK:
        return "user";
    case BPMN_SERVICE_TASK:
        return "service";
    case BPMN_SCRIPT_TASK:
        return "script";
    case BPMN_SEND_TASK:
        return "send";
    case BPMN_RECEIVE_TASK:
        return "receive";
    case BPMN_BUSINESS_RULE_TASK:
        return "rule";
    case BPMN_MANUAL_TASK:
        return "manual";
    case BPMN_CALL_ACTIVITY:
        return "call";
    case BPMN_AD_HOC_SUB_PROCESS:
        return "ad hoc";
    case BPMN_TRANSACTION:
        return "transaction";
    default:
        return "";
    }
}

static const char *loop_mark(const struct bpmn_element *element)
{
    static const char *const marks[] = {
        [BPMN_LOOP_NONE] = "",
        [BPMN_LOOP_STANDARD] = "↻",
        [BPMN_LOOP_SEQUENTIAL] = "≡",
        [BPMN_LOOP_PARALLEL] = "|||",
    };

    return marks[element->loop.kind];
}

static void append_activity(struct drawing *drawing, const struct diagram_item *item,
                            const struct bpmn_element *element)
{
    const struct diagram_bounds *at = &item->bounds;
    bool is_event_sub_process = element != NULL && element->type == BPMN_EVENT_SUB_PROCESS;
    bool is_thick = element != NULL && element->type == BPMN_CALL_ACTIVITY;

    text_append_format(drawing->html,
                       "<rect class=\"shape%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                       "height=\"%.1f\" rx=\"8\"/>",
                       is_event_sub_process ? " dashed"
                       : is_thick           ? " thick"
                                            : "",
                       at->x, at->y, at->width, at->height);
    if (element == NULL)
        return;
    text_append_format(drawing->html, "<text class=\"kind\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                       at->x + 6, at->y + 12, activity_kind(element));
    text_append_format(drawing->html, "<text class=\"loop\" x=\"%.1f\" y=\"%.1f\">%s%s</text>",
                       at->x + at->width / 2, at->y + at->height - 5, loop_mark(element),
                       bpmn_is_sub_process(element->type) && item->is_collapsed ? " ⊞" : "");
}

/* Pools, lanes, notes, data: what does not run. */
static void append_other(struct drawing *drawing, const struct diagram_item *item)
{
    const struct diagram_bounds *at = &item->bounds;

    text_append_format(drawing->html,
                       "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                       strcmp(item->type, "group") == 0 ? "shape dashed" : "shape", at->x, at->y,
                       at->width, at->height);
}

static bool is_pool(const char *type)
{
    return strcmp(type, "participant") == 0 || strcmp(type, "lane") == 0;
}

/* Inside, beside, or where the file says. */
static void append_name(struct drawing *drawing, const struct diagram_item *item)
{
    const struct diagram_bounds *at = &item->bounds;
    double middle = at->x + at->width / 2;
    bool is_open_container = !item->is_collapsed && at->height > 110;

    if (*item->name == '\0')
        return;
    if (is_pool(item->type)) {
        double x = at->x + 14;
        double y = at->y + at->height / 2;

        text_append_format(drawing->html, "<g transform=\"rotate(-90 %.1f %.1f)\">", x, y);
        append_text(drawing->html, item->name, x, y, at->height, false, false);
        text_append(drawing->html, "</g>");
    } else if (is_event(item->type) || is_gateway(item->type)) {
        bool placed = item->has_label && item->label.width > 0;

        append_text(drawing->html, item->name,
                    placed ? item->label.x + item->label.width / 2 : middle,
                    placed ? item->label.y + 6 : at->y + at->height + 9,
                    placed && item->label.width > 60 ? item->label.width : 90, true, true);
    } else {
        append_text(drawing->html, item->name, middle,
                    is_open_container ? at->y + 16 : at->y + at->height / 2, at->width - 8,
                    is_open_container, false);
    }
}

static void append_shape(struct drawing *drawing, const struct diagram_item *item,
                         const struct svg_use *use)
{
    if (is_event(item->type))
        append_event(drawing, item, use->element);
    else if (is_gateway(item->type))
        append_gateway(drawing, item, use->element);
    else if (use->element != NULL || strstr(item->type, "ask") != NULL ||
             strstr(item->type, "rocess") != NULL || strcmp(item->type, "callActivity") == 0)
        append_activity(drawing, item, use->element);
    else
        append_other(drawing, item);
    append_name(drawing, item);
}

static void append_edge(struct drawing *drawing, const struct diagram_item *item)
{
    const struct diagram_point *middle = &item->points[(item->point_count - 1) / 2];
    bool is_flow = strcmp(item->type, "sequenceFlow") == 0;

    text_append_format(drawing->html, "<polyline class=\"flow%s\"%s points=\"",
                       is_flow ? "" : " dashed", is_flow ? " marker-end=\"url(#arrow)\"" : "");
    for (uint32_t i = 0; i < item->point_count; i++)
        text_append_format(drawing->html, "%.1f,%.1f ", item->points[i].x, item->points[i].y);
    text_append(drawing->html, "\"/>");
    if (*item->name == '\0')
        return;
    if (item->has_label && item->label.width > 0)
        append_text(drawing->html, item->name, item->label.x + item->label.width / 2,
                    item->label.y + 6, 90, true, true);
    else
        append_text(drawing->html, item->name, (middle[0].x + middle[1].x) / 2,
                    (middle[0].y + middle[1].y) / 2 - 10, 90, false, true);
}

/* ---- the sheet ---- */

static void include(struct diagram_bounds *box, double left, double top, double right,
                    double bottom)
{
    /* width and height are the right and lower border while the box grows */
    if (left < box->x)
        box->x = left;
    if (top < box->y)
        box->y = top;
    if (right > box->width)
        box->width = right;
    if (bottom > box->height)
        box->height = bottom;
}

static struct diagram_bounds box_of(const struct diagram_plane *plane)
{
    struct diagram_bounds box = {1e9, 1e9, -1e9, -1e9};

    for (uint32_t i = 0; i < plane->item_count; i++) {
        const struct diagram_item *item = &plane->items[i];
        const struct diagram_bounds *at = &item->bounds;

        for (uint32_t p = 0; p < item->point_count; p++)
            include(&box, item->points[p].x, item->points[p].y, item->points[p].x,
                    item->points[p].y);
        if (item->point_count == 0)
            include(&box, at->x, at->y, at->x + at->width, at->y + at->height + 26);
        if (item->has_label)
            include(&box, item->label.x, item->label.y, item->label.x + item->label.width,
                    item->label.y + item->label.height);
    }
    box.width -= box.x;
    box.height -= box.y;
    return box;
}

static void append_item(struct drawing *drawing, const struct diagram_item *item)
{
    struct svg_use use = drawing->find(drawing->context, item->element_id);

    text_append_format(drawing->html, "<g class=\"%s\">",
                       !use.runs       ? "around"
                       : use.count > 0 ? "used"
                                       : "unused");
    text_append(drawing->html, "<title>");
    test_html_escape(drawing->html, item->element_id);
    if (use.runs)
        text_append_format(drawing->html, ": %llu times", (unsigned long long)use.count);
    text_append(drawing->html, "</title>");
    if (item->point_count > 0)
        append_edge(drawing, item);
    else
        append_shape(drawing, item, &use);
    text_append(drawing->html, "</g>\n");
}

/* Flows lie above sub-processes and below what they connect. Boundary events come last: they sit
 * on the border of something. */
static int layer(const struct diagram_item *item)
{
    if (item->point_count > 0)
        return 1;
    if (strcmp(item->type, "boundaryEvent") == 0)
        return 3;
    return is_event(item->type) || is_gateway(item->type) || item->bounds.height <= 110 ? 2 : 0;
}

void test_svg_append(struct text *html, const struct diagram_plane *plane,
                     struct svg_use (*find)(void *context, const char *id), void *context)
{
    struct drawing drawing = {html, find, context};
    struct diagram_bounds box = box_of(plane);

    text_append_format(html,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                       "viewBox=\"%.1f %.1f %.1f %.1f\">\n",
                       box.width + 2 * margin, box.height + 2 * margin, box.x - margin,
                       box.y - margin, box.width + 2 * margin, box.height + 2 * margin);
    text_append(html, "<defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" "
                      "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                      "<path d=\"M0 1l10 4l-10 4z\" fill=\"#555\"/></marker></defs>\n");
    for (int at = 0; at <= 3; at++) {
        for (uint32_t i = 0; i < plane->item_count; i++) {
            if (layer(&plane->items[i]) == at)
                append_item(&drawing, &plane->items[i]);
        }
    }
    text_append(html, "</svg>\n");
}
