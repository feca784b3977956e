/* See admin.h. */
#include "engine/pg/admin.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

bool pg_answers(const char *conninfo)
{
    return PQping(conninfo) == PQPING_OK;
}

static enum status fail(PGconn *connection, PGresult *result, const char *what,
                        struct error *ret_error)
{
    enum status status = error_set(ret_error, STATUS_UNAVAILABLE, "Expected to %s but: %s", what,
                                   PQerrorMessage(connection));
    size_t length = strlen(ret_error->message);

    while (length > 0 && ret_error->message[length - 1] == '\n')
        ret_error->message[--length] = '\0';
    PQclear(result);
    PQfinish(connection);
    return status;
}

enum status pg_create_database(const char *conninfo, const char *name, struct error *ret_error)
{
    PGconn *connection = PQconnectdb(conninfo);
    const char *parameters[] = {name};
    PGresult *result;
    char *quoted;
    char statement[256];
    bool exists;

    if (PQstatus(connection) != CONNECTION_OK)
        return fail(connection, NULL, "connect", ret_error);
    result = PQexecParams(connection, "SELECT 1 FROM pg_database WHERE datname = $1", 1, NULL,
                          parameters, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return fail(connection, result, "list the databases", ret_error);
    exists = PQntuples(result) > 0;
    PQclear(result);
    if (!exists) {
        quoted = PQescapeIdentifier(connection, name, strlen(name));
        if (quoted == NULL)
            return fail(connection, NULL, "quote the database's name", ret_error);
        (void)snprintf(statement, sizeof(statement), "CREATE DATABASE %s", quoted);
        PQfreemem(quoted);
        result = PQexec(connection, statement);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            return fail(connection, result, "create the database", ret_error);
        PQclear(result);
    }
    PQfinish(connection);
    return STATUS_OK;
}
