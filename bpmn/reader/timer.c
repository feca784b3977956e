/* Timers: date, duration or cycle; what is written out is checked now. */
#include "bpmn/reader/draft.h"
#include "bpmn/sla/point.h"
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

/* Where its days are counted. */
static void read_place(struct draft *draft, const xmlNode *node,
                       struct bpmn_event_definition *definition)
{
    const char *text = own_attribute(draft->arena, node, "endOfDay");

    definition->calendar = extension_attribute(draft->arena, node, "businessCalendarName");
    if (definition->calendar == NULL)
        definition->calendar = extension_attribute(draft->arena, node, "calendar");
    definition->time_zone = own_attribute(draft->arena, node, "timeZone");
    if (definition->time_zone == NULL)
        definition->time_zone = draft->model->time_zone;
    definition->end_of_day = text != NULL && strcmp(text, "true") == 0;
}

static void check_clock(struct draft *draft, const struct bpmn_timer_clock *clock,
                        const struct bpmn_event_definition *definition, const char *id,
                        const xmlNode *node)
{
    struct sla_point point;
    enum sla_subject_type type;
    struct error error;

    if (!sla_subject_type_of(clock->subject_type, &type))
        finding_add(draft->findings, BPMN_ERROR, "timer-clock", id, node,
                    "Expected synergyflow:clockSubject to be incident, change, task or "
                    "process-instance but found '%.60s'.",
                    clock->subject_type);
    if (clock->threshold != NULL && expression_is_literal(clock->threshold) &&
        sla_point_read(expression_text(clock->threshold), &point, &error) != STATUS_OK)
        finding_add(draft->findings, BPMN_ERROR, "timer-clock", id, node,
                    "synergyflow:threshold: %s", error.message);
    if (definition->calendar != NULL || definition->end_of_day)
        finding_add(draft->findings, BPMN_ERROR, "timer-clock", id, node,
                    "Expected no calendar on a timer that follows an SLA clock: the clock counts "
                    "in the calendar of its policy.");
}

/* A timer that follows an SLA clock has no time of its own. */
static void read_clock(struct draft *draft, const char *id, const xmlNode *node,
                       struct bpmn_event_definition *definition)
{
    const char *target = own_attribute(draft->arena, node, "clock");
    const char *threshold = own_attribute(draft->arena, node, "threshold");
    const char *type = own_attribute(draft->arena, node, "clockSubject");
    const char *subject = own_attribute(draft->arena, node, "clockSubjectId");
    struct bpmn_timer_clock *clock;

    if (target == NULL || threshold == NULL) {
        finding_add(draft->findings, BPMN_ERROR, "timer-clock", id, node,
                    "Expected both synergyflow:clock, the name of an SLA target, and "
                    "synergyflow:threshold (75%%, -PT30M) but %s is missing.",
                    target == NULL ? "synergyflow:clock" : "synergyflow:threshold");
        return;
    }
    clock = arena_alloc(draft->arena, sizeof(*clock));
    clock->subject_type = type != NULL ? type : "process-instance";
    clock->target = draft_expression(draft, target, EXPRESSION_TEMPLATE, "clock", id, node);
    clock->threshold =
        draft_expression(draft, threshold, EXPRESSION_TEMPLATE, "threshold", id, node);
    if (subject != NULL)
        clock->subject_id =
            draft_expression(draft, subject, EXPRESSION_TEMPLATE, "clockSubjectId", id, node);
    definition->clock = clock;
    check_clock(draft, clock, definition, id, node);
}

static bool names_clock(struct draft *draft, const xmlNode *node)
{
    static const char *const names[] = {"clock", "threshold", "clockSubject", "clockSubjectId"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (own_attribute(draft->arena, node, names[i]) != NULL)
            return true;
    }
    return false;
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
    bool follows;

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const xmlNode *child = xml_child(definition, kinds[i].name);

        if (child != NULL) {
            extension_check(draft, child, id);
            found = child;
            ret_definition->timer_kind = kinds[i].kind;
            count++;
        }
    }
    follows = names_clock(draft, definition);
    if (follows && count > 0) {
        finding_add(draft->findings, BPMN_ERROR, "timer-clock", id, definition,
                    "Expected either an SLA clock (synergyflow:clock) or a time (<%s>) but found "
                    "both.",
                    xml_name(found));
        return;
    }
    if (!follows && (count != 1 || xml_text(draft->arena, found) == NULL)) {
        finding_add(draft->findings, BPMN_ERROR, "timer-definition", id, definition,
                    "Expected exactly one of timeDate, timeDuration and timeCycle with a value but "
                    "found %u.",
                    count == 1 ? 0 : count);
        return;
    }
    read_place(draft, definition, ret_definition);
    if (follows) {
        read_clock(draft, id, definition, ret_definition);
        return;
    }
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
