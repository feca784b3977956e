/* Random walks: every model of tests/trace and of the folders in it is driven by random commands
 * (walk.h). A failure names the model and the seed; the same seed walks the same way again. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/trace/walk.h"

enum { SEEDS = 4, COMMANDS = 40, MODELS_MAX = 1000 };

static json_t *variables(struct walk *walk)
{
    static const char *const codes[] = {"known", "other", "rare", ""};

    return json_pack("{s:b, s:b, s:b, s:i, s:i, s:s, s:i, s:b, s:i}", "a", walk_draw(walk, 2), "b",
                     walk_draw(walk, 2), "ok", walk_draw(walk, 2), "amount", walk_draw(walk, 2000),
                     "n", walk_draw(walk, 4), "code", codes[walk_draw(walk, 4)], "x",
                     walk_draw(walk, 3), "more", walk_draw(walk, 2), "degrees",
                     walk_draw(walk, 60));
}

static const char start_variables[] =
    "{\"price\": 3, \"quantity\": 2, \"customer\": \"Ada\", \"approver\": \"g\", \"reminders\": 0,"
    " \"amount\": 5, \"n\": 1, \"a\": 1, \"y\": 2, \"x\": 1, \"orderId\": 5, \"day\": \"P1D\","
    " \"cycle\": \"R2/PT1H\", \"item\": \"door\", \"who\": \"ada\", \"users\": [\"kim\"],"
    " \"group\": \"north\", \"due\": \"P1D\", \"urgency\": 1, \"topic\": \"t\", \"message\": true,"
    " \"ok\": false, \"code\": \"\", \"b\": false, \"more\": true, \"again\": true, \"near\": "
    "false,"
    " \"over\": true, \"quorum\": 2, \"urgent\": true, \"stock\": 1, \"enough\": false, \"bad\": "
    "true,"
    " \"done\": false, \"names\": [1, 2], \"which\": \"other\", \"count\": 1, \"d\": false,"
    " \"degrees\": 20}";

static void walk_once(const char *model_file, uint64_t seed)
{
    struct walk *walk = calloc(1, sizeof(*walk));
    json_t *values = json_loads(start_variables, 0, NULL);

    fixture_open(&walk->fixture, model_file);
    walk_begin(walk, seed);
    if (walk_start(walk, values) == STATUS_OK) {
        for (int i = 0; i < COMMANDS && !arena_over_limit(walk->fixture.arena) &&
                        walk->fixture.instance.status == BPMN_INSTANCE_ACTIVE;
             i++) {
            json_t *some = variables(walk);

            if (walk->seen_count == 0 || walk_draw(walk, 6) == 0)
                walk_disturb(walk, some);
            else
                walk_answer(walk, walk_draw(walk, 2) ? some : NULL);
            json_decref(some);
        }
    }
    json_decref(values);
    if (walk->broken.length > 0)
        fail_msg("%s, seed %d: %s", model_file, (int)seed, text_string(&walk->broken));
    walk_end(walk);
    free(walk);
}

static void random_walks(void **state)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        walk_once(*state, seed);
}

struct models {
    struct CMUnitTest items[MODELS_MAX];
    size_t count;
};

static bool is_model(const char *name)
{
    size_t length = strlen(name);

    return length > 5 && strcmp(name + length - 5, ".bpmn") == 0;
}

/* The models of one folder; at the top also those of the folders in it. */
static void collect(const char *prefix, bool top, struct models *models)
{
    struct dirent **entries;
    char path[512];
    int found;

    (void)snprintf(path, sizeof(path), SOURCE_FOLDER "/tests/trace/%s", prefix);
    found = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char name[512];

        (void)snprintf(name, sizeof(name), "%s%s", prefix, entries[i]->d_name);
        if (is_model(name) && models->count < MODELS_MAX) {
            struct CMUnitTest *test = &models->items[models->count++];

            test->initial_state = strdup(name);
            test->name = test->initial_state;
            test->test_func = random_walks;
        } else if (top && strchr(name, '.') == NULL) {
            (void)snprintf(name, sizeof(name), "%s/", entries[i]->d_name);
            collect(name, false, models);
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

int main(void)
{
    static struct models models;
    int result;

    collect("", true, &models);
    if (models.count == 0 || models.count == MODELS_MAX) {
        (void)fprintf(stderr, "Expected 1 to %d models in tests/trace but found %zu\n",
                      MODELS_MAX - 1, models.count);
        return 1;
    }
    result = _cmocka_run_group_tests("random walks", models.items, models.count, NULL, NULL);
    for (size_t i = 0; i < models.count; i++)
        free(models.items[i].initial_state);
    return result;
}
