/* The models that the benchmarks deploy. */
#ifndef SYNERGYFLOW_BENCH_MODELS_H
#define SYNERGYFLOW_BENCH_MODELS_H

#define BENCH_HEAD                                                     \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'" \
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='bench'>"

/* start → five automatic steps (expressions, one of them behind a decision) → end */
#define BENCH_AUTOMATIC                                                                           \
    BENCH_HEAD                                                                                    \
    "<process id='bench_automatic' isExecutable='true'>"                                          \
    "<startEvent id='start'/>"                                                                    \
    "<sequenceFlow id='f1' sourceRef='start' targetRef='one'/>"                                   \
    "<serviceTask id='one' flowable:expression='${amount * 2}' "                                  \
    "flowable:resultVariable='doubled'/>"                                                         \
    "<sequenceFlow id='f2' sourceRef='one' targetRef='two'/>"                                     \
    "<serviceTask id='two' flowable:expression='${doubled + 1}' flowable:resultVariable='more'/>" \
    "<sequenceFlow id='f3' sourceRef='two' targetRef='decide'/>"                                  \
    "<exclusiveGateway id='decide' default='f5'/>"                                                \
    "<sequenceFlow id='f4' sourceRef='decide' targetRef='three'>"                                 \
    "<conditionExpression>${more > 100}</conditionExpression></sequenceFlow>"                     \
    "<sequenceFlow id='f5' sourceRef='decide' targetRef='three'/>"                                \
    "<manualTask id='three'/>"                                                                    \
    "<sequenceFlow id='f6' sourceRef='three' targetRef='four'/>"                                  \
    "<serviceTask id='four' flowable:expression='${more > 10}' flowable:resultVariable='big'/>"   \
    "<sequenceFlow id='f7' sourceRef='four' targetRef='five'/>"                                   \
    "<task id='five'/>"                                                                           \
    "<sequenceFlow id='f8' sourceRef='five' targetRef='end'/>"                                    \
    "<endEvent id='end'/>"                                                                        \
    "</process></definitions>"

#define BENCH_TASK                                               \
    BENCH_HEAD                                                   \
    "<process id='bench_task' isExecutable='true'>"              \
    "<startEvent id='start'/>"                                   \
    "<sequenceFlow id='f1' sourceRef='start' targetRef='work'/>" \
    "<userTask id='work' name='Work' flowable:assignee='kim'/>"  \
    "<sequenceFlow id='f2' sourceRef='work' targetRef='end'/>"   \
    "<endEvent id='end'/>"                                       \
    "</process></definitions>"

#define BENCH_TIMER                                                               \
    BENCH_HEAD                                                                    \
    "<process id='bench_timer' isExecutable='true'>"                              \
    "<startEvent id='start'/>"                                                    \
    "<sequenceFlow id='f1' sourceRef='start' targetRef='wait'/>"                  \
    "<intermediateCatchEvent id='wait'><timerEventDefinition>"                    \
    "<timeDate>${due}</timeDate></timerEventDefinition></intermediateCatchEvent>" \
    "<sequenceFlow id='f2' sourceRef='wait' targetRef='end'/>"                    \
    "<endEvent id='end'/>"                                                        \
    "</process></definitions>"

/* One activity with as many parallel instances as the variable n says. */
#define BENCH_PARALLEL                                                                          \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='bench'>" \
    "<process id='bench_parallel' isExecutable='true'><startEvent id='start'/>"                 \
    "<sequenceFlow id='f1' sourceRef='start' targetRef='many'/><userTask id='many'>"            \
    "<multiInstanceLoopCharacteristics><loopCardinality>${n}</loopCardinality>"                 \
    "</multiInstanceLoopCharacteristics></userTask>"                                            \
    "<sequenceFlow id='f2' sourceRef='many' targetRef='end'/><endEvent id='end'/>"              \
    "</process></definitions>"

#endif
