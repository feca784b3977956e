/* The documents of the SLA service, read and checked: see private.h. */
#include "engine/sla/private.h"

#include "bpmn/base/memory.h"

#include <stdlib.h>
#include <string.h>

const struct pg_statement sla_book_statement = {
    "sla_book",
    "SELECT kind, name, version, valid_from, document::text"
    " FROM synergyflow_workflows.sla_document ORDER BY kind, name, valid_from, version"};

enum { COLUMN_KIND, COLUMN_NAME, COLUMN_VERSION, COLUMN_VALID_FROM, COLUMN_DOCUMENT };

static enum status add_calendar(struct sla_book *book, const json_t *document, int64_t version,
                                int64_t valid_from_us, const struct zone_source *zones,
                                struct error *ret_error)
{
    struct sla_calendar_version *added = &book->calendars[book->calendar_count];
    enum status status = calendar_read(book->arena, document, zones, &added->calendar, ret_error);

    if (status != STATUS_OK)
        return status;
    added->version = version;
    added->valid_from_us = valid_from_us;
    book->calendar_count++;
    return STATUS_OK;
}

/* Versions come in order: the last one of a name stays. */
static enum status add_schedule(struct sla_book *book, const json_t *document,
                                const struct zone_source *zones, struct error *ret_error)
{
    const struct on_call_schedule *schedule = NULL;
    size_t at = book->schedule_count;

    if (on_call_read(book->arena, document, zones, &schedule, ret_error) != STATUS_OK)
        return ret_error->status;
    if (at > 0 && strcmp(on_call_name(book->schedules[at - 1]), on_call_name(schedule)) == 0)
        at--;
    book->schedules[at] = schedule;
    book->schedule_count = at + 1;
    return STATUS_OK;
}

static enum status add_row(struct sla_book *book, const struct pg_result *rows, uint32_t row,
                           const struct zone_source *zones, struct error *ret_error)
{
    const char *text = pg_value_text(rows, row, COLUMN_DOCUMENT);
    json_t *document = json_loads(text, 0, NULL);
    enum status status;

    if (document == NULL)
        return error_set(ret_error, STATUS_INTERNAL, "A stored SLA document is no JSON.");
    if (strcmp(pg_value_text(rows, row, COLUMN_KIND), "on_call") == 0) {
        (void)json_object_del(document, "version"); /* given when it was stored */
        status = add_schedule(book, document, zones, ret_error);
    } else if (strcmp(pg_value_text(rows, row, COLUMN_KIND), "calendar") == 0) {
        status = add_calendar(book, document, pg_value_int(rows, row, COLUMN_VERSION),
                              pg_value_timestamp(rows, row, COLUMN_VALID_FROM), zones, ret_error);
    } else {
        status =
            sla_policy_read(book->arena, document, &book->policies[book->policy_count], ret_error);
        book->policy_count += status == STATUS_OK;
    }
    json_decref(document);
    return status;
}

static int compare_order(const void *left, const void *right)
{
    const struct sla_policy *a = *(const struct sla_policy *const *)left;
    const struct sla_policy *b = *(const struct sla_policy *const *)right;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return strcmp(a->id, b->id);
}

/* Rows are in order of name and version: the last one of a name is in force. */
static void find_in_force(struct sla_book *book)
{
    for (size_t i = 0; i < book->policy_count; i++) {
        if (i + 1 == book->policy_count ||
            strcmp(book->policies[i]->id, book->policies[i + 1]->id) != 0)
            book->in_force[book->in_force_count++] = book->policies[i];
    }
    qsort(book->in_force, book->in_force_count, sizeof(struct sla_policy *), compare_order);
}

enum status sla_book_read(const struct pg_result *rows, const struct zone_source *zones,
                          struct sla_book **ret_book, struct error *ret_error)
{
    struct sla_book *book = memory_zero(1, sizeof(*book));
    uint32_t count = pg_rows(rows);
    enum status status = STATUS_OK;

    if (count > SLA_DOCUMENTS_MAX)
        count = SLA_DOCUMENTS_MAX; /* the route that stores them refuses more */
    book->arena = arena_new(SLA_ARENA_BYTES);
    book->holds = 1;
    book->document_count = count;
    book->policies = arena_array(book->arena, count + 1, sizeof(*book->policies));
    book->in_force = arena_array(book->arena, count + 1, sizeof(*book->in_force));
    book->schedules = arena_array(book->arena, count + 1, sizeof(*book->schedules));
    book->calendars = arena_array(book->arena, count + 1, sizeof(*book->calendars));
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = add_row(book, rows, i, zones, ret_error);
        if (status != STATUS_OK)
            (void)error_prefix(ret_error, "The stored SLA document '%s'",
                               pg_value_text(rows, i, COLUMN_NAME));
    }
    if (status != STATUS_OK) {
        sla_book_release(book);
        return status;
    }
    find_in_force(book);
    *ret_book = book;
    return STATUS_OK;
}

struct sla_book *sla_book_hold(struct sla_book *book)
{
    book->holds++;
    return book;
}

void sla_book_release(struct sla_book *book)
{
    if (book == NULL || --book->holds > 0)
        return;
    arena_free(book->arena);
    memory_free(book);
}

const struct sla_policy *sla_book_policy(const struct sla_book *book, const char *id,
                                         int64_t version)
{
    for (size_t i = 0; i < book->policy_count; i++) {
        if (book->policies[i]->version == version && strcmp(book->policies[i]->id, id) == 0)
            return book->policies[i];
    }
    return NULL;
}

enum status sla_book_rating(const struct sla_book *book, const char *calendar,
                            struct sla_rating *ret_rating, struct error *ret_error)
{
    *ret_rating = (struct sla_rating){0};
    for (size_t i = 0; i < book->calendar_count; i++) {
        if (strcmp(calendar_name(book->calendars[i].calendar), calendar) != 0)
            continue;
        if (ret_rating->count++ == 0)
            ret_rating->versions = &book->calendars[i];
    }
    if (ret_rating->count > 0)
        return STATUS_OK;
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected a calendar with the name '%.100s' but there is none: PUT it to "
                     "/api/v1/sla/calendars.",
                     calendar);
}

bool sla_book_has_calendar(void *book, const char *name)
{
    struct sla_rating unused;
    struct error error;

    return sla_book_rating(book, name, &unused, &error) == STATUS_OK;
}

const struct on_call_schedule *sla_book_schedule(const struct sla_book *book, const char *name)
{
    for (size_t i = 0; i < book->schedule_count; i++) {
        if (strcmp(on_call_name(book->schedules[i]), name) == 0)
            return book->schedules[i];
    }
    return NULL;
}

bool sla_book_has_schedule(void *book, const char *name)
{
    return sla_book_schedule(book, name) != NULL;
}
