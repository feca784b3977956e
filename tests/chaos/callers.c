/* See callers.h. A caller's process ends by _exit: it has nothing to clean up, and nothing of the
 * test's to run. */
#include "tests/chaos/callers.h"

#include "tests/support/http_client.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES   "/process-api/runtime/process-instances"
#define TASKS       "/process-api/runtime/tasks"
#define TIMERS      "/process-api/management/timer-jobs"
#define DEPLOYMENTS "/process-api/repository/deployments"

enum {
    PACE_MS = 8,
    AWAY_MS = 50,       /* before a node that does not run is asked again */
    DUE_MAX_MS = 6000,  /* of a timer, from now */
    RACE_MAX_MS = 1200, /* of one that a completion races */
    START_ONE_IN = 25,  /* deployments are dear: the other rounds come more often */
    DAY_MS = 24 * 3600 * 1000,
};

#define HEAD                                                           \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'" \
    " xmlns:flowable='http://flowable.org/bpmn' targetNamespace='t'>"  \
    "<process isExecutable='true' id="
#define FLOW(id, from, to) "<sequenceFlow id='" id "' sourceRef='" from "' targetRef='" to "'/>"
#define COUNT(id, more)                                                \
    "<serviceTask id='" id "' " more " flowable:expression='${n + 1}'" \
    " flowable:resultVariable='n'/>"
#define AT(due) "<timerEventDefinition><timeDate>" due "</timeDate></timerEventDefinition>"
#define TAIL    "</process></definitions>"

/* A timer, and behind it a job of the engine's own. */
static const char once[] = HEAD "'chaos_once'><startEvent id='s'/>" FLOW(
    "f1", "s",
    "wait") "<intermediateCatchEvent id='wait'>" AT("${due}") "</intermediateCatchEvent>" FLOW("f2",
                                                                                               "wai"
                                                                                               "t",
                                                                                               "cou"
                                                                                               "nt")
    COUNT("count", "flowable:async='true'") FLOW("f3", "count", "e") "<endEvent id='e'/>" TAIL;

/* A task that is completed about when its timer is due: one of the two goes on. */
static const char race[] = HEAD "'chaos_race'><startEvent id='s'/>" FLOW(
    "f1", "s",
    "work") "<userTask id='work'/>"
            "<boundaryEvent id='late' attachedToRef='work'>" AT("${due}") "</boundaryEvent>" FLOW(
                "f2", "work", "done")
                FLOW("f3", "late",
                     "expire") "<serviceTask id='done' flowable:expression=\"${'done'}\" "
                               "flowable:resultVariable='how'/>"
                               "<serviceTask id='expire' flowable:expression=\"${'late'}\" "
                               "flowable:resultVariable='how'/>" FLOW("f4", "done", "e1")
                                   FLOW("f5", "expire",
                                        "e2") "<endEvent id='e1'/><endEvent id='e2'/>" TAIL;

/* Four firings on a grid of a second. */
static const char cycle[] = HEAD "'chaos_cycle'><startEvent id='s'/>" FLOW(
    "f1", "s", "work") "<userTask id='work'/>"
                       "<boundaryEvent id='tick' attachedToRef='work' cancelActivity='false'>"
                       "<timerEventDefinition><timeCycle>R4/PT1S</timeCycle></"
                       "timerEventDefinition></boundaryEvent>" FLOW("f2", "tick", "count")
                           COUNT("count", "") FLOW("f3", "count", "e1") "<endEvent id='e1'/>" FLOW(
                               "f4", "work", "e2") "<endEvent id='e2'/>" TAIL;

/* Started by a timer at a date of its own. */
static const char started[] = HEAD "'%s'><startEvent id='s'>" AT("%s") "</startEvent>" FLOW(
    "f1", "s", "count") "<serviceTask id='count' flowable:expression='${1}' "
                        "flowable:resultVariable='n'/>" FLOW("f2", "count",
                                                             "e") "<endEvent id='e'/>" TAIL;

void caller_key(unsigned caller, unsigned round, char *ret_key, size_t size)
{
    (void)snprintf(ret_key, size, "chaos-%u-%u", caller, round);
}

