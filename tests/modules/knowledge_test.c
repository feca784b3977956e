/* Articles end to end: written, reviewed, published, found, rated, outdated. */
#include "tests/modules/rest_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_BYTES = 80 };

/* Begins a draft as ann; `ret_path` is where it is. */
static void draft(const char *body, char ret_path[PATH_BYTES])
{
    json_t *article = rest_call("ann", "POST", "/api/v1/articles", body, 201);

    assert_string_equal(rest_text(article, "status"), "DRAFT");
    assert_string_equal(rest_text(article, "currentVersion"), "0.1");
    assert_string_equal(rest_text(article, "author"), "ann");
    assert_int_equal(strncmp(rest_text(article, "articleId"), "KB-", 3), 0);
    (void)snprintf(ret_path, PATH_BYTES, "/api/v1/articles/%s", rest_text(article, "articleId"));
    json_decref(article);
}

static void moves(const char *user, const char *path, const char *body, const char *status,
                  const char *version)
{
    json_t *article = rest_call(user, "PATCH", path, body, 200);

    assert_string_equal(rest_text(article, "status"), status);
    assert_string_equal(rest_text(article, "currentVersion"), version);
    json_decref(article);
}

static void publish(const char *path)
{
    moves("ann", path, "{\"status\":\"REVIEW\",\"reviewer\":\"eve\"}", "REVIEW", "0.2");
    moves("eve", path, "{\"status\":\"PUBLISHED\"}", "PUBLISHED", "1.0");
}

static const char *id_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static void every_change_of_state_is_a_version(void **state)
{
    char path[PATH_BYTES];
    char below[PATH_BYTES + 32];
    json_t *answer;

    (void)state;
    draft("{\"title\":\"Reset a password\",\"body\":\"First words\",\"category\":\"accounts\"}",
          path);
    rest_done("ann", "PATCH", path, "{\"body\":\"Better words\"}", 200);
    moves("ann", path, "{\"status\":\"REVIEW\",\"reviewer\":\"eve\"}", "REVIEW", "0.2");
    rest_refused("eve", "PATCH", path, "{\"status\":\"DRAFT\"}", 400, "comment", "says why");
    moves("eve", path, "{\"status\":\"DRAFT\",\"comment\":\"too short\"}", "DRAFT", "0.3");
    rest_done("ann", "PATCH", path, "{\"body\":\"The best words\"}", 200);
    moves("ann", path, "{\"status\":\"REVIEW\"}", "REVIEW", "0.4");
    moves("eve", path, "{\"status\":\"PUBLISHED\"}", "PUBLISHED", "1.0");
    moves("ann", path, "{\"status\":\"DRAFT\"}", "DRAFT", "1.1");
    rest_done("ann", "PATCH", path, "{\"body\":\"The very best words\"}", 200);
    moves("ann", path, "{\"status\":\"REVIEW\"}", "REVIEW", "1.2");
    moves("eve", path, "{\"status\":\"PUBLISHED\"}", "PUBLISHED", "2.0");
    moves("ann", path, "{\"status\":\"OUTDATED\",\"comment\":\"new system\"}", "OUTDATED", "2.1");
    moves("ann", path, "{\"status\":\"REVIEW\"}", "REVIEW", "2.2");
    moves("eve", path, "{\"status\":\"PUBLISHED\"}", "PUBLISHED", "3.0");
    moves("ann", path, "{\"status\":\"RETIRED\"}", "RETIRED", "3.1");
    (void)snprintf(below, sizeof(below), "%s/versions", path);
    answer = rest_call("ann", "GET", below, NULL, 200);
    assert_int_equal(rest_number(answer, "size"), 12);
    assert_string_equal(rest_text(json_array_get(json_object_get(answer, "data"), 0), "version"),
                        "3.1");
    json_decref(answer);
    /* what was published stays as it was */
    (void)snprintf(below, sizeof(below), "%s/versions/1.0", path);
    answer = rest_call("ann", "GET", below, NULL, 200);
    assert_string_equal(rest_text(answer, "body"), "The best words");
    assert_string_equal(rest_text(answer, "author"), "eve");
    json_decref(answer);
    (void)snprintf(below, sizeof(below), "%s/versions/0.2", path);
    answer = rest_call("ann", "GET", below, NULL, 200);
    assert_string_equal(rest_text(answer, "body"), "Better words");
    json_decref(answer);
    /* nothing of it runs any more */
    assert_string_equal(rest_sql("SELECT bool_and(status = 3) AND count(*) = 4"
                                 " FROM synergyflow_workflows.process_instance"
                                 " WHERE business_key = '%s'",
                                 id_of(path)),
                        "t");
}

