/* Building a batch: statements and their parameters in binary form, all in the batch's arena. */
#include "engine/pg/batch_private.h"

#include <limits.h>
#include <string.h>

enum { CALLS_FIRST_CAPACITY = 16, PARAMETERS_FIRST_CAPACITY = 8 };
static const int64_t POSTGRES_EPOCH_US = INT64_C(946684800) * 1000000;

void pg_put_int16(char *to, int16_t value)
{
    uint16_t bits = (uint16_t)value;

    to[0] = (char)(bits >> 8);
    to[1] = (char)(bits & 0xFF);
}

void pg_put_int32(char *to, int32_t value)
{
    uint32_t bits = (uint32_t)value;

    for (int i = 0; i < 4; i++)
        to[i] = (char)(bits >> (24 - 8 * i) & 0xFF);
}

void pg_put_int64(char *to, int64_t value)
{
    uint64_t bits = (uint64_t)value;

    for (int i = 0; i < 8; i++)
        to[i] = (char)(bits >> (56 - 8 * i) & 0xFF);
}

static uint64_t get_bits(const char *from, int bytes)
{
    uint64_t bits = 0;

    for (int i = 0; i < bytes; i++)
        bits = bits << 8 | (unsigned char)from[i];
    return bits;
}

int16_t pg_get_int16(const char *from)
{
    return (int16_t)(uint16_t)get_bits(from, 2);
}

int32_t pg_get_int32(const char *from)
{
    return (int32_t)(uint32_t)get_bits(from, 4);
}

int64_t pg_get_int64(const char *from)
{
    return (int64_t)get_bits(from, 8);
}

int64_t pg_timestamp_to_binary(int64_t unix_us)
{
    int64_t binary;

    if (unix_us == INT64_MAX)
        return INT64_MAX;
    return __builtin_sub_overflow(unix_us, POSTGRES_EPOCH_US, &binary) ? INT64_MIN : binary;
}

int64_t pg_timestamp_from_binary(int64_t binary)
{
    int64_t unix_us;

    if (binary == INT64_MIN)
        return INT64_MIN;
    return __builtin_add_overflow(binary, POSTGRES_EPOCH_US, &unix_us) ? INT64_MAX : unix_us;
}

struct pg_batch *pg_batch_new(struct arena *arena)
{
    struct pg_batch *batch = arena_alloc(arena, sizeof(*batch));

    batch->arena = arena;
    return batch;
}

struct pg_call *pg_batch_add(struct pg_batch *batch, const struct pg_statement *statement)
{
    struct pg_call *call;

    PRE(batch->count < PG_BATCH_STATEMENTS_MAX);
    PRE(statement->sql != NULL);
    if (batch->count == batch->capacity) {
        uint32_t capacity = batch->capacity > 0 ? 2 * batch->capacity : CALLS_FIRST_CAPACITY;

        batch->calls =
            arena_grow(batch->arena, batch->calls, batch->count, capacity, sizeof(*batch->calls));
        batch->capacity = capacity;
    }
    call = arena_alloc(batch->arena, sizeof(*call));
    call->statement = statement;
    call->arena = batch->arena;
    batch->calls[batch->count++] = call;
    return call;
}

uint32_t pg_batch_count(const struct pg_batch *batch)
{
    return batch->count;
}

static void grow_parameters(struct pg_call *call)
{
    uint32_t count = call->parameter_count;
    uint32_t capacity = count > 0 ? 2 * count : PARAMETERS_FIRST_CAPACITY;

    call->types = arena_grow(call->arena, call->types, count, capacity, sizeof(*call->types));
    call->values = arena_grow(call->arena, call->values, count, capacity, sizeof(*call->values));
    call->lengths = arena_grow(call->arena, call->lengths, count, capacity, sizeof(*call->lengths));
    call->formats = arena_grow(call->arena, call->formats, count, capacity, sizeof(*call->formats));
    call->parameter_capacity = capacity;
}

uint32_t pg_call_append(struct pg_call *call, Oid type, const char *bytes, size_t length)
{
    uint32_t index = call->parameter_count;

    PRE(index < PG_PARAMETERS_MAX);
    PRE(length <= INT_MAX);
    if (index == call->parameter_capacity)
        grow_parameters(call);
    call->types[index] = type;
    call->values[index] = bytes;
    call->lengths[index] = (int)length;
    call->formats[index] = 1;
    call->parameter_count++;
    return index;
}

void pg_null(struct pg_call *call)
{
    pg_call_append(call, 0, NULL, 0);
}

void pg_text(struct pg_call *call, const char *value)
{
    size_t length = value == NULL ? 0 : strlen(value);

    pg_call_append(call, OID_TEXT,
                   value == NULL ? NULL : arena_copy_bytes(call->arena, value, length), length);
}

void pg_bytes(struct pg_call *call, const void *bytes, size_t length)
{
    pg_call_append(call, OID_BYTEA, arena_copy_bytes(call->arena, bytes, length), length);
}

void pg_uuid(struct pg_call *call, const struct uuid *value)
{
    const char *bytes = NULL;

    if (value != NULL)
        bytes = arena_copy_bytes(call->arena, (const char *)value->bytes, sizeof(value->bytes));
    pg_call_append(call, OID_UUID, bytes, sizeof(value->bytes));
}

void pg_int8(struct pg_call *call, int64_t value)
{
    char *bytes = arena_alloc(call->arena, 8);

    pg_put_int64(bytes, value);
    pg_call_append(call, OID_INT8, bytes, 8);
}

void pg_int4(struct pg_call *call, int32_t value)
{
    char *bytes = arena_alloc(call->arena, 4);

    pg_put_int32(bytes, value);
    pg_call_append(call, OID_INT4, bytes, 4);
}

void pg_int2(struct pg_call *call, int16_t value)
{
    char *bytes = arena_alloc(call->arena, 2);

    pg_put_int16(bytes, value);
    pg_call_append(call, OID_INT2, bytes, 2);
}

void pg_float8(struct pg_call *call, double value)
{
    char *bytes = arena_alloc(call->arena, 8);
    int64_t bits;

    _Static_assert(sizeof(bits) == sizeof(value), "a double has 8 bytes");
    memcpy(&bits, &value, sizeof(bits));
    pg_put_int64(bytes, bits);
    pg_call_append(call, OID_FLOAT8, bytes, 8);
}

void pg_bool(struct pg_call *call, bool value)
{
    pg_call_append(call, OID_BOOL, value ? "\1" : "\0", 1);
}

void pg_timestamp(struct pg_call *call, int64_t unix_us)
{
    char *bytes = arena_alloc(call->arena, 8);

    pg_put_int64(bytes, pg_timestamp_to_binary(unix_us));
    pg_call_append(call, OID_TIMESTAMPTZ, bytes, 8);
}

void pg_jsonb(struct pg_call *call, const char *json)
{
    size_t length = json == NULL ? 0 : strlen(json);
    char *bytes = NULL;

    if (json != NULL) {
        bytes = arena_alloc(call->arena, length + 1);
        bytes[0] = JSONB_VERSION;
        memcpy(bytes + 1, json, length);
    }
    pg_call_append(call, OID_JSONB, bytes, length + 1);
}
