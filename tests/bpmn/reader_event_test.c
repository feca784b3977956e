/* Events: which definition may stand where, and what the model says of each. */
#include "tests/bpmn/reading.h"

#include "bpmn/reader/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
#define TO_X               "<startEvent id='s'/>" FLOW("f", "s", "x")
#define TIMER(kind, text) \
    "<timerEventDefinition><" kind ">" text "</" kind "></timerEventDefinition>"
#define CATCH(inside)    TO_X "<intermediateCatchEvent id='x'>" inside "</intermediateCatchEvent>"
#define THROW(inside)    TO_X "<intermediateThrowEvent id='x'>" inside "</intermediateThrowEvent>"
#define END(inside)      TO_X "<endEvent id='x'>" inside "</endEvent>"
#define START(inside)    "<startEvent id='x'>" inside "</startEvent><task id='y'/>" FLOW("f", "x", "y")
#define HOST             TO_HOST "<task id='h'/>"
#define TO_HOST          "<startEvent id='s'/>" FLOW("f", "s", "h") FLOW("b", "x", "y") "<task id='y'/>"
#define BOUNDARY(inside) HOST "<boundaryEvent id='x' attachedToRef='h'>" inside "</boundaryEvent>"
#define EXTENDED(inside) "<extensionElements>" inside "</extensionElements>"

/* ---- which may stand where: written out from the specification, table 10.93 ---- */

static const char *const definitions[] = {
    [BPMN_EVENT_MESSAGE] = "<messageEventDefinition messageRef='m'/>",
    [BPMN_EVENT_TIMER] = TIMER("timeDuration", "PT1H"),
    [BPMN_EVENT_SIGNAL] = "<signalEventDefinition signalRef='sig'/>",
    [BPMN_EVENT_ERROR] = "<errorEventDefinition errorRef='e'/>",
    [BPMN_EVENT_ESCALATION] = "<escalationEventDefinition escalationRef='esc'/>",
    [BPMN_EVENT_COMPENSATION] = "<compensateEventDefinition/>",
    [BPMN_EVENT_CONDITIONAL] =
        "<conditionalEventDefinition><condition>a</condition></conditionalEventDefinition>",
    [BPMN_EVENT_CANCEL] = "<cancelEventDefinition/>",
    [BPMN_EVENT_LINK] = "<linkEventDefinition name='l'/>",
    [BPMN_EVENT_TERMINATE] = "<terminateEventDefinition/>",
};

/* %s is the definition. Each body is right with one that is allowed there. */
static const char *const bodies[] = {
    [POSITION_START] = START("%s"),
    [POSITION_EVENT_SUB_PROCESS] = TO_X
    "<task id='x'/><subProcess id='v' triggeredByEvent='true'><startEvent id='t'>%s</startEvent>"
    "<task id='y'/>" FLOW("g", "t", "y") "</subProcess>",
    [POSITION_EVENT_SUB_PROCESS_NON] = TO_X
    "<task id='x'/><subProcess id='v' triggeredByEvent='true'><startEvent id='t' "
    "isInterrupting='false'>%s</startEvent><task id='y'/>" FLOW("g", "t", "y") "</subProcess>",
    [POSITION_CATCH] = CATCH("%s"),
    [POSITION_BOUNDARY] = BOUNDARY("%s"),
    [POSITION_BOUNDARY_NON] =
        HOST "<boundaryEvent id='x' attachedToRef='h' cancelActivity='false'>%s</boundaryEvent>",
    [POSITION_THROW] = THROW("%s"),
    [POSITION_END] = END("%s"),
};

/* In the order of the positions; compensation neither interrupts nor does not. */
static const char *const expected[] = {
    [BPMN_EVENT_MESSAGE] = "yyyyyyyy",     [BPMN_EVENT_TIMER] = "yyyyyy--",
    [BPMN_EVENT_SIGNAL] = "yyyyyyyy",      [BPMN_EVENT_ERROR] = "-y--y--y",
    [BPMN_EVENT_ESCALATION] = "-yy-yyyy",  [BPMN_EVENT_COMPENSATION] = "-yy-yyyy",
    [BPMN_EVENT_CONDITIONAL] = "yyyyyy--", [BPMN_EVENT_CANCEL] = "----y--y",
    [BPMN_EVENT_LINK] = "---y--y-",        [BPMN_EVENT_TERMINATE] = "-------y",
};

