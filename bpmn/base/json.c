/* See json.h. */
#include "bpmn/base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the shortest digits of a real number ---- */

/* Powers of ten that a double holds exactly: a product or quotient with them is rounded once. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Up to 15 digits no two decimals read as the same double, so the first that fits is the shortest.
 * The quotient of two exact numbers is what a reader of the decimal would compute. */
static bool find_short(double size, uint64_t *ret_digits, int *ret_exponent)
{
    const double digits_end = 1e15;
    const double whole_end = 9007199254740992.0; /* 2^53: whole numbers below are all doubles */

    if (size < whole_end && size == (double)(uint64_t)size) {
        *ret_digits = (uint64_t)size;
        *ret_exponent = 0;
        return true;
    }
    for (int places = 1; places < (int)COUNT_OF(powers); places++) {
        double scaled = size * powers[places];
        uint64_t digits;

        if (scaled >= digits_end)
            return false;
        digits = (uint64_t)(scaled + 0.5);
        if ((double)digits / powers[places] == size) {
            *ret_digits = digits;
            *ret_exponent = -places;
            return true;
        }
    }
    return false;
}

static size_t write_digits(uint64_t number, char *to)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++)
        to[i] = digits[count - 1 - i];
    return count;
}

static bool reads_as(uint64_t digits, int exponent, double size)
{
    char text[48];
    size_t length = write_digits(digits, text);

    text[length++] = 'e';
    if (exponent < 0)
        text[length++] = '-';
    length += write_digits((uint64_t)abs(exponent), text + length);
    text[length] = '\0';
    return strtod(text, NULL) == size;
}

/* Exactly `count` digits, rounded by the C library. */
static uint64_t rounded_digits(double size, int count, int *ret_exponent)
{
    char text[48];
    const char *at = text;
    uint64_t digits = 0;

    (void)snprintf(text, sizeof(text), "%.*e", count - 1, size);
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            digits = digits * 10 + (uint64_t)(*at - '0');
    }
    *ret_exponent = atoi(at + 1) - (count - 1);
    return digits;
}

/* Below the normal numbers a double holds fewer than 15 digits: any count may be enough. */
static uint64_t find_subnormal(double size, int *ret_exponent)
{
    for (int count = 1; count < 17; count++) {
        uint64_t digits = rounded_digits(size, count, ret_exponent);

        if (reads_as(digits, *ret_exponent, size))
            return digits;
    }
    return rounded_digits(size, 17, ret_exponent);
}

/* 17 digits always read back; two or one fewer may. What reads back lies within half the distance
 * between two doubles, which is at most 12 units of the 17th digit. */
static uint64_t find_long(double size, int *ret_exponent)
{
    enum { REACH = 12 };
    uint64_t digits = rounded_digits(size, 17, ret_exponent);
    uint64_t rest = digits % 100;
    uint64_t nearest = (digits + 5) / 10;
    uint64_t other = digits % 10 >= 5 ? nearest - 1 : nearest + 1;
    int exponent;

    if ((rest <= REACH && reads_as(digits / 100, *ret_exponent + 2, size)) ||
        (rest >= 100 - REACH && reads_as(digits / 100 + 1, *ret_exponent + 2, size))) {
        *ret_exponent += 2;
        return digits / 100 + (rest > REACH);
    }
    ++*ret_exponent;
    /* The 5 may stand for a little less. */
    if (digits % 10 == 5 && rounded_digits(size, 16, &exponent) == other) {
        other = nearest;
        nearest--;
    }
    if (reads_as(nearest, *ret_exponent, size))
        return nearest;
    if (reads_as(other, *ret_exponent, size))
        return other;
    --*ret_exponent;
    return digits;
}

uint64_t json_real_digits(double real, int *ret_exponent)
{
    double size = fabs(real);
    uint64_t digits = 0;

    PRE(isfinite(real));
    if (!find_short(size, &digits, ret_exponent))
        digits =
            size < DBL_MIN ? find_subnormal(size, ret_exponent) : find_long(size, ret_exponent);
    while (digits != 0 && digits % 10 == 0) {
        digits /= 10;
        ++*ret_exponent;
    }
    return digits;
}

/* ---- numbers as text ---- */

size_t json_format_integer(int64_t integer, char ret_text[JSON_NUMBER_BYTES])
{
    size_t length = 0;

    if (integer < 0)
        ret_text[length++] = '-';
    length += write_digits(integer < 0 ? -(uint64_t)integer : (uint64_t)integer, ret_text + length);
    ret_text[length] = '\0';
    return length;
}

/* d.ddde±x */
static size_t format_scientific(const char *digits, size_t count, int power, char *to)
{
    size_t length = 0;

    to[length++] = digits[0];
    if (count > 1) {
        to[length++] = '.';
        memcpy(to + length, digits + 1, count - 1);
        length += count - 1;
    }
    to[length++] = 'e';
    to[length++] = power < 0 ? '-' : '+';
    return length + write_digits((uint64_t)abs(power), to + length);
}

