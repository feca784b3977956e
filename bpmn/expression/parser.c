/* Text → tree, by recursive descent over the grammar of JUEL (design: flowable.md, section 3). */
#include "bpmn/expression/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct arena *arena;
    const char *text;
    size_t at;
    size_t start; /* of the current token */
    bool in_braces;
    unsigned depth;
    struct error *error;
    /* the current token */
    enum { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN } token;
    struct value literal;
    const char *name;
    char sign[3];
};

static enum status syntax(struct parser *parser, const char *expected)
{
    char found[32];
    size_t length = strcspn(parser->text + parser->start, " \t\r\n");

    if (length > 24)
        length = 24;
    memcpy(found, parser->text + parser->start, length);
    found[length] = '\0';
    (void)error_set(parser->error, STATUS_INVALID,
                    "Expected %s at character %zu of the expression but found %s%s%s.", expected,
                    parser->start + 1, length > 0 ? "'" : "", length > 0 ? found : "its end",
                    length > 0 ? "'" : "");
    return error_at(parser->error, NULL, 0, (int)parser->start + 1);
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum status read_number(struct parser *parser)
{
    const char *begin = parser->text + parser->at;
    const char *end = begin;
    bool real = false;
    char *copy;

    while (is_digit(*end))
        end++;
    if (*end == '.' && is_digit(end[1])) {
        real = true;
        for (end++; is_digit(*end);)
            end++;
    }
    if ((*end == 'e' || *end == 'E') &&
        (is_digit(end[1]) || ((end[1] == '+' || end[1] == '-') && is_digit(end[2])))) {
        real = true;
        for (end += 2; is_digit(*end);)
            end++;
    }
    copy = arena_copy_bytes(parser->arena, begin, (size_t)(end - begin));
    parser->at += (size_t)(end - begin);
    errno = 0;
    if (real) {
        parser->literal = (struct value){.kind = VALUE_REAL, .real = strtod(copy, NULL)};
    } else {
        parser->literal =
            (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)strtoll(copy, NULL, 10)};
    }
    if (errno != 0)
        return syntax(parser, "a number that fits 64 bits");
    parser->token = TOKEN_NUMBER;
    return STATUS_OK;
}

static enum status read_text(struct parser *parser)
{
    char quote = parser->text[parser->at++];
    const char *from = parser->text + parser->at;
    char *to = arena_alloc(parser->arena, strlen(from) + 1);
    size_t length = 0;

    for (; *from != quote; from++) {
        if (*from == '\0')
            return syntax(parser, "a text that ends with its quote");
        if (*from == '\\' && (from[1] == '\\' || from[1] == '\'' || from[1] == '"'))
            from++;
        to[length++] = *from;
    }
    to[length] = '\0';
    parser->at = (size_t)(from - parser->text) + 1;
    parser->literal = (struct value){.kind = VALUE_TEXT, .text = to};
    parser->token = TOKEN_TEXT;
    return STATUS_OK;
}

static enum status advance(struct parser *parser)
{
    static const char *const doubles[] = {"==", "!=", "<=", ">=", "&&", "||"};
    const char *at;

    while (strchr(" \t\r\n", parser->text[parser->at]) != NULL && parser->text[parser->at] != '\0')
        parser->at++;
    parser->start = parser->at;
    at = parser->text + parser->at;
    if (*at == '\0' || (parser->in_braces && *at == '}')) {
        parser->token = TOKEN_END;
        return STATUS_OK;
    }
    if (is_digit(*at))
        return read_number(parser);
    if (*at == '\'' || *at == '"')
        return read_text(parser);
    if (is_name_start(*at)) {
        size_t length = 0;

        while (is_name_start(at[length]) || is_digit(at[length]))
            length++;
        parser->name = arena_copy_bytes(parser->arena, at, length);
        parser->at += length;
        parser->token = TOKEN_NAME;
        return STATUS_OK;
    }
    parser->token = TOKEN_SIGN;
    for (size_t i = 0; i < COUNT_OF(doubles); i++) {
        if (strncmp(at, doubles[i], 2) == 0) {
            memcpy(parser->sign, doubles[i], 3);
            parser->at += 2;
            return STATUS_OK;
        }
    }
    if (strchr("+-*/%<>!?:().,[]", *at) == NULL)
        return syntax(parser, "an operator or a value");
    parser->sign[0] = *at;
    parser->sign[1] = '\0';
    parser->at++;
    return STATUS_OK;
}

static bool is_sign(const struct parser *parser, const char *sign)
{
    return parser->token == TOKEN_SIGN && strcmp(parser->sign, sign) == 0;
}

