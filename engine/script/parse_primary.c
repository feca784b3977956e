/* What expressions are made of: literals, names, lists, objects, functions, patterns. */
#include "engine/script/parser.h"

#include <string.h>

/* The scopes and counters around a function, put aside while it is read. */
struct surroundings {
    struct scope *function_scope;
    struct scope *block_scope;
    uint32_t loops;
    uint32_t switches;
    uint32_t nodes;
    bool no_in;
};

static struct surroundings enter_function(struct parser *parser, struct syntax *function)
{
    struct surroundings around = {parser->function_scope, parser->block_scope,
                                  parser->loops_around,   parser->switches_around,
                                  parser->nodes,          parser->no_in};

    function->scope = parser_scope(parser);
    function->scope->is_function = true;
    parser->function_scope = parser->block_scope = function->scope;
    parser->loops_around = parser->switches_around = 0;
    parser->no_in = false;
    parser->functions_around++;
    return around;
}

static void leave_function(struct parser *parser, struct syntax *function,
                           const struct surroundings *around)
{
    parser->function_scope = around->function_scope;
    parser->block_scope = around->block_scope;
    parser->loops_around = around->loops;
    parser->switches_around = around->switches;
    parser->no_in = around->no_in;
    parser->functions_around--;
    function->weight = parser->nodes - around->nodes;
}

static void check_parameters(struct parser *parser, struct syntax *function)
{
    for (struct syntax *item = function->items; item != NULL; item = item->next) {
        if (item->kind == SYNTAX_SPREAD && item->next != NULL)
            parser_fail_at(parser, item, "Expected the rest parameter to be the last.");
        parser_target(parser, item->kind == SYNTAX_SPREAD ? item->a : item, true,
                      BINDING_PARAMETER);
    }
}

struct syntax *parse_function(struct parser *parser, struct syntax *function)
{
    struct surroundings around = enter_function(parser, function);
    struct syntax **tail = &function->items;

    parser_expect(parser, "(");
    while (!parser_is(parser, ")") && !parser->lexer.failed) {
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
    parser_expect(parser, ")");
    check_parameters(parser, function);
    function->a = parse_body(parser);
    leave_function(parser, function, &around);
    return function;
}

struct syntax *parse_arrow(struct parser *parser, struct syntax *parameters)
{
    struct syntax *function = parser_node(parser, SYNTAX_FUNCTION);
    struct surroundings around = enter_function(parser, function);

    function->arrow = true;
    function->items = parameters;
    if (parser->lexer.token.after_newline)
        parser_fail_expected(parser, "'=>' on the line of its parameters");
    parser_expect(parser, "=>");
    check_parameters(parser, function);
    if (parser_is(parser, "{")) {
        function->a = parse_body(parser);
    } else {
        parser->no_in = around.no_in;
        function->a = parse_assignment(parser);
    }
    leave_function(parser, function, &around);
    return function;
}

/* `( … )`: an expression, or an arrow function's parameters. */
static struct syntax *parse_parentheses(struct parser *parser)
{
    struct syntax *first = NULL;
    struct syntax **tail = &first;
    struct syntax *node;
    bool no_in = parser->no_in;
    bool only_parameters = false;

    parser->no_in = false;
    script_lexer_advance(&parser->lexer);
    while (!parser_is(parser, ")") && !parser->lexer.failed) {
        if (parser_is(parser, "...")) {
            *tail = parser_node(parser, SYNTAX_SPREAD);
            script_lexer_advance(&parser->lexer);
            (*tail)->a = parse_assignment(parser);
            only_parameters = true;
        } else {
            *tail = parse_assignment(parser);
        }
        tail = &(*tail)->next;
        if (!parser_take(parser, ","))
            break;
        only_parameters = only_parameters || parser_is(parser, ")");
    }
    parser_expect(parser, ")");
    parser->no_in = no_in;
    if (parser_is(parser, "=>"))
        return parse_arrow(parser, first);
    if (first == NULL || only_parameters) {
        parser_fail_expected(parser, "'=>' behind an arrow function's parameters");
        return parser_node(parser, SYNTAX_THIS);
    }
    /* A sequence even of one: `(a) = …` and `({}) => …` stay what they are. */
    if (first->next == NULL && first->kind != SYNTAX_ARRAY && first->kind != SYNTAX_OBJECT &&
        first->kind != SYNTAX_CHAIN && first->kind != SYNTAX_UNARY &&
        first->kind != SYNTAX_FUNCTION)
        return first;
    node = parser_node(parser, SYNTAX_SEQUENCE);
    node->line = first->line;
    node->column = first->column;
    node->items = first;
    return node;
}

static struct syntax *parse_template(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_TEMPLATE);
    struct syntax **tail = &node->items;
    bool more = true;

