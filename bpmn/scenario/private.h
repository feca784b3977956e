/* Private to bpmn/scenario: a document as read (format.c), and a case under way: run.c takes its
 * steps (steps.c), expect.c looks at what came of them. */
#ifndef SYNERGYFLOW_SCENARIO_PRIVATE_H
#define SYNERGYFLOW_SCENARIO_PRIVATE_H

#include "bpmn/scenario/lines.h"
#include "bpmn/scenario/scenario.h"
#include "bpmn/scenario/world.h"

struct run;

struct scenario_step {
    const struct verb *verb;
    const json_t *object; /* the whole step */
    const json_t *value;  /* of the verb */
    struct json_cursor at;
};

struct scenario_case {
    const char *name;
    const char *process; /* NULL: not said */
    int64_t now_us;
    const json_t *mocks; /* NULL: none */
    struct json_cursor at;
    struct scenario_step *steps;
    uint32_t step_count;
};

struct scenario {
    struct arena *arena;
    char *text;
    json_t *root;
    struct scenario_case *cases;
    uint32_t case_count;
};

/* ---- format.c: what may be written ---- */

enum field_type {
    FIELD_ANY,
    FIELD_TEXT,
    FIELD_TEXTS,   /* an array of them */
    FIELD_OBJECT,  /* with `inner`, or of anything */
    FIELD_OBJECTS, /* an array of objects with `inner` */
    FIELD_ARRAY,
    FIELD_ANSWERS, /* an object of answers, or of arrays of them, with `inner` */
    FIELD_VALUES,  /* an object of objects */
    FIELD_COUNTS,  /* an object of whole numbers */
    FIELD_INDEX,   /* a whole number, 0 or more */
    FIELD_BOOLEAN,
    FIELD_TRUE_OR_TEXT,
    FIELD_INSTANT,
    FIELD_INSTANT_OR_NULL,
    FIELD_DURATION,
};

struct field {
    const char *name;
    enum field_type type;
    const struct field *inner;
    bool required;
};

/* What a step can do: one row a verb, in steps.c. */
struct verb {
    struct field field;         /* the verb's own */
    const struct field *beside; /* other members of the step */
    enum status (*run)(struct run *run, const struct scenario_step *step, struct error *ret_error);
};

/* NULL past the last. */
const struct verb *verb_at(uint32_t index);
extern const struct field sla_fields[];
extern const struct field expect_fields[];
extern const struct field selection_fields[];

/* ---- run.c: a case under way ---- */

/* Something that happened, in order. */
struct happening {
    const struct world_instance *instance;
    const char *text;
};

struct happenings {
    struct happening *items;
    uint32_t count;
    uint32_t capacity;
};

struct run {
    const struct scenario_case *test;
    const struct scenario_settings *settings;
    struct world *world;
    struct arena *arena; /* the result's */
    struct scenario_result *result;
    struct happenings completed; /* element ids */
    struct happenings journal;
    json_t *asked;          /* how often, by element id and topic */
    json_t *mock_turns;     /* answers given, by the mock's name */
    struct uuid activated;  /* the token of the journal's last line, when it tells of that */
    const char *activation; /* its text */
    enum status failed;     /* the last step's failure, until an expectation claims it */
    struct error error;
    uint32_t failed_step; /* its index */
};

/* About the step at this index; `key` names a member of its expectation, NULL: none. */
void run_fail(struct run *run, uint32_t step, const char *key, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* ---- select.c: which instances, which waits ---- */

/* Does "in" of a step or an expectation (NULL: all) mean this instance? */
bool select_fits(const struct run *run, const json_t *in, const struct world_instance *instance);
/* The one that is meant when there can be only one: the first that is active, else the first;
 * without "in": of the case's process. NULL when there is none. */
struct world_instance *select_one(const struct run *run, const json_t *in);
MUST_CHECK enum status select_active(const struct run *run, const json_t *in,
                                     struct world_instance **ret_instance, struct error *ret_error);
/* The index-th wait, the oldest first, of an element whose kind is one of `kinds` (bits). `purpose`
 * is for the error: "to be completed". */
MUST_CHECK enum status select_wait(const struct run *run, const json_t *in, const char *element_id,
                                   unsigned kinds, int64_t index, const char *purpose,
                                   struct world_wait *ret_wait, struct error *ret_error);
/* The ids of active elements, an array; new reference. */
json_t *select_active_ids(const struct run *run, const json_t *in);
/* The flows at whose end tokens wait at a join; likewise. */
json_t *select_waiting_flows(const struct run *run, const json_t *in);
/* Whether a process of the test has such an element, or something that could be asked for by this
 * name: what nothing has, is misspelt. */
bool select_knows_element(const struct run *run, const char *element_id);
bool select_knows_question(const struct run *run, const char *name);

/* ---- expect.c ---- */

void expect_check(struct run *run, uint32_t index, const struct scenario_step *step);

#endif
