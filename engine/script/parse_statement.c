/* Statements. */
#include "engine/script/parser.h"

#include <string.h>

static struct syntax *parse_list(struct parser *parser, const char *closing)
{
    struct syntax *first = NULL;
    struct syntax **tail = &first;

    while (!parser_is(parser, closing) && parser->lexer.token.kind != TOKEN_END) {
        *tail = parse_statement(parser);
        tail = &(*tail)->next;
    }
    parser_expect(parser, closing);
    return first;
}

struct syntax *parse_body(struct parser *parser)
{
    struct syntax *body = parser_node(parser, SYNTAX_BLOCK);

    parser_expect(parser, "{");
    body->items = parse_list(parser, "}");
    return body;
}

static struct syntax *parse_block(struct parser *parser)
{
    struct scope *around = parser->block_scope;
    struct syntax *block;

    parser->block_scope = parser_scope(parser);
    block = parse_body(parser);
    block->scope = parser->block_scope;
    parser->block_scope = around;
    return block;
}

/* A semicolon, or a place where JavaScript lets it be left out. */
static void parse_end(struct parser *parser)
{
    if (parser_take(parser, ";") || parser_is(parser, "}") ||
        parser->lexer.token.kind == TOKEN_END || parser->lexer.token.after_newline)
        return;
    parser_fail_expected(parser, "';'");
}

static bool is_declaration(const struct parser *parser)
{
    return parser_is_word(parser, "var") || parser_is_word(parser, "let") ||
           parser_is_word(parser, "const");
}

static enum binding_kind binding_of(const char *word)
{
    if (word[0] == 'v')
        return BINDING_VAR;
    return word[0] == 'l' ? BINDING_LET : BINDING_CONST;
}

/* In the head of a for, the first declarator may go without a value: `of` or `in` follows. */
static struct syntax *parse_declaration(struct parser *parser, bool head)
{
    struct syntax *node = parser_node(parser, SYNTAX_DECLARE);
    struct syntax **tail = &node->items;
    enum binding_kind kind;

    node->text = parser->lexer.token.text;
    kind = binding_of(node->text);
    script_lexer_advance(&parser->lexer);
    do {
        struct syntax *item = parser_node(parser, SYNTAX_DECLARATOR);

        item->a = parse_pattern(parser, true, kind);
        if (parser_take(parser, "="))
            item->b = parse_assignment(parser);
        else if (!head && (item->a->kind != SYNTAX_NAME || kind == BINDING_CONST))
            parser_fail_expected(parser, "'=' and a value");
        *tail = item;
        tail = &item->next;
    } while (parser_take(parser, ","));
    return node;
}

static struct syntax *parse_loop_body(struct parser *parser, struct syntax *loop)
{
    uint32_t before = parser->nodes;

    parser->loops_around++;
    loop->d = parse_statement(parser);
    parser->loops_around--;
    loop->weight = parser->nodes - before;
    if (loop->d->kind == SYNTAX_DECLARE || loop->d->kind == SYNTAX_DEFINE)
        parser_fail_at(parser, loop->d, "Expected a statement but found a declaration.");
    return loop;
}

static struct syntax *parse_condition(struct parser *parser)
{
    struct syntax *condition;

    parser_expect(parser, "(");
    condition = parse_expression(parser);
    parser_expect(parser, ")");
    return condition;
}

/* Behind `for (` and what stands in front of the first `;`, `in` or `of`. */
static void parse_for_rest(struct parser *parser, struct syntax *node)
{
    bool in = parser_is_word(parser, "in");

    if (in || parser_is_word(parser, "of")) {
        node->kind = in ? SYNTAX_FOR_IN : SYNTAX_FOR_OF;
        if (node->a == NULL)
            parser_fail_expected(parser, "a variable");
        else if (node->a->kind != SYNTAX_DECLARE)
            parser_target(parser, node->a, false, BINDING_VAR);
        else if (node->a->items->next != NULL || node->a->items->b != NULL)
            parser_fail_at(parser, node->a, "Expected one variable without a value.");
        script_lexer_advance(&parser->lexer);
        node->b = in ? parse_expression(parser) : parse_assignment(parser);
        return;
    }
    for (struct syntax *item = node->a != NULL && node->a->kind == SYNTAX_DECLARE ? node->a->items
                                                                                  : NULL;
         item != NULL; item = item->next) {
        if (item->b == NULL && item->a->kind != SYNTAX_NAME)
            parser_fail_at(parser, item, "Expected a value for the pattern.");
    }
    parser_expect(parser, ";");
    if (!parser_is(parser, ";"))
        node->b = parse_expression(parser);
    parser_expect(parser, ";");
    if (!parser_is(parser, ")"))
        node->c = parse_expression(parser);
}

