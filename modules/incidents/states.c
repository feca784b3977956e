/* The incident's states and moves. See incident.h for the table; Closed never reopens. */
#include "modules/incidents/incident.h"

#include <string.h>

const char incident_states_open[] = "NEW,IN_PROGRESS,ON_HOLD,RESOLVED";

struct state_row {
    const char *name;
    const char *next; /* comma list */
};

static const struct state_row states[] = {
#define INCIDENT_STATE_ROW(name, next) {#name, next},
    INCIDENT_STATES(INCIDENT_STATE_ROW)
#undef INCIDENT_STATE_ROW
};

const char *incident_state_name(enum incident_state state)
{
    PRE(state < INCIDENT_STATE_COUNT);
    return states[state].name;
}

enum status incident_state_parse(const char *text, const char *field,
                                 enum incident_state *ret_state, struct error *ret_error)
{
    for (uint32_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].name, text) == 0) {
            *ret_state = (enum incident_state)i;
            return STATUS_OK;
        }
    }
    return error_set_field(ret_error, STATUS_INVALID, field,
                           "Expected %s to be one of NEW, IN_PROGRESS, ON_HOLD, RESOLVED, CLOSED, "
                           "CANCELLED but found \"%.40s\".",
                           field, text);
}

/* Whether the comma list holds exactly this name. */
static bool list_has(const char *list, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = list; *at != '\0';) {
        size_t item = strcspn(at, ",");

        if (item == length && strncmp(at, name, length) == 0)
            return true;
        at += item;
        at += strspn(at, ", ");
    }
    return false;
}

enum status incident_state_check(const char *incident_id, enum incident_state from,
                                 enum incident_state to, struct error *ret_error)
{
    const char *next = states[from].next;

    if (from == to || list_has(next, states[to].name))
        return STATUS_OK;
    if (next[0] == '\0')
        return error_set_field(ret_error, STATUS_CONFLICT, "status",
                               "Expected an incident that is still open but %s is %s, and that is "
                               "final; open a new incident instead.",
                               incident_id, states[from].name);
    return error_set_field(ret_error, STATUS_CONFLICT, "status",
                           "Expected a state that may follow %s but %s was asked for: %s is %s and "
                           "may become %s.",
                           states[from].name, states[to].name, incident_id, states[from].name,
                           next);
}

const char *incident_states_before(struct arena *arena, enum incident_state to)
{
    const char *list = states[to].name;

    for (uint32_t i = 0; i < COUNT_OF(states); i++) {
        if (list_has(states[i].next, states[to].name))
            list = arena_format(arena, "%s,%s", list, states[i].name);
    }
    return list;
}
