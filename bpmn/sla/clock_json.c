/* See clock.h: the stored form. Instants and durations are integers in µs, so nothing is lost. */
#include "bpmn/sla/clock_private.h"
#include "bpmn/sla/reading.h"

#include <string.h>

static const char *const units[] = {"working", "business_days", "end_of_day"};
static const char *const states[] = {"running", "paused", "stopped", "cancelled"};
static const int64_t zero = 0;

/* ---- write ---- */

static json_t *write_duration(const struct sla_duration *duration)
{
    return json_pack("{s:s, s:I, s:I}", "unit", units[duration->unit], "time_us",
                     (json_int_t)duration->time_us, "days", (json_int_t)duration->days);
}

static json_t *write_records(const struct sla_clock *clock, json_t *document)
{
    json_t *intervals = json_array();
    json_t *cycles = json_array();
    json_t *targets = json_array();
    json_t *marks = json_array();
    json_t *fired = json_array();

    for (size_t i = 0; i < clock->interval_count; i++) {
        const struct sla_interval *item = &clock->intervals[i];

        (void)json_array_append_new(
            intervals,
            json_pack("{s:b, s:I, s:I, s:I, s:s, s:s}", "running", item->running, "cycle",
                      (json_int_t)item->cycle, "from", (json_int_t)item->from_us, "to",
                      (json_int_t)item->to_us, "cause", item->why.cause, "actor", item->why.actor));
    }
    for (size_t i = 0; i < clock->cycle_count; i++) {
        const struct sla_cycle *item = &clock->cycles[i];

        (void)json_array_append_new(
            cycles, json_pack("{s:I, s:I, s:I, s:s, s:s}", "from", (json_int_t)item->from_us, "to",
                              (json_int_t)item->to_us, "recorded", (json_int_t)item->recorded_us,
                              "cause", item->why.cause, "actor", item->why.actor));
    }
    for (size_t i = 0; i < clock->target_count; i++) {
        const struct sla_target_change *item = &clock->targets[i];

        (void)json_array_append_new(
            targets,
            json_pack("{s:I, s:I, s:s, s:I, s:o, s:s, s:s}", "at", (json_int_t)item->at_us, "cycle",
                      (json_int_t)item->cycle, "policy", item->policy_id, "version",
                      (json_int_t)item->policy_version, "duration", write_duration(&item->duration),
                      "cause", item->why.cause, "actor", item->why.actor));
    }
    for (size_t i = 0; i < clock->mark_count; i++) {
        const struct sla_mark *item = &clock->marks[i];

        (void)json_array_append_new(marks, json_pack("{s:I, s:s, s:s, s:s}", "at",
                                                     (json_int_t)item->at_us, "group", item->group,
                                                     "person", item->person, "state", item->state));
    }
    for (size_t i = 0; i < clock->fired_count; i++) {
        const struct sla_fired *item = &clock->fired[i];

        (void)json_array_append_new(
            fired, json_pack("{s:s, s:I, s:I, s:I, s:I, s:b}", "threshold", item->threshold,
                             "cycle", (json_int_t)item->cycle, "generation",
                             (json_int_t)item->generation, "due", (json_int_t)item->due_us, "fired",
                             (json_int_t)item->fired_us, "late_by_design", item->late_by_design));
    }
    (void)json_object_set_new(document, "intervals", intervals);
    (void)json_object_set_new(document, "cycles", cycles);
    (void)json_object_set_new(document, "targets", targets);
    (void)json_object_set_new(document, "marks", marks);
    (void)json_object_set_new(document, "fired", fired);
    return document;
}

/* X(member) of the frozen figures that are whole numbers */
#define FROZEN(X)           \
    X(cycle)                \
    X(start_us)             \
    X(end_us)               \
    X(target_us)            \
    X(original_target_us)   \
    X(elapsed_us)           \
    X(elapsed_wall_us)      \
    X(paused_us)            \
    X(paused_wall_us)       \
    X(remaining_us)         \
    X(remaining_wall_us)    \
    X(percent_thousandths)  \
    X(overrun_us)           \
    X(deadline_us)          \
    X(original_deadline_us) \
    X(breached_at_us)

