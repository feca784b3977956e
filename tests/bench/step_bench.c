/* How fast the interpreter is by itself: no database, one core.
 *
 *   step_bench [SECONDS]      for each model: instances and activated elements a second, first the
 *                             step alone, then with the stored state and the journal made as well;
 *                             ten thousand parallel instances, completed one command at a time; and
 *                             how long a definition of 5,000 elements takes to be read
 */
#include "bpmn/base/text.h"
#include "bpmn/reader/reader.h"
#include "bpmn/step/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_BYTES = 512 * 1024 * 1024, ROUND = 100, MANY = 10000 };

static const char head[] = "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' "
                           "xmlns:flowable='http://flowable.org/bpmn' targetNamespace='urn:bench'>"
                           "<process id='bench' isExecutable='true'><startEvent id='s'/>";
static const char foot[] = "</process></definitions>";

static void flow(struct text *text, const char *from, const char *to)
{
    text_append_format(text, "<sequenceFlow id='%s_%s' sourceRef='%s' targetRef='%s'/>", from, to,
                       from, to);
}

/* Start, `count` script tasks in a row, end. */
static void sequence(struct text *text, int count)
{
    char last[32] = "s";

    text_append(text, head);
    for (int i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof(id), "t%d", i);
        text_append_format(text,
                           "<scriptTask id='%s' scriptFormat='juel' flowable:resultVariable='n'>"
                           "<script>${n + 1}</script></scriptTask>",
                           id);
        flow(text, last, id);
        memcpy(last, id, sizeof(last));
    }
    text_append(text, "<endEvent id='e'/>");
    flow(text, last, "e");
    text_append(text, foot);
}

/* Start, a fork into `count` manual tasks, their join, end. */
static void split(struct text *text, int count)
{
    text_append(text, head);
    text_append(text, "<parallelGateway id='f'/><parallelGateway id='j'/><endEvent id='e'/>");
    flow(text, "s", "f");
    flow(text, "j", "e");
    for (int i = 0; i < count; i++) {
        char id[32];

        (void)snprintf(id, sizeof(id), "t%d", i);
        text_append_format(text, "<manualTask id='%s'/>", id);
        flow(text, "f", id);
        flow(text, id, "j");
    }
    text_append(text, foot);
}

/* Rounds of an inclusive split and join: two of three ways each time. */
static void inclusive_loop(struct text *text, int rounds)
{
    text_append(text, head);
    text_append(text, "<exclusiveGateway id='m'/><inclusiveGateway id='f'/>"
                      "<manualTask id='a'/><manualTask id='b'/><manualTask id='c'/>"
                      "<inclusiveGateway id='j'/>"
                      "<scriptTask id='n' scriptFormat='juel' flowable:resultVariable='n'>"
                      "<script>${n + 1}</script></scriptTask>"
                      "<exclusiveGateway id='x' default='x_e'/><endEvent id='e'/>");
    flow(text, "s", "m");
    flow(text, "m", "f");
    text_append(text, "<sequenceFlow id='f_a' sourceRef='f' targetRef='a'>"
                      "<conditionExpression>${n % 2 == 0}</conditionExpression></sequenceFlow>"
                      "<sequenceFlow id='f_b' sourceRef='f' targetRef='b'>"
                      "<conditionExpression>${n % 2 == 1}</conditionExpression></sequenceFlow>");
    flow(text, "f", "c");
    flow(text, "a", "j");
    flow(text, "b", "j");
    flow(text, "c", "j");
    flow(text, "j", "n");
    flow(text, "n", "x");
    text_append_format(text,
                       "<sequenceFlow id='x_m' sourceRef='x' targetRef='m'>"
                       "<conditionExpression>${n &lt; %d}</conditionExpression></sequenceFlow>",
                       rounds);
    flow(text, "x", "e");
    text_append(text, foot);
}

/* Sub-processes in each other, a task in the innermost. */
static void nested(struct text *text, int depth)
{
    char last[32] = "s";

    text_append(text, head);
    for (int i = 0; i < depth; i++) {
        char id[32];
        char inner[32];

        (void)snprintf(id, sizeof(id), "p%d", i);
        (void)snprintf(inner, sizeof(inner), "s%d", i);
        flow(text, last, id);
        text_append_format(text, "<subProcess id='%s'><startEvent id='%s'/>", id, inner);
        memcpy(last, inner, sizeof(last));
    }
    text_append(text, "<manualTask id='t'/>");
    flow(text, last, "t");
    for (int i = 0; i < depth; i++)
        text_append(text, "</subProcess>");
    text_append(text, foot);
}

