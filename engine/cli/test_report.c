/* See test_report.h. */
#include "engine/cli/test_report.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct test_totals test_report_totals(const struct test_report *report)
{
    struct test_totals totals = {0};

    for (uint32_t i = 0; i < report->file_count; i++) {
        const struct test_file *file = &report->files[i];

        totals.unusable += file->scenario == NULL;
        totals.cases += file->case_count;
        for (uint32_t j = 0; j < file->case_count; j++) {
            totals.failed += file->cases[j].result.failure_count > 0;
            totals.duration_us += file->cases[j].duration_us;
        }
    }
    return totals;
}

static const char *culprit_of(const struct test_file *file)
{
    return file->culprit != NULL ? file->culprit : file->path;
}

/* "step 3 (complete)", or where a case begins. */
static void append_where(struct text *text, const struct scenario_failure *failure)
{
    if (failure->step > 0)
        text_append_format(text, "step %u (%s)", failure->step, failure->verb);
    else
        text_append(text, "before the first step");
}

/* ---- for people ---- */

static void print_case(const struct test_file *file, const struct test_case *test)
{
    (void)printf("  %-5s %-64s %8.1f ms\n", test->result.failure_count > 0 ? "FAIL" : "ok",
                 test->name, (double)test->duration_us / 1000);
    for (uint32_t i = 0; i < test->result.failure_count; i++) {
        const struct scenario_failure *failure = &test->result.failures[i];
        struct text where = TEXT_INIT;

        append_where(&where, failure);
        (void)printf("        %s:%d: %s: %s\n", file->path, failure->line, text_string(&where),
                     failure->message);
        text_deinit(&where);
    }
}

void test_report_print_file(const struct test_file *file)
{
    (void)printf("%s\n", file->path);
    if (file->scenario == NULL) {
        (void)printf("  ERROR %s:%d: %s%s%s%s\n", culprit_of(file), file->error.line,
                     file->error.message, file->error.element_id[0] != '\0' ? " (element '" : "",
                     file->error.element_id, file->error.element_id[0] != '\0' ? "')" : "");
    }
    for (uint32_t i = 0; i < file->case_count; i++)
        print_case(file, &file->cases[i]);
}

void test_report_print_totals(const struct test_report *report)
{
    struct test_totals totals = test_report_totals(report);

    (void)printf("%u case%s in %u file%s: %u passed, %u failed, %.1f ms\n", totals.cases,
                 totals.cases == 1 ? "" : "s", report->file_count,
                 report->file_count == 1 ? "" : "s", totals.cases - totals.failed, totals.failed,
                 (double)totals.duration_us / 1000);
    if (totals.unusable > 0)
        (void)printf("%u file%s could not be used\n", totals.unusable,
                     totals.unusable == 1 ? "" : "s");
}

/* ---- for programs ---- */

static json_t *describe_case(const struct test_case *test)
{
    json_t *failures = json_array();

    for (uint32_t i = 0; i < test->result.failure_count; i++) {
        const struct scenario_failure *failure = &test->result.failures[i];

        (void)json_array_append_new(
            failures, json_pack("{s:I, s:s, s:i, s:s}", "step", (json_int_t)failure->step, "verb",
                                failure->verb, "line", failure->line, "message", failure->message));
    }
    return json_pack("{s:s, s:i, s:b, s:f, s:o}", "name", test->name, "line", test->line, "passed",
                     test->result.failure_count == 0, "durationMs",
                     (double)test->duration_us / 1000, "failures", failures);
}

static json_t *describe_file(const struct test_file *file)
{
    json_t *object = json_pack("{s:s}", "file", file->path);
    json_t *cases = json_array();

    if (file->scenario == NULL)
        (void)json_object_set_new(object, "error",
                                  json_pack("{s:s, s:s, s:i, s:s}", "file", culprit_of(file),
                                            "message", file->error.message, "line",
                                            file->error.line, "elementId", file->error.element_id));
    for (uint32_t i = 0; i < file->case_count; i++)
        (void)json_array_append_new(cases, describe_case(&file->cases[i]));
    (void)json_object_set_new(object, "cases", cases);
    return object;
}

json_t *test_report_describe(const struct test_report *report)
{
    struct test_totals totals = test_report_totals(report);
    json_t *files = json_array();

    for (uint32_t i = 0; i < report->file_count; i++)
        (void)json_array_append_new(files, describe_file(&report->files[i]));
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:f}", "files", files, "cases",
                     (json_int_t)totals.cases, "passed", (json_int_t)(totals.cases - totals.failed),
                     "failed", (json_int_t)totals.failed, "unusableFiles",
                     (json_int_t)totals.unusable, "durationMs", (double)totals.duration_us / 1000);
}

