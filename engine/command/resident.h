/* Large instances that stay in memory between their commands: one with ten thousand parallel
 * branches is not read anew for each of them. The database's row is the truth: an instance is used
 * again only when its revision is the one that was stored last, under the row's lock. Private to
 * this folder. */
#ifndef SYNERGYFLOW_RESIDENT_H
#define SYNERGYFLOW_RESIDENT_H

#include "bpmn/step/instance.h"
#include "engine/definition/definition.h"

#include <uthash.h>

struct residents;

struct resident {
    UT_hash_handle hh;
    struct uuid id;
    struct arena *arena; /* the instance's */
    struct bpmn_instance instance;
    const struct definition *definition; /* pinned */
    int64_t revision;                    /* as it was stored */
    bool in_use;                         /* by a unit of work, which has moved `instance` out */
    uint32_t scopes;
    struct resident *newer; /* least-recently-used list */
    struct resident *older;
};

struct residents *residents_new(struct definition_cache *definitions);
void residents_free(struct residents *residents); /* NULL is fine */

/* Calls back for each that no unit uses. */
void residents_each(const struct residents *residents,
                    void (*on_each)(void *context, const struct uuid *id), void *context);
/* Takes one out for a unit; NULL when it is not there, used, or of another revision (it is
 * forgotten then: *ret_stale). */
struct resident *resident_take(struct residents *residents, const struct uuid *id, int64_t revision,
                               bool *ret_stale);
/* After COMMIT: the instance goes back (or in, when `resident` is NULL and it is large enough to be
 * worth it). False: it is not kept, and the caller still has to clear it. */
bool resident_keep(struct residents *residents, struct resident *resident,
                   struct bpmn_instance *instance, const struct definition *definition,
                   int64_t revision);
/* What the unit did is undone: the instance must be read again. The caller has cleared it. */
void resident_forget(struct residents *residents, struct resident *resident);

#endif
