/* Operations: calls into rounds of statements, rows into answers, events and refusals. */
#include "engine/module/operation_private.h"

#include "bpmn/iso8601.h"
#include "engine/module.h"

#include <string.h>

enum { COLUMN_WHY, COLUMN_FOUND, COLUMN_OBJECT };

/* Of a call, from prepare to finish. */
struct operation_run {
    const char *key;
    uint32_t round;
    uint32_t row;
    uint32_t result; /* index in the batch */
};

static const struct operation *operation_of(const struct operation *const *operations,
                                            const struct module_calls *calls)
{
    PRE(calls->count > 0);
    while (*operations != NULL && strcmp((*operations)->topic, calls->items[0].topic) != 0)
        operations++;
    INVARIANT(*operations != NULL);
    return *operations;
}

enum status operation_check(const struct operation *operation, const json_t *input,
                            struct error *ret_error)
{
    for (uint32_t i = 0; i < operation->field_count; i++) {
        enum status status = operation_field_check(&operation->fields[i], input, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* After the earlier calls about the same object. */
static uint32_t round_of(const struct operation *operation, const struct module_calls *calls,
                         uint32_t index)
{
    const struct operation_run *run = calls->items[index].state;
    uint32_t round = 0;

    for (uint32_t i = 0; operation->lock != NULL && i < index; i++) {
        const struct operation_run *earlier = calls->items[i].state;

        if (calls->items[i].ret_failure == NULL && strcmp(earlier->key, run->key) == 0)
            round = earlier->round + 1;
    }
    return round;
}

static uint32_t read_calls(const struct operation *operation, struct module_calls *calls)
{
    uint32_t rounds = 0;

    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        struct operation_run *run = arena_alloc(calls->arena, sizeof *run);
        struct error error;
        enum status status;

        call->state = run;
        error_clear(&error);
        status = operation_check(operation, call->variables, &error);
        if (status == STATUS_OK && operation->check != NULL)
            status = operation->check(call, &error);
        if (status != STATUS_OK) {
            module_call_refuse(calls, call, &error);
            continue;
        }
        run->key = operation_text(call->variables, operation->fields[0].name);
        run->round = round_of(operation, calls, i);
        if (run->round >= rounds)
            rounds = run->round + 1;
    }
    return rounds;
}

static void add_lock(const struct operation *operation, const struct module_calls *calls,
                     struct pg_batch *batch)
{
    struct pg_array *keys = pg_text_array(pg_batch_add(batch, operation->lock));

    for (uint32_t i = 0; i < calls->count; i++) {
        const struct operation_run *run = calls->items[i].state;

        if (calls->items[i].ret_failure == NULL)
            pg_add_text(keys, run->key);
    }
}

static void add_round(const struct operation *operation, const struct module_calls *calls,
                      struct pg_batch *batch, uint32_t round)
{
    uint32_t result = pg_batch_count(batch);
    struct pg_call *statement = pg_batch_add(batch, operation->statement);

    for (uint32_t f = 0; f < operation->field_count; f++) {
        struct pg_array *array = operation_field_array(&operation->fields[f], statement);

        for (uint32_t i = 0; i < calls->count; i++) {
            struct operation_run *run = calls->items[i].state;

            if (calls->items[i].ret_failure != NULL || run->round != round)
                continue;
            run->row = pg_array_count(array);
            run->result = result;
            operation_field_add(&operation->fields[f], &calls->items[i], array);
        }
    }
    pg_timestamp(statement, calls->now_us);
}

enum status operation_prepare(const struct operation *const *operations, struct module_calls *calls,
                              struct pg_batch *batch)
{
    const struct operation *operation = operation_of(operations, calls);
    uint32_t rounds = read_calls(operation, calls);

    if (rounds > 0 && operation->lock != NULL)
        add_lock(operation, calls, batch);
    for (uint32_t round = 0; round < rounds; round++)
        add_round(operation, calls, batch, round);
    return STATUS_OK;
}

static json_t *column_json(enum operation_column_kind kind, const struct pg_result *result,
                           uint32_t row, uint32_t column)
{
    char instant[ISO8601_INSTANT_BYTES];

    if (pg_is_null(result, row, column))
        return json_null();
    switch (kind) {
    case COLUMN_TEXT:
        return json_string(pg_value_text(result, row, column));
    case COLUMN_NUMBER:
        return json_integer(pg_value_int(result, row, column));
    case COLUMN_FLOAT:
        return json_real(pg_value_float(result, row, column));
    case COLUMN_FLAG:
        return json_boolean(pg_value_bool(result, row, column));
    case COLUMN_INSTANT:
        return json_string(
            iso8601_format_instant(pg_value_timestamp(result, row, column), instant));
    case COLUMN_JSON:
        return json_loads(pg_value_text(result, row, column), JSON_DECODE_ANY, NULL);
    }
    return json_null();
}

json_t *operation_json(const struct operation_object *object, const struct pg_result *result,
                       uint32_t row, uint32_t first)
{
    json_t *json = json_object();

    for (uint32_t i = 0; i < object->column_count; i++)
        json_object_set_new(json, object->columns[i].name,
                            column_json(object->columns[i].kind, result, row, first + i));
    return json;
}

static void publish(const struct operation *operation, struct module_calls *calls,
                    const struct module_call *call, const char *event, const json_t *object)
{
    const char *const *facts = operation->object->facts;
    json_t *payload = json_object();

    for (uint32_t i = 0; facts[i] != NULL; i++)
        json_object_set(payload, facts[i], json_object_get(object, facts[i]));
    json_object_set_new(payload, "correlationId", json_string(call->correlation_id));
    module_publish(calls, call, event, json_string_value(json_object_get(object, facts[0])),
                   payload);
}

static void finish_call(const struct operation *operation, struct module_calls *calls,
                        struct module_call *call, const struct pg_result *result, uint32_t row)
{
    struct error error;

    INVARIANT(row < pg_rows(result));
    if (!pg_is_null(result, row, COLUMN_WHY)) {
        error_clear(&error);
        (void)operation->refuse(call, pg_value_text(result, row, COLUMN_WHY),
                                pg_value_text(result, row, COLUMN_FOUND), &error);
        module_call_refuse(calls, call, &error);
        return;
    }
    json_t *object = operation_json(operation->object, result, row, COLUMN_OBJECT);

    const char *event = operation->event_of != NULL
                            ? operation->event_of(pg_value_text(result, row, COLUMN_FOUND))
                            : operation->event;

    if (event != NULL)
        publish(operation, calls, call, event, object);
    if (uuid_is_zero(&call->instance_id))
        module_call_return(call, json_incref(object));
    else if (operation->answer != NULL)
        module_call_return(call, operation->answer(calls, call, object));
    json_decref(object);
}

enum status operation_finish(const struct operation *const *operations, struct module_calls *calls,
                             struct pg_batch *batch)
{
    const struct operation *operation = operation_of(operations, calls);

    for (uint32_t i = 0; i < calls->count; i++) {
        const struct operation_run *run = calls->items[i].state;

        if (calls->items[i].ret_failure == NULL)
            finish_call(operation, calls, &calls->items[i], pg_batch_result(batch, run->result),
                        run->row);
    }
    return STATUS_OK;
}
