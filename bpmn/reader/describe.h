/* The parts of a description. Private to this folder. */
#ifndef SYNERGYFLOW_READER_DESCRIBE_H
#define SYNERGYFLOW_READER_DESCRIBE_H

#include "bpmn/model.h"

/* NULL texts and expressions, and false flags, are left out. */
void describe_text(json_t *object, const char *name, const char *text);
void describe_flag(json_t *object, const char *name, bool value);
void describe_expression(json_t *object, const char *name, const struct expression *expression);
void describe_mappings(json_t *object, const char *name, const struct bpmn_mappings *mappings);
void describe_listeners(json_t *object, const struct bpmn_listeners *listeners);
json_t *describe_data(const struct bpmn_container *container);

json_t *describe_event(const struct bpmn_model *model, const struct bpmn_event_definition *event);
json_t *describe_element(const struct bpmn_model *model, const struct bpmn_element *element);
/* The name of the XML element. */
const char *describe_type(const struct bpmn_element *element);

#endif
