/* The golden traces' runner: see runner.h for the language. */
#include "tests/trace/runner.h"

#include "bpmn/reader/reader.h"
#include "bpmn/step/step.h"
#include "engine/zone/places.h"
#include "tests/trace/proofs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDENT   "         "
#define BASE_US  INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define WORD_MAX 128

enum { ARENA_BYTES = 256 * 1024 * 1024, REMEMBERED_MAX = 4096, FIRINGS_MAX = 1000 };

/* An id that a later command may name by element or topic, even after it is gone. */
struct remembered {
    enum bpmn_wait_kind kind;
    const char *element_id;
    const char *name;
    struct uuid id;
};

struct counter {
    struct uuid_source source;
    uint32_t count;
};

struct trace {
    struct places *places; /* zones, and the calendars beside the trace */
    const char *folder;
    struct text *out;
    struct arena *arena;
    struct bpmn_document *document;
    const struct bpmn_model *model;
    struct bpmn_instance instance;
    struct bpmn_instance shadow;   /* built from records alone */
    struct bpmn_instance replayed; /* built from the journal alone */
    bool has_instance;
    struct counter counter;
    struct bpmn_changes changes;
    uint32_t last_from; /* the last command's first change */
    int64_t now_us;
    struct remembered remembered[REMEMBERED_MAX];
    uint32_t remembered_count;
};

static void counter_next(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct counter *counter = CONTAINER_OF(source, struct counter, source);
    uint32_t value = ++counter->count;

    memset(ret_uuid, 0, sizeof(*ret_uuid));
    for (int i = 0; i < 4; i++)
        ret_uuid->bytes[15 - i] = (uint8_t)(value >> (8 * i));
}

static void problem(struct trace *trace, const char *what, const char *about)
{
    text_append_format(trace->out, INDENT "! broken: %s %s\n", what, about);
}

/* ---- words ---------------------------------------------------------------------------------- */

/* The next word, up to a blank; false at the end or before a '{'. */
static bool next_word(const char **at, char ret_word[WORD_MAX])
{
    size_t length;

    *at += strspn(*at, " ");
    length = strcspn(*at, " ");
    if (length == 0 || length >= WORD_MAX || **at == '{')
        return false;
    memcpy(ret_word, *at, length);
    ret_word[length] = '\0';
    *at += length;
    return true;
}

