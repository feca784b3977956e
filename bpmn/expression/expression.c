/* See expression.h: templates, and the entry points of evaluation. */
#include "bpmn/base/text.h"
#include "bpmn/expression/private.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

int excerpt_length_of(const char *text, size_t length, size_t limit)
{
    if (length <= limit)
        return (int)length;
    while (limit > 0 && ((unsigned char)text[limit] & 0xC0) == 0x80)
        limit--;
    return (int)limit;
}

int excerpt_length(const char *text, size_t limit)
{
    return excerpt_length_of(text, strnlen(text, limit + 1), limit);
}

/* ---- parsing ---- */

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

static bool is_opening(const char *at)
{
    return (at[0] == '$' || at[0] == '#') && at[1] == '{';
}

/* The literal text at *at up to the next "${" or "#{" or the end. `\${` stands for `${`. */
static const char *read_literal(struct arena *arena, const char *text, size_t *at)
{
    size_t end = *at;
    size_t length = 0;
    char *copy;

    while (text[end] != '\0' && !is_opening(text + end))
        end += text[end] == '\\' && is_opening(text + end + 1) ? 2 : 1;
    copy = arena_alloc(arena, end - *at + 1);
    for (size_t i = *at; i < end; i++) {
        if (text[i] == '\\' && is_opening(text + i + 1))
            i++;
        copy[length++] = text[i];
    }
    *at = end;
    return copy;
}

static enum status parse_template(struct arena *arena, const char *text, size_t at,
                                  struct expression *expression, struct error *ret_error)
{
    struct part **tail = &expression->parts;
    char delimiter = '\0';

    while (text[at] != '\0') {
        const struct node *node;
        enum status status;

        if (!is_opening(text + at)) {
            add_part(arena, expression, &tail, read_literal(arena, text, &at), NULL);
            continue;
        }
        if (delimiter != '\0' && delimiter != text[at])
            return error_set(ret_error, STATUS_INVALID,
                             "Expected either ${…} or #{…} but found both in '%.*s'.",
                             excerpt_length(text, 160), text);
        delimiter = text[at];
        at += 2;
        status = parse_node(arena, text, &at, true, &node, ret_error);
        if (status != STATUS_OK)
            return status;
        INVARIANT(text[at] == '}');
        at++;
        add_part(arena, expression, &tail, NULL, node);
    }
    return STATUS_OK;
}

/* Blanks around are no part of a condition's value; without delimiters the text is the expression.
 */
static enum status parse_condition(struct arena *arena, const char *text,
                                   struct expression *expression, struct error *ret_error)
{
    size_t at = strspn(text, blanks);
    size_t length = strlen(text);
    enum status status;

    if (!is_opening(text + at)) {
        struct part **tail = &expression->parts;
        const struct node *node;

        status = parse_node(arena, text, &at, false, &node, ret_error);
        if (status == STATUS_OK)
            add_part(arena, expression, &tail, NULL, node);
        return status;
    }
    while (length > at && strchr(blanks, text[length - 1]) != NULL)
        length--;
    status =
        parse_template(arena, arena_copy_bytes(arena, text, length), at, expression, ret_error);
    if (status == STATUS_OK && expression->part_count != 1)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a condition to be one expression but found %u parts in '%.*s'.",
                         expression->part_count, excerpt_length(text, 160), text);
    return status;
}

enum status expression_parse(struct arena *arena, const char *text, enum expression_mode mode,
                             const struct expression **ret_expression, struct error *ret_error)
{
    size_t length = strlen(text);
    struct expression *expression;
    enum status status;

    if (length > EXPRESSION_TEXT_MAX)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected an expression of at most %d bytes but found %zu.",
                         EXPRESSION_TEXT_MAX, length);
    expression = arena_alloc(arena, sizeof(*expression));
    expression->text = arena_copy(arena, text);
    status = mode == EXPRESSION_CONDITION
                 ? parse_condition(arena, expression->text, expression, ret_error)
                 : parse_template(arena, expression->text, 0, expression, ret_error);
    if (status == STATUS_OK)
        *ret_expression = expression;
    return status;
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

/* ---- evaluation ---- */

enum status evaluation_room(struct evaluation *evaluation, size_t length, char **ret_bytes)
{
    if (evaluation->arena == NULL)
        evaluation->arena = arena_new(EXPRESSION_SCRATCH_MAX);
    if (length > EXPRESSION_RESULT_MAX || arena_over_limit(evaluation->arena))
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected texts of at most %d bytes, and %d bytes together, but the "
                         "expression builds more.",
                         EXPRESSION_RESULT_MAX, EXPRESSION_SCRATCH_MAX);
    *ret_bytes = arena_alloc(evaluation->arena, length + 1);
    return STATUS_OK;
}

enum status evaluation_text(struct evaluation *evaluation, const char *bytes, size_t length,
                            struct value *ret_value)
{
    char *room;
    enum status status = evaluation_room(evaluation, length, &room);

