/* A golden trace (tests/trace/runner.h) as commands for the whole program: what to send, and which
 * elements will have been activated how often once it is done. */
#ifndef SYNERGYFLOW_TESTS_CONFORMANCE_SCRIPT_H
#define SYNERGYFLOW_TESTS_CONFORMANCE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum { SCRIPT_COMMANDS_MAX = 64, SCRIPT_FIRINGS_MAX = 16, SCRIPT_WORD_MAX = 128 };

struct script_command {
    char verb[SCRIPT_WORD_MAX];
    char words[2][SCRIPT_WORD_MAX]; /* "" where there are fewer */
    char json[1024];                /* the object at the end, "" without one */
    char rest[256];                 /* everything behind the verb */
    bool refused;                   /* nothing changes */
    char fired[SCRIPT_FIRINGS_MAX][SCRIPT_WORD_MAX];
    unsigned fired_count;
    char *activated; /* "a=1,b=2", by id: all activations so far */
};

struct script {
    char name[256]; /* FOLDER/NAME.trace */
    char model_path[512];
    char process_id[SCRIPT_WORD_MAX]; /* "" when the file's first */
    char *model;                      /* the model's text */
    struct script_command commands[SCRIPT_COMMANDS_MAX];
    unsigned command_count;
    const char *unfit; /* why it cannot be sent to a program that runs in real time, or NULL */
};

/* Reads tests/trace/`name`; free it with script_free(). */
struct script *script_read(const char *name);
void script_free(struct script *script);
/* Whether what it does reaches instances of other definitions, or theirs reach it. */
bool script_is_heard_elsewhere(const struct script *script);

#endif
