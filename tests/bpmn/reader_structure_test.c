/* What follows from references: names and codes of events, links, compensation, message flows,
 * correlation, global tasks, containers, and what can reach a joining gateway. */
#include "tests/bpmn/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
#define TO_X               "<startEvent id='s'/>" FLOW("f", "s", "x")
#define CATCH(inside)      TO_X "<intermediateCatchEvent id='x'>" inside "</intermediateCatchEvent>"
#define THROW(inside)      TO_X "<intermediateThrowEvent id='x'>" inside "</intermediateThrowEvent>"
#define END(inside)        TO_X "<endEvent id='x'>" inside "</endEvent>"
#define BOUNDARY(inside)                                                            \
    "<startEvent id='s'/>" FLOW("f", "s", "h") "<task id='h'/><task id='y'/>" FLOW( \
        "b", "x", "y") "<boundaryEvent id='x' attachedToRef='h'>" inside "</boundaryEvent>"
#define EXTENDED(inside) "<extensionElements>" inside "</extensionElements>"
#define DEFINITIONS      "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'>"

static const struct description_row events[] = {
    {CATCH("<messageEventDefinition messageRef='q:m'/>"), "x",
     "{'events':[{'kind':'message','name':'paid','reference':'m'}]}"},
    {CATCH("<messageEventDefinition messageRef='m_nameless'/>"), "x",
     "{'events':[{'name':'m_nameless'}]}"},
    {THROW("<signalEventDefinition signalRef='sig_nameless' flowable:async='true'>" EXTENDED(
         "<flowable:in source='a' target='b'/>") "</signalEventDefinition>"),
     "x",
     "{'events':[{'kind':'signal','name':'sig_nameless','async':true,"
     "'payload':[{'source':'a','target':'b'}]}]}"},
    {END("<errorEventDefinition/>"), "x", "{'events':[{'kind':'error','code':''}]}"},
    {END("<errorEventDefinition errorRef='e'/>"), "x", "{'events':[{'code':'E'}]}"},
    {END("<errorEventDefinition errorRef='e_named'/>"), "x", "{'events':[{'code':'Named'}]}"},
    {END("<errorEventDefinition errorRef='e_codeless'/>"), "x",
     "{'events':[{'code':'e_codeless'}]}"},
    {END("<errorEventDefinition errorRef='PLAIN'/>"), "x",
     "{'events':[{'code':'PLAIN','reference':null}]}"},
    {BOUNDARY("<errorEventDefinition camunda:errorCodeVariable='c' "
              "camunda:errorMessageVariable='t'/>"),
     "x",
     "{'interrupting':true,'attachedTo':'h','events':[{'code':null,'codeVariable':'c',"
     "'messageVariable':'t'}]}"},
    {BOUNDARY("<escalationEventDefinition escalationRef='esc_named' "
              "camunda:escalationCodeVariable='c'/>"),
     "x", "{'events':[{'kind':'escalation','code':'Up','codeVariable':'c'}]}"},
    {BOUNDARY("<escalationEventDefinition/>"), "x", "{'events':[{'code':null}]}"},
    {END("<terminateEventDefinition flowable:terminateAll='true'/>"), "x",
     "{'events':[{'kind':'terminate','terminateAll':true}]}"},
    {CATCH("<conditionalEventDefinition><condition>n &gt; 1</condition>"
           "</conditionalEventDefinition>"),
     "x", "{'events':[{'kind':'conditional','condition':'n > 1'}]}"},
    {CATCH("<timerEventDefinition flowable:businessCalendarName='desk'><timeCycle "
           "flowable:endDate='2030-01-01'>R/PT1H</timeCycle></timerEventDefinition>"),
     "x", "{'events':[{'timeCycle':'R/PT1H/2030-01-01','calendar':'desk'}]}"},
    {CATCH("<eventDefinitionRef>root_timer</eventDefinitionRef>"
           "<messageEventDefinition messageRef='m'/>"),
     "x", "{'events':[{'kind':'timer','timeDuration':'PT1H'},{'kind':'message'}]}"},
    {TO_X "<intermediateCatchEvent id='x' parallelMultiple='true'><signalEventDefinition "
          "signalRef='sig'/><messageEventDefinition messageRef='m'/></intermediateCatchEvent>",
     "x", "{'parallelMultiple':true,'events':[{'kind':'signal'},{'kind':'message'}]}"},
    {"<dataObject id='d1' name='order'/>" CATCH(
         "<dataOutput id='o1' name='given'/><dataOutputAssociation><sourceRef>o1</sourceRef>"
         "<targetRef>d1</targetRef></dataOutputAssociation><messageEventDefinition "
         "messageRef='m'/>"),
     "x", "{'events':[{'payload':[{'source':'given','target':'order'}]}]}"},
    {"<dataObject id='d1' name='order'/>" THROW(
         "<dataInput id='i1'/><dataInputAssociation><sourceRef>d1</sourceRef><targetRef>i1"
         "</targetRef></dataInputAssociation><messageEventDefinition messageRef='m'/>"),
     "x", "{'events':[{'payload':[{'source':'order','target':'order'}]}]}"},
    {THROW("<linkEventDefinition name='l'/>") "<intermediateCatchEvent id='y'><linkEventDefinition "
                                              "name='l'/></intermediateCatchEvent>",
     "x", "{'linkTarget':'y','events':[{'kind':'link','name':'l'}]}"},
    {"<startEvent id='s' camunda:initiator='who'/>" FLOW("f", "s", "x") "<task id='x'/>", "p",
     "{'initiatorVariable':'who','executable':true}"},
};

