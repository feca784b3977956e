/* See policy.h: actions of thresholds and levels, and escalation chains. */
#include "bpmn/sla/reading.h"

#include <stdlib.h>
#include <string.h>

/* ---- actions ---- */

static enum status read_payload(struct sla_reading *reading, const json_t *object,
                                struct sla_action *action)
{
    const json_t *json = json_object_get(object, "payload");
    char *text;

    action->payload = "";
    if (json == NULL)
        return STATUS_OK;
    if (!json_is_object(json))
        return sla_expected(reading, "payload", "an object", json);
    text = json_dumps(json, JSON_COMPACT);
    if (text == NULL || strlen(text) > SLA_PAYLOAD_MAX) {
        free(text);
        return sla_refuse(reading, "payload", STATUS_TOO_LARGE,
                          "Expected an object of at most 8192 bytes as JSON but it is larger; send "
                          "less, the receiver can ask for the rest.");
    }
    action->payload = arena_copy(reading->arena, text);
    free(text);
    return STATUS_OK;
}

enum status sla_read_action(struct sla_reading *reading, const json_t *object,
                            struct sla_action *ret_action)
{
#define SLA_ACTION_TEXT(name, json, member)   json,
#define SLA_ACTION_MEMBER(name, json, member) member,
    static const char *const names[] = {SLA_ACTIONS(SLA_ACTION_TEXT)};
    static const char *const members[] = {SLA_ACTIONS(SLA_ACTION_MEMBER)};
#undef SLA_ACTION_TEXT
#undef SLA_ACTION_MEMBER
    static const int64_t one = 1;
    const char *known[4] = {"type", "payload", NULL, NULL};
    int64_t by = 0;
    int kind = 0;

    if (!json_is_object(object))
        return sla_expected(reading, "", "an object with the field type", object);
    if (sla_read_choice(reading, object, "type", names, COUNT_OF(names), -1, &kind) != STATUS_OK)
        return reading->error->status;
    known[2] = members[kind] != NULL ? members[kind] : "by";
    ret_action->kind = (enum sla_action_kind)kind;
    ret_action->what = "";
    if (sla_check_members(reading, object, known) != STATUS_OK ||
        read_payload(reading, object, ret_action) != STATUS_OK)
        return reading->error->status;
    if (members[kind] != NULL)
        return sla_read_text(reading, object, members[kind], true, &ret_action->what);
    if (sla_read_integer(reading, object, "by", 1, 4, &one, &by) != STATUS_OK)
        return reading->error->status;
    ret_action->by = (int32_t)by;
    return STATUS_OK;
}

/* ---- chains ---- */

static enum status read_names(struct sla_reading *reading, const json_t *object, const char *member,
                              const char *const **ret_names, size_t *ret_count)
{
    const json_t *array = NULL;
    const char **names;

    if (sla_read_array(reading, object, member, SLA_RECIPIENTS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    names = arena_array(reading->arena, json_array_size(array), sizeof(char *));
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *json = json_array_get(array, i);

        if (!json_is_string(json) || json_string_length(json) == 0 ||
            json_string_length(json) > SLA_TEXT_MAX) {
            (void)sla_path_enter(reading, member, i);
            return sla_expected(reading, "", "a text of 1 to 256 bytes", json);
        }
        names[i] = arena_copy(reading->arena, json_string_value(json));
    }
    *ret_names = names;
    *ret_count = json_array_size(array);
    return STATUS_OK;
}

static enum status read_recipients(struct sla_reading *reading, const json_t *object,
                                   struct sla_recipients *recipients)
{
    static const char *const known[] = {"users", "teams", "on_call", NULL};
    const json_t *json = json_object_get(object, "recipients");
    size_t length = sla_path_enter(reading, "recipients", SIZE_MAX);

    recipients->on_call = "";
    if (json != NULL &&
        (sla_check_members(reading, json, known) != STATUS_OK ||
         read_names(reading, json, "users", &recipients->users, &recipients->user_count) !=
             STATUS_OK ||
         read_names(reading, json, "teams", &recipients->teams, &recipients->team_count) !=
             STATUS_OK ||
         sla_read_text(reading, json, "on_call", false, &recipients->on_call) != STATUS_OK))
        return reading->error->status;
    sla_path_leave(reading, length);
    return STATUS_OK;
}

static enum status read_level(struct sla_reading *reading, const json_t *object,
                              struct sla_level *level)
{
    static const char *const known[] = {"delay", "recipients", "action", NULL};
    const char *delay = "";
    size_t length;

    if (sla_check_members(reading, object, known) != STATUS_OK ||
        sla_read_text(reading, object, "delay", true, &delay) != STATUS_OK ||
        sla_read_time(reading, "delay", delay, &level->delay_us) != STATUS_OK ||
        read_recipients(reading, object, &level->recipients) != STATUS_OK)
        return reading->error->status;
    length = sla_path_enter(reading, "action", SIZE_MAX);
    if (sla_read_action(reading, json_object_get(object, "action"), &level->action) != STATUS_OK)
        return reading->error->status;
    sla_path_leave(reading, length);
    return STATUS_OK;
}

enum status sla_read_chain(struct sla_reading *reading, const json_t *object,
                           struct sla_chain *ret_chain)
{
    static const char *const known[] = {"id", "working_time", "levels", NULL};
    const json_t *array = NULL;
    struct sla_level *levels;

    if (sla_check_members(reading, object, known) != STATUS_OK ||
        sla_read_text(reading, object, "id", true, &ret_chain->id) != STATUS_OK ||
        sla_read_flag(reading, object, "working_time", true, &ret_chain->working_time) !=
            STATUS_OK ||
        sla_read_array(reading, object, "levels", SLA_LEVELS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    if (json_array_size(array) == 0)
        return sla_expected(reading, "levels", "at least one level", array);
    ret_chain->level_count = json_array_size(array);
    levels = arena_array(reading->arena, ret_chain->level_count, sizeof(*levels));
    ret_chain->levels = levels;
    for (size_t i = 0; i < ret_chain->level_count; i++) {
        size_t length = sla_path_enter(reading, "levels", i);

        if (read_level(reading, json_array_get(array, i), &levels[i]) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}
