/* Random well-structured models as BPMN text: blocks of one way in and one way out in each other.
 */
#ifndef SYNERGYFLOW_TESTS_TRACE_STRUCTURED_H
#define SYNERGYFLOW_TESTS_TRACE_STRUCTURED_H

#include "bpmn/base/text.h"

#include <stdint.h>

/* The same seed gives the same model. `depth` bounds how deep blocks are nested. */
void structured_model(uint64_t seed, int depth, struct text *ret_xml);

#endif
