/* The embedded engine's heap: size classes over one region, with a limit, a price, and an image to
 * return to. Everything that changes lies in the region, so that copying it is enough. */
#include "bpmn/base/memory.h"
#include "engine/script/runtime.h"

#include <string.h>
#include <sys/mman.h>

enum {
    SMALL_MAX = 1024,
    STEP = 16,
    SMALL_CLASSES = SMALL_MAX / STEP,
    LARGE_CLASSES = 4 * 24,         /* four to a doubling, up to 16 GiB */
    KEPT_BYTES = 8 * 1024 * 1024,   /* touched memory that stays for the next run */
    COLLECT_BYTES = 512 * 1024,     /* growth before the first collection of a run */
    BYTES_A_STEP = 256,             /* to copy so many takes about as long as a step */
    TEXT_BYTES_A_FACTOR = 8 * 1024, /* a step with a text of that length in play costs one more */
};

struct block {
    size_t size;        /* of the class, without this header */
    struct block *next; /* of the free ones of that class; itself when it is in use */
};

/* At the beginning of the region. */
struct pool {
    size_t used; /* of the region */
    size_t live_bytes;
    size_t largest;
    size_t collect_at;
    struct block *free[SMALL_CLASSES + LARGE_CLASSES];
};

/* A piece of the region that the image holds. */
struct extent {
    size_t start;
    size_t length;
};

struct heap {
    struct pool *pool;
    struct run *run;
    char *image; /* the extents' bytes, one after the other */
    struct extent *extents;
    size_t extent_count;
    size_t image_end; /* where runs begin to allocate */
    size_t live_max;
    size_t used_max;
    size_t touched; /* high water since memory was last given back */
    size_t region_bytes;
};

struct heap *heap_new(void)
{
    struct heap *heap = memory_zero(1, sizeof(*heap));

