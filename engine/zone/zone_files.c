/* See zone_files.h. */
#include "engine/zone/zone_files.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

enum { ARENA_BYTES = 64 * 1024 * 1024, READ_BYTES = 8192 };

/* What tells that a file is another one than before. */
struct mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

/* A name, and the zone that is handed out for it now. */
struct entry {
    char name[ZONE_NAME_MAX + 1];
    const struct zone *zone;
    char *bytes; /* what the zone was read from */
    size_t size;
    struct mark mark;
    int64_t looked_us;
    UT_hash_handle hh;
};

struct zone_files {
    char folder[ZONE_FILES_PATH_BYTES];
    int64_t (*monotonic_us)(void);
    struct entry *entries;
    uint32_t count;        /* zones in `arena` */
    struct arena *arena;   /* the zones, all that were ever handed out */
    struct arena *scratch; /* of a zone that may be refused */
    struct zone_source source;
};

/* ---- names and files ---- */

static bool is_name(const char *name)
{
    size_t length = strlen(name);

    if (length < 1 || length > ZONE_NAME_MAX || name[0] == '/' || name[length - 1] == '/')
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '+' || c == '-' || c == '_' || c == '/'))
            return false;
        if (c == '/' && name[i + 1] == '/')
            return false;
    }
    return true;
}

static bool path_of(const struct zone_files *files, const char *name,
                    char ret_path[ZONE_FILES_PATH_BYTES])
{
    int length = snprintf(ret_path, ZONE_FILES_PATH_BYTES, "%s/%s", files->folder, name);

    return length > 0 && length < ZONE_FILES_PATH_BYTES;
}

static struct mark mark_of(const struct stat *status)
{
    return (struct mark){status->st_dev, status->st_ino, status->st_size, status->st_mtim};
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

static enum status not_found(struct error *error, const char *name, const char *why)
{
    return error_set_field(error, STATUS_NOT_FOUND, "timezone",
                           "Expected the name of a time zone such as 'Europe/Vienna' but found "
                           "'%.64s': %s.",
                           name, why);
}

static enum status read_bytes(int file, const char *name, struct text *ret_text,
                              struct error *error)
{
    ssize_t got;

    while ((got = read(file, text_reserve(ret_text, READ_BYTES), READ_BYTES)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return not_found(error, name, strerror(errno));
        text_added(ret_text, (size_t)got);
        if (ret_text->length > ZONE_BYTES_MAX)
            return not_found(error, name, "its file is too large for time zone data");
    }
    return STATUS_OK;
}

static enum status read_file(const struct zone_files *files, const char *name,
                             struct text *ret_text, struct mark *ret_mark, struct error *error)
{
    char path[ZONE_FILES_PATH_BYTES];
    struct stat about;
    enum status status;
    int file;

    if (!path_of(files, name, path))
        return not_found(error, name, "the folder of time zones has too long a path");
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return not_found(
            error, name,
            errno == ENOENT || errno == ENOTDIR
                ? "the system's time zone data (Debian package tzdata) has no such name"
                : strerror(errno));
    }
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        status = not_found(error, name, "that is no file of time zone data");
    } else {
        *ret_mark = mark_of(&about);
        status = read_bytes(file, name, ret_text, error);
    }
    (void)close(file);
    return status;
}

/* ---- zones ---- */

/* Keeps a zone for good, or says why its bytes are none. */
static enum status parse(struct zone_files *files, const char *name, const struct text *text,
                         const struct zone **ret_zone, struct error *error)
{
    enum status status;

    arena_clear(files->scratch);
    status = zone_parse(files->scratch, name, text_string(text), text->length, ret_zone, error);
    if (status != STATUS_OK)
        return status;
    if (files->count >= ZONE_FILES_MAX) {
        return error_set_field(error, STATUS_TOO_LARGE, "timezone",
                               "Expected at most %d time zones in use by one program but '%.64s' "
                               "would be one more.",
                               ZONE_FILES_MAX, name);
    }
    status = zone_parse(files->arena, name, text_string(text), text->length, ret_zone, error);
    INVARIANT(status == STATUS_OK);
    files->count++;
    return status;
}

