/* Options shared by the commands: a small table over getopt_long, with generated help. */
#ifndef SYNERGYFLOW_CLI_OPTION_H
#define SYNERGYFLOW_CLI_OPTION_H

#include <stdbool.h>

enum { CLI_VALUES_MAX = 64 };

/* One option; `values` gathers what was given, in order. A flag has no `argument`. */
struct cli_option {
    const char *name;     /* long name */
    char letter;          /* short name, 0 when none */
    const char *argument; /* what it takes, "FILE" or "text|json"; NULL for a flag */
    const char *help;
    const char *values[CLI_VALUES_MAX];
    int count;
};

struct cli_usage {
    const char *arguments; /* such as "FILE…" */
    const char *text;      /* what the command does, and examples */
};

/* Parses; the rest is argv[*ret_first…]. Returns -1 to go on, or the exit code (help was printed,
 * or the line is wrong). `options` ends with a row whose name is NULL. -h and --help are built in.
 */
int cli_options(int argc, char **argv, struct cli_option *options, const struct cli_usage *usage,
                int *ret_first);
/* The last value given, or `absent`. */
const char *cli_value(const struct cli_option *option, const char *absent);
/* Whether `-o json` was asked for (`option` is the row of --output); text is the default on a
 * terminal, JSON elsewhere. */
bool cli_wants_json(const struct cli_option *option);

#endif
