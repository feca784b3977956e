/* Text → tokens, with JUEL's literals, words and signs (design: flowable.md, section 3). */
#include "bpmn/expression/lexer.h"

#include <string.h>

static const char blanks[] = " \t\r\n";

/* Positions in messages count characters, from 1. */
static int column_of(const char *text, size_t at)
{
    int column = 1;

    for (size_t i = 0; i < at; i++)
        column += ((unsigned char)text[i] & 0xC0) != 0x80;
    return column;
}

enum status lexer_expected(struct lexer *lexer, const char *expected)
{
    const char *found = lexer->text + lexer->start;
    int length = excerpt_length(found, strcspn(found, blanks));
    int column = column_of(lexer->text, lexer->start);
    const char *quote = length > 0 ? "'" : "";

    if (length > 24)
        length = excerpt_length(found, 24);
    (void)error_set(lexer->error, STATUS_INVALID,
                    "Expected %s at character %d but found %s%.*s%s in the expression '%.*s'.",
                    expected, column, quote, length > 0 ? length : 7,
                    length > 0 ? found : "the end", quote, excerpt_length(lexer->text, 160),
                    lexer->text);
    return error_at(lexer->error, NULL, 0, column);
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

static size_t name_length(const char *at)
{
    size_t length = 0;

    if (!is_name_start(at[0]))
        return 0;
    while (is_name_start(at[length]) || is_digit(at[length]))
        length++;
    return length;
}

static enum status read_number(struct lexer *lexer)
{
    const char *begin = lexer->text + lexer->at;
    const char *end = begin;
    struct decimal decimal;
    int64_t integer;
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
    copy = arena_copy_bytes(lexer->arena, begin, (size_t)(end - begin));
    lexer->at += (size_t)(end - begin);
    lexer->kind = TOKEN_NUMBER;
    if (!decimal_parse(copy, strlen(copy), &decimal))
        return lexer_expected(lexer, "a number of at most 34 digits that fits 64 bits");
    lexer->literal = value_of_decimal(&decimal);
    if (real)
        return STATUS_OK;
    if (!decimal_to_integer(&decimal, ROUND_DOWN, &integer))
        return lexer_expected(lexer, "a whole number that fits 64 bits");
    lexer->literal = value_of_integer(integer);
    return STATUS_OK;
}

static bool is_escape(const char *at)
{
    return at[0] == '\\' && (at[1] == '\\' || at[1] == '\'' || at[1] == '"');
}

static enum status read_text(struct lexer *lexer)
{
    char quote = lexer->text[lexer->at++];
    const char *from = lexer->text + lexer->at;
    const char *end = from;
    char *to;
    size_t length = 0;

    while (*end != '\0' && *end != quote)
        end += is_escape(end) ? 2 : 1;
    if (*end == '\0')
        return lexer_expected(lexer, "a text that ends with its quote");
    to = arena_alloc(lexer->arena, (size_t)(end - from) + 1);
    for (const char *at = from; at < end; at++) {
        if (is_escape(at))
            at++;
        to[length++] = *at;
    }
    lexer->at = (size_t)(end - lexer->text) + 1;
    lexer->literal = value_of_text(to);
    lexer->kind = TOKEN_TEXT;
    return STATUS_OK;
}

static enum status read_sign(struct lexer *lexer)
{
    static const char *const doubles[] = {"==", "!=", "<=", ">=", "&&", "||"};
    const char *at = lexer->text + lexer->at;

    lexer->kind = TOKEN_SIGN;
    for (size_t i = 0; i < COUNT_OF(doubles); i++) {
        if (strncmp(at, doubles[i], 2) == 0) {
            memcpy(lexer->sign, doubles[i], 3);
            lexer->at += 2;
            return STATUS_OK;
        }
    }
    if (*at == '=')
        return lexer_expected(lexer, "'==', which compares ('=' sets nothing here),");
    if (*at == '&' || *at == '|')
        return lexer_expected(lexer, *at == '&' ? "'&&'" : "'||'");
    if (strchr("+-*/%<>!?:().,[]", *at) == NULL)
        return lexer_expected(lexer, "an operator or a value");
    lexer->sign[0] = *at;
    lexer->sign[1] = '\0';
    lexer->at++;
    return STATUS_OK;
}

/* `.5` is a number, but not in `list.5`. */
static bool is_behind_value(const struct lexer *lexer)
{
    switch (lexer->kind) {
    case TOKEN_END: /* nothing is read yet */
        return false;
    case TOKEN_SIGN:
        return lexer->sign[0] == ')' || lexer->sign[0] == ']';
    default:
        return true;
    }
}

enum status lexer_advance(struct lexer *lexer)
{
    bool may_be_value = !is_behind_value(lexer);
    const char *at;
    size_t length;

    lexer->end = lexer->at;
    lexer->at += strspn(lexer->text + lexer->at, blanks);
    lexer->start = lexer->at;
    at = lexer->text + lexer->at;
    if (*at == '\0' || (lexer->in_braces && *at == '}')) {
        lexer->kind = TOKEN_END;
        return STATUS_OK;
    }
    if (is_digit(*at) || (*at == '.' && is_digit(at[1]) && may_be_value))
        return read_number(lexer);
    if (*at == '\'' || *at == '"')
        return read_text(lexer);
    length = name_length(at);
    if (length == 0)
        return read_sign(lexer);
    lexer->name = arena_copy_bytes(lexer->arena, at, length);
    lexer->at += length;
    lexer->kind = TOKEN_NAME;
    return STATUS_OK;
}

bool lexer_is_sign(const struct lexer *lexer, const char *sign)
{
    return lexer->kind == TOKEN_SIGN && strcmp(lexer->sign, sign) == 0;
}

bool lexer_is_word(const struct lexer *lexer, const char *word)
{
    return lexer->kind == TOKEN_NAME && strcmp(lexer->name, word) == 0;
}

bool lexer_is_function_at(const struct lexer *lexer, size_t at)
{
    const char *name = lexer->text + at + 1;
    size_t length;

    if (lexer->text[at] != ':')
        return false;
    length = name_length(name);
    return length > 0 && name[length + strspn(name + length, blanks)] == '(';
}

bool lexer_is_call(const struct lexer *lexer)
{
    const char *at = lexer->text + lexer->at;

    return at[strspn(at, blanks)] == '(';
}
