/* Jobs and timers that were given up: an operator gives them another chance. */
#include "engine/api/job.h"

#include "engine/base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { JOBS_BULK_MAX = 10000 };

/* All of them or none: $2 is how many they are. */
static const struct pg_statement revive_statement = {
    "api_jobs_revive",
    "WITH known AS (SELECT (SELECT count(*) FROM synergyflow_workflows.job b"
    "    WHERE b.id = ANY ($1::uuid[]) AND " JOB_IS_DEAD ")"
    "  + (SELECT count(*) FROM synergyflow_workflows.timer m"
    "    WHERE m.id = ANY ($1) AND " TIMER_IS_DEAD ") AS count),"
    " jobs AS (UPDATE synergyflow_workflows.job b SET attempts = 0, dead_at = NULL,"
    "   retries = CASE WHEN b.kind = 1 THEN $4 ELSE b.retries END,"
    "   due_at = CASE WHEN b.kind = 1 THEN NULL ELSE $3::timestamptz END,"
    "   lock_owner = NULL, lock_expires_at = NULL FROM known"
    "   WHERE b.id = ANY ($1) AND " JOB_IS_DEAD " AND known.count = $2"
    "   RETURNING b.id, b.instance_id, b.kind),"
    " timers AS (UPDATE synergyflow_workflows.timer m SET attempts = 0, dead_at = NULL,"
    "   due_at = $3 FROM known"
    "   WHERE m.id = ANY ($1) AND " TIMER_IS_DEAD " AND known.count = $2"
    "   RETURNING m.id, m.instance_id, 0::smallint)"
    " SELECT * FROM jobs UNION ALL SELECT * FROM timers"};
static void on_revived(struct api_query *query)
{
    const int64_t *due_us = query->state;
    const struct pg_result *rows = api_query_rows(query, 0);

    if (pg_rows(rows) == 0) {
        api_refuse(query->request, STATUS_NOT_FOUND, "Could not find %s.", query->subject);
        return;
    }
    for (uint32_t row = 0; row < pg_rows(rows); row++) {
        struct uuid id = pg_value_uuid(rows, row, 0);
        struct uuid instance_id = pg_value_uuid(rows, row, 1);

        job_tell(query->api, pg_value_int(rows, row, 2), &id, &instance_id, *due_us);
    }
    http_reply_empty(query->request, 204);
}

static int compare_ids(const void *left, const void *right)
{
    return uuid_compare(left, right);
}

/* An id that comes twice is one job. */
static uint32_t without_repeats(struct uuid *ids, uint32_t count)
{
    uint32_t kept = 0;

    qsort(ids, count, sizeof(*ids), compare_ids);
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || !uuid_equal(&ids[kept - 1], &ids[i]))
            ids[kept++] = ids[i];
    }
    return kept;
}

static void revive(struct api_operation *operation, struct uuid *ids, uint32_t count,
                   const char *what, int64_t retries)
{
    struct api_query *query = api_query_new(operation->api, operation->request, on_revived);
    int64_t *due_us = arena_alloc(http_arena(operation->request), sizeof(*due_us));
    struct pg_call *call = api_query_add(query, &revive_statement);
    struct pg_array *array = pg_uuid_array(call);

    count = without_repeats(ids, count);
    for (uint32_t i = 0; i < count; i++)
        pg_add_uuid(array, &ids[i]);
    pg_int8(call, count);
    *due_us = clock_wall_us();
    pg_timestamp(call, *due_us);
    pg_int4(call, (int32_t)retries);
    query->state = due_us;
    query->subject = what;
    api_operation_clear(operation);
    api_query_run(query);
}

/* {"action": "move"}, with the number of tries that external work is given (ours). */
static bool read_move(struct api_operation *operation, const char *const *known,
                      int64_t *ret_retries)
{
    const char *name = NULL;
    struct error error = {0};

    if (!job_read_action(operation, known, &name))
        return false;
    if (strcmp(name, "move") != 0) {
        job_refuse_action(operation, "move (there are no history jobs)", name);
        return false;
    }
    if (json_field_int(operation->body, "retries", 3, 1, INT32_MAX, ret_retries, &error) ==
        STATUS_OK)
        return true;
    api_operation_fail(operation, &error);
    return false;
}

static void move_dead(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "retries", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    struct uuid id;
    int64_t retries = 0;

    if (api_id(request, "jobId", "a deadletter job", &id) && read_move(operation, known, &retries))
        revive(operation, &id, 1,
               arena_format(http_arena(request), "a deadletter job with id '%s'",
                            http_param(request, "jobId")),
               retries);
}

static void move_many_dead(void *context, struct http_request *request)
{
    static const char *const known[] = {"action", "jobIds", "retries", NULL};
    struct api_operation *operation = api_operation_new(context, request);
    const json_t *array;
    const json_t *text;
    struct uuid *ids;
    struct error error = {0};
    int64_t retries = 0;
    size_t i;

    if (!read_move(operation, known, &retries))
        return;
    array = json_object_get(operation->body, "jobIds");
    if (!json_is_array(array) || json_array_size(array) == 0 ||
        json_array_size(array) > JOBS_BULK_MAX)
        error_set_field(&error, STATUS_INVALID, "jobIds",
                        "Expected 'jobIds' to be an array of 1 to %d ids.", JOBS_BULK_MAX);
    ids = arena_array(http_arena(request), json_array_size(array) + 1, sizeof(*ids));
    json_array_foreach (array, i, text) {
        if (error.status == STATUS_OK &&
            (!json_is_string(text) || !uuid_parse(json_string_value(text), &ids[i])))
            error_set(&error, STATUS_NOT_FOUND,
                      "Could not find all of the deadletter jobs: entry "
                      "%zu of 'jobIds' is no id of one.",
                      i + 1);
    }
    if (error.status != STATUS_OK)
        api_operation_fail(operation, &error);
    else
        revive(operation, ids, (uint32_t)json_array_size(array), "all of the deadletter jobs",
               retries);
}

static const struct http_route routes[] = {
    {HTTP_POST_METHOD, "/process-api/management/deadletter-jobs", move_many_dead,
     "Move a bulk of deadletter jobs", 0},
    {HTTP_POST_METHOD, "/process-api/management/deadletter-jobs/{jobId}", move_dead,
     "Move a single deadletter job", 0},
};
const struct api_routes job_dead_routes = {routes, COUNT_OF(routes)};
