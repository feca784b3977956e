/* See cluster.h.
 *
 * Happy path: find the programs → choose user and folders → lock the folder → initdb once → start
 * the server as a child → ask until it answers.
 *
 * Failure modes: no PostgreSQL installed; a folder that the unprivileged user cannot enter (the
 * cluster then lives under /var/lib/synergyflow, named after the folder); a folder that another
 * program uses; an old server of this folder that still shuts down (we wait for it); initdb or the
 * server failing (its log is named).
 */
#include "engine/service/cluster.h"

#include "bpmn/base/text.h"
#include "engine/base/clock.h"
#include "engine/pg/admin.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SOCKET_FOLDER_MAX = 80, /* sun_path has 108 bytes; the name adds ".s.PGSQL.65535.lock" */
    START_TIMEOUT_US = 60 * 1000 * 1000,
    STOP_TIMEOUT_US = 60 * 1000 * 1000,
    POLL_US = 20 * 1000,
};

static enum status find_programs(struct cluster *cluster, struct error *ret_error)
{
    static const char root[] = "/usr/lib/postgresql";
    DIR *folder = opendir(root);
    int newest = 0;

    if (folder != NULL) {
        struct dirent *entry;

        while ((entry = readdir(folder)) != NULL) {
            int version = atoi(entry->d_name);
            char path[PATH_MAX];

            (void)snprintf(path, sizeof(path), "%s/%s/bin/initdb", root, entry->d_name);
            if (version > newest && access(path, X_OK) == 0)
                newest = version;
        }
        (void)closedir(folder);
    }
    if (newest == 0) {
        return error_set(
            ret_error, STATUS_UNAVAILABLE,
            "Expected PostgreSQL's programs under %s but found none: install the Debian "
            "package postgresql.",
            root);
    }
    (void)snprintf(cluster->programs, sizeof(cluster->programs), "%s/%d/bin", root, newest);
    return STATUS_OK;
}

/* PostgreSQL refuses to run as root: Debian's package brings the user postgres for it. */
static enum status choose_user(struct cluster *cluster, struct error *ret_error)
{
    struct passwd *entry;

    cluster->user = getuid();
    cluster->group = getgid();
    if (cluster->user != 0)
        return STATUS_OK;
    entry = getpwnam("postgres");
    if (entry == NULL) {
        return error_set(
            ret_error, STATUS_UNAVAILABLE,
            "Expected a user 'postgres' to run the private cluster as but there is none: "
            "install the Debian package postgresql, or run as another user than root.");
    }
    cluster->user = entry->pw_uid;
    cluster->group = entry->pw_gid;
    return STATUS_OK;
}

static bool become_user(const struct cluster *cluster)
{
    if (getuid() != 0)
        return true;
    return setgroups(0, NULL) == 0 && setgid(cluster->group) == 0 && setuid(cluster->user) == 0;
}

/* Runs a check in a child that has become the cluster's user. */
static bool user_can_enter(const struct cluster *cluster, const char *folder)
{
    pid_t child = fork();
    int result = 0;

    if (child == 0)
        _exit(become_user(cluster) && access(folder, R_OK | W_OK | X_OK) == 0 ? 0 : 1);
    return child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result) &&
           WEXITSTATUS(result) == 0;
}

static enum status make_folder(const struct cluster *cluster, const char *path, mode_t mode,
                               bool for_user, struct error *ret_error)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST) {
        return error_set(ret_error, STATUS_UNAVAILABLE, "Expected to create the folder %s but: %s.",
                         path, strerror(errno));
    }
    if (for_user && getuid() == 0 && chown(path, cluster->user, cluster->group) != 0) {
        return error_set(ret_error, STATUS_UNAVAILABLE,
                         "Expected to hand the folder %s to the cluster's user but: %s.", path,
                         strerror(errno));
    }
    return STATUS_OK;
}

static unsigned long hash_text(const char *text)
{
    unsigned long hash = 5381;

    for (; *text != '\0'; text++)
        hash = hash * 33 + (unsigned char)*text;
    return hash & 0xFFFFFFFFUL;
}

static enum status choose_folders(struct cluster *cluster, const char *folder,
                                  struct error *ret_error)
{
    char absolute[PATH_MAX - 64];
    char *resolved;
    enum status status = make_folder(cluster, folder, 0755, false, ret_error);

