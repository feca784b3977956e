/* Statements in the older syntax, each on the line that it has in the script. A loop counts its
 * rounds in its condition, so that the script's value stays that of its last expression. */
#include "engine/script/writer.h"

#include <string.h>

static void to_line(struct writer *writer, uint32_t line)
{
    for (; writer->line < line; writer->line++)
        text_append_char(&writer->out, '\n');
}

static bool needs_own_names(const struct scope *scope)
{
    return scope != NULL && scope->captured && scope->bindings != NULL;
}

/* Around a body whose names closures keep: `with({x:void 0})` makes them anew in every round;
 * `values` takes over what they have already. */
static void write_own_names(struct writer *writer, const struct scope *scope, const char *holder,
                            bool values)
{
    if (!needs_own_names(scope))
        return;
    write_text(writer, "with(");
    write_text(writer, holder);
    write_text(writer, "{");
    for (const struct binding *binding = scope->bindings; binding != NULL; binding = binding->next)
        write_format(writer, "%s:%s%s", binding->written, values ? binding->written : "void 0",
                     binding->next != NULL ? "," : "");
    write_text(writer, "})");
}

static void write_definition(struct writer *writer, struct syntax *node)
{
    bool of_function = false;
    const struct binding *binding = writer_resolve(writer, node->a->text, &of_function);

    INVARIANT(binding != NULL);
    if (of_function) {
        write_format(writer, "function %s", binding->written);
        write_function_rest(writer, node->a);
    } else {
        write_format(writer, "var %s=(function", binding->written);
        write_function_rest(writer, node->a);
        write_text(writer, ");");
    }
}

void write_statements(struct writer *writer, struct syntax *items, bool hoist)
{
    for (struct syntax *item = items; hoist && item != NULL; item = item->next) {
        if (item->kind == SYNTAX_DEFINE)
            write_definition(writer, item);
    }
    for (struct syntax *item = items; item != NULL; item = item->next) {
        if (!hoist || item->kind != SYNTAX_DEFINE)
            write_statement(writer, item);
    }
}

static void write_block(struct writer *writer, struct syntax *node)
{
    struct level level;

    if (node->scope == NULL) {
        write_text(writer, "{");
        write_statements(writer, node->items, false);
        write_text(writer, "}");
        return;
    }
    level = writer_push(writer, node->scope);
    writer->level = &level;
    write_own_names(writer, node->scope, "", false);
    write_text(writer, "{");
    write_statements(writer, node->items, true);
    write_text(writer, "}");
    writer->level = level.outer;
}

static void write_braced(struct writer *writer, struct syntax *node)
{
    write_text(writer, "{");
    if (node != NULL)
        write_statement(writer, node);
    write_text(writer, "}");
}

/* Without the semicolon. */
static void write_declaration(struct writer *writer, const struct syntax *node)
{
    write_text(writer, "var ");
    for (const struct syntax *item = node->items; item != NULL; item = item->next) {
        if (item->b != NULL) {
            const char *value = writer_expression_text(writer, item->b, STRENGTH_ASSIGN);

            write_assignments(writer, item->a, value);
        } else {
            write_name(writer, item->a, false);
            write_text(writer, node->text[0] == 'l' ? "=void 0" : "");
        }
        write_text(writer, item->next != NULL ? "," : "");
    }
}

static void write_loop_body(struct writer *writer, struct syntax *node)
{
    writer->function->loops++;
    write_braced(writer, node->d);
    writer->function->loops--;
}

/* With names of its own in every round, the loop's variables are taken into the round and, for the
 * step to the next, out of it again. */
