/* What the two halves of the parser share: tokens, nodes, declarations and targets. */
#include "engine/script/parser.h"

#include <string.h>

struct syntax *parser_node(struct parser *parser, enum syntax_kind kind)
{
    struct syntax *node = arena_alloc(parser->arena, sizeof(*node));

    node->kind = kind;
    node->line = parser->lexer.token.line;
    node->column = parser->lexer.token.column;
    parser->nodes++;
    return node;
}

bool parser_is(const struct parser *parser, const char *sign)
{
    return parser->lexer.token.kind == TOKEN_SIGN && strcmp(parser->lexer.token.text, sign) == 0;
}

bool parser_is_word(const struct parser *parser, const char *word)
{
    return parser->lexer.token.kind == TOKEN_NAME && !parser->lexer.token.escaped &&
           strcmp(parser->lexer.token.text, word) == 0;
}

bool parser_take(struct parser *parser, const char *sign)
{
    if (!parser_is(parser, sign))
        return false;
    script_lexer_advance(&parser->lexer);
    return true;
}

bool parser_take_word(struct parser *parser, const char *word)
{
    if (!parser_is_word(parser, word))
        return false;
    script_lexer_advance(&parser->lexer);
    return true;
}

void parser_fail_expected(struct parser *parser, const char *expected)
{
    const struct token *token = &parser->lexer.token;

    if (token->kind == TOKEN_END)
        script_lexer_fail(&parser->lexer, token->line, token->column,
                          "Expected %s but found the end of the script.", expected);
    else if (token->kind == TOKEN_STRING)
        script_lexer_fail(&parser->lexer, token->line, token->column,
                          "Expected %s but found a text.", expected);
    else
        script_lexer_fail(&parser->lexer, token->line, token->column,
                          "Expected %s but found '%.60s'.", expected, token->text);
}

void parser_expect(struct parser *parser, const char *sign)
{
    char expected[8] = "'";

    if (parser_take(parser, sign))
        return;
    (void)strcat(expected, sign);
    (void)strcat(expected, "'");
    parser_fail_expected(parser, expected);
}

void parser_fail_at(struct parser *parser, const struct syntax *node, const char *message)
{
    script_lexer_fail(&parser->lexer, node->line, node->column, "%s", message);
}

bool parser_is_keyword(const struct token *token)
{
    static const char *const keywords[] = {
        "break",  "case",     "catch", "class",  "const",  "continue",   "debugger", "default",
        "delete", "do",       "else",  "enum",   "export", "extends",    "false",    "finally",
        "for",    "function", "if",    "import", "in",     "instanceof", "let",      "new",
        "null",   "return",   "super", "switch", "this",   "throw",      "true",     "try",
        "typeof", "var",      "void",  "while",  "with"};

    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (strcmp(token->text, keywords[i]) == 0)
            return true;
    }
    return false;
}

const char *parser_name(struct parser *parser)
{
    const char *name = parser->lexer.token.text;

    if (parser->lexer.token.kind != TOKEN_NAME || parser_is_keyword(&parser->lexer.token)) {
        parser_fail_expected(parser, "a name");
        return "";
    }
    if (!parser->lexer.internal && strstr(name, "$$") != NULL) {
        script_lexer_fail(&parser->lexer, parser->lexer.token.line, parser->lexer.token.column,
                          "Names with '$$' are reserved: rename '%.60s'.", name);
        return "";
    }
    script_lexer_advance(&parser->lexer);
    return name;
}

bool parser_enter(struct parser *parser)
{
    if (++parser->depth <= SYNTAX_DEPTH_MAX)
        return true;
    parser->depth--;
    script_lexer_fail(&parser->lexer, parser->lexer.token.line, parser->lexer.token.column,
                      "The script is nested deeper than %d levels.", SYNTAX_DEPTH_MAX);
    return false;
}

void parser_leave(struct parser *parser)
{
    parser->depth--;
}

struct scope *parser_scope(struct parser *parser)
{
    struct scope *scope = arena_alloc(parser->arena, sizeof(*scope));

    scope->tail = &scope->bindings;
    return scope;
}

static bool is_plain(const char *name)
{
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name >= 0x80)
            return false;
    }
    return true;
}

