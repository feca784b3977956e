/* `synergyflow worktime`: working-time arithmetic for scripts, support staff and checks. Cases come
 * as a file (JSON, whole) or as JSON lines; an answer is a line. docs/working-time.md. */
#include "bpmn/base/json.h"
#include "engine/cli/cli.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"
#include "engine/cli/worktime_case.h"
#include "engine/zone/zone_files.h"

#include <stdio.h>
#include <string.h>

enum {
    LINE_BYTES_MAX = 4 * 1024 * 1024, /* of one case on standard input */
    FILE_BYTES_MAX = 256 * 1024 * 1024
};

struct run {
    struct worktime_calendars calendars;
    uint64_t number; /* of the case, from 1 on */
    uint64_t failed;
};

static void print(json_t *result)
{
    struct text text = TEXT_INIT;

    if (json_write(&text, result))
        (void)puts(text_string(&text));
    (void)fflush(stdout);
    text_deinit(&text);
    json_decref(result);
}

static void refuse(struct run *run, const struct error *error)
{
    run->number++;
    run->failed++;
    print(worktime_case_refuse(NULL, run->number, error));
}

static void answer(struct run *run, const json_t *json)
{
    json_t *result;

    run->number++;
    if (!worktime_case_answer(&run->calendars, json, run->number, &result))
        run->failed++;
    print(result);
}

/* A list of cases, an object that holds one as `vectors` or `cases`, or a case. */
static void answer_all(struct run *run, const json_t *json)
{
    const json_t *list = json;
    const json_t *item;
    size_t i;

    if (json_is_array(json_object_get(json, "vectors")))
        list = json_object_get(json, "vectors");
    else if (json_is_array(json_object_get(json, "cases")))
        list = json_object_get(json, "cases");
    if (!json_is_array(list)) {
        answer(run, list);
        return;
    }
    json_array_foreach ((json_t *)list, i, item)
        answer(run, item);
}

static bool is_blank(const char *bytes, size_t length)
{
    return strspn(bytes, " \t\r\n") >= length;
}

static void answer_line(struct run *run, const char *bytes, size_t length)
{
    json_error_t problem;
    json_t *json;
    struct error error;

    if (is_blank(bytes, length))
        return;
    json = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &problem);
    if (json == NULL) {
        (void)error_set(&error, STATUS_INVALID,
                        "Expected a line with a JSON object but: %.200s (column %d).", problem.text,
                        problem.column);
        refuse(run, &error);
        return;
    }
    answer_all(run, json);
    json_decref(json);
}

/* ---- standard input ---- */

/* The next line, without more than its first LINE_BYTES_MAX bytes. False at the end. */
static bool next_line(FILE *from, struct text *line, bool *ret_too_long)
{
    int c;

    text_clear(line);
    *ret_too_long = false;
    while ((c = getc_unlocked(from)) != EOF && c != '\n') {
        if (line->length < LINE_BYTES_MAX)
            text_append_char(line, (char)c);
        else
            *ret_too_long = true;
    }
    return c != EOF || line->length > 0;
}

/* Whether a line looks like the first of a document written over many lines. */
static bool opens_document(const struct text *line)
{
    const char *bytes = text_string(line);
    size_t length = line->length;

    while (length > 0 && strchr(" \t\r", bytes[length - 1]) != NULL)
        length--;
    return length > 0 && strchr("{[,", bytes[length - 1]) != NULL;
}

/* A document that was written over many lines, whole. */
static int answer_document(struct run *run, struct text *text)
{
    json_error_t problem;
    json_t *json = json_loadb(text_string(text), text->length, JSON_REJECT_DUPLICATES, &problem);
    struct error error;

    if (json == NULL) {
        (void)error_set(&error, STATUS_INVALID,
                        "Expected a JSON document but: %.200s (line %d, column %d).", problem.text,
                        problem.line, problem.column);
        return cli_report(&error);
    }
    answer_all(run, json);
    json_decref(json);
    return CLI_DONE;
}

