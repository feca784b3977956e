/* A wire between the engine and PostgreSQL that can be cut where it hurts: on the test's own loop,
 * TCP on the engine's side, PostgreSQL's Unix socket on the other. */
#ifndef SYNERGYFLOW_TESTS_COMMAND_PROXY_H
#define SYNERGYFLOW_TESTS_COMMAND_PROXY_H

#include <stdbool.h>
#include <uv.h>

struct proxy;

/* `conninfo` is the server's; it must name a folder of Unix sockets as its host. */
struct proxy *proxy_new(uv_loop_t *loop, const char *conninfo);
void proxy_free(struct proxy *proxy); /* cuts everything; the memory goes from the loop */
/* The same database through the proxy; valid as long as the proxy. */
const char *proxy_conninfo(const struct proxy *proxy);

/* The next time that the engine sends a statement which ends in `text` (static), PostgreSQL gets
 * it, and when it answers the wire is cut instead: what it did is done, and the engine never hears.
 * `stay_closed`: so are all others, and none is opened before proxy_open(). */
void proxy_cut_answer_to(struct proxy *proxy, const char *text, bool stay_closed);
/* Cuts every wire and refuses new ones. */
void proxy_close(struct proxy *proxy);
void proxy_open(struct proxy *proxy);
/* Nothing goes through any more, either way, and nobody is told: a network that loses everything.
 * New wires find a listener that stays silent. */
void proxy_silence(struct proxy *proxy);
/* The next time that the engine sends a statement which ends in `text` (static), PostgreSQL gets it
 * and its answer is the last that goes through before the silence. */
void proxy_silence_after(struct proxy *proxy, const char *text);
bool proxy_is_silent(const struct proxy *proxy);
/* What was under way in the silence arrives after all, late, and in order. */
void proxy_resume(struct proxy *proxy);
/* How often proxy_cut_answer_to() has come to pass. */
unsigned proxy_cuts(const struct proxy *proxy);

#endif