    if (status != STATUS_OK)
        return status;
    resolved = realpath(folder, NULL);
    if (resolved == NULL || strlen(resolved) >= sizeof(absolute)) {
        free(resolved);
        return error_set(ret_error, STATUS_INVALID,
                         "Expected a folder that can be resolved but found '%.200s'.", folder);
    }
    (void)snprintf(absolute, sizeof(absolute), "%s", resolved);
    free(resolved);
    (void)snprintf(cluster->folder, sizeof(cluster->folder), "%s/postgres", absolute);
    status = make_folder(cluster, cluster->folder, 0700, true, ret_error);
    if (status == STATUS_OK && !user_can_enter(cluster, cluster->folder)) {
        (void)rmdir(cluster->folder);
        status = make_folder(cluster, "/var/lib/synergyflow", 0755, false, ret_error);
        (void)snprintf(cluster->folder, sizeof(cluster->folder), "/var/lib/synergyflow/%08lx",
                       hash_text(absolute));
        if (status == STATUS_OK)
            status = make_folder(cluster, cluster->folder, 0700, true, ret_error);
    }
    if (status != STATUS_OK)
        return status;
    (void)snprintf(cluster->socket_folder, sizeof(cluster->socket_folder), "%s", cluster->folder);
    if (strlen(cluster->socket_folder) > SOCKET_FOLDER_MAX) {
        (void)snprintf(cluster->socket_folder, sizeof(cluster->socket_folder),
                       "/tmp/synergyflow-%08lx", hash_text(absolute));
        status = make_folder(cluster, cluster->socket_folder, 0700, true, ret_error);
    }
    return status;
}

/* Without it a second program would take the first one's server for an old one, and stop it. The
 * kernel lets go of the lock with our end, however that comes. */
static enum status lock_folder(struct cluster *cluster, struct error *ret_error)
{
    char path[PATH_MAX + 16];
    int handle;

    (void)snprintf(path, sizeof(path), "%s/lock", cluster->folder);
    handle = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (handle < 0) {
        return error_set(ret_error, STATUS_UNAVAILABLE, "Expected to open %s but: %s.", path,
                         strerror(errno));
    }
    if (flock(handle, LOCK_EX | LOCK_NB) != 0) {
        (void)close(handle);
        return error_set(ret_error, STATUS_CONFLICT,
                         "Expected a folder that nobody uses but %s belongs to a `synergyflow dev` "
                         "that runs: stop that one, or give another folder with --data.",
                         cluster->folder);
    }
    cluster->lock = handle;
    cluster->locked = true;
    return STATUS_OK;
}

