/* What the files of this module share: its objects and its operations. */
#ifndef SYNERGYFLOW_USER_H
#define SYNERGYFLOW_USER_H

#include "engine/module.h"

enum {
    USER_NAME_MAX = 200,
    USER_EMAIL_MAX = 320,
    USER_PHONE_MAX = 50,
    USER_DESCRIPTION_MAX = 2000,
    USER_TEXT_MAX = 10000,
    USER_ZONE_MAX = 100,
    USER_ROTATION_MAX = 50,
    USER_MEMBERS_MAX = 500, /* of one answer */
};

/* ---- columns, from alias t, in the order of the objects ---- */

#define USER_COLUMNS                                                                  \
    "t.user_id, t.email, t.name, t.role, t.team_id, t.phone, t.manager_id, t.active," \
    " t.deactivated_at, t.created_at, t.updated_at, t.version"
#define TEAM_COLUMNS                                                                   \
    "t.team_id, t.name, t.description, t.email, t.manager_id, t.active, t.created_at," \
    " t.updated_at, t.version"
#define MEMBER_COLUMNS                                                                  \
    "t.team_id, t.user_id, t.valid_from, t.valid_to, t.added_by, t.ended_by, t.paused," \
    " t.membership_id::text"
#define ROTATION_COLUMNS                                                                       \
    "t.team_id, t.starts_at, t.time_zone, 'PT' || extract(epoch FROM t.shift)::bigint || 'S'," \
    " to_jsonb(t.user_ids), t.created_at, t.created_by"
#define ITEM_COLUMNS                                                                    \
    "t.item_id, t.name, t.description, t.approval, t.approval_team, t.fulfilment_team," \
    " 'PT' || extract(epoch FROM t.approve_within)::bigint || 'S',"                     \
    " 'PT' || extract(epoch FROM t.fulfil_within)::bigint || 'S',"                      \
    " t.active, t.created_at, t.updated_at, t.version"
#define REQUEST_COLUMNS                                                                      \
    "t.request_id, t.item_id, t.status, t.requested_by, t.requested_for, t.details,"         \
    " t.approver, t.approval_team, t.fulfilment_team, t.due_at, t.decided_by, t.decided_at," \
    " t.comment, t.ended_at, t.process_instance_id::text, t.created_at, t.updated_at, t.version"
/* Of the item, from alias o, what a request shows. */
#define ITEM_OF_REQUEST "o.name, 'PT' || extract(epoch FROM o.approve_within)::bigint || 'S'"

extern const struct operation_object user_object;
extern const struct operation_object team_object;
extern const struct operation_object member_object;
extern const struct operation_object rotation_object;
extern const struct operation_object item_object;
extern const struct operation_object request_object;

/* Before every change of users, teams, members and rotations. */
extern const struct pg_statement user_lock;

/* ---- operations, each with its own file's noun ---- */

extern const struct operation user_create;
extern const struct operation user_update;
extern const struct operation team_create;
extern const struct operation team_update;
extern const struct operation member_add;
extern const struct operation member_end;
extern const struct operation rotation_set;
extern const struct operation item_create;
extern const struct operation item_update;
extern const struct operation request_open;
extern const struct operation request_approve;
extern const struct operation request_reject;
extern const struct operation request_expire;
extern const struct operation request_fulfil;
extern const struct operation request_cancel;

/* STATUS_CONFLICT: `found` is another version than the call's field `expected` says. */
enum status user_refuse_version(const struct module_call *call, const char *id,
                                const char *expected, const char *found, struct error *ret_error);
MUST_CHECK enum status user_email_check(const char *email, struct error *ret_error);

/* ---- states of a request, in request_state.c ---- */

/* X(name, the states that may follow) */
#define REQUEST_STATES(X)                                 \
    X(AWAITING_APPROVAL, "APPROVED, REJECTED, CANCELLED") \
    X(APPROVED, "FULFILLED, CANCELLED")                   \
    X(REJECTED, "")                                       \
    X(FULFILLED, "")                                      \
    X(CANCELLED, "")

extern const char *const request_states[]; /* NULL-terminated */
/* STATUS_CONFLICT that names the states that may follow. */
MUST_CHECK enum status request_state_check(const char *request_id, const char *from, const char *to,
                                           struct error *ret_error);

/* ---- routes ---- */

void user_route_list(void *context, struct http_request *request);
void user_route_get(void *context, struct http_request *request);
void user_route_create(void *context, struct http_request *request);
void user_route_change(void *context, struct http_request *request);
void user_route_memberships(void *context, struct http_request *request);
void team_route_list(void *context, struct http_request *request);
void team_route_get(void *context, struct http_request *request);
void team_route_create(void *context, struct http_request *request);
void team_route_change(void *context, struct http_request *request);
void team_route_members(void *context, struct http_request *request);
void team_route_add_member(void *context, struct http_request *request);
void team_route_end_member(void *context, struct http_request *request);
void team_route_on_call(void *context, struct http_request *request);
void team_route_set_on_call(void *context, struct http_request *request);
void team_route_rotations(void *context, struct http_request *request);
void item_route_list(void *context, struct http_request *request);
void item_route_get(void *context, struct http_request *request);
void item_route_create(void *context, struct http_request *request);
void item_route_change(void *context, struct http_request *request);
void request_route_list(void *context, struct http_request *request);
void request_route_get(void *context, struct http_request *request);
void request_route_open(void *context, struct http_request *request);
void request_route_change(void *context, struct http_request *request);

#endif
