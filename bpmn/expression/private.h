/* The parsed form of an expression and the values that evaluation works with; private to this
 * folder. */
#ifndef SYNERGYFLOW_EXPRESSION_PRIVATE_H
#define SYNERGYFLOW_EXPRESSION_PRIVATE_H

#include "bpmn/expression/expression.h"

#include <stdint.h>

enum {
    EXPRESSION_TEXT_MAX = 16 * 1024, /* bytes of an expression */
    EXPRESSION_DEPTH_MAX = 100,      /* nesting of parentheses, signs and calls: parser's stack */
    EXPRESSION_HEIGHT_MAX = 1000,    /* levels of the tree: the stack of evaluation */
    EXPRESSION_ARGUMENTS_MAX = 16,   /* of a call */
    EXPRESSION_RESULT_MAX = 1024 * 1024,      /* bytes of a text that an expression builds */
    EXPRESSION_SCRATCH_MAX = 8 * 1024 * 1024, /* bytes of all texts that one evaluation builds */
};

enum node_kind {
    NODE_LITERAL,
    NODE_NAME,     /* text */
    NODE_PROPERTY, /* left . text */
    NODE_INDEX,    /* left [ right ] */
    NODE_METHOD,   /* left . text ( arguments ) */
    NODE_FUNCTION, /* variables:function ( text, arguments ) */
    NODE_UNARY,
    NODE_BINARY,
    NODE_CHOICE, /* left ? right : third */
};

enum operation {
    OPERATION_NOT,
    OPERATION_NEGATE,
    OPERATION_EMPTY,
    OPERATION_MULTIPLY,
    OPERATION_DIVIDE,
    OPERATION_MODULO,
    OPERATION_ADD,
    OPERATION_SUBTRACT,
    OPERATION_LESS,
    OPERATION_LESS_EQUAL,
    OPERATION_GREATER,
    OPERATION_GREATER_EQUAL,
    OPERATION_EQUAL,
    OPERATION_NOT_EQUAL,
    OPERATION_AND,
    OPERATION_OR,
};

enum value_kind { VALUE_NULL, VALUE_BOOLEAN, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_JSON };

/* A value in flight. Texts and JSON are borrowed from variables, the expression or the evaluation's
 * arena; nothing needs releasing. */
struct value {
    enum value_kind kind;
    union {
        int64_t integer;
        double real;
        bool boolean;
        const char *text;
        const json_t *json; /* an array or an object */
    };
};

struct function;

struct node {
    enum node_kind kind;
    enum operation operation;
    int method; /* enum method */
    struct value literal;
    const char *text;
    const struct function *function;
    const struct node *left;
    const struct node *right;
    const struct node *third;
    const struct node **arguments;
    uint32_t argument_count;
    uint32_t height; /* 1 for a leaf; at most EXPRESSION_HEIGHT_MAX */
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
};

/* What an evaluation carries along. The arena is made when the first text has to be built. */
struct evaluation {
    const struct expression_scope *scope;
    struct arena *arena;
    struct error *error;
};

/* Room for `length` bytes and a NUL, or STATUS_FAILED when the expression builds too much. */
MUST_CHECK enum status evaluation_room(struct evaluation *evaluation, size_t length,
                                       char **ret_bytes);
MUST_CHECK enum status evaluate(struct evaluation *evaluation, const struct node *node,
                                struct value *ret_value);

/* Parses one expression from text[*at]; *at becomes where it ends: the '}' when `in_braces`, else
 * the NUL. Errors speak about all of `text`. */
MUST_CHECK enum status parse_node(struct arena *arena, const char *text, size_t *at, bool in_braces,
                                  const struct node **ret_node, struct error *ret_error);

/* value.c */
struct value value_of_json(const json_t *json);
struct value value_of_boolean(bool boolean);
struct value value_of_integer(int64_t integer);
struct value value_of_text(const char *text); /* NULL gives null */
/* New reference; NULL for what JSON cannot hold: a number that is not finite, broken UTF-8. */
json_t *value_to_json(const struct value *value);
const char *value_kind_name(const struct value *value);
bool value_is_number(const struct value *value);
bool value_is_empty(const struct value *value);
/* Java's equals: of one kind and the same; whole and real numbers compare as numbers. */
bool value_equals(const struct value *left, const struct value *right);
MUST_CHECK enum status value_to_boolean(struct evaluation *evaluation, const struct value *value,
                                        bool *ret_boolean);
/* null gives NULL. */
MUST_CHECK enum status value_to_text(struct evaluation *evaluation, const struct value *value,
                                     const char **ret_text);

/* arithmetic.c */
MUST_CHECK enum status value_arithmetic(struct evaluation *evaluation, enum operation operation,
                                        const struct value *left, const struct value *right,
                                        struct value *ret_value);
MUST_CHECK enum status value_compare(struct evaluation *evaluation, enum operation operation,
                                     const struct value *left, const struct value *right,
                                     bool *ret_boolean);

/* methods.c, text_methods.c: `x.name(…)`. */
enum method {
    METHOD_UNKNOWN,
    METHOD_CONCAT,
    METHOD_CONTAINS,
    METHOD_CONTAINS_KEY,
    METHOD_DOUBLE_VALUE,
    METHOD_ENDS_WITH,
    METHOD_EQUALS,
    METHOD_EQUALS_IGNORE_CASE,
    METHOD_GET,
    METHOD_GET_OR_DEFAULT,
    METHOD_INDEX_OF,
    METHOD_INT_VALUE,
    METHOD_IS_EMPTY,
    METHOD_LAST_INDEX_OF,
    METHOD_SIZE,
    METHOD_STARTS_WITH,
    METHOD_SUBSTRING,
    METHOD_TO_LOWER_CASE,
    METHOD_TO_STRING,
    METHOD_TO_UPPER_CASE,
    METHOD_TRIM,
};
enum method method_find(const char *name);
MUST_CHECK enum status method_unknown(struct evaluation *evaluation, const struct node *node,
                                      const struct value *target);
MUST_CHECK enum status call_method(struct evaluation *evaluation, const struct node *node,
                                   const struct value *target, const struct value *arguments,
                                   struct value *ret_value);
MUST_CHECK enum status call_text_method(struct evaluation *evaluation, const struct node *node,
                                        const struct value *target, const struct value *arguments,
                                        struct value *ret_value);
/* `execution.name` and `execution.name(…)`. */
MUST_CHECK enum status execution_property(struct evaluation *evaluation, const char *name,
                                          struct value *ret_value);
MUST_CHECK enum status call_execution_method(struct evaluation *evaluation, const struct node *node,
                                             const struct value *arguments,
                                             struct value *ret_value);
bool array_contains(const json_t *array, const struct value *wanted, int64_t *ret_index);

/* functions.c: `variables:name(…)`. NULL when there is no such function with so many arguments. */
const struct function *function_find(const char *name, uint32_t argument_count);
MUST_CHECK enum status call_function(struct evaluation *evaluation, const struct node *node,
                                     struct value *ret_value);

/* How many of the first `limit` bytes of `text` end at a character's end, for error messages. */
int excerpt_length(const char *text, size_t limit);

#endif