static void wrong_moves_are_refused_with_the_right_ones(void **state)
{
    char path[PATH_BYTES];

    (void)state;
    draft("{\"title\":\"Stubborn\"}", path);
    rest_refused("ann", "PATCH", path, "{\"status\":\"PUBLISHED\"}", 409, "status",
                 "REVIEW, RETIRED");
    rest_refused("ann", "PATCH", path, "{\"status\":\"REVIEW\"}", 409, "body", "empty");
    rest_done("ann", "PATCH", path, "{\"body\":\"text\"}", 200);
    moves("ann", path, "{\"status\":\"REVIEW\"}", "REVIEW", "0.2");
    rest_refused("ann", "PATCH", path, "{\"status\":\"PUBLISHED\"}", 403, "status",
                 "somebody else");
    rest_refused("ann", "PATCH", path, "{\"status\":\"RETIRED\"}", 409, "status",
                 "DRAFT, PUBLISHED");
    rest_refused("ann", "PATCH", path, "{\"body\":\"late\"}", 409, "status", "new revision");
    moves("eve", path, "{\"status\":\"PUBLISHED\"}", "PUBLISHED", "1.0");
    rest_refused("ann", "PATCH", path, "{\"status\":\"REVIEW\"}", 409, "status",
                 "DRAFT, OUTDATED, RETIRED");
    moves("ann", path, "{\"status\":\"RETIRED\"}", "RETIRED", "1.1");
    rest_refused("ann", "PATCH", path, "{\"status\":\"DRAFT\"}", 409, "status", "final");
    rest_refused("ann", "PATCH", path, "{\"category\":\"x\"}", 409, "status", "final");
    rest_refused("ann", "PATCH", "/api/v1/articles/KB-1", "{\"status\":\"REVIEW\"}", 404,
                 "articleId", "KB-1");
}

static void bad_input_names_the_field(void **state)
{
    static const struct {
        const char *body;
        const char *field;
    } bad[] = {
        {"{}", ""},
        {"{\"title\":\" \"}", "title"},
        {"{\"title\":5}", "title"},
        {"{\"title\":\"x\",\"validUntil\":\"soon\"}", "validUntil"},
        {"{\"title\":\"x\",\"validUntil\":\"2020-01-01\"}", "validUntil"},
        {"{\"title\":\"x\",\"status\":\"PUBLISHED\"}", "status"},
    };
    char path[PATH_BYTES];
    char below[PATH_BYTES + 64];
    char *body = malloc(300000);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        rest_refused("ann", "POST", "/api/v1/articles", bad[i].body, 400, bad[i].field, "Expected");
    assert_non_null(body);
    strcpy(body, "{\"title\":\"x\",\"body\":\"");
    memset(body + strlen(body), 'a', 200001);
    strcpy(body + 21 + 200001, "\"}");
    rest_refused("ann", "POST", "/api/v1/articles", body, 400, "body", "200001");
    strcpy(body + 21 + 200000, "\"}");
    draft(body, path);
    free(body);
    rest_refused("ann", "PATCH", path, "{\"status\":\"LOST\"}", 400, "status", "OUTDATED");
    rest_refused("ann", "PATCH", path, "{\"status\":\"REVIEW\",\"title\":\"x\"}", 400, "title",
                 "change of its own");
    rest_refused("ann", "PATCH", path, "{\"comment\":\"x\"}", 400, "comment", "status");
    rest_refused("ann", "PATCH", path, "{\"status\":\"REVIEW\",\"reviewWithin\":\"P1Y\"}", 400,
                 "reviewWithin", "duration");
    rest_refused("ann", "PATCH", path, "{\"title\":\"x\",\"expectedVersion\":9}", 409, "version",
                 "it is at 1");
    (void)snprintf(below, sizeof(below), "%s/rating", path);
    rest_refused("bob", "PUT", below, "{\"rating\":5}", 409, "status", "never was");
    publish(path);
    rest_refused("bob", "PUT", below, "{\"rating\":6}", 400, "rating", "5");
    rest_refused("bob", "PUT", below, "{\"rating\":0}", 400, "rating", "1");
    rest_refused("bob", "PUT", below, "{\"comment\":\"hm\"}", 400, "rating", "neither");
    (void)snprintf(below, sizeof(below), "%s/incidents/TSK-1", path);
    rest_refused("bob", "PUT", below, NULL, 400, "incidentId", "INC-1234");
    (void)snprintf(below, sizeof(below), "%s/versions/9.9", path);
    rest_refused("bob", "GET", below, NULL, 404, "version", "9.9");
    rest_refused("bob", "GET", "/api/v1/articles/search", NULL, 400, "q", "missing");
    rest_refused("bob", "GET", "/api/v1/articles/search?q=%20", NULL, 400, "q", "empty");
    rest_refused("bob", "GET", "/api/v1/articles/search?q=a&size=x", NULL, 400, "size", "size");
    rest_refused("bob", "GET", "/api/v1/articles/search?q=a&status=NEW", NULL, 400, "status",
                 "DRAFT");
    rest_refused("bob", "GET", "/api/v1/articles/search?q=a&sort=x", NULL, 400, "sort", "sort");
}