static void write_for(struct writer *writer, struct syntax *node)
{
    const char *holder = needs_own_names(node->scope) ? writer_temporary(writer) : NULL;

    write_text(writer, "for(");
    if (node->a != NULL && node->a->kind == SYNTAX_DECLARE)
        write_declaration(writer, node->a);
    else if (node->a != NULL)
        write_expression(writer, node->a, STRENGTH_SEQUENCE);
    write_format(writer, ";$$t(%u)", writer_cost(node));
    if (node->b != NULL) {
        write_text(writer, ",");
        write_expression(writer, node->b, STRENGTH_SEQUENCE);
    }
    write_text(writer, ";");
    for (const struct binding *binding = holder != NULL ? node->scope->bindings : NULL;
         binding != NULL; binding = binding->next)
        write_format(writer, "%s=%s.%s%s", binding->written, holder, binding->written,
                     binding->next != NULL || node->c != NULL ? "," : "");
    if (node->c != NULL)
        write_expression(writer, node->c, STRENGTH_SEQUENCE);
    write_text(writer, ")");
    if (holder != NULL)
        write_own_names(writer, node->scope, arena_format(writer->arena, "%s=", holder), true);
    write_loop_body(writer, node);
}

/* What a round of for-in and for-of gives to its variable, `value`. */
static void write_round(struct writer *writer, struct syntax *node, const char *value)
{
    const struct syntax *target = node->a->kind == SYNTAX_DECLARE ? node->a->items->a : node->a;

    write_own_names(writer, node->scope, "", false);
    write_text(writer, "{");
    write_text(writer, node->a->kind == SYNTAX_DECLARE ? "var " : "");
    write_assignments(writer, target, value);
    write_text(writer, ";");
    writer->function->loops++;
    write_statement(writer, node->d);
    writer->function->loops--;
    write_text(writer, "}");
}

static void write_for_each(struct writer *writer, struct syntax *node)
{
    const char *position = writer_temporary(writer);
    const char *list;

    if (node->kind == SYNTAX_FOR_IN) {
        write_format(writer, "for(%s in ", position);
        write_expression(writer, node->b, STRENGTH_SEQUENCE);
        write_format(writer, ")if($$t(%u))", writer_cost(node));
        write_round(writer, node, position);
        return;
    }
    list = writer_temporary(writer);
    write_format(writer, "for(%s=0,%s=$$list(", position, list);
    write_expression(writer, node->b, STRENGTH_ASSIGN);
    write_format(writer, ");$$t(%u),%s<%s.length;%s++)", writer_cost(node), position, list,
                 position);
    write_round(writer, node, arena_format(writer->arena, "%s[%s]", list, position));
}

static void write_any_for(struct writer *writer, struct syntax *node)
{
    struct level level;

    writer->function->loops++;
    level = writer_push(writer, node->scope);
    writer->function->loops--;
    writer->level = &level;
    if (node->kind == SYNTAX_FOR)
        write_for(writer, node);
    else
        write_for_each(writer, node);
    writer->level = level.outer;
}

static void write_while(struct writer *writer, struct syntax *node)
{
    if (node->kind == SYNTAX_DO) {
        write_text(writer, "do");
        write_loop_body(writer, node);
    }
    write_format(writer, "while($$t(%u),", writer_cost(node));
    write_expression(writer, node->a, STRENGTH_SEQUENCE);
    write_text(writer, ")");
    if (node->kind == SYNTAX_DO)
        write_text(writer, ";");
    else
        write_loop_body(writer, node);
}

static void write_catch(struct writer *writer, struct syntax *node)
{
    struct level level = writer_push(writer, node->scope);

    /* The engine gives every catch a name of its own: closures may keep it. */
    level.in_loop = false;
    writer->level = &level;
    if (node->b != NULL && node->b->kind == SYNTAX_NAME) {
        write_text(writer, "catch(");
        write_name(writer, node->b, false);
        write_text(writer, "){");
    } else {
        write_text(writer, "catch($$e){");
        if (node->b != NULL) {
            write_text(writer, "var ");
            write_assignments(writer, node->b, "$$e");
            write_text(writer, ";");
        }
    }
    write_block(writer, node->c);
    write_text(writer, "}");
    writer->level = level.outer;
}

