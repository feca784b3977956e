/* What a case expects of the instances: one row a key. Everything that is not as expected is told
 * at once. */
#include "bpmn/scenario/private.h"

#include "bpmn/base/json.h"
#include "bpmn/base/text.h"
#include "bpmn/scenario/compare.h"

#include <inttypes.h>
#include <string.h>

enum { FOUND_BYTES = 1500 }; /* of a value in a message */

/* One key of an expectation under way. */
struct look {
    struct run *run;
    uint32_t step;
    const char *key;
    const json_t *expected;
    const json_t *in; /* NULL: every instance */
};

/* ---- words ---- */

static const char *show(struct look *look, const json_t *value)
{
    struct text text = TEXT_INIT;
    const char *shown;

    if (value == NULL || !json_write(&text, value))
        text_append(&text, "nothing");
    shown = text.length > FOUND_BYTES
                ? arena_format(look->run->arena, "%.*s…", FOUND_BYTES, text_string(&text))
                : arena_copy(look->run->arena, text_string(&text));
    text_deinit(&text);
    return shown;
}

static void fail(struct look *look, const char *what, const json_t *found)
{
    run_fail(look->run, look->step, look->key, "Expected %s to be %s but found %s.", what,
             show(look, look->expected), show(look, found));
}

/* In any order, but as often. */
static void check_bag(struct look *look, const char *what, json_t *found)
{
    json_t *rest = compare_without(found, look->expected);

    if (json_array_size(rest) > 0 || rest == NULL)
        fail(look, what, found);
    json_decref(rest);
    json_decref(found);
}

/* ---- elements ---- */

static void check_active(struct look *look)
{
    check_bag(look, "the active elements", select_active_ids(look->run, look->in));
}

static void check_active_includes(struct look *look)
{
    json_t *found = select_active_ids(look->run, look->in);
    json_t *rest = compare_without(found, look->expected);

    if (rest == NULL)
        run_fail(look->run, look->step, look->key,
                 "Expected %s to be among the active elements but those are %s.",
                 show(look, look->expected), show(look, found));
    json_decref(rest);
    json_decref(found);
}

static bool has_text(const json_t *list, const char *text)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item) {
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

static void check_not_active(struct look *look)
{
    json_t *found = select_active_ids(look->run, look->in);
    const json_t *item;
    size_t i;

    json_array_foreach (look->expected, i, item) {
        if (!select_knows_element(look->run, json_string_value(item)))
            run_fail(look->run, look->step, look->key,
                     "Expected '%s' to be an element of the test's processes but none has it.",
                     json_string_value(item));
        if (has_text(found, json_string_value(item)))
            run_fail(look->run, look->step, look->key,
                     "Expected '%s' not to be active but it is. Active are %s.",
                     json_string_value(item), show(look, found));
    }
    json_decref(found);
}

/* Each of the list must come, after the one before it. */
static void check_order(struct look *look, const struct happenings *happened, bool whole,
                        const char *what)
{
    json_t *found = json_array();
    const json_t *item;
    size_t wanted = 0;

    for (uint32_t i = 0; i < happened->count; i++) {
        const char *text = happened->items[i].text;

        if (!select_fits(look->run, look->in, happened->items[i].instance))
            continue;
        item = json_array_get(look->expected, wanted);
        if (item == NULL)
            break;
        (void)json_array_append_new(found, json_string(text));
        if (whole ? strcmp(text, json_string_value(item)) == 0
                  : strstr(text, json_string_value(item)) != NULL)
            wanted++;
    }
    item = json_array_get(look->expected, wanted);
    if (item != NULL)
        run_fail(look->run, look->step, look->key, "Expected %s to have %s%s%s%s but found %s.",
                 what, show(look, item), wanted > 0 ? " after " : "",
                 wanted > 0 ? show(look, json_array_get(look->expected, wanted - 1)) : "",
                 wanted > 0 ? "" : " first", show(look, found));
    json_decref(found);
}

static void check_completed(struct look *look)
{
    check_order(look, &look->run->completed, true, "the completed elements");
}

static void check_journal(struct look *look)
{
    check_order(look, &look->run->journal, false, "the journal");
}

/* ---- data ---- */

static struct world_instance *the_instance(struct look *look)
{
    struct world_instance *instance = select_one(look->run, look->in);

    if (instance == NULL)
        run_fail(look->run, look->step, look->key,
                 "Expected a process instance%s but there is none.",
                 look->in != NULL ? " as described by \"in\"" : "");
    return instance;
}

static void check_values(struct look *look, const struct bpmn_instance *instance,
                         const struct bpmn_scope *scope, const json_t *expected, const char *where)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)expected, name, value) {
        const json_t *found = bpmn_instance_variable(instance, scope, name);

        if (!compare_same(value, found))
            run_fail(look->run, look->step, look->key,
                     "Expected the variable '%s'%s to be %s but found %s.", name, where,
                     show(look, value), show(look, found));
    }
}

