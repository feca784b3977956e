/* What the tests of units of work stand on: a fresh database, a queue over it, a module whose
 * handlers insert, fail, refuse and throw as their input says, and commands that remember their
 * answer. Everything waits at most HANG_MS. */
#ifndef SYNERGYFLOW_TESTS_COMMAND_FIXTURE_H
#define SYNERGYFLOW_TESTS_COMMAND_FIXTURE_H

#include "engine/base/identity.h"
#include "engine/command/command.h"
#include "tests/support/postgres.h"

enum { HANG_MS = 30000, BATCH = 8 };

/* The module's topic is probe.call with the variable n: 13 breaks a constraint, 404 is refused,
 * 500 (and any number at an element "throws") gives the BPMN error CAUGHT, 600 fails the handler as
 * a whole; any other gives m = n + 1, the business key N-n and an event. */
struct parts {
    struct test_database *database;
    uv_loop_t loop;
    uv_timer_t hang;
    struct identity_source identity;
    struct registry registry;
    struct pg_pool *pool;
    struct definition_cache *definitions;
    struct command_queue *queue;
    struct database_clock *clock;   /* of queues that are built; NULL: the wall clock */
    struct command_effects effects; /* of queues that are built … */
    enum status (*run_script)(const struct bpmn_env *env, const struct bpmn_script *script,
                              struct bpmn_script_result *ret_result,
                              struct error *ret_error); /* … and their scripts */
    struct arena *arena;
    uint32_t pending; /* asked and not answered */
    uint32_t published;
};
extern struct parts parts;

int set_up(void **state); /* with the process "probe" deployed and a queue of one lane */
int tear_down(void **state);
/* Another connection string from here on: a queue, a pool and a cache of definitions over it. */
void connect_to(const char *conninfo);
/* A queue beside or after the one that is there, into parts.queue. */
void build_queue(uint32_t lanes, uint32_t waiting_max, uint32_t wait_max_ms);
void deploy(const char *model);

struct asked {
    struct command command;
    json_t *variables;
    enum status status;
    struct error error;
    struct uuid instance_id;
    char business_key[32];
    int64_t answer; /* the variable m */
    bool ended;
    bool done;
};

/* Zeroed but for what the caller set; `variables` is stolen. */
void submit(struct asked *asked);
void ask_start(struct asked *asked, int64_t n);
/* By business key and element. */
void ask_complete(struct asked *asked, const char *key, const char *element);
/* Until everything is answered. */
void run(void);
/* Until `condition`, which is asked every few milliseconds. */
void run_until(bool (*condition)(void *context), void *context);

#define assert_sql(sql, expected) \
    assert_string_equal(test_database_sql(parts.database, sql), expected)

#endif
