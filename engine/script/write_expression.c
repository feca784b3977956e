/* Expressions in the older syntax. Functions, objects and everything that stands for newer syntax
 * come in parentheses, so that they fit anywhere. */
#include "engine/script/writer.h"

#include <string.h>

static enum strength strength_of(const struct syntax *node)
{
    static const struct {
        const char *sign;
        enum strength strength;
    } operators[] = {{"||", STRENGTH_OR},      {"&&", STRENGTH_AND},    {"|", STRENGTH_BIT_OR},
                     {"^", STRENGTH_BIT_XOR},  {"&", STRENGTH_BIT_AND}, {"==", STRENGTH_EQUAL},
                     {"!=", STRENGTH_EQUAL},   {"===", STRENGTH_EQUAL}, {"!==", STRENGTH_EQUAL},
                     {"<<", STRENGTH_SHIFT},   {">>", STRENGTH_SHIFT},  {">>>", STRENGTH_SHIFT},
                     {"+", STRENGTH_ADD},      {"-", STRENGTH_ADD},     {"*", STRENGTH_MULTIPLY},
                     {"/", STRENGTH_MULTIPLY}, {"%", STRENGTH_MULTIPLY}};

    switch (node->kind) {
    case SYNTAX_SEQUENCE:
        return STRENGTH_SEQUENCE;
    case SYNTAX_ASSIGN:
        return STRENGTH_ASSIGN;
    case SYNTAX_CHOICE:
        return STRENGTH_CHOICE;
    case SYNTAX_UNARY:
    case SYNTAX_PREFIX:
        return STRENGTH_UNARY;
    case SYNTAX_POSTFIX:
        return STRENGTH_POSTFIX;
    case SYNTAX_CALL:
    case SYNTAX_NEW:
    case SYNTAX_MEMBER:
    case SYNTAX_INDEX:
        return STRENGTH_CALL;
    case SYNTAX_BINARY:
        break;
    default:
        return STRENGTH_PRIMARY;
    }
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        if (strcmp(node->text, operators[i].sign) == 0)
            return operators[i].strength;
    }
    return strcmp(node->text, "**") == 0 || strcmp(node->text, "?\?") == 0 ||
                   strcmp(node->text, "in") == 0
               ? STRENGTH_PRIMARY
               : STRENGTH_RELATION;
}

const char *writer_expression_text(struct writer *writer, const struct syntax *node,
                                   enum strength minimum)
{
    struct text around = writer->out;
    const char *result;

    writer->out = (struct text)TEXT_INIT;
    write_expression(writer, node, minimum);
    result = arena_copy(writer->arena, text_string(&writer->out));
    text_deinit(&writer->out);
    writer->out = around;
    return result;
}

/* A node that is written as `text`. */
static struct syntax *literal(struct writer *writer, const char *text)
{
    struct syntax *node = arena_alloc(writer->arena, sizeof(*node));

    node->kind = SYNTAX_LITERAL;
    node->text = text;
    return node;
}

static bool has_spread(const struct syntax *items)
{
    while (items != NULL && items->kind != SYNTAX_SPREAD)
        items = items->next;
    return items != NULL;
}

static void write_items(struct writer *writer, const struct syntax *from,
                        const struct syntax *until)
{
    for (const struct syntax *item = from; item != until; item = item->next) {
        if (item->kind == SYNTAX_HOLE)
            write_text(writer, "void 0");
        else
            write_expression(writer, item, STRENGTH_ASSIGN);
        if (item->next != until)
            write_text(writer, ",");
    }
}

