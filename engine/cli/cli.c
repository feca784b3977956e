/* See cli.h. */
#include "engine/cli/cli.h"

#include "engine/script/script_pool.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command commands[] = {
    {"serve", "run the engine on a database", cli_serve},
    {"dev", "run the engine with a private PostgreSQL and demo data", cli_dev},
    {"migrate", "bring the database's schema up to date, or check it", cli_migrate},
    {"lint", "say what is wrong in BPMN files", cli_lint},
    {"test", "run tests of processes, on a clock of their own", cli_test},
    {"deploy", "deploy BPMN files to a running engine", cli_deploy},
    {"start", "start a process instance", cli_start},
    {"list", "list definitions, instances, tasks, timers, incidents …", cli_list},
    {"timers", "list timers, reschedule, fire or recalculate one", cli_timers},
    {"sla", "check SLA policies, run them over past subjects on paper", cli_sla},
    {"audit", "verify and export the audit trail, make keys", cli_audit},
    {"bench", "measure how late timers are, on a database of its own", cli_bench},
    {"inspect", "show what a BPMN file or a process instance consists of", cli_inspect},
    {"trace", "show what a process instance did, step by step", cli_trace},
    {"worktime", "compute with working time: add, between, next_open …", cli_worktime},
    {"calendar", "check calendars, import and export iCalendar", cli_calendar},
};

static void print_usage(FILE *to)
{
    (void)fputs("SynergyFlow runs BPMN workflows and SLA timers on PostgreSQL.\n\n"
                "Usage: synergyflow COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n",
                to);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    (void)fputs(
        "\n`synergyflow COMMAND --help` says more. Exit codes: 0 done, 1 refused or failed,\n"
        "2 wrong command line, 3 server or database not reached.\n",
        to);
}

int cli_report(const struct error *error)
{
    (void)fprintf(stderr, "synergyflow: %s", error->message);
    if (error->element_id[0] != '\0')
        (void)fprintf(stderr, " (element '%s')", error->element_id);
    if (error->line > 0)
        (void)fprintf(stderr, " (line %d, column %d)", error->line, error->column);
    (void)fputc('\n', stderr);
    return error->status == STATUS_UNAVAILABLE ? CLI_UNREACHABLE : CLI_FAILED;
}

int cli_main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("synergyflow " SYNERGYFLOW_VERSION);
        return CLI_DONE;
    }
    /* The engine starts itself so, for scripts that take long: nothing for people. */
    if (strcmp(argv[1], "script-worker") == 0)
        return script_worker_main();
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    (void)fprintf(stderr, "synergyflow: expected a command but found '%s'.\n\n", argv[1]);
    print_usage(stderr);
    return CLI_USAGE;
}