/* Runs one of PostgreSQL's programs to its end as the cluster's user. Output goes to `log`. */
static bool run_program(const struct cluster *cluster, const char *log,
                        const char *const arguments[])
{
    pid_t child = fork();
    int result = 0;

    if (child == 0) {
        int output;

        if (!become_user(cluster) || chdir(cluster->folder) != 0)
            _exit(126);
        output = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (output < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
            _exit(126);
        execv(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    while (child > 0 && waitpid(child, &result, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

/* A random password for the superuser over loopback, kept in a file of the cluster's user. */
static enum status write_password(const struct cluster *cluster, const char *path,
                                  struct error *ret_error)
{
    unsigned char random[16];
    FILE *file;
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (descriptor < 0 || getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random) ||
        (getuid() == 0 && fchown(descriptor, cluster->user, cluster->group) != 0) ||
        (file = fdopen(descriptor, "w")) == NULL) {
        return error_set(ret_error, STATUS_UNAVAILABLE, "Expected to write %s but: %s.", path,
                         strerror(errno));
    }
    for (size_t i = 0; i < sizeof(random); i++)
        (void)fprintf(file, "%02x", random[i]);
    if (fputc('\n', file) == EOF || fclose(file) != 0)
        return error_set(ret_error, STATUS_UNAVAILABLE, "Expected to write %s but: %s.", path,
                         strerror(errno));
    return STATUS_OK;
}

static enum status initialise(const struct cluster *cluster, struct error *ret_error)
{
    char program[PATH_MAX + 16];
    char version[PATH_MAX + 16];
    char password[PATH_MAX + 16];
    char password_option[PATH_MAX + 32];
    enum status status;

    (void)snprintf(version, sizeof(version), "%s/data/PG_VERSION", cluster->folder);
    if (access(version, F_OK) == 0)
        return STATUS_OK;
    (void)snprintf(program, sizeof(program), "%s/initdb", cluster->programs);
    (void)snprintf(password, sizeof(password), "%s/password", cluster->folder);
    (void)snprintf(password_option, sizeof(password_option), "--pwfile=%s", password);
    status = write_password(cluster, password, ret_error);
    if (status != STATUS_OK)
        return status;
    {
        const char *arguments[] = {program,
                                   "--pgdata=data",
                                   "--username=postgres",
                                   "--encoding=UTF8",
                                   "--locale=C.UTF-8",
                                   "--auth-local=trust",
                                   "--auth-host=scram-sha-256",
                                   password_option,
                                   NULL};

        if (!run_program(cluster, "initdb.log", arguments)) {
            return error_set(
                ret_error, STATUS_UNAVAILABLE,
                "Expected initdb to create a cluster but it failed: see %s/initdb.log.",
                cluster->folder);
        }
    }
    return STATUS_OK;
}

/* A server that was left behind by a killed parent is on its way down; help it and wait. */
static enum status wait_for_old_server(const struct cluster *cluster, struct error *ret_error)
{
    char path[PATH_MAX + 32];
    int64_t deadline_us = clock_monotonic_us() + STOP_TIMEOUT_US;
    bool asked = false;

    (void)snprintf(path, sizeof(path), "%s/data/postmaster.pid", cluster->folder);
    while (clock_monotonic_us() < deadline_us) {
        FILE *file = fopen(path, "r");
        int process = 0;

        if (file == NULL)
            return STATUS_OK;
        if (fscanf(file, "%d", &process) != 1)
            process = 0;
        (void)fclose(file);
        if (process > 1 && kill(process, 0) != 0 && errno == ESRCH)
            return STATUS_OK; /* a stale file; the server removes it at start */
        if (process > 1 && !asked) {
            (void)kill(process, SIGINT);
            asked = true;
        }
        (void)usleep(POLL_US);
    }
    return error_set(ret_error, STATUS_UNAVAILABLE,
                     "Expected the earlier server of %s to end but it still runs.",
                     cluster->folder);
}

static unsigned free_loopback_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    unsigned port = 0;
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (handle >= 0 && bind(handle, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        getsockname(handle, (struct sockaddr *)&address, &length) == 0)
        port = ntohs(address.sin_port);
    if (handle >= 0)
        (void)close(handle);
    return port;
}

/* The child asks the kernel for SIGINT (fast shutdown) when its parent dies, so that a killed
 * engine leaves no server behind. */
static void exec_server(const struct cluster *cluster, pid_t parent)
{
    char program[PATH_MAX + 16];
    char socket_option[PATH_MAX + 32];
    char port_option[32];
    int output;
    const char *arguments[] = {program,
                               "-D",
                               "data",
                               "-c",
                               socket_option,
                               "-c",
                               "listen_addresses=127.0.0.1",
                               "-c",
                               port_option,
                               "-c",
                               "max_connections=100",
                               "-c",
                               "shared_buffers=256MB",
                               "-c",
                               "max_wal_size=4GB",
                               "-c",
                               "timezone=UTC",
                               "-c",
                               "log_timezone=UTC",
                               NULL};

    (void)snprintf(program, sizeof(program), "%s/postgres", cluster->programs);
    (void)snprintf(socket_option, sizeof(socket_option), "unix_socket_directories=%s",
                   cluster->socket_folder);
    (void)snprintf(port_option, sizeof(port_option), "port=%u", cluster->port);
    if (!become_user(cluster) || chdir(cluster->folder) != 0 || setpgid(0, 0) != 0)
        _exit(126);
    output = open("server.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (output < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGINT) != 0 || getppid() != parent)
        _exit(126);
    execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static enum status wait_until_ready(struct cluster *cluster, struct error *ret_error)
{
    char conninfo[CLUSTER_CONNINFO_BYTES];
    int64_t deadline_us = clock_monotonic_us() + START_TIMEOUT_US;

    (void)cluster_conninfo(cluster, "postgres", "postgres", conninfo);
    while (clock_monotonic_us() < deadline_us) {
        int result;

        if (pg_answers(conninfo))
            return STATUS_OK;
        if (waitpid(cluster->process, &result, WNOHANG) == cluster->process) {
            cluster->process = 0;
            break;
        }
        (void)usleep(POLL_US);
    }
    return error_set(ret_error, STATUS_UNAVAILABLE,
                     "Expected PostgreSQL to start but it did not: see %s/server.log.",
                     cluster->folder);
}

enum status cluster_start(struct cluster *cluster, const char *folder, struct error *ret_error)
{
    enum status status;
    pid_t parent = getpid();

    memset(cluster, 0, sizeof(*cluster));
    status = find_programs(cluster, ret_error);
    if (status == STATUS_OK)
        status = choose_user(cluster, ret_error);
    if (status == STATUS_OK)
        status = choose_folders(cluster, folder, ret_error);
    if (status == STATUS_OK)
        status = lock_folder(cluster, ret_error);
    if (status == STATUS_OK)
        status = initialise(cluster, ret_error);
    if (status == STATUS_OK)
        status = wait_for_old_server(cluster, ret_error);
    if (status != STATUS_OK) {
        cluster_stop(cluster);
        return status;
    }
    cluster->port = free_loopback_port();
    cluster->process = fork();
    if (cluster->process == 0)
        exec_server(cluster, parent);
    if (cluster->process < 0) {
        cluster->process = 0;
        status = error_set(ret_error, STATUS_UNAVAILABLE, "Expected to start PostgreSQL but: %s.",
                           strerror(errno));
        cluster_stop(cluster);
        return status;
    }
    status = wait_until_ready(cluster, ret_error);
    if (status != STATUS_OK)
        cluster_stop(cluster);
    return status;
}

void cluster_stop(struct cluster *cluster)
{
    if (cluster->process != 0) {
        (void)kill(cluster->process, SIGINT);
        while (waitpid(cluster->process, NULL, 0) < 0 && errno == EINTR)
            ;
        cluster->process = 0;
    }
    if (cluster->locked)
        (void)close(cluster->lock);
    cluster->locked = false;
}

char *cluster_conninfo(const struct cluster *cluster, const char *database, const char *role,
                       char ret_conninfo[CLUSTER_CONNINFO_BYTES])
{
    (void)snprintf(ret_conninfo, CLUSTER_CONNINFO_BYTES,
                   "host='%s' port=%u dbname='%s' user='%s' application_name=synergyflow",
                   cluster->socket_folder, cluster->port, database, role);
    return ret_conninfo;
}
