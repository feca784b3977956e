/* What a step of a case does: one row a verb. */
#include "bpmn/scenario/private.h"

#include "bpmn/base/memory.h"

#include <string.h>

#define BIT(kind) (1U << (kind))

/* Waits that a test answers in the place of a handler, a worker, a script or a called process. */
static const unsigned answered_kinds =
    BIT(BPMN_WAIT_HANDLER) | BIT(BPMN_WAIT_JOB) | BIT(BPMN_WAIT_SCRIPT) | BIT(BPMN_WAIT_CALL);

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static const json_t *in_of(const struct scenario_step *step)
{
    return json_object_get(step->object, "in");
}

static int64_t index_of(const struct scenario_step *step)
{
    return json_integer_value(json_object_get(step->object, "index"));
}

/* ---- start ---- */

static enum status start_of(struct run *run, const struct world_definition *definition,
                            enum bpmn_event_kind kind, const char *name,
                            struct bpmn_command *command, struct error *ret_error)
{
    struct world_start *start;

    for (uint32_t i = 0; (start = world_start_at(run->world, i)) != NULL; i++) {
        if (start->definition == definition && start->event->kind == kind &&
            strcmp(start->name, name) == 0) {
            command->element = start->element->id;
            command->definition = start->index;
            return STATUS_OK;
        }
    }
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected process '%s' to have a start event for the %s '%.200s' but it has "
                     "none.",
                     definition->model->process_id, bpmn_event_kind_name(kind), name);
}

static const struct world_definition *only_definition(const struct run *run)
{
    return world_definition_at(run->world, 1) == NULL ? world_definition_at(run->world, 0) : NULL;
}

static enum status run_start(struct run *run, const struct scenario_step *step,
                             struct error *ret_error)
{
    const char *key = text_of(step->value, "process");
    const char *message = text_of(step->value, "message");
    const char *signal = text_of(step->value, "signal");
    struct bpmn_command command = {.kind = BPMN_START,
                                   .element = text_of(step->value, "element"),
                                   .user = text_of(step->value, "user"),
                                   .variables = json_object_get(step->value, "variables")};
    const struct world_definition *definition;
    enum status status = STATUS_OK;

    if (key == NULL)
        key = run->test->process;
    definition = key != NULL ? world_latest(run->world, key) : only_definition(run);
    if (definition == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         key != NULL ? "Expected the files of the test to have a process '%.200s' "
                                       "but they have not."
                                     : "Expected \"process\" to say which process%s: the files of "
                                       "the test have several.",
                         key != NULL ? key : "");
    if (message != NULL)
        status = start_of(run, definition, BPMN_EVENT_MESSAGE, message, &command, ret_error);
    else if (signal != NULL)
        status = start_of(run, definition, BPMN_EVENT_SIGNAL, signal, &command, ret_error);
    if (status != STATUS_OK)
        return status;
    return world_start(run->world, definition, text_of(step->value, "businessKey"), &command,
                       ret_error);
}

/* ---- what waits ---- */

static enum status run_complete(struct run *run, const struct scenario_step *step,
                                struct error *ret_error)
{
    const json_t *variables = json_object_get(step->object, "variables");
    struct bpmn_command command = {.user = text_of(step->object, "user"), .variables = variables};
    struct world_answer answer = {.variables = variables,
                                  .business_key = text_of(step->object, "businessKey")};
    struct world_wait at;
    enum status status = select_wait(run, in_of(step), json_string_value(step->value),
                                     answered_kinds | BIT(BPMN_WAIT_TASK) | BIT(BPMN_WAIT_MESSAGE) |
                                         BIT(BPMN_WAIT_SIGNAL) | BIT(BPMN_WAIT_TRIGGER),
                                     index_of(step), "to be completed", &at, ret_error);

    if (status != STATUS_OK)
        return status;
    command.target = at.wait->id;
    switch (at.wait->kind) {
    case BPMN_WAIT_TASK:
        command.kind = BPMN_COMPLETE_TASK;
        break;
    case BPMN_WAIT_MESSAGE:
        command.kind = BPMN_RECEIVE_MESSAGE;
        break;
    case BPMN_WAIT_SIGNAL:
        command.kind = BPMN_RECEIVE_SIGNAL;
        command.name = at.wait->name;
        break;
    case BPMN_WAIT_TRIGGER:
        command.kind = BPMN_TRIGGER;
        command.target = at.token->id;
        break;
    default:
        return world_answer(run->world, &at, &answer, ret_error);
    }
    return world_step(run->world, at.instance, &command, ret_error);
}