json_t *sla_clock_write(const struct sla_clock *clock)
{
    json_t *frozen = json_object();
    json_t *document;

#define WRITE_FROZEN(member) \
    (void)json_object_set_new(frozen, #member, json_integer(clock->frozen.member));
    FROZEN(WRITE_FROZEN)
#undef WRITE_FROZEN
    document = json_pack(
        "{s:s, s:s, s:s, s:I, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:o}", "id", clock->id,
        "subject_id", clock->subject_id, "policy_id", clock->policy_id, "policy_version",
        (json_int_t)clock->policy_version, "target", clock->target, "calendar", clock->calendar,
        "duration", write_duration(&clock->duration), "state", states[clock->state],
        "floor_version", (json_int_t)clock->floor_version, "changed_us",
        (json_int_t)clock->changed_us, "moved_us", (json_int_t)clock->moved_us, "frozen", frozen);
    POST(document != NULL);
    return write_records(clock, document);
}

/* ---- read ---- */

static enum status read_instant(struct sla_reading *reading, const json_t *object,
                                const char *member, int64_t *ret_us)
{
    return sla_read_integer(reading, object, member, WORKTIME_MIN_US, WORKTIME_MAX_US, NULL,
                            ret_us);
}

/* A text that may be empty. */
static enum status read_any_text(struct sla_reading *reading, const json_t *object,
                                 const char *member, const char **ret_text)
{
    const json_t *json = json_object_get(object, member);

    if (!json_is_string(json))
        return sla_expected(reading, member, "a text", json);
    *ret_text = arena_copy(reading->arena, json_string_value(json));
    return STATUS_OK;
}

static enum status read_count(struct sla_reading *reading, const json_t *object, const char *member,
                              int32_t min, int32_t *ret_count)
{
    int64_t count = 0;

    if (sla_read_integer(reading, object, member, min, INT32_MAX, NULL, &count) != STATUS_OK)
        return reading->error->status;
    *ret_count = (int32_t)count;
    return STATUS_OK;
}

static enum status read_why(struct sla_reading *reading, const json_t *object,
                            struct sla_cause *why)
{
    if (read_any_text(reading, object, "cause", &why->cause) != STATUS_OK)
        return reading->error->status;
    return read_any_text(reading, object, "actor", &why->actor);
}

static enum status read_duration(struct sla_reading *reading, const json_t *object,
                                 struct sla_duration *duration)
{
    const json_t *json = json_object_get(object, "duration");
    int64_t days = 0;
    int unit = 0;

    if (!json_is_object(json))
        return sla_expected(reading, "duration", "an object", json);
    if (sla_read_choice(reading, json, "unit", units, COUNT_OF(units), -1, &unit) != STATUS_OK ||
        sla_read_integer(reading, json, "time_us", 0, SLA_DURATION_MAX_US, NULL,
                         &duration->time_us) != STATUS_OK ||
        sla_read_integer(reading, json, "days", 0, 3660, NULL, &days) != STATUS_OK)
        return reading->error->status;
    duration->unit = (enum sla_unit)unit;
    duration->days = (uint32_t)days;
    return STATUS_OK;
}

static enum status read_interval(struct sla_reading *reading, const json_t *json, void *item)
{
    struct sla_interval *interval = item;

    if (sla_read_flag(reading, json, "running", false, &interval->running) != STATUS_OK ||
        read_count(reading, json, "cycle", 1, &interval->cycle) != STATUS_OK ||
        read_instant(reading, json, "from", &interval->from_us) != STATUS_OK ||
        read_instant(reading, json, "to", &interval->to_us) != STATUS_OK)
        return reading->error->status;
    if (interval->to_us < interval->from_us)
        return sla_expected(reading, "to", "an end not before the start",
                            json_object_get(json, "to"));
    return read_why(reading, json, &interval->why);
}

static enum status read_cycle(struct sla_reading *reading, const json_t *json, void *item)
{
    struct sla_cycle *cycle = item;

    if (read_instant(reading, json, "from", &cycle->from_us) != STATUS_OK ||
        read_instant(reading, json, "to", &cycle->to_us) != STATUS_OK ||
        read_instant(reading, json, "recorded", &cycle->recorded_us) != STATUS_OK)
        return reading->error->status;
    return read_why(reading, json, &cycle->why);
}

static enum status read_target_change(struct sla_reading *reading, const json_t *json, void *item)
{
    struct sla_target_change *change = item;

    if (read_instant(reading, json, "at", &change->at_us) != STATUS_OK ||
        read_count(reading, json, "cycle", 1, &change->cycle) != STATUS_OK ||
        sla_read_text(reading, json, "policy", true, &change->policy_id) != STATUS_OK ||
        sla_read_integer(reading, json, "version", 1, INT32_MAX, NULL, &change->policy_version) !=
            STATUS_OK ||
        read_duration(reading, json, &change->duration) != STATUS_OK)
        return reading->error->status;
    return read_why(reading, json, &change->why);
}

static enum status read_mark(struct sla_reading *reading, const json_t *json, void *item)
{
    struct sla_mark *mark = item;

    if (read_instant(reading, json, "at", &mark->at_us) != STATUS_OK ||
        read_any_text(reading, json, "group", &mark->group) != STATUS_OK ||
        read_any_text(reading, json, "person", &mark->person) != STATUS_OK)
        return reading->error->status;
    return read_any_text(reading, json, "state", &mark->state);
}

static enum status read_fired(struct sla_reading *reading, const json_t *json, void *item)
{
    struct sla_fired *fired = item;

    if (sla_read_text(reading, json, "threshold", true, &fired->threshold) != STATUS_OK ||
        read_count(reading, json, "cycle", 1, &fired->cycle) != STATUS_OK ||
        read_count(reading, json, "generation", 0, &fired->generation) != STATUS_OK ||
        read_instant(reading, json, "due", &fired->due_us) != STATUS_OK ||
        read_instant(reading, json, "fired", &fired->fired_us) != STATUS_OK)
        return reading->error->status;
    return sla_read_flag(reading, json, "late_by_design", false, &fired->late_by_design);
}

/* An array of records, with room up to the next power of two: clock.c grows them so. */
static enum status read_list(struct sla_reading *reading, const json_t *document,
                             const char *member, size_t size,
                             enum status (*read)(struct sla_reading *, const json_t *, void *),
                             void **ret_items, size_t *ret_count)
{
    const json_t *array = NULL;
    size_t capacity = 1;
    char *items;

    if (sla_read_array(reading, document, member, SLA_CLOCK_RECORDS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    while (capacity < json_array_size(array))
        capacity *= 2;
    items = arena_array(reading->arena, capacity, size);
    for (size_t i = 0; i < json_array_size(array); i++) {
        size_t length = sla_path_enter(reading, member, i);

        if (read(reading, json_array_get(array, i), items + i * size) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    *ret_items = items;
    *ret_count = json_array_size(array);
    return STATUS_OK;
}

static enum status read_lists(struct sla_reading *reading, const json_t *document,
                              struct sla_clock *clock)
{
    void *items[5] = {0};

    if (read_list(reading, document, "intervals", sizeof(struct sla_interval), read_interval,
                  &items[0], &clock->interval_count) != STATUS_OK ||
        read_list(reading, document, "cycles", sizeof(struct sla_cycle), read_cycle, &items[1],
                  &clock->cycle_count) != STATUS_OK ||
        read_list(reading, document, "targets", sizeof(struct sla_target_change),
                  read_target_change, &items[2], &clock->target_count) != STATUS_OK ||
        read_list(reading, document, "marks", sizeof(struct sla_mark), read_mark, &items[3],
                  &clock->mark_count) != STATUS_OK ||
        read_list(reading, document, "fired", sizeof(struct sla_fired), read_fired, &items[4],
                  &clock->fired_count) != STATUS_OK)
        return reading->error->status;
    clock->intervals = items[0];
    clock->cycles = items[1];
    clock->targets = items[2];
    clock->marks = items[3];
    clock->fired = items[4];
    if (clock->interval_count == 0 || clock->cycle_count == 0 || clock->target_count == 0 ||
        clock->targets[clock->target_count - 1].cycle != (int32_t)clock->cycle_count)
        return sla_expected(reading, "targets", "intervals, cycles and a target of the last cycle",
                            json_object_get(document, "targets"));
    return STATUS_OK;
}

static enum status read_frozen(struct sla_reading *reading, const json_t *document,
                               struct sla_clock *clock)
{
    const json_t *frozen = json_object_get(document, "frozen");
    int64_t value = 0;

    if (!json_is_object(frozen))
        return sla_expected(reading, "frozen", "an object", frozen);
#define READ_FROZEN(member)                                                               \
    if (sla_read_integer(reading, frozen, #member, INT64_MIN, INT64_MAX, NULL, &value) != \
        STATUS_OK)                                                                        \
        return reading->error->status;                                                    \
    clock->frozen.member = (__typeof__(clock->frozen.member))value;
    FROZEN(READ_FROZEN)
#undef READ_FROZEN
    if (!sla_clock_is_open(clock)) {
        clock->frozen.state = clock->state;
        clock->frozen.breached = clock->frozen.elapsed_us > clock->frozen.target_us;
    }
    return STATUS_OK;
}

enum status sla_clock_read(struct arena *arena, const json_t *document,
                           struct sla_clock **ret_clock, struct error *ret_error)
{
    struct sla_reading reading = {.arena = arena, .error = ret_error};
    struct sla_clock *clock = arena_alloc(arena, sizeof(*clock));
    int state = 0;

    clock->arena = arena;
    if (!json_is_object(document))
        return sla_expected(&reading, "", "an object", document);
    if (read_any_text(&reading, document, "id", &clock->id) != STATUS_OK ||
        read_any_text(&reading, document, "subject_id", &clock->subject_id) != STATUS_OK ||
        sla_read_text(&reading, document, "policy_id", true, &clock->policy_id) != STATUS_OK ||
        sla_read_integer(&reading, document, "policy_version", 1, INT32_MAX, NULL,
                         &clock->policy_version) != STATUS_OK ||
        sla_read_text(&reading, document, "target", true, &clock->target) != STATUS_OK ||
        read_any_text(&reading, document, "calendar", &clock->calendar) != STATUS_OK ||
        read_duration(&reading, document, &clock->duration) != STATUS_OK ||
        sla_read_choice(&reading, document, "state", states, COUNT_OF(states), -1, &state) !=
            STATUS_OK ||
        sla_read_integer(&reading, document, "floor_version", 0, INT64_MAX, &zero,
                         &clock->floor_version) != STATUS_OK ||
        read_instant(&reading, document, "changed_us", &clock->changed_us) != STATUS_OK ||
        read_instant(&reading, document, "moved_us", &clock->moved_us) != STATUS_OK)
        return ret_error->status;
    clock->state = (enum sla_clock_state)state;
    if (read_lists(&reading, document, clock) != STATUS_OK ||
        read_frozen(&reading, document, clock) != STATUS_OK)
        return ret_error->status;
    *ret_clock = clock;
    return STATUS_OK;
}
