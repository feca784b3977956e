/* Metrics and log lines of commands and units. */
#include "engine/command/unit.h"

#include "engine/base/log.h"
#include "engine/base/metrics.h"

/* X(name, kind of command) */
#define KINDS(X)                         \
    X(START, "start")                    \
    X(COMPLETE_TASK, "completeTask")     \
    X(TRIGGER_TIMER, "triggerTimer")     \
    X(RECEIVE_MESSAGE, "receiveMessage") \
    X(COMPLETE_JOB, "completeJob")       \
    X(JOB_ERROR, "jobError")             \
    X(SET_VARIABLES, "setVariables")     \
    X(TERMINATE, "terminate")            \
    X(RECEIVE_SIGNAL, "receiveSignal")   \
    X(CALL, "call")                      \
    X(SCRIPT, "script")                  \
    X(TRIGGER, "trigger")                \
    X(CHANGE_STATE, "changeState")       \
    X(JOB, "job")                        \
    X(SUSPEND, "suspend")                \
    X(ACTIVATE, "activate")              \
    X(MODULE, "module")

/* done; refused: the caller's to put right (4xx); failed: not the caller's (5xx) */
#define OUTCOME(kind_text, outcome_text)                                 \
    {                                                                    \
        .name = "synergyflow_commands_total",                            \
        .labels = "kind=\"" kind_text "\",outcome=\"" outcome_text "\"", \
        .help = "Commands answered", .type = METRIC_COUNTER              \
    }
#define OUTCOMES(name, text) \
    {OUTCOME(text, "done"), OUTCOME(text, "refused"), OUTCOME(text, "failed")},

enum outcome { DONE, REFUSED, FAILED, OUTCOME_COUNT };

static struct metric answered[][OUTCOME_COUNT] = {KINDS(OUTCOMES)};

#define KIND_NAME(name, text) text,
static const char *const kind_names[] = {KINDS(KIND_NAME)};

enum kind {
#define KIND_ENUM(name, text) KIND_##name,
    KINDS(KIND_ENUM)
#undef KIND_ENUM
};

/* Commands, not seconds. */
static const double size_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 0};

static struct metric metrics[] = {
    {.name = "synergyflow_command_duration_seconds",
     .help = "From submission to answer",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_unit_of_work_duration_seconds",
     .help = "From the first statement to the answers",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_unit_of_work_commands",
     .help = "Commands in a unit of work",
     .type = METRIC_HISTOGRAM,
     .bounds = size_bounds},
    {.name = "synergyflow_commit_duration_seconds",
     .help = "The last round trip of a unit of work: its writes and COMMIT",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_commands_waiting",
     .help = "Commands submitted and not yet answered",
     .type = METRIC_GAUGE},
};

enum { COMMAND_DURATION, UNIT_DURATION, UNIT_COMMANDS, COMMIT_DURATION, WAITING };

static void register_once(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    for (size_t kind = 0; kind < COUNT_OF(answered); kind++) {
        for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++)
            metric_register(&answered[kind][outcome]);
    }
    for (size_t i = 0; i < COUNT_OF(metrics); i++)
        metric_register(&metrics[i]);
}

static enum kind kind_of(const struct command *command)
{
    if (command->kind == COMMAND_START)
        return KIND_START;
    if (command->kind == COMMAND_MODULE)
        return KIND_MODULE;
    if (command->kind == COMMAND_JOB)
        return KIND_JOB;
    if (command->kind == COMMAND_SUSPEND)
        return KIND_SUSPEND;
    if (command->kind == COMMAND_ACTIVATE)
        return KIND_ACTIVATE;
    switch (command->step) {
    case BPMN_START:
        return KIND_START;
    case BPMN_COMPLETE_TASK:
        return KIND_COMPLETE_TASK;
    case BPMN_TRIGGER_TIMER:
    case BPMN_MOVE_TIMER:
        return KIND_TRIGGER_TIMER;
    case BPMN_RECEIVE_MESSAGE:
        return KIND_RECEIVE_MESSAGE;
    case BPMN_COMPLETE_JOB:
        return KIND_COMPLETE_JOB;
    case BPMN_JOB_ERROR:
    case BPMN_JOB_ESCALATION:
        return KIND_JOB_ERROR;
    case BPMN_RECEIVE_SIGNAL:
        return KIND_RECEIVE_SIGNAL;
    case BPMN_SCRIPT_RETURNED:
    case BPMN_SCRIPT_ERROR:
        return KIND_SCRIPT;
    case BPMN_CALL_COMPLETED:
    case BPMN_CALL_ERROR:
    case BPMN_CALL_ESCALATED:
        return KIND_CALL;
    case BPMN_TRIGGER:
    case BPMN_CONTINUE:
    case BPMN_LOOK_AT_CONDITIONS:
        return KIND_TRIGGER;
    case BPMN_CHANGE_STATE:
        return KIND_CHANGE_STATE;
    case BPMN_SET_VARIABLES:
    case BPMN_REMOVE_VARIABLES:
        return KIND_SET_VARIABLES;
    case BPMN_TERMINATE:
        return KIND_TERMINATE;
    case BPMN_HANDLER_RETURNED:
    case BPMN_HANDLER_ERROR:
        break; /* steps within a unit, never submitted */
    }
    UNREACHABLE();
}

void observe_command(const struct command *command, enum status status, const struct error *error,
                     const struct uuid *instance_id, const char *correlation_id,
                     int64_t duration_us)
{
    bool is_fault = status_http(status) >= 500;
    enum outcome outcome = status == STATUS_OK ? DONE : is_fault ? FAILED : REFUSED;
    enum log_level level = is_fault ? LOG_WARNING : LOG_INFO;
    enum kind kind = kind_of(command);
    char id[UUID_TEXT_BYTES];

    register_once();
    metric_add(&answered[kind][outcome], 1);
    metric_observe(&metrics[COMMAND_DURATION], (double)duration_us / 1e6);
    if (!log_enabled(level))
        return;
    log_event(level, status == STATUS_OK ? "command.done" : "command.refused", "kind", 's',
              kind_names[kind], "correlationId", 's', correlation_id, "instanceId", 's',
              uuid_is_zero(instance_id) ? NULL : uuid_format(instance_id, id), "durationMs", 'f',
              (double)duration_us / 1000.0, "reason", 's',
              status != STATUS_OK ? error->message : NULL, NULL);
}

void observe_unit(uint32_t size, int64_t duration_us)
{
    register_once();
    metric_observe(&metrics[UNIT_COMMANDS], size);
    metric_observe(&metrics[UNIT_DURATION], (double)duration_us / 1e6);
}

void observe_commit(int64_t duration_us)
{
    register_once();
    metric_observe(&metrics[COMMIT_DURATION], (double)duration_us / 1e6);
}

void observe_waiting(uint32_t count)
{
    register_once();
    metric_set(&metrics[WAITING], count);
}