/* A task with a handler; a sub-process is compensable because of what is in it. */
#define COMPENSATION                                                                               \
    TO_X "<subProcess id='x'><startEvent id='t'/>" FLOW(                                           \
        "g", "t",                                                                                  \
        "h") "<task id='h'/>"                                                                      \
             "<boundaryEvent id='b' attachedToRef='h' cancelActivity='false'>"                     \
             "<compensateEventDefinition/></boundaryEvent><task id='u' isForCompensation='true'/>" \
             "<association id='a' sourceRef='b' targetRef='u'/></subProcess>" FLOW(                \
                 "i", "x", "y") "<endEvent id='y'><compensateEventDefinition activityRef='x' "     \
                                "waitForCompletion='false'/></endEvent>"

static const struct description_row compensation[] = {
    {COMPENSATION, "h", "{'compensationHandler':'u'}"},
    {COMPENSATION, "b", "{'compensationHandler':'u'}"},
    {COMPENSATION, "u", "{'isForCompensation':true}"},
    {COMPENSATION, "y",
     "{'events':[{'kind':'compensation','activityRef':'x','waitForCompletion':false}]}"},
};

#define POOLS(flow, one, two)                                                             \
    DEFINITIONS "<message id='m' name='paid'/><message id='n'/><collaboration id='c'>"    \
                "<participant id='p1' name='One' processRef='one'/><participant id='p2' " \
                "processRef='two'/><participant id='p3'/><messageFlow id='mf' " flow      \
                "/></collaboration><process id='one'>" one "</process>"                   \
                "<process id='two' isExecutable='false'>" two "</process></definitions>"
#define RECEIVES \
    "<startEvent id='x'><messageEventDefinition/></startEvent><task id='y'/>" FLOW("f", "x", "y")

static const struct description_row pools[] = {
    {POOLS("sourceRef='p3' targetRef='x' messageRef='m'", RECEIVES, ""), "x",
     "{'events':[{'kind':'message','name':'paid'}]}"},
    {POOLS("sourceRef='z' targetRef='x'", RECEIVES, "<sendTask id='z' messageRef='m'/>"), "x",
     "{'events':[{'name':'paid'}]}"},
    {POOLS("sourceRef='z' targetRef='x'", RECEIVES,
           "<endEvent id='z'><messageEventDefinition messageRef='n'/></endEvent>"),
     "x", "{'events':[{'name':'n'}]}"},
    {POOLS("sourceRef='p2' targetRef='x'", RECEIVES, ""), "x", "{'events':[{'name':'mf'}]}"},
    {POOLS("sourceRef='x' targetRef='p2'", TO_X "<sendTask id='x'/>", ""), "x",
     "{'service':null,'events':[{'name':'mf'}]}"},
    {POOLS("sourceRef='p2' targetRef='x'", TO_X "<receiveTask id='x'/>", ""), "x",
     "{'events':[{'name':'mf'}]}"},
    {POOLS("sourceRef='p2' targetRef='x' name='Pay'", TO_X "<task id='x'/>", ""), "",
     "{'participants':[{'id':'p1','name':'One','process':'one'},{'id':'p2','process':'two'},"
     "{'id':'p3','process':null}],'messageFlows':[{'id':'mf','name':'Pay','source':'p2',"
     "'target':'x'}]}"},
    {POOLS("sourceRef='p2' targetRef='x'", TO_X "<task id='x'/>", "<sendTask id='z'/>"), "two",
     "{'executable':false,'counts':{'sendTask':1,'sequenceFlow':0}}"},
};

