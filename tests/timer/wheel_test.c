/* The wheel against a model: a plain array that is searched for the earliest. */
#include "engine/timer/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TIMERS = 300, STEPS = 20000 };

/* Deterministic noise (xorshift), so that a failure can be repeated. */
static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static struct wheel_timer timer_number(uint32_t number, int64_t due_us)
{
    struct wheel_timer timer = {.due_us = due_us};

    timer.id.bytes[14] = (uint8_t)(number >> 8);
    timer.id.bytes[15] = (uint8_t)number;
    return timer;
}

struct model {
    bool there[TIMERS];
    int64_t due_us[TIMERS];
};

/* The earliest, ties by id; TIMERS when there is none. */
static uint32_t earliest(const struct model *model)
{
    uint32_t found = TIMERS;

    for (uint32_t i = 0; i < TIMERS; i++) {
        if (model->there[i] && (found == TIMERS || model->due_us[i] < model->due_us[found]))
            found = i;
    }
    return found;
}

static void behaves_like_a_sorted_list(void **state)
{
    struct wheel *wheel = wheel_new(TIMERS);
    struct model model = {0};
    uint32_t seed = 20261123;

    (void)state;
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t number = next_random(&seed) % TIMERS;
        struct wheel_timer timer = timer_number(number, next_random(&seed) % 50);
        struct wheel_timer popped;
        uint32_t expected = earliest(&model);
        int64_t now_us = next_random(&seed) % 50;
        int64_t next_us;

        assert_int_equal(wheel_next(wheel, &next_us), expected != TIMERS);
        if (expected != TIMERS)
            assert_int_equal(next_us, model.due_us[expected]);
        switch (next_random(&seed) % 4) {
        case 0:
        case 1:
            assert_int_equal(wheel_add(wheel, &timer), !model.there[number]);
            if (!model.there[number]) {
                model.there[number] = true;
                model.due_us[number] = timer.due_us;
            }
            break;
        case 2:
            assert_int_equal(wheel_remove(wheel, &timer.id), model.there[number]);
            model.there[number] = false;
            break;
        default: {
            bool due = expected != TIMERS && model.due_us[expected] <= now_us;

            assert_int_equal(wheel_pop(wheel, now_us, &popped), due);
            if (due) {
                struct wheel_timer wanted = timer_number(expected, 0);

                assert_true(uuid_equal(&popped.id, &wanted.id));
                assert_true(popped.due_us <= now_us); /* never early */
                model.there[expected] = false;
            }
        }
        }
        wheel_validate(wheel);
    }
    wheel_free(wheel);
}

static void when_full_it_keeps_the_earliest(void **state)
{
    struct wheel *wheel = wheel_new(3);
    struct wheel_timer timer;
    struct text dump = TEXT_INIT;

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        timer = timer_number(i, 10 * (i + 1));
        assert_true(wheel_add(wheel, &timer));
    }
    timer = timer_number(7, 40);
    assert_false(wheel_add(wheel, &timer)); /* later than all: the database keeps it */
    timer = timer_number(8, 5);
    assert_true(wheel_add(wheel, &timer)); /* pushes the latest out */
    wheel_validate(wheel);
    assert_int_equal(wheel_count(wheel), 3);
    timer = timer_number(2, 0);
    assert_false(wheel_has(wheel, &timer.id));
    wheel_dump(wheel, &dump);
    assert_non_null(strstr(text_string(&dump), "00000008 due 5\n"));
    text_deinit(&dump);
    assert_true(wheel_pop(wheel, 100, &timer));
    assert_int_equal(timer.due_us, 5);
    wheel_free(wheel);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_a_sorted_list),
        cmocka_unit_test(when_full_it_keeps_the_earliest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
