/* Metrics and log lines of commands and units. */
#include "engine/command/unit.h"

#include "engine/base/log.h"
#include "engine/base/metrics.h"

static struct metric metrics[] = {
    {.name = "synergyflow_commands_total",
     .labels = "outcome=\"done\"",
     .help = "Commands answered",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_commands_total",
     .labels = "outcome=\"refused\"",
     .help = "Commands answered",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_command_duration_seconds",
     .help = "From submission to answer",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_unit_of_work_duration_seconds",
     .help = "From the first statement to the answers",
     .type = METRIC_HISTOGRAM,
     .bounds = metric_latency_bounds},
    {.name = "synergyflow_unit_of_work_commands_total",
     .help = "Commands in committed units of work",
     .type = METRIC_COUNTER},
    {.name = "synergyflow_commands_waiting",
     .help = "Commands that wait for a unit of work",
     .type = METRIC_GAUGE},
};

enum { DONE, REFUSED, COMMAND_DURATION, UNIT_DURATION, UNIT_COMMANDS, WAITING };

static void register_once(void)
{
    static bool done;

    for (size_t i = 0; i < COUNT_OF(metrics) && !done; i++)
        metric_register(&metrics[i]);
    done = true;
}

static const char *kind_of(const struct command *command)
{
    static const char *const steps[] = {
        "start",    "completeTask",    "triggerTimer", "receiveMessage", "completeJob",
        "jobError", "handlerReturned", "handlerError", "setVariables",   "terminate"};

    if (command->kind == COMMAND_START)
        return "start";
    return command->kind == COMMAND_MODULE ? "module" : steps[command->step];
}

void observe_command(const struct command *command, enum status status, const struct error *error,
                     const struct uuid *instance_id, int64_t duration_us)
{
    enum log_level level = status_http(status) >= 500 ? LOG_WARNING : LOG_INFO;
    char id[UUID_TEXT_BYTES] = "";

    register_once();
    metric_add(&metrics[status == STATUS_OK ? DONE : REFUSED], 1);
    metric_observe(&metrics[COMMAND_DURATION], (double)duration_us / 1e6);
    if (!log_enabled(level))
        return;
    if (instance_id != NULL && !uuid_is_zero(instance_id))
        (void)uuid_format(instance_id, id);
    log_event(level, status == STATUS_OK ? "command.done" : "command.refused", "kind", 's',
              kind_of(command), "correlationId", 's', command->correlation_id, "instanceId", 's',
              id[0] != '\0' ? id : NULL, "durationMs", 'f', (double)duration_us / 1000.0, "reason",
              's', error != NULL && status != STATUS_OK ? error->message : NULL, NULL);
}

void observe_unit(uint32_t size, int64_t duration_us)
{
    register_once();
    metric_add(&metrics[UNIT_COMMANDS], size);
    metric_observe(&metrics[UNIT_DURATION], (double)duration_us / 1e6);
}

void observe_waiting(uint32_t count)
{
    register_once();
    metric_set(&metrics[WAITING], count);
}
