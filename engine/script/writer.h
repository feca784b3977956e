/* Tree → the older JavaScript; private to this folder. Written twice: the first pass finds out what
 * functions need at their head and which blocks need names of their own in every round. */
#ifndef SYNERGYFLOW_SCRIPT_WRITER_H
#define SYNERGYFLOW_SCRIPT_WRITER_H

#include "bpmn/base/text.h"
#include "engine/script/syntax.h"

/* How tightly a written expression binds. */
enum strength {
    STRENGTH_SEQUENCE = 1,
    STRENGTH_ASSIGN,
    STRENGTH_CHOICE,
    STRENGTH_OR,
    STRENGTH_AND,
    STRENGTH_BIT_OR,
    STRENGTH_BIT_XOR,
    STRENGTH_BIT_AND,
    STRENGTH_EQUAL,
    STRENGTH_RELATION,
    STRENGTH_SHIFT,
    STRENGTH_ADD,
    STRENGTH_MULTIPLY,
    STRENGTH_UNARY,
    STRENGTH_POSTFIX,
    STRENGTH_CALL,
    STRENGTH_PRIMARY,
};

/* The functions around what is being written; the outermost is the script. */
struct function_level {
    struct syntax *node;
    struct function_level *outer;
    uint32_t temporaries;
    uint32_t loops;
};

struct level {
    struct scope *scope;
    struct function_level *function;
    struct level *outer;
    bool in_loop;
};

struct free_name {
    const char *name;
    struct free_name *next;
};

struct writer {
    struct arena *arena;
    struct error *error;
    struct text out;
    uint32_t line;
    struct level *level;
    struct function_level *function;
    struct free_name *names;
    uint32_t name_count;
    bool failed;
};

void writer_fail(struct writer *writer, const struct syntax *node, const char *message);
void write_text(struct writer *writer, const char *text);
#define write_format(writer, ...) text_append_format(&(writer)->out, __VA_ARGS__)
void write_quoted(struct writer *writer, const char *text);
/* A new `$$N` of the function. */
const char *writer_temporary(struct writer *writer);
/* NULL when the script does not declare it. */
const struct binding *writer_resolve(struct writer *writer, const char *name,
                                     bool *ret_of_function);
void write_name(struct writer *writer, const struct syntax *node, bool assigned);
void write_this(struct writer *writer);
/* The cost of one round or call, as the argument of `$$t`. */
uint32_t writer_cost(const struct syntax *node);
struct level writer_push(struct writer *writer, struct scope *scope);

void write_expression(struct writer *writer, const struct syntax *node, enum strength minimum);
/* `target = value` with everything that a pattern takes apart, separated by commas: an expression,
 * and as well the inside of a `var`. `value` is the text of an expression without commas. */
void write_assignments(struct writer *writer, const struct syntax *target, const char *value);
/* write_expression() into a text of its own. */
const char *writer_expression_text(struct writer *writer, const struct syntax *node,
                                   enum strength minimum);
void write_list(struct writer *writer, const struct syntax *items);
/* From the parameters on; `function` and the name stand already. */
void write_function_rest(struct writer *writer, struct syntax *function);
void write_function(struct writer *writer, struct syntax *function);

void write_statement(struct writer *writer, struct syntax *node);
/* Statements with the functions that they define first. */
void write_statements(struct writer *writer, struct syntax *items, bool hoist);

#endif
