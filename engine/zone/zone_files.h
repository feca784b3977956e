/* The system's time zones: a `struct zone_source` over the TZif files of tzdata.
 *
 * The folder is $TZDIR when that is set, else /usr/share/zoneinfo. A name is looked up as a file
 * below it: letters, digits and `+ - _ /` only, no ".." and no leading '/'. What was read is kept.
 * A file is looked at again (its modification time, size and inode) at most once a second when its
 * zone is asked for; a changed one is read again and handed out as another zone.
 *
 * Every zone handed out stays valid until zone_files_free(): nobody has to count references. The
 * memory is bounded: ZONE_FILES_MAX zones in all, versions of changed files counted; a change past
 * that limit is not picked up (the zone known so far stays), and a new name is refused. One thread.
 */
#ifndef SYNERGYFLOW_ZONE_ZONE_FILES_H
#define SYNERGYFLOW_ZONE_ZONE_FILES_H

#include "bpmn/worktime/zone.h"

#include <stdint.h>

enum {
    ZONE_FILES_MAX = 4096,        /* tzdata has about 600 names; a few KB each */
    ZONE_FILES_LOOK_US = 1000000, /* between looks at one file */
    ZONE_FILES_PATH_BYTES = 4096  /* of the folder's path and a name */
};

struct zone_files;

/* `folder` NULL: $TZDIR or the system's. `monotonic_us` is the clock that spaces the looks (tests
 * give their own); NULL is the engine's. The caller frees it with zone_files_free(). */
struct zone_files *zone_files_new(const char *folder, int64_t (*monotonic_us)(void));
void zone_files_free(struct zone_files *files); /* NULL is fine */

/* The source; it lives as long as `files`. */
const struct zone_source *zone_files_source(struct zone_files *files);

#endif