static void a_slow_reviewer_is_reminded_and_passed_over(void **state)
{
    char path[PATH_BYTES];

    (void)state;
    draft("{\"title\":\"Slow\",\"body\":\"text\"}", path);
    moves("ann", path, "{\"status\":\"REVIEW\",\"reviewWithin\":\"PT1S\"}", "REVIEW", "0.2");
    rest_becomes_true("SELECT review_reminded_at IS NOT NULL AND review_escalated_at IS NOT NULL"
                      " FROM synergyflow_knowledge.articles WHERE article_id = '%s'",
                      id_of(path));
    moves("eve", path, "{\"status\":\"PUBLISHED\"}", "PUBLISHED", "1.0");
}

/* The timer of the process: first far away, then brought near. */
static void validity_ends_by_itself(void **state)
{
    char path[PATH_BYTES];
    char body[80];
    json_t *article;

    (void)state;
    draft("{\"title\":\"Short-lived\",\"body\":\"text\",\"validUntil\":\"2099-01-01\"}", path);
    publish(path);
    article = rest_call("ann", "GET", path, NULL, 200);
    assert_string_equal(rest_text(article, "validUntil"), "2099-01-01T00:00:00.000Z");
    json_decref(article);
    rest_refused("ann", "PATCH", path, "{\"validUntil\":\"2020-01-01\"}", 400, "validUntil",
                 "future");
    (void)snprintf(body, sizeof(body), "{\"validUntil\":\"%s\"}",
                   rest_sql("SELECT to_char((now() + interval '1 second') AT TIME ZONE 'UTC',"
                            " 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"));
    moves("ann", path, body, "PUBLISHED", "1.0");
    rest_becomes_true("SELECT status = 'OUTDATED' AND current_version = '1.1'"
                      " FROM synergyflow_knowledge.articles WHERE article_id = '%s'",
                      id_of(path));
    rest_becomes_true("SELECT count(*) = 0 FROM synergyflow_workflows.timer t"
                      " JOIN synergyflow_workflows.process_instance p ON p.id = t.instance_id"
                      " WHERE p.business_key = '%s'",
                      id_of(path));
}

