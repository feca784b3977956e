/* A batch: SQL statements with binary parameters, sent as one pipeline, and their results.
 *
 * No libpq type appears here, so modules may build batches too. Parameters and results are in
 * PostgreSQL's binary formats: exact, and nothing to escape. Everything a batch holds lives in its
 * arena, except results, which pg_batch_free_results() (called by whoever owns the batch) releases.
 */
#ifndef SYNERGYFLOW_PG_BATCH_H
#define SYNERGYFLOW_PG_BATCH_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"
#include "bpmn/base/uuid.h"

#include <stdint.h>

/* A statement in a module's or a file's statement table. `name` is unique in the program; it names
 * the prepared statement where the settings allow those. NULL name: never prepared (SQL built at
 * run time from fixed fragments; values always as parameters). Static storage or the batch's arena.
 */
struct pg_statement {
    const char *name;
    const char *sql;
};

struct pg_batch;
struct pg_call;   /* one statement of a batch with its parameters */
struct pg_array;  /* an array parameter being filled */
struct pg_result; /* what one statement returned */

enum { PG_PARAMETERS_MAX = 64, PG_BATCH_STATEMENTS_MAX = 4096 };

struct pg_batch *pg_batch_new(struct arena *arena);
/* Appends a statement; give its parameters in order $1, $2, … with the functions below. */
struct pg_call *pg_batch_add(struct pg_batch *batch, const struct pg_statement *statement);
uint32_t pg_batch_count(const struct pg_batch *batch);
/* Appends the statements of `other`, which from then on reads its results under its own indices.
 * They move to `batch`: run and free that one only; its arena must live as long as `other` reads.
 */
void pg_batch_join(struct pg_batch *batch, struct pg_batch *other);

void pg_null(struct pg_call *call); /* NULL of any type: the SQL should say $n::type */
void pg_text(struct pg_call *call, const char *value); /* text/varchar; NULL gives NULL; copied */
void pg_bytes(struct pg_call *call, const void *bytes, size_t length); /* bytea; copied */
void pg_uuid(struct pg_call *call, const struct uuid *value);          /* NULL gives NULL */
void pg_int8(struct pg_call *call, int64_t value);
void pg_int4(struct pg_call *call, int32_t value);
void pg_int2(struct pg_call *call, int16_t value);
void pg_float8(struct pg_call *call, double value);
void pg_bool(struct pg_call *call, bool value);
void pg_timestamp(struct pg_call *call, int64_t unix_us); /* timestamptz */
void pg_jsonb(struct pg_call *call, const char *json);    /* NULL gives NULL; copied */

/* Arrays (for unnest and = ANY); elements are appended with the matching pg_add_… */
struct pg_array *pg_text_array(struct pg_call *call);
struct pg_array *pg_uuid_array(struct pg_call *call);
struct pg_array *pg_int8_array(struct pg_call *call);
struct pg_array *pg_int4_array(struct pg_call *call);
struct pg_array *pg_int2_array(struct pg_call *call);
struct pg_array *pg_bool_array(struct pg_call *call);
struct pg_array *pg_timestamp_array(struct pg_call *call);
struct pg_array *pg_jsonb_array(struct pg_call *call);
struct pg_array *pg_bytes_array(struct pg_call *call);
void pg_add_null(struct pg_array *array);
void pg_add_text(struct pg_array *array,
                 const char *value); /* text and jsonb arrays; NULL gives NULL */
void pg_add_uuid(struct pg_array *array, const struct uuid *value); /* NULL gives NULL */
void pg_add_int(struct pg_array *array, int64_t value);             /* int8, int4 and int2 arrays */
void pg_add_bool(struct pg_array *array, bool value);
void pg_add_timestamp(struct pg_array *array, int64_t unix_us);
void pg_add_bytes(struct pg_array *array, const void *bytes, size_t length);
uint32_t pg_array_count(const struct pg_array *array);

/* Results, valid after the batch ran with STATUS_OK (or up to the failed statement), until freed.
 */
const struct pg_result *pg_batch_result(const struct pg_batch *batch, uint32_t index);
void pg_batch_free_results(struct pg_batch *batch); /* NULL is fine */
uint32_t pg_rows(const struct pg_result *result);
uint32_t pg_columns(const struct pg_result *result);
int64_t pg_affected(const struct pg_result *result); /* rows inserted, updated, deleted, selected */
bool pg_is_null(const struct pg_result *result, uint32_t row, uint32_t column);
/* NUL-terminated text of a text, varchar, name, json or jsonb column; "" for NULL. Borrowed. */
const char *pg_value_text(const struct pg_result *result, uint32_t row, uint32_t column);
/* The same, but NULL for NULL. */
const char *pg_value_text_or_null(const struct pg_result *result, uint32_t row, uint32_t column);
/* bytea */
const void *pg_value_bytes(const struct pg_result *result, uint32_t row, uint32_t column,
                           size_t *ret_length);
/* int2, int4, int8 (and bool as 0/1); 0 for NULL. Cast numeric in SQL. */
int64_t pg_value_int(const struct pg_result *result, uint32_t row, uint32_t column);
double pg_value_float(const struct pg_result *result, uint32_t row, uint32_t column); /* float4/8 */
bool pg_value_bool(const struct pg_result *result, uint32_t row, uint32_t column);
struct uuid pg_value_uuid(const struct pg_result *result, uint32_t row,
                          uint32_t column); /* zero for NULL */
/* timestamptz as microseconds since 1970; 0 for NULL. */
int64_t pg_value_timestamp(const struct pg_result *result, uint32_t row, uint32_t column);
/* Elements of a text[] column, in `arena`; count 0 for NULL. */
const char **pg_value_text_array(const struct pg_result *result, uint32_t row, uint32_t column,
                                 struct arena *arena, uint32_t *ret_count);

#endif
