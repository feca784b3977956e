/* The definition cache and deployments against real PostgreSQL, on a loop of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpmn/base/text.h"
#include "engine/base/identity.h"
#include "engine/base/log.h"
#include "engine/definition/cache.h"
#include "tests/support/postgres.h"

#include <string.h>

#define HEAD "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'>"
#define BODY                                                                 \
    "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' targetRef='e'/>" \
    "<endEvent id='e'/></process>"
#define PROCESS(id) "<process id='" id "' name='N " id "' isExecutable='true'>" BODY
#define MODEL(id)   HEAD PROCESS(id) "</definitions>"

struct fixture {
    struct test_database *database;
    uv_loop_t loop;
    struct pg_pool *pool;
    struct definition_cache *cache;
    struct definition_cache *other; /* another node's, as it were */
    struct identity_source ids;
    struct arena *arena;
    uint32_t done; /* operations that have ended and were not waited for yet */
    enum status status;
    struct error error;
};

static struct fixture fixture;

static int setup(void **state)
{
    struct pg_pool_settings settings = {.connections = 3, .waiting_max = 100};

    (void)state;
    log_set_level(LOG_ERROR);
    fixture.database = test_database_new(true);
    settings.conninfo = test_database_conninfo(fixture.database);
    (void)uv_loop_init(&fixture.loop);
    identity_init(&fixture.ids);
    fixture.pool = pg_pool_new(&fixture.loop, &settings);
    fixture.cache = definition_cache_new(&fixture.loop, fixture.pool);
    fixture.other = definition_cache_new(&fixture.loop, fixture.pool);
    fixture.arena = arena_new(1024 * 1024);
    return 0;
}

static void on_pool_closed(void *context)
{
    (void)context;
}

static int teardown(void **state)
{
    (void)state;
    definition_cache_free(fixture.cache);
    definition_cache_free(fixture.other);
    pg_pool_close(fixture.pool, on_pool_closed, NULL);
    (void)uv_run(&fixture.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&fixture.loop), 0);
    arena_free(fixture.arena);
    test_database_free(fixture.database);
    return 0;
}

static void finished(enum status status, const struct error *error)
{
    fixture.done++;
    fixture.status = status;
    error_clear(&fixture.error);
    if (error != NULL)
        fixture.error = *error;
}

static void wait_done(void)
{
    while (fixture.done == 0)
        (void)uv_run(&fixture.loop, UV_RUN_ONCE);
    fixture.done--;
}

static void on_deployed(struct deployment *deployment, enum status status,
                        const struct error *error)
{
    (void)deployment;
    finished(status, error);
}

static enum status deploy(struct deployment *deployment, const char *name, const char *content)
{
    static struct deployment_resource resource;

    resource = (struct deployment_resource){name, content, strlen(content)};
    deployment->resources = &resource;
    deployment->resource_count = 1;
    deployment->arena = fixture.arena;
    deployment->on_done = on_deployed;
    deployment_create(fixture.cache, &fixture.ids.source, deployment);
    assert_int_equal(fixture.done, 0); /* never inside the call */
    wait_done();
    return fixture.status;
}

static void on_loaded(void *context, enum status status, const struct error *error)
{
    uint32_t *left = context;

    if (left == NULL || --*left == 0)
        finished(status, error);
}

static void load(struct definition_cache *cache, const char *id, const char *key)
{
    definition_load(cache, &id, id != NULL, &key, key != NULL, on_loaded, NULL);
    assert_int_equal(fixture.done, 0);
    wait_done();
    assert_int_equal(fixture.status, STATUS_OK);
}

static void deploying_makes_versions_and_fills_the_cache(void **state)
{
    struct deployment first = {.name = "A"};
    struct deployment second = {.name = "A", .category = "c", .key = "k"};
    const struct definition *definition;

    (void)state;
    assert_int_equal(deploy(&first, "a.bpmn", MODEL("a")), STATUS_OK);
    assert_int_equal(first.ret_definition_count, 1);
    definition = definition_by_id(fixture.cache, first.ret_definition_ids[0]);
    assert_non_null(definition);
    assert_ptr_equal(definition, definition_latest(fixture.cache, "a"));
    assert_int_equal(definition->version, 1);
    assert_string_equal(definition->name, "N a");
    assert_string_equal(definition->model->process_id, "a");
    assert_true(uuid_equal(&definition->deployment_id, &first.ret_id));

    assert_int_equal(deploy(&second, "a.bpmn", MODEL("a")), STATUS_OK);
    assert_int_equal(definition_latest(fixture.cache, "a")->version, 2);
    assert_non_null(definition_by_id(fixture.cache, first.ret_definition_ids[0]));
}

