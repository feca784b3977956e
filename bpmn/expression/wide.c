/* See wide.h. */
#include "bpmn/expression/wide.h"

unsigned __int128 wide_power_of_ten(int power)
{
    unsigned __int128 result = 1;

    for (; power > 0; power--)
        result *= 10;
    return result;
}

struct wide wide_of(unsigned __int128 number)
{
    return (struct wide){{(uint64_t)number, (uint64_t)(number >> 64), 0, 0}};
}

bool wide_is_zero(const struct wide *wide)
{
    return (wide->limb[0] | wide->limb[1] | wide->limb[2] | wide->limb[3]) == 0;
}

void wide_multiply(struct wide *wide, uint64_t factor)
{
    unsigned __int128 carry = 0;

    for (int i = 0; i < WIDE_LIMBS; i++) {
        carry += (unsigned __int128)wide->limb[i] * factor;
        wide->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    POST(carry == 0);
}

uint64_t wide_divide(struct wide *wide, uint64_t divisor)
{
    unsigned __int128 rest = 0;

    for (int i = WIDE_LIMBS - 1; i >= 0; i--) {
        if (rest == 0 && wide->limb[i] == 0)
            continue;
        rest = rest << 64 | wide->limb[i];
        wide->limb[i] = (uint64_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint64_t)rest;
}

void wide_add(struct wide *wide, const struct wide *other)
{
    unsigned __int128 carry = 0;

    for (int i = 0; i < WIDE_LIMBS; i++) {
        carry += (unsigned __int128)wide->limb[i] + other->limb[i];
        wide->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    POST(carry == 0);
}

void wide_subtract(struct wide *wide, const struct wide *other)
{
    uint64_t borrow = 0;

    for (int i = 0; i < WIDE_LIMBS; i++) {
        unsigned __int128 difference = (unsigned __int128)wide->limb[i] - other->limb[i] - borrow;

        wide->limb[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    POST(borrow == 0);
}

int wide_compare(const struct wide *left, const struct wide *right)
{
    for (int i = WIDE_LIMBS - 1; i >= 0; i--) {
        if (left->limb[i] != right->limb[i])
            return left->limb[i] < right->limb[i] ? -1 : 1;
    }
    return 0;
}

void wide_scale(struct wide *wide, int power)
{
    for (; power >= 19; power -= 19)
        wide_multiply(wide, UINT64_C(10000000000000000000));
    wide_multiply(wide, (uint64_t)wide_power_of_ten(power));
}

/* Bit by bit, unless the divisor is short. */
unsigned __int128 wide_divide_long(struct wide *wide, unsigned __int128 divisor)
{
    struct wide quotient = {{0}};
    unsigned __int128 rest = 0;

    if (divisor <= UINT64_MAX)
        return wide_divide(wide, (uint64_t)divisor);
    for (int bit = WIDE_LIMBS * 64 - 1; bit >= 0; bit--) {
        rest = rest << 1 | (wide->limb[bit / 64] >> (bit % 64) & 1);
        if (rest >= divisor) {
            rest -= divisor;
            quotient.limb[bit / 64] |= UINT64_C(1) << (bit % 64);
        }
    }
    *wide = quotient;
    return rest;
}