static void test_positions(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < COUNT_OF(definitions); kind++) {
        for (unsigned position = 0; position < POSITION_COUNT; position++) {
            bool wanted = expected[kind][position] == 'y';
            struct reading *reading;
            char *body = NULL;
            char *text;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            assert_true(asprintf(&body, bodies[position], definitions[kind]) > 0);
#pragma GCC diagnostic pop
            text = process_with(body);
            reading = reading_of_text(text);
            if ((reading_finding(reading, "event-definition-position") == NULL) != wanted)
                print_error("%s on %s\n", bpmn_event_kind_name((enum bpmn_event_kind)kind),
                            event_position_name((enum event_position)position));
            assert_true((reading_finding(reading, "event-definition-position") == NULL) == wanted);
            assert_true(event_is_allowed((enum bpmn_event_kind)kind,
                                         (enum event_position)position) == wanted);
            reading_free(reading);
            free(text);
            free(body);
        }
    }
}

/* ---- what is refused ---- */

#define LINK(name)      "<linkEventDefinition name='" name "'/>"
#define HANDLER         "<task id='u' isForCompensation='true'/>"
#define ASSOCIATION(to) "<association id='a1' sourceRef='x' targetRef='" to "'/>"
#define COMPENSATED \
    TO_HOST_ALONE   \
    "<boundaryEvent id='x' attachedToRef='h'><compensateEventDefinition/></boundaryEvent>"
#define TO_HOST_ALONE "<startEvent id='s'/>" FLOW("f", "s", "h") "<task id='h'/>"
#define INSIDE(id) \
    "<startEvent id='" id "s'/>" FLOW(id "f", id "s", id "e") "<endEvent id='" id "e'/>"

