/* The parsed form of an expression and the values that evaluation works with; private to this
 * folder. */
#ifndef SYNERGYFLOW_EXPRESSION_PRIVATE_H
#define SYNERGYFLOW_EXPRESSION_PRIVATE_H

#include "bpmn/expression/expression.h"

#include <stdint.h>

enum {
    EXPRESSION_TEXT_MAX = 16 * 1024, /* characters of an expression */
    EXPRESSION_DEPTH_MAX = 100,      /* nesting of parentheses, operators and calls */
    EXPRESSION_ARGUMENTS_MAX = 16,
    EXPRESSION_RESULT_MAX = 1024 * 1024, /* bytes of a text result */
};

enum node_kind {
    NODE_LITERAL,
    NODE_NAME,     /* text */
    NODE_PROPERTY, /* left . text */
    NODE_INDEX,    /* left [ right ] */
    NODE_METHOD,   /* left . text ( arguments ) */
    NODE_FUNCTION, /* prefix:text ( arguments ); the prefix is dropped */
    NODE_UNARY,
    NODE_BINARY,
    NODE_CHOICE, /* left ? right : third */
};

enum operator{
    OPERATOR_NOT,
    OPERATOR_NEGATE,
    OPERATOR_EMPTY,
    OPERATOR_MULTIPLY,
    OPERATOR_DIVIDE,
    OPERATOR_MODULO,
    OPERATOR_ADD,
    OPERATOR_SUBTRACT,
    OPERATOR_LESS,
    OPERATOR_LESS_EQUAL,
    OPERATOR_GREATER,
    OPERATOR_GREATER_EQUAL,
    OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL,
    OPERATOR_AND,
    OPERATOR_OR,
};

enum value_kind { VALUE_NULL, VALUE_BOOLEAN, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_JSON };

/* A value in flight. Texts and JSON are borrowed from variables, the expression or the evaluation's
 * arena; nothing needs releasing. */
struct value {
    enum value_kind kind;
    bool boolean;
    int64_t integer;
    double real;
    const char *text;
    const json_t *json; /* an array or an object */
};

struct node {
    enum node_kind kind;
    enum operator operation;
    struct value literal;
    const char *text;
    const struct node *left;
    const struct node *right;
    const struct node *third;
    const struct node *arguments[EXPRESSION_ARGUMENTS_MAX];
    uint32_t argument_count;
    int column; /* 1-based, for error messages */
};

/* A template is a list of parts: literal text, or an expression. */
struct part {
    const char *text; /* NULL: `node` is evaluated */
    const struct node *node;
    struct part *next;
};

struct expression {
    const char *text;
    struct part *parts;
    uint32_t part_count;
    bool is_condition;
};

/* What an evaluation carries along. The arena is made when the first text has to be built. */
struct evaluation {
    const struct expression_scope *scope;
    struct arena *arena;
    struct error *error;
};

struct arena *evaluation_arena(struct evaluation *evaluation);
MUST_CHECK enum status evaluate(struct evaluation *evaluation, const struct node *node,
                                struct value *ret_value);

/* parser.c: parses one expression from text[*at]; stops before a '}' when `in_braces`. */
MUST_CHECK enum status parse_node(struct arena *arena, const char *text, size_t *at, bool in_braces,
                                  const struct node **ret_node, struct error *ret_error);

/* value.c */
struct value value_of_json(const json_t *json);
json_t *value_to_json(
    const struct value *value); /* new reference; NULL for a number that JSON cannot hold */
const char *value_kind_name(const struct value *value);
bool value_is_empty(const struct value *value);
MUST_CHECK enum status value_to_boolean(struct evaluation *evaluation, const struct value *value,
                                        bool *ret_boolean);
MUST_CHECK enum status value_to_text(struct evaluation *evaluation, const struct value *value,
                                     const char **ret_text);
MUST_CHECK enum status value_arithmetic(struct evaluation *evaluation, enum operator operation,
                                        const struct value *left, const struct value *right,
                                        struct value *ret_value);
MUST_CHECK enum status value_compare(struct evaluation *evaluation, enum operator operation,
                                     const struct value *left, const struct value *right,
                                     bool *ret_boolean);
/* methods.c */
MUST_CHECK enum status call_method(struct evaluation *evaluation, const struct node *node,
                                   const struct value *target, const struct value *arguments,
                                   struct value *ret_value);
MUST_CHECK enum status call_function(struct evaluation *evaluation, const struct node *node,
                                     struct value *ret_value);

#endif
