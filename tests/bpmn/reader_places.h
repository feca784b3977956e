/* Models that each break one rule, with a mark where the finding stands. */
#ifndef SYNERGYFLOW_TESTS_BPMN_READER_PLACES_H
#define SYNERGYFLOW_TESTS_BPMN_READER_PLACES_H

#include <stddef.h>

/* '@' stands before the place of the finding and is taken out of the model. */
struct place {
    const char *rule;
    const char *element;
    const char *model;
};

extern const struct place places[];
extern const size_t place_count;

/* The frame of a model; the position tests write models of their own in it. */
#define HEAD                                                                                      \
    "<?xml version=\"1.0\"?>\n<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'\n" \
    " xmlns:flowable='http://flowable.org/bpmn'\n xmlns:activiti='http://activiti.org/bpmn'>\n"   \
    "<message id='m' name='m'/>\n"
#define OPEN               HEAD "<process id='p'>\n"
#define CLOSE              "</process>\n</definitions>\n"
#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>\n"
#define IF(id, from, to)                                            \
    "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to \
    "'><conditionExpression>${a}</conditionExpression></sequenceFlow>\n"
#define ENDS   "<startEvent id='s'/>\n<endEvent id='e'/>\n"
#define SIMPLE ENDS FLOW("f", "s", "e")
/* start → x → end; the model gives x. */
#define AROUND(x) OPEN ENDS FLOW("f1", "s", "x") x FLOW("f2", "x", "e") CLOSE
#define CATCH(inside) \
    AROUND("<intermediateCatchEvent\n  id='x'>\n" inside "</intermediateCatchEvent>\n")
#define BOUNDARY(inside) \
    OPEN ENDS "<task id='t'/>" FLOW("f1", "s", "t") inside FLOW("f3", "x", "e") CLOSE

#endif