/* A list's items as an array: `[a,b]`, or `$$concat([a],$$list(b))` when some are spread. */
void write_list(struct writer *writer, const struct syntax *items)
{
    const struct syntax *from = items;

    if (!has_spread(items)) {
        write_text(writer, "[");
        write_items(writer, items, NULL);
        write_text(writer, "]");
        return;
    }
    write_text(writer, "$$concat(");
    while (from != NULL) {
        const struct syntax *until = from;

        if (from->kind == SYNTAX_SPREAD) {
            write_text(writer, "$$list(");
            write_expression(writer, from->a, STRENGTH_ASSIGN);
            write_text(writer, ")");
            until = from->next;
        } else {
            while (until != NULL && until->kind != SYNTAX_SPREAD)
                until = until->next;
            write_text(writer, "[");
            write_items(writer, from, until);
            write_text(writer, "]");
        }
        from = until;
        write_text(writer, from != NULL ? "," : "");
    }
    write_text(writer, ")");
}

static void write_property(struct writer *writer, const struct syntax *property)
{
    bool accessor = property->flag == SYNTAX_GETTER || property->flag == SYNTAX_SETTER;

    if (property->flag == SYNTAX_SHORTHAND && property->b->kind == SYNTAX_ASSIGN)
        writer_fail(writer, property, "Expected ':' and a value behind a property's name.");
    write_text(writer, property->flag == SYNTAX_GETTER   ? "get "
                       : property->flag == SYNTAX_SETTER ? "set "
                                                         : "");
    if (property->flag == SYNTAX_SHORTHAND)
        write_quoted(writer, property->b->text);
    else
        write_expression(writer, property->a, STRENGTH_PRIMARY);
    if (accessor) {
        write_function_rest(writer, property->b);
    } else {
        write_text(writer, ":");
        write_expression(writer, property->b, STRENGTH_ASSIGN);
    }
}

/* `$$merge({…},$$pair(key,value),spread,…)` copies all into the first, which is new. */
static void write_merged_object(struct writer *writer, const struct syntax *object)
{
    bool open = true;

    write_text(writer, "$$merge({");
    for (const struct syntax *item = object->items; item != NULL; item = item->next) {
        bool plain = item->kind == SYNTAX_PROPERTY && item->flag != SYNTAX_COMPUTED;

        if (plain) {
            write_text(writer, open ? "" : ",{");
            write_property(writer, item);
            write_text(writer, "}");
        } else {
            write_text(writer, open ? "}," : ",");
            write_text(writer, item->kind == SYNTAX_SPREAD ? "" : "$$pair(");
            write_expression(writer, item->a, STRENGTH_ASSIGN);
            if (item->kind == SYNTAX_PROPERTY) {
                write_text(writer, ",");
                write_expression(writer, item->b, STRENGTH_ASSIGN);
                write_text(writer, ")");
            }
        }
        open = false;
    }
    write_text(writer, open ? "})" : ")");
}

static void write_object(struct writer *writer, const struct syntax *object)
{
    for (const struct syntax *item = object->items; item != NULL; item = item->next) {
        if (item->kind == SYNTAX_SPREAD || item->flag == SYNTAX_COMPUTED) {
            write_merged_object(writer, object);
            return;
        }
    }
    write_text(writer, "({");
    for (const struct syntax *item = object->items; item != NULL; item = item->next) {
        write_property(writer, item);
        write_text(writer, item->next != NULL ? "," : "");
    }
    write_text(writer, "})");
}

/* A text for certain, whatever the variables hold. */
static bool is_text(const struct syntax *node)
{
    while (node->kind == SYNTAX_BINARY && strcmp(node->text, "+") == 0) {
        if (is_text(node->b))
            return true;
        node = node->a;
    }
    return node->kind == SYNTAX_STRING || node->kind == SYNTAX_TEMPLATE;
}

/* What is joined to a text: the engine's own form of a number is not always the shortest. */
static void write_joined(struct writer *writer, const struct syntax *node, enum strength minimum)
{
    if (is_text(node) || node->kind == SYNTAX_LITERAL) {
        write_expression(writer, node, minimum);
    } else {
        write_text(writer, "$$s(");
        write_expression(writer, node, STRENGTH_ASSIGN);
        write_text(writer, ")");
    }
}

