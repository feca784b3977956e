/* What a zone consists of; seen by zone.c and zone_read.c only. */
#ifndef SYNERGYFLOW_WORKTIME_ZONE_PRIVATE_H
#define SYNERGYFLOW_WORKTIME_ZONE_PRIVATE_H

#include "bpmn/worktime/zone.h"
#include "bpmn/worktime/zone_rule.h"

/* Changes that are written out, ascending; those that change the name of the time only are left
 * out. After the last one, and always when there is none, the rule counts if there is one. */
struct zone {
    const char *name;
    uint32_t count;
    int64_t *at_s;          /* [count] seconds since 1970 in UTC */
    int32_t *offset_s;      /* [count] from there on */
    int32_t first_offset_s; /* before the first */
    bool has_rule;
    struct zone_rule rule;
    int64_t regular_from_s; /* the last one in the file, also when it changed no offset */
};

#endif
