/* Timers of tokens: arming them, and arming the next firing of a cycle. Only events that interrupt
 * nothing repeat (boundary events, event sub-processes): the others can happen but once. */
#include "bpmn/sla/point.h"
#include "bpmn/step/element.h"
#include "bpmn/timer/timer_plan.h"

#include <string.h>

/* Can it happen again? A catch event's token goes on; an interrupting event ends what it is for. */
static bool may_repeat(const struct bpmn_element *event)
{
    return !event->interrupting &&
           (event->type == BPMN_BOUNDARY_EVENT || event->type == BPMN_START_EVENT);
}

/* `id`: the timer's when it has one already; NULL: a new one. */
static void arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                uint32_t definition, const struct timer_plan *plan, const struct uuid *id)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_TIMER_ARMED, at);

    if (id != NULL)
        change.wait_id = *id;
    change.element = event->index;
    change.definition = definition;
    change.due_us = plan->due_us;
    change.repeat = plan->repeat;
    change.repeats_left = plan->repeats_left;
    step_wait(step, &change);
}

/* The subject that is meant when the model names none. */
static enum status own_subject(const struct step *step, const struct bpmn_timer_clock *clock,
                               const char **ret_id, struct error *ret_error)
{
    char text[UUID_TEXT_BYTES];

    if (strcmp(clock->subject_type, "process-instance") == 0) {
        *ret_id = arena_copy(step->env->arena, uuid_format(&step->instance->id, text));
        return STATUS_OK;
    }
    *ret_id = step->instance->business_key;
    if (*ret_id != NULL)
        return STATUS_OK;
    return error_set(ret_error, STATUS_FAILED,
                     "Expected a business key, which says whose clock the timer follows, but the "
                     "instance has none; name the %s in synergyflow:clockSubjectId.",
                     clock->subject_type);
}

/* Which clock the timer follows, as seen from `at`. */
static enum status bind(struct step *step, const struct place *at, const struct bpmn_element *event,
                        const struct bpmn_timer_clock *clock,
                        const struct bpmn_clock_binding **ret_binding, struct error *ret_error)
{
    struct bpmn_clock_binding *binding = arena_alloc(step->env->arena, sizeof(*binding));
    struct place seen_from = *at;
    struct sla_point unused;
    enum status status;

    seen_from.element = event;
    binding->subject_type = clock->subject_type;
    status = evaluate_text(step, &seen_from, clock->target, "clock", &binding->target, ret_error);
    if (status == STATUS_OK)
        status = evaluate_text(step, &seen_from, clock->threshold, "threshold", &binding->threshold,
                               ret_error);
    if (status == STATUS_OK && clock->subject_id != NULL)
        status = evaluate_text(step, &seen_from, clock->subject_id, "clockSubjectId",
                               &binding->subject_id, ret_error);
    else if (status == STATUS_OK)
        status = own_subject(step, clock, &binding->subject_id, ret_error);
    if (status == STATUS_OK &&
        (binding->target == NULL || binding->subject_id == NULL || binding->subject_id[0] == '\0'))
        status = error_set(ret_error, STATUS_FAILED,
                           "Expected the name of an SLA target and the id of a subject but found "
                           "nothing.");
    if (status == STATUS_OK)
        status = sla_point_read(binding->threshold != NULL ? binding->threshold : "", &unused,
                                ret_error);
    *ret_binding = binding;
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(event, "timer", ret_error);
}

/* It waits for its clock. `id` as with arm(). */
static enum status arm_by_clock(struct step *step, const struct place *at,
                                const struct bpmn_element *event, uint32_t definition,
                                const struct bpmn_timer_clock *clock, const struct uuid *id,
                                struct error *ret_error)
{
    struct bpmn_change change = step_change(step, BPMN_CHANGE_TIMER_ARMED, at);

    if (bind(step, at, event, clock, &change.clock, ret_error) != STATUS_OK)
        return ret_error->status;
    if (id != NULL)
        change.wait_id = *id;
    change.element = event->index;
    change.definition = definition;
    change.due_us = BPMN_TIMER_BY_CLOCK_US;
    step_wait(step, &change);
    return STATUS_OK;
}

static enum status find_place(struct step *step, const struct bpmn_event_definition *defined,
                              struct timer_place *ret_place, struct error *ret_error)
{
    return timer_place_find(step->env->timers, defined->time_zone, defined->calendar,
                            defined->end_of_day, ret_place, ret_error);
}

/* When a timer of `event` is due that is armed at `from_us`, as seen from `at`. The event may be
 * one of another version of the process. */
static enum status plan(struct step *step, const struct place *at, const struct bpmn_element *event,
                        uint32_t definition, int64_t from_us, struct timer_plan *ret_plan,
                        struct error *ret_error)
{
    const struct bpmn_event_definition *defined = &event->events.items[definition];
    const char *text = NULL;
    struct place seen_from = *at;
    struct timer_place place;
    enum status status;

