/* GET /api/v1/incidents: filters, order, a page. The SQL is put together from fixed fragments;
 * every value travels as a parameter. */
#include "modules/incidents/incident.h"

#include <string.h>

enum { FILTERS_MAX = 8 };

/* The query parameters that filter; `open` has a fragment of its own. */
static const struct {
    const char *name;
    const char *condition; /* with %u for the parameter's number */
} filters[] = {
    {"status", "t.status = $%u"},          {"priority", "t.priority = $%u"},
    {"assignedTo", "t.assigned_to = $%u"}, {"assignmentGroup", "t.assignment_group = $%u"},
    {"caller", "t.caller = $%u"},          {"category", "t.category = $%u"},
};

static const struct {
    const char *name;
    const char *column;
} sorts[] = {
    {"createdAt", "t.created_at"},
    {"updatedAt", "t.updated_at"},
    {"priority", "array_position('{CRITICAL,HIGH,MEDIUM,LOW,PLANNING}'::text[], t.priority::text)"},
    {"slaDeadline", "t.sla_deadline"},
    {"status", "t.status"},
    {"incidentId", "t.incident_id"},
};

struct incident_list {
    struct http_request *request;
    struct arena *arena;
    const char *values[FILTERS_MAX];
    uint32_t value_count;
    const char *where;
    const char *sort;
    const char *sort_column;
    const char *order;
    int64_t start;
    int64_t size;
};

static enum status check_names(struct http_request *request, struct error *ret_error)
{
    static const char *const others[] = {"open", "start", "size", "sort", "order"};
    const char *name;
    const char *value;

    for (uint32_t i = 0; http_query_at(request, i, &name, &value); i++) {
        bool known = false;

        for (size_t j = 0; j < COUNT_OF(filters); j++)
            known |= strcmp(filters[j].name, name) == 0;
        for (size_t j = 0; j < COUNT_OF(others); j++)
            known |= strcmp(others[j], name) == 0;
        if (!known)
            return error_set_field(ret_error, STATUS_INVALID, name,
                                   "Expected the parameters status, priority, assignedTo, "
                                   "assignmentGroup, caller, category, open, start, size, sort or "
                                   "order but found \"%.40s\".",
                                   name);
    }
    return STATUS_OK;
}

static enum status read_number(struct http_request *request, const char *name, int64_t absent,
                               int64_t minimum, int64_t maximum, int64_t *ret_value,
                               struct error *ret_error)
{
    const char *text = http_query(request, name);
    int64_t value = 0;
    bool fits = text != NULL && text[0] != '\0';

    if (text == NULL) {
        *ret_value = absent;
        return STATUS_OK;
    }
    for (const char *at = text; *at != '\0' && fits; at++) {
        fits = *at >= '0' && *at <= '9' && value <= maximum;
        value = value * 10 + (*at - '0');
    }
    if (!fits || value < minimum || value > maximum)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be a whole number from %lld to %lld but found "
                               "\"%.40s\".",
                               name, (long long)minimum, (long long)maximum, text);
    *ret_value = value;
    return STATUS_OK;
}

static enum status read_filters(struct incident_list *list, struct error *ret_error)
{
    const char *open = http_query(list->request, "open");
    const char *status_text = http_query(list->request, "status");
    enum incident_state state;
    const char *priority_text = http_query(list->request, "priority");
    int64_t priority;
    enum status status = STATUS_OK;

    if (status_text != NULL)
        status = incident_state_parse(status_text, "status", &state, ret_error);
    if (status == STATUS_OK && priority_text != NULL)
        status = incident_priority_parse(priority_text, &priority, ret_error);
    if (status != STATUS_OK)
        return status;
    list->where = "true";
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        const char *value = http_query(list->request, filters[i].name);

        if (value == NULL)
            continue;
        list->values[list->value_count++] = value;
        const char *sign = strchr(filters[i].condition, '%');

