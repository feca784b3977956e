/* Commands for many instances on behalf of one request: a signal to all who wait for it, the
 * instances of a definition, a list of ids.
 *
 * Happy path
 *   - more() reads a page and adds its commands; FAN_IN_FLIGHT_MAX of them are under way at once;
 *   - when the last of the page is done, the next page is read; after the last one on_done answers.
 * Failure modes
 *   - a target that is gone or closed meanwhile counts as missed, other errors as failed; the rest
 *     goes on;
 *   - a full queue: what is under way makes room; when nothing is, the request ends with the error.
 */
#include "engine/api/internal.h"

#include "bpmn/base/memory.h"

enum { FAN_IN_FLIGHT_MAX = 64, FAN_PAGE_BYTES = 64 * 1024 * 1024 };

struct fan_item {
    struct command command;
    struct api_fan *fan;
    struct fan_item *next;
};

struct api_fan *api_fan_new(const struct api_settings *api, struct http_request *request)
{
    struct api_fan *fan = arena_alloc(http_arena(request), sizeof(*fan));

    fan->api = api;
    fan->request = request;
    fan->tail = &fan->first;
    return fan;
}

struct arena *api_fan_arena(struct api_fan *fan)
{
    if (fan->page == NULL)
        fan->page = arena_new(FAN_PAGE_BYTES);
    return fan->page;
}

struct command *api_fan_add(struct api_fan *fan)
{
    struct fan_item *item = arena_alloc(api_fan_arena(fan), sizeof(*item));

    item->fan = fan;
    item->command.user = http_user(fan->request);
    item->command.correlation_id = http_correlation_id(fan->request);
    *fan->tail = item;
    fan->tail = &item->next;
    return &item->command;
}

static void end_page(struct api_fan *fan)
{
    PRE(fan->in_flight == 0);
    arena_free(fan->page);
    fan->page = NULL;
    fan->first = NULL;
    fan->tail = &fan->first;
}

static void advance(struct api_fan *fan);

static void on_command_done(struct command *command, enum status status, const struct error *error)
{
    struct api_fan *fan = CONTAINER_OF(command, struct fan_item, command)->fan;

    fan->in_flight--;
    if (status == STATUS_OK) {
        fan->done++;
    } else if (status == STATUS_NOT_FOUND || status == STATUS_CONFLICT) {
        fan->missed++;
    } else {
        if (fan->failed++ == 0)
            fan->error = *error;
    }
    advance(fan);
}

void api_fan_fail(struct api_fan *fan, const struct error *error)
{
    struct error copy = *error; /* may point into the page */

    end_page(fan);
    if (fan->operation != NULL)
        api_operation_fail(fan->operation, &copy);
    else
        http_reply_error(fan->request, &copy);
}

/* Puts commands under way while there is room. */
static void advance(struct api_fan *fan)
{
    struct error error = {0};

    while (fan->first != NULL && fan->in_flight < FAN_IN_FLIGHT_MAX) {
        struct fan_item *item = fan->first;

        item->command.on_done = on_command_done;
        if (command_submit(fan->api->commands, &item->command, &error) != STATUS_OK) {
            if (fan->in_flight == 0)
                api_fan_fail(fan, &error);
            return; /* suspended: until one that is under way has made room */
        }
        fan->in_flight++;
        fan->first = item->next;
        if (fan->first == NULL)
            fan->tail = &fan->first;
    }
    if (fan->in_flight > 0)
        return; /* suspended: until they are done */
    end_page(fan);
    if (fan->is_last)
        fan->on_done(fan);
    else
        fan->more(fan);
}

void api_fan_go(struct api_fan *fan)
{
    advance(fan);
}

void api_fan_run(struct api_fan *fan)
{
    PRE(fan->more != NULL && fan->on_done != NULL);
    fan->more(fan);
}

void api_jobs_added(const struct api_settings *api, const struct pg_result *rows)
{
    const struct command_effects *effects = api->effects;

    if (effects == NULL || effects->job_added == NULL)
        return;
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct uuid id = pg_value_uuid(rows, row, 0);
        struct uuid instance_id = pg_value_uuid(rows, row, 1);

        effects->job_added(effects->context, &id, &instance_id, pg_value_timestamp(rows, row, 2));
    }
}
