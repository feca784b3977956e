#include "bpmn/base/arena.h"

#include "bpmn/base/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 8192 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct arena_block *newest;
    struct arena_block *first;
    size_t used;
    size_t limit;
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = memory_alloc(sizeof(*block) + size);

    block->next = NULL;
    block->size = size;
    block->used = 0;
    return block;
}

struct arena *arena_new(size_t limit_bytes)
{
    struct arena *arena = memory_alloc(sizeof(*arena));

    PRE(limit_bytes > 0);
    arena->first = arena->newest = block_new(ARENA_BLOCK_BYTES);
    arena->used = 0;
    arena->limit = limit_bytes;
    return arena;
}

static void free_blocks_after_first(struct arena *arena)
{
    while (arena->newest != arena->first) {
        struct arena_block *next = arena->newest->next;

        memory_free(arena->newest);
        arena->newest = next;
    }
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    free_blocks_after_first(arena);
    memory_free(arena->first);
    memory_free(arena);
}

void arena_clear(struct arena *arena)
{
    free_blocks_after_first(arena);
    arena->first->used = 0;
    arena->used = 0;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_block *block = arena->newest;
    void *result;

    PRE(rounded >= size);
    if (block->size - block->used < rounded) {
        size_t wanted = rounded > ARENA_BLOCK_BYTES ? rounded : (size_t)ARENA_BLOCK_BYTES;

        block = block_new(wanted);
        block->next = arena->newest;
        arena->newest = block;
    }
    result = block->bytes + block->used;
    block->used += rounded;
    arena->used += rounded;
    memset(result, 0, rounded);
    return result;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    PRE(size > 0 && count <= SIZE_MAX / size);
    return arena_alloc(arena, count * size);
}

void *arena_grow(struct arena *arena, const void *old, size_t old_count, size_t new_count,
                 size_t size)
{
    void *result = arena_array(arena, new_count, size);

    PRE(new_count >= old_count);
    if (old_count > 0)
        memcpy(result, old, old_count * size);
    return result;
}

char *arena_copy_bytes(struct arena *arena, const char *bytes, size_t length)
{
    char *result = arena_alloc(arena, length + 1);

    if (length > 0)
        memcpy(result, bytes, length);
    return result;
}

char *arena_copy(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy_bytes(arena, text, strlen(text));
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int length;
    char *result;

    va_start(arguments, format);
    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    INVARIANT(length >= 0);
    result = arena_alloc(arena, (size_t)length + 1);
    (void)vsnprintf(result, (size_t)length + 1, format, again);
    va_end(again);
    return result;
}

size_t arena_used_bytes(const struct arena *arena)
{
    return arena->used;
}

bool arena_over_limit(const struct arena *arena)
{
    return arena->used > arena->limit;
}
