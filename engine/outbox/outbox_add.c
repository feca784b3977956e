/* Publishing: the INSERT that goes into the unit of work beside the change itself. */
#include "engine/outbox/internal.h"

#include <string.h>

static const struct pg_statement insert_publications = {
    "outbox_insert_publications",
    "INSERT INTO event_publication.event_publication"
    " (id, listener_id, event_type, serialized_event, publication_date, completion_date, event_id,"
    "  aggregate_id, correlation_id, partition)"
    " SELECT p.id, p.listener_id, p.event_type, p.serialized_event, p.publication_date,"
    "        CASE WHEN p.listener_id = '' THEN p.publication_date END,"
    "        p.event_id, p.aggregate_id, p.correlation_id, p.partition"
    " FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[],"
    "             $7::text[], $8::text[], $9::smallint[])"
    "      WITH ORDINALITY AS p (id, listener_id, event_type, serialized_event, publication_date,"
    "                            event_id, aggregate_id, correlation_id, partition, n)"
    " ORDER BY p.n"};

/* The array parameters of the statement, being filled. */
struct publication_columns {
    struct pg_array *id;
    struct pg_array *listener_id;
    struct pg_array *event_type;
    struct pg_array *serialized_event;
    struct pg_array *publication_date;
    struct pg_array *event_id;
    struct pg_array *aggregate_id;
    struct pg_array *correlation_id;
    struct pg_array *partition;
};

/* FNV-1a, 32 bits: stable over versions and machines, for it is stored. */
static uint32_t partition_of(const char *aggregate_id)
{
    uint32_t hash = 2166136261u;

    for (const char *at = aggregate_id; *at != '\0'; at++) {
        hash ^= (uint8_t)*at;
        hash *= 16777619u;
    }
    return hash % OUTBOX_PARTITIONS;
}

static void add_row(const struct publication_columns *columns, const struct module_event *event,
                    const char *listener_id, const char *serialized, struct uuid_source *ids)
{
    struct uuid id = uuid_next(ids);

    pg_add_uuid(columns->id, &id);
    pg_add_text(columns->listener_id, listener_id);
    pg_add_text(columns->event_type, event->type);
    pg_add_text(columns->serialized_event, serialized);
    pg_add_timestamp(columns->publication_date, event->published_at_us);
    pg_add_uuid(columns->event_id, &event->id);
    pg_add_text(columns->aggregate_id, event->aggregate_id);
    pg_add_text(columns->correlation_id, event->correlation_id);
    pg_add_int(columns->partition, partition_of(event->aggregate_id));
}

uint32_t outbox_add(struct pg_batch *batch, const struct registry *registry,
                    const struct module_event *events, uint32_t count, struct uuid_source *ids)
{
    uint32_t waiting = 0;

    if (count == 0)
        return 0;
    struct pg_call *call = pg_batch_add(batch, &insert_publications);
    struct publication_columns columns = {0};

    columns.id = pg_uuid_array(call);
    columns.listener_id = pg_text_array(call);
    columns.event_type = pg_text_array(call);
    columns.serialized_event = pg_text_array(call);
    columns.publication_date = pg_timestamp_array(call);
    columns.event_id = pg_uuid_array(call);
    columns.aggregate_id = pg_text_array(call);
    columns.correlation_id = pg_text_array(call);
    columns.partition = pg_int2_array(call);
    for (uint32_t i = 0; i < count; i++) {
        const struct module_event *event = &events[i];
        const struct module_listener *listener;
        char *serialized = json_dumps(event->payload, JSON_COMPACT);
        uint32_t listeners = 0;

        PRE(serialized != NULL); /* a module publishes objects of valid UTF-8 */
        while ((listener = registry_listener(registry, event->type, listeners)) != NULL) {
            add_row(&columns, event, listener->id, serialized, ids);
            listeners++;
        }
        if (listeners == 0)
            add_row(&columns, event, "", serialized, ids);
        memory_free(serialized);
        waiting += listeners;
    }
    outbox_metrics_published(count);
    return waiting;
}