    while (more && !parser->lexer.failed) {
        struct syntax *text = parser_node(parser, SYNTAX_STRING);

        more = script_lexer_template(&parser->lexer, &text->text, &text->length);
        *tail = text;
        tail = &text->next;
        if (more) {
            *tail = parse_expression(parser);
            tail = &(*tail)->next;
            if (!parser_is(parser, "}"))
                parser_fail_expected(parser, "'}' behind the template's expression");
        }
    }
    return node;
}

static struct syntax *parse_array(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_ARRAY);
    struct syntax **tail = &node->items;

    script_lexer_advance(&parser->lexer);
    while (!parser_is(parser, "]") && !parser->lexer.failed) {
        if (parser_is(parser, ",")) {
            *tail = parser_node(parser, SYNTAX_HOLE);
        } else if (parser_is(parser, "...")) {
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
    parser_expect(parser, "]");
    return node;
}

/* A property's name: a node for it, behind it. */
static struct syntax *parse_key(struct parser *parser, struct syntax *property)
{
    struct syntax *key;

    if (parser_take(parser, "[")) {
        property->flag = SYNTAX_COMPUTED;
        key = parse_assignment(parser);
        parser_expect(parser, "]");
        return key;
    }
    key = parser_node(parser, SYNTAX_STRING);
    key->text = parser->lexer.token.text;
    key->length = strlen(key->text);
    if (parser->lexer.token.kind == TOKEN_STRING)
        key->length = parser->lexer.token.length;
    else if (parser->lexer.token.kind == TOKEN_NUMBER)
        key->kind = SYNTAX_LITERAL;
    else if (parser->lexer.token.kind != TOKEN_NAME)
        parser_fail_expected(parser, "a property's name");
    script_lexer_advance(&parser->lexer);
    return key;
}

/* `name` alone, or `name = default` in a pattern. */
static void parse_shorthand(struct parser *parser, struct syntax *property,
                            const struct token *token)
{
    struct syntax *name = parser_node(parser, SYNTAX_NAME);

    name->text = token->text;
    name->line = token->line;
    name->column = token->column;
    property->flag = SYNTAX_SHORTHAND;
    property->b = name;
    if (token->kind != TOKEN_NAME || parser_is_keyword(token) ||
        (!parser->lexer.internal && strstr(token->text, "$$") != NULL))
        parser_fail_expected(parser, "':' and the property's value");
    if (parser_take(parser, "=")) {
        struct syntax *with_default = parser_node(parser, SYNTAX_ASSIGN);

        with_default->text = "=";
        with_default->a = name;
        with_default->b = parse_assignment(parser);
        property->b = with_default;
    }
}

static struct syntax *parse_property(struct parser *parser)
{
    struct syntax *property = parser_node(parser, SYNTAX_PROPERTY);
    struct token token = parser->lexer.token;
    bool accessor = parser_is_word(parser, "get") || parser_is_word(parser, "set");

    property->a = parse_key(parser, property);
    if (accessor && !parser_is(parser, ":") && !parser_is(parser, "(") && !parser_is(parser, ",") &&
        !parser_is(parser, "}") && !parser_is(parser, "=")) {
        property->a = parse_key(parser, property);
        if (property->flag == SYNTAX_COMPUTED)
            parser_fail_at(parser, property, "Expected a plain name behind get or set.");
        property->flag = token.text[0] == 'g' ? SYNTAX_GETTER : SYNTAX_SETTER;
    }
    if (parser_is(parser, "(") || property->flag == SYNTAX_GETTER ||
        property->flag == SYNTAX_SETTER)
        property->b = parse_function(parser, parser_node(parser, SYNTAX_FUNCTION));
    else if (parser_take(parser, ":"))
        property->b = parse_assignment(parser);
    else if (property->flag == SYNTAX_COMPUTED)
        parser_expect(parser, ":");
    else
        parse_shorthand(parser, property, &token);
    return property;
}

static struct syntax *parse_object(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_OBJECT);
    struct syntax **tail = &node->items;
    bool no_in = parser->no_in;

    parser->no_in = false;
    script_lexer_advance(&parser->lexer);
    while (!parser_is(parser, "}") && !parser->lexer.failed) {
        if (parser_is(parser, "...")) {
            *tail = parser_node(parser, SYNTAX_SPREAD);
            script_lexer_advance(&parser->lexer);
            (*tail)->a = parse_assignment(parser);
        } else {
            *tail = parse_property(parser);
        }
        tail = &(*tail)->next;
        if (!parser_take(parser, ","))
            break;
    }
    parser->no_in = no_in;
    parser_expect(parser, "}");
    return node;
}