/* ddd.ddd; `power` is that of the first digit. */
static size_t format_plain(const char *digits, size_t count, int power, char *to)
{
    size_t whole = power < 0 ? 0 : (size_t)power + 1;
    size_t length = 0;

    if (whole == 0) {
        to[length++] = '0';
        to[length++] = '.';
        for (int i = -1; i > power; i--)
            to[length++] = '0';
        memcpy(to + length, digits, count);
        return length + count;
    }
    for (size_t i = 0; i < whole; i++)
        to[length++] = i < count ? digits[i] : '0';
    to[length++] = '.';
    if (count <= whole) {
        to[length++] = '0';
        return length;
    }
    memcpy(to + length, digits + whole, count - whole);
    return length + count - whole;
}

size_t json_format_real(double real, char ret_text[JSON_NUMBER_BYTES])
{
    enum { PLAIN_POWER_MIN = -5, PLAIN_POWER_END = 17 };
    char digits[20];
    int exponent;
    size_t count = write_digits(json_real_digits(real, &exponent), digits);
    int power = exponent + (int)count - 1;
    size_t length = 0;

    if (signbit(real))
        ret_text[length++] = '-';
    if (real == 0)
        power = 0;
    if (power >= PLAIN_POWER_MIN && power < PLAIN_POWER_END)
        length += format_plain(digits, count, power, ret_text + length);
    else
        length += format_scientific(digits, count, power, ret_text + length);
    ret_text[length] = '\0';
    POST(length < JSON_NUMBER_BYTES);
    return length;
}

/* ---- values ---- */

/* What follows the backslash; 'u' stands for four hexadecimal digits, NUL for no escape. */
static char escape_of(unsigned char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return byte < 0x20 ? 'u' : '\0';
    }
}

static void write_escape(struct text *out, unsigned char byte, char escape)
{
    static const char hexadecimal[] = "0123456789abcdef";
    char bytes[] = {'\\', escape, '0', '0', hexadecimal[byte >> 4], hexadecimal[byte & 15]};

    text_append_bytes(out, bytes, escape == 'u' ? sizeof(bytes) : 2);
}

static void write_string(struct text *out, const char *bytes, size_t length)
{
    char *to = text_reserve(out, length + 2);
    size_t clean = 0; /* where the bytes begin that are not copied yet */

    to[0] = '"';
    text_added(out, 1);
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        char escape = byte > '\\' ? '\0' : escape_of(byte);

        if (escape == '\0')
            continue;
        text_append_bytes(out, bytes + clean, i - clean);
        write_escape(out, byte, escape);
        clean = i + 1;
    }
    text_append_bytes(out, bytes + clean, length - clean);
    text_append_char(out, '"');
}

static bool write_value(struct text *out, const json_t *json, unsigned depth);

static bool write_array(struct text *out, const json_t *array, unsigned depth)
{
    size_t size = json_array_size(array);

    text_append_char(out, '[');
    for (size_t i = 0; i < size; i++) {
        if (i > 0)
            text_append_char(out, ',');
        if (!write_value(out, json_array_get(array, i), depth + 1))
            return false;
    }
    text_append_char(out, ']');
    return true;
}

static bool write_object(struct text *out, const json_t *object, unsigned depth)
{
    json_t *members = (json_t *)object; /* jansson's iterators only read */
    char separator = '{';

    if (json_object_size(object) == 0)
        text_append_char(out, '{');
    for (void *at = json_object_iter(members); at != NULL;
         at = json_object_iter_next(members, at)) {
        text_append_char(out, separator);
        write_string(out, json_object_iter_key(at), json_object_iter_key_len(at));
        text_append_char(out, ':');
        if (!write_value(out, json_object_iter_value(at), depth + 1))
            return false;
        separator = ',';
    }
    text_append_char(out, '}');
    return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool write_value(struct text *out, const json_t *json, unsigned depth)
{
    char *to;

    if (depth > JSON_DEPTH_MAX)
        return false;
    switch (json_typeof(json)) {
    case JSON_NULL:
        text_append_bytes(out, "null", 4);
        return true;
    case JSON_TRUE:
        text_append_bytes(out, "true", 4);
        return true;
    case JSON_FALSE:
        text_append_bytes(out, "false", 5);
        return true;
    case JSON_INTEGER:
        to = text_reserve(out, JSON_NUMBER_BYTES);
        text_added(out, json_format_integer((int64_t)json_integer_value(json), to));
        return true;
    case JSON_REAL:
        to = text_reserve(out, JSON_NUMBER_BYTES);
        text_added(out, json_format_real(json_real_value(json), to));
        return true;
    case JSON_STRING:
        write_string(out, json_string_value(json), json_string_length(json));
        return true;
    case JSON_ARRAY:
        return write_array(out, json, depth);
    case JSON_OBJECT:
        return write_object(out, json, depth);
    }
    UNREACHABLE();
}

bool json_write(struct text *out, const json_t *json)
{
    size_t before = out->length;

    if (write_value(out, json, 1))
        return true;
    out->length = before;
    out->bytes[before] = '\0';
    return false;
}
