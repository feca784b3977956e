/* A year of a real service desk drives SLA clocks in virtual time: targets by priority, waiting
 * states pause, resolved stops, reopened goes on. Every clock's intervals, its elapsed time and
 * each of its thresholds are worked out a second time from the log alone, by plain arithmetic
 * without bpmn/sla and bpmn/worktime, and compared.
 *
 * The log is not part of the project: SYNERGYFLOW_SHARED names the folder that holds it, else the
 * test says that it was skipped. SYNERGYFLOW_SLA_REPLAY=all takes every incident instead of each
 * ninth. */
#include "bpmn/sla/evaluate.h"
#include "tests/replay/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)
#define BASE_US   INT64_C(946684800000000) /* 2000-01-01T00:00:00Z */

enum {
    ROWS_MAX = 4096, /* of one incident */
    SPANS_MAX = 4096,
    ARENA_BYTES = 256 * 1024 * 1024,
    THRESHOLDS = 3,
    DAY_MIN = 1440,
    OPEN_MIN = 8 * 60,
    CLOSE_MIN = 18 * 60,
};

static const int percents[THRESHOLDS] = {50, 75, 100};
static const int target_hours[6] = {0, 4, 8, 16, 40, 80}; /* by priority */

/* ---- the second opinion -----------------------------------------------------------------------
 */

/* Working minutes from the beginning of 2000, a Saturday, until a minute: Monday to Friday. */
static int64_t working_until(int64_t minute)
{
    int64_t day = minute / DAY_MIN;
    int64_t rest = minute % DAY_MIN;
    int64_t weeks = day / 7;
    int64_t weekday = day % 7; /* 0 Saturday, 1 Sunday, 2 Monday … */
    int64_t days = weeks * 5 + (weekday > 2 ? weekday - 2 : 0);
    int64_t today = rest < OPEN_MIN ? 0 : rest > CLOSE_MIN ? CLOSE_MIN - OPEN_MIN : rest - OPEN_MIN;

    return days * (CLOSE_MIN - OPEN_MIN) + (weekday >= 2 ? today : 0);
}

/* A stretch of a clock's life, minutes. */
struct span {
    bool running;
    int64_t from;
    int64_t to;
};

struct opinion {
    struct span spans[SPANS_MAX];
    unsigned span_count;
    bool began;
    bool open;
    int64_t elapsed; /* working minutes until `at` */
    int64_t at;
    bool running;
    int64_t stopped_at;
    int64_t target;               /* working minutes */
    int64_t fired_at[THRESHOLDS]; /* -1: not yet */
};

static void add_span(struct opinion *opinion, bool running, int64_t from, int64_t to)
{
    struct span *last = opinion->span_count > 0 ? &opinion->spans[opinion->span_count - 1] : NULL;

    if (from == to)
        return;
    if (last != NULL && last->running == running && last->to == from) {
        last->to = to;
        return;
    }
    assert_true(opinion->span_count < SPANS_MAX);
    opinion->spans[opinion->span_count++] = (struct span){running, from, to};
}

/* Whether the elapsed time is enough for a threshold; hundredths, so that nothing is rounded. */
static bool reaches(int64_t elapsed, int64_t target, int percent)
{
    return elapsed * 100 >= target * percent;
}

/* Time passes until a minute: minute by minute where a threshold may lie in between. */
static void pass(struct opinion *opinion, int64_t until)
{
    if (!opinion->open)
        return;
    if (opinion->running) {
        int64_t begin = opinion->elapsed - working_until(opinion->at);
        int64_t end = begin + working_until(until);

        for (int t = 0; t < THRESHOLDS; t++) {
            int64_t minute = opinion->at;

            if (opinion->fired_at[t] >= 0 || !reaches(end, opinion->target, percents[t]))
                continue;
            while (!reaches(begin + working_until(minute), opinion->target, percents[t]))
                minute++;
            opinion->fired_at[t] = minute;
        }
        opinion->elapsed = end;
    }
    add_span(opinion, opinion->running, opinion->at, until);
    opinion->at = until;
}

static bool is_waiting(enum log_state state)
{
    return state >= LOG_STATE_AWAITING_USER && state <= LOG_STATE_AWAITING_EVIDENCE;
}

