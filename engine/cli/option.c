/* See option.h. */
#include "engine/cli/option.h"

#include "engine/cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTIONS_MAX = 24, LETTER_BASE = 1000 };

static void print_help(FILE *to, const char *command, const struct cli_option *options,
                       const struct cli_usage *usage)
{
    (void)fprintf(to, "Usage: synergyflow %s [OPTIONS] %s\n\n%s\n\nOptions:\n", command,
                  usage->arguments, usage->text);
    for (const struct cli_option *option = options; option->name != NULL; option++) {
        char left[64];

        (void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s", option->letter != 0 ? "-" : " ",
                       option->letter != 0 ? option->letter : ' ',
                       option->letter != 0 ? ", " : "   ", option->name,
                       option->argument != NULL ? " " : "",
                       option->argument != NULL ? option->argument : "");
        (void)fprintf(to, "  %-28s %s\n", left, option->help);
    }
    (void)fprintf(to, "  %-28s %s\n", "-h, --help", "this text");
}

/* An argument such as "text|json" lists the values there are; any other takes anything. */
static bool may_be(const struct cli_option *option, const char *value)
{
    const char *at = option->argument;
    size_t length = strlen(value);

    if (at == NULL || strchr(at, '|') == NULL)
        return true;
    for (;;) {
        size_t choice = strcspn(at, "|");

        if (choice == length && memcmp(at, value, length) == 0)
            return true;
        if (at[choice] == '\0')
            return false;
        at += choice + 1;
    }
}

int cli_options(int argc, char **argv, struct cli_option *options, const struct cli_usage *usage,
                int *ret_first)
{
    struct option table[OPTIONS_MAX + 2] = {{0}};
    char letters[2 * OPTIONS_MAX + 3] = "h";
    int count = 0;
    int found;

    for (; options[count].name != NULL && count < OPTIONS_MAX; count++) {
        table[count].name = options[count].name;
        table[count].has_arg = options[count].argument != NULL ? required_argument : no_argument;
        table[count].val = LETTER_BASE + count;
        if (options[count].letter != 0) {
            size_t length = strlen(letters);

            letters[length++] = options[count].letter;
            if (options[count].argument != NULL)
                letters[length++] = ':';
            letters[length] = '\0';
        }
    }
    table[count].name = "help";
    table[count].val = 'h';
    optind = 1;
    while ((found = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        struct cli_option *option = NULL;

        if (found == 'h') {
            print_help(stdout, argv[0], options, usage);
            return CLI_DONE;
        }
        for (int i = 0; i < count; i++) {
            if (found == LETTER_BASE + i || (options[i].letter != 0 && found == options[i].letter))
                option = &options[i];
        }
        if (option == NULL || option->count == CLI_VALUES_MAX) {
            print_help(stderr, argv[0], options, usage);
            return CLI_USAGE;
        }
        if (optarg != NULL && !may_be(option, optarg)) {
            (void)fprintf(stderr, "synergyflow: Expected --%s to be one of %s but found '%s'.\n",
                          option->name, option->argument, optarg);
            return CLI_USAGE;
        }
        option->values[option->count++] = optarg != NULL ? optarg : "";
    }
    *ret_first = optind;
    return -1;
}

const char *cli_value(const struct cli_option *option, const char *absent)
{
    return option->count > 0 ? option->values[option->count - 1] : absent;
}

bool cli_wants_json(const struct cli_option *option)
{
    const char *wanted = cli_value(option, isatty(STDOUT_FILENO) ? "text" : "json");

    return strcmp(wanted, "json") == 0;
}
