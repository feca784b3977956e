/* What callers may say about an incident, checked once for REST, processes and direct calls. */
#include "modules/incidents/incident.h"

#include <stdio.h>
#include <string.h>

const char *const incident_open_fields[] = {
    "title",  "description",     "impact",     "urgency",   "priority",   "category",
    "caller", "assignmentGroup", "assignedTo", "slaTarget", "closeAfter", NULL};
const char *const incident_change_fields[] = {
    "status",     "title",      "description", "impact",          "urgency",
    "priority",   "category",   "caller",      "assignmentGroup", "assignedTo",
    "holdReason", "resolution", "slaTarget",   "expectedVersion", NULL};

/* An ISO 8601 duration longer than this is a mistake. */
static const int64_t DURATION_MAX_US = INT64_C(5) * 366 * 86400 * 1000000;

static enum status read_text(const json_t *object, const char *name, size_t bytes_max,
                             const char **ret_text, struct error *ret_error)
{
    enum status status = json_field_text(object, name, ret_text, ret_error);

    if (status == STATUS_OK && *ret_text != NULL && strlen(*ret_text) > bytes_max)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to have at most %zu bytes but it has %zu.", name,
                               bytes_max, strlen(*ret_text));
    return status;
}

static enum status read_texts(const json_t *object, struct incident_fields *fields,
                              struct error *ret_error)
{
    const struct {
        const char *name;
        size_t bytes_max;
        const char **ret_text;
    } texts[] = {
        {"title", INCIDENT_TITLE_MAX, &fields->title},
        {"description", INCIDENT_TEXT_MAX, &fields->description},
        {"category", INCIDENT_NAME_MAX, &fields->category},
        {"caller", INCIDENT_NAME_MAX, &fields->caller},
        {"assignmentGroup", INCIDENT_NAME_MAX, &fields->assignment_group},
        {"assignedTo", INCIDENT_NAME_MAX, &fields->assigned_to},
        {"holdReason", INCIDENT_NAME_MAX, &fields->hold_reason},
        {"resolution", INCIDENT_TEXT_MAX, &fields->resolution},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        enum status status =
            read_text(object, texts[i].name, texts[i].bytes_max, texts[i].ret_text, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    if (fields->title != NULL && fields->title[strspn(fields->title, " \t\r\n")] == '\0')
        return error_set_field(ret_error, STATUS_INVALID, "title",
                               "Expected title to say what is wrong but it is empty.");
    return STATUS_OK;
}

static enum status read_priority(const json_t *object, struct incident_fields *fields,
                                 struct error *ret_error)
{
    const struct {
        const char *name;
        int64_t maximum;
        int64_t *ret_value;
    } numbers[] = {
        {"impact", 3, &fields->impact},
        {"urgency", 3, &fields->urgency},
    };

    const char *text = NULL;
    enum status read = json_field_text(object, "priority", &text, ret_error);

    if (read != STATUS_OK)
        return read;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        enum status status = json_field_int(object, numbers[i].name, 0, 1, numbers[i].maximum,
                                            numbers[i].ret_value, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    if (text != NULL) {
        enum status status = incident_priority_parse(text, &fields->priority, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    if ((fields->impact == 0) != (fields->urgency == 0))
        return error_set_field(ret_error, STATUS_INVALID,
                               fields->impact == 0 ? "impact" : "urgency",
                               "Expected impact and urgency together, for the priority follows "
                               "from both, but %s is missing.",
                               fields->impact == 0 ? "impact" : "urgency");
    if (fields->priority == 0 && fields->impact != 0)
        fields->priority = incident_priority(fields->impact, fields->urgency);
    if (fields->priority != 0)
        fields->priority_name = incident_priority_name(fields->priority);
    return STATUS_OK;
}

static enum status read_duration(const json_t *object, const char *name, const char **ret_text,
                                 int64_t *ret_us, struct error *ret_error)
{
    struct iso8601_duration duration;
    enum status status = json_field_text(object, name, ret_text, ret_error);

    if (status != STATUS_OK || *ret_text == NULL)
        return status;
    status = iso8601_parse_duration(*ret_text, &duration, ret_error);
    if (status == STATUS_OK)
        status = iso8601_add(0, &duration, ret_us, ret_error);
    if (status != STATUS_OK) {
        snprintf(ret_error->field, sizeof ret_error->field, "%s", name);
        return error_prefix(ret_error, "%s", name);
    }
    if (*ret_us <= 0 || *ret_us > DURATION_MAX_US)
        return error_set_field(ret_error, STATUS_INVALID, name,
                               "Expected %s to be a duration above zero and up to five years "
                               "but found \"%.40s\".",
                               name, *ret_text);
    return STATUS_OK;
}

enum status incident_fields_open(const json_t *object, struct incident_fields *ret_fields,
                                 struct error *ret_error)
{
    struct incident_fields fields = {0};
    const char *target = NULL;
    int64_t close_us;
    enum status status = read_texts(object, &fields, ret_error);

    if (status == STATUS_OK)
        status = read_priority(object, &fields, ret_error);
    if (status == STATUS_OK)
        status = read_duration(object, "slaTarget", &target, &fields.target_us, ret_error);
    if (status == STATUS_OK)
        status = read_duration(object, "closeAfter", &fields.close_after, &close_us, ret_error);
    if (status != STATUS_OK)
        return status;
    if (fields.title == NULL)
        return error_set_field(ret_error, STATUS_INVALID, "title",
                               "Expected title to say what is wrong but it is missing.");
    if (fields.priority == 0) {
        fields.priority = 4; /* nobody said: below the middle, above the last */
        fields.priority_name = incident_priority_name(fields.priority);
    }
    if (fields.close_after == NULL)
        fields.close_after = incident_close_after;
    *ret_fields = fields;
    return STATUS_OK;
}

enum status incident_fields_change(const json_t *object, struct incident_fields *ret_fields,
                                   struct error *ret_error)
{
    struct incident_fields fields = {0};
    const char *target = NULL;
    enum status status;

    if (object != NULL && !json_is_object(object) && !json_is_null(object))
        return error_set_field(ret_error, STATUS_INVALID, "change",
                               "Expected change to be an object of the fields that change.");
    if (!json_is_object(object)) {
        *ret_fields = fields;
        return STATUS_OK;
    }
    status = read_texts(object, &fields, ret_error);
    if (status == STATUS_OK)
        status = read_priority(object, &fields, ret_error);
    if (status == STATUS_OK)
        status = read_duration(object, "slaTarget", &target, &fields.target_us, ret_error);
    if (status != STATUS_OK)
        return status;
    *ret_fields = fields;
    return STATUS_OK;
}
