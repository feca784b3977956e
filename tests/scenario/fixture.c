/* See fixture.h. */
#include "tests/scenario/fixture.h"

#include "bpmn/reader/reader.h"
#include "engine/zone/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, FILE_BYTES = 4 * 1024 * 1024 };

char *fixture_read_file(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, FILE_BYTES);

    if (file == NULL)
        fail_msg("expected to read %s", path);
    *ret_length = fread(bytes, 1, FILE_BYTES - 1, file);
    fclose(file);
    return bytes;
}

void fixture_add_processes(struct fixture *fixture, const char *bytes, size_t length)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct bpmn_findings *findings = arena_alloc(arena, sizeof(*findings));
    struct error error = {0};

    findings->arena = arena;
    assert_true(fixture->document_count < FIXTURE_DOCUMENTS);
    if (bpmn_read(bytes, length, findings, &fixture->documents[fixture->document_count], &error) !=
        STATUS_OK)
        fail_msg("line %d: %s", error.line, error.message);
    fixture->document_count++;
    arena_free(arena);
}

void fixture_load(struct fixture *fixture, const char *text)
{
    struct error error = {0};

    if (scenario_read(text, strlen(text), &fixture->scenario, &error) != STATUS_OK)
        fail_msg("line %d: %s", error.line, error.message);
}

void fixture_load_file(struct fixture *fixture, const char *path)
{
    size_t length;
    char *text = fixture_read_file(path, &length);
    struct error error = {0};
    char *culprit = NULL;
    const char *name;

    fixture_load(fixture, text);
    free(text);
    for (uint32_t i = 0; (name = scenario_file(fixture->scenario, i)) != NULL; i++) {
        char file[1024];
        char *bytes;

        (void)snprintf(file, sizeof(file), "%.*s/%s", (int)(strrchr(path, '/') - path), path, name);
        bytes = fixture_read_file(file, &length);
        fixture_add_processes(fixture, bytes, length);
        free(bytes);
    }
    assert_int_equal(places_new(NULL, &fixture->places, &error), STATUS_OK);
    if (test_sla_read(fixture->scenario, path, places_sources(fixture->places)->zones,
                      &fixture->sla, &culprit, &error) != STATUS_OK)
        fail_msg("%s: %s", culprit, error.message);
}

void fixture_run(struct fixture *fixture, uint32_t index, struct scenario_result *ret_result)
{
    struct scenario_settings settings = {
        .documents = (const struct bpmn_document *const *)fixture->documents,
        .document_count = fixture->document_count,
        .sla = fixture->sla.has_files ? &fixture->sla.world : NULL,
        .coverage = &fixture->coverage};

    scenario_run(fixture->scenario, index, &settings, ret_result);
}

void fixture_clear(struct fixture *fixture)
{
    scenario_free(fixture->scenario);
    coverage_free(fixture->coverage);
    test_sla_deinit(&fixture->sla);
    places_free(fixture->places);
    for (uint32_t i = 0; i < fixture->document_count; i++)
        bpmn_document_free(fixture->documents[i]);
    memset(fixture, 0, sizeof(*fixture));
}