/* The JSON object at the end of the line; NULL when there is none. */
static json_t *rest_json(struct trace *trace, const char *at)
{
    json_error_t error;
    json_t *object;

    at += strspn(at, " ");
    if (*at == '\0')
        return NULL;
    object = json_loads(at, 0, &error);
    if (!json_is_object(object)) {
        problem(trace, "expected a JSON object but found", at);
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool parse_time(const char *word, int64_t *ret_us)
{
    int days = 0;
    int hours;
    int minutes;
    int seconds = 0;
    const char *clock = strchr(word, 'd');

    if (clock != NULL)
        days = atoi(word);
    clock = clock != NULL ? clock + 1 : word;
    if (sscanf(clock, "%d:%d:%d", &hours, &minutes, &seconds) < 2)
        return false;
    *ret_us =
        BASE_US + (((int64_t)days * 24 + hours) * 3600 + minutes * 60 + seconds) * INT64_C(1000000);
    return true;
}

/* ---- output --------------------------------------------------------------------------------- */

static void remember(struct trace *trace, const struct bpmn_change *change)
{
    struct remembered *entry = &trace->remembered[trace->remembered_count];

    if (trace->remembered_count == REMEMBERED_MAX ||
        !bpmn_change_begins(change->kind, &entry->kind))
        return;
    entry->element_id = trace->model->elements[change->element].id;
    entry->name = change->name;
    /* Whoever triggers an execution names its token. */
    entry->id = entry->kind == BPMN_WAIT_TRIGGER ? change->token_id : change->wait_id;
    trace->remembered_count++;
}

/* Flows are named by the activation they lead to, and what is left in the moment it is entered is
 * one line. */
static void print_changes(struct trace *trace, uint32_t from)
{
    const struct bpmn_changes *changes = &trace->changes;
    uint32_t lines = 0;

    for (uint32_t i = from; i < changes->count; i++) {
        const struct bpmn_change *change = &changes->items[i];
        const struct bpmn_change *next = i + 1 < changes->count ? change + 1 : NULL;
        const char *text;

        remember(trace, change);
        if (change->kind == BPMN_CHANGE_FLOW_TAKEN)
            continue;
        text = bpmn_change_text(change, trace->model, trace->arena);
        if (change->kind == BPMN_CHANGE_ELEMENT_ACTIVATED && next != NULL &&
            next->kind == BPMN_CHANGE_ELEMENT_COMPLETED &&
            uuid_equal(&change->token_id, &next->token_id)) {
            const char *verb = strstr(text, " activated");

            text_append_format(trace->out, INDENT "> %.*s passed%s\n", (int)(verb - text), text,
                               verb + strlen(" activated"));
            i++;
        } else {
            text_append_format(trace->out, INDENT "> %s\n", text);
        }
        lines++;
    }
    if (lines == 0)
        text_append(trace->out, INDENT "> nothing\n");
}

static void print_error(struct trace *trace, const struct error *error)
{
    bool refused = error->status == STATUS_NOT_FOUND || error->status == STATUS_CONFLICT;

    text_append_format(trace->out, INDENT "! %s: %s", refused ? "rejected" : "failed",
                       error->message);
    if (error->element_id[0] != '\0')
        text_append_format(trace->out, " [%s, line %d]", error->element_id, error->line);
    text_append_char(trace->out, '\n');
}

/* ---- one command ---------------------------------------------------------------------------- */

static void take_step(struct trace *trace, struct bpmn_command *command)
{
    struct bpmn_env env = {.now_us = trace->now_us,
                           .timers = places_sources(trace->places),
                           .ids = &trace->counter.source,
                           .arena = trace->arena,
                           .run_script = proof_defer_script};
    struct bpmn_instance before;
    struct error error;
    uint32_t from = trace->changes.count;
    char *snapshot = proof_dump(&trace->instance);

    bpmn_instance_clone(&trace->instance, &before, trace->arena);
    error_clear(&error);
    if (bpmn_step(&env, &trace->instance, command, &trace->changes, &error) != STATUS_OK) {
        print_error(trace, &error);
        proof_clone_untouched(&before, snapshot, trace->out);
        bpmn_instance_clear(&trace->instance);
        trace->instance = before;
        trace->changes.count = from;
        free(snapshot);
        return;
    }
    trace->last_from = from;
    print_changes(trace, from);
    proof_clone_untouched(&before, snapshot, trace->out);
    proof_dirty_marks(&before, &trace->instance, &trace->changes, from, trace->out);
    proof_rebuild(&trace->shadow, &trace->instance, &trace->changes, from, trace->out);
    proof_journal(&trace->replayed, &trace->instance, &trace->changes, from, trace->out);
    proof_nothing_left(&trace->instance, trace->out);
    bpmn_instance_clear(&before);
    proof_store_and_load(&trace->instance, trace->arena, trace->out);
    free(snapshot);
}

/* The oldest id of that name that is still open, else the newest of that name. */
static const struct remembered *recall(struct trace *trace, enum bpmn_wait_kind kind,
                                       const char *name)
{
    const struct remembered *found = NULL;

    for (uint32_t i = 0; i < trace->remembered_count; i++) {
        const struct remembered *entry = &trace->remembered[i];

        if (entry->kind != kind || (strcmp(entry->element_id, name) != 0 &&
                                    (entry->name == NULL || strcmp(entry->name, name) != 0)))
            continue;
        found = entry;
        if (bpmn_instance_waiting(&trace->instance, &entry->id, NULL, NULL) != NULL)
            break;
    }
    if (found == NULL)
        problem(trace, "there never was a", name);
    return found;
}

/* "start [KEY] {…}", "start-by ELEMENT {…}" */
static void run_start(struct trace *trace, bool triggered, const char *at)
{
    struct bpmn_command command = {.kind = BPMN_START, .user = "ada"};
    char word[WORD_MAX];
    bool has_word = next_word(&at, word);
    const char *business_key = has_word && !triggered ? word : NULL;
    json_t *variables = rest_json(trace, at);

    if (!trace->has_instance) {
        struct uuid id = uuid_next(&trace->counter.source);

        bpmn_instance_init(&trace->instance, trace->arena, trace->model, &id, "trace:1:1",
                           business_key);
        bpmn_instance_init(&trace->shadow, trace->arena, trace->model, &id, "trace:1:1",
                           business_key);
        bpmn_instance_init(&trace->replayed, trace->arena, trace->model, &id, "trace:1:1",
                           business_key);
        trace->has_instance = true;
    }
    command.variables = variables;
    command.element = triggered ? word : NULL;
    take_step(trace, &command);
    json_decref(variables);
}

/* The armed timer that is due first, ties by id. */
static const struct bpmn_wait *first_due(const struct trace *trace)
{
    const struct bpmn_wait *first = NULL;

    for (uint32_t i = 0; i < trace->instance.scope_count; i++) {
        const struct bpmn_scope *scope = &trace->instance.scopes[i];

        for (uint32_t j = 0; j < scope->token_count; j++) {
            for (uint32_t k = 0; k < scope->tokens[j].wait_count; k++) {
                const struct bpmn_wait *wait = &scope->tokens[j].waits[k];

                if (wait->kind != BPMN_WAIT_TIMER)
                    continue;
                if (first == NULL || wait->due_us < first->due_us ||
                    (wait->due_us == first->due_us && uuid_compare(&wait->id, &first->id) < 0))
                    first = wait;
            }
        }
    }
    return first;
}

static void run_time(struct trace *trace, bool jumps)
{
    int64_t until_us = trace->now_us;
    int fired = 0;

    for (; fired < FIRINGS_MAX; fired++) {
        const struct bpmn_wait *wait = first_due(trace);
        struct bpmn_command command = {.kind = BPMN_TRIGGER_TIMER};

        if (wait == NULL || wait->due_us > until_us)
            break;
        command.target = wait->id;
        if (!jumps)
            trace->now_us = wait->due_us;
        take_step(trace, &command);
    }
    trace->now_us = until_us;
    if (fired == 0)
        text_append(trace->out, INDENT "> nothing\n");
}

static void run_target(struct trace *trace, enum bpmn_command_kind kind, enum bpmn_wait_kind wait,
                       const char *name, const char *code, const char *rest)
{
    const struct remembered *target = recall(trace, wait, name);
    struct bpmn_command command = {.kind = kind, .name = code};
    json_t *variables = rest_json(trace, rest);

    if (target != NULL) {
        command.target = target->id;
        command.variables = variables;
        take_step(trace, &command);
    }
    json_decref(variables);
}

/* "fire-now EVENT", "move-timer EVENT 2026-01-01T10:00:00Z", "move-timer EVENT from
 * 2026-01-01T10:00:00Z" */
static void run_timer(struct trace *trace, enum bpmn_command_kind kind, const char *name,
                      const char *at)
{
    const struct remembered *target = recall(trace, BPMN_WAIT_TIMER, name);
    struct bpmn_command command = {.kind = kind, .early = kind == BPMN_TRIGGER_TIMER};
    char word[WORD_MAX];
    struct error error;
    bool from = false;

    if (target == NULL)
        return;
    if (kind == BPMN_MOVE_TIMER) {
        from = next_word(&at, word) && strcmp(word, "from") == 0;
        if ((from && !next_word(&at, word)) ||
            iso8601_parse_instant(word, from ? &command.from_us : &command.due_us, &error) !=
                STATUS_OK) {
            problem(trace, "expected a date but found", word);
            return;
        }
    }
    command.target = target->id;
    take_step(trace, &command);
}

/* What may be said about something that a token asked for. */
static const struct answer {
    const char *word;
    enum bpmn_wait_kind wait;
    enum bpmn_command_kind done;
    enum bpmn_command_kind error;
    enum bpmn_command_kind escalation;
} answers[] = {
    {"job", BPMN_WAIT_JOB, BPMN_COMPLETE_JOB, BPMN_JOB_ERROR, BPMN_JOB_ESCALATION},
    {"handler", BPMN_WAIT_HANDLER, BPMN_HANDLER_RETURNED, BPMN_HANDLER_ERROR, BPMN_HANDLER_ERROR},
    {"called", BPMN_WAIT_CALL, BPMN_CALL_COMPLETED, BPMN_CALL_ERROR, BPMN_CALL_ESCALATED},
    {"script", BPMN_WAIT_SCRIPT, BPMN_SCRIPT_RETURNED, BPMN_SCRIPT_ERROR, BPMN_SCRIPT_ERROR},
};

static const struct answer *find_answer(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strcmp(answers[i].word, word) == 0)
            return &answers[i];
    }
    return NULL;
}

