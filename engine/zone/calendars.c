/* See calendars.h. */
#include "engine/zone/calendars.h"

#include "bpmn/base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".calendar.json"

enum { ARENA_BYTES = 512 * 1024 * 1024 };

struct calendars {
    struct calendar_source source;
    const struct zone_source *zones;
    struct arena *arena;
    const struct calendar *items[CALENDARS_MAX];
    uint32_t count;
};

static enum status find(void *context, const char *name, const struct calendar **ret_calendar,
                        struct error *ret_error)
{
    const struct calendars *calendars = context;

    for (uint32_t i = 0; i < calendars->count; i++) {
        if (strcmp(calendar_name(calendars->items[i]), name) == 0) {
            *ret_calendar = calendars->items[i];
            return STATUS_OK;
        }
    }
    return error_set(ret_error, STATUS_NOT_FOUND,
                     "Expected a calendar of working time that this engine knows but there is none "
                     "with the name '%.100s'.",
                     name);
}

struct calendars *calendars_new(const struct zone_source *zones)
{
    struct calendars *calendars = memory_zero(1, sizeof(*calendars));

    calendars->zones = zones;
    calendars->arena = arena_new(ARENA_BYTES);
    calendars->source = (struct calendar_source){calendars, find};
    return calendars;
}

void calendars_free(struct calendars *calendars)
{
    if (calendars == NULL)
        return;
    arena_free(calendars->arena);
    memory_free(calendars);
}

const struct calendar_source *calendars_source(struct calendars *calendars)
{
    return &calendars->source;
}

enum status calendars_put(struct calendars *calendars, const json_t *document,
                          struct error *ret_error)
{
    const struct calendar *calendar = NULL;
    enum status status =
        calendar_read(calendars->arena, document, calendars->zones, &calendar, ret_error);

    if (status != STATUS_OK)
        return status;
    if (calendar_name(calendar)[0] == '\0')
        return error_set_field(ret_error, STATUS_INVALID, "name",
                               "Expected a name, under which timers find the calendar.");
    for (uint32_t i = 0; i < calendars->count; i++) {
        if (strcmp(calendar_name(calendars->items[i]), calendar_name(calendar)) == 0) {
            calendars->items[i] = calendar;
            return STATUS_OK;
        }
    }
    if (calendars->count == CALENDARS_MAX)
        return error_set(ret_error, STATUS_TOO_LARGE, "Expected at most %d calendars.",
                         CALENDARS_MAX);
    calendars->items[calendars->count++] = calendar;
    return STATUS_OK;
}

static enum status read_file(struct calendars *calendars, const char *path, struct error *ret_error)
{
    json_error_t where;
    struct stat facts;
    struct error inner = {0};
    json_t *document;
    enum status status;

    if (stat(path, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size > CALENDARS_FILE_MAX)
        return error_set(ret_error, STATUS_INVALID,
                         "Expected the calendar '%.200s' to be a file of at most %d bytes.", path,
                         CALENDARS_FILE_MAX);
    document = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (document == NULL)
        return error_set(ret_error, STATUS_INVALID, "The calendar '%.200s', line %d: %.200s.", path,
                         where.line, where.text);
    status = calendars_put(calendars, document, &inner);
    json_decref(document);
    return status == STATUS_OK ? STATUS_OK
                               : error_set(ret_error, STATUS_INVALID,
                                           "The calendar '%.200s': %.400s", path, inner.message);
}

enum status calendars_read_folder(struct calendars *calendars, const char *folder,
                                  struct error *ret_error)
{
    DIR *opened = opendir(folder);
    const struct dirent *entry;
    enum status status = STATUS_OK;

    if (opened == NULL)
        return error_set(ret_error, STATUS_NOT_FOUND,
                         "Expected the folder of calendars '%.200s' to be readable but: %s.",
                         folder, strerror(errno));
    while (status == STATUS_OK && (entry = readdir(opened)) != NULL) {
        size_t length = strlen(entry->d_name);
        char path[PATH_MAX];

        if (length <= strlen(SUFFIX) ||
            strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) != 0)
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        status = read_file(calendars, path, ret_error);
    }
    (void)closedir(opened);
    return status;
}
