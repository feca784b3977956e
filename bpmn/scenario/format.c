/* Reads a test document and refuses what it does not understand, with its line: a misspelt
 * expectation that is ignored would be a test that cannot fail. */
#include "bpmn/scenario/private.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <string.h>

enum { TEXT_ARENA_BYTES = 64 * 1024 * 1024 };

const struct field sla_fields[] = {
    {"subject", FIELD_TEXT, NULL, true},
    {"id", FIELD_TEXT, NULL, true},
    {"fields", FIELD_OBJECT, NULL, true},
    {0},
};

static const struct field sla_files_fields[] = {
    {"policies", FIELD_TEXTS, NULL, true},
    {"calendars", FIELD_TEXTS, NULL, true},
    {0},
};

static const struct field clock_fields[] = {
    {"subject", FIELD_TEXT, NULL, false},
    {"id", FIELD_TEXT, NULL, false},
    {"target", FIELD_TEXT, NULL, true},
    {"state", FIELD_TEXT, NULL, false},
    {"deadline", FIELD_INSTANT_OR_NULL, NULL, false},
    {"breached", FIELD_BOOLEAN, NULL, false},
    {"elapsedSeconds", FIELD_INDEX, NULL, false},
    {"cycle", FIELD_INDEX, NULL, false},
    {0},
};

static const struct field answer_fields[] = {
    {"variables", FIELD_OBJECT, NULL, false}, {"businessKey", FIELD_TEXT, NULL, false},
    {"error", FIELD_TEXT, NULL, false},       {"message", FIELD_TEXT, NULL, false},
    {"escalation", FIELD_TEXT, NULL, false},  {"failure", FIELD_TEXT, NULL, false},
    {"sla", FIELD_OBJECT, sla_fields, false}, {0},
};

static const struct field case_fields[] = {
    {"name", FIELD_TEXT, NULL, true},
    {"description", FIELD_TEXT, NULL, false},
    {"process", FIELD_TEXT, NULL, false},
    {"now", FIELD_INSTANT, NULL, false},
    {"mocks", FIELD_ANSWERS, answer_fields, false},
    {"steps", FIELD_ARRAY, NULL, true},
    {0},
};

static const struct field document_fields[] = {
    {"description", FIELD_TEXT, NULL, false},       {"processes", FIELD_TEXTS, NULL, false},
    {"process", FIELD_TEXT, NULL, false},           {"now", FIELD_INSTANT, NULL, false},
    {"sla", FIELD_OBJECT, sla_files_fields, false}, {"mocks", FIELD_ANSWERS, answer_fields, false},
    {"cases", FIELD_OBJECTS, case_fields, true},    {0},
};

const struct field selection_fields[] = {
    {"process", FIELD_TEXT, NULL, false},
    {"businessKey", FIELD_TEXT, NULL, false},
    {"number", FIELD_INDEX, NULL, false},
    {0},
};

static const struct field task_fields[] = {
    {"element", FIELD_TEXT, NULL, false},
    {"name", FIELD_ANY, NULL, false},
    {"description", FIELD_ANY, NULL, false},
    {"assignee", FIELD_ANY, NULL, false},
    {"owner", FIELD_ANY, NULL, false},
    {"category", FIELD_ANY, NULL, false},
    {"formKey", FIELD_ANY, NULL, false},
    {"candidateUsers", FIELD_TEXTS, NULL, false},
    {"candidateGroups", FIELD_TEXTS, NULL, false},
    {"dueDate", FIELD_ANY, NULL, false},
    {"priority", FIELD_INDEX, NULL, false},
    {0},
};

static const struct field timer_fields[] = {
    {"element", FIELD_TEXT, NULL, true},
    {"due", FIELD_INSTANT_OR_NULL, NULL, false},
    {0},
};

