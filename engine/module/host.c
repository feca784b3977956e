/* The host itself, and freshness. See host.h. */
#include "engine/module/host_private.h"

#include "engine/base/clock.h"

static const struct pg_statement read_lag = {"module_read_lag",
                                             "SELECT event_publication.listener_lag($1)"};

enum { FRESH_GREEN_BELOW_MS = 100, FRESH_YELLOW_MAX_MS = 500 };

struct module_host *module_host_new(const struct module_host_settings *settings)
{
    struct module_host *host = memory_zero(1, sizeof *host);

    PRE(settings->module != NULL && settings->pool != NULL);
    host->settings = *settings;
    return host;
}

void module_host_routes(struct module_host *host, struct http_server *server)
{
    const struct module *module = host->settings.module;

    http_server_routes(server, module->routes, module->route_count, host);
}

void module_host_free(struct module_host *host)
{
    PRE(host == NULL || host->under_way == 0);
    memory_free(host);
}

uint32_t module_freshness_add(struct pg_batch *batch, const char *listener_id)
{
    uint32_t index = pg_batch_count(batch);

    pg_text(pg_batch_add(batch, &read_lag), listener_id);
    return index;
}

json_t *module_freshness(const struct pg_batch *batch, uint32_t index, int64_t now_us)
{
    const struct pg_result *result = pg_batch_result(batch, index);
    int64_t lag_ms = 0;
    const char *status = "GREEN";

    /* NULL: nothing waits, the projection shows all that was published */
    if (pg_rows(result) == 1 && !pg_is_null(result, 0, 0))
        lag_ms = (now_us - pg_value_timestamp(result, 0, 0)) / 1000;
    if (lag_ms < 0)
        lag_ms = 0;
    if (lag_ms > FRESH_YELLOW_MAX_MS)
        status = "RED";
    else if (lag_ms >= FRESH_GREEN_BELOW_MS)
        status = "YELLOW";
    return json_pack("{s:s, s:I}", "status", status, "lagMs", (json_int_t)lag_ms);
}

int64_t module_now_us(void)
{
    return clock_wall_us();
}
