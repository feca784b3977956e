/* See policy.h: durations, names, look-ups and conditions. */
#include "bpmn/sla/policy.h"

#include "bpmn/iso8601.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAYS_MAX = 3660 };

static const char *const subject_types[] = {"incident", "change", "task", "process-instance"};
static const char *const kinds[] = {"sla", "ola", "supplier"};

/* ---- look-ups ---- */

const struct sla_target *sla_policy_target(const struct sla_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->target_count; i++) {
        if (strcmp(policy->targets[i].name, name) == 0)
            return &policy->targets[i];
    }
    return NULL;
}

const struct sla_chain *sla_policy_chain(const struct sla_policy *policy, const char *id)
{
    for (size_t i = 0; i < policy->chain_count; i++) {
        if (strcmp(policy->chains[i].id, id) == 0)
            return &policy->chains[i];
    }
    return NULL;
}

const struct sla_threshold *sla_target_threshold(const struct sla_target *target, const char *id)
{
    for (size_t i = 0; i < target->threshold_count; i++) {
        if (strcmp(target->thresholds[i].id, id) == 0)
            return &target->thresholds[i];
    }
    return NULL;
}

const char *sla_subject_type_name(enum sla_subject_type type)
{
    PRE((size_t)type < COUNT_OF(subject_types));
    return subject_types[type];
}

bool sla_subject_type_of(const char *name, enum sla_subject_type *ret_type)
{
    for (size_t i = 0; i < COUNT_OF(subject_types); i++) {
        if (strcmp(subject_types[i], name) == 0) {
            *ret_type = (enum sla_subject_type)i;
            return true;
        }
    }
    return false;
}

const char *sla_kind_name(enum sla_kind kind)
{
    PRE((size_t)kind < COUNT_OF(kinds));
    return kinds[kind];
}

const char *sla_action_name(enum sla_action_kind kind)
{
    static const char *const names[] = {
#define SLA_ACTION_TEXT(name, json, member) json,
        SLA_ACTIONS(SLA_ACTION_TEXT)
#undef SLA_ACTION_TEXT
    };

    PRE((size_t)kind < COUNT_OF(names));
    return names[kind];
}

/* ---- durations ---- */

/* `P2BD` and nothing else: how many days, -1 when it is something else. */
static int64_t business_days(const char *text)
{
    int64_t days = 0;
    const char *at = text + 1;

    if (text[0] != 'P' || *at < '0' || *at > '9')
        return -1;
    for (; *at >= '0' && *at <= '9'; at++)
        days = days > DAYS_MAX ? days : days * 10 + (*at - '0');
    return strcmp(at, "BD") == 0 ? days : -1;
}

static enum status read_days(int64_t days, const char *text, const char *field,
                             struct sla_duration *ret_duration, struct error *ret_error)
{
    if (days > DAYS_MAX)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected at most %d business days but found '%.64s'.", DAYS_MAX,
                               text);
    *ret_duration = (struct sla_duration){.unit = SLA_BUSINESS_DAYS, .days = (uint32_t)days};
    return STATUS_OK;
}

static enum status read_time(const char *text, const char *field, struct sla_duration *ret_duration,
                             struct error *ret_error)
{
    struct iso8601_duration parsed = {0};
    struct error error = {0};

    if (strstr(text, "BD") != NULL)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected either working time (PT8H) or business days (P2BD) but "
                               "found '%.64s'; the units are never mixed.",
                               text);
    if (iso8601_parse_duration(text, &parsed, &error) != STATUS_OK)
        return error_set_field(ret_error, STATUS_INVALID, field, "%s", error.message);
    if (parsed.years != 0 || parsed.months != 0 || parsed.weeks != 0 || parsed.days != 0 ||
        strpbrk(text, "YWD") != NULL)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected working time (PT24H) or business days (P1BD) but found "
                               "'%.64s'; calendar days have no fixed working time.",
                               text);
    if (parsed.time_us > SLA_DURATION_MAX_US)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected at most ten years but found '%.64s'.", text);
    *ret_duration = (struct sla_duration){.unit = SLA_WORKING_TIME, .time_us = parsed.time_us};
    return STATUS_OK;
}

enum status sla_duration_read(const char *text, bool end_of_day, const char *field,
                              struct sla_duration *ret_duration, struct error *ret_error)
{
    int64_t days = text != NULL ? business_days(text) : 0;

    PRE(text != NULL || end_of_day);
    if (days < 0 && end_of_day)
        return error_set_field(ret_error, STATUS_INVALID, field,
                               "Expected business days (P2BD) or nothing beside end_of_day but "
                               "found '%.64s'.",
                               text);
    if (days < 0)
        return read_time(text, field, ret_duration, ret_error);
    if (read_days(days, text, field, ret_duration, ret_error) != STATUS_OK)
        return ret_error->status;
    if (end_of_day)
        ret_duration->unit = SLA_END_OF_DAY;
    return STATUS_OK;
}

char *sla_duration_format(const struct sla_duration *duration, char ret_text[SLA_DURATION_BYTES])
{
    int64_t seconds = duration->time_us / 1000000;
    int64_t rest = duration->time_us % 1000000;

    if (duration->unit != SLA_WORKING_TIME)
        (void)snprintf(ret_text, SLA_DURATION_BYTES, "P%" PRIu32 "BD%s", duration->days,
                       duration->unit == SLA_END_OF_DAY ? " end of day" : "");
    else if (rest == 0)
        (void)snprintf(ret_text, SLA_DURATION_BYTES, "PT%" PRId64 "S", seconds);
    else
        (void)snprintf(ret_text, SLA_DURATION_BYTES, "PT%" PRId64 ".%06" PRId64 "S", seconds, rest);
    return ret_text;
}

bool sla_duration_equal(const struct sla_duration *left, const struct sla_duration *right)
{
    return left->unit == right->unit && left->time_us == right->time_us &&
           left->days == right->days;
}

/* ---- conditions ---- */

struct fields_scope {
    struct expression_scope scope; /* first: the callback gets a pointer to it */
    const json_t *fields;
    const json_t *null;
};

static const json_t *look_up(const struct expression_scope *scope, const char *name)
{
    const struct fields_scope *fields = (const struct fields_scope *)(const void *)scope;
    const json_t *value = json_object_get(fields->fields, name);

    return value != NULL ? value : fields->null;
}

enum status sla_condition(const struct expression *expression, const json_t *fields, int64_t now_us,
                          bool *ret_value, struct error *ret_error)
{
    struct fields_scope scope = {
        .scope = {.lookup = look_up, .now_us = now_us}, .fields = fields, .null = json_null()};

    return expression_condition(expression, &scope.scope, ret_value, ret_error);
}
