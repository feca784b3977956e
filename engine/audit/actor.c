/* See actor.h. */
#include "engine/audit/actor.h"

#include "bpmn/base/json.h"

#include <string.h>

static const struct pg_statement act = {
    "audit_act", "SELECT set_config('role', $1, true), set_config('synergyflow.actor', $2, true)"};

static void add(struct pg_batch *batch, const char *role, json_t *actor)
{
    struct text text = TEXT_INIT;
    struct pg_call *call = pg_batch_add(batch, &act);
    bool written = json_write(&text, actor);

    INVARIANT(written); /* two levels */
    pg_text(call, role);
    pg_text(call, text_string(&text));
    text_deinit(&text);
    json_decref(actor);
}

void audit_act_as(struct pg_batch *batch, const char *role, const struct audit_actor *actor)
{
    add(batch, role,
        json_pack("{s:s*, s:s*}", "user", actor->user, "correlation", actor->correlation_id));
}

void audit_act_by_row(struct pg_batch *batch, const char *role, const char *column,
                      const struct audit_claim *claims, uint32_t count, bool strict)
{
    json_t *rows = json_object();

    for (uint32_t i = 0; i < count; i++)
        (void)json_object_set_new(
            rows, claims[i].value,
            json_pack("[s?, s?]", claims[i].actor.user, claims[i].actor.correlation_id));
    add(batch, role, json_pack("{s:s, s:b, s:o}", "by", column, "strict", strict, "rows", rows));
}

void audit_act_no_more(struct pg_batch *batch)
{
    struct pg_call *call = pg_batch_add(batch, &act);

    pg_text(call, "none");
    pg_text(call, "");
}

static bool equals(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool audit_actor_equals(const struct audit_actor *a, const struct audit_actor *b)
{
    return equals(a->user, b->user) && equals(a->correlation_id, b->correlation_id);
}