static bool is_word(const struct parser *parser, const char *word)
{
    return parser->token == TOKEN_NAME && strcmp(parser->name, word) == 0;
}

static struct node *node_new(struct parser *parser, enum node_kind kind)
{
    struct node *node = arena_alloc(parser->arena, sizeof(*node));

    node->kind = kind;
    node->column = (int)parser->start + 1;
    return node;
}

static enum status parse_choice(struct parser *parser, const struct node **ret_node);

static enum status expect_sign(struct parser *parser, const char *sign)
{
    char expected[16] = "'";

    if (is_sign(parser, sign))
        return advance(parser);
    (void)strcat(strcat(expected, sign), "'");
    return syntax(parser, expected);
}

static enum status parse_arguments(struct parser *parser, struct node *node)
{
    enum status status = expect_sign(parser, "(");

    while (status == STATUS_OK && !is_sign(parser, ")")) {
        if (node->argument_count == EXPRESSION_ARGUMENTS_MAX)
            return syntax(parser, "at most 16 arguments");
        if (node->argument_count > 0)
            status = expect_sign(parser, ",");
        if (status == STATUS_OK)
            status = parse_choice(parser, &node->arguments[node->argument_count++]);
    }
    return status == STATUS_OK ? expect_sign(parser, ")") : status;
}

/* prefix:name(…) with the prefixes that Flowable has; a lone name is a variable. */
static enum status parse_name(struct parser *parser, const struct node **ret_node)
{
    static const char *const prefixes[] = {"variables", "vars", "var"};
    struct node *node = node_new(parser, NODE_NAME);
    size_t after = parser->at;
    enum status status;

    node->text = parser->name;
    status = advance(parser);
    if (status != STATUS_OK)
        return status;
    *ret_node = node;
    for (size_t i = 0; i < COUNT_OF(prefixes) && is_sign(parser, ":"); i++) {
        /* `a ? var : b` has blanks or no call behind the colon. */
        if (strcmp(node->text, prefixes[i]) != 0 || parser->text[after] != ':' ||
            !is_name_start(parser->text[after + 1]))
            continue;
        node->kind = NODE_FUNCTION;
        status = advance(parser);
        if (status != STATUS_OK)
            return status;
        node->text = parser->name;
        status = advance(parser);
        return status == STATUS_OK ? parse_arguments(parser, node) : status;
    }
    return STATUS_OK;
}

static enum status parse_primary(struct parser *parser, const struct node **ret_node)
{
    struct node *node;
    enum status status;

    if (is_sign(parser, "(")) {
        status = advance(parser);
        if (status == STATUS_OK)
            status = parse_choice(parser, ret_node);
        return status == STATUS_OK ? expect_sign(parser, ")") : status;
    }
    if (parser->token != TOKEN_NUMBER && parser->token != TOKEN_TEXT && parser->token != TOKEN_NAME)
        return syntax(parser, "a value");
    if (parser->token == TOKEN_NAME && !is_word(parser, "true") && !is_word(parser, "false") &&
        !is_word(parser, "null"))
        return parse_name(parser, ret_node);
    node = node_new(parser, NODE_LITERAL);
    if (parser->token != TOKEN_NAME)
        node->literal = parser->literal;
    else if (!is_word(parser, "null"))
        node->literal = (struct value){.kind = VALUE_BOOLEAN, .boolean = is_word(parser, "true")};
    *ret_node = node;
    return advance(parser);
}

static enum status parse_postfix(struct parser *parser, const struct node **ret_node)
{
    enum status status = parse_primary(parser, ret_node);
    unsigned links = 0;

    while (status == STATUS_OK && (is_sign(parser, ".") || is_sign(parser, "["))) {
        bool is_index = is_sign(parser, "[");
        struct node *node = node_new(parser, is_index ? NODE_INDEX : NODE_PROPERTY);

        if (++links > EXPRESSION_DEPTH_MAX)
            return syntax(parser, "fewer accesses in a row");
        node->left = *ret_node;
        status = advance(parser);
        if (status != STATUS_OK)
            return status;
        if (is_index) {
            status = parse_choice(parser, &node->right);
            if (status == STATUS_OK)
                status = expect_sign(parser, "]");
        } else {
            if (parser->token != TOKEN_NAME)
                return syntax(parser, "a property's name");
            node->text = parser->name;
            status = advance(parser);
            if (status == STATUS_OK && is_sign(parser, "(")) {
                node->kind = NODE_METHOD;
                status = parse_arguments(parser, node);
            }
        }
        *ret_node = node;
    }
    return status;
}

