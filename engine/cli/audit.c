/* `synergyflow audit`: what auditors do. verify and export read a database, verify --files only
 * files; none of them changes a row. */
#include "engine/cli/cli.h"

#include "bpmn/base/memory.h"
#include "bpmn/iso8601.h"
#include "engine/audit/archive.h"
#include "engine/audit/verify.h"
#include "engine/base/clock.h"
#include "engine/cli/option.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_KEYS,
    OPTION_DATABASE,
    OPTION_FROM,
    OPTION_TO,
    OPTION_FILES,
    OPTION_OUT,
    OPTION_OUTPUT,
    CONNECTIONS = 3, /* two chunks, and one for questions */
    FILES_MAX = 100000,
};

struct audit_command {
    uv_loop_t loop;
    struct pg_pool *pool;
    struct audit_keys *keys;
    struct audit_archive *archive; /* export only */
    struct audit_verdict verdict;
    enum status status;
    struct error error;
};

/* ---- the database ---- */

static enum status on_seal(void *context, const struct audit_seal *seal,
                           const uint8_t before[AUDIT_HASH_BYTES], const struct audit_row *rows,
                           int64_t count, struct error *ret_error)
{
    struct audit_command *command = context;

    return audit_archive_add(command->archive, seal, before, rows, count, ret_error);
}

static void on_closed(void *context)
{
    (void)context; /* the loop has nothing left, and ends */
}

static void on_done(void *context, const struct audit_verdict *verdict, enum status status,
                    const struct error *error)
{
    struct audit_command *command = context;

    command->verdict = *verdict;
    command->status = status;
    if (status != STATUS_OK)
        command->error = *error;
    pg_pool_close(command->pool, on_closed, command);
}

static enum status read_instant(const struct cli_option *option, int64_t absent_us, int64_t *ret_us,
                                struct error *ret_error)
{
    const char *text = cli_value(option, NULL);

    *ret_us = absent_us;
    if (text == NULL)
        return STATUS_OK;
    if (iso8601_parse_instant(text, ret_us, ret_error) != STATUS_OK)
        return error_prefix(ret_error, "--%s", option->name);
    return STATUS_OK;
}

static enum status verify_database(struct audit_command *command, const struct cli_option *options)
{
    const char *database = getenv("SYNERGYFLOW_DATABASE");
    struct pg_pool_settings pool = {.conninfo = cli_value(&options[OPTION_DATABASE], database),
                                    .connections = CONNECTIONS,
                                    .waiting_max = 2 * CONNECTIONS};
    struct audit_verify_settings settings = {
        .loop = &command->loop,
        .keys = command->keys,
        .on_seal = command->archive != NULL ? on_seal : NULL,
        .on_done = on_done,
        .context = command,
    };
    int result;

    if (pool.conninfo == NULL || pool.conninfo[0] == '\0')
        return error_set(&command->error, STATUS_INVALID,
                         "Expected --database or SYNERGYFLOW_DATABASE to hold a connection "
                         "string.");
    if (read_instant(&options[OPTION_FROM], 0, &settings.from_us, &command->error) != STATUS_OK ||
        read_instant(&options[OPTION_TO], AUDIT_TO_THE_END, &settings.to_us, &command->error) !=
            STATUS_OK ||
        audit_keys_read_head(command->keys, &settings.known, &command->error) != STATUS_OK)
        return command->error.status;
    result = uv_loop_init(&command->loop);
    INVARIANT(result == 0);
    command->pool = settings.pool = pg_pool_new(&command->loop, &pool);
    audit_verify(&settings);
    (void)uv_run(&command->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&command->loop);
    return command->status;
}

/* ---- files ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_archive_name(const char *name)
{
    size_t length = strlen(name);
    static const char end[] = ".jsonl.gz";

    return strncmp(name, "audit-", 6) == 0 && length > sizeof(end) &&
           strcmp(name + length - (sizeof(end) - 1), end) == 0;
}

/* The names are made so that their order is that of the seals. */
static enum status verify_files(struct audit_command *command, const char *folder,
                                uint32_t *ret_files)
{
    DIR *directory = opendir(folder);
    char **names = memory_zero(FILES_MAX, sizeof(*names));
    const struct dirent *entry;
    enum status status = STATUS_OK;
    uint32_t count = 0;

    while (directory != NULL && count < FILES_MAX && (entry = readdir(directory)) != NULL) {
        if (is_archive_name(entry->d_name))
            names[count++] = memory_copy(entry->d_name);
    }
    if (directory != NULL)
        (void)closedir(directory);
    qsort(names, count, sizeof(*names), compare_names);
    if (count == 0)
        status = error_set(&command->error, STATUS_NOT_FOUND,
                           "Expected files audit-….jsonl.gz in %.400s but found none.", folder);
    for (uint32_t i = 0; i < count; i++) {
        char path[4096];

        (void)snprintf(path, sizeof(path), "%.3000s/%.255s", folder, names[i]);
        if (status == STATUS_OK && command->verdict.fault == AUDIT_INTACT)
            status = audit_archive_verify(path, command->keys, &command->verdict, &command->error);
        memory_free(names[i]);
    }
    memory_free(names);
    *ret_files = count;
    return status;
}

/* ---- answers ---- */