        list->where = arena_format(list->arena, "%s AND %.*s%u%s", list->where,
                                   (int)(sign - filters[i].condition), filters[i].condition,
                                   list->value_count, sign + 2);
    }
    if (open == NULL)
        return STATUS_OK;
    if (strcmp(open, "true") != 0 && strcmp(open, "false") != 0)
        return error_set_field(ret_error, STATUS_INVALID, "open",
                               "Expected open to be true or false but found \"%.40s\".", open);
    list->where = arena_format(list->arena, "%s AND t.status %s ('CLOSED', 'CANCELLED')",
                               list->where, strcmp(open, "true") == 0 ? "NOT IN" : "IN");
    return STATUS_OK;
}

static enum status read_page(struct incident_list *list, struct error *ret_error)
{
    const char *sort = http_query(list->request, "sort");
    const char *order = http_query(list->request, "order");
    enum status status =
        read_number(list->request, "start", 0, 0, INT32_MAX, &list->start, ret_error);

    if (status == STATUS_OK)
        status = read_number(list->request, "size", INCIDENT_PAGE_DEFAULT, 1, INCIDENT_PAGE_MAX,
                             &list->size, ret_error);
    if (status != STATUS_OK)
        return status;
    list->sort = sort == NULL ? "createdAt" : sort;
    list->order = order == NULL ? "desc" : order;
    for (size_t i = 0; i < COUNT_OF(sorts); i++) {
        if (strcmp(sorts[i].name, list->sort) == 0)
            list->sort_column = sorts[i].column;
    }
    if (list->sort_column == NULL)
        return error_set_field(ret_error, STATUS_INVALID, "sort",
                               "Expected sort to be createdAt, updatedAt, priority, slaDeadline, "
                               "status or incidentId but found \"%.40s\".",
                               list->sort);
    if (strcmp(list->order, "asc") != 0 && strcmp(list->order, "desc") != 0)
        return error_set_field(ret_error, STATUS_INVALID, "order",
                               "Expected order to be asc or desc but found \"%.40s\".",
                               list->order);
    return STATUS_OK;
}

static void add_statement(const struct incident_list *list, struct pg_batch *batch, const char *sql)
{
    struct pg_statement *statement = arena_alloc(list->arena, sizeof *statement);
    struct pg_call *call;

    statement->sql = sql;
    call = pg_batch_add(batch, statement);
    for (uint32_t i = 0; i < list->value_count; i++)
        pg_text(call, list->values[i]);
}

static void on_list(void *context, struct pg_batch *batch, enum status status,
                    const struct error *error)
{
    const struct incident_list *list = context;

    if (status != STATUS_OK) {
        http_reply_error(list->request, error);
        return;
    }
    const struct pg_result *rows = pg_batch_result(batch, 1);
    json_t *data = json_array();

    for (uint32_t i = 0; i < pg_rows(rows); i++)
        json_array_append_new(data, incident_json(rows, i, 0));
    http_reply_json(list->request, 200,
                    json_pack("{s:o, s:I, s:I, s:s, s:s, s:I}", "data", data, "total",
                              (json_int_t)pg_value_int(pg_batch_result(batch, 0), 0, 0), "start",
                              (json_int_t)list->start, "sort", list->sort, "order", list->order,
                              "size", (json_int_t)json_array_size(data)));
}

void incident_route_list(void *context, struct http_request *request)
{
    struct arena *arena = http_arena(request);
    struct incident_list *list = arena_alloc(arena, sizeof *list);
    struct pg_batch *batch = pg_batch_new(arena);
    struct error error;

    error_clear(&error);
    list->request = request;
    list->arena = arena;
    if (check_names(request, &error) != STATUS_OK || read_filters(list, &error) != STATUS_OK ||
        read_page(list, &error) != STATUS_OK) {
        http_reply_error(request, &error);
        return;
    }
    add_statement(list, batch,
                  arena_format(arena,
                               "SELECT count(*) FROM synergyflow_incidents.incidents t WHERE %s",
                               list->where));
    add_statement(list, batch,
                  arena_format(arena,
                               "SELECT " INCIDENT_COLUMNS
                               " FROM synergyflow_incidents.incidents t WHERE %s"
                               " ORDER BY %s %s, t.incident_id %s LIMIT %lld OFFSET %lld",
                               list->where, list->sort_column, list->order, list->order,
                               (long long)list->size, (long long)list->start));
    module_query(context, batch, on_list, list); /* suspended: until the page is read */
}
