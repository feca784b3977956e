/* Findings in SARIF 2.1.0, which code hosts and editors show beside the file. */
#ifndef SYNERGYFLOW_CLI_SARIF_H
#define SYNERGYFLOW_CLI_SARIF_H

#include "bpmn/reader/reader.h"

/* One run without results, with every rule of the reader. New reference. */
json_t *sarif_new(void);
/* Adds what was found in one file. */
void sarif_add(json_t *sarif, const char *path, const struct bpmn_findings *findings);

#endif
