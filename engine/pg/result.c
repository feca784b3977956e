/* Reading results in PostgreSQL's binary formats. Asking for a column as another type than the SQL
 * gives is a fault of the program and stops it; a value's length comes from the network and is
 * checked before its bytes are read. */
#include "engine/pg/batch_private.h"
#include "engine/pg/pool.h"

#include "bpmn/base/memory.h"

#include <stdlib.h>
#include <string.h>

const struct pg_result *pg_batch_result(const struct pg_batch *batch, uint32_t index)
{
    static const struct pg_result none = {NULL};

    PRE(index < batch->count);
    return batch->calls[index]->result == NULL ? &none : batch->calls[index]->result;
}

void pg_results_clear(struct pg_results *results)
{
    for (uint32_t i = 0; i < results->count; i++) {
        PQclear(results->items[i].libpq);
        results->items[i].libpq = NULL;
    }
}

void pg_batch_free_results(struct pg_batch *batch)
{
    if (batch == NULL || batch->results == NULL)
        return;
    pg_results_clear(batch->results);
    for (uint32_t i = 0; i < batch->count; i++)
        batch->calls[i]->result = NULL;
    memory_free(batch->results);
    batch->results = NULL;
}

void pg_batch_reset(struct pg_batch *batch)
{
    pg_batch_free_results(batch);
    batch->results =
        memory_zero(1, sizeof(*batch->results) + batch->count * sizeof(batch->results->items[0]));
    batch->results->count = batch->count;
    for (uint32_t i = 0; i < batch->count; i++)
        batch->calls[i]->result = &batch->results->items[i];
    batch->failed_statement = 0;
    batch->failed_sqlstate[0] = '\0';
}

uint32_t pg_failed_statement(const struct pg_batch *batch)
{
    return batch->failed_statement;
}

const char *pg_failed_sqlstate(const struct pg_batch *batch)
{
    return batch->failed_sqlstate;
}

uint32_t pg_rows(const struct pg_result *result)
{
    return result->libpq == NULL ? 0 : (uint32_t)PQntuples(result->libpq);
}

uint32_t pg_columns(const struct pg_result *result)
{
    return result->libpq == NULL ? 0 : (uint32_t)PQnfields(result->libpq);
}

int64_t pg_affected(const struct pg_result *result)
{
    return result->libpq == NULL ? 0 : strtoll(PQcmdTuples(result->libpq), NULL, 10);
}

static Oid type_of(const struct pg_result *result, uint32_t row, uint32_t column)
{
    PRE(row < pg_rows(result));
    PRE(column < pg_columns(result));
    return PQftype(result->libpq, (int)column);
}

static const char *bytes_of(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return PQgetvalue(result->libpq, (int)row, (int)column);
}

static size_t length_of(const struct pg_result *result, uint32_t row, uint32_t column)
{
    return (size_t)PQgetlength(result->libpq, (int)row, (int)column);
}

bool pg_is_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    (void)type_of(result, row, column);
    return PQgetisnull(result->libpq, (int)row, (int)column) != 0;
}

/* Enumerations and domains over text are user-defined types and are sent as their text. */
static bool type_is_text(Oid type)
{
    return type == OID_TEXT || type == OID_VARCHAR || type == OID_NAME || type == OID_BPCHAR ||
           type == OID_JSON || type == OID_UNKNOWN || type >= OID_FIRST_USER_DEFINED;
}

const char *pg_value_text_or_null(const struct pg_result *result, uint32_t row, uint32_t column)
{
    Oid type = type_of(result, row, column);

    PRE(type == OID_JSONB || type_is_text(type));
    if (pg_is_null(result, row, column))
        return NULL;
    if (type == OID_JSONB && length_of(result, row, column) > 0)
        return bytes_of(result, row, column) + 1; /* after the version byte */
    return bytes_of(result, row, column);
}

