/* incidents.comment: what people say about an incident. */
#include "modules/incidents/incident.h"

#include <string.h>

static const struct pg_statement insert_comments = {
    "incidents_insert_comments",
    "WITH input AS ("
    " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY"
    "   AS i (comment_id, incident_id, author, body, n)),"
    " inserted AS ("
    " INSERT INTO synergyflow_incidents.incident_comments"
    "   (comment_id, incident_id, author, body, created_at)"
    " SELECT i.comment_id, i.incident_id, i.author, i.body, $5"
    " FROM input i JOIN synergyflow_incidents.incidents t USING (incident_id)"
    " RETURNING comment_id)"
    " SELECT c.comment_id FROM input i LEFT JOIN inserted c USING (comment_id) ORDER BY i.n"};

struct incident_comment {
    const char *incident_id;
    const char *author;
    const char *body;
    struct uuid id;
    uint32_t row;
};

static enum status read_comment(const struct module_call *call, struct incident_comment *comment,
                                struct error *ret_error)
{
    enum status status =
        json_field_required_text(call->variables, "incidentId", &comment->incident_id, ret_error);

    if (status == STATUS_OK)
        status = json_field_required_text(call->variables, "body", &comment->body, ret_error);
    if (status != STATUS_OK)
        return status;
    if (comment->body[0] == '\0' || strlen(comment->body) > INCIDENT_TEXT_MAX)
        return error_set_field(ret_error, STATUS_INVALID, "body",
                               "Expected body to have 1 to %d bytes but it has %zu.",
                               INCIDENT_TEXT_MAX, strlen(comment->body));
    comment->author = call->user == NULL ? "engine" : call->user;
    return STATUS_OK;
}

enum status incident_comment_prepare(struct module_calls *calls, struct pg_batch *batch,
                                     struct error *ret_error)
{
    struct pg_call *insert = pg_batch_add(batch, &insert_comments);
    struct pg_array *ids = pg_uuid_array(insert);
    struct pg_array *incident_ids = pg_text_array(insert);
    struct pg_array *authors = pg_text_array(insert);
    struct pg_array *bodies = pg_text_array(insert);
    uint32_t rows = 0;

    (void)ret_error;
    pg_timestamp(insert, calls->now_us);
    for (uint32_t i = 0; i < calls->count; i++) {
        struct incident_comment *comment = arena_alloc(calls->arena, sizeof *comment);
        struct error error;

        calls->items[i].state = comment;
        error_clear(&error);
        if (read_comment(&calls->items[i], comment, &error) != STATUS_OK) {
            module_call_refuse(calls, &calls->items[i], &error);
            continue;
        }
        comment->id = uuid_next(calls->ids);
        comment->row = rows++;
        pg_add_uuid(ids, &comment->id);
        pg_add_text(incident_ids, comment->incident_id);
        pg_add_text(authors, comment->author);
        pg_add_text(bodies, comment->body);
    }
    return STATUS_OK;
}

static void answer(struct module_calls *calls, struct module_call *call,
                   const struct incident_comment *comment)
{
    char id[UUID_TEXT_BYTES];
    char at[ISO8601_INSTANT_BYTES];

    uuid_format(&comment->id, id);
    module_publish(calls, call, "incidents.IncidentCommented", comment->incident_id,
                   json_pack("{s:s, s:s, s:s, s:s}", "incidentId", comment->incident_id,
                             "commentId", id, "author", comment->author, "correlationId",
                             call->correlation_id));
    module_call_return(call, json_pack("{s:s, s:s, s:s, s:s, s:s}", "commentId", id, "incidentId",
                                       comment->incident_id, "author", comment->author, "body",
                                       comment->body, "createdAt",
                                       iso8601_format_instant(calls->now_us, at)));
}

enum status incident_comment_finish(struct module_calls *calls, struct pg_batch *batch,
                                    struct error *ret_error)
{
    const struct pg_result *result = pg_batch_result(batch, 0);

    (void)ret_error;
    for (uint32_t i = 0; i < calls->count; i++) {
        struct module_call *call = &calls->items[i];
        const struct incident_comment *comment = call->state;
        struct error error;

        if (call->ret_failure != NULL)
            continue;
        if (!pg_is_null(result, comment->row, 0)) {
            answer(calls, call, comment);
            continue;
        }
        error_clear(&error);
        error_set_field(&error, STATUS_NOT_FOUND, "incidentId",
                        "Expected an incident %.40s but there is none.", comment->incident_id);
        module_call_refuse(calls, call, &error);
    }
    return STATUS_OK;
}
