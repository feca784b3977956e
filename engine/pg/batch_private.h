/* The inside of a batch, for this folder only: what pipeline.c sends and what result.c reads. */
#ifndef SYNERGYFLOW_PG_BATCH_PRIVATE_H
#define SYNERGYFLOW_PG_BATCH_PRIVATE_H

#include "engine/pg/batch.h"

#include <libpq-fe.h>

/* PostgreSQL's fixed type numbers (catalog pg_type). */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_UNKNOWN = 705,
    OID_BOOL_ARRAY = 1000,
    OID_BYTEA_ARRAY = 1001,
    OID_INT2_ARRAY = 1005,
    OID_INT4_ARRAY = 1007,
    OID_TEXT_ARRAY = 1009,
    OID_INT8_ARRAY = 1016,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_TIMESTAMPTZ_ARRAY = 1185,
    OID_UUID = 2950,
    OID_UUID_ARRAY = 2951,
    OID_JSONB = 3802,
    OID_JSONB_ARRAY = 3807,
    OID_FIRST_USER_DEFINED = 16384,
};

enum { JSONB_VERSION = 1 };
enum { SQLSTATE_BYTES = 6 };

struct pg_result {
    PGresult *libpq; /* NULL until the statement succeeded, and after the results were freed */
};

/* The results of one run, on the heap because libpq's own memory hangs on them. */
struct pg_results {
    uint32_t count;
    struct pg_result items[];
};

struct pg_call {
    const struct pg_statement *statement;
    struct arena *arena;
    Oid *types; /* the four arrays have parameter_capacity places */
    const char **values;
    int *lengths;
    int *formats;
    uint32_t parameter_count;
    uint32_t parameter_capacity;
    struct pg_result *result; /* a place in the batch's results; NULL when there are none */
    bool prepares;            /* in this run a Parse message precedes the execution */
    uint64_t prepared_key;
};

struct pg_batch {
    struct arena *arena;
    struct pg_call **calls;
    struct pg_results *results; /* NULL when it owns none */
    uint32_t count;
    uint32_t capacity;
    uint32_t failed_statement;
    char failed_sqlstate[SQLSTATE_BYTES];
};

/* Network byte order, as PostgreSQL's binary formats have it. */
void pg_put_int16(char *to, int16_t value);
void pg_put_int32(char *to, int32_t value);
void pg_put_int64(char *to, int64_t value);
int16_t pg_get_int16(const char *from);
int32_t pg_get_int32(const char *from);
int64_t pg_get_int64(const char *from);

/* PostgreSQL counts microseconds from 2000-01-01; the ends of the range are its infinities. */
int64_t pg_timestamp_to_binary(int64_t unix_us);
int64_t pg_timestamp_from_binary(int64_t binary);

/* Appends a parameter whose bytes (NULL for NULL) stay valid as long as the arena; returns its
 * index. */
uint32_t pg_call_append(struct pg_call *call, Oid type, const char *bytes, size_t length);

/* Makes room for the results of a run; forgets the results and the failure of an earlier one. */
void pg_batch_reset(struct pg_batch *batch);
void pg_results_clear(struct pg_results *results);

#endif
