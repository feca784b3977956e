/* A test of a process can fail, says where and why, and what is not understood is refused. */
#include "tests/scenario/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DOCUMENT(steps)                                                              \
    "{\"cases\":[\n{\"name\":\"the case\",\"process\":\"p\",\"mocks\":{\"x\":{}},\n" \
    "\"steps\":[\n{\"start\":{\"variables\":{\"n\":1}}},\n" steps "\n]}]}"
#define EXPECT(expectations) DOCUMENT("{\"expect\":{\n" expectations "}}")

static const char processes[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'\n"
    " xmlns:flowable='http://flowable.org/bpmn'>\n"
    "<message id='m' name='hello'/>\n"
    "<process id='p' isExecutable='true'><startEvent id='s'/>\n"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='fork'/><parallelGateway id='fork'/>\n"
    "<sequenceFlow id='f2' sourceRef='fork' targetRef='a'/><userTask id='a' name='A'/>\n"
    "<boundaryEvent id='t' attachedToRef='a' cancelActivity='false'>"
    "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>"
    "<sequenceFlow id='f6' sourceRef='t' targetRef='x'/>"
    "<sequenceFlow id='f3' sourceRef='fork' targetRef='b'/><receiveTask id='b' messageRef='m'/>\n"
    "<sequenceFlow id='f4' sourceRef='a' targetRef='choose'/>"
    "<exclusiveGateway id='choose'/>\n"
    "<sequenceFlow id='f7' sourceRef='choose' targetRef='e'><conditionExpression>${n == 2}"
    "</conditionExpression></sequenceFlow>\n"
    "<sequenceFlow id='f5' sourceRef='b' targetRef='e'/><endEvent id='e'/><endEvent id='x'/>"
    "</process>\n"
    "<process id='caller' isExecutable='true'><startEvent id='cs'/>"
    "<sequenceFlow id='c1' sourceRef='cs' targetRef='call'/>"
    "<callActivity id='call' calledElement='nobody'/>"
    "<sequenceFlow id='c2' sourceRef='call' targetRef='ce'/><endEvent id='ce'/></process>\n"
    "<process id='joins' isExecutable='true'>"
    "<startEvent id='js'/><sequenceFlow id='k1' sourceRef='js' targetRef='j1'/>"
    "<sequenceFlow id='k2' sourceRef='js' targetRef='j2'/><userTask id='j1'/><userTask id='j2'/>"
    "<sequenceFlow id='k3' sourceRef='j1' targetRef='join'/>"
    "<sequenceFlow id='k4' sourceRef='j2' targetRef='join'/><parallelGateway id='join'/>"
    "<sequenceFlow id='k5' sourceRef='join' targetRef='je'/><endEvent id='je'/></process>\n"
    "</definitions>";

/* ---- what fails ---- */

static const struct {
    const char *document;
    uint32_t step;
    int line;
    const char *message;
} failing[] = {
    {EXPECT("\"active\":[\"a\"]"), 2, 6,
     "Expected the active elements to be [\"a\"] but found [\"a\",\"b\"]."},
    {EXPECT("\"active\":[\"a\",\"b\",\"b\"]"), 2, 6, "Expected the active elements"},
    {EXPECT("\n\"activeIncludes\":[\"e\"]"), 2, 7, "Expected [\"e\"] to be among"},
    {EXPECT("\"notActive\":[\"x\",\"b\"]"), 2, 6, "Expected 'b' not to be active"},
    {EXPECT("\"completed\":[\"fork\",\"s\"]"), 2, 6,
     "Expected the completed elements to have \"s\" after \"fork\""},
    {EXPECT("\"completed\":[\"for\"]"), 2, 6, "to have \"for\" first"},
    {EXPECT("\"journal\":[\"a activated\",\"s passed\"]"), 2, 6,
     "Expected the journal to have \"s passed\" after"},
    {EXPECT("\"variables\":{\"n\":2}"), 2, 6, "Expected the variable 'n' to be 2 but found 1."},
    {EXPECT("\"variables\":{\"n\":\"1\"}"), 2, 6, "Expected the variable 'n' to be \"1\""},
    {EXPECT("\"variables\":{\"m\":{}}"), 2, 6,
     "Expected the variable 'm' to be {} but found nothing."},
    {EXPECT("\"noVariables\":[\"n\"]"), 2, 6, "Expected no variable 'n' but it is 1."},
    {EXPECT("\"variablesOf\":{\"a\":{\"n\":3}}"), 2, 6, "Expected the variable 'n' of 'a' to be 3"},
    {EXPECT("\"variablesOf\":{\"e\":{\"n\":3}}"), 2, 6, "Expected 'e' to be active"},
    {EXPECT("\"tasks\":[]"), 2, 6, "Expected the open tasks to be []"},
    {EXPECT("\"tasks\":[{\"name\":\"B\"}]"), 2, 6,
     "Expected the open tasks to be [{\"name\":\"B\"}]"},
    {EXPECT("\"tasks\":[{\"name\":\"A\"},{\"name\":\"A\"}]"), 2, 6, "Expected the open tasks"},
    {EXPECT("\"tasks\":[{\"dueDate\":\"2026-01-01\"}]"), 2, 6, "Expected the open tasks"},
    {EXPECT("\"timers\":[{\"element\":\"t\",\"due\":\"2026-01-05T10:00:01Z\"}]"), 2, 6,
     "\"due\":\"2026-01-05T10:00:00.000Z\""},
    {EXPECT("\"timers\":[]"), 2, 6, "Expected the timers to be []"},
    {EXPECT("\"messages\":[]"), 2, 6,
     "Expected the messages waited for to be [] but found [\"hello\"]."},
    {EXPECT("\"signals\":[\"s\"]"), 2, 6, "Expected the signals waited for"},
    {EXPECT("\"buffered\":[\"s\"]"), 2, 6, "Expected the messages that nobody has taken"},
    {EXPECT("\"ended\":true"), 2, 6,
     "Expected the process to have ended but active are [\"a\",\"b\"]."},
    {EXPECT("\"ended\":false,\"in\":{\"process\":\"q\"}"), 2, 6, "as described by \"in\""},
    {EXPECT("\"endedAt\":\"e\""), 2, 6,
     "Expected the element at which the process ended to be 'e' but there is none."},
    {EXPECT("\"terminated\":true"), 2, 6, "to be terminated but it is active"},
    {EXPECT("\"reason\":\"x\""), 2, 6, "Expected the reason of the termination"},
    {EXPECT("\"errorCode\":\"x\""), 2, 6, "Expected the code of the BPMN error"},
    {EXPECT("\"businessKey\":\"x\""), 2, 6, "Expected the business key to be 'x'"},
    {EXPECT("\"instances\":{\"p\":2}"), 2, 6,
     "Expected 2 instances of process 'p' but there are 1."},
    {EXPECT("\"called\":{\"nobody\":1}"), 2, 6,
     "Expected 'nobody' to be called 1 times but it was called 0 times."},
    {EXPECT("\"called\":{\"somebody\":0}"), 2, 6, "but nothing has this name"},
    {EXPECT("\"instances\":{\"q\":0}"), 2, 6, "but there is none"},
    {EXPECT("\"notActive\":[\"z\"]"), 2, 6, "Expected 'z' to be an element"},
    {"{\"cases\":[\n{\"name\":\"a\",\"mocks\":{\"somebody\":{}},\"steps\":[]}]}", 0, 2,
     "Expected the mock 'somebody' to stand for"},
    {DOCUMENT("{\"start\":{\"process\":\"joins\"}},{\"complete\":\"j1\"},\n{\"expect\":{\"in\":{"
              "\"process\":\"joins\"},\"ended\":true}}"),
     4, 6, "active are [\"j2\"], and tokens wait for others at the end of [\"k3\"]"},
    {EXPECT("\"time\":\"2026-01-05T09:00:01Z\""), 2, 6, "but it is 2026-01-05T09:00:00.000Z"},
    {EXPECT("\"error\":\"x\""), 2, 6, "Expected the step before to fail"},
    {DOCUMENT("{\"complete\":\"c\"}"), 2, 5,
     "Expected 'c' to be an element of the test's processes"},
    {DOCUMENT("{\"complete\":\"e\"}"), 2, 5,
     "Expected 'e' to wait to be completed but it does not. Active are [\"a\",\"b\"]."},
    {DOCUMENT("{\"complete\":\"a\",\"in\":{\"number\":1}}"), 2, 5, "Active are []."},
    {DOCUMENT("\n{\"complete\":\"a\"},\n{\"expect\":{\"ended\":true}}"), 2, 6,
     "(element 'choose', line 8)"},
    {DOCUMENT("{\"complete\":\"a\"},{\"expect\":{\"error\":\"something else\"}}"), 3, 5,
     "Expected the failure of the step before to contain 'something else'"},
    {DOCUMENT("{\"start\":{\"process\":\"caller\"}}"), 2, 5,
     "Expected a process 'nobody' for a call activity"},
    {DOCUMENT("{\"start\":{\"process\":\"q\"}}"), 2, 5, "to have a process 'q'"},
    {DOCUMENT("{\"cancel\":true,\"in\":{\"process\":\"q\"}}"), 2, 5,
     "Expected a process instance as described"},
    {DOCUMENT("{\"setVariables\":{},\"element\":\"e\"}"), 2, 5, "Expected 'e' to be active"},
    {DOCUMENT("{\"trigger\":\"a\"}"), 2, 5, "Expected 'a' to wait for a trigger or a timer"},
    {DOCUMENT("{\"throwError\":{\"element\":\"a\",\"code\":\"x\"}}"), 2, 5,
     "Expected 'a' to wait for the answer"},
};

static void failures_say_where_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
        struct fixture fixture = {0};
        struct scenario_result result;

        fixture_add_processes(&fixture, processes, strlen(processes));
        fixture_load(&fixture, failing[i].document);
        fixture_run(&fixture, 0, &result);
        if (result.failure_count != 1)
            fail_msg("expected one failure of %s but found %u", failing[i].document,
                     result.failure_count);
        if (strstr(result.failures[0].message, failing[i].message) == NULL)
            fail_msg("expected “%s” but found “%s”", failing[i].message,
                     result.failures[0].message);
        assert_int_equal(result.failures[0].step, failing[i].step);
        if (result.failures[0].line != failing[i].line)
            fail_msg("expected line %d but found %d for “%s”", failing[i].line,
                     result.failures[0].line, failing[i].message);
        scenario_result_deinit(&result);
        fixture_clear(&fixture);
    }
}

