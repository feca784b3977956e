/* The task's states and moves. See task.h for the table. */
#include "modules/tasks/task.h"

#include <string.h>

const char task_states_open[] = "OPEN,IN_PROGRESS";

static const struct {
    const char *name;
    const char *next; /* comma list */
} states[] = {
#define TASK_STATE_ROW(name, next) {#name, next},
    TASK_STATES(TASK_STATE_ROW)
#undef TASK_STATE_ROW
};

enum status task_state_check(const char *text, struct error *ret_error)
{
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].name, text) == 0)
            return STATUS_OK;
    }
    return error_set_field(ret_error, STATUS_INVALID, "status",
                           "Expected status to be one of OPEN, IN_PROGRESS, DONE, CANCELLED but "
                           "found \"%.40s\".",
                           text);
}

const char *task_states_before(struct arena *arena, const char *to)
{
    const char *list = to;

    /* No name is part of another one. */
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strstr(states[i].next, to) != NULL)
            list = arena_format(arena, "%s,%s", list, states[i].name);
    }
    return list;
}

const char *task_states_after(const char *from)
{
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].name, from) == 0)
            return states[i].next;
    }
    return "";
}