const struct field expect_fields[] = {
    {"in", FIELD_OBJECT, selection_fields, false},
    {"active", FIELD_TEXTS, NULL, false},
    {"activeIncludes", FIELD_TEXTS, NULL, false},
    {"notActive", FIELD_TEXTS, NULL, false},
    {"completed", FIELD_TEXTS, NULL, false},
    {"variables", FIELD_OBJECT, NULL, false},
    {"noVariables", FIELD_TEXTS, NULL, false},
    {"variablesOf", FIELD_VALUES, NULL, false},
    {"tasks", FIELD_OBJECTS, task_fields, false},
    {"timers", FIELD_OBJECTS, timer_fields, false},
    {"clocks", FIELD_OBJECTS, clock_fields, false},
    {"messages", FIELD_TEXTS, NULL, false},
    {"signals", FIELD_TEXTS, NULL, false},
    {"buffered", FIELD_TEXTS, NULL, false},
    {"ended", FIELD_BOOLEAN, NULL, false},
    {"endedAt", FIELD_TEXT, NULL, false},
    {"terminated", FIELD_BOOLEAN, NULL, false},
    {"reason", FIELD_TEXT, NULL, false},
    {"errorCode", FIELD_TEXT, NULL, false},
    {"businessKey", FIELD_TEXT, NULL, false},
    {"instances", FIELD_COUNTS, NULL, false},
    {"called", FIELD_COUNTS, NULL, false},
    {"journal", FIELD_TEXTS, NULL, false},
    {"time", FIELD_INSTANT, NULL, false},
    {"error", FIELD_TEXT, NULL, false},
    {0},
};

/* ---- checking values ---- */

static enum status refuse(int line, struct error *ret_error)
{
    return error_at(ret_error, NULL, line, 1);
}

static const char *kind_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_NULL:
        return "null";
    default:
        return "true or false";
    }
}

static enum status wrong_kind(const char *name, const char *expected, const json_t *value, int line,
                              struct error *ret_error)
{
    (void)error_set(ret_error, STATUS_INVALID, "Expected '%.100s' to be %s but found %s.", name,
                    expected, kind_of(value));
    return refuse(line, ret_error);
}

static void append_names(struct text *text, const struct field *fields)
{
    for (const struct field *field = fields; field->name != NULL; field++)
        text_append_format(text, "%s%s", field == fields ? "" : ", ", field->name);
}

static enum status unknown(const char *owner, const char *name, const struct field *fields,
                           int line, struct error *ret_error)
{
    struct text known = TEXT_INIT;

    append_names(&known, fields);
    (void)error_set(ret_error, STATUS_INVALID,
                    "Expected '%.100s' to have one of %s but found '%.100s'.", owner,
                    text_string(&known), name);
    text_deinit(&known);
    return refuse(line, ret_error);
}

static enum status check_value(const struct field *field, const json_t *value,
                               struct json_cursor at, struct error *ret_error);

