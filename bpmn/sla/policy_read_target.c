/* See policy.h: the targets of a policy, with their conditions and thresholds. */
#include "bpmn/sla/reading.h"

#include <string.h>

/* ---- thresholds ---- */

const char sla_point_expected[] =
    "a percentage from 0.001% to 1000% (\"75%\") or an offset from the "
    "target (\"-PT30M\", \"PT1H\")";

/* `75%`, `99.5%`: at most three digits behind the point. False when it is something else. */
static bool parse_percent(const char *text, int64_t *ret_thousandths)
{
    int64_t value = 0;
    int places = -1;
    size_t digits = 0;

    for (; *text != '\0' && *text != '%'; text++) {
        if (*text == '.' && places < 0 && digits > 0) {
            places = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || digits++ > 8 || (places >= 0 && ++places > 3))
            return false;
        value = value * 10 + (*text - '0');
    }
    if (digits == 0 || places == 0 || text[0] != '%' || text[1] != '\0')
        return false;
    for (int i = places < 0 ? 0 : places; i < 3; i++)
        value *= 10;
    *ret_thousandths = value;
    return true;
}

bool sla_percent_read(const char *text, int64_t *ret_thousandths)
{
    return parse_percent(text, ret_thousandths) && *ret_thousandths >= 1 &&
           *ret_thousandths <= SLA_PERCENT_MAX_THOUSANDTHS;
}

static enum status read_at(struct sla_reading *reading, const json_t *object,
                           struct sla_threshold *threshold)
{
    const json_t *json = json_object_get(object, "at");
    const char *text = json_string_value(json);

    if (text == NULL)
        return sla_expected(reading, "at", sla_point_expected, json);
    threshold->is_percent = strchr(text, '%') != NULL;
    if (threshold->is_percent)
        return sla_percent_read(text, &threshold->percent_thousandths)
                   ? STATUS_OK
                   : sla_expected(reading, "at", sla_point_expected, json);
    if (sla_read_time(reading, "at", text + (text[0] == '-' || text[0] == '+'),
                      &threshold->offset_us) != STATUS_OK)
        return reading->error->status;
    if (text[0] == '-')
        threshold->offset_us = -threshold->offset_us;
    return STATUS_OK;
}

static enum status read_threshold(struct sla_reading *reading, const json_t *object,
                                  struct sla_threshold *threshold)
{
    static const char *const known[] = {"id", "at", "actions", NULL};
    const json_t *array = NULL;
    struct sla_action *actions;

