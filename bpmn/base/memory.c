#include "bpmn/base/memory.h"

#include "bpmn/base/check.h"

#include <stdlib.h>
#include <string.h>

static void *or_die(void *pointer)
{
    CHECK_OR_DIE("memory (the heap is exhausted)", pointer != NULL);
    return pointer;
}

void *memory_alloc(size_t size)
{
    return or_die(malloc(size > 0 ? size : 1));
}

void *memory_zero(size_t count, size_t size)
{
    return or_die(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *memory_resize(void *old, size_t size)
{
    return or_die(realloc(old, size > 0 ? size : 1));
}

char *memory_copy(const char *text)
{
    return text == NULL ? NULL : or_die(strdup(text));
}

void memory_free(void *pointer)
{
    free(pointer);
}
