/* Operations of real modules, many in one unit of work: each call gets its own answer, calls about
 * one object follow one another, what is refused takes nothing with it, and the events of what
 * happened are there in the same transaction. */
#include "tests/command/fixture.h"

#include "modules/knowledge/knowledge.h"
#include "modules/users/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Hears of everything, so that there is a row for each event; nobody delivers them here. */
static const char *const heard[] = {
    "users.UserCreated",          "users.UserUpdated",         "users.UserDeactivated",
    "users.UserReactivated",      "users.TeamCreated",         "users.TeamUpdated",
    "users.MemberAdded",          "users.MemberEnded",         "users.OnCallChanged",
    "knowledge.ArticleCreated",   "knowledge.ArticleUpdated",  "knowledge.ArticleSubmitted",
    "knowledge.ArticlePublished", "knowledge.ArticleReturned", "knowledge.ArticleRated",
    "knowledge.ArticleLinked",    "knowledge.ArticleUnlinked", NULL,
};

static const struct module_listener ears[] = {{"ear.everything", heard, NULL}};
static const struct module ear = {.name = "ear",
                                  .schema = "synergyflow_audit",
                                  .role = "synergyflow_audit",
                                  .listeners = ears,
                                  .listener_count = 1};
static const struct module *const modules[] = {&users_module, &knowledge_module, &ear};

static int start(void **state)
{
    int status = set_up(state);

    parts.registry.modules = modules;
    parts.registry.module_count = COUNT_OF(modules);
    return status;
}

static void ask(struct asked *asked, const char *topic, const char *user, json_t *input)
{
    memset(asked, 0, sizeof(*asked));
    asked->command.kind = COMMAND_MODULE;
    asked->command.name = topic;
    asked->command.user = user;
    asked->command.correlation_id = "c-1";
    assert_non_null(input);
    asked->variables = input;
    submit(asked);
}

static json_t *person(const char *id)
{
    char email[64];

    (void)snprintf(email, sizeof(email), "%s@example.org", id);
    return json_pack("{s:s, s:s, s:s}", "userId", id, "email", email, "name", id);
}

static json_t *change_of(const char *user_id, const char *field, json_t *value)
{
    return json_pack("{s:s, s:{s:o}}", "userId", user_id, "change", field, value);
}

static void each_call_of_a_batch_gets_its_own_answer(void **state)
{
    struct asked asked[5];

    (void)state;
    ask(&asked[0], "users.create_user", "admin", person("ann"));
    ask(&asked[1], "users.create_user", "admin", person("ann")); /* once more */
    ask(&asked[2], "users.create_user", "admin", person("no blanks"));
    ask(&asked[3], "users.create_user", "admin", person("bob"));
    ask(&asked[4], "users.create_user", "admin",
        json_pack("{s:s, s:s, s:s}", "userId", "cat", "email", "BOB@example.org", "name", "Cat"));
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_CONFLICT);
    assert_string_equal(asked[1].error.field, "userId");
    assert_int_equal(asked[2].status, STATUS_INVALID);
    assert_int_equal(asked[3].status, STATUS_OK);
    assert_int_equal(asked[4].status, STATUS_CONFLICT);
    assert_string_equal(asked[4].error.field, "email");
    assert_sql("SELECT string_agg(user_id, ' ' ORDER BY user_id) FROM synergyflow_users.users"
               " WHERE role <> 'SYSTEM'",
               "ann bob");
    assert_sql("SELECT string_agg(aggregate_id, ' ' ORDER BY aggregate_id)"
               " FROM event_publication.event_publication"
               " WHERE event_type = 'users.UserCreated' AND correlation_id = 'c-1'",
               "ann bob");
}

