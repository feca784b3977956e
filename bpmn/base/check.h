/* Assertions and function attributes.
 *
 * Assertions stay on in release: a workflow engine may stop, it may not corrupt. They state what
 * the program itself guarantees and are never used on input, network data or SQL results. */
#ifndef SYNERGYFLOW_BASE_CHECK_H
#define SYNERGYFLOW_BASE_CHECK_H

#include <stdbool.h>

#define MUST_CHECK               __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define NO_RETURN                __attribute__((noreturn))

#define CHECK_OR_DIE(kind, condition) \
    ((condition) ? (void)0 : check_failed(kind, #condition, __FILE__, __LINE__, __func__))
#define PRE(condition)       CHECK_OR_DIE("precondition", condition)
#define POST(condition)      CHECK_OR_DIE("postcondition", condition)
#define INVARIANT(condition) CHECK_OR_DIE("invariant", condition)
#define IMPLIES(a, b)        (!(a) || (b))
#define UNREACHABLE()        check_failed("unreachable", "reached", __FILE__, __LINE__, __func__)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The object of `type` whose member `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Writes what failed and where to standard error and aborts. */
NO_RETURN void check_failed(const char *kind, const char *condition, const char *file, int line,
                            const char *function);

#endif
