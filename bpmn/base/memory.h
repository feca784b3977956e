/* Heap allocation that never returns NULL: out of memory aborts with a sentence. */
#ifndef SYNERGYFLOW_BASE_MEMORY_H
#define SYNERGYFLOW_BASE_MEMORY_H

#include <stddef.h>

void *memory_alloc(size_t size);              /* not zeroed */
void *memory_zero(size_t count, size_t size); /* zeroed */
void *memory_resize(void *old, size_t size);
char *memory_copy(const char *text); /* NULL gives NULL */
void memory_free(void *pointer);     /* NULL is fine */

#endif