static void write_try(struct writer *writer, struct syntax *node)
{
    write_text(writer, "try");
    write_block(writer, node->a);
    if (node->c != NULL)
        write_catch(writer, node);
    if (node->d != NULL) {
        write_text(writer, "finally");
        write_block(writer, node->d);
    }
}

static void write_switch(struct writer *writer, struct syntax *node)
{
    struct level level = writer_push(writer, node->scope);
    const char *value = writer_expression_text(writer, node->a, STRENGTH_SEQUENCE);

    writer->level = &level;
    write_own_names(writer, node->scope, "", false);
    write_text(writer, "switch(");
    write_text(writer, value);
    write_text(writer, "){");
    for (struct syntax *item = node->items; item != NULL; item = item->next) {
        to_line(writer, item->line);
        if (item->a != NULL) {
            write_text(writer, "case ");
            write_expression(writer, item->a, STRENGTH_SEQUENCE);
        } else {
            write_text(writer, "default");
        }
        write_text(writer, ":");
        write_statements(writer, item->items, false);
    }
    write_text(writer, "}");
    writer->level = level.outer;
}

static void write_jump(struct writer *writer, const struct syntax *node)
{
    write_text(writer, node->kind == SYNTAX_BREAK ? "break" : "continue");
    if (node->text != NULL) {
        write_text(writer, " ");
        write_text(writer, node->text);
    }
    write_text(writer, ";");
}

static void write_if(struct writer *writer, struct syntax *node)
{
    write_text(writer, "if(");
    write_expression(writer, node->a, STRENGTH_SEQUENCE);
    write_text(writer, ")");
    write_braced(writer, node->b);
    if (node->c != NULL) {
        write_text(writer, "else");
        write_braced(writer, node->c);
    }
}

/* Statements of one expression. */
static void write_simple(struct writer *writer, const struct syntax *node)
{
    if (node->kind == SYNTAX_RETURN)
        write_text(writer, node->a != NULL ? "return " : "return");
    else if (node->kind == SYNTAX_THROW)
        write_format(writer, "throw $$throw(%u,", node->line);
    else if (node->a->kind == SYNTAX_STRING)
        /* No directive: undeclared names must stay assignable. */
        write_text(writer, "void 0,");
    if (node->a != NULL)
        write_expression(writer, node->a,
                         node->kind == SYNTAX_THROW ? STRENGTH_ASSIGN : STRENGTH_SEQUENCE);
    write_text(writer, node->kind == SYNTAX_THROW ? ");" : ";");
}

void write_statement(struct writer *writer, struct syntax *node)
{
    to_line(writer, node->line);
    switch (node->kind) {
    case SYNTAX_DECLARE:
        write_declaration(writer, node);
        write_text(writer, ";");
        break;
    case SYNTAX_DEFINE:
        write_definition(writer, node);
        break;
    case SYNTAX_BLOCK:
        write_block(writer, node);
        break;
    case SYNTAX_IF:
        write_if(writer, node);
        break;
    case SYNTAX_FOR:
    case SYNTAX_FOR_IN:
    case SYNTAX_FOR_OF:
        write_any_for(writer, node);
        break;
    case SYNTAX_WHILE:
    case SYNTAX_DO:
        write_while(writer, node);
        break;
    case SYNTAX_TRY:
        write_try(writer, node);
        break;
    case SYNTAX_SWITCH:
        write_switch(writer, node);
        break;
    case SYNTAX_BREAK:
    case SYNTAX_CONTINUE:
        write_jump(writer, node);
        break;
    case SYNTAX_LABEL:
        write_text(writer, node->text);
        write_text(writer, ":");
        write_statement(writer, node->a);
        break;
    case SYNTAX_EMPTY:
        write_text(writer, ";");
        break;
    default:
        write_simple(writer, node);
        break;
    }
}
