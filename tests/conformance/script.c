#include "tests/conformance/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER SOURCE_FOLDER "/tests/trace"

enum { ELEMENTS_MAX = 256 };

struct tally {
    char ids[ELEMENTS_MAX][SCRIPT_WORD_MAX];
    unsigned counts[ELEMENTS_MAX];
    unsigned count;
};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;
    size_t got;

    if (file == NULL)
        return NULL;
    do {
        text = realloc(text, size + 65536 + 1);
        got = fread(text + size, 1, 65536, file);
        size += got;
    } while (got > 0);
    text[size] = '\0';
    (void)fclose(file);
    return text;
}

static bool next_word(const char **at, char ret_word[SCRIPT_WORD_MAX])
{
    size_t length;

    *at += strspn(*at, " ");
    length = strcspn(*at, " ");
    ret_word[0] = '\0';
    if (length == 0 || length >= SCRIPT_WORD_MAX || **at == '{')
        return false;
    (void)snprintf(ret_word, SCRIPT_WORD_MAX, "%.*s", (int)length, *at);
    *at += length;
    return true;
}

/* Kept in the order of their ids, as strcmp() has it. */
static void count_activation(struct tally *tally, const char *id)
{
    unsigned at = 0;

    while (at < tally->count && strcmp(tally->ids[at], id) < 0)
        at++;
    if (at == tally->count || strcmp(tally->ids[at], id) != 0) {
        if (tally->count == ELEMENTS_MAX)
            return;
        for (unsigned i = tally->count++; i > at; i--) {
            memcpy(tally->ids[i], tally->ids[i - 1], SCRIPT_WORD_MAX);
            tally->counts[i] = tally->counts[i - 1];
        }
        (void)snprintf(tally->ids[at], SCRIPT_WORD_MAX, "%s", id);
        tally->counts[at] = 0;
    }
    tally->counts[at]++;
}

static char *tally_text(const struct tally *tally)
{
    size_t size = (size_t)tally->count * (SCRIPT_WORD_MAX + 16) + 1;
    char *text = calloc(1, size);
    size_t length = 0;

    for (unsigned i = 0; i < tally->count; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s=%u", i > 0 ? "," : "",
                                   tally->ids[i], tally->counts[i]);
    return text;
}

/* "> review activated by f1", "> review passed", "> timer late fired, due …", "! rejected: …" */
static void read_output(struct script_command *command, struct tally *tally, const char *line)
{
    char first[SCRIPT_WORD_MAX];
    char second[SCRIPT_WORD_MAX];
    char third[SCRIPT_WORD_MAX];
    const char *at = line + 1;

    if (*line == '!')
        command->refused = true;
    if (*line != '>' || !next_word(&at, first) || !next_word(&at, second))
        return;
    if (strcmp(second, "activated") == 0 || strcmp(second, "passed") == 0)
        count_activation(tally, first);
    else if (strcmp(first, "timer") == 0 && next_word(&at, third) && strcmp(third, "fired,") == 0 &&
             command->fired_count < SCRIPT_FIRINGS_MAX)
        (void)snprintf(command->fired[command->fired_count++], SCRIPT_WORD_MAX, "%s", second);
}

static void read_command(struct script_command *command, const char *line)
{
    const char *at = line;
    const char *json = strchr(line, '{');
    unsigned words = 0;

    (void)next_word(&at, command->verb);
    if (strcmp(command->verb, "at") == 0) {
        (void)next_word(&at, command->verb); /* the time */
        (void)next_word(&at, command->verb);
    }
    (void)snprintf(command->rest, sizeof(command->rest), "%s", at + strspn(at, " "));
    while (words < 2 && next_word(&at, command->words[words]))
        words++;
    if (json != NULL)
        (void)snprintf(command->json, sizeof(command->json), "%s", json);
}

static void read_process(struct script *script, const char *line)
{
    char file[SCRIPT_WORD_MAX];
    const char *slash = strrchr(script->name, '/');
    const char *at = line + strlen("process");

    (void)next_word(&at, file);
    if (next_word(&at, script->process_id) && script->process_id[0] == '#')
        script->process_id[0] = '\0';
    (void)snprintf(script->model_path, sizeof(script->model_path), FOLDER "/%.*s%s",
                   slash != NULL ? (int)(slash - script->name + 1) : 0, script->name, file);
    script->model = read_file(script->model_path);
}