static enum status parse_unary(struct parser *parser, const struct node **ret_node)
{
    struct node *node;
    enum operator operation;
    enum status status;

    if (is_sign(parser, "!") || is_word(parser, "not"))
        operation = OPERATOR_NOT;
    else if (is_sign(parser, "-"))
        operation = OPERATOR_NEGATE;
    else if (is_word(parser, "empty"))
        operation = OPERATOR_EMPTY;
    else
        return parse_postfix(parser, ret_node);
    if (++parser->depth > EXPRESSION_DEPTH_MAX)
        return syntax(parser, "less deep nesting");
    node = node_new(parser, NODE_UNARY);
    node->operation = operation;
    status = advance(parser);
    if (status == STATUS_OK)
        status = parse_unary(parser, &node->left);
    parser->depth--;
    *ret_node = node;
    return status;
}

/* Binary operators by level, loosest first. */
static const struct {
    unsigned level;
    const char *sign;
    const char *word;
    enum operator operation;
} binaries[] = {
    {0, "||", "or", OPERATOR_OR},      {1, "&&", "and", OPERATOR_AND},
    {2, "==", "eq", OPERATOR_EQUAL},   {2, "!=", "ne", OPERATOR_NOT_EQUAL},
    {3, "<", "lt", OPERATOR_LESS},     {3, "<=", "le", OPERATOR_LESS_EQUAL},
    {3, ">", "gt", OPERATOR_GREATER},  {3, ">=", "ge", OPERATOR_GREATER_EQUAL},
    {4, "+", NULL, OPERATOR_ADD},      {4, "-", NULL, OPERATOR_SUBTRACT},
    {5, "*", NULL, OPERATOR_MULTIPLY}, {5, "/", "div", OPERATOR_DIVIDE},
    {5, "%", "mod", OPERATOR_MODULO},
};

enum { BINARY_LEVELS = 6 };

static int binary_at(const struct parser *parser, unsigned level)
{
    for (size_t i = 0; i < COUNT_OF(binaries); i++) {
        if (binaries[i].level == level &&
            (is_sign(parser, binaries[i].sign) ||
             (binaries[i].word != NULL && is_word(parser, binaries[i].word))))
            return (int)i;
    }
    return -1;
}

static enum status parse_binary(struct parser *parser, unsigned level, const struct node **ret_node)
{
    enum status status = level + 1 < BINARY_LEVELS ? parse_binary(parser, level + 1, ret_node)
                                                   : parse_unary(parser, ret_node);
    unsigned links = 0;
    int found;

    while (status == STATUS_OK && (found = binary_at(parser, level)) >= 0) {
        struct node *node = node_new(parser, NODE_BINARY);

        /* A chain of one level is a tree that leans left, and evaluation recurses into it. */
        if (++links > 10 * EXPRESSION_DEPTH_MAX)
            return syntax(parser, "fewer operators in a row");
        node->operation = binaries[found].operation;
        node->left = *ret_node;
        status = advance(parser);
        if (status == STATUS_OK)
            status = level + 1 < BINARY_LEVELS ? parse_binary(parser, level + 1, &node->right)
                                               : parse_unary(parser, &node->right);
        *ret_node = node;
    }
    return status;
}

static enum status parse_choice(struct parser *parser, const struct node **ret_node)
{
    enum status status;
    struct node *node;

    if (++parser->depth > EXPRESSION_DEPTH_MAX)
        return syntax(parser, "less deep nesting");
    status = parse_binary(parser, 0, ret_node);
    if (status == STATUS_OK && is_sign(parser, "?")) {
        node = node_new(parser, NODE_CHOICE);
        node->left = *ret_node;
        status = advance(parser);
        if (status == STATUS_OK)
            status = parse_choice(parser, &node->right);
        if (status == STATUS_OK)
            status = expect_sign(parser, ":");
        if (status == STATUS_OK)
            status = parse_choice(parser, &node->third);
        *ret_node = node;
    }
    parser->depth--;
    return status;
}

enum status parse_node(struct arena *arena, const char *text, size_t *at, bool in_braces,
                       const struct node **ret_node, struct error *ret_error)
{
    struct parser parser = {
        .arena = arena, .text = text, .at = *at, .in_braces = in_braces, .error = ret_error};
    enum status status = advance(&parser);

    if (status == STATUS_OK)
        status = parse_choice(&parser, ret_node);
    if (status == STATUS_OK && parser.token != TOKEN_END)
        status = syntax(&parser, "an operator or the expression's end");
    *at = parser.start;
    return status;
}
