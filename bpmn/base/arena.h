/* A bump allocator: everything that one command (or one parsed model) needs, freed in one place.
 *
 * Allocations never return NULL: running out of heap aborts the program. The soft limit is for
 * input: once the arena holds more than `limit_bytes`, arena_over_limit() turns true and stays so;
 * loops that grow with caller's data check it and refuse the input with STATUS_TOO_LARGE. */
#ifndef SYNERGYFLOW_BASE_ARENA_H
#define SYNERGYFLOW_BASE_ARENA_H

#include "bpmn/base/check.h"

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* The caller owns the arena and frees it with arena_free(). */
struct arena *arena_new(size_t limit_bytes);
void arena_free(struct arena *arena); /* NULL is fine */

/* Forgets every allocation, keeps the first block for reuse. */
void arena_clear(struct arena *arena);

/* Zeroed memory, aligned for any type, valid until arena_clear() or arena_free(). */
void *arena_alloc(struct arena *arena, size_t size);
/* `count * size` zeroed bytes; an overflow aborts (a program fault, counts come bounded). */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy of `old_count` elements with room for `new_count`; the old one stays where it is. */
void *arena_grow(struct arena *arena, const void *old, size_t old_count, size_t new_count,
                 size_t size);
char *arena_copy(struct arena *arena, const char *text);                       /* NULL gives NULL */
char *arena_copy_bytes(struct arena *arena, const char *bytes, size_t length); /* adds a NUL */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

size_t arena_used_bytes(const struct arena *arena);
bool arena_over_limit(const struct arena *arena);

#endif