/* A user task in many parallel instances. */
static void many(struct text *text, bool gathers)
{
    text_append(text, head);
    text_append_format(text,
                       "%s<userTask id='u'>%s<multiInstanceLoopCharacteristics>"
                       "<loopCardinality>%d</loopCardinality>%s"
                       "</multiInstanceLoopCharacteristics></userTask><endEvent id='e'/>",
                       gathers ? "<dataObject id='all' name='all' isCollection='true'/>" : "",
                       gathers
                           ? "<ioSpecification><dataOutput id='out' name='all'/><inputSet/>"
                             "<outputSet><dataOutputRefs>out</dataOutputRefs></outputSet>"
                             "</ioSpecification><dataOutputAssociation><sourceRef>out</sourceRef>"
                             "<targetRef>all</targetRef></dataOutputAssociation>"
                           : "",
                       MANY,
                       gathers ? "<loopDataOutputRef>out</loopDataOutputRef>"
                                 "<outputDataItem id='one' name='one'/>"
                               : "");
    flow(text, "s", "u");
    flow(text, "u", "e");
    text_append(text, foot);
}

struct counter {
    struct uuid_source source;
    uint64_t count;
};

static void counter_next(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct counter *counter = CONTAINER_OF(source, struct counter, source);

    memset(ret_uuid, 0, sizeof(*ret_uuid));
    counter->count++;
    /* At the end, where a UUIDv7 has its random bits. */
    memcpy(ret_uuid->bytes + 8, &counter->count, sizeof(counter->count));
    for (int i = 0; i < 4; i++)
        ret_uuid->bytes[12 + i] = (uint8_t)(counter->count * 2654435761U >> (8 * i));
}

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct bench {
    const struct bpmn_model *model;
    struct arena *arena;
    struct counter ids;
    json_t *variables;
    bool store;
    uint64_t activations;
};

static void run_one(struct bench *bench)
{
    struct bpmn_env env = {
        .now_us = 1767225600000000, .ids = &bench->ids.source, .arena = bench->arena};
    struct bpmn_command command = {.kind = BPMN_START, .variables = bench->variables};
    struct uuid id = uuid_next(&bench->ids.source);
    struct bpmn_instance instance;
    struct bpmn_changes changes;
    struct error error;

    bpmn_changes_init(&changes, bench->arena);
    bpmn_instance_init(&instance, bench->arena, bench->model, &id, "bench:1:1", NULL);
    if (bpmn_step(&env, &instance, &command, &changes, &error) != STATUS_OK) {
        (void)fprintf(stderr, "step_bench: %s\n", error.message);
        exit(1);
    }
    for (uint32_t i = 0; i < changes.count; i++)
        bench->activations += changes.items[i].kind == BPMN_CHANGE_ELEMENT_ACTIVATED;
    if (bench->store) {
        json_t *state = bpmn_scope_state(&instance, bpmn_instance_root(&instance));
        json_t *journal = bpmn_changes_journal(&changes, bench->model, 0);

        free(json_dumps(state, JSON_COMPACT));
        free(json_dumps(journal, JSON_COMPACT));
        json_decref(state);
        json_decref(journal);
    }
    bpmn_instance_clear(&instance);
    arena_clear(bench->arena);
}

static void run(const char *title, const struct bpmn_model *model, double seconds, bool store)
{
    struct bench bench = {.model = model,
                          .arena = arena_new(ARENA_BYTES),
                          .variables = json_object(),
                          .store = store};
    double start = now_s();
    double took;
    uint64_t instances = 0;

    bench.ids.source.next = counter_next;
    (void)json_object_set_new(bench.variables, "n", json_integer(0));
    do {
        for (int i = 0; i < ROUND; i++)
            run_one(&bench);
        instances += ROUND;
        took = now_s() - start;
    } while (took < seconds);
    printf("%-34s %-20s %10.0f instances/s %12.0f elements/s\n", title,
           store ? "with state, journal" : "step alone", (double)instances / took,
           (double)bench.activations / took);
    json_decref(bench.variables);
    arena_free(bench.arena);
}

static void fail(const struct error *error)
{
    (void)fprintf(stderr, "step_bench: %s\n", error->message);
    exit(1);
}

/* Everything that a store does with an instance between two commands, but the writing. */
static uint64_t store(struct bpmn_instance *instance, const struct bpmn_changes *changes)
{
    json_t *journal = bpmn_changes_journal(changes, instance->model, 0);
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < instance->scope_count; i++) {
        const struct bpmn_scope *scope = &instance->scopes[i];

        if (!scope->removed && (scope->is_new || scope->state_changed)) {
            json_t *state = bpmn_scope_state(instance, scope);
            char *text = json_dumps(state, JSON_COMPACT);

            bytes += strlen(text);
            free(text);
            json_decref(state);
        }
    }
    json_decref(journal);
    bpmn_instance_saved(instance);
    return bytes;
}

