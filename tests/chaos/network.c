/* See network.h. */
#include "tests/chaos/network.h"

#include "tests/command/proxy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 5 };

struct network {
    struct chaos_shared *shared;
    unsigned nodes;
    struct proxy *proxies[CHAOS_NODES_MAX];
    uv_timer_t look;
};

static void set_wire(struct proxy *proxy, enum wire_state state)
{
    proxy_resume(proxy);
    proxy_open(proxy);
    if (state == WIRE_CUT)
        proxy_close(proxy);
    else if (state == WIRE_SILENT)
        proxy_silence(proxy);
}

static void on_look(uv_timer_t *timer)
{
    struct network *network = timer->data;

    for (unsigned i = 0; i < network->nodes; i++) {
        int wanted = network->shared->wires[i];

        if (wanted == network->shared->wires_now[i])
            continue;
        set_wire(network->proxies[i], (enum wire_state)wanted);
        network->shared->wires_now[i] = wanted;
    }
}

static void run(struct network *network, const char *conninfo)
{
    uv_loop_t loop;

    if (uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &network->look) != 0)
        _exit(1);
    for (unsigned i = 0; i < network->nodes; i++) {
        network->proxies[i] = proxy_new(&loop, conninfo);
        (void)snprintf(network->shared->conninfos[i], CHAOS_CONNINFO_BYTES, "%s",
                       proxy_conninfo(network->proxies[i]));
    }
    network->shared->network_ready = true;
    network->look.data = network;
    if (uv_timer_start(&network->look, on_look, LOOK_MS, LOOK_MS) != 0)
        _exit(1);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    _exit(1);
}

pid_t network_start(struct chaos_shared *shared, unsigned nodes, const char *conninfo)
{
    pid_t parent = getpid();
    pid_t child = fork();

    if (child == 0) {
        struct network network = {.shared = shared, .nodes = nodes};

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        run(&network, conninfo);
    }
    return child;
}

void network_stop(pid_t process)
{
    if (process <= 0)
        return;
    (void)kill(process, SIGKILL);
    (void)waitpid(process, NULL, 0);
}