static void votes_are_counted_once_a_reader(void **state)
{
    char path[PATH_BYTES];
    char below[PATH_BYTES + 32];
    json_t *answer;

    (void)state;
    draft("{\"title\":\"Rated\",\"body\":\"text\"}", path);
    publish(path);
    (void)snprintf(below, sizeof(below), "%s/rating", path);
    rest_done("bob", "PUT", below, "{\"rating\":5,\"helpful\":true}", 200);
    rest_done("cat", "PUT", below, "{\"rating\":2,\"comment\":\"hm\"}", 200);
    rest_done("dan", "PUT", below, "{\"helpful\":false}", 200);
    answer = rest_call("bob", "PUT", below, "{\"rating\":3,\"helpful\":false}", 200);
    assert_int_equal(rest_number(answer, "ratingCount"), 2);
    assert_true(json_number_value(json_object_get(answer, "ratingAverage")) == 2.5);
    assert_int_equal(rest_number(answer, "helpfulCount"), 0);
    assert_int_equal(rest_number(answer, "unhelpfulCount"), 2);
    json_decref(answer);
    (void)snprintf(below, sizeof(below), "%s/ratings", path);
    answer = rest_call("ann", "GET", below, NULL, 200);
    assert_int_equal(rest_number(answer, "size"), 3);
    json_decref(answer);
    /* a vote is no change of the article */
    answer = rest_call("ann", "GET", path, NULL, 200);
    assert_int_equal(rest_number(answer, "version"), 3);
    assert_int_equal(rest_number(answer, "ratingCount"), 2);
    json_decref(answer);
    assert_string_equal(rest_sql("SELECT rating_count || ' ' || rating_sum || ' ' || helpful_count"
                                 " || ' ' || unhelpful_count FROM synergyflow_knowledge.articles"
                                 " WHERE article_id = '%s'",
                                 id_of(path)),
                        "2 5 0 2");
}

static void an_article_is_linked_to_incidents_once(void **state)
{
    char path[PATH_BYTES];
    char below[PATH_BYTES + 32];
    json_t *answer;

    (void)state;
    draft("{\"title\":\"Used\",\"body\":\"text\"}", path);
    publish(path);
    (void)snprintf(below, sizeof(below), "%s/incidents/INC-1001", path);
    rest_done("bob", "PUT", below, NULL, 200);
    answer = rest_call("cat", "PUT", below, NULL, 200);
    assert_string_equal(rest_text(answer, "linkedBy"), "bob");
    assert_int_equal(rest_number(answer, "useCount"), 1);
    json_decref(answer);
    (void)snprintf(below, sizeof(below), "%s/incidents/INC-1002", path);
    answer = rest_call("bob", "PUT", below, NULL, 200);
    assert_int_equal(rest_number(answer, "useCount"), 2);
    json_decref(answer);
    answer = rest_call("bob", "DELETE", below, NULL, 200);
    assert_int_equal(rest_number(answer, "useCount"), 1);
    json_decref(answer);
    rest_refused("bob", "DELETE", below, NULL, 404, "incidentId", "is not");
    (void)snprintf(below, sizeof(below), "%s/incidents", path);
    answer = rest_call("bob", "GET", below, NULL, 200);
    assert_int_equal(rest_number(answer, "size"), 1);
    json_decref(answer);
}

static void articles_are_found_by_their_text(void **state)
{
    char path[PATH_BYTES];
    json_t *answer;
    const json_t *first;

    (void)state;
    draft("{\"title\":\"Clear a paper jam\",\"body\":\"Open the tray of the printer and pull.\","
          "\"category\":\"printing\"}",
          path);
    publish(path);
    draft("{\"title\":\"Order toner\",\"body\":\"When the printer says so, long before a paper jam"
          " or after it.\",\"category\":\"printing\"}",
          path);
    answer = rest_call("bob", "GET", "/api/v1/articles/search?q=paper%20jams", NULL, 200);
    assert_int_equal(rest_number(answer, "size"), 2);
    first = json_array_get(json_object_get(answer, "data"), 0);
    assert_string_equal(rest_text(first, "title"), "Clear a paper jam");
    assert_non_null(strstr(rest_text(first, "headline"), "**paper** **jam**"));
    assert_true(json_number_value(json_object_get(first, "rank")) >
                json_number_value(
                    json_object_get(json_array_get(json_object_get(answer, "data"), 1), "rank")));
    json_decref(answer);
    answer = rest_call("bob", "GET",
                       "/api/v1/articles/search?q=printer%20-toner&category=printing"
                       "&status=PUBLISHED&size=1",
                       NULL, 200);
    assert_int_equal(rest_number(answer, "size"), 1);
    json_decref(answer);
    answer = rest_call("bob", "GET", "/api/v1/articles/search?q=%22'%20%26%20!%20(%3A*", NULL, 200);
    assert_int_equal(rest_number(answer, "size"), 0);
    json_decref(answer);
}

