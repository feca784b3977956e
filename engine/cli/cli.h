/* The command line: one table of commands, each in a file of its own.
 *
 * Exit codes: 0 done; 1 refused or failed (the reason is on standard error); 2 the command line is
 * wrong; 3 the server or the database cannot be reached. */
#ifndef SYNERGYFLOW_CLI_H
#define SYNERGYFLOW_CLI_H

#include "bpmn/base/status.h"

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_UNREACHABLE = 3 };

/* One command; `run` gets its own arguments (argv[0] is the command's name). */
struct cli_command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

int cli_main(int argc, char **argv);

int cli_serve(int argc, char **argv);
int cli_dev(int argc, char **argv);
int cli_migrate(int argc, char **argv);
int cli_lint(int argc, char **argv);
int cli_test(int argc, char **argv);
int cli_deploy(int argc, char **argv);
int cli_start(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_timers(int argc, char **argv);
int cli_sla(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_inspect(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_worktime(int argc, char **argv);
int cli_calendar(int argc, char **argv);

/* Prints "synergyflow: sentence (element x, line n)" and gives the exit code that fits. */
int cli_report(const struct error *error);

#endif
