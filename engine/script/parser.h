/* Tokens → tree; private to this folder. parse_expression.c and parse_statement.c share it. */
#ifndef SYNERGYFLOW_SCRIPT_PARSER_H
#define SYNERGYFLOW_SCRIPT_PARSER_H

#include "engine/script/syntax.h"

struct parser {
    struct lexer lexer;
    struct arena *arena;
    struct scope *function_scope; /* where `var` goes */
    struct scope *block_scope;    /* where `let` goes */
    uint32_t depth;
    uint32_t nodes; /* made so far: weights are differences */
    uint32_t block_number;
    uint32_t functions_around; /* `return` needs one */
    uint32_t loops_around;     /* `break`, `continue`; labels are left to the engine */
    uint32_t switches_around;
    bool no_in; /* in the head of a for */
};

struct syntax *parser_node(struct parser *parser, enum syntax_kind kind);
bool parser_is(const struct parser *parser, const char *sign);
bool parser_is_word(const struct parser *parser, const char *word);
bool parser_take(struct parser *parser, const char *sign); /* moves on when it is there */
bool parser_take_word(struct parser *parser, const char *word);
void parser_expect(struct parser *parser, const char *sign);
void parser_fail_at(struct parser *parser, const struct syntax *node, const char *message);
/* "Expected … but found …" at the current token. */
void parser_fail_expected(struct parser *parser, const char *expected);
/* A name that is no keyword; "" after a failure. */
const char *parser_name(struct parser *parser);
bool parser_is_keyword(const struct token *token);
/* Enters one more level of nesting; false (and failed) when there are too many. Each true is
 * followed by parser_leave(). */
bool parser_enter(struct parser *parser);
void parser_leave(struct parser *parser);

struct scope *parser_scope(struct parser *parser);
/* Declares `name`; `node` says where for the error of a second declaration. */
void parser_declare(struct parser *parser, const struct syntax *node, const char *name,
                    enum binding_kind kind);
/* Checks that `node` can be assigned to, patterns through; declares its names when `declare`. */
void parser_target(struct parser *parser, struct syntax *node, bool declare,
                   enum binding_kind kind);

/* parse_expression.c */
struct syntax *parse_expression(struct parser *parser); /* with commas */
struct syntax *parse_assignment(struct parser *parser);
struct syntax *parse_primary(struct parser *parser);
/* parse_primary.c. Behind the word `function`, or at a method's parameters. */
struct syntax *parse_function(struct parser *parser, struct syntax *function);
/* Turns what was read in front of `=>` (NULL for none) into a function's parameters and reads its
 * body. `parameters` is a list of expressions. */
struct syntax *parse_arrow(struct parser *parser, struct syntax *parameters);
struct syntax *parse_pattern(struct parser *parser, bool declare, enum binding_kind kind);

/* parse_statement.c */
struct syntax *parse_statement(struct parser *parser);
struct syntax *parse_body(struct parser *parser); /* { … } of a function */

#endif
