/* What the files of engine/sla share. */
#ifndef SYNERGYFLOW_SLA_PRIVATE_H
#define SYNERGYFLOW_SLA_PRIVATE_H

#include "bpmn/sla/escalation.h"
#include "bpmn/sla/evaluate.h"
#include "bpmn/sla/lint.h"
#include "engine/module.h"
#include "engine/sla/sla.h"

enum {
    SLA_TIMEOUT_MS = 10000,
    SLA_ARENA_BYTES = 256 * 1024 * 1024,
    SLA_DOCUMENTS_MAX = 20000,        /* versions, all together */
    SLA_FIELDS_MAX = 500,             /* of one subject … */
    SLA_FIELDS_BYTES_MAX = 64 * 1024, /* … as JSON */
    SLA_CLOCKS_MAX = 200,             /* of one subject */
    SLA_CHANGES_MAX = 10000,          /* of one subject that a start in the past looks at */
    SLA_DUE_BATCH = 500,              /* clocks in one transaction */
    /* Statements after which no further clock is begun: one clock adds at most a firing for each
     * threshold and a message for each action. */
    SLA_STATEMENTS_MAX = PG_BATCH_STATEMENTS_MAX - 16 - SLA_THRESHOLDS_MAX * (1 + SLA_ACTIONS_MAX),
    SLA_LOOK_MS = 1000, /* for what other nodes have armed, and new documents */
};

/* ---- book.c: the documents, read and checked ---------------------------------------------------
 *
 * A book never changes; a new document makes a new one. Whoever works with it holds it. */

struct sla_book {
    struct arena *arena;
    uint32_t holds;
    int64_t document_count;             /* rows that it was made from */
    const struct sla_policy **policies; /* every version */
    size_t policy_count;
    const struct on_call_schedule **schedules; /* the newest version of each */
    size_t schedule_count;
    const struct sla_policy **in_force; /* the newest version of each, in order */
    size_t in_force_count;
    struct sla_calendar_version *calendars; /* every version, by name and valid_from */
    size_t calendar_count;
};

/* From rows (kind, name, version, valid_from, document). The caller holds it. */
MUST_CHECK enum status sla_book_read(const struct pg_result *rows, const struct zone_source *zones,
                                     struct sla_book **ret_book, struct error *ret_error);
struct sla_book *sla_book_hold(struct sla_book *book);
void sla_book_release(struct sla_book *book); /* NULL is fine */
/* NULL: there is no such version. */
const struct sla_policy *sla_book_policy(const struct sla_book *book, const char *id,
                                         int64_t version);
MUST_CHECK enum status sla_book_rating(const struct sla_book *book, const char *calendar,
                                       struct sla_rating *ret_rating, struct error *ret_error);
bool sla_book_has_calendar(void *book, const char *name);
/* NULL: there is none of that name. */
const struct on_call_schedule *sla_book_schedule(const struct sla_book *book, const char *name);
bool sla_book_has_schedule(void *book, const char *name);
extern const struct pg_statement sla_book_statement;

/* ---- rows.c: clocks from and to rows ------------------------------------------------------------
 */

/* What a clock was when it was read. */
struct sla_before {
    bool is_open;
    int64_t deadline_us;
    int64_t breached_at_us;
    const char *policy;
    int64_t policy_version;
};

/* One clock in a transaction. */
struct sla_row {
    struct uuid id;
    enum sla_subject_type type;
    struct sla_clock *clock;
    bool is_new;
    bool changed;
    int64_t next_due_us;    /* 0: none */
    int64_t deadline_us;    /* 0: it floats */
    int64_t breached_at_us; /* 0: neither was nor will be, as things stand */
    struct sla_before before;
    const char *team; /* of the subject, frozen with the clock; NULL: as stored */
    const char *priority;
    struct sla_figures figures;
};

/* What a transaction stores. */
struct sla_store {
    struct sla_service *service;
    struct sla_book *book;
    struct arena *arena;
    struct pg_batch *batch;
    int64_t now_us;
    const char *correlation_id;
    struct module_event *events;
    uint32_t event_count;
    uint32_t event_capacity;
    bool has_jobs;       /* whoever runs jobs has to know */
    bool has_webhooks;   /* whoever sends them likewise */
    bool has_escalation; /* a chain's first level may be due at once */
};

MUST_CHECK enum status sla_row_read(struct arena *arena, const struct pg_result *rows, uint32_t row,
                                    struct sla_row *ret_row, struct error *ret_error);
/* Fires what is due, then works out the figures and when to look again. */
MUST_CHECK enum status sla_row_look(struct sla_store *store, struct sla_row *row,
                                    struct error *ret_error);
/* Those that changed, in one statement for the new and one for the others. */
void sla_rows_store(struct sla_store *store, const struct sla_row *rows, uint32_t count);
/* Those of the rows that did not change (a calendar did): only what is derived, in one statement.
 */
void sla_rows_store_derived(struct sla_store *store, const struct sla_row *rows, uint32_t count);
/* What a module is told of its subject. */
void sla_rows_for_module(struct arena *arena, const struct sla_row *rows, uint32_t count,
                         struct module_subject *ret_subject);
