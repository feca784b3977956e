/* See decimal.h. Results are computed in 256 bits and then rounded to 34 digits. */
#include "bpmn/expression/decimal.h"

#include "bpmn/base/json.h"
#include "bpmn/expression/wide.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 10^34, the first coefficient that is too long */
#define COEFFICIENT_END \
    ((unsigned __int128)UINT64_C(100000000000000000) * UINT64_C(100000000000000000))

static unsigned __int128 coefficient_of(const struct decimal *decimal)
{
    return (unsigned __int128)decimal->high << 64 | decimal->low;
}

static int count_digits(unsigned __int128 number)
{
    int count = 1;

    while (number > UINT64_MAX) {
        number /= 10;
        count++;
    }
    for (uint64_t small = (uint64_t)number; small >= 10; small /= 10)
        count++;
    return count;
}

/* ---- rounding ---- */

static bool settle(unsigned __int128 coefficient, int64_t exponent, bool negative,
                   struct decimal *ret_decimal)
{
    int64_t power = exponent + count_digits(coefficient) - 1;

    if (coefficient != 0 && power > DECIMAL_POWER_MAX)
        return false;
    if (coefficient == 0 || power < DECIMAL_POWER_MIN) {
        *ret_decimal = (struct decimal){0};
        return true;
    }
    *ret_decimal = (struct decimal){.high = (uint64_t)(coefficient >> 64),
                                    .low = (uint64_t)coefficient,
                                    .exponent = (int32_t)exponent,
                                    .negative = negative};
    return true;
}

/* Whether there are more than 34 digits. */
static bool is_long(const struct wide *wide)
{
    return (wide->limb[3] | wide->limb[2]) != 0 ||
           ((unsigned __int128)wide->limb[1] << 64 | wide->limb[0]) >= COEFFICIENT_END;
}

/* `has_more`: digits that are not all zero have been cut behind the last one. */
static bool settle_wide(struct wide *wide, bool has_more, int64_t exponent, bool negative,
                        struct decimal *ret_decimal)
{
    unsigned __int128 coefficient;
    uint64_t cut = 0;

    for (; is_long(wide); exponent++) {
        has_more = has_more || cut != 0;
        cut = wide_divide(wide, 10);
    }
    coefficient = (unsigned __int128)wide->limb[1] << 64 | wide->limb[0];
    if (cut > 5 || (cut == 5 && (has_more || coefficient % 2 == 1)))
        coefficient++;
    if (coefficient == COEFFICIENT_END) {
        coefficient /= 10;
        exponent++;
    }
    return settle(coefficient, exponent, negative, ret_decimal);
}

bool decimal_round(const struct decimal *decimal, int64_t places, enum decimal_rounding rounding,
                   struct decimal *ret_decimal)
{
    unsigned __int128 coefficient = coefficient_of(decimal);
    int64_t exponent = decimal->exponent;
    uint64_t cut = 0;
    bool has_more = false;
    bool away = false;

    if (coefficient == 0 || exponent >= -places) {
        *ret_decimal = *decimal;
        return true;
    }
    for (; exponent < -places && (coefficient != 0 || cut != 0); exponent++) {
        has_more = has_more || cut != 0;
        cut = (uint64_t)(coefficient % 10);
        coefficient /= 10;
    }
    has_more = has_more || cut != 0;
    if (exponent < -places) { /* nothing is left of it, not even a digit to round by */
        cut = 0;
        exponent = -places;
    }
    switch (rounding) {
    case ROUND_DOWN:
        break;
    case ROUND_FLOOR:
        away = has_more && decimal->negative;
        break;
    case ROUND_CEILING:
        away = has_more && !decimal->negative;
        break;
    case ROUND_HALF_UP:
        away = cut >= 5;
        break;
    }
    return settle(coefficient + away, exponent, decimal->negative, ret_decimal);
}

/* ---- from and to other forms ---- */

struct decimal decimal_of_integer(int64_t integer)
{
    return (struct decimal){.low = integer < 0 ? -(uint64_t)integer : (uint64_t)integer,
                            .negative = integer < 0};
}

struct decimal decimal_of_real(double real)
{
    struct decimal decimal = {.negative = real < 0};
    int exponent;

    decimal.low = json_real_digits(real, &exponent);
    decimal.exponent = decimal.low != 0 ? exponent : 0;
    return decimal;
}

