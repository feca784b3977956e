/* See expression.h: templates, and the entry points of evaluation. */
#include "bpmn/base/text.h"
#include "bpmn/expression/private.h"

#include <string.h>

enum { SCRATCH_BYTES = 4 * 1024 * 1024 };

static void add_part(struct arena *arena, struct expression *expression, struct part ***tail,
                     const char *text, const struct node *node)
{
    struct part *part = arena_alloc(arena, sizeof(*part));

    part->text = text;
    part->node = node;
    **tail = part;
    *tail = &part->next;
    expression->part_count++;
}

/* The next "${" or "#{" at or after `from`, or the text's end. */
static size_t next_opening(const char *text, size_t from)
{
    for (; text[from] != '\0'; from++) {
        if ((text[from] == '$' || text[from] == '#') && text[from + 1] == '{')
            break;
    }
    return from;
}

static enum status parse_template(struct arena *arena, const char *text,
                                  struct expression *expression, struct error *ret_error)
{
    struct part **tail = &expression->parts;
    size_t at = 0;

    while (text[at] != '\0') {
        size_t opening = next_opening(text, at);
        const struct node *node;
        enum status status;

        if (opening > at)
            add_part(arena, expression, &tail, arena_copy_bytes(arena, text + at, opening - at),
                     NULL);
        at = opening;
        if (text[at] == '\0')
            break;
        at += 2;
        status = parse_node(arena, text, &at, true, &node, ret_error);
        if (status != STATUS_OK)
            return status;
        if (text[at] != '}') {
            (void)error_set(ret_error, STATUS_INVALID,
                            "Expected '}' at character %zu of the expression but found its end.",
                            at + 1);
            return error_at(ret_error, NULL, 0, (int)at + 1);
        }
        at++;
        add_part(arena, expression, &tail, NULL, node);
    }
    return STATUS_OK;
}

enum status expression_parse(struct arena *arena, const char *text, enum expression_mode mode,
                             const struct expression **ret_expression, struct error *ret_error)
{
    struct expression *expression;
    enum status status;

    if (strlen(text) > EXPRESSION_TEXT_MAX)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected an expression of at most %d characters but found %zu.",
                         EXPRESSION_TEXT_MAX, strlen(text));
    expression = arena_alloc(arena, sizeof(*expression));
    expression->text = arena_copy(arena, text);
    expression->is_condition = mode == EXPRESSION_CONDITION;
    if (expression->is_condition) {
        text = expression->text + strspn(expression->text, " \t\r\n");
        if (strncmp(text, "${", 2) != 0 && strncmp(text, "#{", 2) != 0) {
            struct part *part = arena_alloc(arena, sizeof(*part));
            size_t at = 0;

            expression->parts = part;
            expression->part_count = 1;
            status = parse_node(arena, expression->text, &at, false, &part->node, ret_error);
            if (status == STATUS_OK)
                *ret_expression = expression;
            return status;
        }
        /* Blanks around ${…} are no part of the condition's value. */
        {
            size_t length = strlen(text);

            while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
                length--;
            text = arena_copy_bytes(arena, text, length);
        }
    } else {
        text = expression->text;
    }
    status = parse_template(arena, text, expression, ret_error);
    if (status != STATUS_OK)
        return status;
    if (expression->is_condition && expression->part_count != 1)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a condition to be one expression but found %u parts.",
                         expression->part_count);
    *ret_expression = expression;
    return STATUS_OK;
}

bool expression_is_literal(const struct expression *expression)
{
    for (const struct part *part = expression->parts; part != NULL; part = part->next) {
        if (part->text == NULL)
            return false;
    }
    return true;
}

const char *expression_text(const struct expression *expression)
{
    return expression->text;
}

struct arena *evaluation_arena(struct evaluation *evaluation)
{
    if (evaluation->arena == NULL)
        evaluation->arena = arena_new(SCRATCH_BYTES);
    return evaluation->arena;
}

static enum status name_the_expression(const struct expression *expression, struct error *error)
{
    return error_prefix(error, "%.200s", expression->text);
}

/* Several parts are joined as text; one `${…}` keeps its type. */
static enum status evaluate_parts(struct evaluation *evaluation,
                                  const struct expression *expression, struct value *ret_value)
{
    const struct part *part = expression->parts;
    struct text joined = TEXT_INIT;
    enum status status = STATUS_OK;

    if (part == NULL) {
        *ret_value = (struct value){.kind = VALUE_TEXT, .text = ""};
        return STATUS_OK;
    }
    if (part->next == NULL && part->text == NULL)
        return evaluate(evaluation, part->node, ret_value);
    for (; part != NULL && status == STATUS_OK; part = part->next) {
        struct value value;
        const char *text = part->text;

        if (text == NULL) {
            status = evaluate(evaluation, part->node, &value);
            if (status == STATUS_OK)
                status = value_to_text(evaluation, &value, &text);
        }
        if (status == STATUS_OK && text != NULL)
            text_append(&joined, text);
        if (joined.length > EXPRESSION_RESULT_MAX)
            status =
                error_set(evaluation->error, STATUS_FAILED,
                          "Expected a text of at most %d bytes as result.", EXPRESSION_RESULT_MAX);
    }
    if (status == STATUS_OK)
        *ret_value =
            (struct value){.kind = VALUE_TEXT,
                           .text = arena_copy(evaluation_arena(evaluation), text_string(&joined))};
    text_deinit(&joined);
    return status;
}

enum status expression_value(const struct expression *expression,
                             const struct expression_scope *scope, json_t **ret_value,
                             struct error *ret_error)
{
    struct evaluation evaluation = {.scope = scope, .error = ret_error};
    struct value value = {0};
    json_t *json = NULL;
    enum status status;

    error_clear(ret_error);
    status = evaluate_parts(&evaluation, expression, &value);
    if (status == STATUS_OK) {
        json = value_to_json(&value);
        if (json == NULL)
            status = error_set(ret_error, STATUS_FAILED,
                               "Expected a value that variables can hold but found %s.",
                               value_kind_name(&value));
    }
    arena_free(evaluation.arena);
    if (status != STATUS_OK)
        return name_the_expression(expression, ret_error);
    *ret_value = json;
    return STATUS_OK;
}

enum status expression_condition(const struct expression *expression,
                                 const struct expression_scope *scope, bool *ret_value,
                                 struct error *ret_error)
{
    struct evaluation evaluation = {.scope = scope, .error = ret_error};
    struct value value = {0};
    enum status status;

    error_clear(ret_error);
    status = evaluate_parts(&evaluation, expression, &value);
    if (status == STATUS_OK && value.kind != VALUE_BOOLEAN)
        status = error_set(ret_error, STATUS_FAILED,
                           "Expected the condition to give a Boolean but found %s.",
                           value_kind_name(&value));
    arena_free(evaluation.arena);
    if (status != STATUS_OK)
        return name_the_expression(expression, ret_error);
    *ret_value = value.boolean;
    return STATUS_OK;
}

enum status expression_string(const struct expression *expression,
                              const struct expression_scope *scope, struct arena *arena,
                              const char **ret_text, struct error *ret_error)
{
    struct evaluation evaluation = {.scope = scope, .error = ret_error};
    struct value value = {0};
    const char *text = NULL;
    enum status status;

    error_clear(ret_error);
    status = evaluate_parts(&evaluation, expression, &value);
    if (status == STATUS_OK)
        status = value_to_text(&evaluation, &value, &text);
    if (status == STATUS_OK)
        *ret_text = arena_copy(arena, text);
    arena_free(evaluation.arena);
    return status == STATUS_OK ? STATUS_OK : name_the_expression(expression, ret_error);
}
