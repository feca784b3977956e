/* See structured.h. Every block appends its elements and flows to the text and says where a token
 * comes in and where it goes out; what decides its way are constants and counters of its own, so
 * that the order in which parallel work is done can not matter. */
#include "tests/trace/structured.h"

#include <stdio.h>
#include <string.h>

enum { ID_BYTES = 16 };

struct block {
    char in[ID_BYTES];
    char out[ID_BYTES];
};

struct builder {
    struct text *xml;
    uint64_t random;
    int ids;
};

static uint32_t draw(struct builder *builder, uint32_t below)
{
    builder->random ^= builder->random << 13;
    builder->random ^= builder->random >> 7;
    builder->random ^= builder->random << 17;
    return (uint32_t)(builder->random % below);
}

static void new_id(struct builder *builder, char prefix, char ret_id[ID_BYTES])
{
    (void)snprintf(ret_id, ID_BYTES, "%c%d", prefix, ++builder->ids);
}

/* Now and then a module's handler listens. */
static void listeners(struct builder *builder, const char *first, const char *second)
{
    if (draw(builder, 8) != 0)
        return;
    text_append(builder->xml, "<extensionElements>");
    for (uint32_t i = 1 + draw(builder, 3); i > 0; i--)
        text_append_format(builder->xml,
                           "<flowable:executionListener event='%s' synergyflow:topic='told%u'/>",
                           draw(builder, 2) ? first : second, i);
    text_append(builder->xml, "</extensionElements>");
}

static void flow(struct builder *builder, const char *from, const char *to, const char *condition)
{
    char id[ID_BYTES];

    new_id(builder, 'f', id);
    text_append_format(builder->xml, "<sequenceFlow id='%s' sourceRef='%s' targetRef='%s'>", id,
                       from, to);
    listeners(builder, "take", "take");
    if (condition != NULL)
        text_append_format(builder->xml, "<conditionExpression>%s</conditionExpression>",
                           condition);
    text_append(builder->xml, "</sequenceFlow>\n");
}

static void element(struct builder *builder, const char *tag, char prefix, char ret_id[ID_BYTES])
{
    new_id(builder, prefix, ret_id);
    text_append_format(builder->xml, "<%s id='%s'/>\n", tag, ret_id);
}

static void script(struct builder *builder, const char *variable, const char *source,
                   char ret_id[ID_BYTES])
{
    new_id(builder, 't', ret_id);
    text_append_format(builder->xml,
                       "<scriptTask id='%s' scriptFormat='juel' flowable:resultVariable='%s'>"
                       "<script>%s</script></scriptTask>\n",
                       ret_id, variable, source);
}

static struct block any_block(struct builder *builder, int depth);

/* ---- leaves ---------------------------------------------------------------------------------- */

static void leaf_text(struct builder *builder, const char *id)
{
    static const char *const tags[] = {"userTask",    "userTask",     "task",
                                       "serviceTask", "callActivity", "receiveTask"};
    const char *tag = tags[draw(builder, 6)];

    text_append_format(builder->xml, "<%s id='%s'", tag, id);
    if (strcmp(tag, "callActivity") == 0)
        text_append(builder->xml, " calledElement='other'");
    if (strcmp(tag, "receiveTask") == 0)
        text_append(builder->xml, " messageRef='answer'");
    if (draw(builder, 8) == 0)
        text_append(builder->xml, " flowable:async='true'");
    text_append(builder->xml, ">");
    listeners(builder, "start", "end");
    switch (draw(builder, 12)) {
    case 0:
        text_append_format(builder->xml,
                           "<multiInstanceLoopCharacteristics isSequential='%s'><loopCardinality>%u"
                           "</loopCardinality></multiInstanceLoopCharacteristics>",
                           draw(builder, 2) ? "true" : "false", draw(builder, 4));
        break;
    case 1:
        text_append_format(builder->xml,
                           "<standardLoopCharacteristics testBefore='%s' loopMaximum='%u'/>",
                           draw(builder, 2) ? "true" : "false", 1 + draw(builder, 2));
        break;
    default:
        break;
    }
    text_append_format(builder->xml, "</%s>\n", tag);
}

static struct block leaf(struct builder *builder)
{
    struct block block;

    if (draw(builder, 5) == 0) {
        char variable[ID_BYTES];

        new_id(builder, 'v', variable);
        script(builder, variable, "${1}", block.in);
    } else {
        new_id(builder, 't', block.in);
        leaf_text(builder, block.in);
    }
    memcpy(block.out, block.in, sizeof(block.out));
    return block;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static struct block sequence(struct builder *builder, int depth)
{
    struct block block = any_block(builder, depth);

    for (uint32_t i = 1 + draw(builder, 2); i > 0; i--) {
        struct block next = any_block(builder, depth);

        flow(builder, block.out, next.in, NULL);
        memcpy(block.out, next.out, sizeof(block.out));
    }
    return block;
}

/* Two or three ways between a gateway and another one of its kind. */
static struct block branches(struct builder *builder, int depth, const char *tag)
{
    struct block block;
    bool conditions = strcmp(tag, "parallelGateway") != 0;
    uint32_t count = 2 + draw(builder, 2);

