/* Timers: date, duration or cycle; what is written out is checked now. */
#include "bpmn/reader/draft.h"
#include "bpmn/timer/timer_plan.h"

#include <string.h>

static const int64_t year_2000_us = 946684800LL * 1000 * 1000;

void check_due_date(struct draft *draft, const struct expression *expression, bool has_calendar,
                    const char *id, const xmlNode *node)
{
    struct error error = {0};

    if (expression == NULL || !expression_is_literal(expression))
        return;
    if (timer_plan_check(BPMN_TIMER_DATE, expression_text(expression), has_calendar, &error) !=
        STATUS_OK)
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

/* Flowable's names for a timer's kind are no calendars. */
static bool is_calendar(const char *name)
{
    return name != NULL && strcmp(name, "duration") != 0 && strcmp(name, "dueDate") != 0 &&
           strcmp(name, "cycle") != 0;
}

static void check_literal(struct draft *draft, const struct bpmn_event_definition *definition,
                          const char *id, const xmlNode *node)
{
    const char *text = expression_text(definition->timer);
    struct error error = {0};

    if (!expression_is_literal(definition->timer))
        return;
    if (timer_plan_check(definition->timer_kind, text, is_calendar(definition->calendar), &error) !=
        STATUS_OK)
        finding_add(draft->findings, BPMN_ERROR, "timer-syntax", id, node, "%s", error.message);
    else if (definition->timer_kind == BPMN_TIMER_DATE)
        check_past(draft, text, id, node);
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
    const char *text;
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
    ret_definition->time_zone = own_attribute(draft->arena, definition, "timeZone");
    if (ret_definition->time_zone == NULL)
        ret_definition->time_zone = draft->model->time_zone;
    text = own_attribute(draft->arena, definition, "endOfDay");
    ret_definition->end_of_day = text != NULL && strcmp(text, "true") == 0;
    if (ret_definition->end_of_day && !is_calendar(ret_definition->calendar))
        finding_add(draft->findings, BPMN_ERROR, "timer-syntax", id, definition,
                    "Expected a calendar beside endOfDay, which says when a day ends: name it in "
                    "synergyflow:calendar.");
    ret_definition->timer =
        draft_expression(draft, with_end(draft, found, xml_text(draft->arena, found)),
                         EXPRESSION_TEMPLATE, xml_name(found), id, found);
    if (ret_definition->timer != NULL)
        check_literal(draft, ret_definition, id, found);
}
