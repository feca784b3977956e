/* Tokens → tree, by recursive descent over the grammar of JUEL (design: flowable.md, section 3). */
#include "bpmn/expression/lexer.h"

#include <string.h>

struct parser {
    struct lexer lexer;
    unsigned depth;
};

/* `start` is where its text begins. */
static struct node *node_new(struct parser *parser, enum node_kind kind, size_t start)
{
    struct node *node = arena_alloc(parser->lexer.arena, sizeof(*node));

    node->kind = kind;
    node->source = parser->lexer.text + start;
    return node;
}

/* Called when a node has all its children: bounds the recursion of evaluation. */
static enum status finish(struct parser *parser, struct node *node, const struct node **ret_node)
{
    const struct node *const children[] = {node->left, node->right, node->third};
    uint32_t height = 0;

    for (size_t i = 0; i < COUNT_OF(children); i++) {
        if (children[i] != NULL && children[i]->height > height)
            height = children[i]->height;
    }
    for (uint32_t i = 0; i < node->argument_count; i++) {
        if (node->arguments[i]->height > height)
            height = node->arguments[i]->height;
    }
    node->height = height + 1;
    node->source_length = (uint32_t)(parser->lexer.text + parser->lexer.end - node->source);
    if (node->height > EXPRESSION_HEIGHT_MAX)
        return lexer_expected(&parser->lexer, "at most 1000 operations in a row");
    *ret_node = node;
    return STATUS_OK;
}

static enum status enter(struct parser *parser)
{
    if (++parser->depth > EXPRESSION_DEPTH_MAX)
        return lexer_expected(&parser->lexer, "at most 100 levels of nesting");
    return STATUS_OK;
}

static enum status parse_choice(struct parser *parser, const struct node **ret_node);

static enum status expect_sign(struct parser *parser, const char *sign, const char *expected)
{
    if (lexer_is_sign(&parser->lexer, sign))
        return lexer_advance(&parser->lexer);
    return lexer_expected(&parser->lexer, expected);
}

static enum status parse_arguments(struct parser *parser, struct node *node)
{
    const struct node *arguments[EXPRESSION_ARGUMENTS_MAX];
    uint32_t count = 0;
    enum status status = expect_sign(parser, "(", "'('");

    while (status == STATUS_OK && !lexer_is_sign(&parser->lexer, ")")) {
        if (count == EXPRESSION_ARGUMENTS_MAX)
            return lexer_expected(&parser->lexer, "at most 16 arguments");
        if (count > 0)
            status = expect_sign(parser, ",", "',' or ')'");
        if (status == STATUS_OK)
            status = parse_choice(parser, &arguments[count]);
        count++;
    }
    if (status != STATUS_OK)
        return status;
    node->arguments = arena_array(parser->lexer.arena, count, sizeof(struct node *));
    memcpy(node->arguments, arguments, count * sizeof(struct node *));
    node->argument_count = count;
    return lexer_advance(&parser->lexer);
}

/* variables:name(…): the first argument names a variable, unquoted or as a text. */
static enum status parse_function(struct parser *parser, const struct node **ret_node)
{
    struct node *node = node_new(parser, NODE_FUNCTION, parser->lexer.start);
    struct lexer at_name;
    const struct node *first;
    enum status status = lexer_advance(&parser->lexer); /* ':' */

    if (status == STATUS_OK)
        status = lexer_advance(&parser->lexer);
    if (status != STATUS_OK)
        return status;
    at_name = parser->lexer;
    status = lexer_advance(&parser->lexer);
    if (status == STATUS_OK)
        status = parse_arguments(parser, node);
    if (status != STATUS_OK)
        return status;
    node->function = function_find(at_name.name, node->argument_count);
    if (node->function == NULL)
        return lexer_expected(&at_name,
                              "a function of variables with its arguments (get, getOrDefault, "
                              "exists, isEmpty, isNotEmpty, equals, notEquals, lt, lte, gt, gte, "
                              "contains, containsAny, base64)");
    first = node->arguments[0];
    if (first->kind == NODE_NAME)
        node->text = first->text;
    else if (first->kind == NODE_LITERAL && first->literal.kind == VALUE_TEXT)
        node->text = first->literal.text;
    else
        return lexer_expected(&at_name, "a function with a variable's name as first argument");
    return finish(parser, node, ret_node);
}

/* name(…), or date:name(…) */
static enum status parse_call(struct parser *parser, bool is_date, const struct node **ret_node)
{
    struct node *node = node_new(parser, NODE_CALL, parser->lexer.start);
    struct lexer at_name;
    enum status status = STATUS_OK;

