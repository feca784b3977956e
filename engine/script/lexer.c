/* Script text → tokens. Strings come out decoded, numbers as the old syntax writes them. */
#include "bpmn/base/text.h"
#include "engine/script/syntax.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void script_lexer_fail(struct lexer *lexer, uint32_t line, uint32_t column, const char *format, ...)
{
    char message[ERROR_MESSAGE_MAX];
    va_list arguments;

    if (!lexer->failed) {
        va_start(arguments, format);
        (void)vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        (void)error_set(lexer->error, STATUS_INVALID, "%s", message);
        (void)error_at(lexer->error, NULL, (int)line, (int)column);
    }
    lexer->failed = true;
    lexer->token.kind = TOKEN_END;
    lexer->token.text = "the end of the script";
}

static uint32_t column_of(const struct lexer *lexer, const char *at)
{
    uint32_t column = 1;

    for (const char *from = lexer->line_start; from < at; from++)
        column += ((unsigned char)*from & 0xc0) != 0x80;
    return column;
}

static void fail_here(struct lexer *lexer, const char *message)
{
    script_lexer_fail(lexer, lexer->line, column_of(lexer, lexer->at), "%s", message);
}

/* U+2028 and U+2029 end lines too. */
static size_t newline_length(const char *at)
{
    if (at[0] == '\r')
        return at[1] == '\n' ? 2 : 1;
    if (at[0] == '\n')
        return 1;
    return strncmp(at, "\xe2\x80\xa8", 3) == 0 || strncmp(at, "\xe2\x80\xa9", 3) == 0 ? 3 : 0;
}

static void skip_newline(struct lexer *lexer)
{
    lexer->at += newline_length(lexer->at);
    lexer->line++;
    lexer->line_start = lexer->at;
}

