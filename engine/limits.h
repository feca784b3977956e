/* Limits of the engine, each with its reason. */
#ifndef SYNERGYFLOW_LIMITS_H
#define SYNERGYFLOW_LIMITS_H

enum {
    /* A unit of work's memory past which steps are refused: far more than a batch of ordinary
     * commands needs, far less than the machine has. */
    LIMIT_UNIT_ARENA_BYTES = 256 * 1024 * 1024,
    /* Rounds of handler calls in one unit: a loop of service tasks without a wait state ends here.
     */
    LIMIT_HANDLER_ROUNDS = 1000,
    /* Steps of instances that call each other in one unit: processes that call themselves end here.
     */
    LIMIT_FOLLOWED = 20000,
    /* Messages and signals thrown in one unit to other instances. */
    LIMIT_THROWN = 10000,
    /* How long a message that nobody waits for is kept. */
    LIMIT_MESSAGE_LIFE_S = 3600,
    /* Instances with fewer scopes are read anew for each unit; the large ones stay in memory, up to
     * so many scopes (about a kilobyte each) over all of them. */
    LIMIT_RESIDENT_SCOPES_MIN = 64,
    LIMIT_RESIDENT_SCOPES = 100000,
    /* Handler calls in one round; more wait for the next. Handlers may send a few statements a
     * call, and a pipeline carries PG_BATCH_STATEMENTS_MAX. */
    LIMIT_CALLS_A_ROUND = 1000,
    /* Groups of calls in one round, each with its own statements: calls of different users whose
     * rows nobody can tell apart. */
    LIMIT_GROUPS_A_ROUND = 256,
    /* How long a command waits while the database is away, while another transaction holds its
     * instance, or while its COMMIT is in doubt, before its caller is told. */
    LIMIT_COMMAND_WAIT_MS = 30000,
    /* Between attempts of a command that has to wait: short at first, since another lane holds an
     * instance for milliseconds only, then longer the longer it waits. */
    LIMIT_RETRY_MS = 2,
    LIMIT_RETRY_MAX_MS = 100,
    /* Units in a row that end in a deadlock or a serialization failure before that is taken for the
     * commands' own fault: two that always meet would otherwise go round for ever. */
    LIMIT_TRANSIENT_ATTEMPTS = 10,
    /* How long a transaction of the engine may wait for the engine's next word before PostgreSQL
     * ends its session and frees what it has locked. Between two words lie steps in memory, which
     * take milliseconds; after five seconds other nodes have taken over a silent one's timers. */
    LIMIT_IDLE_IN_TRANSACTION_MS = 5000,
    /* Between questions about a COMMIT in doubt. */
    LIMIT_IN_DOUBT_MS = 50,
};

#endif