    for (int i = 0; is_date && i < 2 && status == STATUS_OK; i++) /* past `date` and ':' */
        status = lexer_advance(&parser->lexer);
    if (status != STATUS_OK)
        return status;
    at_name = parser->lexer;
    node->text = at_name.name;
    node->method = method_find(node->text);
    status = lexer_advance(&parser->lexer);
    if (status == STATUS_OK)
        status = parse_arguments(parser, node);
    if (status != STATUS_OK)
        return status;
    node->common = common_function_find(node->text, is_date, node->argument_count);
    if (node->common != NULL)
        return finish(parser, node, ret_node);
    return lexer_expected(&at_name,
                          is_date ? "a function of dates with its arguments (now, today, format, "
                                    "addDuration, subtractDuration, plusDays, isBefore, "
                                    "secondsBetween, …)"
                                  : "a function with its arguments (abs, min, max, floor, ceil, "
                                    "round, sum, size, upper, lower, concat, contains, now, today, "
                                    "…)");
}

static bool is_reserved(const char *name)
{
    static const char *const words[] = {"and", "or", "not", "empty", "div", "mod",       "lt",
                                        "gt",  "le", "ge",  "eq",    "ne",  "instanceof"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i], name) == 0)
            return true;
    }
    return false;
}

static enum status parse_name(struct parser *parser, const struct node **ret_node)
{
    static const char *const prefixes[] = {"variables", "vars", "var"};
    struct node *node;
    enum status status;

    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        if (lexer_is_word(&parser->lexer, prefixes[i]) &&
            lexer_is_function_at(&parser->lexer, parser->lexer.at))
            return parse_function(parser, ret_node);
    }
    if (is_reserved(parser->lexer.name))
        return lexer_expected(&parser->lexer, "a value");
    if (lexer_is_word(&parser->lexer, "date") &&
        lexer_is_function_at(&parser->lexer, parser->lexer.at))
        return parse_call(parser, true, ret_node);
    if (lexer_is_call(&parser->lexer))
        return parse_call(parser, false, ret_node);
    node = node_new(parser, NODE_NAME, parser->lexer.start);
    node->text = parser->lexer.name;
    status = lexer_advance(&parser->lexer);
    return status == STATUS_OK ? finish(parser, node, ret_node) : status;
}

static enum status parse_primary(struct parser *parser, const struct node **ret_node)
{
    struct lexer *lexer = &parser->lexer;
    struct node *node;
    enum status status;

    if (lexer_is_sign(lexer, "(")) {
        status = lexer_advance(lexer);
        if (status == STATUS_OK)
            status = parse_choice(parser, ret_node);
        return status == STATUS_OK ? expect_sign(parser, ")", "')'") : status;
    }
    if (lexer->kind != TOKEN_NUMBER && lexer->kind != TOKEN_TEXT && lexer->kind != TOKEN_NAME)
        return lexer_expected(lexer, "a value");
    if (lexer->kind == TOKEN_NAME && !lexer_is_word(lexer, "true") &&
        !lexer_is_word(lexer, "false") && !lexer_is_word(lexer, "null"))
        return parse_name(parser, ret_node);
    node = node_new(parser, NODE_LITERAL, parser->lexer.start);
    if (lexer->kind != TOKEN_NAME)
        node->literal = lexer->literal;
    else if (!lexer_is_word(lexer, "null"))
        node->literal = value_of_boolean(lexer_is_word(lexer, "true"));
    status = lexer_advance(lexer);
    return status == STATUS_OK ? finish(parser, node, ret_node) : status;
}

static enum status parse_access(struct parser *parser, struct node *node)
{
    struct lexer *lexer = &parser->lexer;
    enum status status;

    if (node->kind == NODE_INDEX) {
        status = parse_choice(parser, &node->right);
        return status == STATUS_OK ? expect_sign(parser, "]", "']'") : status;
    }
    if (lexer->kind != TOKEN_NAME)
        return lexer_expected(lexer, "a property's name");
    node->text = lexer->name;
    status = lexer_advance(lexer);
    if (status != STATUS_OK || !lexer_is_sign(lexer, "("))
        return status;
    node->kind = NODE_METHOD;
    node->method = method_find(node->text);
    return parse_arguments(parser, node);
}

static enum status parse_postfix(struct parser *parser, const struct node **ret_node)
{
    struct lexer *lexer = &parser->lexer;
    size_t start = lexer->start;
    enum status status = parse_primary(parser, ret_node);

    while (status == STATUS_OK && (lexer_is_sign(lexer, ".") || lexer_is_sign(lexer, "["))) {
        struct node *node =
            node_new(parser, lexer_is_sign(lexer, "[") ? NODE_INDEX : NODE_PROPERTY, start);

        node->left = *ret_node;
        status = lexer_advance(lexer);
        if (status == STATUS_OK)
            status = parse_access(parser, node);
        if (status == STATUS_OK)
            status = finish(parser, node, ret_node);
    }
    return status;
}

