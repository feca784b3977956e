/* The parsed form of an expression and the values that evaluation works with; private to this
 * folder. */
#ifndef SYNERGYFLOW_EXPRESSION_PRIVATE_H
#define SYNERGYFLOW_EXPRESSION_PRIVATE_H

#include "bpmn/expression/decimal.h"
#include "bpmn/expression/expression.h"

#include <stdint.h>

enum {
    EXPRESSION_TEXT_MAX = 16 * 1024, /* bytes of an expression */
    EXPRESSION_DEPTH_MAX = 100,      /* nesting of parentheses, signs and calls: parser's stack */
    EXPRESSION_HEIGHT_MAX = 1000,    /* levels of the tree: the stack of evaluation */
    EXPRESSION_ARGUMENTS_MAX = 16,   /* of a call */
    EXPRESSION_RESULT_MAX = 1024 * 1024,      /* bytes of a text that an expression builds */
    EXPRESSION_SCRATCH_MAX = 8 * 1024 * 1024, /* bytes of all texts that one evaluation builds */
    EXPRESSION_ITEMS_MAX = 100 * 1000,        /* of all arrays that one evaluation builds */
};

enum node_kind {
    NODE_LITERAL,
    NODE_NAME,     /* text */
    NODE_PROPERTY, /* left . text */
    NODE_INDEX,    /* left [ right ] */
    NODE_METHOD,   /* left . text ( arguments ) */
    NODE_FUNCTION, /* variables:function ( text, arguments ) */
    NODE_CALL,     /* common function ( arguments ) */
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

enum value_kind {
    VALUE_NULL,
    VALUE_BOOLEAN,
    VALUE_INTEGER,
    VALUE_REAL,    /* as it came from JSON */
    VALUE_DECIMAL, /* as written in the expression, or computed */
    VALUE_TEXT,
    VALUE_JSON
};

/* A value in flight. Texts and JSON are borrowed from variables, the expression or the evaluation;
 * nothing needs releasing. */
struct value {
    enum value_kind kind;
    union {
        int64_t integer;
        double real;
        struct decimal decimal;
        bool boolean;
        const char *text;
        const json_t *json; /* an array or an object */
    };
};

struct function;
struct common_function;

struct node {
    enum node_kind kind;
    enum operation operation;
    int method; /* enum method */
    struct value literal;
    const char *text;
    union {
        const struct function *function;      /* of NODE_FUNCTION */
        const struct common_function *common; /* of NODE_CALL */
    };
    const struct node *left;
    const struct node *right;
    const struct node *third;
    const struct node **arguments;
    uint32_t argument_count;
    uint32_t height; /* 1 for a leaf; at most EXPRESSION_HEIGHT_MAX */
    uint32_t source_length;
    const char *source; /* where it is written, for errors */
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

/* Which operand of an operation made it fail. */
enum fault { FAULT_NONE, FAULT_LEFT, FAULT_RIGHT };

/* What an evaluation carries along. The arena is made when the first text has to be built, `kept`
 * when the first array. */
struct evaluation {
    const struct expression_scope *scope;
    struct arena *arena;
    json_t *kept;
    size_t items; /* of the arrays built so far */
    enum fault fault;
    struct error *error;
};

/* Room for `length` bytes and a NUL, or STATUS_FAILED when the expression builds too much. */
MUST_CHECK enum status evaluation_room(struct evaluation *evaluation, size_t length,
                                       char **ret_bytes);
/* A copy of `length` bytes as the value of an expression. */
MUST_CHECK enum status evaluation_text(struct evaluation *evaluation, const char *bytes,
                                       size_t length, struct value *ret_value);
/* An empty array that lives as long as the evaluation. */
json_t *evaluation_array(struct evaluation *evaluation);
/* Appends to an array of the evaluation; takes over the reference to `item`. STATUS_FAILED when the
 * expression builds too many items, or for what JSON cannot hold (`item` is NULL). */
MUST_CHECK enum status evaluation_append(struct evaluation *evaluation, json_t *array,
                                         json_t *item);
MUST_CHECK enum status evaluate(struct evaluation *evaluation, const struct node *node,
                                struct value *ret_value);

/* Parses one expression from text[*at]; *at becomes where it ends: the '}' when `in_braces`, else
 * the NUL. Errors speak about all of `text`. */
MUST_CHECK enum status parse_node(struct arena *arena, const char *text, size_t *at, bool in_braces,
                                  const struct node **ret_node, struct error *ret_error);

/* value.c */
struct value value_of_json(const json_t *json); /* NULL gives null */
struct value value_of_boolean(bool boolean);
struct value value_of_integer(int64_t integer);
struct value value_of_text(const char *text); /* NULL gives null */
struct value value_of_decimal(const struct decimal *decimal);
/* New reference; NULL for what JSON cannot hold: a number that is not finite, broken UTF-8. */
json_t *value_to_json(const struct value *value);
const char *value_kind_name(const struct value *value);
bool value_is_number(const struct value *value);
bool value_is_array(const struct value *value);
bool value_is_object(const struct value *value);
bool value_is_empty(const struct value *value);
/* Java's equals: of one kind and the same; whole and real numbers compare as numbers. */
bool value_equals(const struct value *left, const struct value *right);
MUST_CHECK enum status value_to_boolean(struct evaluation *evaluation, const struct value *value,
                                        bool *ret_boolean);
/* null gives NULL. */
MUST_CHECK enum status value_to_text(struct evaluation *evaluation, const struct value *value,
                                     const char **ret_text);

/* arithmetic.c */
struct decimal number_to_decimal(const struct value *number);
/* Negative, 0 or positive; exact between whole and real numbers. */
int numbers_compare(const struct value *left, const struct value *right);
/* A text that holds a number counts as that number; null and "" count as zero. */
MUST_CHECK enum status value_to_number(struct evaluation *evaluation, const struct value *value,
                                       struct value *ret_number);
/* Cuts a number to a whole one as told. */
MUST_CHECK enum status value_to_integer(struct evaluation *evaluation, const struct value *number,
                                        enum decimal_rounding rounding, int64_t *ret_integer);
MUST_CHECK enum status value_arithmetic(struct evaluation *evaluation, enum operation operation,
                                        const struct value *left, const struct value *right,
                                        struct value *ret_value);
MUST_CHECK enum status value_compare(struct evaluation *evaluation, enum operation operation,
                                     const struct value *left, const struct value *right,
                                     bool *ret_boolean);

/* Methods, `x.name(…)`, each in the file of the values that have it. */
enum method {
    METHOD_UNKNOWN,
    METHOD_MUTATION, /* would change the value it is called on */
    METHOD_DATE,     /* date.c finds it by name */
    METHOD_ABS,
    METHOD_ADD,
    METHOD_CHAR_AT,
    METHOD_COMPARE_TO,
    METHOD_COMPARE_TO_IGNORE_CASE,
    METHOD_CONCAT,
    METHOD_CONTAINS,
    METHOD_CONTAINS_ALL,
    METHOD_CONTAINS_KEY,
    METHOD_CONTAINS_VALUE,
    METHOD_DIVIDE,
    METHOD_DOUBLE_VALUE,
    METHOD_ENDS_WITH,
    METHOD_EQUALS,
    METHOD_EQUALS_IGNORE_CASE,
    METHOD_GET,
    METHOD_GET_FIRST,
    METHOD_GET_LAST,
    METHOD_GET_OR_DEFAULT,
    METHOD_INDEX_OF,
    METHOD_INT_VALUE,
    METHOD_IS_BLANK,
    METHOD_IS_EMPTY,
    METHOD_JOIN,
    METHOD_KEY_SET,
    METHOD_LAST_INDEX_OF,
    METHOD_MATCHES,
    METHOD_MULTIPLY,
    METHOD_NEGATE,
    METHOD_PATH,
    METHOD_REMAINDER,
    METHOD_REPEAT,
    METHOD_REPLACE,
    METHOD_REPLACE_ALL,
    METHOD_REPLACE_FIRST,
    METHOD_SET_SCALE,
    METHOD_SIZE,
    METHOD_SPLIT,
    METHOD_STARTS_WITH,
    METHOD_STRIP_LEADING,
    METHOD_STRIP_TRAILING,
    METHOD_SUBSTRING,
    METHOD_SUBTRACT,
    METHOD_SUB_LIST,
    METHOD_TO_LOWER_CASE,
    METHOD_TO_STRING,
    METHOD_TO_UPPER_CASE,
    METHOD_TRIM,
    METHOD_VALUES,
};

/* A call with its arguments evaluated. */
struct call {
    const char *name;
    enum method method;
    uint32_t count;
    const struct value *arguments;
};

/* methods.c: methods and properties of any value, by its kind */
enum method method_find(const char *name);
MUST_CHECK enum status method_unknown(struct evaluation *evaluation, const struct call *call,
                                      const struct value *target);
MUST_CHECK enum status call_method(struct evaluation *evaluation, const struct call *call,
                                   const struct value *target, struct value *ret_value);
/* `x.name` of what is neither null nor an object. */
MUST_CHECK enum status value_property(struct evaluation *evaluation, const struct value *target,
                                      const char *name, struct value *ret_value);
/* A whole number as argument. */
MUST_CHECK enum status argument_integer(struct evaluation *evaluation, const struct call *call,
                                        uint32_t index, int64_t *ret_integer);
/* Any argument but null as text. */
MUST_CHECK enum status argument_text(struct evaluation *evaluation, const struct call *call,
                                     uint32_t index, const char **ret_text);

/* text_methods.c, text_parts.c */
MUST_CHECK enum status call_text_method(struct evaluation *evaluation, const struct call *call,
                                        const struct value *target, struct value *ret_value);
MUST_CHECK enum status call_text_parts_method(struct evaluation *evaluation,
                                              const struct call *call, const struct value *target,
                                              struct value *ret_value);
int64_t text_count_characters(const char *text, const char *end);
const char *text_character_at(const char *text, int64_t position);

/* collection_methods.c: arrays and objects */
MUST_CHECK enum status call_collection_method(struct evaluation *evaluation,
                                              const struct call *call, const struct value *target,
                                              struct value *ret_value);
bool array_contains(const json_t *array, const struct value *wanted, int64_t *ret_index);

/* number_methods.c */
MUST_CHECK enum status call_number_method(struct evaluation *evaluation, const struct call *call,
                                          const struct value *target, struct value *ret_value);
/* Rounds to `places` digits behind the point. */
MUST_CHECK enum status number_round(struct evaluation *evaluation, const struct value *number,
                                    int64_t places, enum decimal_rounding rounding,
                                    struct value *ret_value);

/* date.c: dates are ISO 8601 texts, with a time or without. */
/* Whether a text can be a date at all; cheap. */
bool text_may_be_date(const char *text);
/* Whether both texts are dates, and how they compare. */
bool dates_compare(const char *left, const char *right, int *ret_order);
/* Methods on dates, and the functions `date:name(…)` by the same names with the date as first
 * argument. */
MUST_CHECK enum status call_date_method(struct evaluation *evaluation, const struct call *call,
                                        const struct value *target, struct value *ret_value);
/* Whether there is such a method with so many arguments; any number for DATE_ANY_COUNT. */
#define DATE_ANY_COUNT UINT32_MAX
bool is_date_method(const char *name, uint32_t argument_count);
MUST_CHECK enum status date_now(struct evaluation *evaluation, const struct call *call,
                                struct value *ret_value);
MUST_CHECK enum status date_today(struct evaluation *evaluation, const struct call *call,
                                  struct value *ret_value);

/* pattern.c: whether all of `text` matches a regular expression, in time that grows with the
 * product of both lengths. */
MUST_CHECK enum status pattern_matches(struct evaluation *evaluation, const char *pattern,
                                       const char *text, bool *ret_matches);

/* context.c: the engine's objects, for which a name stands unless a variable has it */
enum context_object { CONTEXT_NONE, CONTEXT_EXECUTION, CONTEXT_TASK, CONTEXT_VARIABLES };
enum context_object context_object_of(const struct evaluation *evaluation, const struct node *node);
MUST_CHECK enum status context_property(struct evaluation *evaluation, enum context_object object,
                                        const char *name, struct value *ret_value);
MUST_CHECK enum status context_method(struct evaluation *evaluation, enum context_object object,
                                      const struct call *call, struct value *ret_value);
/* authenticatedUserId and its like. False when the name means nothing. */
bool context_name(const struct evaluation *evaluation, const char *name, struct value *ret_value);
MUST_CHECK enum status variable_unknown(struct evaluation *evaluation, const char *name);

/* functions.c: `variables:name(…)`. NULL when there is no such function with so many arguments. */
const struct function *function_find(const char *name, uint32_t argument_count);
MUST_CHECK enum status call_function(struct evaluation *evaluation, const struct node *node,
                                     struct value *ret_value);

/* common_functions.c: `name(…)`, and `date:name(…)` when `is_date`. */
const struct common_function *common_function_find(const char *name, bool is_date,
                                                   uint32_t argument_count);
MUST_CHECK enum status call_common_function(struct evaluation *evaluation, const struct node *node,
                                            struct value *ret_value);

/* How many of the first `limit` bytes of `text` end at a character's end, for error messages. */
int excerpt_length(const char *text, size_t limit);
/* The same of a text of `length` bytes without a NUL. */
int excerpt_length_of(const char *text, size_t length, size_t limit);

#endif
