/* The rule for time without end: the POSIX TZ string in a TZif file's footer (RFC 8536 section
 * 3.3.1, with the extensions of section 3.3.2), such as `CET-1CEST,M3.5.0,M10.5.0/3`. */
#ifndef SYNERGYFLOW_WORKTIME_ZONE_RULE_H
#define SYNERGYFLOW_WORKTIME_ZONE_RULE_H

#include "bpmn/base/check.h"

#include <stdint.h>

enum { ZONE_RULE_TEXT_MAX = 256 };

enum zone_rule_kind {
    ZONE_RULE_JULIAN,   /* Jn: 1 to 365, 29 February is never counted */
    ZONE_RULE_ZERO_DAY, /* n: 0 to 365, leap days are counted */
    ZONE_RULE_WEEKDAY   /* Mm.w.d: day d (0 is Sunday) of week w (5 is the last) of month m */
};

struct zone_rule_date {
    enum zone_rule_kind kind;
    int32_t day; /* of Jn and n, and the week day of Mm.w.d */
    int32_t month;
    int32_t week;
    int32_t time_s; /* local time before the change; -167 to 167 hours */
};

struct zone_rule {
    int32_t standard_s; /* ahead of UTC */
    int32_t summer_s;
    bool has_summer;
    struct zone_rule_date start;
    struct zone_rule_date end;
};

/* A change of offset. */
struct zone_rule_change {
    int64_t at_s; /* seconds since 1970 in UTC */
    int32_t offset_s;
};

enum { ZONE_RULE_CHANGES = 8 }; /* of four years */

MUST_CHECK bool zone_rule_parse(const char *text, struct zone_rule *ret_rule);

/* The offset at an instant. */
int32_t zone_rule_offset_s(const struct zone_rule *rule, int64_t at_s);

/* The changes in the years `year` - 1 to `year` + 2, in order; none without summer time. */
void zone_rule_changes(const struct zone_rule *rule, int64_t year,
                       struct zone_rule_change ret_changes[ZONE_RULE_CHANGES]);

#endif
