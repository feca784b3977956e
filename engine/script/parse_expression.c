/* Expressions, from commas down to calls; parse_primary.c has what they are made of. */
#include "engine/script/parser.h"

#include <string.h>

/* Binary operators by how tightly they bind. */
static int strength(const struct parser *parser)
{
    static const struct {
        const char *sign;
        int strength;
    } operators[] = {{"?\?", 1}, {"||", 2}, {"&&", 3},  {"|", 4},   {"^", 5},   {"&", 6},
                     {"==", 7},  {"!=", 7}, {"===", 7}, {"!==", 7}, {"<", 8},   {">", 8},
                     {"<=", 8},  {">=", 8}, {"<<", 9},  {">>", 9},  {">>>", 9}, {"+", 10},
                     {"-", 10},  {"*", 11}, {"/", 11},  {"%", 11}};

    if (parser_is_word(parser, "instanceof") || (parser_is_word(parser, "in") && !parser->no_in))
        return 8;
    if (parser->lexer.token.kind != TOKEN_SIGN)
        return 0;
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        if (strcmp(parser->lexer.token.text, operators[i].sign) == 0)
            return operators[i].strength;
    }
    return 0;
}

/* Items up to `closing`, with spreads; holes only in lists. */
static struct syntax *parse_items(struct parser *parser, const char *closing)
{
    struct syntax *first = NULL;
    struct syntax **tail = &first;

    while (!parser_is(parser, closing) && !parser->lexer.failed) {
        if (parser_is(parser, "...")) {
            *tail = parser_node(parser, SYNTAX_SPREAD);
            script_lexer_advance(&parser->lexer);
            (*tail)->a = parse_assignment(parser);
        } else {
            *tail = parse_assignment(parser);
        }
        tail = &(*tail)->next;
        if (!parser_take(parser, ","))
            break;
    }
    parser_expect(parser, closing);
    return first;
}

static struct syntax *link_of(struct parser *parser, enum syntax_kind kind, struct syntax *object,
                              bool optional)
{
    struct syntax *node = parser_node(parser, kind);

    node->a = object;
    node->optional = optional;
    node->line = object->line;
    node->column = object->column;
    return node;
}

/* `.name`, `[key]`, `(…)` and their `?.` forms behind `object`; `calls` is false behind `new`. */
static struct syntax *parse_links(struct parser *parser, struct syntax *object, bool calls)
{
    bool chain = false;
    unsigned count = 0;

    while (!parser->lexer.failed) {
        bool optional = calls && parser_take(parser, "?.");
        struct syntax *node;

        chain = chain || optional;
        if (++count > SYNTAX_CHAIN_MAX) {
            parser_fail_at(parser, object, "The chain of calls and members is too long.");
            break;
        }
        if (parser_take(parser, "[")) {
            bool no_in = parser->no_in;

            node = link_of(parser, SYNTAX_INDEX, object, optional);
            parser->no_in = false;
            node->b = parse_expression(parser);
            parser->no_in = no_in;
            parser_expect(parser, "]");
        } else if (calls && parser_is(parser, "(")) {
            script_lexer_advance(&parser->lexer);
            node = link_of(parser, SYNTAX_CALL, object, optional);
            node->items = parse_items(parser, ")");
        } else if (optional || parser_take(parser, ".")) {
            node = link_of(parser, SYNTAX_MEMBER, object, optional);
            node->text = parser->lexer.token.text;
            if (parser->lexer.token.kind != TOKEN_NAME)
                parser_fail_expected(parser, "a name");
            script_lexer_advance(&parser->lexer);
        } else if (parser_is(parser, "`")) {
            parser_fail_expected(parser, "no tagged template (they are not supported)");
            break;
        } else {
            break;
        }
        object = node;
    }
    return chain ? link_of(parser, SYNTAX_CHAIN, object, false) : object;
}

static struct syntax *parse_new(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_NEW);

    script_lexer_advance(&parser->lexer);
    if (!parser_enter(parser))
        return node;
    if (parser_is_word(parser, "new"))
        node->a = parse_new(parser);
    else
        node->a = parse_links(parser, parse_primary(parser), false);
    if (parser_take(parser, "("))
        node->items = parse_items(parser, ")");
    for (const struct syntax *item = node->items; item != NULL; item = item->next) {
        if (item->kind == SYNTAX_SPREAD)
            parser_fail_at(parser, item, "Expected no '...' in the arguments of new.");
    }
    parser_leave(parser);
    return node;
}

static struct syntax *parse_left_hand_side(struct parser *parser)
{
    struct syntax *object =
        parser_is_word(parser, "new") ? parse_new(parser) : parse_primary(parser);

    return object->kind == SYNTAX_FUNCTION && object->arrow ? object
                                                            : parse_links(parser, object, true);
}

static void check_simple_target(struct parser *parser, const struct syntax *target)
{
    if (target->kind != SYNTAX_NAME && target->kind != SYNTAX_MEMBER &&
        target->kind != SYNTAX_INDEX)
        parser_fail_at(parser, target, "Expected a variable or a member to assign to.");
}

