/* `synergyflow calendar`: calendars' documents checked, filled from iCalendar feeds, and exported.
 */
#include "bpmn/worktime/civil.h"
#include "engine/base/clock.h"
#include "engine/calendar/calendar_import.h"
#include "engine/calendar/icalendar.h"
#include "engine/cli/cli.h"
#include "engine/cli/file.h"
#include "engine/cli/option.h"
#include "engine/zone/zone_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    DOCUMENT_BYTES_MAX = 64 * 1024 * 1024,
    ARENA_BYTES = 256 * 1024 * 1024,
    YEARS_BACK = 1,
    YEARS_AHEAD = 5
};

/* What one command works with. */
struct session {
    struct zone_files *zones;
    struct arena *arena;
    struct error error;
};

static void begin(struct session *session)
{
    *session =
        (struct session){.zones = zone_files_new(NULL, NULL), .arena = arena_new(ARENA_BYTES)};
}

static int end(struct session *session, enum status status)
{
    int exit_code = CLI_DONE;

    if (status != STATUS_OK) {
        if (session->error.field[0] != '\0')
            (void)error_prefix(&session->error, "%.100s", session->error.field);
        exit_code = cli_report(&session->error);
    }
    arena_free(session->arena);
    zone_files_free(session->zones);
    return exit_code;
}

/* A calendar from a file; `session->error` says which file is at fault. */
static enum status read_calendar(struct session *session, const char *path,
                                 const struct calendar **ret_calendar)
{
    struct text text = TEXT_INIT;
    json_error_t problem;
    json_t *document;
    enum status status = file_read(path, DOCUMENT_BYTES_MAX, &text, &session->error);

    if (status != STATUS_OK) {
        text_deinit(&text);
        return status;
    }
    document = json_loadb(text_string(&text), text.length, JSON_REJECT_DUPLICATES, &problem);
    text_deinit(&text);
    if (document == NULL) {
        (void)error_set(&session->error, STATUS_INVALID, "Expected JSON in %.200s but: %.200s.",
                        path, problem.text);
        return error_at(&session->error, NULL, problem.line, problem.column);
    }
    status = calendar_read(session->arena, document, zone_files_source(session->zones),
                           ret_calendar, &session->error);
    json_decref(document);
    return status;
}

static void print_json(FILE *to, const json_t *json)
{
    (void)json_dumpf(json, to, JSON_INDENT(2));
    (void)fputc('\n', to);
}

/* ---- lint ---- */

static int lint(int argc, char **argv)
{
    int exit_code = CLI_DONE;

    for (int i = 0; i < argc; i++) {
        struct session session;
        const struct calendar *calendar = NULL;
        enum status status;

        begin(&session);
        status = read_calendar(&session, argv[i], &calendar);
        if (status == STATUS_OK)
            (void)printf("%s: calendar '%s', version %lld, %s: nothing to complain about\n",
                         argv[i], calendar_name(calendar), (long long)calendar_version(calendar),
                         zone_name(calendar_zone(calendar)));
        else
            (void)printf("%s: %s%s%s\n", argv[i], session.error.field,
                         session.error.field[0] != '\0' ? ": " : "", session.error.message);
        if (status != STATUS_OK)
            exit_code = CLI_FAILED;
        arena_free(session.arena);
        zone_files_free(session.zones);
    }
    return exit_code;
}

/* ---- import ---- */

struct import_options {
    const char *calendar;
    const char *feed;
    const char *source;
    const char *from;
    const char *to;
    const char *output;
    bool dry_run;
};

/* From the year before this one to five years ahead, unless said otherwise. */
static enum status read_days(const struct import_options *options,
                             struct icalendar_request *request, struct error *error)
{
    int32_t year = civil_of_local_us(clock_wall_us()).date.year;

    request->from_day = civil_days(year - YEARS_BACK, 1, 1);
    request->to_day = civil_days(year + YEARS_AHEAD, 12, 31);
    if ((options->from != NULL && !civil_parse_date(options->from, &request->from_day)) ||
        (options->to != NULL && !civil_parse_date(options->to, &request->to_day)) ||
        request->from_day < 0 || request->from_day > request->to_day) {
        return error_set(
            error, STATUS_INVALID,
            "Expected --from and --to to be dates such as 2026-01-01 of the years 1970 "
            "to 9999, the first not after the last.");
    }
    return STATUS_OK;
}

static enum status merge(struct session *session, const struct import_options *options,
                         const struct calendar *calendar, json_t **ret_document,
                         json_t **ret_difference)
{
    struct icalendar_request request = {.source = options->source,
                                        .zone = calendar_zone(calendar),
                                        .zones = zone_files_source(session->zones)};
    struct calendar_import import = {.source = options->source};
    struct text text = TEXT_INIT;
    json_t *entries = NULL;
    json_t *document;
    enum status status = read_days(options, &request, &session->error);

    if (status == STATUS_OK)
        status = file_read(options->feed, ICALENDAR_BYTES_MAX, &text, &session->error);
    if (status == STATUS_OK)
        status =
            icalendar_read(text_string(&text), text.length, &request, &entries, &session->error);
    text_deinit(&text);
    if (status != STATUS_OK)
        return status;
    document = calendar_write(calendar);
    import.document = document;
    import.entries = entries;
    import.from_day = request.from_day;
    import.to_day = request.to_day;
    calendar_import(&import, ret_document, ret_difference);
    json_decref(document);
    json_decref(entries);
    return STATUS_OK;
}