static enum status run_throw(struct run *run, const struct scenario_step *step,
                             struct error *ret_error)
{
    bool is_error = strcmp(step->verb->field.name, "throwError") == 0;
    const char *code = text_of(step->value, "code");
    struct world_answer answer = {.error_code = is_error ? code : NULL,
                                  .escalation = is_error ? NULL : code,
                                  .message = text_of(step->value, "message")};
    struct world_wait at;
    enum status status = select_wait(
        run, in_of(step), text_of(step->value, "element"), answered_kinds, index_of(step),
        "for the answer of a handler, a worker or a called process", &at, ret_error);

    return status == STATUS_OK ? world_answer(run->world, &at, &answer, ret_error) : status;
}

static enum status run_trigger(struct run *run, const struct scenario_step *step,
                               struct error *ret_error)
{
    const char *element_id = json_string_value(step->value);
    struct bpmn_command command = {.kind = BPMN_TRIGGER,
                                   .variables = json_object_get(step->object, "variables")};
    struct world_start *start;
    struct world_wait at;
    enum status status;

    for (uint32_t i = 0; (start = world_start_at(run->world, i)) != NULL; i++) {
        if (start->event->kind == BPMN_EVENT_TIMER && !start->plan.never &&
            strcmp(start->element->id, element_id) == 0)
            return world_fire_start(run->world, start, ret_error);
    }
    status =
        select_wait(run, in_of(step), element_id, BIT(BPMN_WAIT_TRIGGER) | BIT(BPMN_WAIT_TIMER),
                    index_of(step), "for a trigger or a timer", &at, ret_error);
    if (status != STATUS_OK)
        return status;
    if (at.wait->kind == BPMN_WAIT_TIMER)
        return world_fire(run->world, &at, ret_error);
    command.target = at.token->id;
    return world_step(run->world, at.instance, &command, ret_error);
}

static enum status run_retry(struct run *run, const struct scenario_step *step,
                             struct error *ret_error)
{
    return world_retry(run->world, json_string_value(step->value), ret_error);
}

/* ---- messages, signals, conditions ---- */

static enum status life_of(const struct run *run, const json_t *message, int64_t *ret_us,
                           struct error *ret_error)
{
    const char *text = text_of(message, "timeToLive");
    struct iso8601_duration duration;
    int64_t until_us = 0;
    enum status status;

    *ret_us = WORLD_MESSAGE_LIFE_S * INT64_C(1000000);
    if (text == NULL)
        return STATUS_OK;
    status = iso8601_parse_duration(text, &duration, ret_error);
    if (status == STATUS_OK)
        status = iso8601_add(world_now_us(run->world), &duration, &until_us, ret_error);
    *ret_us = until_us - world_now_us(run->world);
    return status;
}

/* Keys of correlation properties are compared as one text, as the service does. */
static const char *key_of(struct run *run, const json_t *message)
{
    const json_t *keys = json_object_get(message, "correlationKeys");
    const char *key = text_of(message, "correlationKey");
    char *text;

    if (keys == NULL)
        return key;
    text = json_dumps(keys, JSON_COMPACT | JSON_SORT_KEYS);
    key = arena_copy(run->arena, text);
    memory_free(text);
    return key;
}

static enum status run_message(struct run *run, const struct scenario_step *step,
                               struct error *ret_error)
{
    struct world_message message = {.name = text_of(step->value, "name"),
                                    .key = key_of(run, step->value),
                                    .business_key = text_of(step->value, "businessKey"),
                                    .id = text_of(step->value, "id"),
                                    .variables = json_object_get(step->value, "variables")};
    enum status status = life_of(run, step->value, &message.life_us, ret_error);

    return status == STATUS_OK ? world_send(run->world, &message, ret_error) : status;
}

static enum status run_signal(struct run *run, const struct scenario_step *step,
                              struct error *ret_error)
{
    return world_broadcast(run->world, text_of(step->value, "name"),
                           json_object_get(step->value, "variables"), ret_error);
}

