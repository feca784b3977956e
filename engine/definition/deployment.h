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
/* The rows and COMMIT. */
struct pg_batch *deployment_write_batch(struct deployment_state *state);

#endif
