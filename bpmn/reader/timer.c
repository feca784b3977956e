/* Timers: date, duration or cycle; what is written out is checked now. */
#include "bpmn/reader/draft.h"

#include <string.h>

static const int64_t year_2000_us = 946684800LL * 1000 * 1000;

void check_due_date(struct draft *draft, const struct expression *expression, const char *id,
                    const xmlNode *node)
{
    struct iso8601_duration duration;
    struct error error = {0};
    int64_t instant_us;
    const char *text;
    enum status status;

    if (expression == NULL || !expression_is_literal(expression))
        return;
    text = expression_text(expression);
    status = text[0] == 'P' ? iso8601_parse_duration(text, &duration, &error)
                            : iso8601_parse_instant(text, &instant_us, &error);
    if (status != STATUS_OK)
        finding_add(draft->findings, BPMN_ERROR, "timer-syntax", id, node, "%s", error.message);
}

/* Without a clock only what lies before every engine is certain to be in the past. */
static void check_past(struct draft *draft, const char *text, const char *id, const xmlNode *node)
{
    int64_t now_us = draft->file->now_us != 0 ? draft->file->now_us : year_2000_us;
    struct error error = {0};
    int64_t instant_us;

    if (iso8601_parse_instant(text, &instant_us, &error) == STATUS_OK && instant_us < now_us)
        finding_add(draft->findings, BPMN_WARNING, "timer-past", id, node,
                    "The date %.60s lies in the past: the timer fires as soon as it is reached.",
                    text);
}

static void check_literal(struct draft *draft, const struct bpmn_event_definition *definition,
                          const char *id, const xmlNode *node)
{
    const char *text = expression_text(definition->timer);
    struct iso8601_duration duration;
    struct iso8601_repeat repeat;
    struct error error = {0};
    enum status status;

    if (!expression_is_literal(definition->timer))
        return;
    if (definition->timer_kind == BPMN_TIMER_DATE) {
        check_due_date(draft, definition->timer, id, node);
        check_past(draft, text, id, node);
        return;
    }
    status = definition->timer_kind == BPMN_TIMER_CYCLE
                 ? iso8601_parse_repeat(text, &repeat, &error)
                 : iso8601_parse_duration(text, &duration, &error);
    if (status != STATUS_OK)
        finding_add(draft->findings, BPMN_ERROR, "timer-syntax", id, node, "%s", error.message);
}

/* flowable:endDate ends a cycle that has no end of its own. */
static const char *with_end(struct draft *draft, const xmlNode *node, const char *text)
{
    const char *end = extension_attribute(draft->arena, node, "endDate");

    return end != NULL ? arena_format(draft->arena, "%s/%s", text, end) : text;
}

void read_timer(struct draft *draft, const char *id, const xmlNode *definition,
                struct bpmn_event_definition *ret_definition)
{
    static const struct {
        const char *name;
        enum bpmn_timer_kind kind;
    } kinds[] = {{"timeDate", BPMN_TIMER_DATE},
                 {"timeDuration", BPMN_TIMER_DURATION},
                 {"timeCycle", BPMN_TIMER_CYCLE}};
    const xmlNode *found = NULL;
    unsigned count = 0;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const xmlNode *child = xml_child(definition, kinds[i].name);

        if (child != NULL) {
            extension_check(draft, child, id);
            found = child;
            ret_definition->timer_kind = kinds[i].kind;
            count++;
        }
    }
    if (count != 1 || xml_text(draft->arena, found) == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "timer-definition", id, definition,
                    "Expected exactly one of timeDate, timeDuration and timeCycle with a value but "
                    "found %u.",
                    count == 1 ? 0 : count);
        return;
    }
    ret_definition->calendar =
        extension_attribute(draft->arena, definition, "businessCalendarName");
    if (ret_definition->calendar == NULL)
        ret_definition->calendar = extension_attribute(draft->arena, definition, "calendar");
    ret_definition->timer =
        draft_expression(draft, with_end(draft, found, xml_text(draft->arena, found)),
                         EXPRESSION_TEMPLATE, xml_name(found), id, found);
    if (ret_definition->timer != NULL)
        check_literal(draft, ret_definition, id, found);
}
