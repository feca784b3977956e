/* Reading the migration files: names, versions, text and checksums. A file that cannot be a
 * migration is refused, not passed over: a typing error in a name must not lose a migration. The
 * one exception is schema.sql, which may hold the whole schema for readers. */
#include "engine/migrate/migrate_private.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static enum status read_text(const char *path, struct text *text, struct error *ret_error)
{
    FILE *file = fopen(path, "rb");
    enum status status = STATUS_OK;
    size_t got;

    if (file == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND, "%s cannot be read: %s", path,
                         strerror(errno));
    do {
        got = fread(text_reserve(text, 65536), 1, 65536, file);
        text_added(text, got);
    } while (got > 0 && text->length <= MIGRATE_FILE_BYTES_MAX);
    if (ferror(file) != 0)
        status =
            error_set(ret_error, STATUS_FAILED, "%s cannot be read: %s", path, strerror(errno));
    else if (text->length > MIGRATE_FILE_BYTES_MAX)
        status = error_set(ret_error, STATUS_TOO_LARGE, "%s: expected at most %d bytes", path,
                           MIGRATE_FILE_BYTES_MAX);
    (void)fclose(file);
    return status;
}

static enum status load_file(const char *path, const char *script, struct migration_file *file,
                             struct error *ret_error)
{
    struct text text = TEXT_INIT;
    enum status status = read_text(path, &text, ret_error);

    if (status != STATUS_OK)
        goto out;
    if (!migrate_checksum(text_string(&text), text.length, &file->checksum)) {
        status = error_set(ret_error, STATUS_INVALID,
                           "%s: expected UTF-8, but the file has other bytes", script);
        goto out;
    }
    if (strlen(text_string(&text)) != text.length) {
        status = error_set(ret_error, STATUS_INVALID, "%s: expected text, but found a zero byte",
                           script);
        goto out;
    }
    file->sql = memory_copy(text_string(&text) +
                            (strncmp(text_string(&text), "\xEF\xBB\xBF", 3) == 0 ? 3 : 0));
out:
    text_deinit(&text);
    return status;
}

static void file_deinit(struct migration_file *file)
{
    memory_free(file->version);
    memory_free(file->description);
    memory_free(file->script);
    memory_free(file->sql);
}

static enum status add_file(struct migration_files *files, const char *path, const char *script,
                            struct error *ret_error)
{
    const char *slash = strrchr(script, '/');
    struct migration_file file = {0};
    enum status status = migration_name_parse(slash == NULL ? script : slash + 1, &file.version,
                                              &file.description, ret_error);

    if (status != STATUS_OK)
        return status;
    status = load_file(path, script, &file, ret_error);
    if (status == STATUS_OK && strlen(script) > SCRIPT_MAX)
        status = error_set(ret_error, STATUS_INVALID, "%s: expected a path of at most %d bytes",
                           script, SCRIPT_MAX);
    if (status == STATUS_OK && files->count == MIGRATE_FILES_MAX)
        status = error_set(ret_error, STATUS_TOO_LARGE, "expected at most %d migrations",
                           MIGRATE_FILES_MAX);
    if (status != STATUS_OK) {
        file_deinit(&file);
        return status;
    }
    file.script = memory_copy(script);
    if (files->count == files->capacity) {
        files->capacity = files->capacity > 0 ? 2 * files->capacity : 32;
        files->items = memory_resize(files->items, files->capacity * sizeof(*files->items));
    }
    files->items[files->count++] = file;
    return STATUS_OK;
}

static bool is_sql(const char *name)
{
    size_t length = strlen(name);

    return length >= 4 && strcasecmp(name + length - 4, ".sql") == 0 &&
           strcmp(name, "schema.sql") != 0;
}

/* `below` is the path under the migrations' folder, "" for the folder itself. */
static enum status read_folder(struct migration_files *files, const char *folder, const char *below,
                               int depth, struct error *ret_error)
{
    struct text path = TEXT_INIT;
    struct text script = TEXT_INIT;
    enum status status = STATUS_OK;
    struct dirent *entry;
    DIR *stream;

    text_append_format(&path, "%s/%s", folder, below);
    stream = opendir(text_string(&path));
    if (stream == NULL) {
        status =
            error_set(ret_error, STATUS_NOT_FOUND, "expected a folder of migrations at %s, but: %s",
                      text_string(&path), strerror(errno));
        text_deinit(&path);
        return status;
    }
    while (status == STATUS_OK && (entry = readdir(stream)) != NULL) {
        struct stat about;

        if (entry->d_name[0] == '.')
            continue;
        text_clear(&script);
        text_append_format(&script, "%s%s%s", below, below[0] == '\0' ? "" : "/", entry->d_name);
        text_clear(&path);
        text_append_format(&path, "%s/%s", folder, text_string(&script));
        if (stat(text_string(&path), &about) != 0)
            status = error_set(ret_error, STATUS_NOT_FOUND, "%s cannot be read: %s",
                               text_string(&path), strerror(errno));
        else if (S_ISDIR(about.st_mode) && depth == MIGRATE_FOLDER_DEPTH_MAX)
            status = error_set(ret_error, STATUS_TOO_LARGE, "%s lies more than %d folders deep",
                               text_string(&path), MIGRATE_FOLDER_DEPTH_MAX);
        else if (S_ISDIR(about.st_mode))
            status = read_folder(files, folder, text_string(&script), depth + 1, ret_error);
        else if (is_sql(entry->d_name))
            status = add_file(files, text_string(&path), text_string(&script), ret_error);
    }
    (void)closedir(stream);
    text_deinit(&path);
    text_deinit(&script);
    return status;
}

static int compare_files(const void *a, const void *b)
{
    const struct migration_file *left = a;
    const struct migration_file *right = b;
    int order = migration_version_compare(left->version, right->version);

    return order != 0 ? order : strcmp(left->script, right->script);
}

enum status migration_files_read(const char *folder, struct migration_files *ret_files,
                                 struct error *ret_error)
{
    struct migration_files files = {0};
    enum status status = read_folder(&files, folder, "", 1, ret_error);

    if (status == STATUS_OK && files.count > 1)
        qsort(files.items, files.count, sizeof(*files.items), compare_files);
    for (uint32_t i = 1; i < files.count && status == STATUS_OK; i++) {
        const struct migration_file *previous = &files.items[i - 1];
        const struct migration_file *file = &files.items[i];

        if (migration_version_compare(previous->version, file->version) == 0)
            status = error_set(ret_error, STATUS_INVALID,
                               "%s and %s have the same version %s; give one of them another",
                               previous->script, file->script, file->version);
    }
    if (status != STATUS_OK)
        migration_files_deinit(&files);
    else
        *ret_files = files;
    return status;
}

void migration_files_deinit(struct migration_files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        file_deinit(&files->items[i]);
    memory_free(files->items);
    *files = (struct migration_files){0};
}
