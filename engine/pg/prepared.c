/* An open-addressed table from a statement's hash to what the server knows of it. Entries are never
 * removed one by one; the table is cleared when its connection is lost. */
#include "engine/pg/prepared.h"

#include "bpmn/base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The program has some hundreds of statements; each costs the server some 10 KiB in each
 * connection. */
enum { PREPARED_MAX = 1024, PREPARED_SLOTS = 2 * PREPARED_MAX };

struct prepared_slot {
    uint64_t key; /* 0: free */
    enum prepared_state state;
};

struct pg_prepared {
    uint32_t count;
    struct prepared_slot slots[PREPARED_SLOTS];
};

struct pg_prepared *pg_prepared_new(void)
{
    return memory_zero(1, sizeof(struct pg_prepared));
}

void pg_prepared_free(struct pg_prepared *prepared)
{
    memory_free(prepared);
}

void pg_prepared_clear(struct pg_prepared *prepared)
{
    memset(prepared, 0, sizeof(*prepared));
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t pg_prepared_key(const struct pg_call *call)
{
    const struct pg_statement *statement = call->statement;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    PRE(statement->name != NULL);
    hash = hash_bytes(hash, statement->name, strlen(statement->name) + 1);
    hash = hash_bytes(hash, statement->sql, strlen(statement->sql) + 1);
    hash = hash_bytes(hash, call->types, call->parameter_count * sizeof(*call->types));
    return hash != 0 ? hash : 1;
}

void pg_prepared_name(const struct pg_call *call, uint64_t key, char ret_name[PREPARED_NAME_BYTES])
{
    /* The server keeps 63 bytes of a name: 46 of ours, a dot and 16 of the key. */
    (void)snprintf(ret_name, PREPARED_NAME_BYTES, "%.46s.%016" PRIx64, call->statement->name, key);
}

enum prepared_state *pg_prepared_state(struct pg_prepared *prepared, uint64_t key)
{
    uint32_t index = (uint32_t)(key % PREPARED_SLOTS);

    PRE(key != 0);
    while (prepared->slots[index].key != 0 && prepared->slots[index].key != key)
        index = (index + 1) % PREPARED_SLOTS;
    if (prepared->slots[index].key == 0) {
        if (prepared->count == PREPARED_MAX)
            return NULL;
        prepared->count++;
        prepared->slots[index].key = key;
    }
    return &prepared->slots[index].state;
}