static void check_variables(struct look *look)
{
    struct world_instance *instance = the_instance(look);

    if (instance != NULL)
        check_values(look, &instance->instance, bpmn_instance_root(&instance->instance),
                     look->expected, "");
}

static void check_no_variables(struct look *look)
{
    struct world_instance *instance = the_instance(look);
    const json_t *name;
    size_t i;

    json_array_foreach (look->expected, i, name) {
        const json_t *found =
            instance == NULL ? NULL
                             : json_object_get(bpmn_instance_root(&instance->instance)->variables,
                                               json_string_value(name));

        if (found != NULL)
            run_fail(look->run, look->step, look->key, "Expected no variable '%s' but it is %s.",
                     json_string_value(name), show(look, found));
    }
}

/* The scope that an active element sees: its own, when it has one. */
static struct bpmn_scope *scope_of(struct bpmn_instance *instance, const char *element_id)
{
    for (uint32_t i = 0; i < instance->scope_count; i++) {
        for (uint32_t j = 0; j < instance->scopes[i].token_count; j++) {
            const struct bpmn_token *token = &instance->scopes[i].tokens[j];

            if (strcmp(instance->model->elements[token->element].id, element_id) != 0 ||
                token->state == BPMN_TOKEN_BODY || token->state == BPMN_TOKEN_LISTENING)
                continue;
            return uuid_is_zero(&token->child_scope)
                       ? &instance->scopes[i]
                       : bpmn_instance_scope(instance, &token->child_scope);
        }
    }
    return NULL;
}

static void check_variables_of(struct look *look)
{
    struct world_instance *instance = the_instance(look);
    const char *element_id;
    json_t *expected;

    json_object_foreach ((json_t *)look->expected, element_id, expected) {
        struct bpmn_scope *scope =
            instance != NULL ? scope_of(&instance->instance, element_id) : NULL;

        if (scope != NULL)
            check_values(look, &instance->instance, scope, expected,
                         arena_format(look->run->arena, " of '%s'", element_id));
        else if (instance != NULL)
            run_fail(look->run, look->step, look->key,
                     "Expected '%s' to be active, for its variables, but it is not.", element_id);
    }
}

/* ---- tasks and waits ---- */

/* As many as expected, and one for each: takes over `found`. */
static void check_each(struct look *look, const char *what, json_t *found)
{
    json_t *rest = json_copy(found);
    const json_t *expected;
    bool all = json_array_size(found) == json_array_size(look->expected);
    size_t i;

    json_array_foreach (look->expected, i, expected) {
        size_t at = 0;

        while (at < json_array_size(rest) && !compare_fits(expected, json_array_get(rest, at)))
            at++;
        all = all && at < json_array_size(rest);
        (void)json_array_remove(rest, at);
    }
    if (!all)
        fail(look, what, found);
    json_decref(rest);
    json_decref(found);
}

static void check_tasks(struct look *look)
{
    json_t *found = json_array();
    const struct world_task *task;

    for (uint32_t i = 0; (task = world_task_at(look->run->world, i)) != NULL; i++) {
        if (select_fits(look->run, look->in, task->instance))
            (void)json_array_append(found, task->details);
    }
    check_each(look, "the open tasks", found);
}

struct gathering {
    const struct look *look;
    enum bpmn_wait_kind kind;
    json_t *found;
};

static json_t *describe_timer(const char *element_id, bool is_due, int64_t due_us)
{
    char due[ISO8601_INSTANT_BYTES];

    return json_pack("{s:s, s:s?}", "element", element_id, "due",
                     is_due ? iso8601_format_instant(due_us, due) : NULL);
}

static bool gather(void *context, const struct world_wait *at)
{
    struct gathering *gathering = context;
    const struct bpmn_element *element =
        &at->instance->definition->model->elements[at->wait->element];
    bool is_due;
    int64_t due_us;

    if (at->wait->kind != gathering->kind ||
        !select_fits(gathering->look->run, gathering->look->in, at->instance))
        return true;
    is_due = world_timer_due(gathering->look->run->world, at->wait, &due_us);
    (void)json_array_append_new(gathering->found, gathering->kind == BPMN_WAIT_TIMER
                                                      ? describe_timer(element->id, is_due, due_us)
                                                      : json_string(at->wait->name));
    return true;
}

