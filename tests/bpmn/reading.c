/* See reading.h. */
#include "tests/bpmn/reading.h"

#include "bpmn/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FINDINGS_ARENA_BYTES = 16 * 1024 * 1024, PATH_BYTES = 1024 };

static void check(const struct reading *reading)
{
    const struct bpmn_findings *findings = &reading->findings;
    uint32_t errors = 0;

    if (reading->status == STATUS_OK) {
        assert_non_null(reading->document);
        assert_int_equal(findings->error_count, 0);
    } else {
        assert_null(reading->document);
        assert_true(findings->error_count > 0);
        assert_true(reading->error.status == reading->status);
        assert_true(reading->error.message[0] != '\0');
        assert_true(reading->error.line > 0);
        assert_true(text_is_utf8(reading->error.message, strlen(reading->error.message)));
    }
    assert_true(findings->count <= BPMN_FINDINGS_MAX);
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct bpmn_finding *finding = &findings->items[i];

        errors += finding->severity == BPMN_ERROR;
        assert_true(finding->rule != NULL && finding->rule[0] != '\0');
        assert_non_null(finding->element_id);
        assert_true(finding->line > 0);
        assert_true(finding->column > 0);
        assert_true(finding->message[0] != '\0');
        assert_true(text_is_utf8(finding->message, strlen(finding->message)));
        if (i > 0)
            assert_true(finding->line >= findings->items[i - 1].line);
    }
    assert_true(errors <= findings->error_count);
    assert_true(errors > 0 || findings->error_count == 0);
}

struct reading *reading_new(const char *bytes, size_t length)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(reading);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    reading->findings.arena = arena_new(FINDINGS_ARENA_BYTES);
    reading->status =
        bpmn_read(copy, length, &reading->findings, &reading->document, &reading->error);
    free(copy);
    check(reading);
    return reading;
}

struct reading *reading_of_process(const char *body)
{
    char *text = process_with(body);
    struct reading *reading = reading_of_text(text);

    free(text);
    if (reading->status != STATUS_OK)
        print_error("%s\n  %s\n", reading->error.message, body);
    assert_int_equal(reading->status, STATUS_OK);
    return reading;
}

struct reading *reading_of_text(const char *text)
{
    return reading_new(text, strlen(text));
}

struct reading *reading_of_file(const char *path)
{
    char whole[PATH_BYTES];
    size_t length;
    struct reading *reading;
    char *bytes;

    (void)snprintf(whole, sizeof(whole), "%s/tests/bpmn/models/%s", SOURCE_FOLDER, path);
    bytes = file_bytes(whole, &length);
    assert_non_null(bytes);
    reading = reading_new(bytes, length);
    free(bytes);
    return reading;
}

void reading_free(struct reading *reading)
{
    bpmn_document_free(reading->document);
    arena_free(reading->findings.arena);
    free(reading);
}

/* Nothing of the file is left unused. */
#define USES                                                                        \
    "<process id='uses' isExecutable='false'><receiveTask id='u1' messageRef='m'/>" \
    "<receiveTask id='u2' messageRef='m_nameless'/>" USE("u3", "signal", "sig")     \
        USE("u4", "signal", "sig_nameless") USE("u5", "error", "e")                 \
            USE("u6", "error", "e_codeless") USE("u7", "error", "e_named")          \
                USE("u8", "escalation", "esc") USE("u9", "escalation", "esc_named") "</process>"
#define USE(id, kind, reference) \
    "<endEvent id='" id "'><" kind "EventDefinition " kind "Ref='" reference "'/></endEvent>"

char *process_with(const char *body)
{
    char *text = NULL;

    assert_true(asprintf(&text,
                         "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'"
                         " xmlns:flowable='http://flowable.org/bpmn'"
                         " xmlns:activiti='http://activiti.org/bpmn'"
                         " xmlns:camunda='http://camunda.org/schema/1.0/bpmn'"
                         " xmlns:synergyflow='http://synergyflow.org/bpmn'"
                         " xmlns:other='urn:other' targetNamespace='urn:test'>"
                         "<message id='m' name='paid'/><message id='m_nameless'/>"
                         "<signal id='sig' name='alarm'/><signal id='sig_nameless'/>"
                         "<error id='e' name='Err' errorCode='E'/><error id='e_codeless'/>"
                         "<error id='e_named' name='Named'/>"
                         "<escalation id='esc' escalationCode='C'/>"
                         "<escalation id='esc_named' name='Up'/>"
                         "<timerEventDefinition id='root_timer'><timeDuration>PT1H</timeDuration>"
                         "</timerEventDefinition><signalEventDefinition id='root_signal' "
                         "signalRef='sig'/><process id='p'>%s</process>" USES "</definitions>",
                         body) > 0);
    return text;
}