    element(builder, tag, 'g', block.in);
    element(builder, tag, 'g', block.out);
    for (uint32_t i = 0; i < count; i++) {
        struct block way = any_block(builder, depth);
        bool last = i + 1 == count; /* one of them can always be taken */

        flow(builder, block.in, way.in,
             !conditions                     ? NULL
             : last || draw(builder, 2) == 0 ? "${true}"
                                             : "${false}");
        flow(builder, way.out, block.out, NULL);
    }
    return block;
}

/* Twice through its body. Its counter is its own: it lives in a sub-process. */
static struct block loop(struct builder *builder, int depth)
{
    struct block block;
    struct block body;
    char counter[ID_BYTES];
    char start[ID_BYTES];
    char zero[ID_BYTES];
    char merge[ID_BYTES];
    char more[ID_BYTES];
    char choice[ID_BYTES];
    char end[ID_BYTES];
    char text[64];

    new_id(builder, 'p', block.in);
    memcpy(block.out, block.in, sizeof(block.out));
    new_id(builder, 'k', counter);
    text_append_format(builder->xml, "<subProcess id='%s'><property id='%s' name='%s'/>\n",
                       block.in, counter, counter);
    element(builder, "startEvent", 's', start);
    element(builder, "endEvent", 'e', end);
    element(builder, draw(builder, 2) ? "exclusiveGateway" : "inclusiveGateway", 'g', merge);
    script(builder, counter, "${0}", zero);
    (void)snprintf(text, sizeof(text), "${%s + 1}", counter);
    script(builder, counter, text, more);
    element(builder, "exclusiveGateway", 'g', choice);
    body = any_block(builder, depth);
    flow(builder, start, zero, NULL);
    flow(builder, zero, merge, NULL);
    flow(builder, merge, body.in, NULL);
    flow(builder, body.out, more, NULL);
    flow(builder, more, choice, NULL);
    (void)snprintf(text, sizeof(text), "${%s &lt; 2}", counter);
    flow(builder, choice, merge, text);
    (void)snprintf(text, sizeof(text), "${%s >= 2}", counter);
    flow(builder, choice, end, text);
    text_append(builder->xml, "</subProcess>\n");
    return block;
}

static void plain_end(struct builder *builder, const char *from)
{
    char end[ID_BYTES];

    element(builder, "endEvent", 'e', end);
    flow(builder, from, end, NULL);
}

/* A message starts it, again and again; a message of its own kind ends what it stands beside. */
static void event_sub_process(struct builder *builder, int depth)
{
    bool interrupts = draw(builder, 2) == 0;
    struct block body;
    char id[ID_BYTES];
    char start[ID_BYTES];

    new_id(builder, 'h', id);
    new_id(builder, 's', start);
    text_append_format(builder->xml,
                       "<subProcess id='%s' triggeredByEvent='true'>\n<startEvent id='%s' "
                       "isInterrupting='%s'><messageEventDefinition messageRef='%s'/>"
                       "</startEvent>\n",
                       id, start, interrupts ? "true" : "false", interrupts ? "stop" : "ask");
    body = any_block(builder, depth);
    flow(builder, start, body.in, NULL);
    plain_end(builder, body.out);
    text_append(builder->xml, "</subProcess>\n");
}

/* The error is thrown when everything else in the sub-process is done. */
static void failing_end(struct builder *builder, const char *from)
{
    char choice[ID_BYTES];
    char good[ID_BYTES];
    char bad[ID_BYTES];
    bool fails = draw(builder, 2) == 0;

    element(builder, "exclusiveGateway", 'g', choice);
    element(builder, "endEvent", 'e', good);
    new_id(builder, 'e', bad);
    text_append_format(builder->xml,
                       "<endEvent id='%s'><errorEventDefinition errorRef='broken'/></endEvent>\n",
                       bad);
    flow(builder, from, choice, NULL);
    flow(builder, choice, bad, fails ? "${true}" : "${false}");
    flow(builder, choice, good, fails ? "${false}" : "${true}");
}

/* The path of a boundary event leads to the way out as well. */
static void boundary(struct builder *builder, const char *activity, const char *out,
                     const char *definition)
{
    struct block path;
    char id[ID_BYTES];

    new_id(builder, 'b', id);
    text_append_format(builder->xml, "<boundaryEvent id='%s' attachedToRef='%s'>%s</boundaryEvent>",
                       id, activity, definition);
    path = leaf(builder);
    flow(builder, id, path.in, NULL);
    flow(builder, path.out, out, NULL);
}

/* Beside the activity; its path has an end of its own. */
static void side_boundary(struct builder *builder, const char *activity, const char *definition)
{
    struct block path;
    char id[ID_BYTES];
    char end[ID_BYTES];

    new_id(builder, 'b', id);
    text_append_format(
        builder->xml,
        "<boundaryEvent id='%s' attachedToRef='%s' cancelActivity='false'>%s</boundaryEvent>", id,
        activity, definition);
    path = leaf(builder);
    element(builder, "endEvent", 'e', end);
    flow(builder, id, path.in, NULL);
    flow(builder, path.out, end, NULL);
}

static struct block sub_process(struct builder *builder, int depth)
{
    struct block block;
    struct block body;
    char start[ID_BYTES];
    char activity[ID_BYTES];
    bool multi = draw(builder, 3) == 0;
    /* One of several that fails would end the others, wherever they are. */
    bool fails = !multi && draw(builder, 3) == 0;