static bool read_exponent(const char *at, const char *end, int64_t *ret_exponent)
{
    bool negative = at < end && *at == '-';
    int64_t exponent = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end)
        return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return false;
        exponent = exponent < 100000 ? exponent * 10 + (*at - '0') : exponent;
    }
    *ret_exponent = negative ? -exponent : exponent;
    return true;
}

bool decimal_parse(const char *text, size_t length, struct decimal *ret_decimal)
{
    const char *at = text;
    const char *end = text + length;
    bool negative = at < end && *at == '-';
    unsigned __int128 coefficient = 0;
    int64_t places = 0;
    int64_t exponent = 0;
    bool has_point = false;
    bool has_digits = false;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (*at < '0' || *at > '9')
            return false;
        has_digits = true;
        coefficient = coefficient * 10 + (unsigned)(*at - '0');
        if (coefficient >= COEFFICIENT_END)
            return false;
        places += has_point;
    }
    if (!has_digits || (at < end && !read_exponent(at + 1, end, &exponent)))
        return false;
    return settle(coefficient, exponent - places, negative, ret_decimal);
}

double decimal_to_real(const struct decimal *decimal)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    unsigned __int128 coefficient = coefficient_of(decimal);
    char text[64];
    size_t length = sizeof(text);
    double size;

    /* Exact operands: one rounding. */
    if (coefficient < (UINT64_C(1) << 53) && abs(decimal->exponent) < (int)COUNT_OF(powers)) {
        size = (double)(uint64_t)coefficient;
        size = decimal->exponent < 0 ? size / powers[-decimal->exponent]
                                     : size * powers[decimal->exponent];
        return decimal->negative ? -size : size;
    }
    (void)snprintf(text + length - 16, 16, "e%d", decimal->exponent);
    length -= 16;
    do {
        text[--length] = (char)('0' + (int)(coefficient % 10));
        coefficient /= 10;
    } while (coefficient != 0);
    size = strtod(text + length, NULL);
    return decimal->negative ? -size : size;
}

bool decimal_to_integer(const struct decimal *decimal, enum decimal_rounding rounding,
                        int64_t *ret_integer)
{
    struct decimal whole;
    unsigned __int128 size;

    if (!decimal_round(decimal, 0, rounding, &whole))
        return false;
    size = coefficient_of(&whole);
    if (size != 0 && whole.exponent > 19)
        return false;
    for (int32_t i = 0; i < whole.exponent; i++) {
        if (size > UINT64_MAX)
            return false;
        size *= 10;
    }
    if (size > (unsigned __int128)INT64_MAX + whole.negative)
        return false;
    *ret_integer = whole.negative ? (int64_t) - (uint64_t)size : (int64_t)size;
    return true;
}

bool decimal_is_zero(const struct decimal *decimal)
{
    return (decimal->high | decimal->low) == 0;
}

/* ---- arithmetic ---- */

/* Brings two numbers that are not zero to one exponent, the larger one first. What the second has
 * too far behind to matter is cut; *ret_has_more tells. */
static int64_t align(const struct decimal *large, const struct decimal *small,
                     struct wide *ret_large, struct wide *ret_small, bool *ret_has_more)
{
    int64_t distance = (int64_t)large->exponent - small->exponent;
    int64_t scale = distance < WIDE_DIGITS - DECIMAL_DIGITS_MAX - 1
                        ? distance
                        : WIDE_DIGITS - DECIMAL_DIGITS_MAX - 1;

    PRE(distance >= 0);
    *ret_large = wide_of(coefficient_of(large));
    *ret_small = wide_of(coefficient_of(small));
    *ret_has_more = false;
    wide_scale(ret_large, (int)scale);
    for (int64_t i = scale; i < distance && !wide_is_zero(ret_small); i++) {
        if (wide_divide(ret_small, 10) != 0)
            *ret_has_more = true;
    }
    return large->exponent - scale;
}

bool decimal_add(const struct decimal *left, const struct decimal *right,
                 struct decimal *ret_decimal)
{
    const struct wide one = {{1, 0, 0, 0}};
    const struct decimal *large = left->exponent >= right->exponent ? left : right;
    const struct decimal *small = large == left ? right : left;
    struct wide a;
    struct wide b;
    bool has_more;
    int64_t exponent;