static int print(const struct audit_command *command, uint32_t files, int64_t took_us, bool as_json)
{
    const struct audit_verdict *verdict = &command->verdict;
    bool intact = verdict->fault == AUDIT_INTACT;
    char chain[2 * AUDIT_HASH_BYTES + 1];
    double seconds = (double)took_us / 1e6;

    audit_hex(verdict->head.chain, AUDIT_HASH_BYTES, chain);
    if (as_json) {
        json_t *json =
            json_pack("{s:b, s:s, s:I, s:I, s:I, s:s, s:i, s:f}", "intact", intact, "fault",
                      audit_fault_name(verdict->fault), "seals", (json_int_t)verdict->seals, "rows",
                      (json_int_t)verdict->rows, "lastSeal", (json_int_t)verdict->head.seal_id,
                      "chain", chain, "files", (int)files, "seconds", seconds);

        if (!intact) {
            (void)json_object_set_new(json, "sealId", json_integer(verdict->seal_id));
            if (verdict->event_id != 0)
                (void)json_object_set_new(json, "eventId", json_integer(verdict->event_id));
            (void)json_object_set_new(json, "detail", json_string(verdict->sentence));
        }
        (void)json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        (void)putchar('\n');
        json_decref(json);
    } else if (intact) {
        (void)printf("Intact: %lld rows in %lld seals, up to seal %lld (%.16s…), in %.1f s.\n",
                     (long long)verdict->rows, (long long)verdict->seals,
                     (long long)verdict->head.seal_id, chain, seconds);
        if (files > 0)
            (void)printf("%u file%s.\n", (unsigned)files, files == 1 ? "" : "s");
    } else {
        (void)printf("NOT INTACT (%s): %s\n%lld rows in %lld seals before it are intact.\n",
                     audit_fault_name(verdict->fault), verdict->sentence, (long long)verdict->rows,
                     (long long)verdict->seals);
    }
    return intact ? CLI_DONE : CLI_FAILED;
}

/* ---- what may follow `audit` ---- */

static int rotate(const char *folder)
{
    char id[AUDIT_KEY_ID_MAX + 1];
    struct error error = {0};

    if (audit_keys_rotate(folder, id, &error) != STATUS_OK)
        return cli_report(&error);
    (void)printf("New seals are made with the key %s; keep the older ones, they verify what they "
                 "sealed.\n",
                 id);
    return CLI_DONE;
}

static int verify_or_export(bool is_export, const char *folder, const struct cli_option *options)
{
    struct audit_command command = {.status = STATUS_OK};
    const char *files = cli_value(&options[OPTION_FILES], NULL);
    int64_t began_us = clock_monotonic_us();
    uint32_t count = 0;
    enum status status = audit_keys_open(folder, &command.keys, &command.error);

    if (status == STATUS_OK && is_export)
        command.archive = audit_archive_new(cli_value(&options[OPTION_OUT], "."), command.keys);
    if (status == STATUS_OK)
        status = files != NULL ? verify_files(&command, files, &count)
                               : verify_database(&command, options);
    if (status == STATUS_OK && is_export && command.verdict.fault == AUDIT_INTACT) {
        status = audit_archive_finish(command.archive, &command.error);
        count = audit_archive_files(command.archive);
    }
    audit_archive_free(command.archive);
    audit_keys_free(command.keys);
    if (status != STATUS_OK)
        return cli_report(&command.error);
    return print(&command, count, clock_monotonic_us() - began_us,
                 cli_wants_json(&options[OPTION_OUTPUT]));
}

int cli_audit(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "verify | export | rotate",
        "verify  holds the audit trail against its seals, and names the first row or seal that\n"
        "        was altered, removed or inserted; with --files, files of the archive\n"
        "export  verifies, and writes signed files for the archive\n"
        "rotate  makes a new key, with which the next seals are made\n"
        "for example\n"
        "  synergyflow audit verify --keys /etc/synergyflow/audit-keys --from "
        "2026-11-01T00:00:00Z\n"
        "  synergyflow audit export --keys … --to 2026-12-01T00:00:00Z --out /archive/2026-11\n"
        "  synergyflow audit verify --keys … --files /archive/2026-11\n"
        "Exit code 1 when something is not intact."};
    struct cli_option options[] = {
        {.name = "keys",
         .letter = 'k',
         .argument = "DIR",
         .help = "folder of the keys (SYNERGYFLOW_AUDIT_KEYS)"},
        {.name = "database",
         .letter = 'd',
         .argument = "CONNINFO",
         .help = "connection string, of the engine's role (SYNERGYFLOW_DATABASE)"},
        {.name = "from", .argument = "DATE", .help = "only what was sealed from then on"},
        {.name = "to", .argument = "DATE", .help = "only what was sealed before"},
        {.name = "files", .argument = "DIR", .help = "verify: files of the archive"},
        {.name = "out", .argument = "DIR", .help = "export: where the files go (default: here)"},
        {.name = "output", .letter = 'o', .argument = "text|json", .help = "form of the output"},
        {0},
    };
    const char *folder;
    const char *verb;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    verb = first + 1 == argc ? argv[first] : "";
    if (strcmp(verb, "verify") != 0 && strcmp(verb, "export") != 0 && strcmp(verb, "rotate") != 0) {
        (void)fputs("synergyflow: audit expects verify, export or rotate.\n", stderr);
        return CLI_USAGE;
    }
    folder = cli_value(&options[OPTION_KEYS], getenv("SYNERGYFLOW_AUDIT_KEYS"));
    if (folder == NULL || folder[0] == '\0') {
        (void)fputs("synergyflow: audit expects --keys or SYNERGYFLOW_AUDIT_KEYS with the folder "
                    "of the keys.\n",
                    stderr);
        return CLI_USAGE;
    }
    if (strcmp(verb, "rotate") == 0)
        return rotate(folder);
    return verify_or_export(strcmp(verb, "export") == 0, folder, options);
}