const struct bpmn_finding *reading_finding(const struct reading *reading, const char *rule)
{
    for (uint32_t i = 0; i < reading->findings.count; i++) {
        if (strcmp(reading->findings.items[i].rule, rule) == 0)
            return &reading->findings.items[i];
    }
    return NULL;
}

static void check_row(const struct finding_row *row, enum bpmn_severity severity)
{
    char *text = process_with(row->body);
    struct reading *reading = reading_of_text(text);
    const struct bpmn_finding *finding = reading_finding(reading, row->rule);

    if (finding == NULL || finding->severity != severity ||
        (row->element != NULL && strcmp(finding->element_id, row->element) != 0) ||
        (row->words != NULL && strstr(finding->message, row->words) == NULL) ||
        (severity == BPMN_WARNING && reading->status != STATUS_OK)) {
        print_error("wanted %s on '%s' (%s) for\n  %s\n", row->rule, row->element,
                    row->words != NULL ? row->words : "", row->body);
        for (uint32_t i = 0; i < reading->findings.count; i++)
            print_error("  found %s on '%s': %s\n", reading->findings.items[i].rule,
                        reading->findings.items[i].element_id, reading->findings.items[i].message);
        fail();
    }
    reading_free(reading);
    free(text);
}

void check_findings(const struct finding_row *rows, size_t count, enum bpmn_severity severity)
{
    for (size_t i = 0; i < count; i++)
        check_row(&rows[i], severity);
}

void check_accepted(const char *const *bodies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = process_with(bodies[i]);
        struct reading *reading = reading_of_text(text);

        if (reading->findings.count > 0)
            print_error("%s\n  %s: %s\n", bodies[i], reading->findings.items[0].rule,
                        reading->findings.items[0].message);
        assert_int_equal(reading->findings.count, 0);
        reading_free(reading);
        free(text);
    }
}

/* ---- descriptions ---- */

/* Every member of `wanted` is in `found`; lists have the same length. */
static bool holds(const json_t *found, const json_t *wanted)
{
    const char *name;
    const json_t *member;
    size_t index;

    if (json_is_array(wanted)) {
        if (!json_is_array(found) || json_array_size(found) != json_array_size(wanted))
            return false;
        json_array_foreach (wanted, index, member) {
            if (!holds(json_array_get(found, index), member))
                return false;
        }
        return true;
    }
    if (!json_is_object(wanted))
        return json_equal(found, wanted);
    json_object_foreach ((json_t *)(uintptr_t)wanted, name, member) {
        const json_t *other = json_object_get(found, name);

        if (json_is_null(member) ? other != NULL : !holds(other, member))
            return false;
    }
    return json_is_object(found);
}

static json_t *parsed(const char *quoted)
{
    char *text = strdup(quoted);
    json_error_t error;
    json_t *json;

    assert_non_null(text);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json = json_loads(text, 0, &error);
    if (json == NULL)
        print_error("%s\n%s\n", error.text, text);
    assert_non_null(json);
    free(text);
    return json;
}

static json_t *find(json_t *description, const char *id)
{
    json_t *process;
    json_t *element;
    size_t i;
    size_t j;

    if (id[0] == '\0')
        return description;
    json_array_foreach (json_object_get(description, "processes"), i, process) {
        if (strcmp(json_string_value(json_object_get(process, "id")), id) == 0)
            return process;
        json_array_foreach (json_object_get(process, "elements"), j, element) {
            if (strcmp(json_string_value(json_object_get(element, "id")), id) == 0)
                return element;
        }
    }
    return NULL;
}

static void check_description(const struct description_row *row)
{
    bool is_whole = strncmp(row->body, "<definitions", strlen("<definitions")) == 0;
    char *text = is_whole ? strdup(row->body) : process_with(row->body);
    struct reading *reading = reading_of_text(text);
    json_t *description;
    json_t *wanted;

    if (reading->status != STATUS_OK)
        print_error("%s\n  %s\n", reading->error.message, row->body);
    assert_int_equal(reading->status, STATUS_OK);
    description = bpmn_document_describe(reading->document);
    wanted = parsed(row->holds);
    if (!holds(find(description, row->element), wanted)) {
        char *found = json_dumps(find(description, row->element), JSON_INDENT(1));

        print_error("wanted %s in\n%s\nof %s\n", row->holds, found, row->body);
        free(found);
        fail();
    }
    json_decref(wanted);
    json_decref(description);
    reading_free(reading);
    free(text);
}

void check_descriptions(const struct description_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_description(&rows[i]);
}

char *file_bytes(const char *path, size_t *ret_length)
{
    FILE *file = fopen(path, "rb");
    char *bytes;
    long size;

    if (file == NULL)
        return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size >= 0);
    rewind(file);
    bytes = calloc(1, (size_t)size + 1);
    assert_non_null(bytes);
    *ret_length = fread(bytes, 1, (size_t)size, file);
    assert_int_equal(*ret_length, size);
    (void)fclose(file);
    return bytes;
}
