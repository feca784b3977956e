/* A compiled regular expression and its run; private to pattern.c and pattern_compile.c. */
#ifndef SYNERGYFLOW_EXPRESSION_PATTERN_H
#define SYNERGYFLOW_EXPRESSION_PATTERN_H

#include "bpmn/expression/private.h"

enum {
    PATTERN_BYTES_MAX = 500,
    PATTERN_DEPTH_MAX = 30,
    PATTERN_STEPS_MAX = 1000,            /* of the compiled pattern */
    PATTERN_WORK_MAX = 20 * 1000 * 1000, /* looks at a step or a part of a class */
    PATTERN_REPEAT_MAX = 1000,
};

enum step_kind {
    STEP_CHARACTER,
    STEP_ANY,
    STEP_CLASS,
    STEP_LETTER_CLASS,
    STEP_FORK,
    STEP_JUMP,
    STEP_BEGIN,
    STEP_END,
    STEP_MATCH
};

struct pattern_step {
    enum step_kind kind;
    uint32_t character;   /* of STEP_CHARACTER; the letter of STEP_LETTER_CLASS */
    const char *class_at; /* of STEP_CLASS, behind '[' */
    int32_t forward;      /* where a fork or jump goes, counted from itself */
    int32_t other;        /* the fork's other way */
};

struct pattern {
    const char *begin;
    const char *at;
    struct pattern_step steps[PATTERN_STEPS_MAX];
    uint32_t count;
    unsigned depth;
    int64_t work;
    struct error *error;
    /* sets of states: the current one, the next, and who is in the one that is built */
    uint16_t now[PATTERN_STEPS_MAX];
    uint16_t next[PATTERN_STEPS_MAX];
    uint16_t stack[PATTERN_STEPS_MAX + 1];
    uint32_t mark[PATTERN_STEPS_MAX];
    uint32_t generation;
};

/* Turns `begin` into steps. */
MUST_CHECK enum status pattern_compile(struct pattern *pattern);

/* The next character of a text; broken UTF-8 counts byte by byte. */
uint32_t pattern_read_character(const char **at);
/* The next character of a pattern, where `\n`, `\t` and `\r` mean what they mean everywhere. */
uint32_t pattern_read_escaped(const char **at);
/* d, w, s and their opposites */
bool pattern_is_class_letter(char c);

#endif
