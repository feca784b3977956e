/* /process-api/management/engine: who answers here. */
#include "engine/api/internal.h"

static void get_engine(void *context, struct http_request *request)
{
    json_t *object = json_object();

    (void)context;
    json_put_text(object, "name", "synergyflow");
    json_put_text(object, "version", SYNERGYFLOW_VERSION);
    json_put(object, "resourceUrl", json_null());
    json_put(object, "exception", json_null());
    http_reply_json(request, 200, object);
}

static const struct http_route routes[] = {
    {HTTP_GET_METHOD, "/process-api/management/engine", get_engine, "Get engine info", 0},
};
const struct api_routes engine_routes = {routes, COUNT_OF(routes)};
