/* JUEL expressions: decimal numbers lose no digits, whole numbers of 64 bits stay exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bpmn/expression/decimal.h"
#include "tests/bpmn/expression_fixture.h"

static void money_is_exact(void **state)
{
    static const struct expected cases[] = {
        {"0.1 + 0.2", "0.3"},
        {"0.1 + 0.2 == 0.3", "true"},
        {"tenth + fifth == 0.3", "true"},
        {"tenth + fifth - 0.3 == 0", "true"},
        {"1.1 * 3", "3.3"},
        {"price * 3", "59.97"},
        {"price * 3 == 59.97", "true"},
        {"4.35 * 100", "435.0"},
        {"1.005 * 1000 == 1005", "true"},
        {"sum(prices)", "0.9"},
        {"sum(prices) == 0.9", "true"},
        {"100 - 99.99", "0.01"},
        {"0.07 * 100 >= 7", "true"},
        {"(price * 100) % 100", "99.0"},
        {"19.99 / 0.01", "1999.0"},
        {"1 / 8", "0.125"},
        {"2 / 3", "0.6666666666666666"},
        {"1 / 3 * 3 < 1", "true"},
        {"-price", "-19.99"},
        {"12345678901234567.89 + 0.01 == 12345678901234567.90", "true"},
        {"12345678901234567.89 < 12345678901234567.90", "true"},
        {"1e20 + 1 == 1e20", "false"},
        {"1e300 + 1 == 1e300", "true"}, /* 34 digits */
        {"1e300 * 1e-300", "1.0"},
        {"1e-200 * 1e-250", "0.0"},
        {"0.0 - 0.0", "0.0"},
        {"1.5e2", "150.0"},
        {"'0.1' + '0.2' == 0.3", "true"},
        {"'1e2' * 1", "100.0"},
    };
    struct fixture *fixture = *state;

    (void)json_object_set_new(fixture->variables, "tenth", json_real(0.1));
    (void)json_object_set_new(fixture->variables, "fifth", json_real(0.2));
    (void)json_object_set_new(fixture->variables, "price", json_real(19.99));
    (void)json_object_set_new(fixture->variables, "prices", json_pack("[f,f,f]", 0.1, 0.7, 0.1));
    assert_values(fixture, cases, sizeof(cases) / sizeof(cases[0]));
}

