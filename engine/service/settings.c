/* See settings.h. */
#include "engine/service/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static enum status read_number(const char *variable, int64_t standard, int64_t minimum,
                               int64_t maximum, int64_t *ret_number, struct error *ret_error)
{
    const char *text = getenv(variable);
    char *end;
    long long value;

    if (text == NULL || text[0] == '\0') {
        *ret_number = standard;
        return STATUS_OK;
    }
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < minimum || value > maximum) {
        return error_set_field(ret_error, STATUS_INVALID, variable,
                               "Expected %s to be a whole number from %" PRId64 " to %" PRId64
                               " but found '%.40s'.",
                               variable, minimum, maximum, text);
    }
    *ret_number = value;
    return STATUS_OK;
}

static const char *read_text(const char *variable, const char *standard)
{
    const char *text = getenv(variable);

    return text != NULL && text[0] != '\0' ? text : standard;
}

enum status settings_read(struct settings *ret_settings, struct error *ret_error)
{
    struct settings settings = {0};
    enum status status = STATUS_OK;

#define SETTINGS_READ_TEXT(field, variable, standard, text) \
    settings.field = read_text(variable, standard);
    SETTINGS_TEXT(SETTINGS_READ_TEXT)
#undef SETTINGS_READ_TEXT
#define SETTINGS_READ_NUMBER(field, variable, standard, minimum, maximum, unit, text) \
    if (status == STATUS_OK)                                                          \
        status = read_number(variable, standard, minimum, maximum, &settings.field, ret_error);
    SETTINGS_NUMBER(SETTINGS_READ_NUMBER)
#undef SETTINGS_READ_NUMBER
    /* A unit of work keeps its connection while it waits for a definition, which needs another. */
    if (status == STATUS_OK && settings.lanes + 2 > settings.connections)
        status =
            error_set_field(ret_error, STATUS_INVALID, "SYNERGYFLOW_LANES",
                            "Expected SYNERGYFLOW_LANES to leave two of the %" PRId64
                            " connections of SYNERGYFLOW_CONNECTIONS free but found %" PRId64 ".",
                            settings.connections, settings.lanes);
    if (status == STATUS_OK)
        *ret_settings = settings;
    return status;
}

void settings_print(FILE *to)
{
#define SETTINGS_PRINT_TEXT(field, variable, standard, text)      \
    (void)fprintf(to, "  %s (default: %s)\n      %s\n", variable, \
                  (standard)[0] != '\0' ? (standard) : "none", text);
    SETTINGS_TEXT(SETTINGS_PRINT_TEXT)
#undef SETTINGS_PRINT_TEXT
#define SETTINGS_PRINT_NUMBER(field, variable, standard, minimum, maximum, unit, text)        \
    (void)fprintf(to, "  %s (default: %d, from %d to %d %s)\n      %s\n", variable, standard, \
                  minimum, maximum, unit, text);
    SETTINGS_NUMBER(SETTINGS_PRINT_NUMBER)
#undef SETTINGS_PRINT_NUMBER
}