static struct syntax *parse_for(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_FOR);
    struct scope *around = parser->block_scope;

    script_lexer_advance(&parser->lexer);
    parser->block_scope = node->scope = parser_scope(parser);
    parser_expect(parser, "(");
    parser->no_in = true;
    if (is_declaration(parser))
        node->a = parse_declaration(parser, true);
    else if (!parser_is(parser, ";"))
        node->a = parse_expression(parser);
    parser->no_in = false;
    parse_for_rest(parser, node);
    parser_expect(parser, ")");
    (void)parse_loop_body(parser, node);
    parser->block_scope = around;
    return node;
}

static struct syntax *parse_try(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_TRY);
    struct scope *around = parser->block_scope;

    script_lexer_advance(&parser->lexer);
    node->a = parse_block(parser);
    if (parser_take_word(parser, "catch")) {
        parser->block_scope = node->scope = parser_scope(parser);
        if (parser_take(parser, "(")) {
            node->b = parse_pattern(parser, true, BINDING_LET);
            parser_expect(parser, ")");
        }
        node->c = parse_block(parser);
        parser->block_scope = around;
    }
    if (parser_take_word(parser, "finally"))
        node->d = parse_block(parser);
    if (node->c == NULL && node->d == NULL)
        parser_fail_expected(parser, "'catch' or 'finally'");
    return node;
}

static struct syntax *parse_case(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_CASE);
    struct syntax **tail = &node->items;

    if (parser_take_word(parser, "case"))
        node->a = parse_expression(parser);
    else if (!parser_take_word(parser, "default"))
        parser_fail_expected(parser, "'case', 'default' or '}'");
    parser_expect(parser, ":");
    while (!parser_is_word(parser, "case") && !parser_is_word(parser, "default") &&
           !parser_is(parser, "}") && parser->lexer.token.kind != TOKEN_END) {
        *tail = parse_statement(parser);
        tail = &(*tail)->next;
    }
    return node;
}

static struct syntax *parse_switch(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_SWITCH);
    struct scope *around = parser->block_scope;
    struct syntax **tail = &node->items;

    script_lexer_advance(&parser->lexer);
    node->a = parse_condition(parser);
    parser->block_scope = node->scope = parser_scope(parser);
    parser->switches_around++;
    parser_expect(parser, "{");
    while (!parser_is(parser, "}") && parser->lexer.token.kind != TOKEN_END) {
        *tail = parse_case(parser);
        tail = &(*tail)->next;
    }
    parser_expect(parser, "}");
    parser->switches_around--;
    parser->block_scope = around;
    return node;
}

static struct syntax *parse_jump(struct parser *parser)
{
    bool is_break = parser_is_word(parser, "break");
    struct syntax *node = parser_node(parser, is_break ? SYNTAX_BREAK : SYNTAX_CONTINUE);

    script_lexer_advance(&parser->lexer);
    if (parser->lexer.token.kind == TOKEN_NAME && !parser->lexer.token.after_newline &&
        !parser_is_keyword(&parser->lexer.token))
        node->text = parser_name(parser);
    else if (parser->loops_around == 0 && (!is_break || parser->switches_around == 0))
        parser_fail_at(parser, node,
                       is_break ? "Expected a loop or a switch around 'break'."
                                : "Expected a loop around 'continue'.");
    parse_end(parser);
    return node;
}

static struct syntax *parse_return(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_RETURN);

    if (parser->functions_around == 0)
        parser_fail_at(parser, node,
                       "Expected a function around 'return': a script's value is "
                       "that of its last expression.");
    script_lexer_advance(&parser->lexer);
    if (!parser_is(parser, ";") && !parser_is(parser, "}") &&
        parser->lexer.token.kind != TOKEN_END && !parser->lexer.token.after_newline)
        node->a = parse_expression(parser);
    parse_end(parser);
    return node;
}

