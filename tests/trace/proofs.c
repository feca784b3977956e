/* The proofs behind every trace: see proofs.h. */
#include "tests/trace/proofs.h"

#include "bpmn/step/apply.h"

#include <stdlib.h>
#include <string.h>

static bool handler_called(const struct bpmn_scope *scope)
{
    for (uint32_t i = 0; i < scope->token_count; i++) {
        for (uint32_t j = 0; j < scope->tokens[i].wait_count; j++) {
            if (scope->tokens[i].waits[j].kind == BPMN_WAIT_HANDLER)
                return true;
        }
    }
    return false;
}

static bool any_handler_called(const struct bpmn_instance *instance)
{
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        if (!instance->scopes[i].removed && handler_called(&instance->scopes[i]))
            return true;
    }
    return false;
}

/* A handler's wait has no stored form; here its tokens are compared by id and element. */
static json_t *state_of(const struct bpmn_instance *instance, const struct bpmn_scope *scope)
{
    json_t *state;
    char id[UUID_TEXT_BYTES];

    if (!handler_called(scope))
        return bpmn_scope_state(instance, scope);
    state = json_array();
    for (uint32_t i = 0; i < scope->token_count; i++) {
        json_array_append_new(
            state, json_pack("{s:s, s:s, s:i}", "id", uuid_format(&scope->tokens[i].id, id), "el",
                             instance->model->elements[scope->tokens[i].element].id, "waits",
                             (int)scope->tokens[i].wait_count));
    }
    return state;
}

char *proof_dump(const struct bpmn_instance *instance)
{
    json_t *whole = json_array();
    char *text;
    char id[UUID_TEXT_BYTES];
    char parent[UUID_TEXT_BYTES];
    char token[UUID_TEXT_BYTES];

    json_array_append_new(
        whole, json_pack("{s:i, s:I, s:I, s:s*, s:s*}", "status", (int)instance->status, "started",
                         (json_int_t)instance->started_us, "ended", (json_int_t)instance->ended_us,
                         "end", instance->end_element_id, "reason", instance->delete_reason));
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        if (scope->removed)
            continue;
        json_array_append_new(
            whole, json_pack("{s:s, s:s, s:s, s:i, s:o, s:O}", "id", uuid_format(&scope->id, id),
                             "parent", uuid_format(&scope->parent_id, parent), "token",
                             uuid_format(&scope->token_id, token), "element", (int)scope->element,
                             "state", state_of(instance, scope), "variables", scope->variables));
    }
    text = json_dumps(whole, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(whole);
    return text;
}

void proof_clone_untouched(const struct bpmn_instance *clone, const char *snapshot,
                           struct text *out)
{
    char *now = proof_dump(clone);

    if (strcmp(now, snapshot) != 0)
        text_append_format(out, "! broken: the clone changed from\n%s\nto\n%s\n", snapshot, now);
    free(now);
}

static bool is_spoken_of(const struct bpmn_scope *scope, const struct bpmn_changes *changes,
                         uint32_t from)
{
    for (uint32_t i = from; i < changes->count; i++) {
        if (uuid_equal(&changes->items[i].scope_id, &scope->id) ||
            uuid_equal(&changes->items[i].parent_id, &scope->id))
            return true;
    }
    return false;
}

static void mark(struct text *out, const char *what, bool marked, bool differs, bool spoken_of)
{
    if (marked && !differs && !spoken_of)
        text_append_format(out, "! broken: %s marked dirty but unchanged\n", what);
    if (!marked && differs)
        text_append_format(out, "! broken: %s changed but not marked dirty\n", what);
}

void proof_dirty_marks(const struct bpmn_instance *before, const struct bpmn_instance *after,
                       const struct bpmn_changes *changes, uint32_t from, struct text *out)
{
    for (uint32_t i = 0; i < after->scope_count; i++) {
        const struct bpmn_scope *scope = &after->scopes[i];
        json_t *old_state;
        json_t *state;
        bool spoken_of;

        if (i >= before->scope_count) {
            if (!scope->is_new)
                text_append(out, "! broken: a new scope is not marked new\n");
            continue;
        }
        if (scope->removed)
            continue;
        old_state = state_of(before, &before->scopes[i]);
        state = state_of(after, scope);
        spoken_of = is_spoken_of(scope, changes, from);
        /* A scope that was never saved is written whole. A second step before the save keeps the
         * first one's marks (a handler was called). */
        if (!before->scopes[i].is_new && !before->scopes[i].state_changed)
            mark(out, "a scope's state is", scope->state_changed, !json_equal(old_state, state),
                 spoken_of);
        if (!before->scopes[i].is_new && !before->scopes[i].variables_changed)
            mark(out, "a scope's variables are", scope->variables_changed,
                 !json_equal(before->scopes[i].variables, scope->variables), spoken_of);
        json_decref(old_state);
        json_decref(state);
    }
}

void proof_rebuild(struct bpmn_instance *shadow, const struct bpmn_instance *live,
                   const struct bpmn_changes *changes, uint32_t from, struct text *out)
{
    char *expected = proof_dump(live);
    char *got;

    for (uint32_t i = from; i < changes->count; i++)
        bpmn_apply(shadow, &changes->items[i]);
    bpmn_instance_saved(shadow);
    got = proof_dump(shadow);
    if (strcmp(expected, got) != 0)
        text_append_format(out, "! broken: the records rebuild\n%s\ninstead of\n%s\n", got,
                           expected);
    free(expected);
    free(got);
}

static json_t *through_text(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    json_t *again = json_loads(text, 0, NULL);

    free(text);
    json_decref(value);
    return again;
}

