/* `synergyflow test`: designers' tests of their processes, on the pure core and a virtual clock:
 * docs/testing-processes.md. */
#include "engine/cli/cli.h"

#include "bpmn/base/memory.h"
#include "bpmn/reader/reader.h"
#include "engine/base/clock.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"
#include "engine/cli/test_coverage.h"
#include "engine/cli/test_report.h"
#include "engine/cli/test_sla.h"
#include "engine/service/scripts.h"
#include "engine/zone/places.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FINDINGS_ARENA_BYTES = 256 * 1024 * 1024,
    PATHS_MAX = 10000, /* test documents, or files of processes */
    FOLDERS_DEEP = 32,
};

/* The whole run. */
struct runner {
    char **paths; /* of test documents, in order */
    uint32_t path_count;
    struct covered_file *files; /* of processes, each read once */
    uint32_t file_count;
    struct coverage *coverage;
    bool wants_coverage;
    const char *filter; /* part of a case's name; NULL: all */
    bool prints;
    struct places *places;
    struct test_report report;
};

/* ---- which documents ---- */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);
    size_t part = strlen(ending);

    return length > part && strcmp(text + length - part, ending) == 0;
}

static enum status add_path(struct runner *runner, const char *path, struct error *ret_error)
{
    if (runner->path_count == PATHS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE, "Expected at most %d test documents.",
                         PATHS_MAX);
    runner->paths[runner->path_count++] = memory_copy(path);
    return STATUS_OK;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static enum status add_folder(struct runner *runner, const char *path, int depth,
                              struct error *ret_error)
{
    struct dirent **entries = NULL;
    int count = depth < FOLDERS_DEEP ? scandir(path, &entries, is_visible, alphasort) : -1;
    enum status status = STATUS_OK;

    if (count < 0)
        return error_set(ret_error, STATUS_NOT_FOUND, "Expected to read the folder %s but cannot.",
                         path);
    for (int i = 0; i < count; i++) {
        char child[PATH_MAX];
        struct stat about;

        (void)snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
        if (status == STATUS_OK && lstat(child, &about) == 0) {
            if (S_ISDIR(about.st_mode))
                status = add_folder(runner, child, depth + 1, ret_error);
            else if (ends_with(child, ".test.json"))
                status = add_path(runner, child, ret_error);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

static enum status add_argument(struct runner *runner, const char *path, struct error *ret_error)
{
    uint32_t before = runner->path_count;
    char folder[PATH_MAX];
    size_t length = strlen(path);
    struct stat about;
    enum status status;

    if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
        return add_path(runner, path, ret_error);
    while (length > 1 && path[length - 1] == '/')
        length--;
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)length, path);
    status = add_folder(runner, folder, 0, ret_error);
    if (status == STATUS_OK && runner->path_count == before)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected files *.test.json in %s but there are none.", path);
    return status;
}

/* ---- processes ---- */

static enum status read_processes(const char *path, struct covered_file *ret_file,
                                  struct error *ret_error)
{
    struct arena *arena = arena_new(FINDINGS_ARENA_BYTES);
    struct bpmn_findings *findings = arena_alloc(arena, sizeof(*findings));
    struct bpmn_document *document = NULL;
    struct text text = TEXT_INIT;
    enum status status = file_read(path, BPMN_FILE_BYTES_MAX, &text, ret_error);

    findings->arena = arena;
    if (status == STATUS_OK)
        status = bpmn_read(text_string(&text), text.length, findings, &document, ret_error);
    arena_free(arena);
    if (status != STATUS_OK) {
        text_deinit(&text);
        return status;
    }
    ret_file->path = memory_copy(path);
    ret_file->document = document;
    ret_file->length = text.length;
    ret_file->bytes = text_take(&text);
    return STATUS_OK;
}

/* The same file is read once, whoever names it. */
static enum status find_processes(struct runner *runner, const char *path,
                                  const struct bpmn_document **ret_document,
                                  struct error *ret_error)
{
    char real[PATH_MAX];
    const char *name = realpath(path, real) != NULL ? real : path;
    enum status status;