static enum status check_object(const char *owner, const struct field *fields, const json_t *object,
                                struct json_cursor at, struct error *ret_error)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)object, name, value) {
        const struct field *field = fields;
        struct json_cursor member = at;
        enum status status;

        (void)json_cursor_member(&member, name);
        while (field->name != NULL && strcmp(field->name, name) != 0)
            field++;
        status = field->name != NULL ? check_value(field, value, member, ret_error)
                                     : unknown(owner, name, fields, member.line, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    for (const struct field *field = fields; field->name != NULL; field++) {
        if (!field->required || json_object_get(object, field->name) != NULL)
            continue;
        (void)error_set(ret_error, STATUS_INVALID, "Expected '%.100s' to have '%s' but it has not.",
                        owner, field->name);
        return refuse(at.line, ret_error);
    }
    return STATUS_OK;
}

static enum status check_texts(const struct field *field, const json_t *value, int line,
                               struct error *ret_error)
{
    const json_t *item;
    size_t i;

    if (!json_is_array(value))
        return wrong_kind(field->name, "a list of texts", value, line, ret_error);
    json_array_foreach (value, i, item) {
        if (!json_is_string(item))
            return wrong_kind(field->name, "a list of texts", item, line, ret_error);
    }
    return STATUS_OK;
}

static enum status check_objects(const struct field *field, const json_t *value,
                                 struct json_cursor at, struct error *ret_error)
{
    const json_t *item;
    size_t i;
    enum status status = STATUS_OK;
    bool more = json_cursor_enter(&at);

    json_array_foreach (value, i, item) {
        if (status == STATUS_OK && !json_is_object(item))
            status = wrong_kind(field->name, "a list of objects", item, at.line, ret_error);
        if (status == STATUS_OK)
            status = check_object(field->name, field->inner, item, at, ret_error);
        more = more && json_cursor_next(&at);
    }
    return status;
}

static enum status check_answers(const struct field *field, const json_t *value,
                                 struct json_cursor at, struct error *ret_error)
{
    const char *name;
    json_t *answer;

    json_object_foreach ((json_t *)value, name, answer) {
        struct field list = {name, FIELD_OBJECTS, field->inner, false};
        struct json_cursor member = at;
        enum status status;

        (void)json_cursor_member(&member, name);
        if (json_is_array(answer))
            status = check_objects(&list, answer, member, ret_error);
        else if (json_is_object(answer))
            status = check_object(name, field->inner, answer, member, ret_error);
        else
            status =
                wrong_kind(name, "an answer or a list of answers", answer, member.line, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status check_members(const struct field *field, const json_t *value, int line,
                                 struct error *ret_error)
{
    const char *name;
    json_t *member;

    json_object_foreach ((json_t *)value, name, member) {
        if (field->type == FIELD_VALUES && !json_is_object(member))
            return wrong_kind(name, "an object of variables", member, line, ret_error);
        if (field->type == FIELD_COUNTS && !json_is_integer(member))
            return wrong_kind(name, "a whole number", member, line, ret_error);
    }
    return STATUS_OK;
}

static enum status check_time(const struct field *field, const json_t *value, int line,
                              struct error *ret_error)
{
    const char *text = json_string_value(value);
    struct iso8601_duration duration;
    int64_t instant_us;
    enum status status;

    if (text == NULL)
        return wrong_kind(field->name, "a text", value, line, ret_error);
    status = field->type == FIELD_DURATION ? iso8601_parse_duration(text, &duration, ret_error)
                                           : iso8601_parse_instant(text, &instant_us, ret_error);
    if (status == STATUS_OK)
        return STATUS_OK;
    (void)error_prefix(ret_error, "'%s'", field->name);
    ret_error->status = STATUS_INVALID;
    return refuse(line, ret_error);
}

static const char *expected_kind(enum field_type type)
{
    switch (type) {
    case FIELD_TEXT:
        return "a text";
    case FIELD_OBJECTS:
    case FIELD_ARRAY:
        return "a list";
    case FIELD_INDEX:
        return "a whole number, 0 or more";
    case FIELD_BOOLEAN:
        return "true or false";
    case FIELD_TRUE_OR_TEXT:
        return "true or a text";
    default:
        return "an object";
    }
}

static bool has_kind(enum field_type type, const json_t *value)
{
    switch (type) {
    case FIELD_TEXT:
        return json_is_string(value);
    case FIELD_OBJECT:
    case FIELD_ANSWERS:
    case FIELD_VALUES:
    case FIELD_COUNTS:
        return json_is_object(value);
    case FIELD_OBJECTS:
    case FIELD_ARRAY:
        return json_is_array(value);
    case FIELD_INDEX:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case FIELD_BOOLEAN:
        return json_is_boolean(value);
    case FIELD_TRUE_OR_TEXT:
        return json_is_true(value) || json_is_string(value);
    default:
        return true;
    }
}

static enum status check_value(const struct field *field, const json_t *value,
                               struct json_cursor at, struct error *ret_error)
{
    if (!has_kind(field->type, value))
        return wrong_kind(field->name, expected_kind(field->type), value, at.line, ret_error);
    switch (field->type) {
    case FIELD_TEXTS:
        return check_texts(field, value, at.line, ret_error);
    case FIELD_OBJECT:
        return field->inner != NULL ? check_object(field->name, field->inner, value, at, ret_error)
                                    : STATUS_OK;
    case FIELD_OBJECTS:
        return check_objects(field, value, at, ret_error);
    case FIELD_ANSWERS:
        return check_answers(field, value, at, ret_error);
    case FIELD_VALUES:
    case FIELD_COUNTS:
        return check_members(field, value, at.line, ret_error);
    case FIELD_INSTANT_OR_NULL:
        if (json_is_null(value))
            return STATUS_OK;
        return check_time(field, value, at.line, ret_error);
    case FIELD_INSTANT:
    case FIELD_DURATION:
        return check_time(field, value, at.line, ret_error);
    default:
        return STATUS_OK;
    }
}

/* ---- steps ---- */

static enum status no_verb(const json_t *object, int line, struct error *ret_error)
{
    const char *name = json_object_iter_key(json_object_iter((json_t *)object));
    struct text known = TEXT_INIT;
    const struct verb *verb;

    for (uint32_t i = 0; (verb = verb_at(i)) != NULL; i++)
        text_append_format(&known, "%s%s", i == 0 ? "" : ", ", verb->field.name);
    (void)error_set(ret_error, STATUS_INVALID,
                    "Expected a step to do one of %s but found '%.100s'.", text_string(&known),
                    name != NULL ? name : "nothing");
    text_deinit(&known);
    return refuse(line, ret_error);
}

/* One verb, and what may stand beside it. */
static enum status read_step(struct scenario_step *step, struct error *ret_error)
{
    struct field fields[16] = {{0}};
    uint32_t count = 0;
    const struct verb *verb;

    if (!json_is_object(step->object))
        return wrong_kind("a step", "an object", step->object, step->at.line, ret_error);
    for (uint32_t i = 0; (verb = verb_at(i)) != NULL; i++) {
        const json_t *value = json_object_get(step->object, verb->field.name);

        if (value == NULL)
            continue;
        if (step->verb != NULL) {
            (void)error_set(ret_error, STATUS_INVALID,
                            "Expected a step to do one thing but found '%s' and '%s': make it two "
                            "steps.",
                            step->verb->field.name, verb->field.name);
            return refuse(step->at.line, ret_error);
        }
        step->verb = verb;
        step->value = value;
    }
    if (step->verb == NULL)
        return no_verb(step->object, step->at.line, ret_error);
    fields[count++] = step->verb->field;
    for (const struct field *field = step->verb->beside; field != NULL && field->name != NULL;
         field++) {
        INVARIANT(count + 1 < COUNT_OF(fields));
        fields[count++] = *field;
    }
    return check_object(step->verb->field.name, fields, step->object, step->at, ret_error);
}

/* What the document says for all cases, unless the case says it itself. */
static const char *text_or_common(const struct scenario *scenario, const json_t *object,
                                  const char *name, const char *absent)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        value = json_object_get(scenario->root, name);
    return value != NULL ? json_string_value(value) : absent;
}

static void merge_mocks(const struct scenario *scenario, json_t *object)
{
    const json_t *common = json_object_get(scenario->root, "mocks");
    json_t *mocks = json_object_get(object, "mocks");

    if (mocks == NULL && common != NULL)
        (void)json_object_set_new(object, "mocks", json_copy((json_t *)common));
    else if (mocks != NULL && common != NULL)
        (void)json_object_update_missing(mocks, (json_t *)common);
}

static enum status read_case(struct scenario *scenario, struct scenario_case *test, json_t *object,
                             struct error *ret_error)
{
    const json_t *steps = json_object_get(object, "steps");
    const char *now = text_or_common(scenario, object, "now", "2026-01-05T09:00:00Z");
    struct json_cursor at = test->at;
    bool more = json_cursor_member(&at, "steps") && json_cursor_enter(&at);
    enum status status;

    test->name = json_string_value(json_object_get(object, "name"));
    test->process = text_or_common(scenario, object, "process", NULL);
    merge_mocks(scenario, object);
    test->mocks = json_object_get(object, "mocks");
    if (json_array_size(steps) > SCENARIO_STEPS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a case to have at most %d steps but '%.100s' has %zu.",
                         SCENARIO_STEPS_MAX, test->name, json_array_size(steps));
    status = iso8601_parse_instant(now, &test->now_us, ret_error);
    if (status != STATUS_OK)
        return status;
    test->step_count = (uint32_t)json_array_size(steps);
    test->steps = arena_array(scenario->arena, test->step_count + 1, sizeof(*test->steps));
    for (uint32_t i = 0; i < test->step_count && status == STATUS_OK; i++) {
        test->steps[i].object = json_array_get(steps, i);
        test->steps[i].at = at;
        status = read_step(&test->steps[i], ret_error);
        more = more && json_cursor_next(&at);
    }
    return status;
}

static enum status read_cases(struct scenario *scenario, struct error *ret_error)
{
    const json_t *cases = json_object_get(scenario->root, "cases");
    struct json_cursor at = json_cursor_begin(scenario->text);
    bool more = json_cursor_member(&at, "cases") && json_cursor_enter(&at);
    enum status status = STATUS_OK;

    if (json_array_size(cases) > SCENARIO_CASES_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %d cases in a file but found %zu.", SCENARIO_CASES_MAX,
                         json_array_size(cases));
    scenario->case_count = (uint32_t)json_array_size(cases);
    scenario->cases =
        arena_array(scenario->arena, scenario->case_count + 1, sizeof(*scenario->cases));
    for (uint32_t i = 0; i < scenario->case_count && status == STATUS_OK; i++) {
        scenario->cases[i].at = at;
        status = read_case(scenario, &scenario->cases[i], json_array_get(cases, i), ret_error);
        more = more && json_cursor_next(&at);
    }
    return status;
}

/* ---- the document ---- */

static enum status parse(struct scenario *scenario, const char *bytes, size_t length,
                         struct error *ret_error)
{
    json_error_t error;

    if (length > SCENARIO_BYTES_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a test document of at most %d bytes but found %zu.",
                         SCENARIO_BYTES_MAX, length);
    scenario->text = arena_copy_bytes(scenario->arena, bytes, length);
    scenario->root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    if (scenario->root == NULL) {
        (void)error_set(ret_error, STATUS_INVALID, "Expected JSON but: %s.", error.text);
        return error_at(ret_error, NULL, error.line, error.column > 0 ? error.column : 1);
    }
    if (!json_is_object(scenario->root))
        return wrong_kind("the document", "an object", scenario->root, 1, ret_error);
    return check_object("the document", document_fields, scenario->root,
                        json_cursor_begin(scenario->text), ret_error);
}

enum status scenario_read(const char *bytes, size_t length, struct scenario **ret_scenario,
                          struct error *ret_error)
{
    struct scenario *scenario = memory_zero(1, sizeof(*scenario));
    enum status status;

    scenario->arena = arena_new(TEXT_ARENA_BYTES);
    status = parse(scenario, bytes, length, ret_error);
    if (status == STATUS_OK)
        status = read_cases(scenario, ret_error);
    if (status == STATUS_OK)
        *ret_scenario = scenario;
    else
        scenario_free(scenario);
    return status;
}

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    json_decref(scenario->root);
    arena_free(scenario->arena);
    memory_free(scenario);
}

const char *scenario_file(const struct scenario *scenario, uint32_t index)
{
    return json_string_value(json_array_get(json_object_get(scenario->root, "processes"), index));
}

const char *scenario_sla_file(const struct scenario *scenario, bool is_calendar, uint32_t index)
{
    const json_t *files = json_object_get(scenario->root, "sla");

    return json_string_value(
        json_array_get(json_object_get(files, is_calendar ? "calendars" : "policies"), index));
}

const char *scenario_case_name(const struct scenario *scenario, uint32_t index)
{
    return index < scenario->case_count ? scenario->cases[index].name : NULL;
}

int scenario_case_line(const struct scenario *scenario, uint32_t index)
{
    return index < scenario->case_count ? scenario->cases[index].at.line : 0;
}
