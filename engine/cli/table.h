/* Aligned text tables for people. */
#ifndef SYNERGYFLOW_CLI_TABLE_H
#define SYNERGYFLOW_CLI_TABLE_H

#include <jansson.h>

enum { TABLE_COLUMNS_MAX = 12 };

/* One column: its heading, and the member of each row that it shows ("a.b" is not supported). */
struct table_column {
    const char *heading;
    const char *member;
};

/* Prints the objects of the array `rows`; long texts are cut at 60 characters. */
void table_print(const struct table_column *columns, unsigned count, const json_t *rows);

#endif