static void whole_numbers_are_exact(void **state)
{
    static const struct expected cases[] = {
        {"big - 1 + 1 == big", "true"},
        {"big == 9223372036854775807.0", "true"},
        {"big == 9223372036854775808.0", "false"},
        {"big < 9223372036854775807.5", "true"},
        {"smallest == -9223372036854775808.0", "true"},
        {"9007199254740993 == 9007199254740993.0", "true"},
        {"9007199254740993 == 9007199254740992.0", "false"},
        {"big == beyond", "false"}, /* 2^63 as a double */
        {"big < beyond", "true"},
        {"list.contains(1.0)", "true"},
        {"big % 1000", "807"},
        {"3000000000 * 3000000000", "9000000000000000000"},
        {"big * 1.0 == big", "true"},
        {"(big * 1.0).longValue()", "9223372036854775807"},
        {"(big * 2.0) / 2 == big", "true"},
    };
    static const struct expected failures[] = {
        {"big + 1", "fits 64 bits"},
        {"(big + 1.0).longValue()", "Expected a number that fits 64 bits"},
        {"beyond.intValue()", "Expected a number that fits 64 bits"},
        {"1e308 * 100", "finite number"},
        {"1e308 / 1e-10", "finite number"},
    };
    struct fixture *fixture = *state;

    (void)json_object_set_new(fixture->variables, "beyond", json_real(9223372036854775808.0));
    assert_values(fixture, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(fixture, failures, sizeof(failures) / sizeof(failures[0]));
}

static void rounding(void **state)
{
    static const struct expected cases[] = {
        {"round(2.5)", "3"},           {"round(-2.5)", "-3"},
        {"round(2.4999)", "2"},        {"round(1.005, 2)", "1.01"},
        {"round(19.994, 2)", "19.99"}, {"round(0.4)", "0"},
        {"round(1250, -2)", "1300"},   {"round(7)", "7"},
        {"round(7, 2)", "7"},          {"round('2.5')", "3"},
        {"floor(2.9)", "2"},           {"floor(-2.1)", "-3"},
        {"floor(2.99, 1)", "2.9"},     {"ceil(2.1)", "3"},
        {"ceil(-2.9)", "-2"},          {"ceiling(2.0)", "2"},
        {"ceil(1e-300)", "1"},         {"floor(-1e-300)", "-1"},
        {"round(1e-300)", "0"},        {"round(1e15)", "1000000000000000"},
        {"2.345.setScale(2)", "2.35"}, {"(-7.9).intValue()", "-7"},
    };
    static const struct expected failures[] = {
        {"round(1e300)", "fits 64 bits"},
        {"round(1.5, 1000)", "decimal places from -308 to 400"},
        {"round(1.5, 0.5)", "whole number as argument 2 of 'round' but found a real number"},
        {"round('x')", "Expected a number but found the text 'x'"},
    };

    assert_values(*state, cases, sizeof(cases) / sizeof(cases[0]));
    assert_failures(*state, failures, sizeof(failures) / sizeof(failures[0]));
}

static struct decimal decimal(const char *text)
{
    struct decimal decimal;

    if (!decimal_parse(text, strlen(text), &decimal))
        fail_msg("'%s' was not read", text);
    return decimal;
}

static void assert_decimal(const struct decimal *found, const char *expected)
{
    struct decimal wanted = decimal(expected);

    if (decimal_compare(found, &wanted) != 0)
        fail_msg("found %.17g instead of %s", decimal_to_real(found), expected);
}

/* To the last of 34 digits, half to even; through borrowing, carrying and cutting. */
static void thirty_four_digits(void **state)
{
    static const struct {
        const char *left;
        char operation;
        const char *right;
        const char *expected;
    } cases[] = {
        {"9999999999999999999999999999999999", '+', "1", "1e34"},
        {"1e34", '-', "1", "9999999999999999999999999999999999"},
        {"1e34", '+', "4", "1e34"},
        {"1e34", '+', "5", "1e34"}, /* half: to even */
        {"1e34", '+', "5.1", "1.000000000000000000000000000000001e34"},
        {"1e33", '-', "1e-40", "1e33"},
        {"1e33", '-', "0.4", "999999999999999999999999999999999.6"},
        {"1e100", '-', "1", "1e100"},
        {"1", '-', "1e100", "-1e100"},
        {"1.5", '-', "2.25", "-0.75"},
        {"-1.5", '+', "1.5", "0"},
        {"3", '*', "-0.5", "-1.5"},
        {"12345678901234567", '*', "12345678901234567", "152415787532388345526596755677489"},
        {"1234567890123456789012345678901234", '*', "1234567890123456789012345678901234",
         "1.524157875323883675049535156256667E+66"},
        {"1", '/', "3", "0.3333333333333333333333333333333333"},
        {"2", '/', "3", "0.6666666666666666666666666666666667"},
        {"1", '/', "7e-20", "14285714285714285714.28571428571429"},
        {"9999999999999999999999999999999999", '/', "3", "3333333333333333333333333333333333"},
        {"0", '/', "7", "0"},
        {"7.5", '%', "2", "1.5"},
        {"-7.5", '%', "2", "-1.5"},
        {"1e30", '%', "7", "1"},
        {"5", '%', "1e300", "5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct decimal left = decimal(cases[i].left);
        struct decimal right = decimal(cases[i].right);
        struct decimal result = {0};
        bool fits = true;

        switch (cases[i].operation) {
        case '-':
            right.negative = !right.negative;
            fits = decimal_add(&left, &right, &result);
            break;
        case '+':
            fits = decimal_add(&left, &right, &result);
            break;
        case '*':
            fits = decimal_multiply(&left, &right, &result);
            break;
        case '/':
            fits = decimal_divide(&left, &right, &result);
            break;
        default:
            result = decimal_remainder(&left, &right);
            break;
        }
        assert_true(fits);
        assert_decimal(&result, cases[i].expected);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static struct decimal random_decimal(uint64_t *seed, int64_t *ret_scaled)
{
    int64_t cents = (int64_t)(next_random(seed) % 2000000001) - 1000000000;
    char text[32];

    (void)snprintf(text, sizeof(text), "%llde-2", (long long)cents);
    *ret_scaled = cents;
    return decimal(text);
}

/* Against whole numbers of hundredths. */
static void agrees_with_whole_numbers(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        int64_t x;
        int64_t y;
        struct decimal left = random_decimal(&seed, &x);
        struct decimal right = random_decimal(&seed, &y);
        struct decimal result;
        char expected[48];

        assert_true(decimal_add(&left, &right, &result));
        (void)snprintf(expected, sizeof(expected), "%llde-2", (long long)(x + y));
        assert_decimal(&result, expected);
        assert_true(decimal_multiply(&left, &right, &result));
        (void)snprintf(expected, sizeof(expected), "%llde-4", (long long)(x * y));
        assert_decimal(&result, expected);
        assert_int_equal(decimal_compare(&left, &right), (x > y) - (x < y));
        if (y == 0)
            continue;
        result = decimal_remainder(&left, &right);
        (void)snprintf(expected, sizeof(expected), "%llde-2", (long long)(x % y));
        assert_decimal(&result, expected);
        /* An exact product divides again without a rest. */
        assert_true(decimal_multiply(&left, &right, &result));
        assert_true(decimal_divide(&result, &right, &result));
        assert_int_equal(decimal_compare(&result, &left), 0);
    }
}

static void what_is_no_decimal(void **state)
{
    static const char *const texts[] = {
        "",     ".",   "-",     "1e", "e1", "1.2.3", "1e+", "x",
        "1e1x", "0x1", "1e309", " 1", "1 ", "--1",   "1-1", "12345678901234567890123456789012345"};
    struct decimal result;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (decimal_parse(texts[i], strlen(texts[i]), &result))
            fail_msg("'%s' was read", texts[i]);
    }
    assert_true(decimal_is_zero(&(struct decimal){0}));
    assert_true(decimal_to_real(&(struct decimal){.low = 1, .exponent = 308}) == 1e308);
    assert_true(decimal_parse("1e-999999999999", 15, &result));
    assert_true(decimal_is_zero(&result));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(money_is_exact),
        TEST(whole_numbers_are_exact),
        TEST(rounding),
        cmocka_unit_test(thirty_four_digits),
        cmocka_unit_test(agrees_with_whole_numbers),
        cmocka_unit_test(what_is_no_decimal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