static enum status write_file(const char *path, const json_t *document, struct error *error)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        return error_set(error, STATUS_FAILED, "Expected to write %.200s but: %s.", path,
                         strerror(errno));
    print_json(file, document);
    if (ferror(file) != 0 || fclose(file) != 0)
        return error_set(error, STATUS_FAILED, "Expected to write %.200s but: %s.", path,
                         strerror(errno));
    return STATUS_OK;
}

static enum status run_import(struct session *session, const struct import_options *options)
{
    const struct calendar *calendar = NULL;
    const struct calendar *merged = NULL;
    json_t *document = NULL;
    json_t *difference = NULL;
    json_t *written = NULL;
    enum status status = read_calendar(session, options->calendar, &calendar);

    if (status == STATUS_OK)
        status = merge(session, options, calendar, &document, &difference);
    if (status == STATUS_OK)
        status = calendar_read(session->arena, document, zone_files_source(session->zones), &merged,
                               &session->error);
    if (status == STATUS_OK && (options->dry_run || options->output != NULL))
        print_json(stdout, difference);
    if (status == STATUS_OK && !options->dry_run) {
        written = calendar_write(merged);
        if (options->output != NULL)
            status = write_file(options->output, written, &session->error);
        else
            print_json(stdout, written);
    }
    json_decref(written);
    json_decref(document);
    json_decref(difference);
    return status;
}

static int import(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "CALENDAR.json FEED.ics",
        "Puts the events of an iCalendar feed into a calendar and prints the calendar: events "
        "that\n"
        "last all day are holidays, others breaks, availability (RFC 7953) is shifts or the week.\n"
        "Importing again changes what the feed changed and nothing else."};
    struct cli_option rows[] = {
        {.name = "source",
         .letter = 's',
         .argument = "NAME",
         .help = "the feed's name (its file's)"},
        {.name = "from", .argument = "DATE", .help = "first day to look at (last year's)"},
        {.name = "to", .argument = "DATE", .help = "last day to look at (in five years)"},
        {.name = "dry-run", .letter = 'n', .help = "print what would change, and nothing else"},
        {.name = "output",
         .letter = 'o',
         .argument = "FILE",
         .help = "write the calendar there and print what changed"},
        {0},
    };
    struct import_options options;
    struct session session;
    int first;
    int exit_code = cli_options(argc, argv, rows, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (argc - first != 2) {
        (void)fputs("synergyflow: calendar import expects a calendar and a feed.\n", stderr);
        return CLI_USAGE;
    }
    options = (struct import_options){.calendar = argv[first],
                                      .feed = argv[first + 1],
                                      .source = cli_value(&rows[0], file_name(argv[first + 1])),
                                      .from = cli_value(&rows[1], NULL),
                                      .to = cli_value(&rows[2], NULL),
                                      .dry_run = rows[3].count > 0,
                                      .output = cli_value(&rows[4], NULL)};
    if (options.source[0] == '\0' || strlen(options.source) > CALENDAR_TEXT_MAX) {
        (void)fputs("synergyflow: --source expects a name of 1 to 256 bytes.\n", stderr);
        return CLI_USAGE;
    }
    begin(&session);
    return end(&session, run_import(&session, &options));
}

/* ---- export ---- */

static int export_holidays(const char *path)
{
    const struct calendar *calendar = NULL;
    struct session session;
    enum status status;

    begin(&session);
    status = read_calendar(&session, path, &calendar);
    if (status == STATUS_OK) {
        json_t *document = calendar_write(calendar);
        struct text text = TEXT_INIT;

        icalendar_write(document, clock_wall_us(), &text);
        (void)fputs(text_string(&text), stdout);
        text_deinit(&text);
        json_decref(document);
    }
    return end(&session, status);
}

/* ---- the command ---- */

int cli_calendar(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "import CALENDAR.json FEED.ics | export CALENDAR.json | lint CALENDAR.json…",
        "import  puts an iCalendar feed's days into a calendar; import --help says more\n"
        "export  prints a calendar's holidays as iCalendar\n"
        "lint    says what is wrong in calendars (docs/working-time.md)"};
    struct cli_option options[] = {{0}};
    const char *what = argc > 1 ? argv[1] : "";
    int first;
    int exit_code;

    if (strcmp(what, "import") == 0)
        return import(argc - 1, argv + 1);
    exit_code = cli_options(argc, argv, options, &usage, &first);
    if (exit_code >= 0)
        return exit_code;
    if (strcmp(what, "lint") == 0 && argc > 2)
        return lint(argc - 2, argv + 2);
    if (strcmp(what, "export") == 0 && argc == 3)
        return export_holidays(argv[2]);
    (void)fprintf(stderr, "synergyflow: calendar expects %s.\n", usage.arguments);
    return CLI_USAGE;
}