static void hear(struct opinion *opinion, const struct log_row *row, enum log_state state)
{
    bool is_over = state == LOG_STATE_RESOLVED || state == LOG_STATE_CLOSED;

    pass(opinion, row->at_min);
    if (!opinion->began && is_over)
        return;
    if (!opinion->began) {
        opinion->began = opinion->open = true;
        opinion->at = row->at_min;
        for (int t = 0; t < THRESHOLDS; t++)
            opinion->fired_at[t] = -1;
    }
    if (!opinion->open && !is_over) { /* reopened: the time between was a pause */
        add_span(opinion, false, opinion->stopped_at, row->at_min);
        opinion->open = true;
        opinion->at = row->at_min;
    }
    if (!opinion->open)
        return;
    opinion->target = target_hours[row->priority] * 60;
    opinion->running = !is_waiting(state);
    /* A shorter target may have been passed already. */
    for (int t = 0; t < THRESHOLDS; t++) {
        if (opinion->fired_at[t] < 0 && reaches(opinion->elapsed, opinion->target, percents[t]))
            opinion->fired_at[t] = row->at_min;
    }
    if (is_over) {
        opinion->open = false;
        opinion->stopped_at = row->at_min;
    }
}

/* ---- the clocks -------------------------------------------------------------------------------
 */

struct desk {
    struct arena *arena; /* policies, calendar */
    const struct sla_policy *const *policies;
    size_t policy_count;
    struct sla_calendar_version version;
    struct sla_rating rating;
};

struct clocked {
    struct arena *arena;
    const struct desk *desk;
    struct sla_clock *clocks[4];
    size_t count;
    json_t *fields;
    unsigned fired[THRESHOLDS];
    int64_t fired_us[THRESHOLDS];
};

static struct {
    unsigned incidents;
    unsigned clocks;
    unsigned intervals;
    unsigned fired;
    unsigned breaches;
    unsigned reopened;
} totals;

static enum status utc_only(void *context, const char *name, const struct zone **ret_zone,
                            struct error *ret_error)
{
    (void)context;
    (void)name;
    (void)ret_error;
    *ret_zone = zone_utc();
    return STATUS_OK;
}

