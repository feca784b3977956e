/* Proves that dependencies point one way: reads every #include "…" line of the tree and holds it
 * against the table below, which is the architecture in a page. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* Which folders (by prefix) a folder may include from, besides itself. The first matching row
 * counts, so that exceptions come first. "system" lists the libraries' headers it may see. */
struct rule {
    const char *folder;
    const char *allowed[16];
    const char *libraries[8];
};

static const struct rule rules[] = {
    {"bpmn/base", {NULL}, {"jansson.h", NULL}},
    {"bpmn/expression", {"bpmn/base/", "bpmn/iso8601.h", NULL}, {"jansson.h", NULL}},
    {"bpmn/reader", {"bpmn/", NULL}, {"jansson.h", "libxml/", "uthash.h", NULL}},
    {"bpmn/step", {"bpmn/", NULL}, {"jansson.h", "uthash.h", NULL}},
    {"bpmn/scenario", {"bpmn/", NULL}, {"jansson.h", "uthash.h", NULL}},
    {"bpmn/sla",
     {"bpmn/base/", "bpmn/expression/", "bpmn/worktime/", "bpmn/iso8601.h", NULL},
     {"jansson.h", NULL}},
    {"bpmn/timer",
     {"bpmn/base/", "bpmn/expression/", "bpmn/worktime/", "bpmn/model.h", "bpmn/iso8601.h", NULL},
     {NULL}},
    {"bpmn/worktime", {"bpmn/base/", "bpmn/iso8601.h", NULL}, {"jansson.h", NULL}},
    {"bpmn", {"bpmn/", NULL}, {"jansson.h", "uthash.h", NULL}},
    {"engine/base", {"bpmn/base/", NULL}, {"uv.h", "jansson.h", "openssl/", NULL}},
    {"engine/calendar", {"bpmn/base/", "bpmn/worktime/", NULL}, {"jansson.h", "libical/", NULL}},
    {"engine/sla",
     {"bpmn/", "engine/audit/", "engine/base/", "engine/pg/", "engine/http/", "engine/outbox/",
      "engine/registry/", "engine/module.h", NULL},
     {"uv.h", "jansson.h", "uthash.h", NULL}},
    {"engine/webhook",
     {"bpmn/base/", "bpmn/iso8601.h", "engine/base/", "engine/pg/", "engine/http/", NULL},
     {"uv.h", "jansson.h", "curl/", "openssl/", NULL}},
    {"engine/zone",
     {"bpmn/base/", "bpmn/worktime/", "bpmn/timer/", "engine/base/", NULL},
     {"uthash.h", "jansson.h", NULL}},
    {"engine/script",
     {"bpmn/base/", "engine/base/", "engine/limits.h", NULL},
     {"uv.h", "jansson.h", "mujs.h", "seccomp.h", NULL}},
    {"engine/pg",
     {"bpmn/base/", "engine/base/", "engine/limits.h", NULL},
     {"uv.h", "libpq-fe.h", NULL}},
    {"engine/audit",
     {"bpmn/base/", "bpmn/iso8601.h", "engine/base/", "engine/pg/", "engine/limits.h", NULL},
     {"uv.h", "jansson.h", "openssl/", "zlib.h", NULL}},
    {"engine/http",
     {"bpmn/base/", "engine/base/", "engine/limits.h", NULL},
     {"uv.h", "llhttp.h", "jansson.h", "uthash.h", NULL}},
    {"engine/migrate",
     {"bpmn/base/", "engine/base/", "engine/pg/", NULL},
     {"libpq-fe.h", "zlib.h", "jansson.h", NULL}},
    {"engine/registry", {"bpmn/", "engine/module.h", NULL}, {"jansson.h", NULL}},
    {"engine/definition",
     {"bpmn/", "engine/base/", "engine/pg/", "engine/script/", "engine/limits.h", NULL},
     {"uv.h", "jansson.h", "uthash.h", NULL}},
    {"engine/outbox",
     {"bpmn/base/", "engine/audit/", "engine/base/", "engine/pg/", "engine/registry/",
      "engine/module.h", "engine/limits.h", NULL},
     {"uv.h", "jansson.h", "uthash.h", NULL}},
    {"engine/command",
     {"bpmn/", "engine/audit/", "engine/base/", "engine/pg/", "engine/registry/",
      "engine/definition/", "engine/outbox/", "engine/sla/", "engine/module.h", "engine/limits.h",
      NULL},
     {"uv.h", "jansson.h", "uthash.h", NULL}},
    {"engine/timer",
     {"bpmn/", "engine/base/", "engine/pg/", "engine/command/", "engine/script/", "engine/limits.h",
      NULL},
     {"uv.h", "jansson.h", "uthash.h", NULL}},
    {"engine/module",
     {"bpmn/", "engine/base/", "engine/pg/", "engine/registry/", "engine/command/", "engine/http/",
      "engine/outbox/", "engine/definition/", "engine/module.h", "engine/limits.h", NULL},
     {"uv.h", "jansson.h", NULL}},
    {"engine/api",
     {"bpmn/", "engine/base/", "engine/pg/", "engine/registry/", "engine/command/", "engine/http/",
      "engine/definition/", "engine/timer/", "engine/script/", "engine/module.h", "engine/limits.h",
      NULL},
     {"uv.h", "jansson.h", "uthash.h", NULL}},
    {"engine/service", {"bpmn/", "engine/", NULL}, {"uv.h", "jansson.h", NULL}},
    {"engine/cli", {"bpmn/", "engine/", NULL}, {"uv.h", "jansson.h", "curl/", "libpq-fe.h", NULL}},
    /* The public module header, and the headers that it is made of. */
    {"engine",
     {"bpmn/base/", "bpmn/iso8601.h", "engine/http/request.h", "engine/http/server.h",
      "engine/module/operation.h", "engine/module/resource.h", "engine/pg/batch.h", "engine/cli/",
      "engine/limits.h", NULL},
     {"jansson.h", NULL}},
    {"modules", {"engine/module.h", "modules/", NULL}, {"jansson.h", NULL}},
};