/* "job TOPIC complete {…}", "handler TOPIC error CODE {…}", "called ELEMENT escalates CODE" */
static void run_answer(struct trace *trace, const struct answer *answer, const char *at)
{
    char topic[WORD_MAX];
    char verb[WORD_MAX];
    char code[WORD_MAX];

    if (!next_word(&at, topic) || !next_word(&at, verb)) {
        problem(trace, "expected a topic and a verb but found", at);
        return;
    }
    if (strcmp(verb, "error") != 0 && strcmp(verb, "escalates") != 0)
        run_target(trace, answer->done, answer->wait, topic, NULL, at);
    else if (next_word(&at, code))
        run_target(trace, strcmp(verb, "error") == 0 ? answer->error : answer->escalation,
                   answer->wait, topic, code, at);
    else
        problem(trace, "expected a code but found", at);
}

/* "signal NAME {…}", "remove {names}", "conditions", "move {"cancel":[…],"start":[…]}" */
static void run_plain(struct trace *trace, enum bpmn_command_kind kind, const char *at)
{
    struct bpmn_command command = {.kind = kind};
    char name[WORD_MAX];
    json_t *object;

    if (next_word(&at, name))
        command.name = name;
    object = rest_json(trace, at);
    if (kind == BPMN_CHANGE_STATE)
        command.value = object;
    else
        command.variables = object;
    take_step(trace, &command);
    json_decref(object);
}