/* The target that the clock counts for; NULL: its policy's version is gone. */
const struct sla_target *sla_row_target(const struct sla_book *book, const struct sla_row *row);
/* null for 0 and SLA_OPEN_US. New reference. */
json_t *sla_instant(int64_t us);

/* ---- actions.c ---- */

/* What receivers are told of a firing. New reference. */
json_t *sla_action_facts(const struct sla_row *row, const struct sla_action *action,
                         const char *threshold, int64_t due_us, int64_t now_us);
/* Carries the action out within the store's transaction; steals `facts`. What came of it, for the
 * record: new reference. */
json_t *sla_act(struct sla_store *store, const struct sla_row *row, const struct sla_action *action,
                const char *threshold, json_t *facts);
/* Steals `payload`; the texts live as long as the store. */
void sla_publish(struct sla_store *store, const char *type, const char *aggregate_id,
                 json_t *payload);
/* After COMMIT: whoever has to do something with what was stored. */
void sla_store_tell(const struct sla_store *store);

/* ---- chains.c ---- */

/* Starts a chain of the clock's policy; its id goes into `outcome`. */
void sla_chain_start(struct sla_store *store, const struct sla_row *row, const char *chain,
                     const char *threshold, json_t *outcome);
/* Adds the statement that locks chains whose next level is due. */
void sla_chains_lock(struct pg_batch *batch);
/* With its result: levels fire. A chain that cannot be worked out ends, which is logged. */
void sla_chains_look(struct sla_store *store, const struct pg_result *rows);
extern const struct http_route sla_chain_routes[];
extern const size_t sla_chain_route_count;

/* ---- describe.c ---- */

/* Figures, deadline, and with `why` every interval and threshold. New reference. */
MUST_CHECK enum status sla_row_describe(const struct sla_book *book, const struct sla_row *row,
                                        int64_t now_us, bool why, json_t **ret_object,
                                        struct error *ret_error);
#define SLA_ROW_COLUMNS "id, subject_type, clock::text"

/* ---- moves.c: other transactions than rounds that move clocks ----
 *
 * The deadline of an open clock changed: timers that follow it move, and its module is told. Two
 * steps, since the timers have to be read. */

struct sla_moves {
    struct sla_store *store;
    const struct sla_row **rows; /* whose deadline changed */
    uint32_t count;
    uint32_t first; /* of the statements that read */
    struct sla_bound_timer *moved;
};

/* `count` rows at most will be added. */
void sla_moves_init(struct sla_moves *moves, struct sla_store *store, uint32_t count);
void sla_moves_add(struct sla_moves *moves, const struct sla_row *row);
void sla_moves_read(struct sla_moves *moves, struct pg_batch *batch);
/* Adds its statements and events to the store. */
MUST_CHECK enum status sla_moves_decide(struct sla_moves *moves, const struct pg_batch *read,
                                        struct error *ret_error);

/* ---- round.c, for subject.c ---- */

struct sla_round;
/* The clocks and fields of the round's one subject, and when it was locked. */
const struct sla_row *sla_round_rows(const struct sla_round *round, uint32_t *ret_count,
                                     const json_t **ret_fields, int64_t *ret_now_us);
/* Its subjects in order, each with its clocks and what its module hears. */
uint32_t sla_round_count(const struct sla_round *round);
const struct sla_row *sla_round_rows_at(const struct sla_round *round, uint32_t index,
                                        uint32_t *ret_count, struct module_subject *ret_subject);
const struct sla_book *sla_round_book(const struct sla_round *round);

/* ---- subject.c, due.c, documents.c ---- */

void sla_subject_route(void *context, struct http_request *request);
void sla_recalculate_route(void *context, struct http_request *request);
void sla_due_look(struct sla_service *service);
extern const struct http_route sla_document_routes[];
extern const size_t sla_document_route_count;
extern const struct http_route sla_clock_routes[];
extern const size_t sla_clock_route_count;
/* recalculations.c */
extern const struct http_route sla_recalculation_routes[];
extern const size_t sla_recalculation_route_count;
/* Goes on with one that has been asked for, if any. */
void sla_recalculations_look(struct sla_service *service);

/* ---- attainment.c ---- */

void sla_attainment_route(void *context, struct http_request *request);

struct sla_service {
    struct sla_settings settings;
    struct sla_book *book; /* NULL: not read yet */
    uv_timer_t look;       /* at documents, and at what is due */
    bool reading;          /* documents */
    bool firing;
    bool recalculating;
    bool has_recalculation;   /* as far as this node knows */
    bool recalculates_singly; /* a batch failed: one subject at a time, to find which */
    int64_t look_us;          /* when the timer rings, by the database's clock; 0: it does not */
    int64_t wanted_us;        /* somebody wants a look then; 0: nobody */
    uint32_t working;         /* requests under way */
    bool started;
    bool stopping;
    void (*on_stopped)(void *context);
    void *stopped_context;
};

int64_t sla_now_us(const struct sla_service *service);
/* Something that a stop waits for has ended. */
void sla_service_ended(struct sla_service *service);
/* Looks whether there are new documents. */
void sla_service_read_book(struct sla_service *service);
/* A new book from all rows; the old one stays when they cannot be read, which is logged. */
void sla_service_take_book(struct sla_service *service, const struct pg_result *rows);

#endif
