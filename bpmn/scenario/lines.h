/* Where something stands in a JSON text: jansson knows lines of syntax errors only. The text must
 * be one that jansson has accepted. */
#ifndef SYNERGYFLOW_SCENARIO_LINES_H
#define SYNERGYFLOW_SCENARIO_LINES_H

#include <stdbool.h>

/* Stands before a value. */
struct json_cursor {
    const char *at;
    int line; /* 1-based */
};

struct json_cursor json_cursor_begin(const char *text);
/* Goes from an object to the value of its member; false, and unmoved, when it has none. */
bool json_cursor_member(struct json_cursor *cursor, const char *key);
/* Goes from an array to its first item; false when it is empty. */
bool json_cursor_enter(struct json_cursor *cursor);
/* Goes from an item to the next one; false past the last. */
bool json_cursor_next(struct json_cursor *cursor);

#endif
