/* The scripts of a model: what is no JavaScript is found when the model is deployed or linted. */
#ifndef SYNERGYFLOW_SCRIPT_CHECK_H
#define SYNERGYFLOW_SCRIPT_CHECK_H

#include "bpmn/reader/reader.h"

/* Adds an error (rule "script-syntax") for each script task and listener whose script is broken.
 * Only on the loop's thread: the script engine has one runtime. */
void script_check_model(const struct bpmn_model *model, struct bpmn_findings *findings);

#endif
