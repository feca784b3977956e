/* The states of a service request and its moves. See user.h for the table. */
#include "modules/users/user.h"

#include <string.h>

const char *const request_states[] = {
#define REQUEST_STATE_NAME(name, next) #name,
    REQUEST_STATES(REQUEST_STATE_NAME)
#undef REQUEST_STATE_NAME
        NULL};

static const struct {
    const char *name;
    const char *next; /* comma list; no name is part of another one */
} states[] = {
#define REQUEST_STATE_ROW(name, next) {#name, next},
    REQUEST_STATES(REQUEST_STATE_ROW)
#undef REQUEST_STATE_ROW
};

enum status request_state_check(const char *request_id, const char *from, const char *to,
                                struct error *ret_error)
{
    const char *next = "";

    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].name, from) == 0)
            next = states[i].next;
    }
    if (strstr(next, to) != NULL)
        return STATUS_OK;
    if (next[0] == '\0')
        return error_set_field(ret_error, STATUS_CONFLICT, "status",
                               "Expected a request that is still open but %.40s is %s, and that is "
                               "final.",
                               request_id, from);
    return error_set_field(ret_error, STATUS_CONFLICT, "status",
                           "Expected a state that may follow %s but %.40s was asked for: %.40s may "
                           "become %s.",
                           from, to, request_id, next);
}
