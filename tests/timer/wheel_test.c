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

static uint32_t latest(const struct model *model)
{
    uint32_t found = TIMERS;

    for (uint32_t i = 0; i < TIMERS; i++) {
        if (model->there[i] && (found == TIMERS || model->due_us[i] >= model->due_us[found]))
            found = i;
    }
    return found;
}

static uint32_t count(const struct model *model)
{
    uint32_t there = 0;

    for (uint32_t i = 0; i < TIMERS; i++)
        there += model->there[i];
    return there;
}

/* What wheel_add() promises, told slowly. */
static bool model_add(struct model *model, uint32_t number, int64_t due_us, uint32_t timers_max)
{
    if (model->there[number])
        return false;
    if (count(model) == timers_max) {
        uint32_t last = latest(model);

        if (due_us >= model->due_us[last])
            return false;
        model->there[last] = false;
    }
    model->there[number] = true;
    model->due_us[number] = due_us;
    return true;
}

static void walk(uint32_t timers_max)
{
    struct wheel *wheel = wheel_new(timers_max);
    struct model model = {0};
    uint32_t seed = 20261123;

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
            assert_int_equal(wheel_add(wheel, &timer),
                             model_add(&model, number, timer.due_us, timers_max));
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
        assert_int_equal(wheel_count(wheel), count(&model));
        wheel_validate(wheel);
    }
    wheel_free(wheel);
}

static void behaves_like_a_sorted_list(void **state)
{
    (void)state;
    walk(TIMERS);
}

/* Nearly always full, so that what is added pushes out the latest or is refused. */
static void a_full_one_behaves_like_a_list_cut_at_its_limit(void **state)
{
    (void)state;
    walk(8);
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
    assert_null(wheel_find(wheel, &timer.id));
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
        cmocka_unit_test(a_full_one_behaves_like_a_list_cut_at_its_limit),
        cmocka_unit_test(when_full_it_keeps_the_earliest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