static json_t *waits(const struct look *look, enum bpmn_wait_kind kind)
{
    struct gathering gathering = {look, kind, json_array()};

    world_visit_waits(look->run->world, gather, &gathering);
    return gathering.found;
}

/* Those of start events are no instance's. */
static void check_timers(struct look *look)
{
    json_t *found = waits(look, BPMN_WAIT_TIMER);
    const struct world_start *start;

    for (uint32_t i = 0; (start = world_start_at(look->run->world, i)) != NULL; i++) {
        if (look->in == NULL && start->event->kind == BPMN_EVENT_TIMER && !start->plan.never)
            (void)json_array_append_new(
                found, describe_timer(start->element->id, true, start->plan.due_us));
    }
    check_each(look, "the timers", found);
}

/* Each that is expected is there; there may be more. */
static void check_clocks(struct look *look)
{
    json_t *found = world_describe_clocks(look->run->world);
    const json_t *expected;
    size_t i;

    json_array_foreach (look->expected, i, expected) {
        size_t at = 0;

        while (at < json_array_size(found) && !compare_fits(expected, json_array_get(found, at)))
            at++;
        if (at == json_array_size(found)) {
            fail(look, "the SLA clocks", found);
            break;
        }
    }
    json_decref(found);
}

static void check_messages(struct look *look)
{
    check_bag(look, "the messages waited for", waits(look, BPMN_WAIT_MESSAGE));
}

static void check_signals(struct look *look)
{
    check_bag(look, "the signals waited for", waits(look, BPMN_WAIT_SIGNAL));
}

static void check_buffered(struct look *look)
{
    json_t *found = json_array();
    const char *name;

    for (uint32_t i = 0; (name = world_buffered_at(look->run->world, i)) != NULL; i++)
        (void)json_array_append_new(found, json_string(name));
    check_bag(look, "the messages that nobody has taken", found);
}

/* ---- instances ---- */

static void check_ended(struct look *look)
{
    const struct world_instance *instance;
    bool any = false;
    bool ended = true;
    json_t *active;
    json_t *flows;

    for (uint32_t i = 0; (instance = world_instance_at(look->run->world, i)) != NULL; i++) {
        if (!select_fits(look->run, look->in, instance))
            continue;
        any = true;
        ended = ended && instance->instance.status != BPMN_INSTANCE_ACTIVE;
    }
    if (!any) {
        (void)the_instance(look);
        return;
    }
    if (ended == json_is_true(look->expected))
        return;
    active = select_active_ids(look->run, look->in);
    flows = select_waiting_flows(look->run, look->in);
    if (ended)
        run_fail(look->run, look->step, look->key,
                 "Expected the process to go on but it has ended.");
    else
        run_fail(look->run, look->step, look->key,
                 "Expected the process to have ended but active are %s%s%s.", show(look, active),
                 json_array_size(flows) > 0 ? ", and tokens wait for others at the end of " : "",
                 json_array_size(flows) > 0 ? show(look, flows) : "");
    json_decref(active);
    json_decref(flows);
}

static void check_text(struct look *look, const char *what, const char *found, bool contained)
{
    const char *expected = json_string_value(look->expected);

    if (found == NULL)
        run_fail(look->run, look->step, look->key, "Expected %s to be '%s' but there is none.",
                 what, expected);
    else if (contained ? strstr(found, expected) == NULL : strcmp(found, expected) != 0)
        run_fail(look->run, look->step, look->key, "Expected %s to %s '%s' but found '%s'.", what,
                 contained ? "contain" : "be", expected, found);
}

static void check_ended_at(struct look *look)
{
    const struct world_instance *instance = the_instance(look);

    if (instance != NULL)
        check_text(look, "the element at which the process ended",
                   instance->instance.status == BPMN_INSTANCE_ACTIVE
                       ? NULL
                       : instance->instance.end_element_id,
                   false);
}

static void check_terminated(struct look *look)
{
    static const char *const words[] = {"new", "active", "completed", "terminated"};
    const struct world_instance *instance = the_instance(look);

    if (instance != NULL &&
        json_is_true(look->expected) != (instance->instance.status == BPMN_INSTANCE_TERMINATED))
        run_fail(look->run, look->step, look->key,
                 "Expected the process instance %sto be terminated but it is %s.",
                 json_is_true(look->expected) ? "" : "not ", words[instance->instance.status]);
}

