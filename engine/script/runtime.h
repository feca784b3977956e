/* One script's run in the embedded engine; private to this folder.
 *
 * The engine's heap is a region of our own at a fixed address. Once, its built-ins and our prelude
 * are set up there and the region is copied; a run begins with that copy put back, which is a
 * runtime as fresh as a new one for the price of a memcpy(). It ends, however it ends, by
 * forgetting the region: a run that has used up its steps or memory is left by a longjmp() out of
 * the engine, which a script cannot catch. */
#ifndef SYNERGYFLOW_SCRIPT_RUNTIME_H
#define SYNERGYFLOW_SCRIPT_RUNTIME_H

#include "bpmn/base/text.h"
#include "engine/script/script.h"
#include "engine/script/syntax.h"

#include <mujs.h>

enum {
    RUNTIME_MEMORY_MAX = 256 * 1024 * 1024, /* a script's memory_bytes at most */
    RUNTIME_HEAP_SLACK = 4, /* the region is this many times as large: pieces do not always fit */
    RUNTIME_WRITES_MAX = 4096, /* names that one script may set or remove explicitly */
};

/* A variable that was set or removed by name. */
struct explicit_write {
    char *name;
    bool local;
    bool removed;
    struct explicit_write *next;
};

struct run {
    js_State *engine;
    const json_t *variables; /* NULL when there are none */
    const struct script_context *context;
    struct arena *arena;
    struct error *error;
    struct script_result *result;
    jmp_buf abandon;
    bool abandonable;
    enum status abandoned; /* STATUS_TIMEOUT, STATUS_TOO_LARGE */
    const char *reason;    /* why, when it is not the plain limit */
    uint64_t steps_max;
    uint64_t steps;
    uint64_t factor;      /* what a step costs: rises with the longest text */
    uint64_t weight;      /* of the script */
    uint32_t thrown_line; /* of the last throw statement */
    uint64_t random;
    size_t converted_bytes; /* of JSON that left the engine */
    size_t memory_bytes;
    struct explicit_write *writes;
    uint32_t write_count;
    struct text scratch;
};

/* heap.c: the region. */
struct heap;
struct heap *heap_new(void);
void *heap_alloc(void *heap, void *old, int size); /* js_Alloc */
void heap_take_image(struct heap *heap);
/* Back to the image, with room for `memory_bytes` more. */
void heap_restore(struct heap *heap, struct run *run, size_t memory_bytes);
/* Whether so much was allocated since the last collection that another one is due. */
bool heap_wants_collection(const struct heap *heap);
void heap_collected(struct heap *heap);
size_t heap_live_bytes(const struct heap *heap);

/* runtime.c */
void run_charge(struct run *run, uint64_t steps);
NO_RETURN void run_abandon(struct run *run, enum status status, const char *reason);
/* JavaScript's own names, which no variable may take. */
bool runtime_is_reserved(const char *name);
/* The engine with everything fresh, `run` its context. */
js_State *runtime_start(struct run *run);
void runtime_collect_if_due(struct run *run);

/* values.c */
/* Pushes a value. */
void value_push(struct run *run, const json_t *json);
/* The value on top of the stack, which stays there, becomes a new reference that is appended to
 * `holder` (an array) before anything of the script's can run. `was` guides: a number that is the
 * same as there keeps its exact form. False when JSON cannot hold it: `what` says why. */
MUST_CHECK bool value_take(struct run *run, json_t *holder, const json_t *was, const char **what);
/* Prepares what values need in a new engine. */
void values_define(js_State *engine);

/* variables.c */
void variables_define(js_State *engine);
/* The process variable of that name as a script sees it now; pushes it or returns false. */
bool variable_push(struct run *run, const char *name);
/* Makes the variables that `translation` names visible as globals. */
void variables_bind(struct run *run, const struct translation *translation);
/* Compares what there is now with what there was and fills the result. */
MUST_CHECK enum status variables_collect(struct run *run);

/* guards.c: steps, and what protects them. */
void guards_define(js_State *engine);

extern const char script_prelude[];

#endif
