/* The system's zone files: names, changes, what was handed out before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/zone/zone_files.h"

static int64_t now_us;
static char folder[64];

static int64_t clock_of_test(void)
{
    return now_us;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[256];
    char other[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)snprintf(other, sizeof(other), "%s/new", folder);
    file = fopen(other, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(other, path), 0);
}

/* A zone that is `hours` (one digit) ahead for ever. */
static void write_zone(const char *name, int hours)
{
    unsigned char bytes[256] = "TZif2";
    size_t size = 44;

    for (int block = 0; block < 2; block++) {
        memcpy(bytes + size - 44, "TZif2", 5);
        bytes[size - 44 + 39] = 1; /* one type */
        bytes[size - 44 + 43] = 4; /* four characters */
        bytes[size + 2] = (unsigned char)(hours * 3600 >> 8);
        bytes[size + 3] = (unsigned char)(hours * 3600);
        memcpy(bytes + size + 6, "ABC", 4);
        size += 10 + (block == 0 ? 44 : 0);
    }
    size += (size_t)snprintf((char *)bytes + size, 16, "\nABC-%d\n", hours);
    write_file(name, bytes, size);
}

static const struct zone *load(struct zone_files *files, const char *name)
{
    const struct zone_source *source = zone_files_source(files);
    const struct zone *zone = NULL;
    struct error error = {0};

    if (source->load(source->context, name, &zone, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return zone;
}

static int start(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/zone_files_test.XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int stop(void **state)
{
    static const char *const names[] = {"One", "Two", "UTC", "Text", "Area/Place"};
    char path[256];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/Area", folder);
    (void)rmdir(path);
    return rmdir(folder);
}

static void a_changed_file_is_picked_up(void **state)
{
    struct zone_files *files = zone_files_new(folder, clock_of_test);
    const struct zone *before;
    const struct zone *after;

    (void)state;
    write_zone("One", 1);
    before = load(files, "One");
    assert_int_equal(zone_offset_s(before, 0), 3600);
    assert_string_equal(zone_name(before), "One");
    write_zone("One", 2);
    /* Looked at once a second only. */
    now_us += ZONE_FILES_LOOK_US - 1;
    assert_ptr_equal(load(files, "One"), before);
    now_us += 1;
    after = load(files, "One");
    assert_ptr_not_equal(after, before);
    assert_int_equal(zone_offset_s(after, 0), 7200);
    /* What was handed out is as it was. */
    assert_int_equal(zone_offset_s(before, 0), 3600);
    /* The same bytes again, in a new file: nothing changed. */
    write_zone("One", 2);
    now_us += ZONE_FILES_LOOK_US;
    assert_ptr_equal(load(files, "One"), after);
    zone_files_free(files);
}

static void a_file_that_breaks_leaves_the_zone(void **state)
{
    struct zone_files *files = zone_files_new(folder, clock_of_test);
    const struct zone *zone;
    char path[256];

    (void)state;
    write_zone("Two", 3);
    zone = load(files, "Two");
    write_file("Two", "nonsense", 8);
    now_us += ZONE_FILES_LOOK_US;
    assert_ptr_equal(load(files, "Two"), zone);
    (void)snprintf(path, sizeof(path), "%s/Two", folder);
    assert_int_equal(unlink(path), 0);
    now_us += ZONE_FILES_LOOK_US;
    assert_ptr_equal(load(files, "Two"), zone);
    write_zone("Two", 4);
    now_us += ZONE_FILES_LOOK_US;
    assert_int_equal(zone_offset_s(load(files, "Two"), 0), 4 * 3600);
    zone_files_free(files);
}

static void refuse(struct zone_files *files, const char *name, enum status expected)
{
    const struct zone_source *source = zone_files_source(files);
    const struct zone *zone = NULL;
    struct error error = {0};
    enum status status = source->load(source->context, name, &zone, &error);

    if (status != expected)
        fail_msg("'%s': %s", name, status_name(status));
    assert_string_equal(error.field, "timezone");
    assert_true(strlen(error.message) > 20);
}

static void names_that_are_none_are_refused(void **state)
{
    static const char too_long[] = "A2345678901234567890123456789012345678901234567890"
                                   "123456789012345";
    static const char *const names[] = {
        "",      "/etc/passwd", "../One",  "Area/../One", "./One", "One/",  "Area//One",
        "One\n", "Area",        "Nowhere", "One/Two",     "Öst",   too_long};
    struct zone_files *files = zone_files_new(folder, clock_of_test);
    char path[256];

    (void)state;
    write_zone("One", 1);
    (void)snprintf(path, sizeof(path), "%s/Area", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        refuse(files, names[i], STATUS_NOT_FOUND);
    write_file("Text", "some text that is no zone at all, but long enough for a header", 62);
    refuse(files, "Text", STATUS_INVALID);
    write_zone("Area/Place", 5);
    assert_int_equal(zone_offset_s(load(files, "Area/Place"), 0), 5 * 3600);
    zone_files_free(files);
}

static void utc_needs_no_file(void **state)
{
    struct zone_files *files = zone_files_new("/nowhere", clock_of_test);

    (void)state;
    assert_ptr_equal(load(files, "UTC"), zone_utc());
    assert_int_equal(zone_offset_s(zone_utc(), 0), 0);
    refuse(files, "Europe/Berlin", STATUS_NOT_FOUND);
    zone_files_free(files);
    zone_files_free(NULL);
}

static void the_folder_may_be_set(void **state)
{
    struct zone_files *files;

    (void)state;
    write_zone("One", 6);
    assert_int_equal(setenv("TZDIR", folder, 1), 0);
    files = zone_files_new(NULL, NULL);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(zone_offset_s(load(files, "One"), 0), 6 * 3600);
    zone_files_free(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_file_is_picked_up),
        cmocka_unit_test(a_file_that_breaks_leaves_the_zone),
        cmocka_unit_test(names_that_are_none_are_refused),
        cmocka_unit_test(utc_needs_no_file),
        cmocka_unit_test(the_folder_may_be_set),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