static size_t blank_length(const char *at)
{
    if (*at == ' ' || *at == '\t' || *at == '\v' || *at == '\f')
        return 1;
    if (strncmp(at, "\xc2\xa0", 2) == 0)
        return 2;
    return strncmp(at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static void skip_comment(struct lexer *lexer)
{
    while (*lexer->at != '\0' && strncmp(lexer->at, "*/", 2) != 0) {
        if (newline_length(lexer->at) > 0) {
            lexer->token.after_newline = true;
            skip_newline(lexer);
        } else {
            lexer->at++;
        }
    }
    if (*lexer->at == '\0')
        fail_here(lexer, "Expected '*/' at the end of a comment but the script ends.");
    else
        lexer->at += 2;
}

static void skip_blanks(struct lexer *lexer)
{
    for (;;) {
        if (newline_length(lexer->at) > 0) {
            lexer->token.after_newline = true;
            skip_newline(lexer);
        } else if (blank_length(lexer->at) > 0) {
            lexer->at += blank_length(lexer->at);
        } else if (strncmp(lexer->at, "//", 2) == 0) {
            while (*lexer->at != '\0' && newline_length(lexer->at) == 0)
                lexer->at++;
        } else if (strncmp(lexer->at, "/*", 2) == 0) {
            lexer->at += 2;
            skip_comment(lexer);
        } else {
            return;
        }
    }
}

static void append_character(struct text *text, uint32_t code)
{
    char bytes[4];
    size_t length;

    if (code < 0x80) {
        bytes[0] = (char)code;
        length = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        length = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        length = 3;
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        length = 4;
    }
    text_append_bytes(text, bytes, length);
}

/* `digits` hexadecimal digits at `at`; -1 when there are fewer. */
static int64_t hexadecimal(const char *at, unsigned digits)
{
    int64_t value = 0;

    for (unsigned i = 0; i < digits; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        value =
            value * 16 + (isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    }
    return value;
}

/* Behind `\u`: XXXX or {X…}; moves over it. A pair of surrogates becomes one character. */
static int64_t unicode_escape(struct lexer *lexer)
{
    int64_t code = 0;

    if (*lexer->at == '{') {
        size_t length = strspn(lexer->at + 1, "0123456789abcdefABCDEF");

        if (length == 0 || length > 6 || lexer->at[length + 1] != '}')
            return -1;
        code = hexadecimal(lexer->at + 1, (unsigned)length);
        lexer->at += length + 2;
        return code <= 0x10ffff ? code : -1;
    }
    code = hexadecimal(lexer->at, 4);
    if (code < 0)
        return -1;
    lexer->at += 4;
    if (code >= 0xd800 && code < 0xdc00 && lexer->at[0] == '\\' && lexer->at[1] == 'u') {
        int64_t low = hexadecimal(lexer->at + 2, 4);

        if (low >= 0xdc00 && low < 0xe000) {
            lexer->at += 6;
            return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return code;
}

/* Behind the backslash. */
static void escape(struct lexer *lexer, struct text *text)
{
    static const char plain[] = "bfnrtv";
    static const char meaning[] = "\b\f\n\r\t\v";
    const char *found;
    int64_t code;

    if (newline_length(lexer->at) > 0) {
        skip_newline(lexer);
        return;
    }
    found = *lexer->at != '\0' ? strchr(plain, *lexer->at) : NULL;
    if (found != NULL) {
        text_append_char(text, meaning[found - plain]);
        lexer->at++;
    } else if (*lexer->at == 'x' || *lexer->at == 'u') {
        bool short_form = *lexer->at++ == 'x';

        code = short_form ? hexadecimal(lexer->at, 2) : unicode_escape(lexer);
        lexer->at += short_form && code >= 0 ? 2 : 0;
        if (code <= 0)
            fail_here(lexer, "Expected a character's code of hexadecimal digits, not zero, behind "
                             "the backslash.");
        else
            append_character(text, (uint32_t)code);
    } else if (isdigit((unsigned char)*lexer->at)) {
        fail_here(lexer, "Octal codes and NUL characters are not supported in texts: use \\x… or "
                         "\\u….");
    } else if (*lexer->at != '\0') {
        text_append_char(text, *lexer->at++);
    }
}

static void read_string(struct lexer *lexer)
{
    struct text text = TEXT_INIT;
    char quote = *lexer->at++;

    while (!lexer->failed && *lexer->at != quote) {
        if (*lexer->at == '\0' || *lexer->at == '\n' || *lexer->at == '\r') {
            fail_here(lexer, "Expected the closing quote of a text but the line ends.");
        } else if (*lexer->at == '\\') {
            lexer->at++;
            escape(lexer, &text);
        } else {
            text_append_char(&text, *lexer->at++);
        }
    }
    if (!lexer->failed) {
        lexer->at++;
        lexer->token.kind = TOKEN_STRING;
        lexer->token.length = text.length;
        lexer->token.text = arena_copy_bytes(lexer->arena, text_string(&text), text.length);
    }
    text_deinit(&text);
}

bool script_lexer_template(struct lexer *lexer, const char **ret_text, size_t *ret_length)
{
    struct text text = TEXT_INIT;
    bool more = false;

    *ret_text = "";
    *ret_length = 0;
    lexer->at = lexer->failed ? "" : lexer->token.end;
    while (!lexer->failed && *lexer->at != '`' && !more) {
        if (*lexer->at == '\0') {
            fail_here(lexer, "Expected the closing '`' of a template but the script ends.");
        } else if (*lexer->at == '\\') {
            lexer->at++;
            escape(lexer, &text);
        } else if (strncmp(lexer->at, "${", 2) == 0) {
            lexer->at++;
            more = true;
        } else if (newline_length(lexer->at) > 0) {
            skip_newline(lexer);
            text_append_char(&text, '\n');
        } else {
            text_append_char(&text, *lexer->at++);
        }
    }
    if (!lexer->failed) {
        lexer->at++;
        *ret_length = text.length;
        *ret_text = arena_copy_bytes(lexer->arena, text_string(&text), text.length);
        script_lexer_advance(lexer);
    }
    text_deinit(&text);
    return more;
}

/* The engine's own reading of numbers is not always the nearest double: up to 15 digits it is. So a
 * longer one is written as a quotient or product of two whole numbers in base 16, both exact. */
static const char *exact_number(struct arena *arena, double value)
{
    char power[280];
    int exponent;
    uint64_t mantissa;
    unsigned shift;

    if (!isfinite(value))
        return "Infinity";
    if (value < 1e15 && value == (double)(uint64_t)value)
        return arena_format(arena, "%.0f", value);
    mantissa = (uint64_t)ldexp(frexp(value, &exponent), 53);
    exponent -= 53;
    shift = (unsigned)abs(exponent);
    if (mantissa == 0 || shift > 1000)
        return arena_format(arena, "%.17g", value);
    power[0] = "1248"[shift % 4];
    memset(power + 1, '0', shift / 4);
    power[1 + shift / 4] = '\0';
    return arena_format(arena, "(0x%" PRIx64 "%c0x%s)", mantissa, exponent < 0 ? '/' : '*', power);
}

/* 0x…, 0o…, 0b…: any number of digits; what does not fit 53 bits rounds like everything else. */
static void read_radix(struct lexer *lexer, unsigned radix)
{
    double value = 0;
    bool any = false;

    for (lexer->at += 2; isalnum((unsigned char)*lexer->at) || *lexer->at == '_'; lexer->at++) {
        int64_t digit = hexadecimal(lexer->at, 1);

        if (*lexer->at == '_')
            continue;
        if (digit < 0 || digit >= (int64_t)radix) {
            fail_here(lexer, "Expected a digit of the number's base.");
            return;
        }
        any = true;
        value = value * radix + (double)digit;
    }
    if (!any)
        fail_here(lexer, "Expected digits behind the number's prefix.");
    else
        lexer->token.text = exact_number(lexer->arena, value);
}

static size_t copy_digits(struct lexer *lexer, char *to, size_t room)
{
    size_t length = 0;

    while (isdigit((unsigned char)*lexer->at) || *lexer->at == '_') {
        if (*lexer->at != '_' && length < room)
            to[length++] = *lexer->at;
        lexer->at++;
    }
    return length;
}

static void read_decimal(struct lexer *lexer)
{
    enum { ROOM = 300 };
    char digits[ROOM + 340];
    size_t length = copy_digits(lexer, digits, ROOM);

    if (*lexer->at == '.') {
        digits[length++] = *lexer->at++;
        length += copy_digits(lexer, digits + length, ROOM + 8 - length);
    }
    if ((*lexer->at | 0x20) == 'e') {
        digits[length++] = *lexer->at++;
        if (*lexer->at == '+' || *lexer->at == '-')
            digits[length++] = *lexer->at++;
        if (!isdigit((unsigned char)*lexer->at)) {
            fail_here(lexer, "Expected digits in the number's exponent.");
            return;
        }
        length += copy_digits(lexer, digits + length, 8);
    }
    digits[length] = '\0';
    lexer->token.text = length > 15 ? exact_number(lexer->arena, strtod(digits, NULL))
                                    : arena_copy(lexer->arena, digits);
}

static void read_number(struct lexer *lexer)
{
    char prefix = lexer->at[0] == '0' ? (char)(lexer->at[1] | 0x20) : '\0';

    lexer->token.kind = TOKEN_NUMBER;
    if (prefix == 'x')
        read_radix(lexer, 16);
    else if (prefix == 'o')
        read_radix(lexer, 8);
    else if (prefix == 'b')
        read_radix(lexer, 2);
    else if (lexer->at[0] == '0' && isdigit((unsigned char)lexer->at[1]))
        fail_here(lexer, "Numbers with a leading zero are not supported: use 0o… for octal ones.");
    else
        read_decimal(lexer);
    if (!lexer->failed && *lexer->at == 'n')
        fail_here(lexer, "BigInt numbers are not supported.");
    else if (!lexer->failed &&
             (isalpha((unsigned char)*lexer->at) || *lexer->at == '_' || *lexer->at == '$'))
        fail_here(lexer, "Expected the end of the number.");
}

static bool begins_name(unsigned char character)
{
    return isalpha(character) || character == '_' || character == '$' || character >= 0x80;
}

static void read_name(struct lexer *lexer)
{
    struct text text = TEXT_INIT;

    while (!lexer->failed && (begins_name((unsigned char)*lexer->at) || *lexer->at == '\\' ||
                              isdigit((unsigned char)*lexer->at))) {
        if (newline_length(lexer->at) > 0 || blank_length(lexer->at) > 0)
            break;
        if (*lexer->at == '\\') {
            int64_t code = -1;

            lexer->at++;
            lexer->token.escaped = true;
            if (*lexer->at == 'u') {
                lexer->at++;
                code = unicode_escape(lexer);
            }
            if (code < 0x80 ? !isalnum((int)(code > 0 ? code : 0)) : false)
                fail_here(lexer, "Expected \\u and the code of a letter in a name.");
            else
                append_character(&text, (uint32_t)code);
        } else {
            text_append_char(&text, *lexer->at++);
        }
    }
    if (!lexer->failed) {
        lexer->token.kind = TOKEN_NAME;
        lexer->token.text = arena_copy(lexer->arena, text_string(&text));
    }
    text_deinit(&text);
}

static void read_sign(struct lexer *lexer)
{
    /* Longer ones first. */
    static const char *const signs[] = {
        ">>>=", "===", "!==", "**=", "...", "<<=", ">>=", ">>>", "&&=", "||=", "?\?=", "=>",
        "==",   "!=",  "<=",  ">=",  "&&",  "||",  "?\?", "?.",  "++",  "--",  "+=",   "-=",
        "*=",   "/=",  "%=",  "&=",  "|=",  "^=",  "<<",  ">>",  "**",  "{",   "}",    "(",
        ")",    "[",   "]",   ";",   ",",   "<",   ">",   "+",   "-",   "*",   "/",    "%",
        "&",    "|",   "^",   "!",   "~",   "?",   ":",   "=",   ".",   "`"};

    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        size_t length = strlen(signs[i]);

        if (strncmp(lexer->at, signs[i], length) != 0)
            continue;
        /* `a?.5:b` is a choice. */
        if (strcmp(signs[i], "?.") == 0 && isdigit((unsigned char)lexer->at[2]))
            continue;
        lexer->token.kind = TOKEN_SIGN;
        lexer->token.text = signs[i];
        lexer->at += length;
        return;
    }
    script_lexer_fail(lexer, lexer->line, column_of(lexer, lexer->at),
                      "Expected JavaScript but found the character '%c'.",
                      isprint((unsigned char)*lexer->at) ? *lexer->at : '?');
}

void script_lexer_advance(struct lexer *lexer)
{
    if (lexer->failed)
        return;
    lexer->token = (struct token){.kind = TOKEN_END, .text = "the end of the script"};
    skip_blanks(lexer);
    if (lexer->failed)
        return;
    lexer->token.start = lexer->at;
    lexer->token.line = lexer->line;
    lexer->token.column = column_of(lexer, lexer->at);
    if (*lexer->at == '\0')
        return;
    if (*lexer->at == '"' || *lexer->at == '\'')
        read_string(lexer);
    else if (isdigit((unsigned char)*lexer->at) ||
             (*lexer->at == '.' && isdigit((unsigned char)lexer->at[1])))
        read_number(lexer);
    else if (begins_name((unsigned char)*lexer->at) || *lexer->at == '\\')
        read_name(lexer);
    else
        read_sign(lexer);
    lexer->token.end = lexer->at;
}

const char *script_lexer_regexp(struct lexer *lexer)
{
    const char *start = lexer->token.start;
    bool in_class = false;
    const char *text;

    lexer->at = start + 1;
    while (*lexer->at != '/' || in_class) {
        if (*lexer->at == '\\' && newline_length(lexer->at + 1) == 0 && lexer->at[1] != '\0') {
            lexer->at += 2;
            continue;
        }
        if (*lexer->at == '\0' || newline_length(lexer->at) > 0) {
            fail_here(lexer, "Expected the closing '/' of a regular expression.");
            return "/x/";
        }
        if (*lexer->at == '[' || *lexer->at == ']')
            in_class = *lexer->at == '[';
        lexer->at++;
    }
    lexer->at++;
    while (isalpha((unsigned char)*lexer->at)) {
        if (strchr("gim", *lexer->at) == NULL) {
            fail_here(lexer, "Expected one of the flags g, i, m of a regular expression.");
            return "/x/";
        }
        lexer->at++;
    }
    text = arena_copy_bytes(lexer->arena, start, (size_t)(lexer->at - start));
    script_lexer_advance(lexer);
    return text;
}

void script_lexer_start(struct lexer *lexer, const char *source, bool internal, struct arena *arena,
                        struct error *error)
{
    *lexer = (struct lexer){.arena = arena,
                            .error = error,
                            .at = source,
                            .line_start = source,
                            .line = 1,
                            .internal = internal};
    script_lexer_advance(lexer);
}
