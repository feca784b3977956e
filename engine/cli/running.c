/* See running.h. */
#include "engine/cli/running.h"

#include "engine/base/log.h"
#include "engine/cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct running {
    uv_loop_t loop;
    uv_signal_t terminate;
    uv_signal_t interrupt;
    struct service *service;
    void (*on_ready)(void *context, struct service *service);
    void *context;
    bool stopping;
    int exit_code;
};

static void on_stopped(void *context)
{
    struct running *running = context;

    uv_close((uv_handle_t *)&running->terminate, NULL);
    uv_close((uv_handle_t *)&running->interrupt, NULL);
}

static void stop(struct running *running)
{
    if (running->stopping)
        return;
    running->stopping = true;
    service_stop(running->service, on_stopped, running);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct running *running = handle->data;

    if (running->stopping) {
        log_event(LOG_WARNING, "service.killed", "signal", 'i', (int64_t)number, NULL);
        log_flush();
        _exit(CLI_FAILED);
    }
    log_event(LOG_INFO, "service.stopping", "signal", 'i', (int64_t)number, NULL);
    stop(running);
}

static void on_started(void *context, enum status status, const struct error *error)
{
    struct running *running = context;

    if (status != STATUS_OK) {
        running->exit_code = cli_report(error);
        stop(running);
        return;
    }
    if (running->on_ready != NULL)
        running->on_ready(running->context, running->service);
}

int service_run(const struct settings *settings,
                void (*on_ready)(void *context, struct service *service), void *context)
{
    struct running running = {.on_ready = on_ready, .context = context, .exit_code = CLI_DONE};
    struct error error = {0};
    int result = uv_loop_init(&running.loop);

    INVARIANT(result == 0);
    (void)signal(SIGPIPE, SIG_IGN);
    running.terminate.data = running.interrupt.data = &running;
    result = uv_signal_init(&running.loop, &running.terminate);
    INVARIANT(result == 0);
    result = uv_signal_init(&running.loop, &running.interrupt);
    INVARIANT(result == 0);
    result = uv_signal_start(&running.terminate, on_signal, SIGTERM);
    INVARIANT(result == 0);
    result = uv_signal_start(&running.interrupt, on_signal, SIGINT);
    INVARIANT(result == 0);
    if (service_new(&running.loop, settings, &running.service, &error) == STATUS_OK) {
        service_start(running.service, on_started, &running);
    } else {
        running.exit_code = cli_report(&error);
        on_stopped(&running);
    }
    (void)uv_run(&running.loop, UV_RUN_DEFAULT);
    service_free(running.service);
    (void)uv_run(&running.loop, UV_RUN_DEFAULT); /* the parts' handles close */
    result = uv_loop_close(&running.loop);
    if (result != 0)
        log_event(LOG_ERROR, "service.handles_left", NULL);
    log_flush();
    return running.exit_code;
}
