/* Patterns and functions in the older syntax: what is taken apart becomes single assignments. */
#include "engine/script/writer.h"

#include <string.h>

static void write_separator(struct writer *writer, bool *first)
{
    write_text(writer, *first ? "" : ",");
    *first = false;
}

static void write_array_pattern(struct writer *writer, const struct syntax *pattern,
                                const char *value)
{
    const char *list = writer_temporary(writer);
    unsigned index = 0;

    write_format(writer, "%s=$$list(%s)", list, value);
    for (const struct syntax *item = pattern->items; item != NULL; item = item->next, index++) {
        if (item->kind == SYNTAX_HOLE)
            continue;
        write_text(writer, ",");
        if (item->kind == SYNTAX_SPREAD)
            write_assignments(writer, item->a,
                              arena_format(writer->arena, "$$rest(%s,%u)", list, index));
        else
            write_assignments(writer, item, arena_format(writer->arena, "%s[%u]", list, index));
    }
}

/* The members that the pattern names, for the rest to leave out. */
static const char *named_members(struct writer *writer, const struct syntax *pattern)
{
    struct text around = writer->out;
    const char *result;
    bool first = true;

    writer->out = (struct text)TEXT_INIT;
    write_text(writer, "[");
    for (const struct syntax *item = pattern->items; item != NULL; item = item->next) {
        if (item->kind != SYNTAX_PROPERTY || item->flag == SYNTAX_COMPUTED)
            continue;
        write_separator(writer, &first);
        write_expression(writer, item->a, STRENGTH_ASSIGN);
    }
    write_text(writer, "]");
    result = arena_copy(writer->arena, text_string(&writer->out));
    text_deinit(&writer->out);
    writer->out = around;
    return result;
}

static void write_object_pattern(struct writer *writer, const struct syntax *pattern,
                                 const char *value)
{
    const char *object = writer_temporary(writer);

    write_format(writer, "%s=$$object(%s)", object, value);
    for (const struct syntax *item = pattern->items; item != NULL; item = item->next) {
        write_text(writer, ",");
        if (item->kind == SYNTAX_SPREAD)
            write_assignments(writer, item->a,
                              arena_format(writer->arena, "$$omit(%s,%s)", object,
                                           named_members(writer, pattern)));
        else
            write_assignments(
                writer, item->b,
                arena_format(writer->arena, "%s[%s]", object,
                             writer_expression_text(writer, item->a, STRENGTH_ASSIGN)));
    }
}

void write_assignments(struct writer *writer, const struct syntax *target, const char *value)
{
    if (target->kind == SYNTAX_ASSIGN) {
        const char *given = writer_temporary(writer);
        const char *otherwise = writer_expression_text(writer, target->b, STRENGTH_ASSIGN);

        write_assignments(writer, target->a,
                          arena_format(writer->arena, "((%s=%s)===void 0?%s:%s)", given, value,
                                       otherwise, given));
    } else if (target->kind == SYNTAX_ARRAY) {
        write_array_pattern(writer, target, value);
    } else if (target->kind == SYNTAX_OBJECT) {
        write_object_pattern(writer, target, value);
    } else {
        write_expression(writer, target, STRENGTH_CALL);
        write_text(writer, "=");
        write_text(writer, value);
    }
}

static bool is_plain_parameter(const struct syntax *parameter)
{
    return parameter->kind == SYNTAX_NAME;
}

/* `(a,$$p1){$$t(3);var …;` */
static void write_head(struct writer *writer, struct syntax *function)
{
    unsigned index = 0;
    bool first = true;

    write_text(writer, "(");
    for (const struct syntax *item = function->items; item != NULL; item = item->next, index++) {
        if (item->kind == SYNTAX_SPREAD)
            continue;
        write_separator(writer, &first);
        if (is_plain_parameter(item))
            write_name(writer, item, false);
        else
            write_format(writer, "$$p%u", index);
    }
    write_format(writer, "){$$t(%u);", writer_cost(function));
    for (uint32_t i = 0; i < function->temporaries; i++)
        write_format(writer, "%s$$%u%s", i == 0 ? "var " : ",", i + 1,
                     i + 1 == function->temporaries ? ";" : "");
    write_text(writer, function->uses_this ? "var $$this=this;" : "");
    write_text(writer, function->uses_arguments ? "var $$arguments=arguments;" : "");
    index = 0;
    for (const struct syntax *item = function->items; item != NULL; item = item->next, index++) {
        if (is_plain_parameter(item))
            continue;
        write_text(writer, "var ");
        if (item->kind == SYNTAX_SPREAD)
            write_assignments(writer, item->a,
                              arena_format(writer->arena, "$$rest(arguments,%u)", index));
        else
            write_assignments(writer, item, arena_format(writer->arena, "$$p%u", index));
        write_text(writer, ";");
    }
}

void write_function_rest(struct writer *writer, struct syntax *function)
{
    struct function_level own = {.node = function, .outer = writer->function};
    struct level level = {.scope = function->scope, .function = &own, .outer = writer->level};

    writer->function = &own;
    writer->level = &level;
    write_head(writer, function);
    if (function->a->kind == SYNTAX_BLOCK) {
        write_statements(writer, function->a->items, false);
    } else {
        write_text(writer, "return ");
        write_expression(writer, function->a, STRENGTH_ASSIGN);
    }
    write_text(writer, "}");
    function->temporaries = own.temporaries;
    writer->level = level.outer;
    writer->function = own.outer;
}

/* A name of its own is known inside it only. */
void write_function(struct writer *writer, struct syntax *function)
{
    struct binding self = {.name = function->text, .written = "$$self", .kind = BINDING_FUNCTION};
    struct scope scope = {.bindings = &self, .is_function = true};
    struct level level = {.scope = &scope, .function = writer->function, .outer = writer->level};

    if (function->text == NULL) {
        write_text(writer, "(function");
        write_function_rest(writer, function);
    } else {
        self.written = arena_format(writer->arena, "$$self%u", function->weight);
        write_format(writer, "(function %s", self.written);
        writer->level = &level;
        write_function_rest(writer, function);
        writer->level = level.outer;
    }
    write_text(writer, ")");
}