    if (sla_check_members(reading, object, known) != STATUS_OK ||
        sla_read_text(reading, object, "id", true, &threshold->id) != STATUS_OK ||
        read_at(reading, object, threshold) != STATUS_OK ||
        sla_read_array(reading, object, "actions", SLA_ACTIONS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    threshold->action_count = json_array_size(array);
    actions = arena_array(reading->arena, threshold->action_count, sizeof(*actions));
    threshold->actions = actions;
    for (size_t i = 0; i < threshold->action_count; i++) {
        size_t length = sla_path_enter(reading, "actions", i);

        if (sla_read_action(reading, json_array_get(array, i), &actions[i]) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

static enum status read_thresholds(struct sla_reading *reading, const json_t *object,
                                   struct sla_target *target)
{
    const json_t *array = NULL;
    struct sla_threshold *thresholds;

    if (sla_read_array(reading, object, "thresholds", SLA_THRESHOLDS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    target->threshold_count = json_array_size(array);
    thresholds = arena_array(reading->arena, target->threshold_count, sizeof(*thresholds));
    target->thresholds = thresholds;
    for (size_t i = 0; i < target->threshold_count; i++) {
        size_t length = sla_path_enter(reading, "thresholds", i);

        if (read_threshold(reading, json_array_get(array, i), &thresholds[i]) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

/* ---- the target ---- */

static enum status read_conditions(struct sla_reading *reading, const json_t *object,
                                   struct sla_conditions *conditions)
{
    static const char *const known[] = {"start",  "pause", "resume", "stop",
                                        "cancel", "reset", NULL};
    const json_t *json = json_object_get(object, "conditions");
    size_t length = sla_path_enter(reading, "conditions", SIZE_MAX);

    if ((json != NULL && sla_check_members(reading, json, known) != STATUS_OK) ||
        sla_read_condition(reading, json, "start", "true", &conditions->start) != STATUS_OK ||
        sla_read_condition(reading, json, "pause", NULL, &conditions->pause) != STATUS_OK ||
        sla_read_condition(reading, json, "resume", NULL, &conditions->resume) != STATUS_OK ||
        sla_read_condition(reading, json, "stop", NULL, &conditions->stop) != STATUS_OK ||
        sla_read_condition(reading, json, "cancel", NULL, &conditions->cancel) != STATUS_OK ||
        sla_read_condition(reading, json, "reset", NULL, &conditions->reset) != STATUS_OK)
        return reading->error->status;
    sla_path_leave(reading, length);
    return STATUS_OK;
}

static enum status read_duration(struct sla_reading *reading, const json_t *object,
                                 struct sla_target *target)
{
    const char *text = "";
    bool end_of_day = false;
    struct error error = {0};

    if (sla_read_flag(reading, object, "end_of_day", false, &end_of_day) != STATUS_OK ||
        sla_read_text(reading, object, "duration", !end_of_day, &text) != STATUS_OK)
        return reading->error->status;
    if (sla_duration_read(text[0] != '\0' ? text : NULL, end_of_day, "", &target->duration,
                          &error) != STATUS_OK)
        return sla_refuse(reading, "duration", error.status, error.message);
    return STATUS_OK;
}

enum status sla_read_target(struct sla_reading *reading, const json_t *object,
                            struct sla_target *ret_target)
{
    static const char *const known[] = {"name",          "kind",       "duration",
                                        "duration_from", "end_of_day", "calendar",
                                        "conditions",    "start_from", "late",
                                        "reopen",        "overrun",    "refire_after_retarget",
                                        "thresholds",    NULL};
    static const char *const kinds[] = {"sla", "ola", "supplier"};
    static const char *const lates[] = {"fire", "suppress"};
    static const char *const reopens[] = {"resume", "new_cycle", "pause"};
    int kind = 0;
    int late = 0;
    int reopen = 0;

    if (sla_check_members(reading, object, known) != STATUS_OK ||
        sla_read_text(reading, object, "name", true, &ret_target->name) != STATUS_OK ||
        sla_read_choice(reading, object, "kind", kinds, COUNT_OF(kinds), 0, &kind) != STATUS_OK ||
        read_duration(reading, object, ret_target) != STATUS_OK ||
        sla_read_text(reading, object, "calendar", false, &ret_target->calendar) != STATUS_OK ||
        read_conditions(reading, object, &ret_target->conditions) != STATUS_OK ||
        sla_read_text(reading, object, "start_from", false, &ret_target->start_from) != STATUS_OK ||
        sla_read_text(reading, object, "duration_from", false, &ret_target->duration_from) !=
            STATUS_OK ||
        sla_read_choice(reading, object, "late", lates, COUNT_OF(lates), SLA_LATE_FIRE, &late) !=
            STATUS_OK ||
        sla_read_choice(reading, object, "reopen", reopens, COUNT_OF(reopens), SLA_REOPEN_PAUSE,
                        &reopen) != STATUS_OK ||
        sla_read_flag(reading, object, "overrun", true, &ret_target->overrun) != STATUS_OK ||
        sla_read_flag(reading, object, "refire_after_retarget", false,
                      &ret_target->refire_after_retarget) != STATUS_OK ||
        read_thresholds(reading, object, ret_target) != STATUS_OK)
        return reading->error->status;
    ret_target->kind = (enum sla_kind)kind;
    ret_target->late = (enum sla_late)late;
    ret_target->reopen = (enum sla_reopen)reopen;
    return STATUS_OK;
}