/* ---- for build servers ---- */

/* XML has no way to write most control characters. */
static void append_escaped(struct text *xml, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            text_append(xml, "&amp;");
            break;
        case '<':
            text_append(xml, "&lt;");
            break;
        case '>':
            text_append(xml, "&gt;");
            break;
        case '"':
            text_append(xml, "&quot;");
            break;
        case '\n':
            text_append(xml, "&#10;");
            break;
        default:
            text_append_char(xml, (unsigned char)*text < 0x20 ? '?' : *text);
        }
    }
}

static void append_attribute(struct text *xml, const char *name, const char *value)
{
    text_append_format(xml, " %s=\"", name);
    append_escaped(xml, value);
    text_append_char(xml, '"');
}

static void append_seconds(struct text *xml, int64_t duration_us)
{
    text_append_format(xml, " time=\"%.6f\"", (double)duration_us / 1000000);
}

static void append_junit_case(struct text *xml, const struct test_file *file,
                              const struct test_case *test)
{
    text_append(xml, "    <testcase");
    append_attribute(xml, "name", test->name);
    append_attribute(xml, "classname", file->path);
    append_attribute(xml, "file", file->path);
    text_append_format(xml, " line=\"%d\"", test->line);
    append_seconds(xml, test->duration_us);
    text_append(xml, ">\n");
    if (test->result.failure_count > 0) {
        text_append(xml, "      <failure");
        append_attribute(xml, "message", test->result.failures[0].message);
        text_append(xml, ">");
    }
    for (uint32_t i = 0; i < test->result.failure_count; i++) {
        const struct scenario_failure *failure = &test->result.failures[i];

        append_escaped(xml, file->path);
        text_append_format(xml, ":%d: ", failure->line);
        append_where(xml, failure);
        text_append(xml, ": ");
        append_escaped(xml, failure->message);
        text_append_char(xml, '\n');
    }
    if (test->result.failure_count > 0)
        text_append(xml, "</failure>\n");
    text_append(xml, "    </testcase>\n");
}

static void append_junit_file(struct text *xml, const struct test_file *file)
{
    struct test_report alone = {(struct test_file *)file, 1};
    struct test_totals totals = test_report_totals(&alone);

    text_append(xml, "  <testsuite");
    append_attribute(xml, "name", file->path);
    text_append_format(xml, " tests=\"%u\" failures=\"%u\" errors=\"%u\"",
                       totals.cases + totals.unusable, totals.failed, totals.unusable);
    append_seconds(xml, totals.duration_us);
    text_append(xml, ">\n");
    if (file->scenario == NULL) {
        text_append(xml, "    <testcase name=\"the file can be used\"");
        append_attribute(xml, "classname", file->path);
        text_append(xml, ">\n      <error");
        append_attribute(xml, "message", file->error.message);
        text_append(xml, ">");
        append_escaped(xml, culprit_of(file));
        text_append_format(xml, ":%d: ", file->error.line);
        append_escaped(xml, file->error.message);
        text_append(xml, "</error>\n    </testcase>\n");
    }
    for (uint32_t i = 0; i < file->case_count; i++)
        append_junit_case(xml, file, &file->cases[i]);
    text_append(xml, "  </testsuite>\n");
}

enum status test_report_write_junit(const struct test_report *report, const char *path,
                                    struct error *ret_error)
{
    struct test_totals totals = test_report_totals(report);
    struct text xml = TEXT_INIT;
    FILE *file = fopen(path, "wb");
    bool written;

    if (file == NULL)
        return error_set(ret_error, STATUS_FAILED, "Expected to write %s but: %s.", path,
                         strerror(errno));
    text_append_format(&xml,
                       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%u\" "
                       "failures=\"%u\" errors=\"%u\"",
                       totals.cases + totals.unusable, totals.failed, totals.unusable);
    append_seconds(&xml, totals.duration_us);
    text_append(&xml, ">\n");
    for (uint32_t i = 0; i < report->file_count; i++)
        append_junit_file(&xml, &report->files[i]);
    text_append(&xml, "</testsuites>\n");
    written = fwrite(text_string(&xml), 1, xml.length, file) == xml.length;
    text_deinit(&xml);
    if (fclose(file) == 0 && written)
        return STATUS_OK;
    return error_set(ret_error, STATUS_FAILED, "Expected to write %s but: %s.", path,
                     strerror(errno));
}

void test_file_deinit(struct test_file *file)
{
    for (uint32_t i = 0; i < file->case_count; i++)
        scenario_result_deinit(&file->cases[i].result);
    memory_free(file->cases);
    memory_free(file->culprit);
    scenario_free(file->scenario);
}