/* Pure code reads no clock and waits for nothing. */
static const char *const forbidden_in_bpmn[] = {"time.h",     "sys/time.h", "uv.h",
                                                "libpq-fe.h", "pthread.h",  "sys/socket.h"};

static unsigned files_read;
static unsigned violations;

static const struct rule *rule_for(const char *path)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        size_t length = strlen(rules[i].folder);

        if (strncmp(path, rules[i].folder, length) == 0 && path[length] == '/')
            return &rules[i];
    }
    return NULL;
}

static int starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int listed(const char *const *list, const char *name)
{
    for (; *list != NULL; list++) {
        if (starts_with(name, *list))
            return 1;
    }
    return 0;
}

static void violation(const char *path, int line, const char *included, const char *why)
{
    print_error("%s:%d includes %s: %s\n", path, line, included, why);
    violations++;
}

/* A module may see itself (its own folder) and the public header only; the list of modules in
 * modules/modules.c sees every module. */
static int own_folder(const char *path, const char *included)
{
    const char *end = strrchr(path, '/');

    return strncmp(path, included, (size_t)(end - path) + 1) == 0;
}

static void check_include(const char *path, int line, const char *included, int quoted)
{
    static const char *const libraries[] = {
        "uv.h",  "libpq-fe.h", "jansson.h", "libxml/",   "uthash.h", "llhttp.h", "openssl/",
        "curl/", "zlib.h",     "mujs.h",    "seccomp.h", "libical/", NULL};
    const struct rule *rule = rule_for(path);

    if (rule == NULL) {
        violation(path, line, included, "this folder has no row in the table of rules");
        return;
    }
    if (starts_with(path, "bpmn/")) {
        for (size_t i = 0; i < sizeof(forbidden_in_bpmn) / sizeof(forbidden_in_bpmn[0]); i++) {
            if (strcmp(included, forbidden_in_bpmn[i]) == 0)
                violation(path, line, included, "the core is pure");
        }
    }
    if (quoted) {
        int is_module = starts_with(path, "modules/") && strchr(path + 8, '/') != NULL;

        if (own_folder(path, included))
            return;
        if (!listed(rule->allowed, included) || (is_module && starts_with(included, "modules/")))
            violation(path, line, included, "not a folder that this one may depend on");
    } else if (listed(libraries, included) && !listed(rule->libraries, included)) {
        violation(path, line, included, "not a library that this folder may use");
    }
}

static void check_file(const char *path)
{
    char full[4096];
    char text[1024];
    int line = 0;
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s/%s", SOURCE_FOLDER, path);
    file = fopen(full, "r");
    assert_non_null(file);
    while (fgets(text, sizeof(text), file) != NULL) {
        char included[512];

        line++;
        if (sscanf(text, "#include \"%511[^\"]\"", included) == 1)
            check_include(path, line, included, 1);
        else if (sscanf(text, "#include <%511[^>]>", included) == 1)
            check_include(path, line, included, 0);
    }
    (void)fclose(file);
    files_read++;
}

static void check_folder(const char *path)
{
    char full[4096];
    struct dirent *entry;
    DIR *folder;

    (void)snprintf(full, sizeof(full), "%s/%s", SOURCE_FOLDER, path);
    folder = opendir(full);
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char child[2048];
        size_t length = strlen(entry->d_name);

        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            check_folder(child);
        else if (length > 2 && entry->d_name[length - 2] == '.' &&
                 (entry->d_name[length - 1] == 'c' || entry->d_name[length - 1] == 'h'))
            check_file(child);
    }
    (void)closedir(folder);
}

static void includes_point_one_way(void **state)
{
    (void)state;
    check_folder("bpmn");
    check_folder("engine");
    check_folder("modules");
    assert_true(files_read > 40);
    assert_int_equal(violations, 0);
}

static void rules_refuse_what_they_should(void **state)
{
    (void)state;
    violations = 0;
    check_include("bpmn/step/step.c", 1, "time.h", 0);
    check_include("bpmn/step/step.c", 1, "engine/base/clock.h", 1);
    check_include("modules/incidents/open.c", 1, "engine/command/command.h", 1);
    check_include("modules/incidents/open.c", 1, "modules/tasks/tasks.h", 1);
    check_include("engine/api/tasks.c", 1, "libpq-fe.h", 0);
    check_include("engine/command/queue.c", 1, "modules/incidents/incidents.h", 1);
    assert_int_equal(violations, 6);
    violations = 0;
    check_include("modules/incidents/open.c", 1, "modules/incidents/incidents.h", 1);
    check_include("modules/incidents/open.c", 1, "engine/module.h", 1);
    assert_int_equal(violations, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_refuse_what_they_should),
        cmocka_unit_test(includes_point_one_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