static enum status run_conditions(struct run *run, const struct scenario_step *step,
                                  struct error *ret_error)
{
    return world_look_at_starts(run->world, text_of(step->value, "businessKey"),
                                json_object_get(step->value, "variables"), ret_error);
}

static enum status run_sla(struct run *run, const struct scenario_step *step,
                           struct error *ret_error)
{
    return world_change_subject(run->world, step->value, ret_error);
}

/* ---- the instance as a whole ---- */

/* The token of an active element, where variables are set from. */
static enum status find_token(const struct world_instance *instance, const char *element_id,
                              struct uuid *ret_token, struct error *ret_error)
{
    const struct bpmn_instance *running = &instance->instance;

    for (uint32_t i = 0; i < running->scope_count; i++) {
        for (uint32_t j = 0; j < running->scopes[i].token_count; j++) {
            const struct bpmn_token *token = &running->scopes[i].tokens[j];

            if (strcmp(running->model->elements[token->element].id, element_id) != 0 ||
                token->state == BPMN_TOKEN_LISTENING)
                continue;
            *ret_token = token->id;
            return STATUS_OK;
        }
    }
    return error_set(ret_error, STATUS_CONFLICT,
                     "Expected '%.100s' to be active, for variables to be set there, but it is "
                     "not.",
                     element_id);
}

static enum status run_variables(struct run *run, const struct scenario_step *step,
                                 struct error *ret_error)
{
    const char *element_id = text_of(step->object, "element");
    bool removes = json_is_array(step->value);
    json_t *names = json_object();
    struct bpmn_command command = {.kind = removes ? BPMN_REMOVE_VARIABLES : BPMN_SET_VARIABLES,
                                   .variables = removes ? names : step->value};
    struct world_instance *instance = NULL;
    const json_t *name;
    size_t i;
    enum status status = select_active(run, in_of(step), &instance, ret_error);

    json_array_foreach (step->value, i, name) {
        (void)json_object_set_new(names, json_string_value(name), json_null());
    }
    if (status == STATUS_OK && element_id != NULL)
        status = find_token(instance, element_id, &command.target, ret_error);
    if (status == STATUS_OK)
        status = world_step(run->world, instance, &command, ret_error);
    json_decref(names);
    return status;
}

static enum status run_cancel(struct run *run, const struct scenario_step *step,
                              struct error *ret_error)
{
    const char *reason = json_string_value(step->value);
    struct bpmn_command command = {.kind = BPMN_TERMINATE,
                                   .reason = reason != NULL ? reason : "cancelled by the test"};
    struct world_instance *instance = NULL;
    enum status status = select_active(run, in_of(step), &instance, ret_error);

    if (status != STATUS_OK)
        return status;
    if (!uuid_is_zero(&instance->instance.caller_id))
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected an instance that was started by a caller but this one was "
                         "called by another instance, which waits for it: cancel that one.");
    return world_step(run->world, instance, &command, ret_error);
}

static enum status run_change_state(struct run *run, const struct scenario_step *step,
                                    struct error *ret_error)
{
    struct bpmn_command command = {.kind = BPMN_CHANGE_STATE, .value = step->value};
    struct world_instance *instance = NULL;
    enum status status = select_active(run, in_of(step), &instance, ret_error);

    return status == STATUS_OK ? world_step(run->world, instance, &command, ret_error) : status;
}

/* ---- time ---- */

static enum status run_time(struct run *run, const struct scenario_step *step,
                            struct error *ret_error)
{
    int64_t now_us = world_now_us(run->world);
    const char *text = json_string_value(step->value);
    struct iso8601_duration duration;
    char now[ISO8601_INSTANT_BYTES];
    int64_t until_us = now_us;
    enum status status;