/* The program answers module topics, scripts and calls itself, and its clock is not to be set. */
static const char *unfit(const struct script *script)
{
    static const char *const simulated[] = {"handler", "script", "called", "start-by", "remove"};
    bool continues;

    if (script->model == NULL || script->command_count == 0)
        return "nothing is run";
    if (strstr(script->model, "timeDate") != NULL || strstr(script->model, "/2026-") != NULL)
        return "its dates are over";
    if (strstr(script->model, "synergyflow:calendar=\"") != NULL ||
        strstr(script->model, "synergyflow:timeZone=\"") != NULL)
        return "it depends on the day, and on calendars that the engine does not have";
    if (strstr(script->model, "calledElement=\"") != NULL)
        return "it calls processes that are not there";
    for (unsigned i = 0; i < script->command_count; i++) {
        for (size_t j = 0; j < sizeof(simulated) / sizeof(simulated[0]); j++) {
            if (strcmp(script->commands[i].verb, simulated[j]) == 0)
                return "it says what the engine itself answers";
        }
        if (strstr(script->commands[i].json, "2026-01-") != NULL)
            return "its dates are over";
        if (strcmp(script->commands[i].verb, "move-timer") == 0 ||
            strcmp(script->commands[i].verb, "fire-now") == 0)
            return "an operator moves its timer, to a date that is over";
        if (script->commands[i].refused && strcmp(script->commands[i].verb, "fire") == 0)
            return "it fires a timer before its time";
        if (strstr(script->commands[i].json, "\"cancel\": [], \"start\": []") != NULL)
            return "it moves nothing";
        continues = strcmp(script->commands[i].verb, "continue") == 0;
        if (continues && (script->commands[i].refused ||
                          (i > 0 && strcmp(script->commands[i - 1].verb, "time") == 0)))
            return "something happens before the engine goes on";
    }
    return NULL;
}

struct script *script_read(const char *name)
{
    struct script *script = calloc(1, sizeof(*script));
    struct tally *tally = calloc(1, sizeof(*tally));
    char path[512];
    char *text;
    char *rest;
    struct script_command *command = NULL;

    (void)snprintf(script->name, sizeof(script->name), "%s", name);
    (void)snprintf(path, sizeof(path), FOLDER "/%s", name);
    text = read_file(path);
    rest = text;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        const char *at = line + strspn(line, " ");

        if (at > line && strchr(">!=", *at) != NULL && *at != '\0') {
            if (command != NULL)
                read_output(command, tally, at);
            continue;
        }
        if (*at == '\0' || *at == '#' || strcmp(at, "state") == 0 || strcmp(at, "journal") == 0)
            continue;
        if (strncmp(at, "process ", 8) == 0) {
            read_process(script, at);
            continue;
        }
        if (command != NULL)
            command->activated = tally_text(tally);
        if (script->command_count == SCRIPT_COMMANDS_MAX)
            break;
        command = &script->commands[script->command_count++];
        read_command(command, at);
    }
    if (command != NULL && command->activated == NULL)
        command->activated = tally_text(tally);
    /* The engine goes on by itself: what comes next has happened too. */
    for (unsigned i = script->command_count; i > 1; i--) {
        if (strcmp(script->commands[i - 1].verb, "continue") == 0) {
            free(script->commands[i - 2].activated);
            script->commands[i - 2].activated = strdup(script->commands[i - 1].activated);
        }
    }
    script->unfit = unfit(script);
    free(text);
    free(tally);
    return script;
}

void script_free(struct script *script)
{
    for (unsigned i = 0; i < script->command_count; i++)
        free(script->commands[i].activated);
    free(script->model);
    free(script);
}

bool script_is_heard_elsewhere(const struct script *script)
{
    return strstr(script->model, "essageEventDefinition") != NULL ||
           strstr(script->model, "ignalEventDefinition") != NULL ||
           strstr(script->model, "receiveTask") != NULL ||
           strstr(script->model, "sendTask") != NULL;
}
