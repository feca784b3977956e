/* Array parameters in PostgreSQL's binary form: a header (dimensions, NULL flag, element type,
 * count, lower bound) and then each element with its length before it. The parameter of the call is
 * kept valid after every element, so nothing has to be finished before the batch runs. */
#include "engine/pg/batch_private.h"

#include <limits.h>
#include <string.h>

enum {
    EMPTY_HEADER_BYTES = 12, /* an empty array has no dimension and thus no count and bound */
    HEADER_BYTES = 20,
    ARRAY_FIRST_CAPACITY = 256,
};

struct pg_array {
    struct pg_call *call;
    uint32_t index; /* of the parameter */
    Oid element_type;
    uint32_t count;
    char *bytes;
    size_t length;
    size_t capacity;
};

static struct pg_array *array_new(struct pg_call *call, Oid array_type, Oid element_type)
{
    struct pg_array *array = arena_alloc(call->arena, sizeof(*array));

    array->call = call;
    array->element_type = element_type;
    array->capacity = ARRAY_FIRST_CAPACITY;
    array->bytes = arena_alloc(call->arena, array->capacity);
    array->length = HEADER_BYTES;
    pg_put_int32(array->bytes + 8, (int32_t)element_type);
    array->index = pg_call_append(call, array_type, array->bytes, EMPTY_HEADER_BYTES);
    return array;
}

/* Room for one more element of `length` bytes (-1: NULL), counted; returns where its bytes go. */
static char *append_element(struct pg_array *array, int32_t length)
{
    size_t needed = array->length + 4 + (length > 0 ? (size_t)length : 0);
    char *at;

    PRE(needed <= INT_MAX);
    if (needed > array->capacity) {
        size_t capacity = array->capacity;

        while (capacity < needed)
            capacity *= 2;
        array->bytes = arena_grow(array->call->arena, array->bytes, array->length, capacity, 1);
        array->capacity = capacity;
        array->call->values[array->index] = array->bytes;
    }
    at = array->bytes + array->length;
    pg_put_int32(at, length);
    array->length = needed;
    array->count++;
    pg_put_int32(array->bytes, 1);
    pg_put_int32(array->bytes + 12, (int32_t)array->count);
    pg_put_int32(array->bytes + 16, 1);
    array->call->lengths[array->index] = (int)needed;
    return at + 4;
}

struct pg_array *pg_text_array(struct pg_call *call)
{
    return array_new(call, OID_TEXT_ARRAY, OID_TEXT);
}

struct pg_array *pg_uuid_array(struct pg_call *call)
{
    return array_new(call, OID_UUID_ARRAY, OID_UUID);
}

struct pg_array *pg_int8_array(struct pg_call *call)
{
    return array_new(call, OID_INT8_ARRAY, OID_INT8);
}

struct pg_array *pg_int4_array(struct pg_call *call)
{
    return array_new(call, OID_INT4_ARRAY, OID_INT4);
}

struct pg_array *pg_int2_array(struct pg_call *call)
{
    return array_new(call, OID_INT2_ARRAY, OID_INT2);
}

struct pg_array *pg_bool_array(struct pg_call *call)
{
    return array_new(call, OID_BOOL_ARRAY, OID_BOOL);
}

struct pg_array *pg_timestamp_array(struct pg_call *call)
{
    return array_new(call, OID_TIMESTAMPTZ_ARRAY, OID_TIMESTAMPTZ);
}

struct pg_array *pg_jsonb_array(struct pg_call *call)
{
    return array_new(call, OID_JSONB_ARRAY, OID_JSONB);
}

struct pg_array *pg_bytes_array(struct pg_call *call)
{
    return array_new(call, OID_BYTEA_ARRAY, OID_BYTEA);
}

void pg_add_null(struct pg_array *array)
{
    append_element(array, -1);
    pg_put_int32(array->bytes + 4, 1);
}

void pg_add_text(struct pg_array *array, const char *value)
{
    bool is_jsonb = array->element_type == OID_JSONB;
    size_t length;
    char *at;

    PRE(is_jsonb || array->element_type == OID_TEXT);
    if (value == NULL) {
        pg_add_null(array);
        return;
    }
    length = strlen(value);
    PRE(length < INT_MAX);
    at = append_element(array, (int32_t)(length + (is_jsonb ? 1 : 0)));
    if (is_jsonb)
        *at++ = JSONB_VERSION;
    memcpy(at, value, length);
}

void pg_add_uuid(struct pg_array *array, const struct uuid *value)
{
    PRE(array->element_type == OID_UUID);
    if (value == NULL)
        pg_add_null(array);
    else
        memcpy(append_element(array, sizeof(value->bytes)), value->bytes, sizeof(value->bytes));
}

void pg_add_int(struct pg_array *array, int64_t value)
{
    switch (array->element_type) {
    case OID_INT8:
        pg_put_int64(append_element(array, 8), value);
        break;
    case OID_INT4:
        PRE(value >= INT32_MIN && value <= INT32_MAX);
        pg_put_int32(append_element(array, 4), (int32_t)value);
        break;
    case OID_INT2:
        PRE(value >= INT16_MIN && value <= INT16_MAX);
        pg_put_int16(append_element(array, 2), (int16_t)value);
        break;
    default:
        UNREACHABLE();
    }
}

void pg_add_bool(struct pg_array *array, bool value)
{
    PRE(array->element_type == OID_BOOL);
    *append_element(array, 1) = value ? 1 : 0;
}

void pg_add_timestamp(struct pg_array *array, int64_t unix_us)
{
    PRE(array->element_type == OID_TIMESTAMPTZ);
    pg_put_int64(append_element(array, 8), pg_timestamp_to_binary(unix_us));
}

void pg_add_bytes(struct pg_array *array, const void *bytes, size_t length)
{
    char *at;

    PRE(array->element_type == OID_BYTEA);
    PRE(length < INT_MAX);
    at = append_element(array, (int32_t)length);
    if (length > 0)
        memcpy(at, bytes, length);
}

uint32_t pg_array_count(const struct pg_array *array)
{
    return array->count;
}