static void check_reason(struct look *look)
{
    const struct world_instance *instance = the_instance(look);

    if (instance != NULL)
        check_text(look, "the reason of the termination", instance->instance.delete_reason, true);
}

static void check_error_code(struct look *look)
{
    const struct world_instance *instance = the_instance(look);

    if (instance != NULL)
        check_text(look, "the code of the BPMN error that ended the process",
                   instance->instance.error_code, false);
}

static void check_business_key(struct look *look)
{
    const struct world_instance *instance = the_instance(look);

    if (instance != NULL)
        check_text(look, "the business key", instance->instance.business_key, false);
}

static void check_instances(struct look *look)
{
    const char *key;
    json_t *expected;

    json_object_foreach ((json_t *)look->expected, key, expected) {
        const struct world_instance *instance;
        json_int_t count = 0;

        if (world_latest(look->run->world, key) == NULL)
            run_fail(look->run, look->step, look->key,
                     "Expected '%s' to be a process of the test's files but there is none.", key);
        for (uint32_t i = 0; (instance = world_instance_at(look->run->world, i)) != NULL; i++)
            count += select_fits(look->run, look->in, instance) &&
                     strcmp(instance->definition->model->process_id, key) == 0;
        if (count != json_integer_value(expected))
            run_fail(look->run, look->step, look->key,
                     "Expected %" JSON_INTEGER_FORMAT " instances of process '%s' but there are "
                     "%" JSON_INTEGER_FORMAT ".",
                     json_integer_value(expected), key, count);
    }
}

/* ---- what lies around ---- */

static void check_called(struct look *look)
{
    const char *name;
    json_t *expected;

    json_object_foreach ((json_t *)look->expected, name, expected) {
        json_int_t count = json_integer_value(json_object_get(look->run->asked, name));

        if (!select_knows_question(look->run, name))
            run_fail(look->run, look->step, look->key,
                     "Expected '%s' to be an element, a topic or a called process but nothing has "
                     "this name.",
                     name);
        if (count != json_integer_value(expected))
            run_fail(look->run, look->step, look->key,
                     "Expected '%s' to be called %" JSON_INTEGER_FORMAT
                     " times but it was called %" JSON_INTEGER_FORMAT " times.",
                     name, json_integer_value(expected), count);
    }
}

static void check_time(struct look *look)
{
    int64_t expected_us = 0;
    struct error error;
    char now[ISO8601_INSTANT_BYTES];

    if (iso8601_parse_instant(json_string_value(look->expected), &expected_us, &error) !=
            STATUS_OK ||
        expected_us != world_now_us(look->run->world))
        run_fail(look->run, look->step, look->key, "Expected the time to be %s but it is %s.",
                 json_string_value(look->expected),
                 iso8601_format_instant(world_now_us(look->run->world), now));
}

/* Claims the failure of the step before. */
static void check_error(struct look *look)
{
    struct run *run = look->run;

    if (run->failed == STATUS_OK)
        run_fail(run, look->step, look->key,
                 "Expected the step before to fail with '%s' but it did not fail.",
                 json_string_value(look->expected));
    else
        check_text(look, "the failure of the step before", run->error.message, true);
    run->failed = STATUS_OK;
}

static const struct {
    const char *key;
    void (*check)(struct look *look);
} checks[] = {
    {"active", check_active},
    {"activeIncludes", check_active_includes},
    {"notActive", check_not_active},
    {"completed", check_completed},
    {"variables", check_variables},
    {"noVariables", check_no_variables},
    {"variablesOf", check_variables_of},
    {"tasks", check_tasks},
    {"timers", check_timers},
    {"clocks", check_clocks},
    {"messages", check_messages},
    {"signals", check_signals},
    {"buffered", check_buffered},
    {"ended", check_ended},
    {"endedAt", check_ended_at},
    {"terminated", check_terminated},
    {"reason", check_reason},
    {"errorCode", check_error_code},
    {"businessKey", check_business_key},
    {"instances", check_instances},
    {"called", check_called},
    {"journal", check_journal},
    {"time", check_time},
    {"error", check_error},
};

void expect_check(struct run *run, uint32_t index, const struct scenario_step *step)
{
    struct look look = {.run = run, .step = index, .in = json_object_get(step->value, "in")};

    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        look.key = checks[i].key;
        look.expected = json_object_get(step->value, look.key);
        if (look.expected != NULL)
            checks[i].check(&look);
    }
}