/* The engine's own lexer does not take every letter. */
static const char *plain_name(struct arena *arena, const char *name)
{
    char *plain;
    size_t length = 0;

    if (is_plain(name))
        return name;
    plain = arena_alloc(arena, 4 * strlen(name) + 1);
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name < 0x80) {
            plain[length++] = *name;
        } else {
            plain[length++] = '$';
            plain[length++] = "0123456789abcdef"[(unsigned char)*name >> 4];
            plain[length++] = "0123456789abcdef"[(unsigned char)*name & 15];
            plain[length++] = '$';
        }
    }
    return plain;
}

/* The script's outermost names are set apart from the variables, which are globals; names of blocks
 * from those of the function around. */
static const char *written_name(struct parser *parser, const struct scope *scope, const char *name)
{
    const char *plain = plain_name(parser->arena, name);

    if (scope->is_program)
        return arena_format(parser->arena, "$$_%s", plain);
    if (scope->is_function)
        return plain;
    return arena_format(parser->arena, "%s$$%u", plain, ++parser->block_number);
}

void parser_declare(struct parser *parser, const struct syntax *node, const char *name,
                    enum binding_kind kind)
{
    bool lexical = kind == BINDING_LET || kind == BINDING_CONST;
    struct scope *scope = kind == BINDING_VAR || kind == BINDING_PARAMETER ? parser->function_scope
                                                                           : parser->block_scope;
    struct binding *binding;

    for (binding = scope->bindings; binding != NULL; binding = binding->next) {
        if (strcmp(binding->name, name) != 0)
            continue;
        if (lexical || binding->kind == BINDING_LET || binding->kind == BINDING_CONST)
            script_lexer_fail(&parser->lexer, node->line, node->column, "'%s' is declared twice.",
                              name);
        if (kind == BINDING_FUNCTION)
            binding->kind = kind;
        return;
    }
    binding = arena_alloc(parser->arena, sizeof(*binding));
    binding->name = name;
    binding->kind = kind;
    binding->written = written_name(parser, scope, name);
    *scope->tail = binding;
    scope->tail = &binding->next;
}

static void pattern_items(struct parser *parser, struct syntax *pattern, bool declare,
                          enum binding_kind kind)
{
    for (struct syntax *item = pattern->items; item != NULL; item = item->next) {
        if (item->kind == SYNTAX_HOLE)
            continue;
        if (item->kind == SYNTAX_SPREAD) {
            if (item->next != NULL)
                parser_fail_at(parser, item, "Expected '...' to be the pattern's last part.");
            parser_target(parser, item->a, declare, kind);
        } else if (item->kind == SYNTAX_PROPERTY) {
            if (item->flag == SYNTAX_GETTER || item->flag == SYNTAX_SETTER)
                parser_fail_at(parser, item, "Expected a pattern but found an accessor.");
            parser_target(parser, item->b, declare, kind);
        } else {
            parser_target(parser, item, declare, kind);
        }
    }
}

void parser_target(struct parser *parser, struct syntax *node, bool declare, enum binding_kind kind)
{
    if (parser->lexer.failed || !parser_enter(parser))
        return;
    if (node->kind == SYNTAX_NAME) {
        if (declare)
            parser_declare(parser, node, node->text, kind);
    } else if (node->kind == SYNTAX_ASSIGN && strcmp(node->text, "=") == 0) {
        parser_target(parser, node->a, declare, kind);
    } else if (node->kind == SYNTAX_ARRAY || node->kind == SYNTAX_OBJECT) {
        pattern_items(parser, node, declare, kind);
    } else if (declare || (node->kind != SYNTAX_MEMBER && node->kind != SYNTAX_INDEX)) {
        parser_fail_at(parser, node,
                       declare ? "Expected a name or a pattern of names."
                               : "Expected a variable, a member or a pattern to assign to.");
    }
    parser_leave(parser);
}

enum status syntax_parse(const char *source, bool internal, struct arena *arena,
                         struct syntax **ret_program, struct error *ret_error)
{
    struct parser parser = {.arena = arena};
    struct syntax *program;
    struct syntax **tail;

    script_lexer_start(&parser.lexer, source, internal, arena, ret_error);
    program = parser_node(&parser, SYNTAX_BLOCK);
    program->line = 1;
    program->scope = parser_scope(&parser);
    program->scope->is_function = program->scope->is_program = true;
    parser.function_scope = parser.block_scope = program->scope;
    tail = &program->items;
    while (parser.lexer.token.kind != TOKEN_END) {
        *tail = parse_statement(&parser);
        tail = &(*tail)->next;
    }
    program->weight = parser.nodes;
    if (parser.lexer.failed)
        return ret_error->status;
    *ret_program = program;
    return STATUS_OK;
}
