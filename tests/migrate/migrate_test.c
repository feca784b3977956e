/* The migration runner against a real server: what it applies, what it refuses, what it leaves. */
#include "engine/migrate/migrate.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "tests/support/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 256, SQL_BYTES = 512 };

struct fixture {
    struct test_database *database;
    char folder[PATH_BYTES];
    struct migrate_settings settings;
    struct migrate_report report;
    struct error error;
};

static int setup(void **state)
{
    struct fixture *f = memory_zero(1, sizeof(*f));

    f->database = test_database_new(false);
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/synergyflow-migrations.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    f->settings.conninfo = test_database_conninfo(f->database);
    f->settings.folder = f->folder;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[PATH_BYTES + 16];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    test_database_free(f->database);
    memory_free(f);
    return 0;
}

static void write_bytes(struct fixture *f, const char *name, const char *bytes, size_t length)
{
    char path[2 * PATH_BYTES];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_file(struct fixture *f, const char *name, const char *sql)
{
    write_bytes(f, name, sql, strlen(sql));
}

static void remove_file(struct fixture *f, const char *name)
{
    char path[2 * PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(unlink(path), 0);
}

static enum status migrate(struct fixture *f)
{
    error_clear(&f->error);
    return migrate_run(&f->settings, &f->report, &f->error);
}

static void must_migrate(struct fixture *f)
{
    if (migrate(f) != STATUS_OK)
        fail_msg("%s", f->error.message);
}

static enum status validate(struct fixture *f)
{
    error_clear(&f->error);
    return migrate_validate(&f->settings, &f->report, &f->error);
}

static void assert_sql(struct fixture *f, const char *sql, const char *expected)
{
    assert_string_equal(test_database_sql(f->database, sql), expected);
}

static void assert_message(const struct fixture *f, const char *part)
{
    if (strstr(f->error.message, part) == NULL)
        fail_msg("expected \"%s\" in \"%s\"", part, f->error.message);
}

/* ---- checksums ---- */

static void assert_checksum(const char *bytes, size_t length, int32_t expected)
{
    int32_t checksum = 1;

    assert_true(migrate_checksum(bytes, length, &checksum));
    assert_int_equal(checksum, expected);
}

static void checksums_are_flyway_s(void **state)
{
    static const char unix_lines[] =
        "CREATE TABLE person (\n    id INT NOT NULL,\n    name VARCHAR(100)\n);\n";
    static const char dos_lines[] =
        "\xEF\xBB\xBF"
        "CREATE TABLE person (\r\n    id INT NOT NULL,\r\n    name VARCHAR(100)\r\n);\r\n";
    static const char mac_lines[] =
        "CREATE TABLE person (\r    id INT NOT NULL,\r    name VARCHAR(100)\r);\r";
    static const char umlauts[] = "INSERT INTO t VALUES ('Grüße – €uro 😀');\nSELECT 1;";
    static const char blanks[] = "SELECT 1;  \n\t\n";

    (void)state;
    assert_checksum(unix_lines, strlen(unix_lines), 1452784354);
    assert_checksum(dos_lines, strlen(dos_lines), 1452784354);
    assert_checksum(mac_lines, strlen(mac_lines), 1452784354);
    assert_checksum(umlauts, strlen(umlauts), -1490378261);
    assert_checksum(blanks, strlen(blanks), -1611242572);
    assert_checksum("SELECT 1;  \t", 12, -1611242572);
    assert_checksum("", 0, 0);
    assert_checksum("\n\n\n", 3, 0);
    assert_checksum("\xEF\xBB\xBF", 3, 0);
}

static void invalid_utf8_has_no_checksum(void **state)
{
    static const char *const samples[] = {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "a\x80", "\xE2\x82"};
    int32_t checksum;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++)
        assert_false(migrate_checksum(samples[i], strlen(samples[i]), &checksum));
}

/* ---- applying ---- */

static void a_fresh_database_gets_everything_and_a_second_run_nothing(void **state)
{
    struct fixture *f = *state;
    const char *history;

    f->settings.folder = SOURCE_FOLDER "/migrations";
    must_migrate(f);
    assert_true(f->report.applied >= 10);
    assert_int_equal(f->report.already, 0);
    history = test_database_sql(f->database,
                                "SELECT string_agg(concat_ws('|', installed_rank, version, type, "
                                "success, installed_by), ' ' ORDER BY installed_rank) FROM "
                                "(SELECT * FROM flyway_schema_history ORDER BY installed_rank "
                                "LIMIT 3) AS h");
    assert_string_equal(history, "1|001|SQL|t|postgres 2|002|SQL|t|postgres 3|003|SQL|t|postgres");
    assert_sql(f, "SELECT description FROM flyway_schema_history WHERE version = '008'",
               "create event publication schema");
    assert_sql(f, "SELECT script FROM flyway_schema_history WHERE version = '010'",
               "V010__insert_initial_data.sql");
    assert_int_equal(validate(f), STATUS_OK);
    must_migrate(f);
    assert_int_equal(f->report.applied, 0);
    assert_true(f->report.already >= 10);
}

static void the_history_table_is_flyway_s(void **state)
{
    struct fixture *f = *state;

    must_migrate(f); /* an empty folder */
    assert_string_equal(f->report.version, "");
    assert_sql(f,
               "SELECT string_agg(column_name || ' ' || data_type || coalesce('(' || "
               "character_maximum_length || ')', '') || ' ' || is_nullable || "
               "coalesce(' ' || column_default, ''), ', ' ORDER BY ordinal_position) FROM "
               "information_schema.columns WHERE table_schema = 'public' AND table_name = "
               "'flyway_schema_history'",
               "installed_rank integer NO, version character varying(50) YES, description "
               "character varying(200) NO, type character varying(20) NO, script character "
               "varying(1000) NO, checksum integer YES, installed_by character varying(100) NO, "
               "installed_on timestamp without time zone NO now(), execution_time integer NO, "
               "success boolean NO");
    assert_sql(f,
               "SELECT string_agg(indexdef, '; ' ORDER BY indexname) FROM pg_indexes WHERE "
               "tablename = 'flyway_schema_history'",
               "CREATE UNIQUE INDEX flyway_schema_history_pk ON public.flyway_schema_history USING "
               "btree (installed_rank); CREATE INDEX flyway_schema_history_s_idx ON "
               "public.flyway_schema_history USING btree (success)");
}

static void versions_are_applied_in_numeric_order(void **state)
{
    struct fixture *f = *state;
    char folder[PATH_BYTES + 8];

    (void)snprintf(folder, sizeof(folder), "%s/sub", f->folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    write_file(f, "V10__ten.sql", "INSERT INTO steps VALUES ('10')");
    write_file(f, "V9__nine.SQL", "INSERT INTO steps VALUES ('9')");
    write_file(f, "V1__one.sql",
               "\xEF\xBB\xBF"
               "CREATE TABLE steps (step text); INSERT INTO steps VALUES ('1')");
    write_file(f, "V1_1.sql", "INSERT INTO steps VALUES ('1.1')");
    write_file(f, "sub/V002.0.1__deep_down.sql", "INSERT INTO steps VALUES ('2.0.1')");
    write_file(f, "V99999999999999999999__far.sql", "INSERT INTO steps VALUES ('far')");
    write_file(f, "schema.sql", "this is for readers");
    write_file(f, "README.md", "so is this");
    must_migrate(f);
    assert_sql(f, "SELECT string_agg(step, ' ' ORDER BY ctid) FROM steps", "1 1.1 2.0.1 9 10 far");
    assert_string_equal(f->report.version, "99999999999999999999");
    assert_sql(f,
               "SELECT string_agg(concat_ws('|', version, description, script), ' ; ' ORDER BY "
               "installed_rank) FROM flyway_schema_history WHERE installed_rank <= 3",
               "1|one|V1__one.sql ; 1.1||V1_1.sql ; 002.0.1|deep down|sub/V002.0.1__deep_down.sql");
}

static void a_failed_migration_leaves_nothing_and_says_where(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__good.sql", "CREATE TABLE good ()");
    write_file(f, "V2__bad.sql",
               "-- ä comment with ünïcode\nCREATE TABLE half ();\n\n"
               "INSERT INTO half (nothing) VALUES (1);\n");
    assert_int_equal(migrate(f), STATUS_FAILED);
    assert_message(f, "V2__bad.sql, line 4: ");
    assert_message(f, "\"nothing\"");
    assert_message(f, "42703");
    assert_int_equal(f->error.line, 4);
    assert_sql(f, "SELECT to_regclass('half') IS NULL AND to_regclass('good') IS NOT NULL", "t");
    assert_sql(f, "SELECT count(*) FROM flyway_schema_history", "1");
    /* Put right, it goes on from there. */
    write_file(f, "V2__bad.sql", "CREATE TABLE half ()");
    must_migrate(f);
    assert_int_equal(f->report.applied, 1);
    assert_int_equal(f->report.already, 1);
}

static void what_cannot_run_in_a_transaction_is_refused(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__a.sql", "CREATE TABLE a (id int);");
    write_file(f, "V2__b.sql", "CREATE INDEX CONCURRENTLY b ON a (id);");
    assert_int_equal(migrate(f), STATUS_FAILED);
    assert_message(f, "V2__b.sql");
    write_file(f, "V2__b.sql", "COMMIT; CREATE TABLE c (); BEGIN;");
    assert_int_equal(migrate(f), STATUS_FAILED);
    assert_message(f, "ends the transaction");
    assert_sql(f, "SELECT count(*) FROM flyway_schema_history", "1");
    write_file(f, "V2__b.sql", "COPY a FROM STDIN;");
    assert_int_equal(migrate(f), STATUS_FAILED);
    assert_message(f, "COPY");
}

/* ---- refusing ---- */

static void a_changed_file_is_refused_with_both_checksums(void **state)
{
    struct fixture *f = *state;
    char expected[SQL_BYTES];
    int32_t before = 0;
    int32_t after = 0;

    assert_true(migrate_checksum("SELECT 1", 8, &before));
    assert_true(migrate_checksum("SELECT 2", 8, &after));
    write_file(f, "V1__one.sql", "SELECT 1");
    must_migrate(f);
    write_file(f, "V1__one.sql", "SELECT 2");
    write_file(f, "V2__two.sql", "CREATE TABLE two ()");
    assert_int_equal(migrate(f), STATUS_CONFLICT);
    (void)snprintf(expected, sizeof(expected), "(checksum of the file %d, as applied %d)", after,
                   before);
    assert_message(f, "V1__one.sql was changed");
    assert_message(f, expected);
    assert_sql(f, "SELECT to_regclass('two') IS NULL", "t");
    assert_int_equal(validate(f), STATUS_CONFLICT);
    assert_message(f, expected);
    write_file(f, "V1__one.sql", "SELECT 1\n"); /* line ends do not count */
    must_migrate(f);
}

static void a_renamed_file_is_refused(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__one.sql", "SELECT 1");
    must_migrate(f);
    remove_file(f, "V1__one.sql");
    write_file(f, "V1__uno.sql", "SELECT 1");
    assert_int_equal(migrate(f), STATUS_CONFLICT);
    assert_message(f, "V1__uno.sql was changed");
}

static void a_missing_file_is_refused(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__one.sql", "SELECT 1");
    write_file(f, "V2__two.sql", "SELECT 2");
    must_migrate(f);
    remove_file(f, "V2__two.sql");
    assert_int_equal(migrate(f), STATUS_CONFLICT);
    assert_message(f, "V2__two.sql was applied, but there is no such file");
    assert_message(f, "checksum of the file none, as applied ");
}

static void a_file_out_of_order_is_refused(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__one.sql", "SELECT 1");
    write_file(f, "V3__three.sql", "SELECT 3");
    must_migrate(f);
    write_file(f, "V2__two.sql", "CREATE TABLE two ()");
    assert_int_equal(migrate(f), STATUS_CONFLICT);
    assert_message(f, "V2__two.sql is new, but a later version is applied already");
    assert_message(f, "as applied none");
    assert_sql(f, "SELECT to_regclass('two') IS NULL", "t");
}

static void a_failed_row_is_refused(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__one.sql", "SELECT 1");
    must_migrate(f);
    (void)test_database_sql(f->database, "UPDATE flyway_schema_history SET success = false");
    assert_int_equal(migrate(f), STATUS_CONFLICT);
    assert_message(f, "V1__one.sql is recorded as failed");
}

static void two_files_of_one_version_are_refused(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__one.sql", "SELECT 1");
    write_file(f, "V01.0__uno.sql", "SELECT 1");
    assert_int_equal(migrate(f), STATUS_INVALID);
    assert_message(f, "V01.0__uno.sql and V1__one.sql have the same version");
}

static void names_and_bytes_that_are_no_migration_are_refused(void **state)
{
    static const char *const names[] = {"v1__lower.sql",  "V1a__letter.sql",   "V1..2__dots.sql",
                                        "V1-2__dash.sql", "R__repeatable.sql", "V__none.sql"};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        write_file(f, names[i], "SELECT 1");
        assert_int_equal(migrate(f), STATUS_INVALID);
        assert_message(f, names[i]);
        remove_file(f, names[i]);
    }
    write_bytes(f, "V1__latin.sql", "SELECT '\xE4'", 10);
    assert_int_equal(migrate(f), STATUS_INVALID);
    assert_message(f, "V1__latin.sql: expected UTF-8");
    write_bytes(f, "V1__latin.sql", "SELECT 1\0;", 10);
    assert_int_equal(migrate(f), STATUS_INVALID);
    assert_message(f, "zero byte");
}

static void validation_wants_everything_applied(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__one.sql", "SELECT 1");
    assert_int_equal(validate(f), STATUS_CONFLICT);
    assert_message(f, "V1__one.sql is not applied yet");
    assert_sql(f, "SELECT to_regclass('flyway_schema_history') IS NULL", "t");
    must_migrate(f);
    assert_int_equal(validate(f), STATUS_OK);
    assert_string_equal(f->report.version, "1");
}

static void a_folder_or_a_server_that_is_not_there_is_reported(void **state)
{
    struct fixture *f = *state;

    f->settings.conninfo = "host=/nowhere/at/all password=hunter2";
    assert_int_equal(migrate(f), STATUS_UNAVAILABLE);
    assert_null(strstr(f->error.message, "hunter"));
    f->settings.conninfo = "hunter2";
    assert_int_equal(migrate(f), STATUS_INVALID);
    assert_null(strstr(f->error.message, "hunter"));
    f->settings.folder = "/nowhere/at/all";
    assert_int_equal(migrate(f), STATUS_NOT_FOUND);
    assert_message(f, "/nowhere/at/all");
}

/* ---- Flyway's other rows ---- */

static void rows_of_flyway_s_other_commands_are_understood(void **state)
{
    struct fixture *f = *state;

    must_migrate(f);
    (void)test_database_sql(f->database,
                            "INSERT INTO flyway_schema_history VALUES"
                            " (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '\"public\"', "
                            "NULL, 'x', now(), 0, true),"
                            " (1, '2', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline "
                            ">>', NULL, 'x', now(), 0,"
                            "  true),"
                            " (2, '3', 'gone', 'SQL', 'V3__gone.sql', 5, 'x', now(), 0, true),"
                            " (3, '3', 'gone', 'DELETE', 'V3__gone.sql', 5, 'x', now(), 0, true)");
    write_file(f, "V1__before_the_baseline.sql", "CREATE TABLE never ()");
    write_file(f, "V4__after.sql", "CREATE TABLE after_it ()");
    must_migrate(f);
    assert_int_equal(f->report.applied, 1);
    assert_sql(f, "SELECT to_regclass('never') IS NULL AND to_regclass('after_it') IS NOT NULL",
               "t");
    assert_sql(f, "SELECT max(installed_rank) FROM flyway_schema_history", "4");
}

static void the_list_shows_every_state(void **state)
{
    struct fixture *f = *state;
    struct migrate_list list = {0};
    struct text text = TEXT_INIT;

    write_file(f, "V1__kept.sql", "SELECT 1");
    write_file(f, "V2__changed.sql", "SELECT 2");
    write_file(f, "V4__missing.sql", "SELECT 4");
    must_migrate(f);
    write_file(f, "V2__changed.sql", "SELECT 22");
    remove_file(f, "V4__missing.sql");
    write_file(f, "V3__late.sql", "SELECT 3");
    write_file(f, "V5__next.sql", "SELECT 5");
    assert_int_equal(migrate_info(&f->settings, &list, &f->error), STATUS_OK);
    for (uint32_t i = 0; i < list.count; i++) {
        const struct migrate_entry *entry = &list.items[i];

        text_append_format(&text, "%s %s %s%s\n", entry->version, entry->description,
                           migrate_state_text(entry->state),
                           entry->installed_on != NULL ? " applied" : "");
    }
    assert_string_equal(text_string(&text), "1 kept applied applied\n"
                                            "2 changed changed applied\n"
                                            "3 late out of order\n"
                                            "4 missing missing applied\n"
                                            "5 next pending\n");
    text_deinit(&text);
    migrate_list_deinit(&list);
}

/* ---- concurrent runners ---- */

static void runners_exclude_each_other(void **state)
{
    enum { RUNNERS = 4, FILES = 12 };
    struct fixture *f = *state;
    pid_t runners[RUNNERS];

    for (int i = 1; i <= FILES; i++) {
        char name[32];
        char sql[SQL_BYTES];

        (void)snprintf(name, sizeof(name), "V%d__step.sql", i);
        (void)snprintf(sql, sizeof(sql), "CREATE TABLE step_%d (); SELECT pg_sleep(0.005);", i);
        write_file(f, name, sql);
    }
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = fork();
        assert_true(runners[i] >= 0);
        if (runners[i] == 0)
            _exit(migrate(f) == STATUS_OK ? 0 : 1);
    }
    for (int i = 0; i < RUNNERS; i++) {
        int result = -1;

        assert_int_equal(waitpid(runners[i], &result, 0), runners[i]);
        assert_true(WIFEXITED(result));
        assert_int_equal(WEXITSTATUS(result), 0);
    }
    assert_sql(f, "SELECT count(*) FROM flyway_schema_history", "12");
    assert_sql(f, "SELECT max(installed_rank) FROM flyway_schema_history", "12");
}

