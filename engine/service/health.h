/* /livez, /readyz and /metrics. */
#ifndef SYNERGYFLOW_HEALTH_H
#define SYNERGYFLOW_HEALTH_H

#include "engine/http/server.h"
#include "engine/pg/pool.h"

struct health {
    struct pg_pool *pool;
    bool started;  /* recovery is done and the service listens */
    bool stopping; /* a load balancer should send nothing more */
};

void health_register(struct http_server *server, struct health *health);

#endif
