/* Which event definition may stand where: OMG formal/2011-01-03, tables 10.93 and following. See
 * table.h. */
#include "bpmn/reader/table.h"

#define ALLOWED(position) (1u << POSITION_##position)
#define EVENT_STARTS      (ALLOWED(EVENT_SUB_PROCESS) | ALLOWED(EVENT_SUB_PROCESS_NON))
#define BOUNDARIES        (ALLOWED(BOUNDARY) | ALLOWED(BOUNDARY_NON))
#define CAUGHT            (ALLOWED(START) | EVENT_STARTS | ALLOWED(CATCH) | BOUNDARIES)
#define THROWN            (ALLOWED(THROW) | ALLOWED(END))

static const unsigned allowed[] = {
    [BPMN_EVENT_MESSAGE] = CAUGHT | THROWN,
    [BPMN_EVENT_TIMER] = CAUGHT,
    [BPMN_EVENT_SIGNAL] = CAUGHT | THROWN,
    [BPMN_EVENT_ERROR] = ALLOWED(EVENT_SUB_PROCESS) | ALLOWED(BOUNDARY) | ALLOWED(END),
    [BPMN_EVENT_ESCALATION] = EVENT_STARTS | BOUNDARIES | THROWN,
    /* Neither interrupts nor does not: what it is attached to is complete. */
    [BPMN_EVENT_COMPENSATION] = EVENT_STARTS | BOUNDARIES | THROWN,
    [BPMN_EVENT_CONDITIONAL] = CAUGHT,
    [BPMN_EVENT_CANCEL] = ALLOWED(BOUNDARY) | ALLOWED(END),
    [BPMN_EVENT_LINK] = ALLOWED(CATCH) | ALLOWED(THROW),
    [BPMN_EVENT_TERMINATE] = ALLOWED(END),
};

bool event_is_allowed(enum bpmn_event_kind kind, enum event_position position)
{
    PRE((unsigned)kind < COUNT_OF(allowed));
    return (allowed[kind] >> position & 1) != 0;
}

const char *event_position_name(enum event_position position)
{
    static const char *const names[] = {
#define EVENT_POSITION_NAME(name, text) text,
        EVENT_POSITIONS(EVENT_POSITION_NAME)
#undef EVENT_POSITION_NAME
    };

    PRE((unsigned)position < COUNT_OF(names));
    return names[position];
}
