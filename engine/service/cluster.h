/* A private PostgreSQL cluster under a folder, for `synergyflow dev`.
 *
 * Found from Debian's packages, initialised on first use, run as a child process of ours under an
 * unprivileged user, on a Unix socket and a free loopback port. It ends with its parent, however
 * that ends. The socket's folder is closed to other users; loopback needs the generated password.
 */
#ifndef SYNERGYFLOW_CLUSTER_H
#define SYNERGYFLOW_CLUSTER_H

#include "bpmn/base/status.h"

#include <limits.h>
#include <sys/types.h>

struct cluster {
    char folder[PATH_MAX];        /* the data directory */
    char socket_folder[PATH_MAX]; /* short enough for a socket's name */
    char programs[PATH_MAX];      /* such as /usr/lib/postgresql/15/bin */
    unsigned port;
    uid_t user;
    gid_t group;
    pid_t process; /* 0 when it does not run */
    bool locked;
    int lock; /* handle of the file that says whose folder it is */
};

/* Initialises the cluster in `folder`/postgres if needed and starts it; returns when it accepts
 * connections (bounded: 60 s). A folder has one user at a time. The error says which program failed
 * and where its output is. */
MUST_CHECK enum status cluster_start(struct cluster *cluster, const char *folder,
                                     struct error *ret_error);
/* Fast shutdown; waits for it. NULL-safe for a cluster that never started. */
void cluster_stop(struct cluster *cluster);
/* Connection string for `role` to `database` over the socket; returns `ret_conninfo`. */
enum { CLUSTER_CONNINFO_BYTES = PATH_MAX + 256 };
char *cluster_conninfo(const struct cluster *cluster, const char *database, const char *role,
                       char ret_conninfo[CLUSTER_CONNINFO_BYTES]);

#endif