static struct syntax *parse_word(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_NAME);

    node->text = parser->lexer.token.text;
    if (parser_take_word(parser, "function")) {
        node->kind = SYNTAX_FUNCTION;
        node->text = NULL;
        if (parser_is(parser, "*"))
            parser_fail_expected(parser, "no generator (they are not supported)");
        if (!parser_is(parser, "("))
            node->text = parser_name(parser);
        return parse_function(parser, node);
    }
    if (parser_take_word(parser, "this")) {
        node->kind = SYNTAX_THIS;
        return node;
    }
    if (parser_take_word(parser, "null") || parser_take_word(parser, "true") ||
        parser_take_word(parser, "false")) {
        node->kind = SYNTAX_LITERAL;
        return node;
    }
    node->text = parser_name(parser);
    if (strcmp(node->text, "async") == 0 && parser_is_word(parser, "function") &&
        !parser->lexer.token.after_newline)
        parser_fail_expected(parser, "no async function (they are not supported)");
    return parser_is(parser, "=>") ? parse_arrow(parser, node) : node;
}

struct syntax *parse_primary(struct parser *parser)
{
    struct syntax *node;

    if (parser->lexer.token.kind == TOKEN_NAME)
        return parse_word(parser);
    if (parser_is(parser, "("))
        return parse_parentheses(parser);
    if (parser_is(parser, "["))
        return parse_array(parser);
    if (parser_is(parser, "{"))
        return parse_object(parser);
    if (parser_is(parser, "`"))
        return parse_template(parser);
    node = parser_node(parser, SYNTAX_LITERAL);
    node->text = parser->lexer.token.text;
    if (parser_is(parser, "/") || parser_is(parser, "/=")) {
        node->text = script_lexer_regexp(&parser->lexer);
        return node;
    }
    if (parser->lexer.token.kind == TOKEN_STRING) {
        node->kind = SYNTAX_STRING;
        node->length = parser->lexer.token.length;
    } else if (parser->lexer.token.kind != TOKEN_NUMBER) {
        parser_fail_expected(parser, "an expression");
    }
    script_lexer_advance(&parser->lexer);
    return node;
}

struct syntax *parse_pattern(struct parser *parser, bool declare, enum binding_kind kind)
{
    struct syntax *node;

    if (parser_is(parser, "[")) {
        node = parse_array(parser);
    } else if (parser_is(parser, "{")) {
        node = parse_object(parser);
    } else {
        node = parser_node(parser, SYNTAX_NAME);
        node->text = parser_name(parser);
    }
    parser_target(parser, node, declare, kind);
    return node;
}