void callers_deploy(unsigned port)
{
    if (http_upload(port, DEPLOYMENTS, "once.bpmn", once, NULL) != 201 ||
        http_upload(port, DEPLOYMENTS, "race.bpmn", race, NULL) != 201 ||
        http_upload(port, DEPLOYMENTS, "cycle.bpmn", cycle, NULL) != 201) {
        (void)fprintf(stderr, "chaos: the processes of the test are refused\n");
        exit(1);
    }
}

/* ---- one caller ---- */

struct calling {
    struct chaos_shared *shared;
    struct chaos_caller *caller;
    unsigned number;
    unsigned node; /* whom it calls */
    struct dice dice;
    struct chaos_round *round; /* under way */
    char key[64];              /* its */
};

static long long wall_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void format_date(long long at_ms, char *ret_text, size_t size)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    char day[32];

    (void)gmtime_r(&seconds, &parts);
    (void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(ret_text, size, "%s.%03dZ", day, (int)(at_ms % 1000));
}

/* Half of them at a full second, where they meet. */
static void draw_due(struct calling *calling, uint32_t max_ms, char *ret_text, size_t size)
{
    long long at_ms = wall_ms() + dice_roll(&calling->dice, max_ms);

    if (dice_roll(&calling->dice, 2) == 0)
        at_ms -= at_ms % 1000;
    format_date(at_ms, ret_text, size);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* Sorts an answer; true when it acknowledges. `may_conflict`: others were first. */
static bool sorted(struct calling *calling, const char *what, int status, const json_t *answer,
                   bool may_conflict)
{
    struct chaos_caller *caller = calling->caller;

    if (status >= 200 && status < 300)
        return true;
    if (status == 0)
        caller->lost++;
    else if (status >= 500 && text_of(answer, "detail")[0] != '\0')
        caller->refused++;
    else if (may_conflict && (status == 404 || status == 409))
        caller->refused++;
    else {
        (void)fprintf(stderr, "chaos: %s %s: HTTP %d: %s\n", what, calling->key, status,
                      text_of(answer, "detail"));
        caller->wrong++;
    }
    return false;
}

static unsigned port_of(const struct calling *calling)
{
    return calling->shared->ports[calling->node];
}

/* Starts an instance; its id goes to `ret_id`. */
static bool start(struct calling *calling, const char *process, const char *due, char *ret_id,
                  size_t size)
{
    json_t *answer = NULL;
    int status = http_callf(port_of(calling), "POST", PROCESSES, &answer,
                            "{\"processDefinitionKey\":\"%s\",\"businessKey\":\"%s\","
                            "\"variables\":[{\"name\":\"n\",\"value\":0},"
                            "{\"name\":\"due\",\"value\":\"%s\"}]}",
                            process, calling->key, due);

    calling->round->acknowledged = sorted(calling, "start", status, answer, false);
    (void)snprintf(ret_id, size, "%s", text_of(answer, "id"));
    json_decref(answer);
    return calling->round->acknowledged;
}

/* The first that a list has for an instance. */
static bool find_first(struct calling *calling, const char *list, const char *instance,
                       char *ret_path, size_t size)
{
    json_t *answer = NULL;
    char path[160];
    const char *id;
    int status;

    (void)snprintf(path, sizeof(path), "%s?processInstanceId=%s", list, instance);
    status = http_call(port_of(calling), "GET", path, NULL, &answer);
    id = text_of(json_array_get(json_object_get(answer, "data"), 0), "id");
    (void)snprintf(ret_path, size, "%s/%s", list, id);
    if (!sorted(calling, "find", status, answer, false) || id[0] == '\0')
        ret_path[0] = '\0';
    json_decref(answer);
    return ret_path[0] != '\0';
}

/* What comes second: its acknowledgement is remembered. */
static void act(struct calling *calling, const char *what, const char *path, const char *body)
{
    json_t *answer = NULL;
    int status = http_call(port_of(calling), "POST", path, body, &answer);

    calling->round->second = sorted(calling, what, status, answer, true);
    json_decref(answer);
}

static void play_race(struct calling *calling)
{
    char due[40];
    char id[64];
    char path[160];

    draw_due(calling, RACE_MAX_MS, due, sizeof(due));
    if (!start(calling, "chaos_race", due, id, sizeof(id)) || dice_roll(&calling->dice, 3) == 0 ||
        !find_first(calling, TASKS, id, path, sizeof(path)))
        return;
    (void)poll(NULL, 0, (int)dice_roll(&calling->dice, RACE_MAX_MS / 2));
    act(calling, "complete", path, "{\"action\":\"complete\"}");
}

/* Its time is a day away until an operator moves it; who cannot is helped at the test's end. */
static void play_moved(struct calling *calling)
{
    char due[40];
    char id[64];
    char path[160];

    format_date(wall_ms() + DAY_MS, due, sizeof(due));
    if (start(calling, "chaos_once", due, id, sizeof(id)) &&
        find_first(calling, TIMERS, id, path, sizeof(path)))
        act(calling, "reschedule", path,
            "{\"action\":\"reschedule\",\"dueDate\":\"PT1S\",\"reason\":\"chaos\"}");
}

static void play_incident(struct calling *calling)
{
    json_t *answer = NULL;
    int status = http_callf(port_of(calling), "POST", "/api/v1/incidents", &answer,
                            "{\"title\":\"%s\",\"priority\":\"LOW\",\"slaTarget\":\"PT%uS\"}",
                            calling->key, 2 + dice_roll(&calling->dice, 4));

    calling->round->acknowledged = sorted(calling, "open", status, answer, false);
    json_decref(answer);
}

static void play_start(struct calling *calling)
{
    json_t *answer = NULL;
    char model[2048];
    char due[40];
    char name[80];
    int status;

    draw_due(calling, DUE_MAX_MS, due, sizeof(due));
    (void)snprintf(model, sizeof(model), started, calling->key, due);
    (void)snprintf(name, sizeof(name), "%s.bpmn", calling->key);
    status = http_upload(port_of(calling), DEPLOYMENTS, name, model, &answer);
    calling->round->acknowledged = sorted(calling, "deploy", status, answer, false);
    json_decref(answer);
}

static void play_plain(struct calling *calling, const char *process)
{
    char due[40];
    char id[64];

    draw_due(calling, DUE_MAX_MS, due, sizeof(due));
    (void)start(calling, process, due, id, sizeof(id));
}

static void play_round(struct calling *calling)
{
    enum round_kind kind = (enum round_kind)dice_roll(&calling->dice, ROUND_START);

    if (dice_roll(&calling->dice, START_ONE_IN) == 0)
        kind = ROUND_START;
    calling->round->kind = (uint8_t)kind;
    switch (kind) {
    case ROUND_ONCE:
        play_plain(calling, "chaos_once");
        break;
    case ROUND_RACE:
        play_race(calling);
        break;
    case ROUND_CYCLE:
        play_plain(calling, "chaos_cycle");
        break;
    case ROUND_MOVED:
        play_moved(calling);
        break;
    case ROUND_INCIDENT:
        play_incident(calling);
        break;
    case ROUND_START:
        play_start(calling);
        break;
    }
}

static void call_until_stopped(struct calling *calling)
{
    struct chaos_caller *caller = calling->caller;

    while (!calling->shared->stop && caller->round_count < CHAOS_ROUNDS_MAX) {
        if (port_of(calling) == 0) {
            (void)poll(NULL, 0, AWAY_MS);
            continue;
        }
        calling->round = &caller->rounds[caller->round_count];
        caller_key(calling->number, caller->round_count, calling->key, sizeof(calling->key));
        play_round(calling);
        caller->round_count++;
        (void)poll(NULL, 0, calling->round->acknowledged ? PACE_MS : AWAY_MS);
    }
}

pid_t caller_start(struct chaos_shared *shared, const struct chaos_settings *settings,
                   unsigned number)
{
    pid_t parent = getpid();
    pid_t child = fork();

    if (child == 0) {
        struct calling calling = {.shared = shared,
                                  .caller = &shared->callers[number],
                                  .number = number,
                                  .node = number % settings->nodes,
                                  .dice = {settings->seed ^ (UINT64_C(1) << (32 + number))}};

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        call_until_stopped(&calling);
        _exit(0);
    }
    return child;
}
