/* GET /api/v1/sla/attainment: how many clocks met their targets, by policy and target, and by team,
 * priority and period as asked for. Team and priority are those that the subject had when the clock
 * closed. Closed clocks are counted from an index alone. */
#include "engine/sla/private.h"

#include "bpmn/base/text.h"
#include "bpmn/iso8601.h"

#include <string.h>

/* How columns may be grouped; `by=` is a comma list of these names. */
static const char *const groups[] = {"policy", "target", "team", "priority", "period"};
enum { GROUP_POLICY, GROUP_TARGET, GROUP_TEAM, GROUP_PRIORITY, GROUP_PERIOD, GROUP_COUNT };

static const char *const periods[] = {"day", "week", "month", "quarter", "year"};

struct attainment {
    struct sla_service *service;
    struct http_request *request;
    bool by[GROUP_COUNT];
    const char *period;
    bool as_csv;
};

/* A column that is not asked for is one and the same for all rows. $3 the zone, $4 the period, $5
 * to $9 what is grouped, $10 to $13 filters. A clock that breached but has not been stopped is
 * breached. */
static const struct pg_statement statement = {
    "sla_attainment",
    "SELECT CASE WHEN $5 THEN policy_id END, CASE WHEN $6 THEN target END,"
    " CASE WHEN $7 THEN team END, CASE WHEN $8 THEN priority END,"
    " CASE WHEN $9 THEN to_char(date_trunc($4, started_at AT TIME ZONE $3), 'YYYY-MM-DD') END,"
    " count(*) FILTER (WHERE state = 'stopped' AND breached_at IS NULL),"
    " count(*) FILTER (WHERE state <> 'cancelled' AND breached_at <= now()),"
    " count(*) FILTER (WHERE state IN ('running', 'paused')"
    "  AND (breached_at IS NULL OR breached_at > now())),"
    " count(*) FILTER (WHERE state = 'cancelled')"
    " FROM synergyflow_workflows.sla_clock WHERE started_at >= $1 AND started_at < $2"
    " AND ($10::text IS NULL OR policy_id = $10) AND ($11::text IS NULL OR target = $11)"
    " AND ($12::text IS NULL OR team = $12) AND ($13::text IS NULL OR priority = $13)"
    " GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5 LIMIT 20000"};

enum { COLUMN_MET = GROUP_COUNT, COLUMN_BREACHED, COLUMN_OPEN, COLUMN_EXCLUDED };
static const char *const counts[] = {"met", "breached", "open", "excluded"};

/* The answer is the last thing: the request's memory goes with it. */
static struct http_request *ended(struct attainment *view)
{
    struct http_request *request = view->request;

    view->service->working--;
    sla_service_ended(view->service);
    return request;
}

/* Of those that are decided; -1: none is. */
static double percent(const struct pg_result *rows, uint32_t row)
{
    int64_t met = pg_value_int(rows, row, COLUMN_MET);
    int64_t decided = met + pg_value_int(rows, row, COLUMN_BREACHED);

    return decided == 0 ? -1 : (double)(met * 10000 / decided) / 100;
}

/* ---- the answer ---- */

static void append_quoted(struct text *csv, const char *value)
{
    /* A spreadsheet must not take a team's name for a formula. */
    bool is_formula = value[0] != '\0' && strchr("=+-@\t\r", value[0]) != NULL;

    text_append(csv, is_formula ? "\"'" : "\"");
    for (; *value != '\0'; value++) {
        if (*value == '"')
            text_append_char(csv, '"');
        text_append_char(csv, *value);
    }
    text_append(csv, "\",");
}

static void answer_csv(struct attainment *view, const struct pg_result *rows)
{
    struct text csv = TEXT_INIT;

    for (int g = 0; g < GROUP_COUNT; g++) {
        if (view->by[g])
            text_append_format(&csv, "%s,", groups[g]);
    }
    text_append(&csv, "met,breached,open,excluded,percent\r\n");
    for (uint32_t i = 0; i < pg_rows(rows); i++) {
        for (int g = 0; g < GROUP_COUNT; g++) {
            if (view->by[g])
                append_quoted(&csv, pg_value_text(rows, i, (uint32_t)g));
        }
        for (uint32_t c = COLUMN_MET; c <= COLUMN_EXCLUDED; c++)
            text_append_format(&csv, "%lld,", (long long)pg_value_int(rows, i, c));
        if (percent(rows, i) >= 0)
            text_append_format(&csv, "%.2f", percent(rows, i));
        text_append(&csv, "\r\n");
    }
    http_reply_bytes(ended(view), 200, "text/csv;charset=UTF-8", text_string(&csv), csv.length);
    text_deinit(&csv);
}