static void calls_about_one_object_follow_one_another(void **state)
{
    struct asked asked[4];

    (void)state;
    ask(&asked[0], "users.update_user", "admin", change_of("ann", "phone", json_string("1")));
    ask(&asked[1], "users.update_user", "admin", change_of("ann", "name", json_string("Ann")));
    ask(&asked[2], "users.update_user", "admin",
        json_pack("{s:s, s:i, s:{s:s}}", "userId", "ann", "expectedVersion", 3, "change", "name",
                  "Anna"));
    ask(&asked[3], "users.update_user", "admin",
        json_pack("{s:s, s:i, s:{s:s}}", "userId", "ann", "expectedVersion", 3, "change", "name",
                  "late"));
    run();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(asked[i].status, STATUS_OK);
    assert_int_equal(asked[3].status, STATUS_CONFLICT);
    assert_non_null(strstr(asked[3].error.message, "it is at 4"));
    assert_sql("SELECT name || ' ' || phone || ' ' || version FROM synergyflow_users.users"
               " WHERE user_id = 'ann'",
               "Anna 1 4");
}

static void events_say_what_happened(void **state)
{
    struct asked asked;

    (void)state;
    ask(&asked, "users.create_team", "admin",
        json_pack("{s:s, s:s}", "teamId", "ops", "name", "Ops"));
    run();
    ask(&asked, "users.add_member", "admin",
        json_pack("{s:s, s:s}", "teamId", "ops", "userId", "bob"));
    run();
    ask(&asked, "users.update_user", "admin", change_of("bob", "active", json_false()));
    run();
    ask(&asked, "users.update_user", "admin", change_of("bob", "active", json_true()));
    run();
    ask(&asked, "users.update_user", "admin", change_of("bob", "active", json_true()));
    run();
    ask(&asked, "users.end_member", "admin",
        json_pack("{s:s, s:s}", "teamId", "ops", "userId", "bob"));
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT string_agg(event_type || ':' || aggregate_id, ' ' ORDER BY position)"
               " FROM event_publication.event_publication WHERE aggregate_id IN ('bob', 'ops')"
               "   AND event_type <> 'users.UserCreated'",
               "users.TeamCreated:ops users.MemberAdded:ops users.UserDeactivated:bob"
               " users.UserReactivated:bob users.UserUpdated:bob users.MemberEnded:ops");
    /* the membership was ended, resumed, and ended again */
    assert_sql("SELECT count(*) || ' ' || count(valid_to) FROM synergyflow_users.team_members"
               " WHERE user_id = 'bob'",
               "2 2");
}

static void votes_of_a_batch_are_all_counted(void **state)
{
    static const char *const readers[] = {"r1", "r2", "r3", "r4", "r5", "r6"};
    struct asked asked[COUNT_OF(readers) + 1];

    (void)state;
    ask(&asked[0], "knowledge.create", "ann",
        json_pack("{s:s, s:s}", "title", "Voted", "body", "text"));
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    /* as if it had been published */
    (void)test_database_sql(parts.database, "UPDATE synergyflow_knowledge.articles SET"
                                            " status = 'PUBLISHED', published_version = '1.0'");
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        ask(&asked[i], "knowledge.rate", readers[i],
            json_pack("{s:s, s:i, s:b}", "articleId", "KB-1001", "rating", (int)(i % 5) + 1,
                      "helpful", i % 2 == 0));
    ask(&asked[COUNT_OF(readers)], "knowledge.rate", NULL,
        json_pack("{s:s, s:i}", "articleId", "KB-1001", "rating", 1));
    run();
    for (size_t i = 0; i < COUNT_OF(readers); i++)
        assert_int_equal(asked[i].status, STATUS_OK);
    assert_int_equal(asked[COUNT_OF(readers)].status, STATUS_FORBIDDEN);
    assert_sql("SELECT rating_count || ' ' || rating_sum || ' ' || helpful_count || ' ' ||"
               " unhelpful_count FROM synergyflow_knowledge.articles WHERE article_id = 'KB-1001'",
               "6 16 3 3");
    assert_sql("SELECT max((serialized_event::jsonb #>> '{ratingCount}')::int)"
               " FROM event_publication.event_publication"
               " WHERE event_type = 'knowledge.ArticleRated'",
               "6");
}

/* Linking again says so and publishes nothing. */
static void what_is_known_is_not_published_again(void **state)
{
    struct asked asked[2];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        ask(&asked[i], "knowledge.link", "ann",
            json_pack("{s:s, s:s}", "articleId", "KB-1001", "incidentId", "INC-1001"));
    run();
    assert_int_equal(asked[0].status, STATUS_OK);
    assert_int_equal(asked[1].status, STATUS_OK);
    assert_sql("SELECT count(*) FROM event_publication.event_publication"
               " WHERE event_type = 'knowledge.ArticleLinked'",
               "1");
    assert_sql("SELECT use_count FROM synergyflow_knowledge.articles"
               " WHERE article_id = 'KB-1001'",
               "1");
}