    PRE(defined->kind == BPMN_EVENT_TIMER && defined->timer != NULL);
    seen_from.element = event; /* errors name the event, not the activity it is attached to */
    status = evaluate_text(step, &seen_from, defined->timer, "timer", &text, ret_error);
    if (status != STATUS_OK)
        return status;
    status = find_place(step, defined, &place, ret_error);
    if (status == STATUS_OK)
        status = timer_plan(defined->timer_kind, text != NULL ? text : "", may_repeat(event),
                            &place, from_us, step->env->arena, ret_plan, ret_error);
    return status == STATUS_OK ? STATUS_OK : evaluate_failed(event, "timer", ret_error);
}

enum status timer_arm(struct step *step, const struct place *at, const struct bpmn_element *event,
                      uint32_t definition, struct error *ret_error)
{
    const struct bpmn_timer_clock *clock = event->events.items[definition].clock;
    struct timer_plan planned;
    enum status status;

    if (clock != NULL)
        return arm_by_clock(step, at, event, definition, clock, NULL, ret_error);
    status = plan(step, at, event, definition, step->env->now_us, &planned, ret_error);
    if (status != STATUS_OK)
        return status;
    if (planned.never) {
        /* A boundary event that can not happen any more is not armed. A token may not be stuck at
         * a catch event for ever: it goes on at once. */
        if (event->type == BPMN_BOUNDARY_EVENT || event->type == BPMN_START_EVENT)
            return STATUS_OK;
        planned.due_us = step->env->now_us;
    }
    arm(step, at, event, definition, &planned, NULL);
    return STATUS_OK;
}

enum status timer_repeat(struct step *step, const struct place *at, const struct bpmn_wait *fired,
                         struct error *ret_error)
{
    const struct bpmn_element *event = &step->model->elements[fired->element];
    const struct bpmn_timer_clock *clock = event->events.items[fired->definition].clock;
    struct timer_plan planned;
    struct timer_place place;
    enum status status;

    /* It happens once in each cycle of its clock: it waits for the next one. */
    if (clock != NULL)
        return may_repeat(event)
                   ? arm_by_clock(step, at, event, fired->definition, clock, NULL, ret_error)
                   : STATUS_OK;
    status = find_place(step, &event->events.items[fired->definition], &place, ret_error);
    if (status == STATUS_OK)
        status = timer_plan_next(fired->repeat, fired->repeats_left, &place, fired->due_us,
                                 step->env->now_us, &planned, ret_error);

    if (status != STATUS_OK)
        return evaluate_failed(event, "timer", ret_error);
    if (!planned.never)
        arm(step, at, event, fired->definition, &planned, NULL);
    return STATUS_OK;
}

/* The timer that a moved one is worked out from. */
static enum status find_definition(struct step *step, const struct bpmn_wait *wait,
                                   const struct bpmn_element **ret_event, struct error *ret_error)
{
    const struct bpmn_element *own = &step->model->elements[wait->element];

    *ret_event = own;
    if (step->command->model == NULL)
        return STATUS_OK;
    *ret_event = bpmn_model_element(step->command->model, own->id);
    if (*ret_event != NULL && wait->definition < (*ret_event)->events.count &&
        (*ret_event)->events.items[wait->definition].kind == BPMN_EVENT_TIMER)
        return STATUS_OK;
    error_set(ret_error, STATUS_CONFLICT,
              "Expected '%.100s' to have a timer in the newest version of process '%.100s' too but "
              "it has none there; give the new time yourself.",
              own->id, step->model->process_id);
    return error_at(ret_error, own->id, own->line, own->column);
}

enum status timer_move(struct step *step, const struct place *at, const struct bpmn_wait *wait,
                       struct error *ret_error)
{
    const struct bpmn_command *command = step->command;
    struct timer_plan planned = {
        .due_us = command->due_us, .repeat = wait->repeat, .repeats_left = wait->repeats_left};
    const struct bpmn_element *event = &step->model->elements[wait->element];
    enum status status = STATUS_OK;

    if (command->due_us == 0) {
        const struct bpmn_element *defined = event;

        status = find_definition(step, wait, &defined, ret_error);
        if (status == STATUS_OK && defined->events.items[wait->definition].clock != NULL) {
            step_cancel_wait(step, at, wait, NULL);
            return arm_by_clock(step, at, event, wait->definition,
                                defined->events.items[wait->definition].clock, &wait->id,
                                ret_error);
        }
        if (status == STATUS_OK)
            status =
                plan(step, at, defined, wait->definition, command->from_us, &planned, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    if (planned.never)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the timer of '%.100s' to be due at some time when it is worked "
                         "out again but it would never fire; give the new time yourself.",
                         event->id);
    step_cancel_wait(step, at, wait, NULL);
    arm(step, at, event, wait->definition, &planned, &wait->id);
    return STATUS_OK;
}
