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
    /* How long a command waits while the database is away before its caller is told. */
    LIMIT_COMMAND_WAIT_MS = 30000,
    /* Between looks at an instance that another transaction holds. */
    LIMIT_RETRY_MS = 2,
    /* Between attempts while the database is away. */
    LIMIT_UNAVAILABLE_RETRY_MS = 100,
    /* Between questions about a COMMIT in doubt. */
    LIMIT_IN_DOUBT_MS = 50,
};

#endif
