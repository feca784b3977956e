/* See escalation.h. */
#include "bpmn/sla/escalation.h"

#include "bpmn/sla/reading.h"

#include <string.h>

struct sla_escalation sla_escalation_start(const struct sla_chain *chain, int64_t at_us)
{
    return (struct sla_escalation){.chain = chain->id,
                                   .started_us = at_us,
                                   .acknowledged_us = SLA_NOT_ACKNOWLEDGED,
                                   .acknowledged_by = ""};
}

enum status sla_escalation_acknowledge(struct sla_escalation *escalation, int64_t at_us,
                                       const char *by, struct error *ret_error)
{
    if (escalation->acknowledged_us != SLA_NOT_ACKNOWLEDGED)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected the escalation '%s' not to be acknowledged but '%s' has done "
                         "so.",
                         escalation->chain, escalation->acknowledged_by);
    escalation->acknowledged_us = at_us;
    escalation->acknowledged_by = by;
    return STATUS_OK;
}

enum status sla_escalation_next(const struct sla_escalation *escalation,
                                const struct sla_chain *chain, const struct sla_rating *rating,
                                struct sla_level_due *ret_due, struct error *ret_error)
{
    int64_t due_us = escalation->started_us;
    int64_t delay_us = 0;

    *ret_due = (struct sla_level_due){.level = escalation->fired_levels};
    if (escalation->acknowledged_us != SLA_NOT_ACKNOWLEDGED ||
        (size_t)escalation->fired_levels >= chain->level_count)
        return STATUS_OK;
    for (int32_t i = 0; i <= escalation->fired_levels; i++)
        delay_us += chain->levels[i].delay_us;
    if (!chain->working_time)
        due_us += delay_us;
    else if (sla_rating_add(rating, escalation->started_us, delay_us, NULL, 0, &due_us,
                            ret_error) != STATUS_OK)
        return ret_error->status;
    ret_due->has_due = true;
    ret_due->due_us = due_us;
    return STATUS_OK;
}

enum status sla_escalation_fired(struct sla_escalation *escalation, const struct sla_chain *chain,
                                 int32_t level, struct error *ret_error)
{
    if (escalation->acknowledged_us != SLA_NOT_ACKNOWLEDGED || level != escalation->fired_levels ||
        (size_t)level >= chain->level_count)
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected level %d of the escalation '%s' to be the next one but it is "
                         "acknowledged, over or at level %d.",
                         level, escalation->chain, escalation->fired_levels);
    escalation->fired_levels++;
    return STATUS_OK;
}

static void add_user(const char **users, size_t *count, const char *user)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(users[i], user) == 0)
            return;
    }
    users[(*count)++] = user;
}

const char *const *sla_level_users(struct arena *arena, const struct sla_level *level,
                                   const struct on_call_schedule *schedule, int64_t now_us,
                                   size_t *ret_count)
{
    const char **users = arena_array(arena, level->recipients.user_count + 1, sizeof(char *));
    size_t count = 0;

    for (size_t i = 0; i < level->recipients.user_count; i++)
        add_user(users, &count, level->recipients.users[i]);
    if (schedule != NULL && on_call_at(schedule, now_us)[0] != '\0')
        add_user(users, &count, on_call_at(schedule, now_us));
    *ret_count = count;
    return users;
}

json_t *sla_escalation_write(const struct sla_escalation *escalation)
{
    json_t *json = json_pack("{s:s, s:I, s:I}", "chain", escalation->chain, "started_us",
                             (json_int_t)escalation->started_us, "fired_levels",
                             (json_int_t)escalation->fired_levels);

    if (escalation->acknowledged_us != SLA_NOT_ACKNOWLEDGED) {
        (void)json_object_set_new(json, "acknowledged_us",
                                  json_integer(escalation->acknowledged_us));
        (void)json_object_set_new(json, "acknowledged_by",
                                  json_string(escalation->acknowledged_by));
    }
    return json;
}

enum status sla_escalation_read(struct arena *arena, const json_t *document,
                                struct sla_escalation *ret_escalation, struct error *ret_error)
{
    static const char *const known[] = {"chain",           "started_us",      "fired_levels",
                                        "acknowledged_us", "acknowledged_by", NULL};
    static const int64_t never = SLA_NOT_ACKNOWLEDGED;
    struct sla_reading reading = {.arena = arena, .error = ret_error};
    struct sla_escalation escalation = {0};
    int64_t levels = 0;

    if (sla_check_members(&reading, document, known) != STATUS_OK ||
        sla_read_text(&reading, document, "chain", true, &escalation.chain) != STATUS_OK ||
        sla_read_integer(&reading, document, "started_us", WORKTIME_MIN_US, WORKTIME_MAX_US, NULL,
                         &escalation.started_us) != STATUS_OK ||
        sla_read_integer(&reading, document, "fired_levels", 0, SLA_LEVELS_MAX, NULL, &levels) !=
            STATUS_OK ||
        sla_read_integer(&reading, document, "acknowledged_us", WORKTIME_MIN_US, WORKTIME_MAX_US,
                         &never, &escalation.acknowledged_us) != STATUS_OK ||
        sla_read_text(&reading, document, "acknowledged_by", false, &escalation.acknowledged_by) !=
            STATUS_OK)
        return ret_error->status;
    escalation.fired_levels = (int32_t)levels;
    *ret_escalation = escalation;
    return STATUS_OK;
}