static void write_template(struct writer *writer, const struct syntax *node)
{
    bool text = true;

    write_text(writer, "(");
    for (const struct syntax *item = node->items; item != NULL; item = item->next) {
        if (text)
            write_quoted(writer, item->text);
        else
            write_joined(writer, item, STRENGTH_MULTIPLY);
        text = !text;
        write_text(writer, item->next != NULL ? "+" : "");
    }
    write_text(writer, ")");
}

static void write_member(struct writer *writer, const struct syntax *node)
{
    if (node->kind == SYNTAX_INDEX) {
        write_text(writer, "[");
        write_expression(writer, node->b, STRENGTH_SEQUENCE);
    } else {
        write_text(writer, "[");
        write_quoted(writer, node->text);
    }
    write_text(writer, "]");
}

static bool is_member(const struct syntax *node)
{
    return node->kind == SYNTAX_MEMBER || node->kind == SYNTAX_INDEX;
}

static void write_call(struct writer *writer, const struct syntax *node)
{
    const char *object = "void 0";

    if (!has_spread(node->items)) {
        write_expression(writer, node->a, STRENGTH_CALL);
        write_text(writer, "(");
        write_items(writer, node->items, NULL);
        write_text(writer, ")");
        return;
    }
    if (is_member(node->a)) {
        object = writer_temporary(writer);
        write_format(writer, "(%s=", object);
        write_expression(writer, node->a->a, STRENGTH_ASSIGN);
        write_text(writer, ")");
        write_member(writer, node->a);
    } else {
        write_expression(writer, node->a, STRENGTH_CALL);
    }
    write_format(writer, ".apply(%s,", object);
    write_list(writer, node->items);
    write_text(writer, ")");
}

/* The links of `node` above `from`, on top of `base`: copies, since the tree is written twice. */
static struct syntax *rebased(struct writer *writer, const struct syntax *node,
                              const struct syntax *from, struct syntax *base)
{
    struct syntax *copy = arena_alloc(writer->arena, sizeof(*copy));

    *copy = *node;
    copy->next = NULL;
    if (node == from) {
        copy->optional = false;
        copy->a = base;
    } else {
        copy->a = rebased(writer, node->a, from, base);
    }
    return copy;
}

/* `f?.(x)` of a member needs the member's object for `this`: it becomes `f.call(object, x)`. */
static struct syntax *as_method(struct writer *writer, const char *function, const char *object,
                                const struct syntax *call)
{
    struct syntax *copy = arena_alloc(writer->arena, sizeof(*copy));
    struct syntax *first = literal(writer, object);

    *copy = *call;
    copy->next = NULL;
    copy->optional = false;
    copy->a = literal(writer, arena_format(writer->arena, "%s.call", function));
    first->next = call->items;
    copy->items = first;
    return copy;
}

/* The innermost `?.` is the first to be asked: `(($$1=a)==null?void 0:$$1.b.c)`. */
static void write_chain(struct writer *writer, const struct syntax *node)
{
    const struct syntax *asked = NULL;
    const char *base;
    struct syntax *rest;

    for (const struct syntax *link = node; is_member(link) || link->kind == SYNTAX_CALL;
         link = link->a)
        asked = link->optional ? link : asked;
    if (asked == NULL) {
        write_expression(writer, node, STRENGTH_ASSIGN);
        return;
    }
    base = writer_temporary(writer);
    if (asked->kind == SYNTAX_CALL && is_member(asked->a)) {
        const char *object = writer_temporary(writer);

        write_format(writer, "(%s=", object);
        write_expression(writer, asked->a->a, STRENGTH_ASSIGN);
        write_format(writer, ",(%s=%s", base, object);
        write_member(writer, asked->a);
        rest = as_method(writer, base, object, asked);
        rest = node == asked ? rest : rebased(writer, node, asked, literal(writer, base));
        if (node != asked) {
            struct syntax *link = rest;

            while (link->a->kind != SYNTAX_LITERAL)
                link = link->a;
            *link = *as_method(writer, base, object, asked);
        }
    } else {
        write_format(writer, "((%s=", base);
        write_expression(writer, asked->a, STRENGTH_ASSIGN);
        rest = rebased(writer, node, asked, literal(writer, base));
    }
    write_text(writer, ")==null?void 0:");
    write_chain(writer, rest);
    write_text(writer, ")");
}

