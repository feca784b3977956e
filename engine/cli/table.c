/* See table.h. */
#include "engine/cli/table.h"

#include "bpmn/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_CHARACTERS_MAX = 60, CELL_BYTES = 4 * CELL_CHARACTERS_MAX + 1 };

static const char *cell(const json_t *row, const char *member, char buffer[CELL_BYTES])
{
    const json_t *value = json_object_get(row, member);

    if (value == NULL || json_is_null(value))
        return "-";
    if (json_is_string(value)) {
        (void)snprintf(buffer, CELL_BYTES, "%s", json_string_value(value));
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        (void)snprintf(buffer, CELL_BYTES, "%s", text != NULL ? text : "?");
        free(text);
    }
    return buffer;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static unsigned width_of(const char *text)
{
    unsigned width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width < CELL_CHARACTERS_MAX ? width : CELL_CHARACTERS_MAX;
}

static void print_cell(const char *text, unsigned width)
{
    unsigned printed = 0;

    for (; *text != '\0'; text++) {
        if (((unsigned char)*text & 0xC0) != 0x80 && printed++ == CELL_CHARACTERS_MAX)
            break;
        (void)putchar((unsigned char)*text < ' ' ? ' ' : *text);
    }
    for (; printed < width; printed++)
        (void)putchar(' ');
    (void)fputs("  ", stdout);
}

void table_print(const struct table_column *columns, unsigned count, const json_t *rows)
{
    unsigned widths[TABLE_COLUMNS_MAX] = {0};
    char buffer[CELL_BYTES];
    size_t index;
    const json_t *row;

    PRE(count <= TABLE_COLUMNS_MAX);
    for (unsigned c = 0; c < count; c++) {
        widths[c] = width_of(columns[c].heading);
        json_array_foreach (rows, index, row) {
            unsigned width = width_of(cell(row, columns[c].member, buffer));

            widths[c] = width > widths[c] ? width : widths[c];
        }
        print_cell(columns[c].heading, widths[c]);
    }
    (void)putchar('\n');
    json_array_foreach (rows, index, row) {
        for (unsigned c = 0; c < count; c++)
            print_cell(cell(row, columns[c].member, buffer), widths[c]);
        (void)putchar('\n');
    }
}
