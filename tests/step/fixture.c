/* See fixture.h. */
#include "tests/step/fixture.h"

#include "bpmn/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 16 * 1024 * 1024 };

static void next_id(struct uuid_source *source, struct uuid *ret_uuid)
{
    struct fixture *fixture = CONTAINER_OF(source, struct fixture, ids);

    memset(ret_uuid, 0, sizeof(*ret_uuid));
    fixture->id_count++;
    for (int i = 0; i < 8; i++)
        ret_uuid->bytes[15 - i] = (uint8_t)(fixture->id_count >> (8 * i));
}

static void begin(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->arena = arena_new(ARENA_BYTES);
    fixture->ids.next = next_id;
    fixture->now_us = INT64_C(1767225600000000);
}

static void read_model(struct fixture *fixture, const char *name, const struct text *xml)
{
    struct bpmn_findings findings = {.arena = fixture->arena};
    struct uuid id;

    if (bpmn_read(text_string(xml), xml->length, &findings, &fixture->document, &fixture->error) !=
        STATUS_OK)
        fail_msg("%s: %s\n%s", name, fixture->error.message, text_string(xml));
    fixture->model = &fixture->document->models[0];
    bpmn_changes_init(&fixture->changes, fixture->arena);
    id = uuid_next(&fixture->ids);
    bpmn_instance_init(&fixture->instance, fixture->arena, fixture->model, &id, "test:1:1", NULL);
}

void fixture_open(struct fixture *fixture, const char *model_file)
{
    struct text text = TEXT_INIT;
    char path[512];
    FILE *file;
    size_t got;

    begin(fixture);
    (void)snprintf(path, sizeof(path), SOURCE_FOLDER "/tests/trace/%s", model_file);
    file = fopen(path, "rb");
    assert_non_null(file);
    while ((got = fread(text_reserve(&text, 4096), 1, 4096, file)) > 0)
        text_added(&text, got);
    (void)fclose(file);
    read_model(fixture, path, &text);
    text_deinit(&text);
}

void fixture_open_text(struct fixture *fixture, const char *name, const struct text *xml)
{
    begin(fixture);
    read_model(fixture, name, xml);
}

void fixture_close(struct fixture *fixture)
{
    bpmn_instance_clear(&fixture->instance);
    bpmn_document_free(fixture->document);
    arena_free(fixture->arena);
}

enum status fixture_step(struct fixture *fixture, enum bpmn_command_kind kind,
                         const struct uuid *target, const char *name, const char *variables)
{
    struct bpmn_env env = {
        .now_us = fixture->now_us, .ids = &fixture->ids, .arena = fixture->arena};
    struct bpmn_command command = {.kind = kind, .name = name, .reason = name};
    json_t *object = variables == NULL ? NULL : json_loads(variables, 0, NULL);
    enum status status;

    assert_true(variables == NULL || json_is_object(object));
    if (target != NULL)
        command.target = *target;
    command.variables = object;
    status = bpmn_step(&env, &fixture->instance, &command, &fixture->changes, &fixture->error);
    json_decref(object);
    return status;
}

struct uuid fixture_wait(const struct fixture *fixture, enum bpmn_change_kind kind)
{
    for (uint32_t i = fixture->changes.count; i > 0; i--) {
        if (fixture->changes.items[i - 1].kind == kind)
            return fixture->changes.items[i - 1].wait_id;
    }
    fail_msg("no %s among the changes", bpmn_change_kind_name(kind));
    return (struct uuid){{0}};
}
