/* `synergyflow bench`: figures of this machine, with a database of their own. */
#include "engine/cli/cli.h"

#include "engine/base/log.h"
#include "engine/cli/bench_timers.h"
#include "engine/cli/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool read_count(const struct cli_option *option, uint64_t absent, uint64_t maximum,
                       uint64_t *ret_count)
{
    const char *text = cli_value(option, NULL);
    char *end;

    *ret_count = absent;
    if (text == NULL)
        return true;
    errno = 0;
    *ret_count = strtoull(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && *ret_count <= maximum && text[0] != '-')
        return true;
    (void)fprintf(stderr, "synergyflow: --%s expects a number up to %llu but found '%s'.\n",
                  option->name, (unsigned long long)maximum, text);
    return false;
}

static double real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static void print_text(const json_t *report)
{
    const json_t *commits = json_object_get(report, "commitMs");
    const json_t *phase;
    size_t i;

    (void)printf("commit latency        p50 %.2f ms, p99 %.2f ms\n", real(commits, "p50"),
                 real(commits, "p99"));
    (void)printf("armed beside          %.0f\n", real(report, "armedBeside"));
    (void)printf("start                 %.0f ms\n\n", real(report, "startMs"));
    (void)printf("%-10s %8s %9s %9s %9s %9s %6s %9s   %s\n", "PHASE", "TIMERS", "p50 ms", "p95 ms",
                 "p99 ms", "max ms", "EARLY", "A SECOND", "USERS: ARM p50/p99, CANCEL p50/p99 ms");
    json_array_foreach (json_object_get(report, "phases"), i, phase) {
        const json_t *late = json_object_get(phase, "latenessMs");
        const json_t *users = json_object_get(phase, "usersMs");

        (void)printf("%-10s %8.0f %9.2f %9.2f %9.2f %9.2f %6.0f %9.0f   %.1f/%.1f, %.1f/%.1f\n",
                     json_string_value(json_object_get(phase, "phase")), real(phase, "fired"),
                     real(late, "p50"), real(late, "p95"), real(late, "p99"), real(late, "max"),
                     real(phase, "early"), real(phase, "perSecond"), real(users, "armP50"),
                     real(users, "armP99"), real(users, "cancelP50"), real(users, "cancelP99"));
    }
    (void)printf("\npeak memory %.1f MiB, visited in vain %.0f, failed firings %.0f\n",
                 real(report, "peakMemoryMiB"), real(report, "visitedInVain"),
                 real(report, "failedFirings"));
    (void)puts("Lateness: from the due time to the commit of the firing, by PostgreSQL's clock.");
}

int cli_bench(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "timers",
        "Measures how late timers are: idle, at half load and in a herd, with the commit latency\n"
        "of the disk beside it, on a private PostgreSQL cluster under a folder that must not be\n"
        "in use. Takes about a minute; --armed 10000000 some more."};
    struct cli_option options[] = {
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {.name = "data", .letter = 'd', .argument = "DIR", .help = "folder (default .bench)"},
        {.name = "idle", .argument = "N", .help = "timers of the idle phase (default 200)"},
        {.name = "half", .argument = "N", .help = "timers at half load (default 40000)"},
        {.name = "herd", .argument = "N", .help = "timers within a second (default 100000)"},
        {.name = "armed", .argument = "N", .help = "rows that are not due (default 0)"},
        {0},
    };
    struct bench_engine engine = {0};
    struct bench_timers timers;
    struct error error = {0};
    json_t *report = NULL;
    const char *folder;
    uint64_t counts[4];
    enum status status;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (first + 1 != argc || strcmp(argv[first], "timers") != 0) {
        (void)fputs("synergyflow: bench expects what is to be measured: timers.\n", stderr);
        return CLI_USAGE;
    }
    if (!read_count(&options[2], 200, 10000, &counts[0]) ||
        !read_count(&options[3], 40000, 1000000, &counts[1]) ||
        !read_count(&options[4], 100000, 1000000, &counts[2]) ||
        !read_count(&options[5], 0, 100000000, &counts[3]))
        return CLI_USAGE;
    timers = (struct bench_timers){(uint32_t)counts[0], (uint32_t)counts[1], (uint32_t)counts[2],
                                   counts[3]};
    folder = cli_value(&options[1], ".bench");
    log_set_level(LOG_WARNING);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return cli_report(
            &(struct error){.status = STATUS_FAILED, .message = "The folder cannot be made."});
    status = bench_engine_prepare(&engine, folder, &error);
    if (status == STATUS_OK)
        status = bench_timers_run(&engine, folder, &timers, &report, &error);
    bench_engine_end(&engine);
    if (status == STATUS_OK && cli_wants_json(&options[0])) {
        (void)json_dumpf(report, stdout, JSON_INDENT(2));
        (void)putchar('\n');
    } else if (status == STATUS_OK) {
        print_text(report);
    }
    json_decref(report);
    return status == STATUS_OK ? CLI_DONE : cli_report(&error);
}
