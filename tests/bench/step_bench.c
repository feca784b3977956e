/* How fast the interpreter is by itself: no database, one core.
 *
 *   step_bench [SECONDS]      for each model: instances and activated elements a second, first the
 *                             step alone, then with the stored state and the journal made as well
 */
#include "bpmn/base/text.h"
#include "bpmn/reader/reader.h"
#include "bpmn/step/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, ROUND = 1000 };

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

struct counter {
    struct uuid_source source;
    uint64_t count;
};

static void counter_next(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct counter *counter = CONTAINER_OF(source, struct counter, source);

    memset(ret_uuid, 0, sizeof(*ret_uuid));
    counter->count++;
    memcpy(ret_uuid->bytes, &counter->count, sizeof(counter->count));
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

static void bench_model(const char *title, struct text *xml, double seconds)
{
    struct bpmn_findings findings = {.arena = arena_new(ARENA_BYTES)};
    struct bpmn_document *document = NULL;
    struct error error;

    if (bpmn_read(text_string(xml), xml->length, &findings, &document, &error) != STATUS_OK) {
        (void)fprintf(stderr, "step_bench: %s\n", error.message);
        exit(1);
    }
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
    return 0;
}
