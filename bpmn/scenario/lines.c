/* See lines.h. */
#include "bpmn/scenario/lines.h"

#include <string.h>

static void skip_blanks(struct json_cursor *cursor)
{
    for (; *cursor->at != '\0' && strchr(" \t\r\n", *cursor->at) != NULL; cursor->at++)
        cursor->line += *cursor->at == '\n';
}

/* Past the closing quote. */
static void skip_string(struct json_cursor *cursor)
{
    for (cursor->at++; *cursor->at != '\0' && *cursor->at != '"'; cursor->at++) {
        if (*cursor->at == '\\' && cursor->at[1] != '\0')
            cursor->at++;
    }
    cursor->at += *cursor->at == '"';
}

/* Brackets outside of strings are balanced, so that depth alone finds the end. */
static void skip_value(struct json_cursor *cursor)
{
    int depth = 0;

    skip_blanks(cursor);
    do {
        char character = *cursor->at;

        if (character == '\0')
            return;
        if (character == '"') {
            skip_string(cursor);
            continue;
        }
        if (depth == 0 && strchr("{[", character) == NULL) {
            cursor->at += strcspn(cursor->at, ",]} \t\r\n");
            return;
        }
        depth += strchr("{[", character) != NULL;
        depth -= strchr("}]", character) != NULL;
        cursor->line += character == '\n';
        cursor->at++;
    } while (depth > 0);
}

struct json_cursor json_cursor_begin(const char *text)
{
    struct json_cursor cursor = {.at = text, .line = 1};

    skip_blanks(&cursor);
    return cursor;
}

bool json_cursor_member(struct json_cursor *cursor, const char *key)
{
    struct json_cursor look = *cursor;
    size_t length = strlen(key);

    if (*look.at != '{')
        return false;
    for (look.at++; *look.at != '\0'; look.at++) {
        const char *name;
        bool found;

        skip_blanks(&look);
        if (*look.at != '"')
            return false;
        name = look.at + 1;
        skip_string(&look);
        found = (size_t)(look.at - name) == length + 1 && memcmp(name, key, length) == 0;
        skip_blanks(&look);
        look.at += *look.at == ':';
        skip_blanks(&look);
        if (found) {
            *cursor = look;
            return true;
        }
        skip_value(&look);
        skip_blanks(&look);
        if (*look.at != ',')
            return false;
    }
    return false;
}

bool json_cursor_enter(struct json_cursor *cursor)
{
    struct json_cursor look = *cursor;

    if (*look.at != '[')
        return false;
    look.at++;
    skip_blanks(&look);
    if (*look.at == ']')
        return false;
    *cursor = look;
    return true;
}

bool json_cursor_next(struct json_cursor *cursor)
{
    struct json_cursor look = *cursor;

    skip_value(&look);
    skip_blanks(&look);
    if (*look.at != ',')
        return false;
    look.at++;
    skip_blanks(&look);
    *cursor = look;
    return true;
}
