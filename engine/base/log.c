/* The structured log. Lines are built in one buffer and leave it in few writes, because a system
 * call for each request would cost more than answering it.
 *
 * Standard error may be a pipe whose reader is slow: the writer waits for it for a bounded time,
 * then drops what is gathered and says so in a "log.dropped" line later. */
#include "engine/base/log.h"

#include "bpmn/base/text.h"
#include "engine/base/clock.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 2048, WRITE_WAIT_MS = 1000 };

static enum log_level least_level = LOG_INFO;
static bool is_buffered;
static struct text buffer;
static uint64_t lines_gathered;
static uint64_t lines_dropped;

void log_set_level(enum log_level level)
{
    least_level = level;
}

bool log_enabled(enum log_level level)
{
    return level >= least_level;
}

/* ---- building a line ---- */

/* The length of the valid UTF-8 character at `at`, 0 when it is none. */
static size_t character_length(const char *at, size_t left)
{
    unsigned char first = (unsigned char)*at;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;

    return length <= left && text_is_utf8(at, length) ? length : 0;
}

static void append_escaped(struct text *line, const char *at, size_t left)
{
    while (left > 0) {
        size_t plain = 0;
        unsigned char character;

        while (plain < left && (unsigned char)at[plain] >= 0x20 &&
               (unsigned char)at[plain] < 0x7F && at[plain] != '"' && at[plain] != '\\')
            plain++;
        text_append_bytes(line, at, plain);
        at += plain;
        left -= plain;
        if (left == 0)
            return;
        character = (unsigned char)*at;
        plain = 1;
        if (character == '"' || character == '\\') {
            text_append_char(line, '\\');
            text_append_char(line, (char)character);
        } else if (character == '\n') {
            text_append(line, "\\n");
        } else if (character < 0x20 || character == 0x7F) {
            text_append_format(line, "\\u%04x", character);
        } else {
            plain = character_length(at, left);
            if (plain > 0)
                text_append_bytes(line, at, plain);
            else
                text_append(line, "\\ufffd");
            plain = plain > 0 ? plain : 1;
        }
        at += plain;
        left -= plain;
    }
}

static void append_text(struct text *line, const char *string)
{
    size_t length = strnlen(string, TEXT_BYTES_MAX + 1);

    if (length > TEXT_BYTES_MAX) {
        length = TEXT_BYTES_MAX;
        /* Never cut inside a character. */
        while (length > 0 && ((unsigned char)string[length] & 0xC0) == 0x80)
            length--;
    }
    text_append_char(line, '"');
    append_escaped(line, string, length);
    text_append_char(line, '"');
}

static void append_name(struct text *line, const char *name)
{
    text_append_bytes(line, ",", 1);
    append_text(line, name);
    text_append_char(line, ':');
}

static void append_double(struct text *line, double value)
{
    if (isfinite(value))
        text_append_format(line, "%.10g", value);
    else
        text_append(line, "null"); /* JSON has no infinity */
}

static void begin_line(struct text *line, enum log_level level, const char *event)
{
    static const char *const level_names[] = {"debug", "info", "warning", "error"};
    static time_t prefix_second = -1;
    static char prefix[32];
    int64_t now_us = clock_wall_us();
    time_t second = (time_t)(now_us / 1000000);

    if (second != prefix_second) {
        struct tm parts;
        const struct tm *known = gmtime_r(&second, &parts);

        INVARIANT(known != NULL);
        (void)strftime(prefix, sizeof(prefix), "%Y-%m-%dT%H:%M:%S", known);
        prefix_second = second;
    }
    text_append(line, "{\"at\":\"");
    text_append(line, prefix);
    text_append_format(line, ".%06dZ\",\"level\":\"", (int)(now_us % 1000000));
    text_append(line, level_names[level]);
    text_append(line, "\",\"event\":");
    append_text(line, event);
}

static void end_line(struct text *line, enum log_level level)
{
    text_append(line, "}\n");
    lines_gathered++;
    if (!is_buffered || level == LOG_ERROR || line->length >= LOG_BUFFER_BYTES)
        log_flush();
}

void log_event(enum log_level level, const char *event, ...)
{
    va_list fields;
    const char *name;

    if (!log_enabled(level))
        return;
    begin_line(&buffer, level, event);
    va_start(fields, event);
    while ((name = va_arg(fields, const char *)) != NULL) {
        int type = va_arg(fields, int);

        if (type == 's') {
            const char *string = va_arg(fields, const char *);

            if (string == NULL)
                continue;
            append_name(&buffer, name);
            append_text(&buffer, string);
        } else if (type == 'i') {
            append_name(&buffer, name);
            text_append_format(&buffer, "%lld", (long long)va_arg(fields, int64_t));
        } else if (type == 'f') {
            append_name(&buffer, name);
            append_double(&buffer, va_arg(fields, double));
        } else {
            PRE(type == 'b');
            append_name(&buffer, name);
            text_append(&buffer, va_arg(fields, int) != 0 ? "true" : "false");
        }
    }
    va_end(fields);
    end_line(&buffer, level);
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

void log_error(const char *event, const char *correlation_id, const struct error *error)
{
    enum log_level level = status_http(error->status) >= 500 ? LOG_ERROR : LOG_WARNING;

    if (!log_enabled(level))
        return;
    begin_line(&buffer, level, event);
    if (correlation_id != NULL) {
        append_name(&buffer, "correlationId");
        append_text(&buffer, correlation_id);
    }
    append_name(&buffer, "status");
    append_text(&buffer, status_name(error->status));
    append_name(&buffer, "message");
    append_text(&buffer, error->message);
    if (text_or_null(error->field) != NULL) {
        append_name(&buffer, "field");
        append_text(&buffer, error->field);
    }
    if (text_or_null(error->element_id) != NULL) {
        append_name(&buffer, "elementId");
        append_text(&buffer, error->element_id);
    }
    if (error->line > 0)
        text_append_format(&buffer, ",\"line\":%d,\"column\":%d", error->line, error->column);
    end_line(&buffer, level);
}

/* ---- writing ---- */

/* False when standard error takes no more. */
static bool write_all(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, length);

        if (written < 0 && errno == EAGAIN) {
            struct pollfd waiting = {.fd = STDERR_FILENO, .events = POLLOUT};

            if (poll(&waiting, 1, WRITE_WAIT_MS) <= 0)
                return false;
        } else if (written < 0 && errno != EINTR) {
            return false;
        } else if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return true;
}

void log_flush(void)
{
    uint64_t lines = lines_gathered;

    if (buffer.length == 0)
        return;
    lines_gathered = 0;
    if (!write_all(buffer.bytes, buffer.length)) {
        lines_dropped += lines;
        text_clear(&buffer);
        return;
    }
    text_clear(&buffer);
    if (lines_dropped > 0) {
        begin_line(&buffer, LOG_WARNING, "log.dropped");
        text_append_format(&buffer, ",\"lines\":%llu}\n", (unsigned long long)lines_dropped);
        if (write_all(buffer.bytes, buffer.length))
            lines_dropped = 0;
        text_clear(&buffer);
    }
}

void log_set_buffered(bool buffered)
{
    static bool at_exit_known;

    if (buffered && !at_exit_known)
        at_exit_known = atexit(log_flush) == 0;
    if (!buffered)
        log_flush();
    is_buffered = buffered && at_exit_known;
}
