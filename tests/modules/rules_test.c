/* The incidents module's pure rules: states, targets. */
#include "modules/incidents/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Row: from; column: to. A state may always stay what it is. */
static const char *const moves[INCIDENT_STATE_COUNT] = {
    /* to        NIHRCX */
    /* NEW */ "yy-y-y",
    /* IN_PRO */ "-yyy-y",
    /* ON_HOL */ "-yyy-y",
    /* RESOLV */ "-y-yy-",
    /* CLOSED */ "----y-",
    /* CANCEL */ "-----y",
};

static void states_follow_as_drawn(void **state)
{
    (void)state;
    for (int from = 0; from < INCIDENT_STATE_COUNT; from++) {
        for (int to = 0; to < INCIDENT_STATE_COUNT; to++) {
            struct error error;
            enum status status;

            error_clear(&error);
            status = incident_state_check("INC-1", (enum incident_state)from,
                                          (enum incident_state)to, &error);
            assert_int_equal(status, moves[from][to] == 'y' ? STATUS_OK : STATUS_CONFLICT);
            if (status == STATUS_CONFLICT)
                assert_string_equal(error.field, "status");
        }
    }
}

static void a_refusal_names_what_may_follow(void **state)
{
    struct error error;

    (void)state;
    error_clear(&error);
    assert_int_equal(incident_state_check("INC-7", INCIDENT_RESOLVED, INCIDENT_CANCELLED, &error),
                     STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "INC-7 is RESOLVED and may become IN_PROGRESS, CLOSED"));
}

static void the_list_for_the_database_has_no_blanks(void **state)
{
    struct arena *arena = arena_new(4096);

    (void)state;
    assert_string_equal(incident_states_before(arena, INCIDENT_RESOLVED),
                        "RESOLVED,NEW,IN_PROGRESS,ON_HOLD");
    assert_string_equal(incident_states_before(arena, INCIDENT_CLOSED), "CLOSED,RESOLVED");
    arena_free(arena);
}

static void targets_are_told_exactly(void **state)
{
    struct arena *arena = arena_new(4096);

    (void)state;
    assert_string_equal(incident_target_text(arena, INT64_C(14400000000)), "PT14400S");
    assert_string_equal(incident_target_text(arena, 300000), "PT0.300000S");
    assert_string_equal(incident_target_text(arena, 1), "PT0.000001S");
    assert_string_equal(incident_target_text(arena, INT64_C(157680000000000)), "PT157680000S");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_follow_as_drawn),
        cmocka_unit_test(a_refusal_names_what_may_follow),
        cmocka_unit_test(the_list_for_the_database_has_no_blanks),
        cmocka_unit_test(targets_are_told_exactly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
