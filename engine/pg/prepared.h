/* What one connection has prepared. A statement is known by a hash of its name, its SQL and its
 * parameters' types, so that the same SQL called with a NULL of unknown type is another statement.
 */
#ifndef SYNERGYFLOW_PG_PREPARED_H
#define SYNERGYFLOW_PG_PREPARED_H

#include "engine/pg/batch_private.h"

enum { PREPARED_NAME_BYTES = 64 };

enum prepared_state {
    PREPARED_NOT,   /* never, or the server refused it */
    PREPARED_SENT,  /* earlier in the pipeline that is on its way */
    PREPARED_READY, /* the server said so */
};

struct pg_prepared;

struct pg_prepared *pg_prepared_new(void);
void pg_prepared_free(struct pg_prepared *prepared); /* NULL is fine */
void pg_prepared_clear(struct pg_prepared *prepared);

uint64_t pg_prepared_key(const struct pg_call *call);
/* The server's name for it: the program's name, readable in pg_prepared_statements, and the key. */
void pg_prepared_name(const struct pg_call *call, uint64_t key, char ret_name[PREPARED_NAME_BYTES]);
/* NULL when so many are known that no more are kept: the call then runs unprepared. */
enum prepared_state *pg_prepared_state(struct pg_prepared *prepared, uint64_t key);

#endif
