/* The real program as a child process, for whole-system tests. */
#ifndef SYNERGYFLOW_TESTS_PROGRAM_H
#define SYNERGYFLOW_TESTS_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

struct program {
    pid_t process; /* 0 when it does not run */
    unsigned port;
    char log[256];  /* file with its output */
    char said[512]; /* the end of its output, once program_wait() has returned */
};

/* Starts `synergyflow serve` on a database (connection string of synergyflow_engine) and waits
 * until it is ready (bounded). Ends the test when it does not come up. `extra` is an environment
 * setting such as "SYNERGYFLOW_WAITING_MAX=10", or NULL. */
void program_serve(struct program *program, const char *conninfo, const char *extra);
/* Starts `synergyflow dev` on a port and a folder and waits until it is ready (bounded). */
void program_dev(struct program *program, unsigned port, const char *folder);
/* Sends a signal. */
void program_signal(struct program *program, int number);
/* Waits (bounded) for its end: the exit code, or 128 + the signal that ended it. */
int program_wait(struct program *program);
/* Whether its log has the text. */
bool program_logged(const struct program *program, const char *text);
/* Runs the program to its end with these arguments (NULL-terminated), its output in `ret_output`
 * (standard output and error together, cut to `size`); returns the exit code. */
int program_run(char *ret_output, size_t size, const char *const *arguments);

#endif