static int answer_input(struct run *run, FILE *from)
{
    struct text line = TEXT_INIT;
    struct text rest = TEXT_INIT;
    struct error error;
    bool too_long;
    int exit_code = CLI_DONE;

    while (next_line(from, &line, &too_long)) {
        if (too_long) {
            (void)error_set(&error, STATUS_TOO_LARGE,
                            "Expected a line of at most %d bytes but it is longer.",
                            LINE_BYTES_MAX);
            refuse(run, &error);
            continue;
        }
        if (run->number > 0 || !opens_document(&line)) {
            answer_line(run, text_string(&line), line.length);
            continue;
        }
        text_append_bytes(&rest, text_string(&line), line.length);
        while (rest.length < FILE_BYTES_MAX && next_line(from, &line, &too_long)) {
            text_append_char(&rest, '\n');
            text_append_bytes(&rest, text_string(&line), line.length);
        }
        exit_code = answer_document(run, &rest);
        break;
    }
    text_deinit(&line);
    text_deinit(&rest);
    return exit_code;
}

/* ---- files ---- */

/* JSON whole, or JSON lines. */
static int answer_file(struct run *run, const char *path)
{
    struct text text = TEXT_INIT;
    struct error error = {0};
    json_error_t problem;
    json_t *json;
    const char *at;

    if (file_read(path, FILE_BYTES_MAX, &text, &error) != STATUS_OK) {
        text_deinit(&text);
        return cli_report(&error);
    }
    json = json_loadb(text_string(&text), text.length, JSON_REJECT_DUPLICATES, &problem);
    if (json != NULL) {
        answer_all(run, json);
        json_decref(json);
    } else if (problem.line > 1 && json_error_code(&problem) != json_error_end_of_input_expected) {
        text_deinit(&text);
        (void)error_set(&error, STATUS_INVALID, "Expected JSON in %.200s but: %.200s.", path,
                        problem.text);
        error.line = problem.line;
        error.column = problem.column;
        return cli_report(&error);
    } else {
        for (at = text_string(&text); *at != '\0';) {
            size_t length = strcspn(at, "\n");

            answer_line(run, at, length);
            at += length + (at[length] != '\0' ? 1 : 0);
        }
    }
    text_deinit(&text);
    return CLI_DONE;
}

static json_t *read_calendar(const char *path)
{
    struct text text = TEXT_INIT;
    struct error error = {0};
    json_error_t problem;
    json_t *json = NULL;

    if (file_read(path, FILE_BYTES_MAX, &text, &error) == STATUS_OK) {
        json = json_loadb(text_string(&text), text.length, JSON_REJECT_DUPLICATES, &problem);
        if (json == NULL)
            (void)error_set(&error, STATUS_INVALID, "Expected a calendar in %.200s but: %.200s.",
                            path, problem.text);
    }
    if (json == NULL)
        (void)cli_report(&error);
    text_deinit(&text);
    return json;
}

int cli_worktime(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "[FILE…]",
        "Computes with working time: each case (calendar, op, start, duration_s or days or end,\n"
        "pauses) gives one line of JSON. FILE holds a case, a list of cases, or an object with\n"
        "a list as \"vectors\"; without a file, or for -, cases are read from standard input, one\n"
        "a line. A case with \"expected\" is checked. Exit code 1 when a case was refused or gave\n"
        "something else than expected.\n\n"
        "Operations: add, subtract, between, next_open, prev_open, is_open, is_holiday,\n"
        "add_business_days, end_of_day, segments, threshold, local_to_utc; docs/working-time.md."};
    struct cli_option options[] = {
        {.name = "calendar",
         .letter = 'c',
         .argument = "FILE",
         .help = "the calendar of cases that have none"},
        {0},
    };
    struct run run = {.number = 0};
    struct zone_files *zones;
    json_t *common = NULL;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (cli_value(&options[0], NULL) != NULL) {
        common = read_calendar(cli_value(&options[0], NULL));
        if (common == NULL)
            return CLI_FAILED;
    }
    zones = zone_files_new(NULL, NULL);
    run.calendars.zones = zone_files_source(zones);
    run.calendars.common = common;
    exit_code = CLI_DONE;
    if (first == argc)
        exit_code = answer_input(&run, stdin);
    for (int i = first; i < argc && exit_code == CLI_DONE; i++) {
        exit_code =
            strcmp(argv[i], "-") == 0 ? answer_input(&run, stdin) : answer_file(&run, argv[i]);
    }
    worktime_calendars_deinit(&run.calendars);
    zone_files_free(zones);
    json_decref(common);
    return exit_code == CLI_DONE && run.failed > 0 ? CLI_FAILED : exit_code;
}