static void run_message(struct trace *trace, const char *at)
{
    struct bpmn_command command = {.kind = BPMN_RECEIVE_MESSAGE};
    char name[WORD_MAX];
    json_t *variables;

    if (!next_word(&at, name))
        return;
    variables = rest_json(trace, at);
    command.name = name;
    command.variables = variables;
    take_step(trace, &command);
    json_decref(variables);
}

static void run_set(struct trace *trace, const char *at)
{
    struct bpmn_command command = {.kind = BPMN_SET_VARIABLES};
    char element_id[WORD_MAX];
    json_t *variables;

    if (next_word(&at, element_id)) {
        for (uint32_t i = 0; i < trace->instance.scope_count; i++) {
            const struct bpmn_scope *scope = &trace->instance.scopes[i];

            for (uint32_t j = 0; j < scope->token_count; j++) {
                if (strcmp(trace->model->elements[scope->tokens[j].element].id, element_id) == 0)
                    command.target = scope->tokens[j].id;
            }
        }
        if (uuid_is_zero(&command.target))
            memset(&command.target, 0xFF, sizeof(command.target)); /* nothing has this id */
    }
    variables = rest_json(trace, at);
    command.variables = variables;
    take_step(trace, &command);
    json_decref(variables);
}

static void run_command(struct trace *trace, const char *verb, const char *at)
{
    char word[WORD_MAX];
    char name[WORD_MAX];

    if (strcmp(verb, "start") == 0 || strcmp(verb, "start-by") == 0) {
        run_start(trace, verb[5] == '-', at);
    } else if (!trace->has_instance) {
        problem(trace, "expected start first but found", verb);
    } else if (strcmp(verb, "time") == 0 && next_word(&at, word)) {
        run_time(trace, strcmp(word, "jumps") == 0);
    } else if (strcmp(verb, "fire") == 0 && next_word(&at, word)) {
        run_target(trace, BPMN_TRIGGER_TIMER, BPMN_WAIT_TIMER, word, NULL, at);
    } else if (strcmp(verb, "fire-now") == 0 && next_word(&at, word)) {
        run_timer(trace, BPMN_TRIGGER_TIMER, word, at);
    } else if (strcmp(verb, "move-timer") == 0 && next_word(&at, word)) {
        run_timer(trace, BPMN_MOVE_TIMER, word, at);
    } else if (strcmp(verb, "complete") == 0 && next_word(&at, word)) {
        run_target(trace, BPMN_COMPLETE_TASK, BPMN_WAIT_TASK, word, NULL, at);
    } else if (strcmp(verb, "subscription") == 0 && next_word(&at, word) && next_word(&at, name)) {
        run_target(trace, BPMN_RECEIVE_MESSAGE, BPMN_WAIT_MESSAGE, word, name, at);
    } else if (find_answer(verb) != NULL) {
        run_answer(trace, find_answer(verb), at);
    } else if (strcmp(verb, "continue") == 0 && next_word(&at, word)) {
        run_target(trace, BPMN_CONTINUE, BPMN_WAIT_CONTINUATION, word, NULL, at);
    } else if (strcmp(verb, "trigger") == 0 && next_word(&at, word)) {
        run_target(trace, BPMN_TRIGGER, BPMN_WAIT_TRIGGER, word, NULL, at);
    } else if (strcmp(verb, "signal") == 0) {
        run_plain(trace, BPMN_RECEIVE_SIGNAL, at);
    } else if (strcmp(verb, "remove") == 0) {
        run_plain(trace, BPMN_REMOVE_VARIABLES, at);
    } else if (strcmp(verb, "conditions") == 0) {
        run_plain(trace, BPMN_LOOK_AT_CONDITIONS, at);
    } else if (strcmp(verb, "move") == 0) {
        run_plain(trace, BPMN_CHANGE_STATE, at);
    } else if (strcmp(verb, "message") == 0) {
        run_message(trace, at);
    } else if (strcmp(verb, "set") == 0) {
        run_set(trace, at);
    } else if (strcmp(verb, "delete") == 0) {
        struct bpmn_command command = {.kind = BPMN_TERMINATE, .reason = at + strspn(at, " ")};

        take_step(trace, &command);
    } else {
        problem(trace, "unknown command", verb);
    }
}