#define WITH_ROOT(root, body) DEFINITIONS root "<process id='p'>" body "</process></definitions>"
#define CORRELATED                                                                         \
    "<message id='m' name='paid'/><correlationProperty id='c1' name='orderId'>"            \
    "<correlationPropertyRetrievalExpression messageRef='m'><messagePath>order.id"         \
    "</messagePath></correlationPropertyRetrievalExpression></correlationProperty>"        \
    "<correlationProperty id='c2'><correlationPropertyRetrievalExpression messageRef='m'>" \
    "<messagePath>customer</messagePath></correlationPropertyRetrievalExpression>"         \
    "</correlationProperty>"

static const struct description_row roots[] = {
    {WITH_ROOT(CORRELATED, "<correlationSubscription id='cs'>"
                           "<correlationPropertyBinding correlationPropertyRef='c1'><dataPath>own"
                           "</dataPath></correlationPropertyBinding></correlationSubscription>" TO_X
                           "<receiveTask id='x' messageRef='m'/>"),
     "x",
     "{'events':[{'correlations':[{'name':'orderId','messagePath':'order.id','dataPath':'own'},"
     "{'name':'c2','messagePath':'customer','dataPath':null}]}]}"},
    {WITH_ROOT("<globalUserTask id='gu' name='Global'><potentialOwner>"
               "<resourceAssignmentExpression><formalExpression>user(kim)</formalExpression>"
               "</resourceAssignmentExpression></potentialOwner></globalUserTask>",
               TO_X "<callActivity id='x' name='Own' calledElement='t:gu'/>"),
     "x",
     "{'type':'callActivity','calledElement':'gu','taskType':'userTask','name':'Own','"
     "candidateUsers':'kim'}"},
    {WITH_ROOT("<globalScriptTask id='gs' scriptLanguage='javascript'><script>a = 1</script>"
               "</globalScriptTask>",
               TO_X "<callActivity id='x' calledElement='gs'><standardLoopCharacteristics/>"
                    "</callActivity>"),
     "x", "{'taskType':'scriptTask','script':'a = 1','loop':{'kind':'standard'}}"},
    {WITH_ROOT("<globalTask id='gt'/>", TO_X "<callActivity id='x' calledElement='gt'/>"), "x",
     "{'taskType':'task'}"},
    {WITH_ROOT("<globalManualTask id='gt'/>", TO_X "<callActivity id='x' calledElement='gt'/>"),
     "x", "{'taskType':'manualTask'}"},
    {WITH_ROOT("<globalBusinessRuleTask id='gt'/>",
               TO_X "<callActivity id='x' calledElement='gt'/>"),
     "x", "{'taskType':'businessRuleTask','topic':'x'}"},
    {WITH_ROOT("<message id='m' name='paid'/><interface id='i' name='I'><operation id='o' "
               "name='pay'><inMessageRef>m</inMessageRef></operation></interface>",
               TO_X "<serviceTask id='x' operationRef='o'/>"),
     "x", "{'topic':'pay'}"},
    {WITH_ROOT("<message id='m' name='paid'/><interface id='i' name='I'><operation id='o' "
               "name='pay'><inMessageRef>m</inMessageRef></operation></interface>",
               TO_X "<sendTask id='x' operationRef='o'/>"),
     "x", "{'service':null,'events':[{'name':'paid'}]}"},
};

static void test_descriptions(void **state)
{
    (void)state;
    check_descriptions(events, COUNT_OF(events));
    check_descriptions(compensation, COUNT_OF(compensation));
    check_descriptions(pools, COUNT_OF(pools));
    check_descriptions(roots, COUNT_OF(roots));
}

/* ---- message flows that are refused ---- */