static enum status parse_unary(struct parser *parser, const struct node **ret_node)
{
    struct lexer *lexer = &parser->lexer;
    struct node *node;
    enum operation operation;
    enum status status;

    if (lexer_is_sign(lexer, "!") || lexer_is_word(lexer, "not"))
        operation = OPERATION_NOT;
    else if (lexer_is_sign(lexer, "-"))
        operation = OPERATION_NEGATE;
    else if (lexer_is_word(lexer, "empty"))
        operation = OPERATION_EMPTY;
    else
        return parse_postfix(parser, ret_node);
    node = node_new(parser, NODE_UNARY, parser->lexer.start);
    node->operation = operation;
    status = enter(parser);
    if (status == STATUS_OK)
        status = lexer_advance(lexer);
    if (status == STATUS_OK)
        status = parse_unary(parser, &node->left);
    parser->depth--;
    return status == STATUS_OK ? finish(parser, node, ret_node) : status;
}

/* Binary operators by level, loosest first. */
static const struct {
    unsigned level;
    const char *sign;
    const char *word;
    enum operation operation;
} binaries[] = {
    {0, "||", "or", OPERATION_OR},      {1, "&&", "and", OPERATION_AND},
    {2, "==", "eq", OPERATION_EQUAL},   {2, "!=", "ne", OPERATION_NOT_EQUAL},
    {3, "<", "lt", OPERATION_LESS},     {3, "<=", "le", OPERATION_LESS_EQUAL},
    {3, ">", "gt", OPERATION_GREATER},  {3, ">=", "ge", OPERATION_GREATER_EQUAL},
    {4, "+", NULL, OPERATION_ADD},      {4, "-", NULL, OPERATION_SUBTRACT},
    {5, "*", NULL, OPERATION_MULTIPLY}, {5, "/", "div", OPERATION_DIVIDE},
    {5, "%", "mod", OPERATION_MODULO},
};

enum { BINARY_LEVELS = 6 };

static bool find_binary(const struct parser *parser, unsigned level, enum operation *ret_operation)
{
    for (size_t i = 0; i < COUNT_OF(binaries); i++) {
        if (binaries[i].level == level &&
            (lexer_is_sign(&parser->lexer, binaries[i].sign) ||
             (binaries[i].word != NULL && lexer_is_word(&parser->lexer, binaries[i].word)))) {
            *ret_operation = binaries[i].operation;
            return true;
        }
    }
    return false;
}

static enum status parse_binary(struct parser *parser, unsigned level, const struct node **ret_node)
{
    size_t start = parser->lexer.start;
    enum operation operation;
    enum status status;

    if (level == BINARY_LEVELS)
        return parse_unary(parser, ret_node);
    status = parse_binary(parser, level + 1, ret_node);
    while (status == STATUS_OK && find_binary(parser, level, &operation)) {
        struct node *node = node_new(parser, NODE_BINARY, start);

        node->operation = operation;
        node->left = *ret_node;
        status = lexer_advance(&parser->lexer);
        if (status == STATUS_OK)
            status = parse_binary(parser, level + 1, &node->right);
        if (status == STATUS_OK)
            status = finish(parser, node, ret_node);
    }
    return status;
}

static enum status parse_choice(struct parser *parser, const struct node **ret_node)
{
    size_t start = parser->lexer.start;
    enum status status = enter(parser);
    struct node *node;

    if (status == STATUS_OK)
        status = parse_binary(parser, 0, ret_node);
    if (status == STATUS_OK && lexer_is_sign(&parser->lexer, "?")) {
        node = node_new(parser, NODE_CHOICE, start);
        node->left = *ret_node;
        status = lexer_advance(&parser->lexer);
        if (status == STATUS_OK)
            status = parse_choice(parser, &node->right);
        if (status == STATUS_OK)
            status = expect_sign(parser, ":", "':'");
        if (status == STATUS_OK)
            status = parse_choice(parser, &node->third);
        if (status == STATUS_OK)
            status = finish(parser, node, ret_node);
    }
    parser->depth--;
    return status;
}

enum status parse_node(struct arena *arena, const char *text, size_t *at, bool in_braces,
                       const struct node **ret_node, struct error *ret_error)
{
    struct parser parser = {
        .lexer = {
            .arena = arena, .text = text, .at = *at, .in_braces = in_braces, .error = ret_error}};
    enum status status = lexer_advance(&parser.lexer);

    if (status == STATUS_OK)
        status = parse_choice(&parser, ret_node);
    if (status == STATUS_OK && parser.lexer.kind != TOKEN_END)
        return lexer_expected(&parser.lexer,
                              in_braces ? "an operator or '}'" : "an operator or the end");
    if (status == STATUS_OK && in_braces && text[parser.lexer.start] != '}')
        return lexer_expected(&parser.lexer, "'}'");
    *at = parser.lexer.start;
    return status;
}
