/* Which calls of a topic share a handler's statements.
 *
 * The audit trail says of every row whose change it is. Calls of one user and one correlation id
 * share statements freely. Calls of several do where the module says which column tells their rows
 * apart (struct module_attribution): each call then claims the rows with its value, and no two of
 * different users claim the same. All others go apart, into statements of their own; so does
 * everything of a unit in which a statement changed a row that nobody had claimed. */
#include "engine/audit/actor.h"
#include "engine/command/unit.h"

#include <ctype.h>
#include <string.h>

static struct audit_actor actor_of(const struct module_call *call)
{
    return (struct audit_actor){.user = call->user, .correlation_id = call->correlation_id};
}

static bool has_actor(const struct module_call *call, const struct module_call *other)
{
    struct audit_actor a = actor_of(call);
    struct audit_actor b = actor_of(other);

    return audit_actor_equals(&a, &b);
}

/* incident_id → incidentId */
static const char *variable_name(struct arena *arena, const char *column)
{
    char *name = arena_alloc(arena, strlen(column) + 1);
    size_t length = 0;

    for (const char *at = column; *at != '\0'; at++) {
        if (*at == '_' && at[1] != '\0')
            name[length++] = (char)toupper((unsigned char)*++at);
        else
            name[length++] = *at;
    }
    name[length] = '\0';
    return name;
}

/* What the rows that the call changes have in `column`; NULL: nobody knows. */
static const char *claimed_value(struct arena *arena, const struct module_call *call,
                                 const char *column)
{
    char id[UUID_TEXT_BYTES];

    if (column == NULL)
        return NULL;
    if (strcmp(column, "process_instance_id") == 0)
        return uuid_is_zero(&call->instance_id)
                   ? NULL
                   : arena_copy(arena, uuid_format(&call->instance_id, id));
    return json_string_value(json_object_get(call->variables, variable_name(arena, column)));
}

/* May calls of another user or correlation id join what has been gathered? */
static bool may_share(const struct call_group *group, const struct module_call *call,
                      const struct unit_call *source)
{
    if (source->row_value == NULL)
        return false;
    for (uint32_t i = 0; i < group->calls.count; i++) {
        const char *value = group->sources[i]->row_value;

        if (value == NULL ||
            (strcmp(value, source->row_value) == 0 && !has_actor(&group->calls.items[i], call)))
            return false;
    }
    return true;
}

static bool fits(const struct unit *unit, const struct call_group *group,
                 const struct module_call *call, const struct unit_call *source)
{
    bool has_its_actor = has_actor(&group->calls.items[0], call);

    if (!group->is_shared && has_its_actor)
        return true;
    if (unit->item_count == 1 || source->item->command->apart || group->is_apart)
        return false;
    return may_share(group, call, source);
}

static struct call_group *new_group(struct unit *unit, const struct module *module,
                                    const struct module_handler *handler)
{
    struct call_group *group = arena_alloc(unit->arena, sizeof(*group));

    group->handler = handler;
    group->module = module;
    group->column = registry_attribution(module, handler->topic);
    group->calls.now_us = unit->now_us;
    group->calls.arena = unit->arena;
    group->calls.ids = unit->queue->settings.ids;
    return group;
}

static void append(struct unit *unit, struct call_group *group, const struct module_call *call,
                   struct unit_call *source)
{
    if (group->calls.count == group->capacity) {
        uint32_t capacity = group->capacity > 0 ? 2 * group->capacity : 4;

        group->calls.items = arena_grow(unit->arena, group->calls.items, group->capacity, capacity,
                                        sizeof(*group->calls.items));
        group->sources = arena_grow(unit->arena, group->sources, group->capacity, capacity,
                                    sizeof(*group->sources));
        group->capacity = capacity;
    }
    if (group->calls.count > 0 && !has_actor(&group->calls.items[0], call))
        group->is_shared = true;
    group->is_apart = group->is_apart || source->item->command->apart;
    group->calls.items[group->calls.count] = *call;
    group->sources[group->calls.count++] = source;
}

bool unit_group_call(struct unit *unit, const struct module *module,
                     const struct module_handler *handler, const struct module_call *call,
                     struct unit_call *source)
{
    struct call_group **tail = &unit->groups;
    uint32_t count = 0;

    source->row_value =
        claimed_value(unit->arena, call, registry_attribution(module, handler->topic));
    for (; *tail != NULL; tail = &(*tail)->next) {
        count++;
        if ((*tail)->handler == handler && fits(unit, *tail, call, source)) {
            append(unit, *tail, call, source);
            return true;
        }
    }
    if (count >= LIMIT_GROUPS_A_ROUND)
        return false;
    *tail = new_group(unit, module, handler);
    append(unit, *tail, call, source);
    return true;
}

void unit_act_for_group(struct unit *unit, const struct call_group *group, struct pg_batch *batch)
{
    struct audit_actor first = actor_of(&group->calls.items[0]);
    struct audit_claim *claims;

    if (!group->is_shared) {
        audit_act_as(batch, group->module->role, &first);
        return;
    }
    claims = arena_array(unit->arena, group->calls.count, sizeof(*claims));
    for (uint32_t i = 0; i < group->calls.count; i++) {
        claims[i].value = group->sources[i]->row_value;
        claims[i].actor = actor_of(&group->calls.items[i]);
    }
    audit_act_by_row(batch, group->module->role, group->column, claims, group->calls.count, true);
}