static void articles_are_listed_without_their_text(void **state)
{
    char path[PATH_BYTES];
    char below[PATH_BYTES + 96];
    json_t *page;
    const json_t *first;

    (void)state;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(below, sizeof(below),
                       "{\"title\":\"Listed %d\",\"body\":\"walrus\",\"category\":\"lists\"}", i);
        draft(below, path);
    }
    publish(path);
    (void)snprintf(below, sizeof(below), "%s/incidents/INC-77", path);
    rest_done("bob", "PUT", below, NULL, 200);
    page = rest_call("bob", "GET", "/api/v1/articles?category=lists&sort=title&size=2", NULL, 200);
    first = json_array_get(json_object_get(page, "data"), 0);
    assert_string_not_equal(rest_text(page, "next"), "");
    assert_string_not_equal(rest_text(first, "title"), "");
    assert_null(json_object_get(first, "body"));
    (void)snprintf(below, sizeof(below),
                   "/api/v1/articles?category=lists&sort=title&size=2&cursor=%.100s",
                   rest_text(page, "next"));
    json_decref(page);
    page = rest_call("bob", "GET", below, NULL, 200);
    assert_int_equal(rest_number(page, "size"), 1);
    assert_true(json_is_null(json_object_get(page, "next")));
    json_decref(page);
    page = rest_call("bob", "GET", "/api/v1/articles?incidentId=INC-77&text=walrus", NULL, 200);
    assert_int_equal(rest_number(page, "size"), 1);
    json_decref(page);
    page =
        rest_call("bob", "GET", "/api/v1/articles?text=walrus&sort=rating&status=DRAFT", NULL, 200);
    assert_int_equal(rest_number(page, "size"), 2);
    json_decref(page);
    rest_refused("bob", "GET", "/api/v1/articles?status=OPEN", NULL, 400, "status", "DRAFT");
    rest_refused("bob", "GET", "/api/v1/articles/KB-1/versions", NULL, 404, "articleId", "KB-1");
}

/* Two edits of what both have read: the second learns which version is there. */
static void a_stale_version_is_refused_with_the_current_one(void **state)
{
    char path[PATH_BYTES];
    json_t *answer;

    (void)state;
    draft("{\"title\":\"Edited\",\"body\":\"text\"}", path);
    json_decref(rest_call_with("ann", "If-Match: \"1\"\r\n", "PATCH", path,
                               "{\"body\":\"more text\"}", 200));
    answer = rest_call_with("bob", "If-Match: \"1\"\r\n", "PATCH", path,
                            "{\"body\":\"other text\"}", 412);
    assert_int_equal(rest_number(answer, "currentVersion"), 2);
    json_decref(answer);
    answer =
        rest_call_with("bob", "If-Match: \"1\"\r\n", "PATCH", path, "{\"status\":\"REVIEW\"}", 412);
    assert_int_equal(rest_number(answer, "currentVersion"), 2);
    json_decref(answer);
    answer = rest_call("bob", "PATCH", path, "{\"status\":\"REVIEW\",\"expectedVersion\":1}", 409);
    assert_int_equal(rest_number(answer, "currentVersion"), 2);
    json_decref(answer);
    moves("bob", path, "{\"status\":\"REVIEW\",\"expectedVersion\":2}", "REVIEW", "0.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_of_state_is_a_version),
        cmocka_unit_test(wrong_moves_are_refused_with_the_right_ones),
        cmocka_unit_test(bad_input_names_the_field),
        cmocka_unit_test(a_slow_reviewer_is_reminded_and_passed_over),
        cmocka_unit_test(validity_ends_by_itself),
        cmocka_unit_test(votes_are_counted_once_a_reader),
        cmocka_unit_test(an_article_is_linked_to_incidents_once),
        cmocka_unit_test(articles_are_found_by_their_text),
        cmocka_unit_test(articles_are_listed_without_their_text),
        cmocka_unit_test(a_stale_version_is_refused_with_the_current_one),
    };

    return cmocka_run_group_tests(tests, rest_start, rest_stop);
}