const char *pg_value_text(const struct pg_result *result, uint32_t row, uint32_t column)
{
    const char *text = pg_value_text_or_null(result, row, column);

    return text == NULL ? "" : text;
}

const void *pg_value_bytes(const struct pg_result *result, uint32_t row, uint32_t column,
                           size_t *ret_length)
{
    PRE(type_of(result, row, column) == OID_BYTEA);
    *ret_length = length_of(result, row, column);
    return bytes_of(result, row, column);
}

int64_t pg_value_int(const struct pg_result *result, uint32_t row, uint32_t column)
{
    Oid type = type_of(result, row, column);
    const char *bytes = bytes_of(result, row, column);

    PRE(type == OID_INT8 || type == OID_INT4 || type == OID_INT2 || type == OID_BOOL);
    switch (length_of(result, row, column)) {
    case 8:
        return pg_get_int64(bytes);
    case 4:
        return pg_get_int32(bytes);
    case 2:
        return pg_get_int16(bytes);
    case 1:
        return bytes[0] != 0;
    default:
        return 0; /* NULL */
    }
}

bool pg_value_bool(const struct pg_result *result, uint32_t row, uint32_t column)
{
    PRE(type_of(result, row, column) == OID_BOOL);
    return pg_value_int(result, row, column) != 0;
}

double pg_value_float(const struct pg_result *result, uint32_t row, uint32_t column)
{
    Oid type = type_of(result, row, column);
    const char *bytes = bytes_of(result, row, column);
    size_t length = length_of(result, row, column);

    PRE(type == OID_FLOAT8 || type == OID_FLOAT4);
    if (length == 8) {
        int64_t bits = pg_get_int64(bytes);
        double value;

        memcpy(&value, &bits, sizeof(value));
        return value;
    }
    if (length == 4) {
        int32_t bits = pg_get_int32(bytes);
        float value;

        memcpy(&value, &bits, sizeof(value));
        return (double)value;
    }
    return 0; /* NULL */
}

struct uuid pg_value_uuid(const struct pg_result *result, uint32_t row, uint32_t column)
{
    struct uuid uuid = {{0}};

    PRE(type_of(result, row, column) == OID_UUID);
    if (length_of(result, row, column) == sizeof(uuid.bytes))
        memcpy(uuid.bytes, bytes_of(result, row, column), sizeof(uuid.bytes));
    return uuid;
}

int64_t pg_value_timestamp(const struct pg_result *result, uint32_t row, uint32_t column)
{
    Oid type = type_of(result, row, column);

    PRE(type == OID_TIMESTAMPTZ || type == OID_TIMESTAMP);
    if (length_of(result, row, column) != 8)
        return 0; /* NULL */
    return pg_timestamp_from_binary(pg_get_int64(bytes_of(result, row, column)));
}

const char **pg_value_text_array(const struct pg_result *result, uint32_t row, uint32_t column,
                                 struct arena *arena, uint32_t *ret_count)
{
    const char *at = bytes_of(result, row, column);
    size_t left = length_of(result, row, column);
    const char **items;
    uint32_t count;

    PRE(type_of(result, row, column) == OID_TEXT_ARRAY);
    *ret_count = 0;
    if (left < 20 || pg_get_int32(at) != 1)
        return arena_array(arena, 1, sizeof(*items)); /* NULL or empty */
    count = (uint32_t)pg_get_int32(at + 12);
    at += 20;
    left -= 20;
    if (count > left / 4) /* each element has at least its length */
        count = (uint32_t)(left / 4);
    items = arena_array(arena, (size_t)count + 1, sizeof(*items));
    for (uint32_t i = 0; i < count && left >= 4; i++) {
        int32_t length = pg_get_int32(at);

        at += 4;
        left -= 4;
        if (length >= 0) {
            if ((size_t)length > left)
                break;
            items[i] = arena_copy_bytes(arena, at, (size_t)length);
            at += length;
            left -= (size_t)length;
        }
        (*ret_count)++;
    }
    return items;
}