static const struct finding_row refused[] = {
    {CATCH(""), "event-definition-missing", "x", "catch"},
    {BOUNDARY(""), "event-definition-missing", "x", NULL},
    {TO_X "<task id='x'/><subProcess id='v' triggeredByEvent='true'>" INSIDE("i") "</subProcess>",
     "event-definition-missing", "is", "event sub-process"},
    {TO_X "<task id='x'/><subProcess id='v' triggeredByEvent='true'><task id='y'/></subProcess>",
     "nothing-starts", "v", NULL},
    {TO_X "<task id='x'/><subProcess id='v' triggeredByEvent='true'><startEvent id='t1'>" TIMER(
         "timeDuration",
         "PT1H") "</startEvent><startEvent id='t2'>" TIMER("timeDuration",
                                                           "PT2H") "</startEvent><task "
                                                                   "id='y'/>" FLOW("g", "t1", "y")
                                                                       FLOW("h", "t2",
                                                                            "y") "</subProcess>",
     "several-start-events", "t2", "'t1'"},
    {TO_X "<subProcess id='x'><startEvent id='t'>" TIMER(
         "timeDuration", "PT1H") "</startEvent><task id='y'/>" FLOW("g", "t", "y") "</subProcess>",
     "start-event-trigger", "t", NULL},
    {TO_X "<subProcess id='x' triggeredByEvent='true'/>", "event-sub-process-flows", "x", NULL},

    {CATCH("<messageEventDefinition/>"), "message-name", "x", "messageRef"},
    {CATCH("<messageEventDefinition messageRef='gone'/>"), "message-reference", "x", "gone"},
    {CATCH("<messageEventDefinition messageRef='e'/>"), "message-reference", "x", NULL},
    {THROW("<messageEventDefinition messageRef='m' camunda:type='external' camunda:topic='t'/>"),
     "unsupported-attribute", "x", "send task"},
    {CATCH("<signalEventDefinition/>"), "signal-reference", "x", "signalRef"},
    {CATCH("<signalEventDefinition signalRef='gone'/>"), "signal-reference", "x", "gone"},
    {END("<errorEventDefinition errorRef='m'/>"), "error-reference", "x", "<message>"},
    {END("<escalationEventDefinition escalationRef='gone'/>"), "escalation-reference", "x", "gone"},
    {CATCH("<conditionalEventDefinition/>"), "event-condition", "x", NULL},
    {CATCH("<conditionalEventDefinition><condition>a +</condition></conditionalEventDefinition>"),
     "expression-syntax", "x", "condition"},
    {CATCH("<eventDefinitionRef>gone</eventDefinitionRef>"), "event-definition-reference", "x",
     "gone"},
    {END("<terminateEventDefinition flowable:terminateMultiInstance='true'/>"),
     "unsupported-attribute", "x", NULL},

    {CATCH("<timerEventDefinition/>"), "timer-definition", "x", NULL},
    {CATCH(TIMER("timeDuration", "")), "timer-definition", "x", NULL},
    {CATCH("<timerEventDefinition><timeDate>2027-01-01</timeDate><timeDuration>PT1H</timeDuration>"
           "</timerEventDefinition>"),
     "timer-definition", "x", "2"},
    {CATCH("<timerEventDefinition synergyflow:clock='resolution'/>"), "timer-clock", "x",
     "synergyflow:threshold is missing"},
    {CATCH("<timerEventDefinition synergyflow:threshold='75%'/>"), "timer-clock", "x",
     "synergyflow:clock is missing"},
    {CATCH("<timerEventDefinition synergyflow:clock='a' synergyflow:threshold='75'/>"),
     "timer-clock", "x", "percentage"},
    {CATCH("<timerEventDefinition synergyflow:clock='a' synergyflow:threshold='2000%'/>"),
     "timer-clock", "x", "1000%"},
    {CATCH("<timerEventDefinition synergyflow:clock='a' synergyflow:threshold='1%' "
           "synergyflow:clockSubject='ticket'/>"),
     "timer-clock", "x", "ticket"},
    {CATCH("<timerEventDefinition synergyflow:clock='a' synergyflow:threshold='1%' "
           "synergyflow:calendar='office'/>"),
     "timer-clock", "x", "calendar of its policy"},
    {CATCH("<timerEventDefinition synergyflow:clock='a' synergyflow:threshold='1%'>"
           "<timeDuration>PT1H</timeDuration></timerEventDefinition>"),
     "timer-clock", "x", "both"},
    {CATCH(TIMER("timeDuration", "1 hour")), "timer-syntax", "x", NULL},
    {CATCH(TIMER("timeDate", "2027-02-30")), "timer-syntax", "x", NULL},
    {CATCH(TIMER("timeCycle", "R3/1 hour")), "timer-syntax", "x", NULL},
    {CATCH(TIMER("timeCycle", "0/5 * * * ?")), "timer-syntax", "x", "seconds in front"},
    {CATCH(TIMER("timeCycle", "0 0 12 30 2 ?")), "timer-syntax", "x", "no date"},
    {CATCH(TIMER("timeDuration", "P2BD")), "timer-syntax", "x", "calendar"},
    {CATCH("<timerEventDefinition synergyflow:calendar='office'><timeDuration>P2D</timeDuration>"
           "</timerEventDefinition>"),
     "timer-syntax", "x", "business days"},
    {CATCH("<timerEventDefinition synergyflow:endOfDay='true'><timeDuration>PT2H</timeDuration>"
           "</timerEventDefinition>"),
     "timer-syntax", "x", "calendar"},
    {CATCH(TIMER("timeDuration", "${")), "expression-syntax", "x", NULL},

    {THROW("<linkEventDefinition name=''/>"), "link-name", "x", NULL},
    {THROW(LINK("l")), "link-target", "x", "'l'"},
    {THROW(LINK("l")) "<subProcess id='v'><intermediateCatchEvent id='y'>" LINK(
         "l") "</intermediateCatchEvent><task id='z'/>" FLOW("g", "y", "z") "</subProcess>",
     "link-target", "x", "same"},
    {TO_X "<task id='x'/><intermediateCatchEvent id='y1'>" LINK(
         "l") "</intermediateCatchEvent><intermediateCatchEvent id='y2'>" LINK("l") "</"
                                                                                    "intermediateCa"
                                                                                    "tchEvent>",
     "link-catch", "y2", "'y1'"},
    {CATCH(LINK("l")), "link-flows", "x", "incoming"},
    {THROW(LINK("l")) "<task id='y'/>" FLOW("g", "x", "y"), "link-flows", "x", "outgoing"},
    {CATCH(LINK("l") TIMER("timeDuration", "PT1H")), "event-definition-position", "x", "only"},

    {END("<cancelEventDefinition/>"), "cancel-place", "x", "transaction"},
    {BOUNDARY("<cancelEventDefinition/>"), "cancel-place", "x", "'h'"},
    {TO_HOST "<transaction id='h'>" INSIDE(
         "i") "</transaction><boundaryEvent id='w' "
              "attachedToRef='h'><cancelEventDefinition/></boundaryEvent>" FLOW(
                  "c", "w", "y") "<boundaryEvent id='x' "
                                 "attachedToRef='h'><cancelEventDefinition/></boundaryEvent>",
     "cancel-place", "x", "'w'"},

    {COMPENSATED, "compensation-handler", "x", "association"},
    {COMPENSATED ASSOCIATION("u") "<task id='u'/>", "compensation-handler", "x",
     "isForCompensation"},
    {COMPENSATED ASSOCIATION("u") HANDLER "<task id='y'/>" FLOW("g", "u", "y"),
     "compensation-handler-flows", "u", NULL},
    {COMPENSATED ASSOCIATION("u") HANDLER "<task id='y'/>" FLOW("g", "x", "y"),
     "boundary-event-outgoing", "x", "association"},
    {COMPENSATED ASSOCIATION("u") "<subProcess id='v'>" HANDLER "</subProcess>",
     "compensation-handler", "x", "beside"},
    {COMPENSATED ASSOCIATION("u") HANDLER "<task id='u2' isForCompensation='true'/><association "
                                          "id='a2' sourceRef='x' targetRef='u2'/>",
     "compensation-handler", "x", "one handler"},
    {COMPENSATED ASSOCIATION("u") HANDLER
     "<boundaryEvent id='x2' attachedToRef='h'>"
     "<compensateEventDefinition/></boundaryEvent><association id='a2' sourceRef='x2' "
     "targetRef='u'/>",
     "compensation-handler", "x2", "'x'"},
    {THROW("<compensateEventDefinition activityRef='gone'/>"), "compensation-reference", "x",
     "gone"},
    {THROW("<compensateEventDefinition activityRef='s'/>"), "compensation-reference", "x", NULL},

    {BOUNDARY("<errorEventDefinition/>") FLOW("c", "y", "x"), "boundary-event-incoming", "x", NULL},
    {TO_HOST_ALONE "<boundaryEvent id='x' attachedToRef='h'><errorEventDefinition/>"
                   "</boundaryEvent>",
     "boundary-event-outgoing", "x", NULL},
    {TO_HOST_ALONE "<boundaryEvent id='x' attachedToRef='s'><errorEventDefinition/>"
                   "</boundaryEvent><task id='y'/>" FLOW("g", "x", "y"),
     "boundary-attachment", "x", "'s'"},
    {TO_HOST_ALONE
     "<boundaryEvent id='x'><errorEventDefinition/></boundaryEvent><task id='y'/>" FLOW("g", "x",
                                                                                        "y"),
     "boundary-attachment", "x", NULL},
    {TO_HOST_ALONE
     "<subProcess id='v'><boundaryEvent id='x' attachedToRef='h'>"
     "<errorEventDefinition/></boundaryEvent><task id='y'/>" FLOW("g", "x", "y") "</subProcess>",
     "boundary-attachment", "x", NULL},
};

