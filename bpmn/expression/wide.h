/* Whole numbers of 256 bits, between the steps of decimal arithmetic; private to this folder. What
 * would not fit is a fault of the caller. */
#ifndef SYNERGYFLOW_EXPRESSION_WIDE_H
#define SYNERGYFLOW_EXPRESSION_WIDE_H

#include "bpmn/base/check.h"

#include <stddef.h>
#include <stdint.h>

enum {
    WIDE_DIGITS = 76, /* that 256 bits always hold */
    WIDE_LIMBS = 4,
};

/* The least significant limb first. */
struct wide {
    uint64_t limb[WIDE_LIMBS];
};

/* Up to 10^38. */
unsigned __int128 wide_power_of_ten(int power);

struct wide wide_of(unsigned __int128 number);
bool wide_is_zero(const struct wide *wide);
int wide_compare(const struct wide *left, const struct wide *right);
void wide_add(struct wide *wide, const struct wide *other);
void wide_subtract(struct wide *wide, const struct wide *other); /* `other` is not larger */
void wide_multiply(struct wide *wide, uint64_t factor);
void wide_scale(struct wide *wide, int power); /* times 10^power */
/* Leave the quotient, return the remainder. */
uint64_t wide_divide(struct wide *wide, uint64_t divisor);
unsigned __int128 wide_divide_long(struct wide *wide, unsigned __int128 divisor);

#endif
