/* What the files of messages share. */
#ifndef SYNERGYFLOW_API_MESSAGE_H
#define SYNERGYFLOW_API_MESSAGE_H

#include "engine/api/internal.h"

/* One message under way; texts in the request's body or arena. */
struct message {
    struct api_operation *operation;
    const char *name;
    const char *key; /* correlation key; NULL: none */
    const char *business_key;
    const char *message_id;
    const char *tenant;
    const char *variables; /* JSON, in the request's arena */
    bool all;
    bool has_instance;
    struct uuid instance_id; /* only a receiver in this one */
    int64_t now_us;
    int64_t expires_us;
    struct uuid id;           /* of the job or the kept message */
    struct uuid subscription; /* of the receiver */
    /* of the page, when all receive it */
    bool at_starts;
    struct uuid last;
};

/* Who may receive it: in an instance, or (without one asked for) a start event. Parameters: $1
 * name, $2 tenant, $3 correlation key, $4 business key, $5 instance. */
#define RECEIVERS                                                                     \
    "synergyflow_workflows.event_subscription e"                                      \
    " LEFT JOIN synergyflow_workflows.process_instance p ON p.id = e.instance_id"     \
    " LEFT JOIN synergyflow_workflows.process_definition d ON d.id = e.definition_id" \
    " WHERE e.event_type = 'message' AND e.event_name = $1 AND e.tenant_id = $2"      \
    " AND NOT e.claimed AND (e.correlation_key IS NULL OR e.correlation_key = $3)"    \
    " AND CASE WHEN e.instance_id IS NULL THEN $5::uuid IS NULL AND NOT d.suspended"  \
    "     ELSE p.status = 1 AND ($5 IS NULL OR p.id = $5)"                            \
    "          AND ($4::text IS NULL OR p.business_key = $4) END"

/* message_route.c: one receiver; message_all.c: every one. Both answer. */
void message_route(struct message *message);
void message_route_to_all(struct message *message);
/* Answer and let go of the operation; the second with {"duplicate" | "buffered" | "queued": true}.
 */
void message_answer(struct message *message, int status, json_t *body);
void message_answer_flag(struct message *message, int status, const char *name);

#endif