    for (uint32_t i = 0; i < runner->file_count; i++) {
        if (strcmp(runner->files[i].path, name) == 0) {
            *ret_document = runner->files[i].document;
            return STATUS_OK;
        }
    }
    if (runner->file_count == PATHS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE, "Expected at most %d files of processes.",
                         PATHS_MAX);
    status = read_processes(name, &runner->files[runner->file_count], ret_error);
    if (status == STATUS_OK)
        *ret_document = runner->files[runner->file_count++].document;
    return status;
}

static int is_process_file(const struct dirent *entry)
{
    return is_visible(entry) && ends_with(entry->d_name, ".bpmn");
}

struct document_list {
    const struct bpmn_document *items[256];
    uint32_t count;
};

static enum status add_document(struct runner *runner, struct test_file *file, const char *name,
                                struct document_list *list, struct error *ret_error)
{
    const char *slash = strrchr(file->path, '/');
    char path[PATH_MAX];
    enum status status;

    if (list->count == COUNT_OF(list->items))
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected at most %zu files of processes for a test document.",
                         COUNT_OF(list->items));
    if (name[0] == '/' || slash == NULL)
        (void)snprintf(path, sizeof(path), "%s", name);
    else
        (void)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - file->path), file->path, name);
    status = find_processes(runner, path, &list->items[list->count], ret_error);
    if (status == STATUS_OK)
        list->count++;
    else
        file->culprit = memory_copy(path);
    return status;
}

/* Those that the document names, else those beside it. */
static enum status add_documents(struct runner *runner, struct test_file *file,
                                 struct document_list *list, struct error *ret_error)
{
    const char *slash = strrchr(file->path, '/');
    char folder[PATH_MAX] = ".";
    struct dirent **entries = NULL;
    const char *name;
    enum status status = STATUS_OK;
    int count;

    for (uint32_t i = 0; (name = scenario_file(file->scenario, i)) != NULL; i++) {
        status = add_document(runner, file, name, list, ret_error);
        if (status != STATUS_OK)
            return status;
    }
    if (list->count > 0)
        return STATUS_OK;
    if (slash != NULL)
        (void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file->path + 1), file->path);
    count = scandir(folder, &entries, is_process_file, alphasort);
    for (int i = 0; i < count; i++) {
        if (status == STATUS_OK)
            status = add_document(runner, file, entries[i]->d_name, list, ret_error);
        free(entries[i]);
    }
    free(entries);
    if (status == STATUS_OK && list->count == 0)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected \"processes\" to name files, or files *.bpmn beside the test, "
                         "but there are none.");
    return status;
}

/* ---- running ---- */

static void run_cases(struct runner *runner, struct test_file *file,
                      const struct document_list *documents, const struct test_sla *sla)
{
    struct scenario_settings settings = {.documents = documents->items,
                                         .document_count = documents->count,
                                         .run_script = scripts_run_alone,
                                         .timers = places_sources(runner->places),
                                         .sla = sla->has_files ? &sla->world : NULL,
                                         .coverage =
                                             runner->wants_coverage ? &runner->coverage : NULL};
    uint32_t count = 0;
    const char *name;

    while (scenario_case_name(file->scenario, count) != NULL)
        count++;
    file->cases = memory_zero(count + 1, sizeof(*file->cases));
    for (uint32_t i = 0; (name = scenario_case_name(file->scenario, i)) != NULL; i++) {
        struct test_case *test = &file->cases[file->case_count];
        int64_t began_us = clock_monotonic_us();

        if (runner->filter != NULL && strstr(name, runner->filter) == NULL)
            continue;
        test->name = name;
        test->line = scenario_case_line(file->scenario, i);
        scenario_run(file->scenario, i, &settings, &test->result);
        test->duration_us = clock_monotonic_us() - began_us;
        file->case_count++;
    }
}

static void run_file(struct runner *runner, const char *path)
{
    struct test_file *file = &runner->report.files[runner->report.file_count++];
    struct document_list documents = {.count = 0};
    struct test_sla sla = {0};
    struct text text = TEXT_INIT;
    enum status status;

    file->path = path;
    status = file_read(path, SCENARIO_BYTES_MAX, &text, &file->error);
    if (status == STATUS_OK)
        status = scenario_read(text_string(&text), text.length, &file->scenario, &file->error);
    text_deinit(&text);
    if (status == STATUS_OK)
        status = add_documents(runner, file, &documents, &file->error);
    if (status == STATUS_OK)
        status = test_sla_read(file->scenario, path, places_sources(runner->places)->zones, &sla,
                               &file->culprit, &file->error);
    if (status == STATUS_OK) {
        run_cases(runner, file, &documents, &sla);
    } else {
        scenario_free(file->scenario);
        file->scenario = NULL;
    }
    test_sla_deinit(&sla);
    if (runner->prints)
        test_report_print_file(file);
}

