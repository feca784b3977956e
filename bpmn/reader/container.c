/* What a process and each sub-process hold, and where a token starts in them. */
#include "bpmn/reader/draft.h"

#include <string.h>

/* A list that grows: what a container has of one kind. */
struct growing {
    uint32_t *items;
    uint32_t count;
    uint32_t capacity;
};

struct building {
    struct growing children;
    struct growing starts;
    struct growing triggered;
    struct growing event_sub_processes;
    uint32_t data_count;
    struct bpmn_data *data;
    bool has_start_event;
};

static void push(struct draft *draft, struct growing *list, uint32_t index)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity > 0 ? 2 * list->capacity : 4;

        list->items =
            arena_grow(draft->arena, list->items, list->count, capacity, sizeof(*list->items));
        list->capacity = capacity;
    }
    list->items[list->count++] = index;
}

static bool is_instantiating(const struct bpmn_element *element)
{
    return element->instantiate &&
           (element->type == BPMN_RECEIVE_TASK || element->type == BPMN_EVENT_BASED_GATEWAY);
}

/* Where a token may start without a start event. */
static bool is_implicit_start(const struct bpmn_element *element)
{
    return element->incoming_count == 0 && element->type != BPMN_BOUNDARY_EVENT &&
           element->type != BPMN_EVENT_SUB_PROCESS && element->type != BPMN_START_EVENT &&
           !element->for_compensation && !is_instantiating(element) &&
           !(element->type == BPMN_INTERMEDIATE_CATCH_EVENT &&
             bpmn_element_event(element, BPMN_EVENT_LINK) != NULL);
}

/* A trigger that could not be read is one all the same. */
static bool has_trigger(const struct draft_element *draft_element)
{
    for (const xmlNode *child = xml_children(draft_element->node); child != NULL;
         child = xml_next(child)) {
        if (is_definition(child) || xml_is(child, "eventDefinitionRef"))
            return true;
    }
    return false;
}

static void sort_start(struct draft *draft, struct building *in, const struct draft_element *start)
{
    bool is_of_event = start->element.scope != BPMN_NONE &&
                       draft->elements[start->element.scope].element.type == BPMN_EVENT_SUB_PROCESS;

    in->has_start_event = true;
    if (is_of_event || !has_trigger(start)) {
        if (in->starts.count > 0)
            finding_add(draft->findings, BPMN_ERROR, "several-start-events", start->element.id,
                        start->node, "Expected one start event here but '%.100s' is one already.",
                        draft->elements[in->starts.items[0]].element.id);
        push(draft, &in->starts, start->element.index);
    } else if (start->element.scope == BPMN_NONE) {
        push(draft, &in->triggered, start->element.index);
    }
}

/* Start events and instantiating elements; what needs the others to be known comes after. */
static void sort_children(struct draft *draft, struct building *buildings)
{
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct draft_element *draft_element = &draft->elements[i];
        const struct bpmn_element *element = &draft_element->element;
        struct building *in =
            &buildings[element->scope == BPMN_NONE ? draft->element_count : element->scope];

        push(draft, &in->children, i);
        if (element->type == BPMN_START_EVENT)
            sort_start(draft, in, draft_element);
        if (element->type == BPMN_EVENT_SUB_PROCESS)
            push(draft, &in->event_sub_processes, i);
        if (element->scope == BPMN_NONE && is_instantiating(element))
            push(draft, &in->triggered, i);
    }
}

static void find_implicit_starts(struct draft *draft, struct building *buildings)
{
    for (uint32_t i = 0; i < draft->element_count; i++) {
        const struct bpmn_element *element = &draft->elements[i].element;
        uint32_t owner = element->scope == BPMN_NONE ? draft->element_count : element->scope;

        if (!buildings[owner].has_start_event && is_implicit_start(element))
            push(draft, &buildings[owner].starts, i);
    }
}

static void place_data(struct draft *draft, struct building *buildings)
{
    uint32_t *owners = arena_array(draft->arena, draft->data_count + 1, sizeof(*owners));

    for (uint32_t i = 0; i < draft->data_count; i++) {
        owners[i] = draft->data[i].scope == BPMN_NONE ? draft->element_count : draft->data[i].scope;
        buildings[owners[i]].data_count++;
    }
    for (uint32_t i = 0; i < draft->data_count; i++) {
        struct building *in = &buildings[owners[i]];

        if (in->data == NULL) {
            in->data = arena_array(draft->arena, in->data_count, sizeof(*in->data));
            in->data_count = 0;
        }
        in->data[in->data_count++] = draft->data[i].data;
    }
}

static struct bpmn_container finished(const struct building *from)
{
    return (struct bpmn_container){
        .children = {from->children.items, from->children.count},
        .starts = {from->starts.items, from->starts.count},
        .triggered_starts = {from->triggered.items, from->triggered.count},
        .event_sub_processes = {from->event_sub_processes.items, from->event_sub_processes.count},
        .data = from->data,
        .data_count = from->data_count};
}

void resolve_containers(struct draft *draft)
{
    /* One for each element, the process's behind them. */
    struct building *buildings =
        arena_array(draft->arena, draft->element_count + 1, sizeof(*buildings));

    sort_children(draft, buildings);
    find_implicit_starts(draft, buildings);
    place_data(draft, buildings);
    for (uint32_t i = 0; i < draft->element_count; i++) {
        struct bpmn_container *container;

        if (!bpmn_is_sub_process(draft->elements[i].element.type))
            continue;
        container = arena_alloc(draft->arena, sizeof(*container));
        *container = finished(&buildings[i]);
        draft->elements[i].element.container = container;
    }
    draft->model->container = finished(&buildings[draft->element_count]);
}