    heap->region_bytes = (size_t)RUNTIME_MEMORY_MAX * RUNTIME_HEAP_SLACK + 16 * 1024 * 1024;
    heap->pool = mmap(NULL, heap->region_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    INVARIANT(heap->pool != MAP_FAILED);
    heap->pool->used = (sizeof(struct pool) + STEP - 1) / STEP * STEP;
    heap->live_max = heap->used_max = RUNTIME_MEMORY_MAX;
    heap->pool->collect_at = SIZE_MAX;
    return heap;
}

/* The class of `size` and the size of its blocks. */
static unsigned class_of(size_t size, size_t *ret_size)
{
    size_t quarter = SMALL_MAX / 4;
    unsigned class = SMALL_CLASSES;

    if (size <= SMALL_MAX) {
        size_t steps = (size + STEP - 1) / STEP;

        *ret_size = steps * STEP;
        return (unsigned)(steps > 0 ? steps - 1 : 0);
    }
    while (size > 8 * quarter) {
        quarter *= 2;
        class += 4;
    }
    for (unsigned i = 5; i <= 8; i++, class ++) {
        if (size <= i * quarter) {
            *ret_size = i * quarter;
            break;
        }
    }
    return class;
}

static void release(struct pool *pool, void *memory)
{
    struct block *block = (struct block *)memory - 1;
    size_t size;
    unsigned class = class_of(block->size, &size);

    pool->live_bytes -= block->size;
    block->next = pool->free[class];
    pool->free[class] = block;
}

/* Long texts make everything that touches them slow, which steps do not see by themselves: so the
 * price of a step rises with the longest, at once for the whole script. */
static void price(struct heap *heap, size_t size)
{
    struct run *run = heap->run;
    uint64_t factor;

    if (run == NULL)
        return;
    factor = 1 + size / TEXT_BYTES_A_FACTOR;
    if (factor > run->factor) {
        uint64_t rise = factor - run->factor;

        run->factor = factor;
        run_charge(run, rise * (run->weight / 8));
    }
    run_charge(run, size / BYTES_A_STEP);
}

static void *take(struct heap *heap, size_t wanted)
{
    struct pool *pool = heap->pool;
    size_t size;
    unsigned class = class_of(wanted > 0 ? wanted : 1, &size);
    struct block *block = pool->free[class];

    price(heap, size);
    if (pool->live_bytes + size > heap->live_max ||
        (block == NULL && pool->used + sizeof(*block) + size > heap->used_max)) {
        if (heap->run != NULL)
            run_abandon(heap->run, STATUS_TOO_LARGE, NULL);
        return NULL;
    }
    if (block != NULL) {
        pool->free[class] = block->next;
    } else {
        block = (struct block *)(void *)((char *)pool + pool->used);
        block->size = size;
        pool->used += sizeof(*block) + size;
    }
    block->next = block;
    pool->live_bytes += size;
    return block + 1;
}

void *heap_alloc(void *context, void *old, int size)
{
    struct heap *heap = context;
    struct block *block = old != NULL ? (struct block *)old - 1 : NULL;
    void *memory;

    if (size <= 0) {
        if (old != NULL)
            release(heap->pool, old);
        return NULL;
    }
    if (block != NULL && block->size >= (size_t)size)
        return old;
    memory = take(heap, (size_t)size);
    if (memory != NULL && block != NULL) {
        memcpy(memory, old, block->size);
        release(heap->pool, old);
    }
    return memory;
}

/* The pool itself, and what is in use, adjoining blocks together. */
static void find_extents(struct heap *heap)
{
    size_t at = (sizeof(struct pool) + STEP - 1) / STEP * STEP;
    size_t capacity = 64;
    struct extent *last;

    heap->extents = memory_zero(capacity, sizeof(*heap->extents));
    heap->extents[0].length = at;
    heap->extent_count = 1;
    while (at < heap->pool->used) {
        struct block *block = (struct block *)(void *)((char *)heap->pool + at);
        size_t length = sizeof(*block) + block->size;

        last = &heap->extents[heap->extent_count - 1];
        if (block->next == block && last->start + last->length == at) {
            last->length += length;
        } else if (block->next == block) {
            if (heap->extent_count == capacity) {
                capacity *= 2;
                heap->extents = memory_resize(heap->extents, capacity * sizeof(*heap->extents));
            }
            heap->extents[heap->extent_count++] = (struct extent){at, length};
        }
        at += length;
    }
}

/* What is free is given up, so that no run touches it: the image is what is in use, a small part of
 * what setting it up took. */
void heap_take_image(struct heap *heap)
{
    size_t length = 0;

    PRE(heap->image == NULL);
    find_extents(heap);
    memset(heap->pool->free, 0, sizeof(heap->pool->free));
    heap->image_end = heap->touched = heap->pool->used;
    for (size_t i = 0; i < heap->extent_count; i++)
        length += heap->extents[i].length;
    heap->image = memory_alloc(length);
    length = 0;
    for (size_t i = 0; i < heap->extent_count; i++) {
        memcpy(heap->image + length, (char *)heap->pool + heap->extents[i].start,
               heap->extents[i].length);
        length += heap->extents[i].length;
    }
}

void heap_restore(struct heap *heap, struct run *run, size_t memory_bytes)
{
    size_t kept = heap->image_end + KEPT_BYTES;
    const char *from = heap->image;

    if (heap->pool->used > heap->touched)
        heap->touched = heap->pool->used;
    if (heap->touched > kept) {
        (void)madvise((char *)heap->pool + kept / 4096 * 4096, heap->touched - kept + 4096,
                      MADV_DONTNEED);
        heap->touched = kept;
    }
    for (size_t i = 0; i < heap->extent_count; i++) {
        memcpy((char *)heap->pool + heap->extents[i].start, from, heap->extents[i].length);
        from += heap->extents[i].length;
    }
    if (memory_bytes > RUNTIME_MEMORY_MAX)
        memory_bytes = RUNTIME_MEMORY_MAX;
    heap->live_max = heap->pool->live_bytes + memory_bytes;
    heap->used_max = heap->pool->used + RUNTIME_HEAP_SLACK * memory_bytes;
    heap->pool->collect_at = heap->pool->live_bytes +
                             (memory_bytes / 2 < COLLECT_BYTES ? memory_bytes / 2 : COLLECT_BYTES);
    heap->run = run;
}

bool heap_wants_collection(const struct heap *heap)
{
    return heap->pool->live_bytes > heap->pool->collect_at;
}

/* The next one when the heap has doubled, and in any case well before its end. */
void heap_collected(struct heap *heap)
{
    size_t live = heap->pool->live_bytes;
    size_t left = heap->live_max > live ? heap->live_max - live : 0;
    size_t growth = live > COLLECT_BYTES ? live : COLLECT_BYTES;

    heap->pool->collect_at = live + (growth < left / 2 ? growth : left / 2);
}

size_t heap_live_bytes(const struct heap *heap)
{
    return heap->pool->live_bytes;
}
