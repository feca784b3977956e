/* Reading a whole file, bounded. */
#ifndef SYNERGYFLOW_CLI_FILE_H
#define SYNERGYFLOW_CLI_FILE_H

#include "bpmn/base/status.h"
#include "bpmn/base/text.h"

/* Appends the file's bytes to `ret_text`; a file larger than `bytes_max` is STATUS_TOO_LARGE. */
MUST_CHECK enum status file_read(const char *path, size_t bytes_max, struct text *ret_text,
                                 struct error *ret_error);
/* The part behind the last '/'. */
const char *file_name(const char *path);

#endif
