/* What callers may say about an incident, checked once for REST, processes and direct calls. */
#include "modules/incidents/incident.h"

#include <stdio.h>
#include <string.h>

const char *const incident_open_fields[] = {
    "title",    "description", "impact",     "urgency", "priority",        "priorityReason",
    "category", "subcategory", "service",    "caller",  "assignmentGroup", "assignedTo",
    "parentId", "slaTarget",   "closeAfter", NULL};
const char *const incident_change_fields[] = {
    "status",   "title",           "description", "impact",          "urgency",
    "priority", "priorityReason",  "category",    "subcategory",     "service",
    "caller",   "assignmentGroup", "assignedTo",  "holdReason",      "resolution",
    "parentId", "majorIncident",   "slaTarget",   "expectedVersion", NULL};
const char *const incident_hold_reasons[] = {"AWAITING_CALLER",   "AWAITING_CHANGE",
                                             "AWAITING_PROBLEM",  "AWAITING_VENDOR",
                                             "AWAITING_EVIDENCE", NULL};

/* An ISO 8601 duration longer than this is a mistake. */
static const int64_t DURATION_MAX_US = INT64_C(5) * 366 * 86400 * 1000000;

static enum status read_texts(const json_t *object, struct incident_fields *fields,
                              struct error *ret_error)
{
    const struct {
        const char *name;
        uint32_t minimum; /* 0: "" clears the field */
        uint32_t maximum;
        const char **ret_text;
    } texts[] = {
        {"title", 1, INCIDENT_TITLE_MAX, &fields->title},
        {"description", 0, INCIDENT_TEXT_MAX, &fields->description},
        {"category", 0, INCIDENT_NAME_MAX, &fields->category},
        {"subcategory", 0, INCIDENT_NAME_MAX, &fields->subcategory},
        {"service", 0, INCIDENT_NAME_MAX, &fields->service},
        {"caller", 0, INCIDENT_NAME_MAX, &fields->caller},
        {"assignmentGroup", 0, INCIDENT_NAME_MAX, &fields->assignment_group},
        {"assignedTo", 0, INCIDENT_NAME_MAX, &fields->assigned_to},
        {"resolution", 0, INCIDENT_TEXT_MAX, &fields->resolution},
        {"parentId", 0, INCIDENT_NAME_MAX, &fields->parent_id},
        {"priorityReason", 1, INCIDENT_REASON_MAX, &fields->priority_reason},
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        enum status status = module_field_text(object, texts[i].name, texts[i].minimum,
                                               texts[i].maximum, texts[i].ret_text, ret_error);

        if (status != STATUS_OK)
            return status;
    }
    return module_field_name(object, "holdReason", incident_hold_reasons, &fields->hold_reason,
                             ret_error);
}

static enum status read_major(const json_t *object, struct incident_fields *fields,
                              struct error *ret_error)
{
    bool is_major = false;
    enum status status = json_field_bool(object, "majorIncident", false, &is_major, ret_error);

    if (status == STATUS_OK && json_is_boolean(json_object_get(object, "majorIncident")))
        fields->is_major = is_major ? "true" : "false";
    return status;
}

static enum status read_priority(const json_t *object, struct incident_fields *fields,
                                 struct error *ret_error)
{
    int64_t rank;
    enum status status = json_field_text(object, "priority", &fields->priority, ret_error);

    if (status == STATUS_OK)
        status = json_field_int(object, "impact", 0, 1, 3, &fields->impact, ret_error);
    if (status == STATUS_OK)
        status = json_field_int(object, "urgency", 0, 1, 3, &fields->urgency, ret_error);
    if (status == STATUS_OK && fields->priority != NULL)
        status = incident_priority_parse(fields->priority, &rank, ret_error);
    if (status != STATUS_OK)
        return status;
    if ((fields->impact == 0) != (fields->urgency == 0))
        return error_set_field(ret_error, STATUS_INVALID,
                               fields->impact == 0 ? "impact" : "urgency",
                               "Expected impact and urgency together, for the priority follows "
                               "from both, but %s is missing.",
                               fields->impact == 0 ? "impact" : "urgency");
    if (fields->priority_reason != NULL && fields->priority == NULL)
        return error_set_field(ret_error, STATUS_INVALID, "priority",
                               "Expected priority with the priorityReason but it is missing.");
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
        status = read_major(object, &fields, ret_error);
    if (status == STATUS_OK)
        status = read_priority(object, &fields, ret_error);
    if (status == STATUS_OK)
        status = read_duration(object, "slaTarget", &target, &fields.target_us, ret_error);
    if (status != STATUS_OK)
        return status;
    *ret_fields = fields;
    return STATUS_OK;
}
