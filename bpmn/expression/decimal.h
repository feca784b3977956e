/* Exact decimal numbers of up to 34 digits, as money wants them; private to this folder.
 *
 * Sums, differences and products are exact as long as 34 digits hold them; what does not fit is
 * rounded half to even. No allocation, so that a condition over prices costs no more than one over
 * counts. */
#ifndef SYNERGYFLOW_EXPRESSION_DECIMAL_H
#define SYNERGYFLOW_EXPRESSION_DECIMAL_H

#include "bpmn/base/check.h"

#include <stddef.h>
#include <stdint.h>

enum {
    DECIMAL_DIGITS_MAX = 34,
    DECIMAL_POWER_MAX = 308,  /* of the first digit: a double's range, the form values leave in */
    DECIMAL_POWER_MIN = -400, /* smaller numbers are zero */
};

/* ±(high * 2^64 + low) * 10^exponent, below 10^34 * 10^exponent. */
struct decimal {
    uint64_t high;
    uint64_t low;
    int32_t exponent;
    bool negative;
};

enum decimal_rounding { ROUND_DOWN, ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_UP };

struct decimal decimal_of_integer(int64_t integer);
struct decimal decimal_of_real(double real); /* finite: the shortest digits that read as it */
/* Reads `digits[.digits][e[±]digits]`, with a sign in front if any, from exactly `length` bytes.
 * False when it is something else, has more than 34 digits or is too large. */
MUST_CHECK bool decimal_parse(const char *text, size_t length, struct decimal *ret_decimal);
/* The nearest double, infinite when there is none. */
double decimal_to_real(const struct decimal *decimal);
/* False when the rounded number does not fit 64 bits. */
MUST_CHECK bool decimal_to_integer(const struct decimal *decimal, enum decimal_rounding rounding,
                                   int64_t *ret_integer);
bool decimal_is_zero(const struct decimal *decimal);
int decimal_compare(const struct decimal *left, const struct decimal *right);

/* False when the result is too large. */
MUST_CHECK bool decimal_add(const struct decimal *left, const struct decimal *right,
                            struct decimal *ret_decimal);
MUST_CHECK bool decimal_multiply(const struct decimal *left, const struct decimal *right,
                                 struct decimal *ret_decimal);
/* `right` is not zero. */
MUST_CHECK bool decimal_divide(const struct decimal *left, const struct decimal *right,
                               struct decimal *ret_decimal);
/* What division to a whole number leaves, with the sign of `left`; `right` is not zero. */
struct decimal decimal_remainder(const struct decimal *left, const struct decimal *right);
/* To `places` digits behind the point, in front of it when negative. */
MUST_CHECK bool decimal_round(const struct decimal *decimal, int64_t places,
                              enum decimal_rounding rounding, struct decimal *ret_decimal);

#endif
