/* Every setting of the service, in one table: the environment variable, its default, its range and
 * what it is for. `synergyflow serve --help` prints this table. */
#ifndef SYNERGYFLOW_SETTINGS_H
#define SYNERGYFLOW_SETTINGS_H

#include "bpmn/base/status.h"

#include <stdint.h>
#include <stdio.h>

/* X(field, environment variable, default, what it is) */
#define SETTINGS_TEXT(X)                                                                        \
    X(database, "SYNERGYFLOW_DATABASE", "",                                                     \
      "libpq connection string of the engine's role; a password belongs into PGPASSFILE")       \
    X(migration_database, "SYNERGYFLOW_MIGRATION_DATABASE", "",                                 \
      "libpq connection string of the schema's owner, direct and not through a pooler; empty: " \
      "the "                                                                                    \
      "schema is only checked by `migrate`")                                                    \
    X(migrations, "SYNERGYFLOW_MIGRATIONS", "",                                                 \
      "folder of the migration files; empty: beside the program's source tree")                 \
    X(address, "SYNERGYFLOW_ADDRESS", "127.0.0.1", "address to listen on")                      \
    X(calendars, "SYNERGYFLOW_CALENDARS", "",                                                   \
      "folder of *.calendar.json, the working time that timers can name; empty: none")          \
    X(webhook_secrets, "SYNERGYFLOW_WEBHOOK_SECRETS", "",                                       \
      "folder with the secrets of webhooks, a file for each host, or one named default")        \
    X(audit_keys, "SYNERGYFLOW_AUDIT_KEYS", "",                                                 \
      "folder of the keys that seal the audit trail (docs/audit.md); empty: this node seals "   \
      "nothing")                                                                                \
    X(log_level, "SYNERGYFLOW_LOG_LEVEL", "info", "debug, info, warning or error")

/* X(field, environment variable, default, minimum, maximum, unit, what it is) */
#define SETTINGS_NUMBER(X)                                                                        \
    X(port, "SYNERGYFLOW_PORT", 8080, 0, 65535, "", "port to listen on; 0 picks a free one")      \
    X(connections, "SYNERGYFLOW_CONNECTIONS", 8, 3, 64, "connections",                            \
      "connections to PostgreSQL: units of work, listeners, timers and reads share them")         \
    X(prepared_statements, "SYNERGYFLOW_PREPARED_STATEMENTS", 0, 0, 1, "0 or 1",                  \
      "1 where no pooler is between, or one that supports named prepared statements")             \
    X(lanes, "SYNERGYFLOW_LANES", 2, 1, 8, "units of work",                                       \
      "units of work under way at once; two connections must be left for others")                 \
    X(batch_max, "SYNERGYFLOW_BATCH_MAX", 128, 1, 1024, "commands", "commands in a unit of work") \
    X(waiting_max, "SYNERGYFLOW_WAITING_MAX", 4096, 1, 100000, "commands",                        \
      "commands that may wait; more are answered 503")                                            \
    X(timer_look_ahead_ms, "SYNERGYFLOW_TIMER_LOOK_AHEAD_MS", 60000, 1000, 86400000, "ms",        \
      "timers due later than this stay in the database only")                                     \
    X(timer_scan_ms, "SYNERGYFLOW_TIMER_SCAN_MS", 5000, 100, 60000, "ms",                         \
      "interval of the scan that finds timers which this node did not arm")                       \
    X(timers_in_memory, "SYNERGYFLOW_TIMERS_IN_MEMORY", 200000, 100, 10000000, "timers",          \
      "timers held in memory at once")                                                            \
    X(webhook_http, "SYNERGYFLOW_WEBHOOK_HTTP", 0, 0, 1, "0 or 1",                                \
      "1: webhooks may go to http:// too")                                                        \
    X(webhook_private, "SYNERGYFLOW_WEBHOOK_PRIVATE", 0, 0, 1, "0 or 1",                          \
      "1: webhooks may go to addresses of loopback and private networks")                         \
    X(timers_in_flight, "SYNERGYFLOW_TIMERS_IN_FLIGHT", 1024, 1, 100000, "timers",                \
      "due timers being worked on at once")

struct settings {
#define SETTINGS_TEXT_FIELD(field, variable, standard, text) const char *field;
    SETTINGS_TEXT(SETTINGS_TEXT_FIELD)
#undef SETTINGS_TEXT_FIELD
#define SETTINGS_NUMBER_FIELD(field, variable, standard, minimum, maximum, unit, text) \
    int64_t field;
    SETTINGS_NUMBER(SETTINGS_NUMBER_FIELD)
#undef SETTINGS_NUMBER_FIELD
};

/* From the environment; texts borrow from it. A value out of range is an error that names variable,
 * range and what was found. */
MUST_CHECK enum status settings_read(struct settings *ret_settings, struct error *ret_error);
/* The table, for --help. */
void settings_print(FILE *to);

#endif