static struct syntax *parse_definition(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_DEFINE);
    struct syntax *function = parser_node(parser, SYNTAX_FUNCTION);

    script_lexer_advance(&parser->lexer);
    if (parser_is(parser, "*"))
        parser_fail_expected(parser, "no generator (they are not supported)");
    function->text = parser_name(parser);
    parser_declare(parser, function, function->text, BINDING_FUNCTION);
    node->a = parse_function(parser, function);
    return node;
}

static struct syntax *parse_simple(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_EXPRESSION);
    bool name_first = parser->lexer.token.kind == TOKEN_NAME;

    node->a = parse_expression(parser);
    if (name_first && node->a->kind == SYNTAX_NAME && parser_take(parser, ":")) {
        node->kind = SYNTAX_LABEL;
        node->text = node->a->text;
        node->a = parse_statement(parser);
        return node;
    }
    parse_end(parser);
    return node;
}

static struct syntax *refuse(struct parser *parser, const char *what)
{
    struct syntax *node = parser_node(parser, SYNTAX_EMPTY);

    script_lexer_fail(&parser->lexer, node->line, node->column, "'%s' is not supported in scripts.",
                      what);
    return node;
}

static struct syntax *parse_if(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_IF);

    script_lexer_advance(&parser->lexer);
    node->a = parse_condition(parser);
    node->b = parse_statement(parser);
    if (parser_take_word(parser, "else"))
        node->c = parse_statement(parser);
    return node;
}

static struct syntax *parse_throw(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_THROW);

    script_lexer_advance(&parser->lexer);
    if (parser->lexer.token.after_newline)
        parser_fail_expected(parser, "what is thrown on the line of 'throw'");
    node->a = parse_expression(parser);
    parse_end(parser);
    return node;
}

static struct syntax *parse_while(struct parser *parser)
{
    struct syntax *node = parser_node(parser, SYNTAX_WHILE);

    if (parser_take_word(parser, "do")) {
        node->kind = SYNTAX_DO;
        (void)parse_loop_body(parser, node);
        if (!parser_take_word(parser, "while"))
            parser_fail_expected(parser, "'while'");
        node->a = parse_condition(parser);
        (void)parser_take(parser, ";");
        return node;
    }
    script_lexer_advance(&parser->lexer);
    node->a = parse_condition(parser);
    return parse_loop_body(parser, node);
}

static struct syntax *parse_by_word(struct parser *parser)
{
    static const char *const refused[] = {"class", "with", "import", "export", "enum", "super"};
    static const struct {
        const char *word;
        struct syntax *(*parse)(struct parser *parser);
    } statements[] = {
        {"if", parse_if},
        {"for", parse_for},
        {"while", parse_while},
        {"do", parse_while},
        {"return", parse_return},
        {"break", parse_jump},
        {"try", parse_try},
        {"continue", parse_jump},
        {"throw", parse_throw},
        {"switch", parse_switch},
        {"function", parse_definition},
    };

    if (is_declaration(parser)) {
        struct syntax *node = parse_declaration(parser, false);

        parse_end(parser);
        return node;
    }
    for (size_t i = 0; i < COUNT_OF(statements); i++) {
        if (parser_is_word(parser, statements[i].word))
            return statements[i].parse(parser);
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (parser_is_word(parser, refused[i]))
            return refuse(parser, refused[i]);
    }
    if (parser_is_word(parser, "debugger")) {
        struct syntax *node = parser_node(parser, SYNTAX_EMPTY);

        script_lexer_advance(&parser->lexer);
        parse_end(parser);
        return node;
    }
    return parse_simple(parser);
}

struct syntax *parse_statement(struct parser *parser)
{
    struct syntax *node;

    if (!parser_enter(parser))
        return parser_node(parser, SYNTAX_EMPTY);
    if (parser_is(parser, "{")) {
        node = parse_block(parser);
    } else if (parser_is(parser, ";")) {
        node = parser_node(parser, SYNTAX_EMPTY);
        script_lexer_advance(&parser->lexer);
    } else if (parser->lexer.token.kind == TOKEN_NAME && !parser->lexer.token.escaped) {
        node = parse_by_word(parser);
    } else {
        node = parse_simple(parser);
    }
    parser_leave(parser);
    return node;
}