    new_id(builder, 'p', activity);
    text_append_format(builder->xml, "<subProcess id='%s'>\n", activity);
    if (multi)
        text_append_format(builder->xml,
                           "<multiInstanceLoopCharacteristics isSequential='%s'><loopCardinality>%u"
                           "</loopCardinality></multiInstanceLoopCharacteristics>\n",
                           draw(builder, 2) ? "true" : "false", draw(builder, 4));
    element(builder, "startEvent", 's', start);
    body = any_block(builder, depth);
    flow(builder, start, body.in, NULL);
    if (fails)
        failing_end(builder, body.out);
    else
        plain_end(builder, body.out);
    if (draw(builder, 3) == 0)
        event_sub_process(builder, depth);
    text_append(builder->xml, "</subProcess>\n");
    element(builder, "exclusiveGateway", 'g', block.out);
    flow(builder, activity, block.out, NULL);
    if (fails)
        boundary(builder, activity, block.out, "<errorEventDefinition errorRef='broken'/>");
    if (draw(builder, 3) == 0)
        boundary(builder, activity, block.out,
                 "<timerEventDefinition><timeDuration>PT5H</timeDuration></timerEventDefinition>");
    if (draw(builder, 3) == 0)
        side_boundary(
            builder, activity,
            "<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>");
    memcpy(block.in, activity, sizeof(block.in));
    return block;
}

static struct block guarded_task(struct builder *builder)
{
    struct block block;

    new_id(builder, 't', block.in);
    text_append_format(builder->xml, "<userTask id='%s'/>\n", block.in);
    element(builder, "exclusiveGateway", 'g', block.out);
    flow(builder, block.in, block.out, NULL);
    boundary(builder, block.in, block.out, "<messageEventDefinition messageRef='stop'/>");
    side_boundary(builder, block.in, "<signalEventDefinition signalRef='ping'/>");
    return block;
}

static struct block any_block(struct builder *builder, int depth)
{
    if (depth <= 0)
        return leaf(builder);
    switch (draw(builder, 9)) {
    case 0:
        return leaf(builder);
    case 1:
    case 2:
        return sequence(builder, depth - 1);
    case 3:
        return branches(builder, depth - 1, "parallelGateway");
    case 4:
        return branches(builder, depth - 1, "inclusiveGateway");
    case 5:
        return branches(builder, depth - 1, "exclusiveGateway");
    case 6:
        return loop(builder, depth - 1);
    case 7:
        return sub_process(builder, depth - 1);
    default:
        return guarded_task(builder);
    }
}

void structured_model(uint64_t seed, int depth, struct text *ret_xml)
{
    struct builder builder = {.xml = ret_xml, .random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
    struct block body;

    text_append(
        ret_xml,
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' "
        "xmlns:flowable='http://flowable.org/bpmn' "
        "xmlns:synergyflow='http://synergyflow.org/bpmn' targetNamespace='urn:structured'>\n"
        "<message id='ask' name='ask'/><message id='stop' name='stop'/>"
        "<message id='answer' name='answer'/><signal id='ping' name='ping'/>"
        "<error id='broken' errorCode='BROKEN'/>\n"
        "<process id='structured' isExecutable='true'>\n"
        "<startEvent id='start'/><endEvent id='end'/>\n");
    body = sequence(&builder, depth);
    flow(&builder, "start", body.in, NULL);
    flow(&builder, body.out, "end", NULL);
    text_append(ret_xml, "</process></definitions>\n");
}
