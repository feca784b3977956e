/* See model.h. */
#include "bpmn/model.h"

#include "bpmn/base/memory.h"

#include <string.h>

const struct bpmn_element *bpmn_model_element(const struct bpmn_model *model, const char *id)
{
    for (uint32_t i = 0; i < model->element_count; i++) {
        if (strcmp(model->elements[i].id, id) == 0)
            return &model->elements[i];
    }
    return NULL;
}

const struct bpmn_flow *bpmn_model_flow(const struct bpmn_model *model, const char *id)
{
    for (uint32_t i = 0; i < model->flow_count; i++) {
        if (strcmp(model->flows[i].id, id) == 0)
            return &model->flows[i];
    }
    return NULL;
}

const char *bpmn_element_type_name(enum bpmn_element_type type)
{
    static const char *const names[] = {
#define BPMN_ELEMENT_NAME(name, xml) [BPMN_##name] = xml,
        BPMN_ELEMENT_TYPES(BPMN_ELEMENT_NAME)
#undef BPMN_ELEMENT_NAME
    };

    PRE((unsigned)type < COUNT_OF(names));
    return names[type];
}

void bpmn_document_free(struct bpmn_document *document)
{
    if (document == NULL)
        return;
    arena_free(document->arena);
    memory_free(document);
}