static int write_results(struct runner *runner, const char *junit, const char *folder)
{
    struct error error = {0};
    enum status status = STATUS_OK;

    if (!runner->prints) {
        json_t *result = test_report_describe(&runner->report);

        if (runner->wants_coverage)
            (void)json_object_set_new(
                result, "coverage",
                test_coverage_describe(runner->files, runner->file_count, runner->coverage));
        (void)json_dumpf(result, stdout, JSON_INDENT(2));
        (void)putchar('\n');
        json_decref(result);
    } else {
        test_report_print_totals(&runner->report);
    }
    if (junit != NULL)
        status = test_report_write_junit(&runner->report, junit, &error);
    if (status == STATUS_OK && folder != NULL)
        status = test_coverage_write(folder, runner->files, runner->file_count, runner->coverage,
                                     &error);
    if (status != STATUS_OK) {
        (void)cli_report(&error);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

static void release(struct runner *runner)
{
    for (uint32_t i = 0; i < runner->report.file_count; i++)
        test_file_deinit(&runner->report.files[i]);
    coverage_free(runner->coverage);
    for (uint32_t i = 0; i < runner->file_count; i++) {
        bpmn_document_free((struct bpmn_document *)runner->files[i].document);
        memory_free((char *)runner->files[i].bytes);
        memory_free((char *)runner->files[i].path);
    }
    for (uint32_t i = 0; i < runner->path_count; i++)
        memory_free(runner->paths[i]);
    memory_free(runner->report.files);
    memory_free(runner->files);
    memory_free(runner->paths);
}

static int run_all(struct runner *runner, const char *junit, const char *folder)
{
    struct test_totals totals;
    int written;

    runner->report.files = memory_zero(runner->path_count + 1, sizeof(*runner->report.files));
    for (uint32_t i = 0; i < runner->path_count; i++)
        run_file(runner, runner->paths[i]);
    written = write_results(runner, junit, folder);
    totals = test_report_totals(&runner->report);
    if (written != CLI_DONE || totals.unusable > 0)
        return CLI_USAGE;
    if (totals.cases == 0) {
        (void)fputs("synergyflow: Expected cases to run but there are none.\n", stderr);
        return CLI_USAGE;
    }
    return totals.failed > 0 ? CLI_FAILED : CLI_DONE;
}

int cli_test(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "FILE|FOLDER…",
        "Runs tests of processes, without a database and on a clock of their own: a year of\n"
        "timers passes in an instant. In folders: every *.test.json. The format is described\n"
        "in docs/testing-processes.md. Exit code 1 when a case fails, 2 when a file cannot\n"
        "be used."};
    struct cli_option options[] = {
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {.name = "junit", .argument = "FILE", .help = "also write the result as JUnit XML"},
        {.name = "coverage",
         .argument = "FOLDER",
         .help = "write which elements and flows were used, as JSON and pages"},
        {.name = "filter", .argument = "TEXT", .help = "only cases with this in their name"},
        {.name = "calendars",
         .letter = 'c',
         .argument = "DIR",
         .help = "folder of *.calendar.json that timers may name"},
        {0},
    };
    struct runner runner = {.paths = NULL};
    struct error error = {0};
    enum status status = STATUS_OK;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first == argc) {
        (void)fputs("synergyflow: test expects at least one file or folder.\n", stderr);
        return CLI_USAGE;
    }
    if (places_new(cli_value(&options[4], NULL), &runner.places, &error) != STATUS_OK)
        return cli_report(&error);
    runner.paths = memory_zero(PATHS_MAX, sizeof(*runner.paths));
    runner.files = memory_zero(PATHS_MAX, sizeof(*runner.files));
    runner.prints = !cli_wants_json(&options[0]);
    runner.wants_coverage = options[2].count > 0;
    runner.filter = cli_value(&options[3], NULL);
    for (int i = first; i < argc && status == STATUS_OK; i++)
        status = add_argument(&runner, argv[i], &error);
    if (status == STATUS_OK) {
        exit_code = run_all(&runner, cli_value(&options[1], NULL), cli_value(&options[2], NULL));
    } else {
        (void)cli_report(&error);
        exit_code = CLI_USAGE;
    }
    release(&runner);
    places_free(runner.places);
    return exit_code;
}