    if (decimal_is_zero(left) || decimal_is_zero(right)) {
        *ret_decimal = decimal_is_zero(left) ? *right : *left;
        if (decimal_is_zero(ret_decimal))
            ret_decimal->negative = false;
        return true;
    }
    exponent = align(large, small, &a, &b, &has_more);
    if (left->negative == right->negative) {
        wide_add(&a, &b);
        return settle_wide(&a, has_more, exponent, large->negative, ret_decimal);
    }
    if (has_more) /* then `a` is far larger, and the difference lies just below a - b */
        wide_add(&b, &one);
    if (wide_compare(&a, &b) >= 0) {
        wide_subtract(&a, &b);
        return settle_wide(&a, has_more, exponent, large->negative, ret_decimal);
    }
    wide_subtract(&b, &a);
    return settle_wide(&b, has_more, exponent, small->negative, ret_decimal);
}

bool decimal_multiply(const struct decimal *left, const struct decimal *right,
                      struct decimal *ret_decimal)
{
    struct wide low = wide_of(coefficient_of(left));
    struct wide high = wide_of(coefficient_of(left));
    struct wide shifted;

    wide_multiply(&low, right->low);
    wide_multiply(&high, right->high);
    shifted = (struct wide){{0, high.limb[0], high.limb[1], high.limb[2]}};
    wide_add(&low, &shifted);
    return settle_wide(&low, false, (int64_t)left->exponent + right->exponent,
                       left->negative != right->negative, ret_decimal);
}

/* 10 / 4 is 2.5 and not 2.500…0. */
static void strip_zeros(struct decimal *decimal)
{
    unsigned __int128 coefficient = coefficient_of(decimal);

    for (int step = 16; step > 0 && coefficient != 0; step /= 2) {
        while (coefficient % wide_power_of_ten(step) == 0) {
            coefficient /= wide_power_of_ten(step);
            decimal->exponent += step;
        }
    }
    decimal->high = (uint64_t)(coefficient >> 64);
    decimal->low = (uint64_t)coefficient;
}

bool decimal_divide(const struct decimal *left, const struct decimal *right,
                    struct decimal *ret_decimal)
{
    unsigned __int128 divisor = coefficient_of(right);
    int scale = DECIMAL_DIGITS_MAX + 2 + count_digits(divisor) - count_digits(coefficient_of(left));
    struct wide quotient = wide_of(coefficient_of(left));
    bool has_more;

    PRE(divisor != 0);
    if (scale < 0)
        scale = 0;
    wide_scale(&quotient, scale);
    has_more = wide_divide_long(&quotient, divisor) != 0;
    if (!settle_wide(&quotient, has_more, (int64_t)left->exponent - right->exponent - scale,
                     left->negative != right->negative, ret_decimal))
        return false;
    strip_zeros(ret_decimal);
    return true;
}

struct decimal decimal_remainder(const struct decimal *left, const struct decimal *right)
{
    int32_t exponent = left->exponent < right->exponent ? left->exponent : right->exponent;
    unsigned __int128 a = coefficient_of(left);
    unsigned __int128 b = coefficient_of(right);
    struct decimal result = {0};
    bool fits = true;

    PRE(b != 0);
    for (int32_t i = exponent; i < left->exponent && fits && a != 0; i++)
        fits = !__builtin_mul_overflow(a, (unsigned __int128)10, &a);
    for (int32_t i = exponent; i < right->exponent && fits; i++)
        fits = !__builtin_mul_overflow(b, (unsigned __int128)10, &b);
    if (!fits) { /* sizes so far apart have no exact remainder within 34 digits */
        double rest = fmod(decimal_to_real(left), decimal_to_real(right));

        return isfinite(rest) ? decimal_of_real(rest) : result;
    }
    fits = settle(a % b, exponent, left->negative, &result);
    INVARIANT(fits); /* it is smaller than `right` */
    return result;
}

int decimal_compare(const struct decimal *left, const struct decimal *right)
{
    int sign = left->negative ? -1 : 1;
    int64_t left_power;
    int64_t right_power;
    struct wide a;
    struct wide b;
    bool has_more;

    if (decimal_is_zero(left) || decimal_is_zero(right)) {
        if (!decimal_is_zero(left))
            return sign;
        return decimal_is_zero(right) ? 0 : (right->negative ? 1 : -1);
    }
    if (left->negative != right->negative)
        return sign;
    left_power = left->exponent + count_digits(coefficient_of(left));
    right_power = right->exponent + count_digits(coefficient_of(right));
    if (left_power != right_power)
        return left_power < right_power ? -sign : sign;
    /* Of one size their exponents differ by less than 34: nothing is cut. */
    if (left->exponent >= right->exponent) {
        (void)align(left, right, &a, &b, &has_more);
        return sign * wide_compare(&a, &b);
    }
    (void)align(right, left, &b, &a, &has_more);
    return sign * wide_compare(&a, &b);
}
