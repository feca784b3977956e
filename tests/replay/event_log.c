/* See event_log.h. */
#include "tests/replay/event_log.h"

#include "bpmn/base/check.h"
#include "bpmn/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { LINE_BYTES = 4096, COLUMNS_MAX = 64, MINUTES_A_DAY = 1440 };

static const struct {
    const char *text;
    enum log_state state;
} states[] = {
    {"New", LOG_STATE_NEW},
    {"Active", LOG_STATE_ACTIVE},
    {"Awaiting User Info", LOG_STATE_AWAITING_USER},
    {"Awaiting Vendor", LOG_STATE_AWAITING_VENDOR},
    {"Awaiting Problem", LOG_STATE_AWAITING_PROBLEM},
    {"Awaiting Evidence", LOG_STATE_AWAITING_EVIDENCE},
    {"Resolved", LOG_STATE_RESOLVED},
    {"Closed", LOG_STATE_CLOSED},
};

static enum log_state state_of(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        if (strcmp(states[i].text, text) == 0)
            return states[i].state;
    }
    return LOG_STATE_UNKNOWN;
}

/* Days since 2000-03-01 by the usual month-from-March arithmetic. */
static int64_t minutes_of(const char *text)
{
    int day = 1;
    int month = 1;
    int year = 2000;
    int hour = 0;
    int minute = 0;
    int64_t y;
    int64_t m;

    if (sscanf(text, "%d/%d/%d %d:%d", &day, &month, &year, &hour, &minute) < 3)
        return 0;
    y = month <= 2 ? year - 1 : year;
    m = month <= 2 ? month + 9 : month - 3;
    return (365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day) * MINUTES_A_DAY +
           hour * 60 + minute;
}

static uint32_t split(char *line, char **columns)
{
    uint32_t count = 0;

    line[strcspn(line, "\r\n")] = '\0';
    while (line != NULL && count < COLUMNS_MAX) {
        columns[count++] = line;
        line = strchr(line, ',');
        if (line != NULL)
            *line++ = '\0';
    }
    return count;
}

static int column_of(char **columns, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(columns[i], name) == 0)
            return (int)i;
    }
    (void)fprintf(stderr, "replay: the log has no column '%s'\n", name);
    exit(1);
}

static void copy_field(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", strcmp(from, "?") == 0 ? "" : from);
}

static int by_time(const void *a, const void *b)
{
    const struct log_row *x = a;
    const struct log_row *y = b;

    if (x->at_min != y->at_min)
        return x->at_min < y->at_min ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static void mark_last(struct event_log *log)
{
    bool *seen = memory_zero(log->incident_count + 1, sizeof(bool));

    for (uint32_t i = log->row_count; i > 0; i--) {
        struct log_row *row = &log->rows[i - 1];

        row->last = !seen[row->incident];
        seen[row->incident] = true;
    }
    memory_free(seen);
}

bool event_log_read(const char *path, uint32_t incidents_max, struct event_log *ret_log)
{
    gzFile file = gzopen(path, "rb");
    char line[LINE_BYTES];
    char *columns[COLUMNS_MAX];
    uint32_t capacity = 0;
    int number;
    int state;
    int priority;
    int assigned;
    int group;
    int caller;
    int updated;
    uint32_t count;

    memset(ret_log, 0, sizeof(*ret_log));
    if (file == NULL || gzgets(file, line, sizeof(line)) == NULL) {
        (void)fprintf(stderr, "replay: cannot read %s\n", path);
        if (file != NULL)
            (void)gzclose(file);
        return false;
    }
    count = split(line, columns);
    number = column_of(columns, count, "number");
    state = column_of(columns, count, "incident_state");
    priority = column_of(columns, count, "priority");
    assigned = column_of(columns, count, "assigned_to");
    group = column_of(columns, count, "assignment_group");
    caller = column_of(columns, count, "caller_id");
    updated = column_of(columns, count, "sys_updated_at");
    while (gzgets(file, line, sizeof(line)) != NULL) {
        struct log_row *row;
        const struct log_row *before =
            ret_log->row_count > 0 ? &ret_log->rows[ret_log->row_count - 1] : NULL;

        if (split(line, columns) != count)
            continue;
        if (ret_log->row_count == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 4096;
            ret_log->rows = memory_resize(ret_log->rows, capacity * sizeof(*ret_log->rows));
            before = ret_log->row_count > 0 ? &ret_log->rows[ret_log->row_count - 1] : NULL;
        }
        /* The file groups the rows of an incident. */
        if (before == NULL || strcmp(before->number, columns[number]) != 0) {
            if (incidents_max > 0 && ret_log->incident_count == incidents_max)
                break;
            ret_log->incident_count++;
        }
        row = &ret_log->rows[ret_log->row_count];
        memset(row, 0, sizeof(*row));
        row->incident = ret_log->incident_count - 1;
        row->order = ret_log->row_count++;
        row->at_min = minutes_of(columns[updated]);
        row->state = state_of(columns[state]);
        row->priority = atoi(columns[priority]);
        copy_field(row->number, sizeof(row->number), columns[number]);
        copy_field(row->assigned_to, sizeof(row->assigned_to), columns[assigned]);
        copy_field(row->assignment_group, sizeof(row->assignment_group), columns[group]);
        copy_field(row->caller, sizeof(row->caller), columns[caller]);
    }
    (void)gzclose(file);
    qsort(ret_log->rows, ret_log->row_count, sizeof(*ret_log->rows), by_time);
    mark_last(ret_log);
    return true;
}

void event_log_free(struct event_log *log)
{
    memory_free(log->rows);
    memset(log, 0, sizeof(*log));
}