static uint32_t seed = 20261124;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void ask_anything(struct asked *asked)
{
    static const char *const people[] = {"p0", "p1", "p2"};
    static const char *const teams[] = {"t0", "t1"};
    const char *user = people[draw(COUNT_OF(people))];
    const char *team = teams[draw(COUNT_OF(teams))];

    switch (draw(4)) {
    case 0:
        ask(asked, "users.add_member", "admin",
            json_pack("{s:s, s:s}", "teamId", team, "userId", user));
        return;
    case 1:
        ask(asked, "users.end_member", "admin",
            json_pack("{s:s, s:s}", "teamId", team, "userId", user));
        return;
    case 2:
        ask(asked, "users.update_user", "admin",
            json_pack("{s:s, s:{s:s}}", "userId", user, "change", "teamId", team));
        return;
    default:
        ask(asked, "users.update_user", "admin",
            change_of(user, "active", json_boolean(draw(2) == 0)));
    }
}

/* Several lanes change the same few users and teams at once: every call is done or refused with a
 * reason, none fails, and nobody who is deactivated is in a team, or anybody twice. */
static void lanes_that_race_leave_memberships_whole(void **state)
{
    enum { ASKED = 400, LANES = 4 };
    static struct asked asked[ASKED];
    char id[16];

    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(id, sizeof(id), "p%d", i);
        ask(&asked[0], "users.create_user", "admin", person(id));
        run();
        (void)snprintf(id, sizeof(id), "t%d", i);
        ask(&asked[0], "users.create_team", "admin",
            json_pack("{s:s, s:s}", "teamId", id, "name", id));
        run();
    }
    command_queue_free(parts.queue);
    build_queue(LANES, ASKED, 0);
    for (int i = 0; i < ASKED; i++)
        ask_anything(&asked[i]);
    run();
    uint32_t done = 0;

    for (int i = 0; i < ASKED; i++) {
        done += asked[i].status == STATUS_OK;
        if (asked[i].status != STATUS_OK && asked[i].status != STATUS_CONFLICT &&
            asked[i].status != STATUS_INVALID && asked[i].status != STATUS_NOT_FOUND)
            fail_msg("%d: %s", i, asked[i].error.message);
    }
    assert_true(done > ASKED / 10);
    assert_sql("SELECT count(*) FROM synergyflow_users.team_members m"
               " JOIN synergyflow_users.users u USING (user_id)"
               " WHERE m.valid_to IS NULL AND NOT u.active",
               "0");
    assert_sql("SELECT count(*) FROM synergyflow_users.team_members a"
               " JOIN synergyflow_users.team_members b USING (team_id, user_id)"
               " WHERE a.membership_id < b.membership_id AND a.valid_from < b.valid_to"
               "   AND b.valid_from < a.valid_to",
               "0");
}

/* Rows of another tenant are neither seen nor in the way. */
static void another_tenant_s_ids_are_free(void **state)
{
    struct asked asked;

    (void)state;
    (void)test_database_sql(parts.database,
                            "INSERT INTO synergyflow_users.users (user_id, tenant_id, email, name)"
                            " VALUES ('zoe', 'other', 'zoe@example.org', 'Zoe of the others')");
    ask(&asked, "users.create_user", "admin", person("zoe"));
    run();
    assert_int_equal(asked.status, STATUS_OK);
    assert_sql("SELECT count(*) FROM synergyflow_users.users WHERE user_id = 'zoe'", "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_a_batch_gets_its_own_answer),
        cmocka_unit_test(calls_about_one_object_follow_one_another),
        cmocka_unit_test(events_say_what_happened),
        cmocka_unit_test(votes_of_a_batch_are_all_counted),
        cmocka_unit_test(what_is_known_is_not_published_again),
        cmocka_unit_test(lanes_that_race_leave_memberships_whole),
        cmocka_unit_test(another_tenant_s_ids_are_free),
    };

    return cmocka_run_group_tests(tests, start, tear_down);
}