/* `target` as something that can be written several times: `$$1.name`; what has to be evaluated
 * once goes out first, with a comma behind it. */
static const char *write_reference(struct writer *writer, const struct syntax *target)
{
    struct syntax copy;
    const char *object;

    if (target->kind == SYNTAX_NAME)
        return writer_expression_text(writer, target, STRENGTH_CALL);
    copy = *target;
    object = writer_temporary(writer);
    copy.a = literal(writer, object);
    write_format(writer, "%s=", object);
    write_expression(writer, target->a, STRENGTH_ASSIGN);
    write_text(writer, ",");
    if (target->kind == SYNTAX_INDEX) {
        const char *key = writer_temporary(writer);

        copy.b = literal(writer, key);
        write_format(writer, "%s=", key);
        write_expression(writer, target->b, STRENGTH_ASSIGN);
        write_text(writer, ",");
    }
    return writer_expression_text(writer, &copy, STRENGTH_CALL);
}

static void write_new_assignment(struct writer *writer, const struct syntax *node)
{
    const char *reference;

    write_text(writer, "(");
    reference = write_reference(writer, node->a);
    if (node->text[0] == '*')
        write_text(writer, arena_format(writer->arena, "%s=$$pow(%s,", reference, reference));
    else if (node->text[0] == '?')
        write_text(writer, arena_format(writer->arena, "%s!=null?%s:(%s=", reference, reference,
                                        reference));
    else
        write_text(writer,
                   arena_format(writer->arena, "%s%.2s(%s=", reference, node->text, reference));
    write_expression(writer, node->b, STRENGTH_ASSIGN);
    write_text(writer, "))");
}

static void write_assignment(struct writer *writer, const struct syntax *node)
{
    static const char *const newer[] = {"**=", "&&=", "||=", "?\?="};

    if (node->a->kind == SYNTAX_ARRAY || node->a->kind == SYNTAX_OBJECT) {
        const char *value = writer_temporary(writer);

        write_format(writer, "(%s=", value);
        write_expression(writer, node->b, STRENGTH_ASSIGN);
        write_text(writer, ",");
        write_assignments(writer, node->a, value);
        write_format(writer, ",%s)", value);
        return;
    }
    if (node->a->kind == SYNTAX_NAME) {
        const struct binding *binding = writer_resolve(writer, node->a->text, NULL);

        if (binding != NULL && binding->kind == BINDING_CONST)
            writer_fail(writer, node, "A constant cannot be assigned to.");
    }
    for (size_t i = 0; i < COUNT_OF(newer); i++) {
        if (strcmp(node->text, newer[i]) == 0) {
            write_new_assignment(writer, node);
            return;
        }
    }
    write_expression(writer, node->a, STRENGTH_CALL);
    write_format(writer, " %s ", node->text);
    write_expression(writer, node->b, STRENGTH_ASSIGN);
}

static void write_binary(struct writer *writer, const struct syntax *node)
{
    enum strength strength = strength_of(node);

    if (strcmp(node->text, "in") == 0) {
        /* In the head of a for it would end the head's first part. */
        write_text(writer, "(");
        write_expression(writer, node->a, STRENGTH_RELATION);
        write_text(writer, " in ");
        write_expression(writer, node->b, STRENGTH_SHIFT);
        write_text(writer, ")");
    } else if (strcmp(node->text, "**") == 0) {
        write_text(writer, "$$pow(");
        write_expression(writer, node->a, STRENGTH_ASSIGN);
        write_text(writer, ",");
        write_expression(writer, node->b, STRENGTH_ASSIGN);
        write_text(writer, ")");
    } else if (strcmp(node->text, "?\?") == 0) {
        const char *value = writer_temporary(writer);

        write_format(writer, "((%s=", value);
        write_expression(writer, node->a, STRENGTH_ASSIGN);
        write_format(writer, ")!=null?%s:", value);
        write_expression(writer, node->b, STRENGTH_ASSIGN);
        write_text(writer, ")");
    } else if (is_text(node)) {
        write_joined(writer, node->a, strength);
        write_text(writer, " + ");
        write_joined(writer, node->b, strength + 1);
    } else {
        write_expression(writer, node->a, strength);
        write_format(writer, " %s ", node->text);
        write_expression(writer, node->b, strength + 1);
    }
}