static const struct finding_row warned[] = {
    {CATCH(TIMER("timeDate", "1999-01-01")), "timer-past", "x", "1999"},
    {TO_X "<task id='x'/><intermediateCatchEvent id='y'>" LINK("l") "</intermediateCatchEvent>",
     "link-unused", "y", "'l'"},
    {TO_HOST_ALONE FLOW("g", "h", "x") "<intermediateThrowEvent id='x'><compensateEventDefinition "
                                       "activityRef='h'/></intermediateThrowEvent>",
     "compensation-unhandled", "x", "'h'"},
};

static const char *const accepted[] = {
    END("<errorEventDefinition/>"),
    END("<errorEventDefinition errorRef='SOME_CODE'/>"),
    TO_X "<transaction id='x'><startEvent id='t'/>" FLOW(
        "g", "t",
        "v") "<subProcess id='v'><startEvent id='w'/>" FLOW("h", "w",
                                                            "u") "<endEvent "
                                                                 "id='u'><"
                                                                 "cancelEventDefin"
                                                                 "ition/></"
                                                                 "endEvent></"
                                                                 "subProcess"
                                                                 ">" FLOW(
                                                                     "i", "v",
                                                                     "te") "<"
                                                                           "e"
                                                                           "n"
                                                                           "d"
                                                                           "E"
                                                                           "v"
                                                                           "e"
                                                                           "n"
                                                                           "t"
                                                                           " "
                                                                           "i"
                                                                           "d"
                                                                           "="
                                                                           "'"
                                                                           "t"
                                                                           "e"
                                                                           "'"
                                                                           "/"
                                                                           ">"
                                                                           "<"
                                                                           "/"
                                                                           "t"
                                                                           "r"
                                                                           "a"
                                                                           "n"
                                                                           "s"
                                                                           "a"
                                                                           "c"
                                                                           "t"
                                                                           "i"
                                                                           "o"
                                                                           "n"
                                                                           ">" FLOW(
                                                                               "j", "x",
                                                                               "z") "<endEvent "
                                                                                    "id='z'/>",
    TO_X "<intermediateCatchEvent id='x'><messageEventDefinition "
         "flowable:messageExpression='${name}'/></intermediateCatchEvent>" FLOW(
             "g", "x", "z") "<endEvent id='z'/>",
    THROW("") FLOW("g", "x", "z") "<endEvent id='z'/>",
    COMPENSATED ASSOCIATION("u") HANDLER FLOW("g", "h", "z") "<endEvent id='z'/>",
    COMPENSATED "<association id='a1' sourceRef='u' targetRef='x'/>" HANDLER FLOW(
        "g", "h", "z") "<endEvent id='z'/>",
    THROW(LINK("l")) "<intermediateCatchEvent id='y'>" LINK("l") "</intermediateCatchEvent>" FLOW(
        "g", "y", "z") "<endEvent id='z'/>",
};