/* Flyway waits for us, and we for it: the lock is the same. */
static void the_lock_is_flyway_s(void **state)
{
    struct fixture *f = *state;

    write_file(f, "V1__look.sql",
               "CREATE TABLE seen AS SELECT classid::bigint, objid::bigint FROM pg_locks WHERE "
               "locktype = 'advisory' AND pid = pg_backend_pid() AND granted");
    must_migrate(f);
    assert_sql(f, "SELECT (classid << 32) | objid FROM seen", "77433833903597");
    assert_sql(f,
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT "
               "oid FROM pg_database WHERE datname = current_database())",
               "0");
}

#define WITH_DATABASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_flyway_s),
        cmocka_unit_test(invalid_utf8_has_no_checksum),
        WITH_DATABASE(a_fresh_database_gets_everything_and_a_second_run_nothing),
        WITH_DATABASE(the_history_table_is_flyway_s),
        WITH_DATABASE(versions_are_applied_in_numeric_order),
        WITH_DATABASE(a_failed_migration_leaves_nothing_and_says_where),
        WITH_DATABASE(what_cannot_run_in_a_transaction_is_refused),
        WITH_DATABASE(a_changed_file_is_refused_with_both_checksums),
        WITH_DATABASE(a_renamed_file_is_refused),
        WITH_DATABASE(a_missing_file_is_refused),
        WITH_DATABASE(a_file_out_of_order_is_refused),
        WITH_DATABASE(a_failed_row_is_refused),
        WITH_DATABASE(two_files_of_one_version_are_refused),
        WITH_DATABASE(names_and_bytes_that_are_no_migration_are_refused),
        WITH_DATABASE(validation_wants_everything_applied),
        WITH_DATABASE(a_folder_or_a_server_that_is_not_there_is_reported),
        WITH_DATABASE(rows_of_flyway_s_other_commands_are_understood),
        WITH_DATABASE(the_list_shows_every_state),
        WITH_DATABASE(runners_exclude_each_other),
        WITH_DATABASE(the_lock_is_flyway_s),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
