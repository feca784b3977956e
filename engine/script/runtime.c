/* The engine's state: made once, put back for every run; see runtime.h. */
#include "engine/script/runtime.h"
#include "bpmn/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { RESERVED_MAX = 128 };

static struct {
    struct heap *heap;
    js_State *engine;
    char *reserved[RESERVED_MAX]; /* sorted */
    size_t reserved_count;
} runtime;

NO_RETURN void run_abandon(struct run *run, enum status status, const char *reason)
{
    INVARIANT(run->abandonable);
    run->abandoned = status;
    run->reason = reason;
    longjmp(run->abandon, 1);
}

void run_charge(struct run *run, uint64_t steps)
{
    run->steps += steps;
    if (run->steps_max > 0 && run->steps > run->steps_max)
        run_abandon(run, STATUS_TIMEOUT, NULL);
}

void runtime_collect_if_due(struct run *run)
{
    if (!heap_wants_collection(runtime.heap))
        return;
    run_charge(run, heap_live_bytes(runtime.heap) / 4096);
    js_gc(run->engine, 0);
    heap_collected(runtime.heap);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

bool runtime_is_reserved(const char *name)
{
    return strncmp(name, "$$", 2) == 0 || bsearch(&name, runtime.reserved, runtime.reserved_count,
                                                  sizeof(name), compare_names) != NULL;
}

static void must_run(js_State *engine, const char *name, const char *source)
{
    if (js_ploadstring(engine, name, source) != 0)
        check_failed("prelude", js_trystring(engine, -1, "?"), name, 0, "load");
    js_pushundefined(engine);
    if (js_pcall(engine, 0) != 0)
        check_failed("prelude", js_trystring(engine, -1, "?"), name, 0, "run");
    js_pop(engine, 1);
}

/* Every property that the global object has now is JavaScript's. */
static void note_reserved(js_State *engine)
{
    int count;

    js_getglobal(engine, "Object");
    js_getproperty(engine, -1, "getOwnPropertyNames");
    js_pushundefined(engine);
    js_pushglobal(engine);
    INVARIANT(js_pcall(engine, 1) == 0);
    count = js_getlength(engine, -1);
    INVARIANT(count <= RESERVED_MAX);
    for (int i = 0; i < count; i++) {
        js_getindex(engine, -1, i);
        runtime.reserved[i] = memory_copy(js_tostring(engine, -1));
        js_pop(engine, 1);
    }
    js_pop(engine, 2);
    runtime.reserved_count = (size_t)count;
    qsort(runtime.reserved, runtime.reserved_count, sizeof(char *), compare_names);
}

static void make_engine(void)
{
    static const struct script_context context = {0};
    struct run run = {.context = &context, .factor = 1};
    struct arena *arena = arena_new(1024 * 1024);
    struct translation prelude;
    struct error error;

    runtime.heap = heap_new();
    runtime.engine = js_newstate(heap_alloc, runtime.heap, 0);
    INVARIANT(runtime.engine != NULL);
    run.engine = runtime.engine;
    js_setcontext(runtime.engine, &run);
    values_define(runtime.engine);
    variables_define(runtime.engine);
    guards_define(runtime.engine);
    if (syntax_translate(script_prelude, true, arena, &prelude, &error) != STATUS_OK)
        check_failed("prelude", error.message, "prelude", error.line, "translate");
    must_run(runtime.engine, "prelude", prelude.text);
    note_reserved(runtime.engine);
    js_gc(runtime.engine, 0);
    js_setcontext(runtime.engine, NULL);
    heap_take_image(runtime.heap);
    arena_free(arena);
}

js_State *runtime_start(struct run *run)
{
    if (runtime.engine == NULL)
        make_engine();
    heap_restore(runtime.heap, run, run->memory_bytes);
    js_setcontext(runtime.engine, run);
    return runtime.engine;
}
