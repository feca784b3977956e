/* Models that are accepted: everything they say is in the model, by index and with positions. */
#include "tests/bpmn/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The description is held against a file which was checked against the model by hand. */
static void check_described(const char *model, const char *expected)
{
    struct reading *reading = reading_of_file(model);
    char path[1024];
    json_error_t error;
    json_t *wanted;
    json_t *found;

    (void)snprintf(path, sizeof(path), "%s/tests/bpmn/models/%s", SOURCE_FOLDER, expected);
    wanted = json_load_file(path, 0, &error);
    assert_non_null(wanted);
    assert_int_equal(reading->status, STATUS_OK);
    assert_int_equal(reading->findings.count, 0);
    found = bpmn_document_describe(reading->document);
    if (!json_equal(found, wanted)) {
        char *text = json_dumps(found, JSON_INDENT(1));

        print_error("%s\n", text);
        free(text);
    }
    assert_true(json_equal(found, wanted));
    json_decref(found);
    json_decref(wanted);
    reading_free(reading);
}

static void test_everything(void **state)
{
    (void)state;
    check_described("everything.bpmn", "everything.json");
}

static void test_dialects(void **state)
{
    (void)state;
    check_described("dialects.bpmn", "dialects.json");
}

static const struct bpmn_element *element(const struct bpmn_model *model, const char *id)
{
    const struct bpmn_element *found = bpmn_model_element(model, id);

    assert_non_null(found);
    return found;
}

static const struct bpmn_flow *flow(const struct bpmn_model *model, const char *id)
{
    const struct bpmn_flow *found = bpmn_model_flow(model, id);

    assert_non_null(found);
    return found;
}

static void test_indices(void **state)
{
    struct reading *reading = reading_of_file("everything.bpmn");
    const struct bpmn_model *model = reading->document->models;
    const struct bpmn_element *fork = element(model, "fork");
    const struct bpmn_element *plain = element(model, "plain");
    const struct bpmn_element *work = element(model, "work");
    const struct bpmn_element *inside = element(model, "inside");
    const struct bpmn_element *deeper = element(model, "deeper");

    (void)state;
    assert_int_equal(reading->document->model_count, 1);
    for (uint32_t i = 0; i < model->element_count; i++)
        assert_int_equal(model->elements[i].index, i);
    for (uint32_t i = 0; i < model->flow_count; i++)
        assert_int_equal(model->flows[i].index, i);
    assert_int_equal(model->container.starts.count, 1);
    assert_int_equal(model->container.starts.items[0], element(model, "start")->index);
    assert_int_equal(model->container.triggered_starts.count, 0);

    assert_int_equal(fork->incoming_count, 1);
    assert_int_equal(fork->outgoing_count, 4);
    assert_int_equal(fork->outgoing[0], flow(model, "f_worker")->index);
    assert_int_equal(fork->outgoing[1], flow(model, "f_topic")->index);
    assert_int_equal(fork->outgoing[3], flow(model, "f_script")->index);
    assert_int_equal(plain->incoming_count, 3);
    assert_int_equal(plain->incoming[0], flow(model, "f_refused")->index);
    assert_int_equal(plain->incoming[2], flow(model, "f4")->index);
    assert_int_equal(flow(model, "f4")->source, inside->index);
    assert_int_equal(flow(model, "f4")->target, plain->index);

    assert_int_equal(work->boundary_count, 2);
    assert_int_equal(work->boundary[0], element(model, "reminder")->index);
    assert_int_equal(work->boundary[1], element(model, "too_late")->index);
    assert_int_equal(work->default_flow, flow(model, "f_default")->index);
    assert_int_equal(work->attached_to, BPMN_NONE);
    assert_non_null(work->name_expression);

    assert_int_equal(inside->container->starts.items[0], element(model, "inside_start")->index);
    assert_int_equal(inside->container->children.count, 4);
    assert_int_equal(deeper->container->starts.items[0], element(model, "deeper_start")->index);
    assert_int_equal(deeper->scope, inside->index);
    assert_int_equal(element(model, "wait_date")->scope, deeper->index);
    assert_int_equal(inside->scope, BPMN_NONE);
    reading_free(reading);
}

static void test_process(void **state)
{
    struct reading *reading = reading_of_file("everything.bpmn");
    const struct bpmn_model *model = reading->document->models;

    (void)state;
    assert_string_equal(model->process_id, "everything");
    assert_string_equal(model->name, "Everything");
    assert_string_equal(model->category, "urn:synergyflow:everything");
    assert_true(model->has_diagram);
    assert_null(bpmn_model_element(model, "never_read"));
    assert_null(bpmn_model_element(model, "f1"));
    assert_null(bpmn_model_flow(model, "start"));
    reading_free(reading);
}

static void test_several_processes(void **state)
{
    struct reading *reading = reading_of_file("dialects.bpmn");

    (void)state;
    assert_int_equal(reading->document->model_count, 2);
    assert_string_equal(reading->document->models[1].process_id, "second");
    assert_int_equal(reading->document->models[1].element_count, 2);
    assert_false(reading->document->models[0].has_diagram);
    reading_free(reading);
}

static void test_type_names(void **state)
{
    (void)state;
    assert_string_equal(bpmn_element_type_name(BPMN_START_EVENT), "startEvent");
    assert_string_equal(bpmn_element_type_name(BPMN_SUB_PROCESS), "subProcess");
}

static void test_no_document_is_freed(void **state)
{
    (void)state;
    bpmn_document_free(NULL);
}

enum { CHAIN = 5000 };

/* 5,000 tasks in a row: every list and lookup at size. */
static void test_large(void **state)
{
    char *body = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&body, &length);
    struct reading *reading;
    const struct bpmn_model *model;
    char *text;

    (void)state;
    (void)fprintf(stream, "<startEvent id='t0'/>");
    for (int i = 1; i <= CHAIN; i++)
        (void)fprintf(stream,
                      "<sequenceFlow id='f%d' sourceRef='t%d' targetRef='t%d'/><task id='t%d'/>", i,
                      i - 1, i, i);
    (void)fclose(stream);
    text = process_with(body);
    reading = reading_of_text(text);
    assert_int_equal(reading->status, STATUS_OK);
    model = reading->document->models;
    assert_int_equal(model->element_count, CHAIN + 1);
    assert_int_equal(model->flow_count, CHAIN);
    assert_int_equal(model->flows[CHAIN - 1].target, CHAIN);
    reading_free(reading);
    free(text);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_process),
        cmocka_unit_test(test_several_processes),
        cmocka_unit_test(test_type_names),
        cmocka_unit_test(test_no_document_is_freed),
        cmocka_unit_test(test_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
