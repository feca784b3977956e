/* Any bytes as a BPMN file: read and described. What has to hold is checked besides the sanitizers:
 * a document or errors, findings with places and sentences in UTF-8, and in a document every index
 * names what it should. */
#include <stdint.h>
#include <string.h>

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "bpmn/reader/reader.h"
#include "bpmn/reader/table.h"

enum { ARENA_BYTES = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sentence(const char *text)
{
    INVARIANT(text != NULL && text[0] != '\0');
    INVARIANT(text_is_utf8(text, strlen(text)));
}

static void check_findings(const struct bpmn_findings *findings)
{
    INVARIANT(findings->count <= BPMN_FINDINGS_MAX);
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct bpmn_finding *finding = &findings->items[i];

        INVARIANT(rule_row(finding->rule) != NULL);
        INVARIANT(finding->line > 0 && finding->column > 0 && finding->element_id != NULL);
        check_sentence(finding->message);
    }
}

static void check_flows(const struct bpmn_model *model)
{
    for (uint32_t i = 0; i < model->flow_count; i++) {
        const struct bpmn_flow *flow = &model->flows[i];

        INVARIANT(flow->index == i);
        INVARIANT(flow->source < model->element_count && flow->target < model->element_count);
        INVARIANT(model->elements[flow->source].scope == model->elements[flow->target].scope);
    }
}

static void check_list(const struct bpmn_model *model, const struct bpmn_index_list *list,
                       uint32_t scope)
{
    for (uint32_t i = 0; i < list->count; i++) {
        INVARIANT(list->items[i] < model->element_count);
        INVARIANT(model->elements[list->items[i]].scope == scope);
    }
}

static void check_container(const struct bpmn_model *model, const struct bpmn_container *container,
                            uint32_t scope)
{
    check_list(model, &container->children, scope);
    check_list(model, &container->starts, scope);
    check_list(model, &container->triggered_starts, scope);
    check_list(model, &container->event_sub_processes, scope);
    for (uint32_t i = 0; i < container->data_count; i++)
        INVARIANT(container->data[i].name != NULL);
}

static bool is_index(const struct bpmn_model *model, uint32_t index)
{
    return index == BPMN_NONE || index < model->element_count;
}

static void check_mappings(const struct bpmn_mappings *mappings)
{
    for (uint32_t i = 0; i < mappings->count; i++) {
        const struct bpmn_mapping *mapping = &mappings->items[i];

        INVARIANT(mapping->all ||
                  ((mapping->source != NULL) != (mapping->source_variable != NULL) &&
                   (mapping->target != NULL || mapping->target_expression != NULL)));
    }
}

static void check_event(const struct bpmn_model *model, const struct bpmn_event_definition *event)
{
    INVARIANT(is_index(model, event->activity));
    INVARIANT(IMPLIES(event->kind == BPMN_EVENT_MESSAGE || event->kind == BPMN_EVENT_SIGNAL,
                      event->name != NULL));
    INVARIANT(IMPLIES(event->kind == BPMN_EVENT_TIMER, event->timer != NULL));
    INVARIANT(IMPLIES(event->kind == BPMN_EVENT_CONDITIONAL, event->condition != NULL));
    INVARIANT(IMPLIES(event->kind == BPMN_EVENT_LINK, event->link != NULL));
    check_mappings(&event->payload);
}

static void check_references(const struct bpmn_model *model, const struct bpmn_element *element)
{
    INVARIANT(is_index(model, element->scope) && is_index(model, element->link_target));
    INVARIANT(is_index(model, element->compensation_boundary));
    INVARIANT(is_index(model, element->compensation_handler));
    INVARIANT((element->type == BPMN_BOUNDARY_EVENT) == (element->attached_to != BPMN_NONE));
    INVARIANT(element->default_flow == BPMN_NONE ||
              model->flows[element->default_flow].source == element->index);
    for (uint32_t i = 0; i < element->incoming_count; i++)
        INVARIANT(model->flows[element->incoming[i]].target == element->index);
    for (uint32_t i = 0; i < element->outgoing_count; i++)
        INVARIANT(model->flows[element->outgoing[i]].source == element->index);
    for (uint32_t i = 0; i < element->boundary_count; i++)
        INVARIANT(model->elements[element->boundary[i]].attached_to == element->index);
    for (uint32_t i = 0; i < element->incoming_count && element->reach != NULL; i++)
        INVARIANT(!bpmn_set_has(&element->reach[i], element->index));
}

static void check_element(const struct bpmn_model *model, const struct bpmn_element *element)
{
    INVARIANT(bpmn_model_element(model, element->id) == element);
    INVARIANT(element->line > 0 && element->column > 0);
    INVARIANT(bpmn_is_sub_process(element->type) == (element->container != NULL));
    INVARIANT(element->start_quantity > 0 && element->completion_quantity > 0);
    if (element->container != NULL)
        check_container(model, element->container, element->index);
    check_references(model, element);
    check_mappings(&element->inputs);
    check_mappings(&element->outputs);
    check_mappings(&element->call.in);
    check_mappings(&element->call.out);
    for (uint32_t i = 0; i < element->events.count; i++)
        check_event(model, &element->events.items[i]);
    INVARIANT(IMPLIES(element->service == BPMN_SERVICE_JAVASCRIPT, element->script != NULL));
    INVARIANT(IMPLIES(element->service == BPMN_SERVICE_TOPIC, element->topic != NULL));
    INVARIANT(IMPLIES(element->service == BPMN_SERVICE_EXTERNAL_WORKER, element->topic != NULL));
    INVARIANT(IMPLIES(element->service == BPMN_SERVICE_EXPRESSION, element->expression != NULL));
    INVARIANT(IMPLIES(element->type == BPMN_CALL_ACTIVITY, element->call.called_element != NULL));
}

static void check_document(const struct bpmn_document *document)
{
    for (uint32_t i = 0; i < document->model_count; i++) {
        const struct bpmn_model *model = &document->models[i];

        check_flows(model);
        check_container(model, &model->container, BPMN_NONE);
        for (uint32_t j = 0; j < model->element_count; j++) {
            INVARIANT(model->elements[j].index == j);
            check_element(model, &model->elements[j]);
        }
    }
}

static void read_whole(const char *bytes, size_t size)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct bpmn_findings *findings = arena_alloc(arena, sizeof(*findings));
    struct bpmn_document *document = NULL;
    struct error error = {0};
    enum status status;

    findings->arena = arena;
    findings->now_us = INT64_C(1795608000123456);
    status = bpmn_read(bytes, size, findings, &document, &error);
    check_findings(findings);
    INVARIANT((status == STATUS_OK) == (findings->error_count == 0));
    if (status == STATUS_OK)
        check_document(document);
    else
        check_sentence(error.message);
    bpmn_document_free(document);
    arena_free(arena);
}

static void inspect_whole(const char *bytes, size_t size)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct bpmn_findings *findings = arena_alloc(arena, sizeof(*findings));
    json_t *description = NULL;
    struct error error = {0};

    findings->arena = arena;
    if (bpmn_inspect(bytes, size, findings, &description, &error) == STATUS_OK)
        INVARIANT(json_is_array(json_object_get(description, "processes")));
    json_decref(description);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_whole((const char *)data, size);
    inspect_whole((const char *)data, size);
    return 0;
}
