#include "bpmn/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *kind, const char *condition, const char *file, int line,
                  const char *function)
{
    (void)fprintf(stderr, "synergyflow: %s failed: %s (%s:%d, %s)\n", kind, condition, file, line,
                  function);
    abort();
}