static void open_desk(struct desk *desk)
{
    static const char calendar[] =
        "{\"name\":\"desk\",\"timezone\":\"UTC\",\"week\":{\"mon\":[[\"08:00\",\"18:00\"]],"
        "\"tue\":[[\"08:00\",\"18:00\"]],\"wed\":[[\"08:00\",\"18:00\"]],\"thu\":[[\"08:00\","
        "\"18:00\"]],\"fri\":[[\"08:00\",\"18:00\"]]}}";
    struct zone_source zones = {.load = utc_only};
    struct error error;
    json_t *list = json_array();
    json_t *document = json_loads(calendar, 0, NULL);

    desk->arena = arena_new(ARENA_BYTES);
    assert_int_equal(calendar_read(desk->arena, document, &zones, &desk->version.calendar, &error),
                     STATUS_OK);
    json_decref(document);
    desk->version.version = 1;
    desk->rating = (struct sla_rating){.versions = &desk->version, .count = 1};
    for (int priority = 1; priority <= 5; priority++) {
        char text[1024];

        snprintf(text, sizeof(text),
                 "{\"id\":\"p%d\",\"version\":1,\"applies_to\":\"incident\",\"order\":%d,\"match\":"
                 "\"priority == %d\",\"targets\":[{\"name\":\"resolution\",\"duration\":\"PT%dH\","
                 "\"calendar\":\"desk\",\"reopen\":\"pause\",\"conditions\":{\"start\":\"!over\","
                 "\"pause\":\"waiting\",\"stop\":\"over\"},\"thresholds\":[{\"id\":\"0\",\"at\":"
                 "\"50%%\"},{\"id\":\"1\",\"at\":\"75%%\"},{\"id\":\"2\",\"at\":\"100%%\"}]}]}",
                 priority, priority, priority, target_hours[priority]);
        (void)json_array_append_new(list, json_loads(text, 0, NULL));
    }
    document = json_pack("{s:o}", "policies", list);
    if (sla_policies_read(desk->arena, document, &desk->policies, &desk->policy_count, &error) !=
        STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    json_decref(document);
}

static const struct sla_target *target_of(const struct desk *desk, const struct sla_clock *clock)
{
    for (size_t i = 0; i < desk->policy_count; i++) {
        if (strcmp(desk->policies[i]->id, clock->policy_id) == 0)
            return sla_policy_target(desk->policies[i], clock->target);
    }
    fail_msg("no policy %s", clock->policy_id);
    return NULL;
}

/* Fires what is due at `now_us`; when the next threshold is due, SLA_OPEN_US: none is. */
static int64_t fire(struct clocked *clocked, struct sla_clock *clock, int64_t now_us)
{
    const struct sla_target *target = target_of(clocked->desk, clock);
    const struct sla_threshold_due *rows = NULL;
    struct error error;
    int64_t next_us = SLA_OPEN_US;

    assert_int_equal(sla_clock_thresholds(clocked->arena, clock, target, &clocked->desk->rating,
                                          now_us, &rows, &error),
                     STATUS_OK);
    for (size_t i = 0; i < target->threshold_count; i++) {
        int at = rows[i].threshold->id[0] - '0';

        if (rows[i].state == SLA_THRESHOLD_DUE) {
            assert_int_equal(sla_clock_fire(clock, &rows[i], now_us, &error), STATUS_OK);
            clocked->fired[at]++;
            clocked->fired_us[at] = now_us;
        } else if (rows[i].state == SLA_THRESHOLD_WAITING && rows[i].has_due &&
                   rows[i].due_us < next_us) {
            next_us = rows[i].due_us;
        }
    }
    return next_us;
}

/* From due time to due time until `until_us`, which is included. */
static void let_time_pass(struct clocked *clocked, int64_t from_us, int64_t until_us)
{
    for (size_t i = 0; i < clocked->count; i++) {
        int64_t now_us = from_us;

        while (sla_clock_is_open(clocked->clocks[i])) {
            int64_t next_us = fire(clocked, clocked->clocks[i], now_us);

            if (next_us > until_us)
                break;
            assert_true(next_us > now_us);
            now_us = next_us;
        }
    }
}

static void change(struct clocked *clocked, const struct log_row *row, enum log_state state)
{
    int64_t now_us = BASE_US + row->at_min * MINUTE_US;
    json_t *fields =
        json_pack("{s:i, s:b, s:b}", "priority", row->priority, "waiting", is_waiting(state),
                  "over", state == LOG_STATE_RESOLVED || state == LOG_STATE_CLOSED);
    struct sla_subject subject = {.type = SLA_SUBJECT_INCIDENT,
                                  .id = row->number,
                                  .old_fields = clocked->fields,
                                  .fields = fields,
                                  .why = {"", row->assigned_to}};
    struct sla_decision decision;
    struct error error;

    if (sla_evaluate(clocked->arena, clocked->desk->policies, clocked->desk->policy_count, &subject,
                     clocked->clocks, clocked->count, now_us, &decision, &error) != STATUS_OK)
        fail_msg("%s: %s", row->number, error.message);
    assert_int_equal(decision.problem_count, 0);
    for (size_t i = 0; i < decision.step_count; i++) {
        const struct sla_step *step = &decision.steps[i];
        struct sla_clock *clock =
            step->kind == SLA_STEP_START ? NULL : clocked->clocks[step->clock];

        if (sla_step_apply(clocked->arena, &decision, step, row->number, clock,
                           &clocked->desk->rating, now_us, &clock, &error) != STATUS_OK)
            fail_msg("%s: %s", row->number, error.message);
        totals.reopened += step->kind == SLA_STEP_REOPEN;
        if (step->kind == SLA_STEP_START) {
            assert_true(clocked->count < 4);
            clocked->clocks[clocked->count++] = clock;
        }
    }
    for (size_t i = 0; i < clocked->count; i++) {
        if (sla_clock_is_open(clocked->clocks[i]))
            (void)fire(clocked, clocked->clocks[i], now_us);
    }
    json_decref(clocked->fields);
    clocked->fields = fields;
}

/* ---- both -------------------------------------------------------------------------------------
 */

static void compare_intervals(const struct opinion *opinion, const struct sla_clock *clock,
                              const char *number, int64_t end_us)
{
    struct opinion seen = {.span_count = 0};

    for (size_t i = 0; i < clock->interval_count; i++) {
        const struct sla_interval *interval = &clock->intervals[i];
        int64_t to_us = interval->to_us == SLA_OPEN_US ? end_us : interval->to_us;

        add_span(&seen, interval->running, (interval->from_us - BASE_US) / MINUTE_US,
                 (to_us - BASE_US) / MINUTE_US);
    }
    if (seen.span_count != opinion->span_count ||
        memcmp(seen.spans, opinion->spans, seen.span_count * sizeof(struct span)) != 0) {
        for (unsigned i = 0; i < seen.span_count || i < opinion->span_count; i++)
            print_error("%u: clock %d %ld-%ld, log %d %ld-%ld\n", i, seen.spans[i].running,
                        (long)seen.spans[i].from, (long)seen.spans[i].to, opinion->spans[i].running,
                        (long)opinion->spans[i].from, (long)opinion->spans[i].to);
        fail_msg("%s: the intervals are not those of the log", number);
    }
    totals.intervals += seen.span_count;
}

static void compare(const struct clocked *clocked, const struct opinion *opinion,
                    const char *number, int64_t end_us)
{
    struct sla_figures figures;
    struct error error;

    assert_int_equal(clocked->count, opinion->began ? 1 : 0);
    if (!opinion->began)
        return;
    totals.clocks++;
    compare_intervals(opinion, clocked->clocks[0], number, end_us);
    assert_int_equal(
        sla_clock_figures(clocked->clocks[0], &clocked->desk->rating, end_us, &figures, &error),
        STATUS_OK);
    if (figures.elapsed_us != opinion->elapsed * MINUTE_US)
        fail_msg("%s: elapsed %lld min, by the log %lld", number,
                 (long long)(figures.elapsed_us / MINUTE_US), (long long)opinion->elapsed);
    for (int t = 0; t < THRESHOLDS; t++) {
        int64_t wanted_us =
            opinion->fired_at[t] < 0 ? 0 : BASE_US + opinion->fired_at[t] * MINUTE_US;

        if (clocked->fired[t] != (wanted_us != 0) || clocked->fired_us[t] != wanted_us)
            fail_msg("%s, %d %%: fired %u times at minute %lld, by the log %lld", number,
                     percents[t], clocked->fired[t],
                     (long long)((clocked->fired_us[t] - BASE_US) / MINUTE_US),
                     (long long)opinion->fired_at[t]);
        totals.fired += clocked->fired[t];
        totals.breaches += t == 2 ? clocked->fired[t] : 0;
    }
}

static void replay_incident(const struct desk *desk, const struct log_row *const *rows,
                            unsigned count, int64_t end_min)
{
    static struct opinion opinion;
    struct clocked clocked = {.arena = arena_new(ARENA_BYTES), .desk = desk};
    enum log_state state = LOG_STATE_NEW;
    int64_t at_us = BASE_US + rows[0]->at_min * MINUTE_US;
    int64_t end_us = BASE_US + end_min * MINUTE_US;

    memset(&opinion, 0, sizeof(opinion));
    for (unsigned i = 0; i < count; i++) {
        int64_t row_us = BASE_US + rows[i]->at_min * MINUTE_US;

        if (rows[i]->state != LOG_STATE_UNKNOWN)
            state = rows[i]->state; /* a gap in the log changes nothing */
        let_time_pass(&clocked, at_us, row_us);
        change(&clocked, rows[i], state);
        hear(&opinion, rows[i], state);
        at_us = row_us;
    }
    let_time_pass(&clocked, at_us, end_us);
    pass(&opinion, end_min);
    compare(&clocked, &opinion, rows[0]->number, end_us);
    totals.incidents++;
    json_decref(clocked.fields);
    arena_free(clocked.arena);
}

static void the_year_gives_the_same_twice(void **state)
{
    const char *folder = getenv("SYNERGYFLOW_SHARED");
    static const struct log_row *rows[ROWS_MAX];
    struct event_log log = {0};
    struct desk desk = {0};
    char path[4096];
    int64_t end_min;

    (void)state;
    if (folder == NULL) {
        print_message("skipped: SYNERGYFLOW_SHARED does not name the folder with the shared "
                      "data/incident-event-log.csv.gz\n");
        skip();
    }
    (void)snprintf(path, sizeof(path), "%s/data/incident-event-log.csv.gz", folder);
    assert_true(event_log_read(path, 0, &log));
    assert_true(log.row_count > 100000);
    end_min = log.rows[log.row_count - 1].at_min + 30 * DAY_MIN;
    open_desk(&desk);
    /* By incident: the log is in order of time. */
    for (uint32_t incident = 0; incident < log.incident_count; incident++) {
        unsigned count = 0;

        for (uint32_t i = 0; i < log.row_count && count < ROWS_MAX; i++) {
            if (log.rows[i].incident == incident) {
                rows[count++] = &log.rows[i];
                if (log.rows[i].last)
                    break;
            }
        }
        assert_true(count > 0 && count < ROWS_MAX);
        replay_incident(&desk, rows, count, end_min);
    }
    print_message("%u incidents: %u clocks, %u intervals, %u thresholds fired, %u breaches, %u "
                  "reopened\n",
                  totals.incidents, totals.clocks, totals.intervals, totals.fired, totals.breaches,
                  totals.reopened);
    assert_true(totals.breaches > 1000 && totals.reopened > 100);
    arena_free(desk.arena);
    event_log_free(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_year_gives_the_same_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