    if (status == STATUS_OK)
        *ret_value = value_of_text(memcpy(room, bytes, length));
    return status;
}

json_t *evaluation_array(struct evaluation *evaluation)
{
    json_t *array = json_array();

    if (evaluation->kept == NULL)
        evaluation->kept = json_array();
    (void)json_array_append_new(evaluation->kept, array);
    return array;
}

enum status evaluation_append(struct evaluation *evaluation, json_t *array, json_t *item)
{
    if (item == NULL)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected items that JSON can hold but found a text or number that it "
                         "cannot.");
    if (++evaluation->items > EXPRESSION_ITEMS_MAX) {
        json_decref(item);
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected arrays of at most %d items together but the expression builds "
                         "more.",
                         EXPRESSION_ITEMS_MAX);
    }
    (void)json_array_append_new(array, item);
    return STATUS_OK;
}

/* Several parts are joined as text; null adds nothing. */
static enum status join_parts(struct evaluation *evaluation, const struct expression *expression,
                              struct text *joined)
{
    for (const struct part *part = expression->parts; part != NULL; part = part->next) {
        const char *text = part->text;
        struct value value;
        size_t length;
        enum status status;

        if (text == NULL) {
            status = evaluate(evaluation, part->node, &value);
            if (status == STATUS_OK)
                status = value_to_text(evaluation, &value, &text);
            if (status != STATUS_OK)
                return status;
        }
        length = text != NULL ? strlen(text) : 0;
        if (length > EXPRESSION_RESULT_MAX - joined->length)
            return error_set(evaluation->error, STATUS_FAILED,
                             "Expected a text of at most %d bytes as result.",
                             EXPRESSION_RESULT_MAX);
        text_append_bytes(joined, text != NULL ? text : "", length);
    }
    return STATUS_OK;
}

/* A single part keeps its type. */
static enum status evaluate_parts(struct evaluation *evaluation,
                                  const struct expression *expression, struct value *ret_value)
{
    const struct part *first = expression->parts;
    struct text joined = TEXT_INIT;
    enum status status;

    if (first == NULL || first->next == NULL) {
        if (first != NULL && first->text == NULL)
            return evaluate(evaluation, first->node, ret_value);
        *ret_value = value_of_text(first != NULL ? first->text : "");
        return STATUS_OK;
    }
    status = join_parts(evaluation, expression, &joined);
    if (status == STATUS_OK)
        status = evaluation_text(evaluation, text_string(&joined), joined.length, ret_value);
    text_deinit(&joined);
    return status;
}

/* Frees what the evaluation made, and lets an error say which expression failed. */
static enum status end(struct evaluation *evaluation, const struct expression *expression,
                       enum status status)
{
    arena_free(evaluation->arena);
    json_decref(evaluation->kept);
    if (status != STATUS_OK)
        (void)error_prefix(evaluation->error, "'%.*s'", excerpt_length(expression->text, 160),
                           expression->text);
    return status;
}

enum status expression_value(const struct expression *expression,
                             const struct expression_scope *scope, json_t **ret_value,
                             struct error *ret_error)
{
    struct evaluation evaluation = {.scope = scope, .error = ret_error};
    struct value value;
    json_t *json;
    enum status status = evaluate_parts(&evaluation, expression, &value);

    if (status != STATUS_OK)
        return end(&evaluation, expression, status);
    json = value_to_json(&value);
    if (json == NULL)
        return end(&evaluation, expression,
                   error_set(ret_error, STATUS_FAILED,
                             "Expected a value that JSON can hold but found %s that it cannot.",
                             value_kind_name(&value)));
    *ret_value = json;
    return end(&evaluation, expression, STATUS_OK);
}

enum status expression_condition(const struct expression *expression,
                                 const struct expression_scope *scope, bool *ret_value,
                                 struct error *ret_error)
{
    struct evaluation evaluation = {.scope = scope, .error = ret_error};
    struct value value;
    enum status status = evaluate_parts(&evaluation, expression, &value);

    if (status == STATUS_OK && value.kind != VALUE_BOOLEAN)
        status = error_set(ret_error, STATUS_FAILED,
                           "Expected the condition to give true or false but found %s.",
                           value_kind_name(&value));
    if (status == STATUS_OK)
        *ret_value = value.boolean;
    return end(&evaluation, expression, status);
}

enum status expression_string(const struct expression *expression,
                              const struct expression_scope *scope, struct arena *arena,
                              const char **ret_text, struct error *ret_error)
{
    struct evaluation evaluation = {.scope = scope, .error = ret_error};
    struct value value;
    const char *text;
    enum status status = evaluate_parts(&evaluation, expression, &value);

    if (status == STATUS_OK)
        status = value_to_text(&evaluation, &value, &text);
    if (status == STATUS_OK)
        *ret_text = arena_copy(arena, text);
    return end(&evaluation, expression, status);
}
