/* docs/bpmn-support.md says what the reader's tables say: every row, with its status and note, and
 * no row that no table has. */
#include "bpmn/reader/table.h"
#include "tests/bpmn/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *document;

static int read_document(void **state)
{
    size_t length;

    (void)state;
    document = file_bytes(SOURCE_FOLDER "/docs/bpmn-support.md", &length);
    return document == NULL;
}

static int free_document(void **state)
{
    (void)state;
    free(document);
    return 0;
}

static size_t count_lines(const char *start)
{
    size_t count = 0;

    for (const char *at = document; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        count += strncmp(at, start, strlen(start)) == 0;
    }
    return count;
}

static bool has_line(const char *line)
{
    size_t length = strlen(line);

    for (const char *at = document; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || at[length] == '\0'))
            return true;
    }
    print_error("docs/bpmn-support.md lacks the line\n%s\n", line);
    return false;
}

/* A row as the page has it. */
enum { LINE_BYTES = 1024 };

static void element_line(const struct element_row *row, char line[LINE_BYTES])
{
    (void)snprintf(line, LINE_BYTES, "| `%s` | %s | %s |", row->name,
                   element_handling_name(row->handling), row->note);
}

static void extension_line(const struct extension_row *row, char line[LINE_BYTES])
{
    static const char *const kinds[] = {"attribute", "element"};

    (void)snprintf(line, LINE_BYTES, "| %s `%s` | %s | %s | %s |", kinds[row->kind], row->name,
                   row->where, extension_handling_name(row->handling), row->note);
}

static void rule_line(const struct rule_row *row, char line[LINE_BYTES])
{
    (void)snprintf(line, LINE_BYTES, "| rule `%s` | %s | %s |", row->name,
                   row->is_error ? "error" : "warning", row->meaning);
}

static void event_line(enum bpmn_event_kind kind, char line[LINE_BYTES])
{
    size_t length =
        (size_t)snprintf(line, LINE_BYTES, "| event `%s` |", bpmn_event_kind_name(kind));

    for (unsigned position = 0; position < POSITION_COUNT; position++)
        length +=
            (size_t)snprintf(line + length, LINE_BYTES - length, " %s |",
                             event_is_allowed(kind, (enum event_position)position) ? "yes" : "–");
}

enum { EVENT_KINDS = BPMN_EVENT_TERMINATE + 1 };

/* SYNERGYFLOW_PRINT_TABLES=1 support_test: the rows to paste when a table has changed. */
static void print_tables(void)
{
    char line[LINE_BYTES];
    uint32_t index = 0;

    for (const struct element_row *row = element_row_at(0); row != NULL;
         row = element_row_at(++index)) {
        element_line(row, line);
        (void)puts(line);
    }
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
        event_line((enum bpmn_event_kind)kind, line);
        (void)puts(line);
    }
    index = 0;
    for (const struct extension_row *row = extension_row_at(0); row != NULL;
         row = extension_row_at(++index)) {
        extension_line(row, line);
        (void)puts(line);
    }
    index = 0;
    for (const struct rule_row *row = rule_row_at(0); row != NULL; row = rule_row_at(++index)) {
        rule_line(row, line);
        (void)puts(line);
    }
}

static void test_elements(void **state)
{
    uint32_t count = 0;
    bool is_whole = true;

    (void)state;
    for (const struct element_row *row = element_row_at(0); row != NULL;
         row = element_row_at(++count)) {
        char line[LINE_BYTES];

        assert_ptr_equal(element_row(row->name), row);
        element_line(row, line);
        is_whole = has_line(line) && is_whole;
    }
    assert_true(is_whole);
    assert_true(count > 100);
    assert_int_equal(count_lines("| `"), count);
}

static void test_extensions(void **state)
{
    uint32_t count = 0;
    bool is_whole = true;

    (void)state;
    for (const struct extension_row *row = extension_row_at(0); row != NULL;
         row = extension_row_at(++count)) {
        char line[LINE_BYTES];

        assert_ptr_equal(extension_row(row->kind, row->name), row);
        extension_line(row, line);
        is_whole = has_line(line) && is_whole;
    }
    assert_true(is_whole);
    assert_int_equal(count_lines("| attribute `") + count_lines("| element `"), count);
}

static void test_events(void **state)
{
    bool is_whole = true;

    (void)state;
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
        char line[LINE_BYTES];

        event_line((enum bpmn_event_kind)kind, line);
        is_whole = has_line(line) && is_whole;
    }
    assert_true(is_whole);
    assert_int_equal(count_lines("| event `"), EVENT_KINDS);
}

static void test_rules(void **state)
{
    uint32_t count = 0;
    bool is_whole = true;

    (void)state;
    for (const struct rule_row *row = rule_row_at(0); row != NULL; row = rule_row_at(++count)) {
        char line[LINE_BYTES];

        rule_line(row, line);
        is_whole = has_line(line) && is_whole;
    }
    assert_true(is_whole);
    assert_int_equal(count_lines("| rule `"), count);
}

static void test_unknown_names(void **state)
{
    (void)state;
    assert_null(element_row("robotTask"));
    assert_null(extension_row(EXTENSION_ATTRIBUTE, "field"));
    assert_non_null(extension_row(EXTENSION_ELEMENT, "field"));
}

/* Whatever the table refuses is refused where BPMN has flow elements. */
static void test_refused_rows(void **state)
{
    uint32_t index = 0;

    (void)state;
    for (const struct element_row *row = element_row_at(0); row != NULL;
         row = element_row_at(++index)) {
        char body[256];
        struct reading *reading;
        char *text;

        if (row->handling != ELEMENT_REFUSED)
            continue;
        (void)snprintf(body, sizeof(body), "<startEvent id='s'/><%s id='x'/>", row->name);
        text = process_with(body);
        reading = reading_of_text(text);
        assert_string_equal(reading_finding(reading, "unsupported-element")->element_id, "x");
        assert_non_null(strstr(reading->error.message, row->note));
        reading_free(reading);
        free(text);
    }
}

/* Every type of the model is in the table, under its XML name; event sub-processes are
 * sub-processes in XML. */
static void test_types(void **state)
{
    (void)state;
#define CHECK_TYPE(name, xml)                                           \
    if (BPMN_##name != BPMN_EVENT_SUB_PROCESS) {                        \
        assert_int_equal(element_row(xml)->handling, ELEMENT_EXECUTED); \
        assert_int_equal(element_row(xml)->type, BPMN_##name);          \
    }
    BPMN_ELEMENT_TYPES(CHECK_TYPE)
#undef CHECK_TYPE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements),     cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_rules),        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_refused_rows), cmocka_unit_test(test_types),
        cmocka_unit_test(test_events),
    };

    if (getenv("SYNERGYFLOW_PRINT_TABLES") != NULL) {
        print_tables();
        return 0;
    }
    return cmocka_run_group_tests(tests, read_document, free_document);
}
