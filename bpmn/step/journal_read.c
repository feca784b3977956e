/* The journal read back: one entry's records become changes again, and the applier carries them out
 * on an instance that stands where the entry was written. What is stored is data, so everything
 * about it is checked before it is applied. */
#include "bpmn/step/apply.h"

#include <string.h>

static enum status misfit(struct error *error, const char *kind, const char *what)
{
    return error_set(error, STATUS_INTERNAL,
                     "Expected the journal to fit the instance but its record '%s' %s.", kind,
                     what);
}

static const char *const scope_kinds[] = {
#define SCOPE_NAME(name, text) [BPMN_SCOPE_##name] = text,
    BPMN_SCOPE_KINDS(SCOPE_NAME)
#undef SCOPE_NAME
};

static const char *text_of(const json_t *record, const char *key)
{
    return json_string_value(json_object_get(record, key));
}

static void read_uuid(const json_t *record, const char *key, struct uuid *ret_id)
{
    const char *text = text_of(record, key);

    if (text == NULL || !uuid_parse(text, ret_id))
        memset(ret_id, 0, sizeof(*ret_id));
}

static bool read_kind(const char *text, enum bpmn_change_kind *ret_kind)
{
    static const char *const names[] = {
#define CHANGE_NAME(name, text) [BPMN_CHANGE_##name] = text,
        BPMN_CHANGE_KINDS(CHANGE_NAME)
#undef CHANGE_NAME
    };

    for (size_t i = 0; text != NULL && i < COUNT_OF(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *ret_kind = (enum bpmn_change_kind)i;
            return true;
        }
    }
    return false;
}

static const char *read_name(const json_t *record)
{
    static const char *const keys[] = {"var", "topic", "message", "signal", "code", "park"};

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (text_of(record, keys[i]) != NULL)
            return text_of(record, keys[i]);
    }
    return text_of(record, "key");
}

static enum status read_references(const struct bpmn_model *model, const json_t *record,
                                   const char *kind, struct bpmn_change *change,
                                   struct error *ret_error)
{
    const char *element = text_of(record, "el");
    const char *flow = text_of(record, "flow");

    change->element = BPMN_NONE;
    change->flow = BPMN_NONE;
    if (element != NULL) {
        const struct bpmn_element *found = bpmn_model_element(model, element);

        if (found == NULL)
            return misfit(ret_error, kind, "names an element that the definition does not have");
        change->element = found->index;
    }
    if (flow != NULL) {
        const struct bpmn_flow *found = bpmn_model_flow(model, flow);

        if (found == NULL)
            return misfit(ret_error, kind, "names a flow that the definition does not have");
        change->flow = found->index;
    }
    return STATUS_OK;
}

static void read_scope_kind(const json_t *record, struct bpmn_change *change)
{
    const char *kind = text_of(record, "kind");

    for (size_t i = 0; kind != NULL && i < COUNT_OF(scope_kinds); i++) {
        if (strcmp(kind, scope_kinds[i]) == 0)
            change->scope_kind = (enum bpmn_scope_kind)i;
    }
}

static enum status read_change(struct bpmn_instance *instance, const json_t *record,
                               struct bpmn_change *change, struct error *ret_error)
{
    const char *kind = text_of(record, "c");
    const json_t *value = json_object_get(record, "value");

    memset(change, 0, sizeof(*change));
    if (!read_kind(kind, &change->kind))
        return misfit(ret_error, kind != NULL ? kind : "", "is of an unknown kind");
    change->at_us = json_integer_value(json_object_get(record, "at"));
    change->due_us = json_integer_value(json_object_get(record, "due"));
    change->index = json_integer_value(json_object_get(record, "n"));
    change->definition = (uint32_t)json_integer_value(json_object_get(record, "def"));
    change->repeats_left = json_integer_value(json_object_get(record, "left"));
    change->repeat = arena_copy(instance->arena, text_of(record, "repeat"));
    change->reason = arena_copy(instance->arena, text_of(record, "reason"));
    change->name = arena_copy(instance->arena, read_name(record));
    change->key = arena_copy(instance->arena, text_of(record, "key"));
    if (value != NULL)
        change->value = bpmn_instance_keep(instance, json_incref((json_t *)value));
    read_uuid(record, "id", &change->token_id);
    read_uuid(record, "scope", &change->scope_id);
    read_uuid(record, "wait", &change->wait_id);
    read_uuid(record, "parent", &change->parent_id);
    read_scope_kind(record, change);
    return read_references(instance->model, record, kind, change, ret_error);
}

/* Everything the applier takes for granted. */
static enum status check_change(struct bpmn_instance *instance, const struct bpmn_change *change,
                                struct error *ret_error)
{
    const char *kind = bpmn_change_kind_name(change->kind);
    struct bpmn_scope *scope = bpmn_instance_scope(instance, &change->scope_id);
    const struct bpmn_token *token =
        scope != NULL ? bpmn_scope_token(scope, &change->token_id) : NULL;
    enum bpmn_wait_kind wait;

    if (change->kind == BPMN_CHANGE_SCOPE_OPENED)
        return bpmn_instance_scope(instance, &change->parent_id) != NULL
                   ? STATUS_OK
                   : misfit(ret_error, kind, "opens a scope in one that is not there");
    if (scope == NULL && change->kind != BPMN_CHANGE_INSTANCE_STARTED &&
        change->kind != BPMN_CHANGE_INSTANCE_COMPLETED &&
        change->kind != BPMN_CHANGE_INSTANCE_TERMINATED &&
        change->kind != BPMN_CHANGE_BUSINESS_KEY_SET)
        return misfit(ret_error, kind, "is about a scope that is not there");
    if ((bpmn_change_begins(change->kind, &wait) || bpmn_change_ends(change->kind)) &&
        token == NULL)
        return misfit(ret_error, kind, "is about a token that is not there");
    return STATUS_OK;
}

/* What a passed element did while it was active was recorded after it: handler calls are merged
 * into the passage, so that nothing is left to do for it. */
static bool is_passage(const json_t *record)
{
    const char *kind = text_of(record, "c");

    return kind != NULL && strcmp(kind, "passed") == 0;
}

enum status bpmn_journal_apply(struct bpmn_instance *instance, const json_t *journal,
                               struct error *ret_error)
{
    const json_t *record;
    size_t i;

    json_array_foreach (journal, i, record) {
        struct bpmn_change change;
        enum status status;

        if (is_passage(record))
            continue;
        status = read_change(instance, record, &change, ret_error);
        if (status == STATUS_OK)
            status = check_change(instance, &change, ret_error);
        if (status != STATUS_OK)
            return status;
        bpmn_apply(instance, &change);
    }
    return STATUS_OK;
}