static void test_message_flows(void **state)
{
    static const struct {
        const char *text;
        const char *rule;
    } rows[] = {
        {POOLS("sourceRef='gone' targetRef='x'", RECEIVES, ""), "message-flow-reference"},
        {POOLS("sourceRef='p2'", RECEIVES, ""), "message-flow-reference"},
        {POOLS("sourceRef='y' targetRef='x'", RECEIVES, ""), "message-flow-pool"},
        {POOLS("sourceRef='p2' targetRef='x' messageRef='gone'", RECEIVES, ""), "reference"},
        {POOLS("sourceRef='p1' targetRef='x'", RECEIVES, ""), "message-flow-pool"},
        {POOLS("sourceRef='z' targetRef='x'", RECEIVES, "<startEvent id='z'/>"),
         "message-flow-end"},
        {POOLS("sourceRef='p2' targetRef='z'", RECEIVES "<exclusiveGateway id='z'/>", ""),
         "message-flow-end"},
        {POOLS("sourceRef='y' targetRef='z'", RECEIVES, "<endEvent id='z'/>"), "message-flow-end"},
        {POOLS("sourceRef='z' targetRef='x'", RECEIVES,
               "<intermediateThrowEvent id='z'><signalEventDefinition/></intermediateThrowEvent>"),
         "message-flow-end"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reading *reading = reading_of_text(rows[i].text);

        assert_non_null(reading_finding(reading, rows[i].rule));
        assert_string_equal(reading_finding(reading, rows[i].rule)->element_id, "mf");
        reading_free(reading);
    }
}

/* ---- containers ---- */

static void check_list(const struct bpmn_model *model, const struct bpmn_index_list *list,
                       const char *const *ids)
{
    uint32_t count = 0;

    for (; ids[count] != NULL; count++) {
        assert_true(count < list->count);
        assert_string_equal(model->elements[list->items[count]].id, ids[count]);
    }
    assert_int_equal(list->count, count);
}

static void test_containers(void **state)
{
    static const char *const starts[] = {"s", NULL};
    static const char *const triggered[] = {"t", "w", NULL};
    static const char *const implicit[] = {"a", "d", NULL};
    static const char *const event[] = {"v", NULL};
    static const char *const event_start[] = {"vs", NULL};
    struct reading *reading = reading_of_process(
        "<dataObject id='d1' name='order'/><startEvent id='s'/><startEvent id='t'>"
        "<messageEventDefinition messageRef='m'/></startEvent><receiveTask id='w' "
        "instantiate='true' messageRef='m_nameless'/>" FLOW("f1", "s", "x") FLOW("f2", "t", "x")
            FLOW("f3", "w", "x") "<subProcess id='x'><task id='a'/><task id='b'/>" FLOW(
                "f4", "a",
                "b") "<boundaryEvent id='c' attachedToRef='a'><errorEventDefinition/>"
                     "</boundaryEvent>" FLOW(
                         "f5", "c",
                         "b") "<intermediateCatchEvent id='l'>"
                              "<linkEventDefinition name='l'/></intermediateCatchEvent>" FLOW(
                                  "f6", "l",
                                  "b") "<task id='d'/><task id='h' "
                                       "isForCompensation='true'/><property id='own'/></subProcess>"
                                       "<subProcess id='v' triggeredByEvent='true'><startEvent "
                                       "id='vs' isInterrupting='false'>"
                                       "<signalEventDefinition signalRef='sig'/></startEvent><task "
                                       "id='va'/>" FLOW("f7", "vs", "va") "</subProcess>");
    const struct bpmn_model *model = reading->document->models;
    const struct bpmn_element *inside = bpmn_model_element(model, "x");

    (void)state;
    check_list(model, &model->container.starts, starts);
    check_list(model, &model->container.triggered_starts, triggered);
    check_list(model, &model->container.event_sub_processes, event);
    check_list(model, &inside->container->starts, implicit);
    check_list(model, &bpmn_model_element(model, "v")->container->starts, event_start);
    assert_false(bpmn_model_element(model, "vs")->interrupting);
    assert_int_equal(model->container.children.count, 5);
    assert_int_equal(model->container.data_count, 1);
    assert_string_equal(model->container.data[0].name, "order");
    assert_int_equal(inside->container->data_count, 1);
    assert_string_equal(inside->container->data[0].name, "own");
    reading_free(reading);
}

static void test_compensable(void **state)
{
    struct reading *reading = reading_of_process(COMPENSATION);
    const struct bpmn_model *model = reading->document->models;

    (void)state;
    assert_true(bpmn_model_element(model, "h")->compensable);
    assert_true(bpmn_model_element(model, "x")->compensable);
    assert_false(bpmn_model_element(model, "u")->compensable);
    assert_int_equal(bpmn_model_element(model, "h")->compensation_boundary,
                     bpmn_model_element(model, "b")->index);
    reading_free(reading);
}

/* ---- what reaches a gateway ---- */

static void check_reach(const struct bpmn_model *model, const struct bpmn_element *gateway,
                        const char *flow_id, const char *reaching)
{
    uint32_t place = 0;

    while (model->flows[gateway->incoming[place]].id != bpmn_model_flow(model, flow_id)->id)
        place++;
    for (uint32_t i = 0; i < model->element_count; i++) {
        const char *id = model->elements[i].id;
        bool wanted = strlen(id) == 1 && strchr(reaching, id[0]) != NULL;

        if (bpmn_set_has(&gateway->reach[place], i) != wanted)
            print_error("%s over %s\n", id, flow_id);
        assert_true(bpmn_set_has(&gateway->reach[place], i) == wanted);
    }
}

/* s → g → a → j, g → b → j, a's boundary c → d → j, link: t ⇒ l → j; j → k → g is a loop. */
static void test_reach(void **state)
{
    struct reading *reading = reading_of_process(
        "<startEvent id='s'/>" FLOW("f0", "s", "g") "<inclusiveGateway id='g'/>" FLOW(
            "f1", "g", "a") FLOW("f2", "g", "b")
            FLOW("f3", "g",
                 "t") "<task id='a'/><task id='b'/>"
                      "<boundaryEvent id='c' "
                      "attachedToRef='a'><errorEventDefinition/></boundaryEvent>"
                      "<task id='d'/>" FLOW(
                          "f4", "c",
                          "d") "<intermediateThrowEvent id='t'><linkEventDefinition "
                               "name='l'/></intermediateThrowEvent><intermediateCatchEvent "
                               "id='l'><linkEventDefinition "
                               "name='l'/></intermediateCatchEvent><inclusiveGateway id='j'/>" FLOW(
                                   "j1", "a", "j") FLOW("j2", "b", "j") FLOW("j3", "d", "j")
                                   FLOW("j4", "l", "j") "<task id='k'/>" FLOW("f5", "j", "k")
                                       FLOW("f6", "k", "g")
                                           FLOW("f7", "k", "z") "<endEvent id='z'/>");
    const struct bpmn_model *model = reading->document->models;
    const struct bpmn_element *join = bpmn_model_element(model, "j");
    const struct bpmn_element *fork = bpmn_model_element(model, "g");

    (void)state;
    check_reach(model, join, "j1", "asgk");
    check_reach(model, join, "j2", "bsgk");
    check_reach(model, join, "j3", "dcasgk");
    check_reach(model, join, "j4", "ltsgk");
    check_reach(model, fork, "f0", "s");
    check_reach(model, fork, "f6", "kjabcdlt");
    reading_free(reading);
}

/* A thousand joins in a definition of five thousand elements; and so many that it is refused. */
static void test_many_joins(void **state)
{
    static const int sizes[] = {1000, 9000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        char *body = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&body, &length);
        struct reading *reading;
        char *text;

        (void)fprintf(stream, "<startEvent id='s'/><sequenceFlow id='f' sourceRef='s' "
                              "targetRef='x0'/>");
        for (int n = 0; n < sizes[i]; n++)
            (void)fprintf(stream,
                          "<inclusiveGateway id='x%d'/><task id='a%d'/><sequenceFlow id='f%d' "
                          "sourceRef='x%d' targetRef='x%d'/><sequenceFlow id='g%d' sourceRef='x%d' "
                          "targetRef='a%d'/><sequenceFlow id='h%d' sourceRef='a%d' "
                          "targetRef='x%d'/>",
                          n, n, n, n, n + 1, n, n, n, n, n, n + 1);
        (void)fprintf(stream, "<endEvent id='x%d'/>", sizes[i]);
        (void)fclose(stream);
        text = process_with(body);
        reading = reading_of_text(text);
        assert_int_equal(reading->status, i == 0 ? STATUS_OK : STATUS_INVALID);
        assert_int_equal(reading_finding(reading, "too-many-elements") == NULL, i == 0);
        reading_free(reading);
        free(text);
        free(body);
    }
}

/* Three thousand events that share a definition of three thousand parts. */
static void test_shared_definition(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    struct reading *reading;

    (void)state;
    (void)fprintf(stream, DEFINITIONS "<signal id='g' name='g'/><signalEventDefinition id='d' "
                                      "signalRef='g'>");
    for (int i = 0; i < 3000; i++)
        (void)fprintf(stream, "<documentation/>");
    (void)fprintf(stream, "</signalEventDefinition><process id='p'>");
    for (int i = 0; i < 3000; i++)
        (void)fprintf(stream,
                      "<startEvent id='s%d'><eventDefinitionRef>d</eventDefinitionRef></startEvent>"
                      "<task id='t%d'/><sequenceFlow id='f%d' sourceRef='s%d' targetRef='t%d'/>",
                      i, i, i, i, i);
    (void)fprintf(stream, "</process></definitions>");
    (void)fclose(stream);
    reading = reading_of_text(text);
    assert_int_equal(reading->status, STATUS_INVALID);
    assert_non_null(reading_finding(reading, "too-many-elements"));
    reading_free(reading);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptions),
        cmocka_unit_test(test_message_flows),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_compensable),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_many_joins),
        cmocka_unit_test(test_shared_definition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