    if (strcmp(step->verb->field.name, "time") == 0) {
        status = iso8601_parse_instant(text, &until_us, ret_error);
    } else {
        status = iso8601_parse_duration(text, &duration, ret_error);
        if (status == STATUS_OK)
            status = iso8601_add(now_us, &duration, &until_us, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    if (until_us < now_us)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a time from now on, %s, but found %s: time does not go back.",
                         iso8601_format_instant(now_us, now), text);
    return world_pass_until(run->world, until_us, ret_error);
}

/* ---- the table ---- */

#define IN                                          \
    {                                               \
        "in", FIELD_OBJECT, selection_fields, false \
    }
#define INDEX                             \
    {                                     \
        "index", FIELD_INDEX, NULL, false \
    }

static const struct field beside_complete[] = {{"variables", FIELD_OBJECT, NULL, false},
                                               {"user", FIELD_TEXT, NULL, false},
                                               {"businessKey", FIELD_TEXT, NULL, false},
                                               INDEX,
                                               IN,
                                               {0}};
static const struct field beside_throw[] = {INDEX, IN, {0}};
static const struct field beside_trigger[] = {
    {"variables", FIELD_OBJECT, NULL, false}, INDEX, IN, {0}};
static const struct field beside_variables[] = {{"element", FIELD_TEXT, NULL, false}, IN, {0}};
static const struct field beside_instance[] = {IN, {0}};

static const struct field start_fields[] = {
    {"process", FIELD_TEXT, NULL, false},     {"businessKey", FIELD_TEXT, NULL, false},
    {"variables", FIELD_OBJECT, NULL, false}, {"message", FIELD_TEXT, NULL, false},
    {"signal", FIELD_TEXT, NULL, false},      {"element", FIELD_TEXT, NULL, false},
    {"user", FIELD_TEXT, NULL, false},        {0}};
static const struct field throw_fields[] = {{"element", FIELD_TEXT, NULL, true},
                                            {"code", FIELD_TEXT, NULL, true},
                                            {"message", FIELD_TEXT, NULL, false},
                                            {0}};
static const struct field message_fields[] = {{"name", FIELD_TEXT, NULL, true},
                                              {"correlationKey", FIELD_TEXT, NULL, false},
                                              {"correlationKeys", FIELD_OBJECT, NULL, false},
                                              {"businessKey", FIELD_TEXT, NULL, false},
                                              {"variables", FIELD_OBJECT, NULL, false},
                                              {"id", FIELD_TEXT, NULL, false},
                                              {"timeToLive", FIELD_DURATION, NULL, false},
                                              {0}};
static const struct field signal_fields[] = {
    {"name", FIELD_TEXT, NULL, true}, {"variables", FIELD_OBJECT, NULL, false}, {0}};
static const struct field condition_fields[] = {
    {"variables", FIELD_OBJECT, NULL, true}, {"businessKey", FIELD_TEXT, NULL, false}, {0}};
static const struct field change_fields[] = {
    {"cancel", FIELD_TEXTS, NULL, false}, {"start", FIELD_TEXTS, NULL, false}, {0}};

static const struct verb verbs[] = {
    {{"start", FIELD_OBJECT, start_fields, true}, NULL, run_start},
    {{"complete", FIELD_TEXT, NULL, true}, beside_complete, run_complete},
    {{"throwError", FIELD_OBJECT, throw_fields, true}, beside_throw, run_throw},
    {{"escalate", FIELD_OBJECT, throw_fields, true}, beside_throw, run_throw},
    {{"trigger", FIELD_TEXT, NULL, true}, beside_trigger, run_trigger},
    {{"message", FIELD_OBJECT, message_fields, true}, NULL, run_message},
    {{"signal", FIELD_OBJECT, signal_fields, true}, NULL, run_signal},
    {{"conditions", FIELD_OBJECT, condition_fields, true}, NULL, run_conditions},
    {{"sla", FIELD_OBJECT, sla_fields, true}, NULL, run_sla},
    {{"setVariables", FIELD_OBJECT, NULL, true}, beside_variables, run_variables},
    {{"removeVariables", FIELD_TEXTS, NULL, true}, beside_variables, run_variables},
    {{"advance", FIELD_DURATION, NULL, true}, NULL, run_time},
    {{"time", FIELD_INSTANT, NULL, true}, NULL, run_time},
    {{"retry", FIELD_TEXT, NULL, true}, NULL, run_retry},
    {{"cancel", FIELD_TRUE_OR_TEXT, NULL, true}, beside_instance, run_cancel},
    {{"changeState", FIELD_OBJECT, change_fields, true}, beside_instance, run_change_state},
    {{"expect", FIELD_OBJECT, expect_fields, true}, NULL, NULL},
};

const struct verb *verb_at(uint32_t index)
{
    return index < COUNT_OF(verbs) ? &verbs[index] : NULL;
}