static json_t *describe(const struct attainment *view, const struct pg_result *rows, uint32_t row)
{
    json_t *object = json_object();

    for (int g = 0; g < GROUP_COUNT; g++) {
        if (view->by[g])
            (void)json_object_set_new(object, groups[g],
                                      json_string(pg_value_text(rows, row, (uint32_t)g)));
    }
    for (uint32_t c = COLUMN_MET; c <= COLUMN_EXCLUDED; c++)
        (void)json_object_set_new(object, counts[c - COLUMN_MET],
                                  json_integer((json_int_t)pg_value_int(rows, row, c)));
    (void)json_object_set_new(
        object, "percent", percent(rows, row) >= 0 ? json_real(percent(rows, row)) : json_null());
    return object;
}

static void on_counted(void *context, struct pg_batch *batch, enum status status,
                       const struct error *error)
{
    struct attainment *view = context;
    const struct pg_result *rows;
    json_t *data;

    if (status != STATUS_OK) {
        http_reply_error(ended(view), error);
        return;
    }
    rows = pg_batch_result(batch, 0);
    if (view->as_csv) {
        answer_csv(view, rows);
        return;
    }
    data = json_array();
    for (uint32_t i = 0; i < pg_rows(rows); i++)
        (void)json_array_append_new(data, describe(view, rows, i));
    http_reply_json(
        ended(view), 200,
        json_pack("{s:o, s:I}", "data", data, "total", (json_int_t)json_array_size(data)));
}

/* ---- the request ---- */

static enum status read_date(struct http_request *request, const char *name, int64_t absent_us,
                             int64_t *ret_us, struct error *ret_error)
{
    const char *text = http_query(request, name);
    struct error inner;

    *ret_us = absent_us;
    if (text == NULL || iso8601_parse_instant(text, ret_us, &inner) == STATUS_OK)
        return STATUS_OK;
    return error_set_field(ret_error, STATUS_INVALID, name, "%s", inner.message);
}

static enum status read_groups(struct attainment *view, struct error *ret_error)
{
    const char *at = http_query(view->request, "by");

    if (at == NULL)
        at = "policy,target,period";
    while (*at != '\0') {
        size_t length = strcspn(at, ",");
        bool known = false;

        for (int g = 0; g < GROUP_COUNT; g++) {
            if (strlen(groups[g]) == length && strncmp(groups[g], at, length) == 0)
                view->by[g] = known = true;
        }
        if (!known)
            return error_set_field(ret_error, STATUS_INVALID, "by",
                                   "Expected by to be a comma list of policy, target, team, "
                                   "priority and period but found \"%.*s\".",
                                   (int)(length < 40 ? length : 40), at);
        at += length + (at[length] == ',');
    }
    return STATUS_OK;
}

static enum status read_period(struct attainment *view, const char **ret_zone,
                               struct error *ret_error)
{
    const struct zone_source *zones = view->service->settings.timers->zones;
    const struct zone *zone = NULL;
    const char *given = http_query(view->request, "period");

    *ret_zone = http_query(view->request, "zone");
    if (*ret_zone == NULL)
        *ret_zone = "UTC";
    else if (zones->load(zones->context, *ret_zone, &zone, ret_error) != STATUS_OK)
        return ret_error->status;
    if (given == NULL)
        given = "month";
    for (size_t i = 0; i < COUNT_OF(periods); i++) {
        if (strcmp(periods[i], given) == 0)
            view->period = periods[i];
    }
    return view->period != NULL
               ? STATUS_OK
               : error_set_field(
                     ret_error, STATUS_INVALID, "period",
                     "Expected period to be day, week, month, quarter or year but found "
                     "\"%.40s\".",
                     given);
}

void sla_attainment_route(void *context, struct http_request *request)
{
    static const char *const filters[] = {"policy", "target", "team", "priority"};
    struct attainment *view = arena_alloc(http_arena(request), sizeof(*view));
    struct pg_batch *batch = pg_batch_new(http_arena(request));
    const char *format = http_query(request, "format");
    const char *zone = NULL;
    struct error error = {0};
    struct pg_call *call;
    int64_t from_us = 0;
    int64_t to_us = 0;

    *view = (struct attainment){.service = context, .request = request};
    view->as_csv = format != NULL && strcmp(format, "csv") == 0;
    if (read_date(request, "from", 0, &from_us, &error) != STATUS_OK ||
        read_date(request, "to", WORKTIME_MAX_US, &to_us, &error) != STATUS_OK ||
        read_groups(view, &error) != STATUS_OK || read_period(view, &zone, &error) != STATUS_OK) {
        error.status = STATUS_INVALID;
        http_reply_error(request, &error);
        return;
    }
    view->service->working++;
    call = pg_batch_add(batch, &statement);
    pg_timestamp(call, from_us);
    pg_timestamp(call, to_us);
    pg_text(call, zone);
    pg_text(call, view->period);
    for (int g = 0; g < GROUP_COUNT; g++)
        pg_bool(call, view->by[g]);
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        pg_text(call, http_query(request, filters[i]));
    pg_query(view->service->settings.pool, batch, SLA_TIMEOUT_MS, on_counted, view);
}
