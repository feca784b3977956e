/* Structured log: one JSON object a line on standard error, written by the edge only.
 *
 * {"at":"…Z","level":"info","event":"http.request","correlationId":"…","durationMs":1.2,…} */
#ifndef SYNERGYFLOW_LOG_H
#define SYNERGYFLOW_LOG_H

#include "bpmn/base/status.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Nothing below `level` is written. Default LOG_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* `fields` come as name, type letter, value triples ended by NULL:
 *   log_event(LOG_INFO, "timer.fired", "instanceId", 's', id, "latenessMs", 'f', 1.5, NULL);
 * types: s const char * (NULL is left out), i int64_t, f double, b int (Boolean). Texts are escaped
 * and cut at 2 KiB. Never pass secrets, variables or bodies. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* An error record as a log line (message, field, element and line where set). */
void log_error(const char *event, const char *correlation_id, const struct error *error);

/* Buffered, lines gather in up to LOG_BUFFER_BYTES and are written by log_flush(), when the buffer
 * is full, with the next error line, and at exit. Whoever turns it on flushes from its loop: the
 * HTTP server does. Off (the default), every line is written at once. */
enum { LOG_BUFFER_BYTES = 64 * 1024 };
void log_set_buffered(bool buffered);
void log_flush(void);

#endif
