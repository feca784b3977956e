/* See file.h. */
#include "engine/cli/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { READ_BYTES = 64 * 1024 };

enum status file_read(const char *path, size_t bytes_max, struct text *ret_text,
                      struct error *ret_error)
{
    FILE *file = fopen(path, "rb");
    size_t got;

    if (file == NULL) {
        return error_set(ret_error, STATUS_NOT_FOUND, "Expected to read %s but: %s.", path,
                         strerror(errno));
    }
    while ((got = fread(text_reserve(ret_text, READ_BYTES), 1, READ_BYTES, file)) > 0) {
        text_added(ret_text, got);
        if (ret_text->length > bytes_max) {
            (void)fclose(file);
            return error_set(ret_error, STATUS_TOO_LARGE,
                             "Expected %s to have at most %zu bytes but it has more.", path,
                             bytes_max);
        }
    }
    if (ferror(file) != 0) {
        enum status status = error_set(ret_error, STATUS_FAILED, "Expected to read %s but: %s.",
                                       path, strerror(errno));

        (void)fclose(file);
        return status;
    }
    (void)fclose(file);
    return STATUS_OK;
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}