static struct syntax *parse_postfix(struct parser *parser)
{
    struct syntax *operand = parse_left_hand_side(parser);
    struct syntax *node;

    if (parser->lexer.token.after_newline || (!parser_is(parser, "++") && !parser_is(parser, "--")))
        return operand;
    node = link_of(parser, SYNTAX_POSTFIX, operand, false);
    node->text = parser->lexer.token.text;
    check_simple_target(parser, operand);
    script_lexer_advance(&parser->lexer);
    return node;
}

static bool is_unary(const struct parser *parser)
{
    static const char *const signs[] = {"!", "~", "+", "-", "++", "--"};

    if (parser_is_word(parser, "typeof") || parser_is_word(parser, "void") ||
        parser_is_word(parser, "delete"))
        return true;
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (parser_is(parser, signs[i]))
            return true;
    }
    return false;
}

static struct syntax *parse_unary(struct parser *parser)
{
    struct syntax *node;

    if (!is_unary(parser))
        return parse_postfix(parser);
    node = parser_node(parser, SYNTAX_UNARY);
    node->text = parser->lexer.token.text;
    script_lexer_advance(&parser->lexer);
    if (!parser_enter(parser))
        return node;
    node->a = parse_unary(parser);
    parser_leave(parser);
    if (strcmp(node->text, "++") == 0 || strcmp(node->text, "--") == 0) {
        node->kind = SYNTAX_PREFIX;
        check_simple_target(parser, node->a);
    }
    return node;
}

/* `**` groups from the right and binds more tightly than the other binary operators. */
static struct syntax *parse_power(struct parser *parser)
{
    struct syntax *left = parse_unary(parser);
    struct syntax *node;

    if (!parser_is(parser, "**"))
        return left;
    if (left->kind == SYNTAX_UNARY)
        parser_fail_at(parser, left, "Expected parentheses around the base of '**'.");
    node = link_of(parser, SYNTAX_BINARY, left, false);
    node->text = "**";
    script_lexer_advance(&parser->lexer);
    if (!parser_enter(parser))
        return node;
    node->b = parse_power(parser);
    parser_leave(parser);
    return node;
}

static struct syntax *parse_binary(struct parser *parser, int minimum)
{
    struct syntax *left = parse_power(parser);
    unsigned count = 0;

    while (strength(parser) > minimum && !parser->lexer.failed) {
        int own = strength(parser);
        struct syntax *node = link_of(parser, SYNTAX_BINARY, left, false);

        if (++count > SYNTAX_CHAIN_MAX)
            parser_fail_at(parser, left, "The expression is too long: split it.");
        node->text = parser->lexer.token.text;
        script_lexer_advance(&parser->lexer);
        node->b = parse_binary(parser, own);
        left = node;
    }
    return left;
}

static struct syntax *parse_choice(struct parser *parser)
{
    struct syntax *condition = parse_binary(parser, 0);
    struct syntax *node;
    bool no_in = parser->no_in;

    if (!parser_is(parser, "?"))
        return condition;
    node = link_of(parser, SYNTAX_CHOICE, condition, false);
    script_lexer_advance(&parser->lexer);
    parser->no_in = false;
    node->b = parse_assignment(parser);
    parser->no_in = no_in;
    parser_expect(parser, ":");
    node->c = parse_assignment(parser);
    return node;
}

static bool is_assignment(const struct parser *parser)
{
    static const char *const signs[] = {"=",  "+=",  "-=",  "*=",   "/=",  "%=",  "&=",  "|=",
                                        "^=", "<<=", ">>=", ">>>=", "**=", "&&=", "||=", "?\?="};

    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (parser_is(parser, signs[i]))
            return true;
    }
    return false;
}

struct syntax *parse_assignment(struct parser *parser)
{
    struct syntax *left;
    struct syntax *node;

    if (!parser_enter(parser))
        return parser_node(parser, SYNTAX_THIS);
    left = parse_choice(parser);
    node = left;
    if (is_assignment(parser)) {
        node = link_of(parser, SYNTAX_ASSIGN, left, false);
        node->text = parser->lexer.token.text;
        script_lexer_advance(&parser->lexer);
        if (strcmp(node->text, "=") == 0)
            parser_target(parser, left, false, BINDING_VAR);
        else
            check_simple_target(parser, left);
        node->b = parse_assignment(parser);
    }
    parser_leave(parser);
    return node;
}

struct syntax *parse_expression(struct parser *parser)
{
    struct syntax *first = parse_assignment(parser);
    struct syntax *node;
    struct syntax **tail = &first->next;

    if (!parser_is(parser, ","))
        return first;
    node = link_of(parser, SYNTAX_SEQUENCE, first, false);
    node->a = NULL;
    node->items = first;
    while (parser_take(parser, ",")) {
        *tail = parse_assignment(parser);
        tail = &(*tail)->next;
    }
    return node;
}