void proof_journal(struct bpmn_instance *replayed, const struct bpmn_instance *live,
                   const struct bpmn_changes *changes, uint32_t from, struct text *out)
{
    json_t *journal = through_text(bpmn_changes_journal(changes, live->model, from));
    char *expected = proof_dump(live);
    struct error error;
    char *got;

    if (bpmn_journal_apply(replayed, journal, &error) != STATUS_OK)
        text_append_format(out, "! broken: the journal cannot be read: %s\n", error.message);
    bpmn_instance_saved(replayed);
    got = proof_dump(replayed);
    if (strcmp(expected, got) != 0)
        text_append_format(out, "! broken: the journal rebuilds\n%s\ninstead of\n%s\n", got,
                           expected);
    json_decref(journal);
    free(expected);
    free(got);
}

void proof_nothing_left(const struct bpmn_instance *instance, struct text *out)
{
    uint32_t left = 0;

    if (instance->status != BPMN_INSTANCE_COMPLETED && instance->status != BPMN_INSTANCE_TERMINATED)
        return;
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        left += scope->token_count + scope->arrival_count + scope->child_count +
                (i > 0 && !scope->removed ? 1 : 0);
    }
    if (left > 0)
        text_append_format(out, "! broken: %u things are left in a finished instance\n", left);
}

static void load_scope(const struct bpmn_instance *from, const struct bpmn_scope *scope,
                       struct bpmn_instance *to, struct text *out)
{
    json_t *state = through_text(bpmn_scope_state(from, scope));
    json_t *variables = through_text(json_incref(scope->variables));
    const char *element_id =
        scope->element == BPMN_NONE ? NULL : from->model->elements[scope->element].id;
    struct error error;

    if (bpmn_instance_load_scope(to, &scope->id, &scope->parent_id, &scope->token_id, element_id,
                                 state, variables, &error) != STATUS_OK)
        text_append_format(out, "! broken: cannot load: %s\n", error.message);
    json_decref(state);
    json_decref(variables);
}

void proof_store_and_load(struct bpmn_instance *instance, struct arena *arena, struct text *out)
{
    struct bpmn_instance again;
    char *before;
    char *after;

    if (any_handler_called(instance))
        return;
    before = proof_dump(instance);
    bpmn_instance_init(&again, arena, instance->model, &instance->id, instance->definition_id,
                       instance->business_key);
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        if (!instance->scopes[i].removed)
            load_scope(instance, &instance->scopes[i], &again, out);
    }
    again.caller_id = instance->caller_id;
    again.error_code = instance->error_code;
    again.status = instance->status;
    again.started_us = instance->started_us;
    again.ended_us = instance->ended_us;
    again.end_element_id = instance->end_element_id;
    again.delete_reason = instance->delete_reason;
    after = proof_dump(&again);
    if (strcmp(before, after) != 0)
        text_append_format(out, "! broken: stored\n%s\nbut loaded\n%s\n", before, after);
    free(before);
    free(after);
    bpmn_instance_clear(instance);
    *instance = again;
}

static void print_token(const struct bpmn_model *model, const struct bpmn_token *token,
                        struct text *out)
{
    static const char *const kinds[] = {
#define KIND(name, text) [BPMN_WAIT_##name] = text,
        BPMN_WAIT_KINDS(KIND)
#undef KIND
    };
    static const char *const states[] = {
#define STATE(name, text) [BPMN_TOKEN_##name] = text,
        BPMN_TOKEN_STATES(STATE)
#undef STATE
    };

    text_append_format(out, "  %s", model->elements[token->element].id);
    if (token->state != BPMN_TOKEN_ACTIVE)
        text_append_format(out, " (%s)", states[token->state]);
    for (uint32_t i = 0; i < token->wait_count; i++) {
        const struct bpmn_wait *wait = &token->waits[i];
        char due[ISO8601_INSTANT_BYTES];

        text_append_format(out, "%s %s", i == 0 ? " waits for" : ",", kinds[wait->kind]);
        if (wait->element != token->element)
            text_append_format(out, " %s", model->elements[wait->element].id);
        if (wait->kind == BPMN_WAIT_TIMER)
            text_append_format(out, " due %s", iso8601_format_instant(wait->due_us, due));
        if (wait->name != NULL)
            text_append_format(out, " %s", wait->name);
        if (wait->key != NULL)
            text_append_format(out, " key %s", wait->key);
    }
    text_append_char(out, '\n');
}

void proof_print_state(const struct bpmn_instance *instance, struct text *out, const char *prefix)
{
    static const char *const words[] = {"new", "active", "completed", "terminated"};

    text_append_format(out, "%s%s\n", prefix, words[instance->status]);
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];
        char *variables = json_dumps(scope->variables, JSON_COMPACT | JSON_SORT_KEYS);

        text_append_format(
            out, "%s%s %s\n", prefix,
            scope->element == BPMN_NONE ? "root" : instance->model->elements[scope->element].id,
            variables);
        free(variables);
        for (uint32_t j = 0; j < scope->token_count; j++) {
            text_append(out, prefix);
            print_token(instance->model, &scope->tokens[j], out);
        }
        for (uint32_t j = 0; j < scope->arrival_count; j++)
            text_append_format(out, "%s  %u at the end of %s\n", prefix, scope->arrivals[j].count,
                               instance->model->flows[scope->arrivals[j].flow].id);
    }
}

enum status proof_defer_script(const struct bpmn_env *env, const struct bpmn_script *script,
                               struct bpmn_script_result *ret_result, struct error *ret_error)
{
    (void)env;
    (void)script;
    (void)ret_error;
    ret_result->deferred = true;
    return STATUS_OK;
}