static void every_failed_expectation_of_a_step_is_told(void **state)
{
    struct fixture fixture = {0};
    struct scenario_result result;

    (void)state;
    fixture_add_processes(&fixture, processes, strlen(processes));
    fixture_load(&fixture, EXPECT("\"ended\":true,\"variables\":{\"n\":2,\"m\":3}"));
    fixture_run(&fixture, 0, &result);
    assert_int_equal(result.failure_count, 3);
    scenario_result_deinit(&result);
    fixture_clear(&fixture);
}

/* ---- what is refused ---- */

static const struct {
    const char *document;
    int line;
    const char *message;
} refused[] = {
    {"{\n\"cases\":[}", 2, "Expected JSON"},
    {"[]", 1, "Expected 'the document' to be an object but found a list."},
    {"{}", 1, "to have 'cases'"},
    {"{\"cases\":{}}", 1, "Expected 'cases' to be a list"},
    {"{\"case\":[]}", 1, "found 'case'"},
    {"{\"cases\":[\n{\"steps\":[]}]}", 2, "to have 'name'"},
    {"{\"cases\":[{\"name\":\"a\",\n\"step\":[]}]}", 2, "found 'step'"},
    {"{\"cases\":[{\"name\":\"a\",\"steps\":[],\n\"now\":\"today\"}]}", 2, "'now'"},
    {"{\"cases\":[{\"name\":\"a\",\"steps\":[],\n\"mocks\":{\"x\":{\"value\":1}}}]}", 2,
     "found 'value'"},
    {"{\"cases\":[{\"name\":\"a\",\"steps\":[],\n\"mocks\":{\"x\":[{},\n{\"value\":1}]}}]}", 3,
     "found 'value'"},
    {"{\"cases\":[{\"name\":\"a\",\"steps\":[],\n\"mocks\":{\"x\":5}}]}", 2,
     "to be an answer or a list of answers but found a number"},
    {DOCUMENT("5"), 5, "Expected 'a step' to be an object but found a number."},
    {DOCUMENT("{}"), 5, "Expected a step to do one of start, complete"},
    {DOCUMENT("{\"finish\":\"a\"}"), 5, "found 'finish'"},
    {DOCUMENT("{\"complete\":\"a\",\n\"expect\":{}}"), 5,
     "found 'complete' and 'expect': make it two steps"},
    {DOCUMENT("{\"complete\":\"a\",\n\"variable\":{}}"), 6,
     "Expected 'complete' to have one of complete, variables, user, businessKey, index, in but "
     "found 'variable'."},
    {DOCUMENT("{\"complete\":1}"), 5, "Expected 'complete' to be a text but found a number."},
    {DOCUMENT("{\"complete\":\"a\",\"index\":-1}"), 5, "a whole number, 0 or more"},
    {DOCUMENT("{\"advance\":\"4h\"}"), 5, "'advance'"},
    {DOCUMENT("{\"message\":{}}"), 5, "Expected 'message' to have 'name'"},
    {DOCUMENT("{\"cancel\":false}"), 5, "true or a text"},
    {DOCUMENT("{\"expect\":{\n\"activ\":[]}}"), 6, "found 'activ'"},
    {DOCUMENT("{\"expect\":{\"active\":[1]}}"), 5,
     "Expected 'active' to be a list of texts but found a number."},
    {DOCUMENT("{\"expect\":{\"ended\":\"yes\"}}"), 5,
     "Expected 'ended' to be true or false but found a text."},
    {DOCUMENT("{\"expect\":{\"tasks\":[{\"group\":1}]}}"), 5, "found 'group'"},
    {DOCUMENT("{\"expect\":{\"timers\":[{\"element\":\"t\",\"due\":\"soon\"}]}}"), 5, "'due'"},
    {DOCUMENT("{\"expect\":{\"instances\":{\"p\":\"one\"}}}"), 5, "a whole number"},
    {DOCUMENT("{\"expect\":{\"in\":{\"key\":\"p\"}}}"), 5, "found 'key'"},
    {DOCUMENT("{\"expect\":{},\"expect\":{}}"), 5, "duplicate"},
};