static void test_refused(void **state)
{
    (void)state;
    check_findings(refused, COUNT_OF(refused), BPMN_ERROR);
}

static void test_warned(void **state)
{
    (void)state;
    check_findings(warned, COUNT_OF(warned), BPMN_WARNING);
}

static void test_accepted(void **state)
{
    (void)state;
    check_accepted(accepted, COUNT_OF(accepted));
}

/* The caller's clock says what lies in the past. */
static void test_past(void **state)
{
    char *text = process_with(CATCH(TIMER("timeDate", "2026-01-01")));
    struct arena *arena = arena_new(1024 * 1024);
    struct bpmn_findings findings = {.arena = arena, .now_us = 1767225600LL * 1000 * 1000 + 1};
    struct bpmn_document *document;
    struct error error = {0};

    (void)state;
    assert_int_equal(bpmn_read(text, strlen(text), &findings, &document, &error), STATUS_OK);
    assert_string_equal(findings.items[findings.count - 1].rule, "timer-past");
    bpmn_document_free(document);
    findings.count = 0;
    findings.now_us -= 2;
    assert_int_equal(bpmn_read(text, strlen(text), &findings, &document, &error), STATUS_OK);
    for (uint32_t i = 0; i < findings.count; i++)
        assert_string_not_equal(findings.items[i].rule, "timer-past");
    bpmn_document_free(document);
    arena_free(arena);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_warned),    cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
