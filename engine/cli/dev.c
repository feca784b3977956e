/* `synergyflow dev`: everything in one command: a private PostgreSQL under a folder, the schema,
 * the shipped processes, demo data, and the engine. */
#include "engine/cli/cli.h"

#include "engine/audit/keys.h"
#include "engine/base/log.h"
#include "engine/cli/option.h"
#include "engine/cli/running.h"
#include "engine/cli/schema.h"
#include "engine/pg/admin.h"
#include "engine/service/cluster.h"
#include "engine/service/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dev {
    const char *folder;
    struct cluster cluster;
};

static void print_what_next(const struct dev *dev, unsigned port)
{
    (void)printf(
        "\n"
        "SynergyFlow is ready on http://127.0.0.1:%u   (Ctrl-C stops it; the data stays in %s)\n"
        "\n"
        "Try next, in another terminal:\n"
        "  build/release/synergyflow list incidents --url http://127.0.0.1:%u\n"
        "  curl -s http://127.0.0.1:%u/api/v1/incidents -H 'Content-Type: application/json' \\\n"
        "       -d '{\"title\":\"Printer on fire\",\"priority\":\"HIGH\"}'\n"
        "  curl -s http://127.0.0.1:%u/process-api/runtime/tasks\n"
        "  curl -s http://127.0.0.1:%u/metrics | grep synergyflow_timer\n"
        "  psql -h %s -p %u -U postgres synergyflow\n"
        "\n",
        port, dev->cluster.folder, port, port, port, port, dev->cluster.socket_folder,
        dev->cluster.port);
    (void)fflush(stdout);
}

static void on_ready(void *context, struct service *service)
{
    struct dev *dev = context;

    print_what_next(dev, service_port(service));
    demo_begin(service);
}

/* The database, the schema, and the engine's own connection string. */
static enum status prepare(struct dev *dev, const char *migrations, struct error *ret_error)
{
    char administrator[CLUSTER_CONNINFO_BYTES];
    char owner[CLUSTER_CONNINFO_BYTES];
    enum status status = cluster_start(&dev->cluster, dev->folder, ret_error);

    if (status != STATUS_OK)
        return status;
    status =
        pg_create_database(cluster_conninfo(&dev->cluster, "postgres", "postgres", administrator),
                           "synergyflow", ret_error);
    if (status == STATUS_OK) {
        status = schema_migrate(cluster_conninfo(&dev->cluster, "synergyflow", "postgres", owner),
                                migrations, ret_error);
    }
    return status;
}

static const char *audit_keys_of(const struct dev *dev, char ret_path[PATH_MAX])
{
    (void)snprintf(ret_path, PATH_MAX, "%.4000s/audit-keys", dev->folder);
    return ret_path;
}

/* Log lines go to a file so that the terminal shows what a person needs. */
static void redirect_log(const char *folder)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/synergyflow.log", folder);
    if (isatty(STDERR_FILENO) && freopen(path, "a", stderr) == NULL)
        (void)printf("The log could not be written to %s.\n", path);
}

int cli_dev(int argc, char **argv)
{
    static const struct cli_usage usage = {
        "",
        "Runs the engine with a private PostgreSQL cluster under a folder (default: .dev), with\n"
        "the shipped processes and demo data. Several run side by side on other ports and\n"
        "folders. Ctrl-C stops it; the data is there at the next start. On a terminal the log\n"
        "goes to synergyflow.log in the folder."};
    struct cli_option options[] = {
        {.name = "port", .letter = 'p', .argument = "N", .help = "port (default 8080)"},
        {.name = "data", .letter = 'd', .argument = "DIR", .help = "folder of the data"},
        {.name = "audit-keys",
         .argument = "DIR",
         .help = "keys that seal the audit trail (default: audit-keys in the data's folder)"},
        {0},
    };
    struct dev dev = {0};
    struct settings settings;
    struct error error = {0};
    char conninfo[CLUSTER_CONNINFO_BYTES];
    char keys[PATH_MAX];
    char key_id[AUDIT_KEY_ID_MAX + 1];
    enum status status;
    int first;
    int exit_code = cli_options(argc, argv, options, &usage, &first);

    if (exit_code >= 0)
        return exit_code;
    if (options[0].count > 0 && setenv("SYNERGYFLOW_PORT", cli_value(&options[0], ""), 1) != 0)
        return CLI_FAILED;
    dev.folder = cli_value(&options[1], ".dev");
    status = settings_read(&settings, &error);
    if (status == STATUS_OK)
        status = prepare(&dev, settings.migrations, &error);
    if (status != STATUS_OK) {
        cluster_stop(&dev.cluster);
        return cli_report(&error);
    }
    settings.database =
        cluster_conninfo(&dev.cluster, "synergyflow", "synergyflow_engine", conninfo);
    settings.prepared_statements = 1; /* no pooler is between */
    settings.audit_keys = cli_value(&options[2], audit_keys_of(&dev, keys));
    if (!audit_keys_exist(settings.audit_keys) &&
        audit_keys_rotate(settings.audit_keys, key_id, &error) != STATUS_OK) {
        cluster_stop(&dev.cluster);
        return cli_report(&error);
    }
    redirect_log(dev.folder);
    exit_code = service_run(&settings, on_ready, &dev);
    cluster_stop(&dev.cluster);
    if (exit_code == CLI_DONE)
        (void)puts("Stopped; everything is committed.");
    return exit_code;
}