static void equal_resources_are_stored_once_at_start_up(void **state)
{
    struct deployment first = {.name = "B", .only_if_changed = true};
    struct deployment same = {.name = "B", .only_if_changed = true};
    struct deployment changed = {.name = "B", .only_if_changed = true};

    (void)state;
    assert_int_equal(deploy(&first, "b.bpmn", MODEL("b")), STATUS_OK);
    assert_int_equal(deploy(&same, "b.bpmn", MODEL("b")), STATUS_OK);
    assert_true(uuid_equal(&first.ret_id, &same.ret_id));
    assert_int_equal(same.ret_definition_count, 1);
    assert_string_equal(same.ret_definition_ids[0], first.ret_definition_ids[0]);
    assert_int_equal(deploy(&changed, "b.bpmn", MODEL("b") " "), STATUS_OK);
    assert_false(uuid_equal(&first.ret_id, &changed.ret_id));
    assert_string_equal(test_database_sql(fixture.database,
                                          "SELECT string_agg(version::text, ',' ORDER BY version)"
                                          " FROM synergyflow_workflows.process_definition"
                                          " WHERE key = 'b'"),
                        "1,2");
}

static void deployments_at_the_same_time_get_different_versions(void **state)
{
    enum { COUNT = 4 };
    static const char content[] = MODEL("race");
    struct deployment_resource resource = {"race.bpmn", content, sizeof(content) - 1};
    struct deployment deployments[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        deployments[i] = (struct deployment){.resources = &resource,
                                             .resource_count = 1,
                                             .arena = fixture.arena,
                                             .on_done = on_deployed};
        deployment_create(i % 2 == 0 ? fixture.cache : fixture.other, &fixture.ids.source,
                          &deployments[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        wait_done();
        assert_int_equal(fixture.status, STATUS_OK);
    }
    assert_string_equal(test_database_sql(fixture.database,
                                          "SELECT string_agg(version::text, ',' ORDER BY version)"
                                          " FROM synergyflow_workflows.process_definition"
                                          " WHERE key = 'race'"),
                        "1,2,3,4");
    /* Until the refresh has told, each knows the newest of its own. */
    for (;;) {
        const struct definition *latest = definition_latest(fixture.cache, "race");

        if (latest == NULL)
            load(fixture.cache, NULL, "race");
        else if (latest->version < COUNT)
            (void)uv_run(&fixture.loop, UV_RUN_ONCE);
        else
            break;
    }
}

static void faults_are_found_before_anything_is_stored(void **state)
{
    struct deployment broken = {.name = "broken"};
    struct deployment none = {.name = "none"};
    struct deployment archive = {.name = "archive"};

    (void)state;
    assert_int_equal(deploy(&broken, "broken.bpmn",
                            HEAD
                            "<process id='p' isExecutable='true'><startEvent id='s'/>"
                            "<sequenceFlow id='g' sourceRef='s' targetRef='e'/><endEvent id='e'/>\n"
                            "<sequenceFlow id='f' sourceRef='s' targetRef='gone'/>"
                            "</process></definitions>"),
                     STATUS_INVALID);
    assert_true(broken.findings.error_count > 0);
    assert_string_equal(broken.ret_resource, "broken.bpmn");
    assert_string_equal(fixture.error.element_id, "f");
    assert_int_equal(fixture.error.line, 2);
    assert_int_equal(
        deploy(&none, "none.bpmn", HEAD "<process id='p' isExecutable='false'/></definitions>"),
        STATUS_INVALID);
    assert_non_null(strstr(fixture.error.message, "none.bpmn"));
    assert_int_equal(deploy(&archive, "all.zip", "PK"), STATUS_UNSUPPORTED_MEDIA);
    assert_string_equal(
        test_database_sql(fixture.database,
                          "SELECT count(*)::text FROM synergyflow_workflows.deployment"
                          " WHERE name IN ('broken', 'none', 'archive')"),
        "0");
}

static bool hosts_pay(void *context, const char *topic)
{
    return context != NULL && strcmp(topic, "pay") == 0;
}

/* A service task, a flow, an element and the process each name a topic. */
#define LISTENS(topic)                                                         \
    "<extensionElements><flowable:executionListener synergyflow:topic='" topic \
    "'/></extensionElements>"
#define TOPICS(process, element, flow, task)                                                       \
    HEAD "<process id='t' isExecutable='true' xmlns:flowable='http://flowable.org/bpmn' "          \
         "xmlns:synergyflow='http://synergyflow.org/bpmn'>" LISTENS(                               \
             process) "<startEvent id='s'>" LISTENS(element) "</startEvent>"                       \
                                                             "<sequenceFlow id='f' sourceRef='s' " \
                                                             "targetRef='x'>" LISTENS(             \
                                                                 flow) "</sequenceFlow>"           \
                                                                       "<serviceTask id='x' "      \
                                                                       "synergyflow:topic='" task  \
                                                                       "'/>"                       \
                                                                       "<sequenceFlow id='g' "     \
                                                                       "sourceRef='x' "            \
                                                                       "targetRef='e'/><endEvent " \
                                                                       "id='e'/></process>"        \
                                                                       "</definitions>"

static void topics_without_a_host_are_refused_where_they_stand(void **state)
{
    static const struct {
        const char *xml;
        const char *id; /* NULL: fine */
    } rows[] = {
        {TOPICS("pay", "pay", "pay", "pay"), NULL},  {TOPICS("play", "pay", "pay", "${x}"), "t"},
        {TOPICS("pay", "play", "pay", "pay"), "s"},  {TOPICS("pay", "pay", "play", "pay"), "f"},
        {TOPICS("pay", "${x}", "pay", "play"), "x"},
    };
    bool on = true;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct deployment deployment = {.name = "topics", .hosts = {hosts_pay, &on}};
        enum status status = deploy(&deployment, "t.bpmn", rows[i].xml);

        assert_int_equal(status, rows[i].id == NULL ? STATUS_OK : STATUS_INVALID);
        if (rows[i].id == NULL)
            continue;
        assert_string_equal(fixture.error.element_id, rows[i].id);
        assert_int_equal(deployment.findings.error_count, 1);
        assert_string_equal(deployment.findings.items[0].rule, "topic-unknown");
        assert_non_null(strstr(deployment.findings.items[0].message, "'play'"));
    }
}

static void the_same_process_twice_is_refused(void **state)
{
    struct deployment_resource resources[] = {
        {"one.bpmn", MODEL("twice"), sizeof(MODEL("twice")) - 1},
        {"two.bpmn", MODEL("twice"), sizeof(MODEL("twice")) - 1},
    };
    struct deployment deployment = {.resources = resources,
                                    .resource_count = 2,
                                    .arena = fixture.arena,
                                    .on_done = on_deployed};

    (void)state;
    deployment_create(fixture.cache, &fixture.ids.source, &deployment);
    wait_done();
    assert_int_equal(fixture.status, STATUS_INVALID);
    assert_non_null(strstr(fixture.error.message, "one.bpmn"));
}

static void another_node_loads_by_id_and_by_key(void **state)
{
    struct deployment deployment = {.name = "D"};
    struct deployment newer = {.name = "D"};

    (void)state;
    assert_int_equal(deploy(&deployment, "d.bpmn", MODEL("d")), STATUS_OK);
    assert_null(definition_latest(fixture.other, "d"));
    load(fixture.other, NULL, "d");
    assert_int_equal(definition_latest(fixture.other, "d")->version, 1);
    load(fixture.other, deployment.ret_definition_ids[0],
         NULL); /* in memory: still from the loop */
    load(fixture.other, "d:9:none", "no such key");
    assert_null(definition_by_id(fixture.other, "d:9:none"));
    assert_null(definition_latest(fixture.other, "no such key"));

    /* The refresh finds the newer version: until it is loaded nothing older is given out. */
    assert_int_equal(deploy(&newer, "d.bpmn", MODEL("d")), STATUS_OK);
    while (definition_latest(fixture.other, "d") != NULL)
        (void)uv_run(&fixture.loop, UV_RUN_ONCE);
    load(fixture.other, NULL, "d");
    assert_int_equal(definition_latest(fixture.other, "d")->version, 2);
}

static void suspension_reaches_other_nodes(void **state)
{
    struct deployment deployment = {.name = "S"};

    (void)state;
    assert_int_equal(deploy(&deployment, "susp.bpmn", MODEL("susp")), STATUS_OK);
    load(fixture.other, NULL, "susp");
    (void)test_database_sql(fixture.database, "UPDATE synergyflow_workflows.process_definition"
                                              " SET suspended = true WHERE key = 'susp'");
    while (!definition_latest(fixture.other, "susp")->suspended)
        (void)uv_run(&fixture.loop, UV_RUN_ONCE);
    (void)test_database_sql(fixture.database, "UPDATE synergyflow_workflows.process_definition"
                                              " SET suspended = false WHERE key = 'susp'");
    while (definition_latest(fixture.other, "susp")->suspended)
        (void)uv_run(&fixture.loop, UV_RUN_ONCE);
}

static void many_loads_share_one_round(void **state)
{
    enum { COUNT = 20 };
    struct deployment deployment = {.name = "E"};
    uint32_t left = COUNT;
    const char *id;

    (void)state;
    assert_int_equal(deploy(&deployment, "e.bpmn", MODEL("shared")), STATUS_OK);
    id = deployment.ret_definition_ids[0];
    definition_forget(fixture.cache, &deployment.ret_id);
    assert_null(definition_by_id(fixture.cache, id));
    for (int i = 0; i < COUNT; i++)
        definition_load(fixture.cache, &id, 1, NULL, 0, on_loaded, &left);
    wait_done();
    assert_int_equal(left, 0);
    assert_non_null(definition_by_id(fixture.cache, id));
}

static void a_big_file_is_parsed_off_the_loop(void **state)
{
    struct text model = TEXT_INIT;
    struct deployment deployment = {.name = "big"};

    (void)state;
    text_append(&model, HEAD "<!--");
    while (model.length < 2 * PARSE_ON_LOOP_BYTES_MAX)
        text_append(&model, "a long comment makes a big file. ");
    text_append(&model, "-->" PROCESS("big") "</definitions>");
    assert_int_equal(deploy(&deployment, "big.bpmn", text_string(&model)), STATUS_OK);
    load(fixture.other, deployment.ret_definition_ids[0], NULL);
    assert_non_null(definition_by_id(fixture.other, deployment.ret_definition_ids[0]));
    text_deinit(&model);
}

static void the_least_used_goes_unless_pinned(void **state)
{
    struct deployment deployments[4];
    static const char *const contents[] = {MODEL("l0"), MODEL("l1"), MODEL("l2"), MODEL("l3")};
    const struct definition *pinned;
    uint32_t limit = fixture.cache->limit;

    (void)state;
    for (int i = 0; i < 4; i++) {
        deployments[i] = (struct deployment){.name = "L"};
        assert_int_equal(deploy(&deployments[i], "l.bpmn", contents[i]), STATUS_OK);
    }
    pinned = definition_by_id(fixture.cache, deployments[0].ret_definition_ids[0]);
    definition_pin(fixture.cache, pinned);
    for (int i = 1; i < 4; i++)
        (void)definition_by_id(fixture.cache, deployments[i].ret_definition_ids[0]);
    fixture.cache->limit = 3;
    cache_evict(fixture.cache);
    assert_int_equal(fixture.cache->count, 3);
    assert_ptr_equal(definition_by_id(fixture.cache, deployments[0].ret_definition_ids[0]), pinned);
    assert_null(definition_by_id(fixture.cache, deployments[1].ret_definition_ids[0]));
    assert_non_null(definition_by_id(fixture.cache, deployments[3].ret_definition_ids[0]));
    /* A pinned one that is forgotten stays readable until it is let go. */
    definition_forget(fixture.cache, &deployments[0].ret_id);
    assert_null(definition_by_id(fixture.cache, deployments[0].ret_definition_ids[0]));
    assert_string_equal(pinned->key, "l0");
    definition_unpin(fixture.cache, pinned);
    fixture.cache->limit = limit;
}

static void a_lost_database_is_reported(void **state)
{
    const char *key = "a key never seen";

    (void)state;
    (void)test_database_sql(fixture.database,
                            "ALTER TABLE synergyflow_workflows.process_definition RENAME TO away");
    definition_load(fixture.cache, NULL, 0, &key, 1, on_loaded, NULL);
    wait_done();
    assert_int_equal(fixture.status, STATUS_FAILED);
    (void)test_database_sql(fixture.database,
                            "ALTER TABLE synergyflow_workflows.away RENAME TO process_definition");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deploying_makes_versions_and_fills_the_cache),
        cmocka_unit_test(equal_resources_are_stored_once_at_start_up),
        cmocka_unit_test(deployments_at_the_same_time_get_different_versions),
        cmocka_unit_test(faults_are_found_before_anything_is_stored),
        cmocka_unit_test(topics_without_a_host_are_refused_where_they_stand),
        cmocka_unit_test(the_same_process_twice_is_refused),
        cmocka_unit_test(another_node_loads_by_id_and_by_key),
        cmocka_unit_test(suspension_reaches_other_nodes),
        cmocka_unit_test(many_loads_share_one_round),
        cmocka_unit_test(a_big_file_is_parsed_off_the_loop),
        cmocka_unit_test(the_least_used_goes_unless_pinned),
        cmocka_unit_test(a_lost_database_is_reported),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
