/* `synergyflow lint`: the findings of the reader, as deploy would report them. */
#include "engine/cli/cli.h"

#include "bpmn/reader/reader.h"
#include "engine/base/clock.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"
#include "engine/cli/sarif.h"
#include "engine/definition/script_check.h"
#include "engine/definition/timer_check.h"
#include "engine/zone/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINT_ARENA_BYTES = 256 * 1024 * 1024 };

enum lint_output { LINT_TEXT, LINT_JSON, LINT_SARIF };

static const char *severity_name(enum bpmn_severity severity)
{
    return severity == BPMN_ERROR ? "error" : "warning";
}

static void print_text(const char *path, const struct bpmn_findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct bpmn_finding *finding = &findings->items[i];

        (void)printf("%s:%d:%d: %s: %s [%s%s%s]\n", path, finding->line, finding->column,
                     severity_name(finding->severity), finding->message, finding->rule,
                     finding->element_id[0] != '\0' ? ", " : "", finding->element_id);
    }
    if (findings->count == 0)
        (void)printf("%s: nothing to complain about\n", path);
}

static void add_json(json_t *list, const char *path, const struct bpmn_findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct bpmn_finding *finding = &findings->items[i];

        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "file", path, "severity",
                            severity_name(finding->severity), "rule", finding->rule, "elementId",
                            finding->element_id, "line", finding->line, "column", finding->column,
                            "message", finding->message));
    }
}

/* One file; returns whether it can be deployed. */
static bool lint_file(const char *path, const struct places *places, json_t *result,
                      enum lint_output output)
{
    struct arena *arena = arena_new(LINT_ARENA_BYTES);
    struct bpmn_findings *findings = arena_alloc(arena, sizeof(*findings));
    struct bpmn_document *document = NULL;
    struct text text = TEXT_INIT;
    struct error error = {0};
    bool fine;

    findings->arena = arena;
    findings->now_us = clock_wall_us();
    fine = file_read(path, BPMN_FILE_BYTES_MAX, &text, &error) == STATUS_OK &&
           bpmn_read(text_string(&text), text.length, findings, &document, &error) == STATUS_OK;
    for (uint32_t i = 0; fine && i < document->model_count; i++) {
        script_check_model(&document->models[i], findings);
        timer_check_model(&document->models[i], places_sources(places), findings);
    }
    fine = fine && findings->error_count == 0;
    if (!fine && findings->count == 0) {
        findings->items[findings->count++] = (struct bpmn_finding){
            BPMN_ERROR, "file", error.element_id, error.line, error.column, error.message};
    }
    if (output == LINT_JSON)
        add_json(result, path, findings);
    else if (output == LINT_SARIF)
        sarif_add(result, path, findings);
    else
        print_text(path, findings);
    bpmn_document_free(document);
    text_deinit(&text);
    arena_free(arena);
    return fine;
}

static enum lint_output wanted_output(const struct cli_option *option)
{
    const char *wanted = cli_value(option, NULL);

    if (wanted != NULL && strcmp(wanted, "sarif") == 0)
        return LINT_SARIF;
    return cli_wants_json(option) ? LINT_JSON : LINT_TEXT;
}

int cli_lint(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "FILE…",
        "Says what is wrong in BPMN files, with element, line and column: the same findings\n"
        "that a deployment gives. Exit code 1 when a file could not be deployed."};
    struct cli_option options[] = {
        {.name = "output",
         .letter = 'o',
         .argument = "text|json|sarif",
         .help = "form of the output"},
        {.name = "calendars",
         .letter = 'c',
         .argument = "DIR",
         .help = "folder of *.calendar.json that timers may name (default: any name is fine)"},
        {0},
    };
    struct places *places = NULL;
    struct error error = {0};
    bool fine = true;
    enum lint_output output;
    json_t *result;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first == argc) {
        (void)fputs("synergyflow: lint expects at least one file.\n", stderr);
        return CLI_USAGE;
    }
    if (places_new(cli_value(&options[1], NULL), &places, &error) != STATUS_OK)
        return cli_report(&error);
    output = wanted_output(&options[0]);
    result = output == LINT_SARIF ? sarif_new() : json_array();
    for (int i = first; i < argc; i++)
        fine = lint_file(argv[i], places, result, output) && fine;
    places_free(places);
    if (output != LINT_TEXT) {
        (void)json_dumpf(result, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    }
    json_decref(result);
    return fine ? CLI_DONE : CLI_FAILED;
}