/* ---- state, journal, process ----------------------------------------------------------------- */

static void print_journal(struct trace *trace)
{
    json_t *journal = bpmn_changes_journal(&trace->changes, trace->model, trace->last_from);
    const json_t *record;
    size_t i;

    json_array_foreach (journal, i, record) {
        char *text = json_dumps(record, JSON_COMPACT);

        text_append_format(trace->out, INDENT "= %s\n", text);
        free(text);
    }
    json_decref(journal);
}

static char *read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    struct text text = TEXT_INIT;
    size_t got;

    if (file == NULL)
        return NULL;
    while ((got = fread(text_reserve(&text, 65536), 1, 65536, file)) > 0)
        text_added(&text, got);
    (void)fclose(file);
    *ret_length = text.length;
    return text_take(&text);
}

static void load_process(struct trace *trace, const char *at)
{
    char file[WORD_MAX];
    char process_id[WORD_MAX];
    struct bpmn_findings findings = {.arena = trace->arena};
    struct error error;
    size_t length = 0;
    char *bytes;
    bool named;

    if (!next_word(&at, file) || trace->document != NULL)
        return;
    named = next_word(&at, process_id) && process_id[0] != '#';
    bytes = read_file(arena_format(trace->arena, "%s/%s", trace->folder, file), &length);
    error_clear(&error);
    if (bytes == NULL) {
        problem(trace, "cannot read", file);
        return;
    }
    if (bpmn_read(bytes, length, &findings, &trace->document, &error) != STATUS_OK)
        print_error(trace, &error);
    free(bytes);
    for (uint32_t i = 0; trace->document != NULL && i < trace->document->model_count; i++) {
        const struct bpmn_model *model = &trace->document->models[i];

        if (trace->model == NULL && (!named || strcmp(model->process_id, process_id) == 0))
            trace->model = model;
    }
}

static void run_line(struct trace *trace, const char *line)
{
    char word[WORD_MAX];
    const char *at = line;

    if (!next_word(&at, word) || word[0] == '#')
        return;
    if (strcmp(word, "process") == 0) {
        load_process(trace, at);
        return;
    }
    if (trace->model == NULL) {
        problem(trace, "there is no process for", line);
        return;
    }
    if (strcmp(word, "state") == 0) {
        proof_print_state(&trace->instance, trace->out, INDENT "= ");
        return;
    }
    if (strcmp(word, "journal") == 0) {
        print_journal(trace);
        return;
    }
    if (strcmp(word, "at") == 0 &&
        (!next_word(&at, word) || !parse_time(word, &trace->now_us) || !next_word(&at, word))) {
        problem(trace, "expected a time and a command but found", line);
        return;
    }
    run_command(trace, word, at);
}

static bool is_output(const char *line)
{
    const char *at = line + strspn(line, " ");

    return at > line && (*at == '>' || *at == '!' || *at == '=');
}

void trace_run(const char *folder, const char *script, struct text *ret_text)
{
    struct trace *trace = calloc(1, sizeof(*trace));
    struct error error;

    trace->folder = folder;
    trace->out = ret_text;
    trace->arena = arena_new(ARENA_BYTES);
    trace->counter.source.next = counter_next;
    trace->now_us = BASE_US;
    if (places_new(folder, &trace->places, &error) != STATUS_OK)
        problem(trace, "cannot use the calendars", error.message);
    bpmn_changes_init(&trace->changes, trace->arena);
    while (*script != '\0') {
        size_t length = strcspn(script, "\n");
        char *line = arena_copy_bytes(trace->arena, script, length);

        if (!is_output(line)) {
            text_append(ret_text, line);
            text_append_char(ret_text, '\n');
            run_line(trace, line);
        }
        script += length + (script[length] == '\n' ? 1 : 0);
    }
    if (trace->has_instance) {
        bpmn_instance_clear(&trace->instance);
        bpmn_instance_clear(&trace->shadow);
        bpmn_instance_clear(&trace->replayed);
    }
    bpmn_document_free(trace->document);
    places_free(trace->places);
    arena_free(trace->arena);
    free(trace);
}