static enum status load_new(struct zone_files *files, const char *name,
                            const struct zone **ret_zone, struct error *error)
{
    struct text text = TEXT_INIT;
    const struct zone *zone = NULL;
    struct mark mark = {0};
    enum status status = read_file(files, name, &text, &mark, error);
    struct entry *entry;

    if (status == STATUS_OK)
        status = parse(files, name, &text, &zone, error);
    if (status != STATUS_OK) {
        text_deinit(&text);
        return status;
    }
    entry = memory_zero(1, sizeof(*entry));
    (void)snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->zone = zone;
    entry->mark = mark;
    entry->size = text.length;
    entry->bytes = text_take(&text);
    entry->looked_us = files->monotonic_us();
    HASH_ADD_STR(files->entries, name, entry);
    *ret_zone = zone;
    return STATUS_OK;
}

/* Reads a changed file again. Whatever goes wrong (an update is just replacing it, say) leaves the
 * zone as it was, until the next look. */
static void refresh(struct zone_files *files, struct entry *entry)
{
    struct text text = TEXT_INIT;
    const struct zone *zone = NULL;
    struct mark mark = {0};
    struct error ignored = {0};

    if (read_file(files, entry->name, &text, &mark, &ignored) != STATUS_OK) {
        text_deinit(&text);
        return;
    }
    if (text.length == entry->size && memcmp(text_string(&text), entry->bytes, entry->size) == 0) {
        entry->mark = mark; /* touched, or replaced by the same */
    } else if (parse(files, entry->name, &text, &zone, &ignored) == STATUS_OK) {
        entry->zone = zone;
        entry->mark = mark;
        entry->size = text.length;
        memory_free(entry->bytes);
        entry->bytes = text_take(&text);
    }
    text_deinit(&text);
}

static void look(struct zone_files *files, struct entry *entry)
{
    char path[ZONE_FILES_PATH_BYTES];
    int64_t now_us = files->monotonic_us();
    struct stat about;
    struct mark mark;

    if (now_us - entry->looked_us < ZONE_FILES_LOOK_US)
        return;
    entry->looked_us = now_us;
    if (!path_of(files, entry->name, path) || stat(path, &about) != 0)
        return;
    mark = mark_of(&about);
    if (!same_mark(&mark, &entry->mark))
        refresh(files, entry);
}

static enum status load(void *context, const char *name, const struct zone **ret_zone,
                        struct error *ret_error)
{
    struct zone_files *files = context;
    struct entry *entry;
    enum status status;

    if (!is_name(name)) {
        return not_found(ret_error, name,
                         "a name has 1 to 64 letters, digits and the characters + - _ /");
    }
    HASH_FIND_STR(files->entries, name, entry);
    if (entry != NULL) {
        look(files, entry);
        *ret_zone = entry->zone;
        return STATUS_OK;
    }
    status = load_new(files, name, ret_zone, ret_error);
    /* UTC needs no data. */
    if (status == STATUS_NOT_FOUND && strcmp(name, zone_name(zone_utc())) == 0) {
        *ret_zone = zone_utc();
        return STATUS_OK;
    }
    return status;
}

/* ---- lifetime ---- */

struct zone_files *zone_files_new(const char *folder, int64_t (*monotonic_us)(void))
{
    struct zone_files *files = memory_zero(1, sizeof(*files));
    const char *wanted = folder != NULL ? folder : getenv("TZDIR");

    if (wanted == NULL || wanted[0] == '\0')
        wanted = "/usr/share/zoneinfo";
    if (snprintf(files->folder, sizeof(files->folder), "%s", wanted) >= (int)sizeof(files->folder))
        files->folder[0] = '\0'; /* such a folder cannot be opened: every name is not found */
    files->monotonic_us = monotonic_us != NULL ? monotonic_us : clock_monotonic_us;
    files->arena = arena_new(ARENA_BYTES);
    files->scratch = arena_new(ARENA_BYTES);
    files->source = (struct zone_source){.context = files, .load = load};
    return files;
}

void zone_files_free(struct zone_files *files)
{
    struct entry *entry;
    struct entry *next;

    if (files == NULL)
        return;
    HASH_ITER(hh, files->entries, entry, next)
    {
        HASH_DEL(files->entries, entry);
        memory_free(entry->bytes);
        memory_free(entry);
    }
    arena_free(files->arena);
    arena_free(files->scratch);
    memory_free(files);
}

const struct zone_source *zone_files_source(struct zone_files *files)
{
    return &files->source;
}