static void what_is_not_understood_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct scenario *scenario = NULL;
        struct error error = {0};

        assert_int_equal(
            scenario_read(refused[i].document, strlen(refused[i].document), &scenario, &error),
            STATUS_INVALID);
        if (strstr(error.message, refused[i].message) == NULL)
            fail_msg("expected “%s” but found “%s”", refused[i].message, error.message);
        if (error.line != refused[i].line)
            fail_msg("expected line %d but found %d for “%s”", refused[i].line, error.line,
                     refused[i].message);
    }
}

/* ---- coverage ---- */

static void coverage_counts_what_was_used(void **state)
{
    struct fixture fixture = {0};
    struct scenario_result result;
    const struct coverage *coverage;

    (void)state;
    fixture_add_processes(&fixture, processes, strlen(processes));
    fixture_load(&fixture, DOCUMENT("{\"complete\":\"b\"},{\"complete\":\"a\"},"
                                    "{\"expect\":{\"error\":\"choose\"}}"));
    for (int round = 0; round < 2; round++) {
        fixture_run(&fixture, 0, &result);
        scenario_result_deinit(&result);
    }
    coverage = fixture.coverage;
    assert_string_equal(coverage->model->process_id, "p");
    assert_int_equal(coverage->elements[bpmn_model_element(coverage->model, "fork")->index], 2);
    /* what was taken back has not happened */
    assert_int_equal(coverage->elements[bpmn_model_element(coverage->model, "choose")->index], 0);
    assert_int_equal(coverage->flows[bpmn_model_flow(coverage->model, "f4")->index], 0);
    assert_int_equal(coverage->flows[bpmn_model_flow(coverage->model, "f5")->index], 2);
    assert_int_equal(coverage_elements(coverage).covered, 5);
    assert_int_equal(coverage_flows(coverage).covered, 4);
    assert_int_equal(coverage_elements(coverage->next).covered, 0);
    assert_int_equal(coverage_elements(coverage->next).total, 3);
    fixture_clear(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_say_where_and_why),
        cmocka_unit_test(every_failed_expectation_of_a_step_is_told),
        cmocka_unit_test(what_is_not_understood_is_refused),
        cmocka_unit_test(coverage_counts_what_was_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
