/* What the files of engine/webhook share. */
#ifndef SYNERGYFLOW_WEBHOOK_PRIVATE_H
#define SYNERGYFLOW_WEBHOOK_PRIVATE_H

#include "engine/webhook/sender.h"
#include "engine/webhook/webhook_service.h"

enum {
    WEBHOOK_ATTEMPTS_MAX = 10,
    WEBHOOK_BATCH = 50,     /* taken at once */
    WEBHOOK_LEASE_S = 60,   /* longer than any request may take */
    WEBHOOK_POLL_MS = 1000, /* for what other nodes have stored, and retries */
    WEBHOOK_TIMEOUT_MS = 10000,
};

struct webhook_service {
    struct webhook_settings settings;
    struct sender *sender;
    uv_timer_t timer;
    bool asking;
    uint32_t under_way; /* requests and notes */
    uint32_t requests;  /* of the API */
    bool wanted;        /* woken while it was asking */
    bool started;
    bool stopping;
    void (*on_stopped)(void *context);
    void *stopped_context;
};

/* Something that a stop waits for has ended. */
void webhook_service_ended(struct webhook_service *service);
/* deliveries.c */
extern const struct http_route webhook_routes[];
extern const size_t webhook_route_count;

#endif