/* Completes one after the other, in a command of its own, the oldest first. */
static void run_many(const char *title, const struct bpmn_model *model)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct arena *scratch = arena_new(ARENA_BYTES);
    struct counter ids = {.source.next = counter_next};
    struct bpmn_env env = {.now_us = 1767225600000000, .ids = &ids.source, .arena = scratch};
    struct bpmn_command command = {.kind = BPMN_START};
    struct uuid id = uuid_next(&ids.source);
    struct uuid *waits = calloc(MANY, sizeof(*waits));
    struct bpmn_instance instance;
    struct bpmn_changes changes;
    struct error error;
    uint32_t count = 0;
    uint64_t bytes;
    double started_s = now_s();
    double first_s;
    double half_s = 0;
    double end_s;

    bpmn_changes_init(&changes, scratch);
    bpmn_instance_init(&instance, arena, model, &id, "bench:1:1", NULL);
    if (bpmn_step(&env, &instance, &command, &changes, &error) != STATUS_OK)
        fail(&error);
    for (uint32_t i = 0; i < changes.count; i++) {
        if (changes.items[i].kind == BPMN_CHANGE_TASK_CREATED)
            waits[count++] = changes.items[i].wait_id;
    }
    bytes = store(&instance, &changes);
    first_s = now_s();
    printf("%-34s started in %.3f s, %.1f MB of memory, %.1f MB of state\n", title,
           first_s - started_s, (double)arena_used_bytes(arena) / 1e6, (double)bytes / 1e6);
    bytes = 0;
    command.variables = json_pack("{s:i}", "one", 1);
    command.kind = BPMN_COMPLETE_TASK;
    for (uint32_t i = 0; i < count; i++) {
        arena_clear(scratch);
        bpmn_changes_init(&changes, scratch);
        command.target = waits[i];
        if (bpmn_step(&env, &instance, &command, &changes, &error) != STATUS_OK)
            fail(&error);
        bytes += store(&instance, &changes);
        if (i == count / 2)
            half_s = now_s();
    }
    end_s = now_s();
    printf("%-34s completed in %.3f s: %.1f us each in the first half, %.1f in the second; %.1f MB "
           "of memory, %.1f MB of state\n",
           title, end_s - first_s, (half_s - first_s) * 2e6 / count, (end_s - half_s) * 2e6 / count,
           (double)arena_used_bytes(arena) / 1e6, (double)bytes / 1e6);
    json_decref((json_t *)command.variables);
    free(waits);
    bpmn_instance_clear(&instance);
    arena_free(scratch);
    arena_free(arena);
}

static void bench_many(const char *title, struct text *xml)
{
    struct bpmn_findings findings = {.arena = arena_new(ARENA_BYTES)};
    struct bpmn_document *document = NULL;
    struct error error;

    if (bpmn_read(text_string(xml), xml->length, &findings, &document, &error) != STATUS_OK)
        fail(&error);
    run_many(title, &document->models[0]);
    bpmn_document_free(document);
    arena_free(findings.arena);
    text_deinit(xml);
}

static void bench_reading(struct text *xml)
{
    struct bpmn_findings findings = {.arena = arena_new(ARENA_BYTES)};
    struct bpmn_document *document = NULL;
    struct error error;
    double start_s = now_s();

    if (bpmn_read(text_string(xml), xml->length, &findings, &document, &error) != STATUS_OK)
        fail(&error);
    printf("%-34s %u elements and %u flows read in %.3f s\n", "definition",
           document->models[0].element_count, document->models[0].flow_count, now_s() - start_s);
    bpmn_document_free(document);
    arena_free(findings.arena);
    text_deinit(xml);
}

static void bench_model(const char *title, struct text *xml, double seconds)
{
    struct bpmn_findings findings = {.arena = arena_new(ARENA_BYTES)};
    struct bpmn_document *document = NULL;
    struct error error;

    if (bpmn_read(text_string(xml), xml->length, &findings, &document, &error) != STATUS_OK)
        fail(&error);
    run(title, &document->models[0], seconds, false);
    run(title, &document->models[0], seconds, true);
    bpmn_document_free(document);
    arena_free(findings.arena);
    text_deinit(xml);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1.0;
    struct text xml = TEXT_INIT;

    sequence(&xml, 5);
    bench_model("sequence of 5 script tasks", &xml, seconds);
    sequence(&xml, 100);
    bench_model("sequence of 100 script tasks", &xml, seconds);
    split(&xml, 5);
    bench_model("split and join of 5 branches", &xml, seconds);
    split(&xml, 1000);
    bench_model("split and join of 1,000 branches", &xml, seconds);
    inclusive_loop(&xml, 20);
    bench_model("20 rounds of an inclusive join", &xml, seconds);
    nested(&xml, 10);
    bench_model("10 sub-processes in each other", &xml, seconds);
    many(&xml, false);
    bench_many("10,000 parallel instances", &xml);
    many(&xml, true);
    bench_many("10,000 that gather", &xml);
    sequence(&xml, 4998);
    bench_reading(&xml);
    return 0;
}
