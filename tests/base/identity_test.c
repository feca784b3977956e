/* Ids rise strictly, also when the millisecond's counter runs over or the clock stands behind. */
#include "engine/base/clock.h"
#include "engine/base/identity.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int64_t millisecond_of(const struct uuid *uuid)
{
    int64_t value = 0;

    for (int i = 0; i < 6; i++)
        value = value << 8 | uuid->bytes[i];
    return value;
}

static void ids_rise_strictly(void **state)
{
    struct identity_source identity;
    struct uuid last;

    (void)state;
    identity_init(&identity);
    last = uuid_next(&identity.source);
    for (int i = 0; i < 20000; i++) {
        struct uuid next = uuid_next(&identity.source);

        assert_true(uuid_compare(&last, &next) < 0);
        assert_int_equal(next.bytes[6] >> 4, 7);
        assert_int_equal(next.bytes[8] >> 6, 2);
        last = next;
    }
}

static void a_clock_behind_changes_nothing(void **state)
{
    struct identity_source identity;
    int64_t ahead_ms = clock_wall_us() / 1000 + 60000;
    struct uuid last;

    (void)state;
    identity_init(&identity);
    identity.last_ms = ahead_ms;
    identity.sequence = 0x0FFE;
    last = uuid_next(&identity.source);
    assert_int_equal(millisecond_of(&last), ahead_ms);
    for (int i = 0; i < 5000; i++) {
        struct uuid next = uuid_next(&identity.source);

        assert_true(uuid_compare(&last, &next) < 0);
        last = next;
    }
    /* The counter ran over twice, so the millisecond went on by two. */
    assert_int_equal(millisecond_of(&last), ahead_ms + 2);
}

static void sources_differ(void **state)
{
    struct identity_source a;
    struct identity_source b;
    struct uuid first;
    struct uuid second;

    (void)state;
    identity_init(&a);
    identity_init(&b);
    first = uuid_next(&a.source);
    second = uuid_next(&b.source);
    assert_false(uuid_equal(&first, &second));
}

static void monotonic_time_does_not_go_back(void **state)
{
    int64_t last = clock_monotonic_us();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t next = clock_monotonic_us();

        assert_true(next >= last);
        last = next;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_rise_strictly),
        cmocka_unit_test(a_clock_behind_changes_nothing),
        cmocka_unit_test(sources_differ),
        cmocka_unit_test(monotonic_time_does_not_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
