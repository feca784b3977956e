/* See timer_check.h. */
#include "engine/definition/timer_check.h"

static void check(const struct timer_sources *sources, const char *zone, const char *calendar,
                  const struct bpmn_element *element, int line, int column,
                  struct bpmn_findings *findings)
{
    struct timer_place unused;
    struct error error;
    struct bpmn_finding *finding;

    if (timer_place_find(sources, sources->zones != NULL ? zone : NULL,
                         sources->calendars != NULL ? calendar : NULL, false, &unused,
                         &error) == STATUS_OK)
        return;
    findings->error_count++;
    if (findings->count == BPMN_FINDINGS_MAX)
        return;
    finding = &findings->items[findings->count++];
    *finding = (struct bpmn_finding){
        .severity = BPMN_ERROR, .rule = "timer-place", .line = line, .column = column};
    finding->element_id = arena_copy(findings->arena, element->id);
    finding->message = arena_copy(findings->arena, error.message);
}

void timer_check_model(const struct bpmn_model *model, const struct timer_sources *sources,
                       struct bpmn_findings *findings)
{
    if (sources == NULL)
        return;
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];

        for (uint32_t j = 0; j < element->events.count; j++) {
            const struct bpmn_event_definition *event = &element->events.items[j];

            if (event->kind == BPMN_EVENT_TIMER)
                check(sources, event->time_zone, event->calendar, element, event->line,
                      event->column, findings);
        }
        if (element->type == BPMN_USER_TASK)
            check(sources, element->user_task.time_zone, element->user_task.calendar, element,
                  element->line, element->column, findings);
    }
}