static void write_update(struct writer *writer, const struct syntax *node)
{
    if (node->kind == SYNTAX_PREFIX)
        write_text(writer, node->text);
    if (node->a->kind == SYNTAX_NAME)
        write_name(writer, node->a, true);
    else
        write_expression(writer, node->a, STRENGTH_CALL);
    if (node->kind == SYNTAX_POSTFIX)
        write_text(writer, node->text);
}

static void write_link(struct writer *writer, const struct syntax *node)
{
    if (node->kind == SYNTAX_CALL) {
        write_call(writer, node);
        return;
    }
    if (node->kind == SYNTAX_NEW) {
        write_text(writer, "new (");
        write_expression(writer, node->a, STRENGTH_SEQUENCE);
        write_text(writer, ")(");
        write_items(writer, node->items, NULL);
        write_text(writer, ")");
        return;
    }
    /* `1 .x`: a number's dot would be read as its own. */
    write_text(writer, node->a->kind == SYNTAX_LITERAL && node->a->text[0] != '$' ? "(" : "");
    write_expression(writer, node->a, STRENGTH_CALL);
    write_text(writer, node->a->kind == SYNTAX_LITERAL && node->a->text[0] != '$' ? ")" : "");
    write_member(writer, node);
}

static void write_by_kind(struct writer *writer, const struct syntax *node)
{
    switch (node->kind) {
    case SYNTAX_LITERAL:
        write_text(writer, node->text);
        break;
    case SYNTAX_STRING:
        write_quoted(writer, node->text);
        break;
    case SYNTAX_NAME:
        write_name(writer, node, false);
        break;
    case SYNTAX_THIS:
        write_this(writer);
        break;
    case SYNTAX_TEMPLATE:
        write_template(writer, node);
        break;
    case SYNTAX_ARRAY:
        write_list(writer, node->items);
        break;
    case SYNTAX_OBJECT:
        write_object(writer, node);
        break;
    case SYNTAX_FUNCTION:
        write_function(writer, (struct syntax *)node);
        break;
    case SYNTAX_UNARY:
        write_format(writer, "%s ", node->text);
        write_expression(writer, node->a, STRENGTH_UNARY);
        break;
    case SYNTAX_PREFIX:
    case SYNTAX_POSTFIX:
        write_update(writer, node);
        break;
    case SYNTAX_BINARY:
        write_binary(writer, node);
        break;
    case SYNTAX_ASSIGN:
        write_assignment(writer, node);
        break;
    case SYNTAX_CHOICE:
        write_expression(writer, node->a, STRENGTH_OR);
        write_text(writer, "?");
        write_expression(writer, node->b, STRENGTH_ASSIGN);
        write_text(writer, ":");
        write_expression(writer, node->c, STRENGTH_ASSIGN);
        break;
    case SYNTAX_CALL:
    case SYNTAX_NEW:
    case SYNTAX_MEMBER:
    case SYNTAX_INDEX:
        write_link(writer, node);
        break;
    case SYNTAX_CHAIN:
        write_chain(writer, node->a);
        break;
    case SYNTAX_SEQUENCE:
        write_items(writer, node->items, NULL);
        break;
    default:
        writer_fail(writer, node, "Expected an expression.");
        break;
    }
}

void write_expression(struct writer *writer, const struct syntax *node, enum strength minimum)
{
    bool parentheses = strength_of(node) < minimum;

    write_text(writer, parentheses ? "(" : "");
    write_by_kind(writer, node);
    write_text(writer, parentheses ? ")" : "");
}
