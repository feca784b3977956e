/* A deployment on its way; shared by deployment.c (the flow) and deployment_store.c (the SQL). */
#ifndef SYNERGYFLOW_DEPLOYMENT_H
#define SYNERGYFLOW_DEPLOYMENT_H

#include "engine/definition/cache.h"

/* One process of the deployment: a version to be. */
struct deployment_process {
    const struct bpmn_model *model;
    uint32_t resource;
    int32_t version;
    const char *id;
};

/* A timer that starts a process, to be told of after COMMIT. */
struct start_timer {
    struct uuid id;
    int64_t due_us;
};

enum { START_TIMERS_MAX = 10000 };

struct deployment_state {
    struct deployment *deployment;
    struct definition_cache *cache;
    struct uuid_source *ids;
    struct arena
        *arena; /* everything here; apart from the caller's, since a pool thread fills it */
    struct parse *files; /* one for each resource; those that are no BPMN have no bytes */
    struct shared_document **documents;
    struct deployment_process *processes;
    uint32_t process_count;
    struct start_timer *start_timers;
    uint32_t start_timer_count;
    uv_work_t work;
    struct pg_lease lease;
    struct error error;
};

const char *deployment_tenant(const struct deployment_state *state);
const char *deployment_name(const struct deployment_state *state);

/* BEGIN, locks on the keys, their newest versions and the newest deployment of the name. */
struct pg_batch *deployment_read_batch(struct deployment_state *state);
/* Whether the newest deployment of the name has equal resources; then the answers are its own. */
bool deployment_take_unchanged(struct deployment_state *state, const struct pg_batch *batch);
/* Numbers the versions and names the definitions. */
void deployment_number(struct deployment_state *state, const struct pg_batch *batch);
/* The rows and COMMIT. NULL, with the state's error set, when a start event cannot be stored. */
struct pg_batch *deployment_write_batch(struct deployment_state *state);
/* deployment_starts.c: the events that start a process. */
MUST_CHECK enum status deployment_add_starts(struct deployment_state *state, struct pg_batch *batch,
                                             const struct deployment_process *process,
                                             struct error *ret_error);

#endif
