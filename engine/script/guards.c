/* Steps: the functions that the translated script calls to be counted, and those with which the
 * prelude puts a price on built-ins that run long by themselves. */
#include "engine/script/runtime.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct run *run_of(js_State *engine)
{
    return js_getcontext(engine);
}

/* $$t(cost): a round or a call. Also the place where garbage is collected: everything that is
 * alive is on the engine's stack here. */
static void tick(js_State *engine)
{
    struct run *run = run_of(engine);

    run_charge(run, (uint64_t)js_tointeger(engine, 1) * run->factor);
    runtime_collect_if_due(run);
    js_pushboolean(engine, 1);
}

/* $$n(count): a built-in goes over so many things. */
static void charge_count(js_State *engine)
{
    struct run *run = run_of(engine);
    double count = js_tonumber(engine, 1);

    run_charge(run, run->factor);
    if (count > 0)
        run_charge(run, count < 1e15 ? (uint64_t)count / 16 : (uint64_t)1 << 50);
    js_pushundefined(engine);
}

/* What matching a text of `length` characters can cost: every repetition in the pattern may try
 * every length. Infinite for repeated groups with something to choose inside, whose cost is
 * exponential. */
static double regexp_cost(const char *pattern, double length)
{
    double cost = length + 1;
    bool in_class = false;
    bool choices = false; /* a repetition or alternative since the outermost group began */

    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            if (*at >= '1' && *at <= '9')
                cost *= length + 1;
        } else if (*at == '[' || *at == ']') {
            in_class = *at == '[';
        } else if (!in_class && *at == '|') {
            cost *= 2;
            choices = true;
        } else if (!in_class && strchr("*+{?", *at) != NULL) {
            /* (?: (?= (?! are no repetitions, nor is the ? of a lazy one. */
            if (*at == '?' && at > pattern && strchr("(*+}?", at[-1]) != NULL)
                continue;
            if (at > pattern && at[-1] == ')' && choices && *at != '?')
                return INFINITY;
            cost *= *at == '?' ? 2 : length + 1;
            choices = true;
        }
    }
    return cost;
}

/* $$r(pattern, length) */
static void charge_regexp(js_State *engine)
{
    struct run *run = run_of(engine);
    double cost;

    if (run->steps_max > 0) {
        cost = regexp_cost(js_tostring(engine, 1), js_tonumber(engine, 2));
        if (!(cost / 16 < (double)run->steps_max))
            run_abandon(run, STATUS_TIMEOUT,
                        "a regular expression may take longer than the script's steps allow");
        run_charge(run, 1 + (uint64_t)(cost / 16));
    }
    js_pushundefined(engine);
}

/* $$j(text): JSON.parse() goes down one level of the machine's stack for each level of nesting. */
static void check_json_depth(js_State *engine)
{
    const char *text = js_tostring(engine, 1);
    int depth = 0;
    bool quoted = false;

    for (; *text != '\0'; text++) {
        if (*text == '\\' && quoted && text[1] != '\0')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && (*text == '[' || *text == '{'))
            depth++;
        else if (!quoted && (*text == ']' || *text == '}'))
            depth--;
        if (depth > SCRIPT_JSON_DEPTH_MAX)
            js_syntaxerror(engine, "JSON is nested deeper than %d levels", SCRIPT_JSON_DEPTH_MAX);
    }
    js_pushundefined(engine);
}

/* $$throw(line, value) */
static void note_throw(js_State *engine)
{
    run_of(engine)->thrown_line = (uint32_t)js_tointeger(engine, 1);
    js_copy(engine, 2);
}

static void push_now(js_State *engine)
{
    js_pushnumber(engine, floor((double)run_of(engine)->context->now_us / 1000));
}

/* splitmix64 */
static void push_random(js_State *engine)
{
    struct run *run = run_of(engine);
    uint64_t value;

    run->random += UINT64_C(0x9e3779b97f4a7c15);
    value = run->random;
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    value ^= value >> 31;
    js_pushnumber(engine, (double)(value >> 11) / 9007199254740992.0);
}

/* $$s(value): a number as JavaScript writes it, with as few digits as tell it from its
 * neighbours; the engine's own way sometimes has other last digits. Anything else as it is. */
static void push_joined(js_State *engine)
{
    char text[40];
    double value;

    js_copy(engine, 1);
    if (!js_isnumber(engine, 1))
        return;
    value = js_tonumber(engine, 1);
    /* Whole numbers and short ones are always right; so are the forms with an exponent. */
    if (!isfinite(value) || value == trunc(value) || fabs(value) >= 1e15 || fabs(value) < 1e-5)
        return;
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (strchr(text, 'e') != NULL)
        return;
    js_pop(engine, 1);
    js_pushstring(engine, text);
}

void guards_define(js_State *engine)
{
    static const struct {
        const char *name;
        js_CFunction function;
        int arguments;
    } functions[] = {
        {"$$t", tick, 1},
        {"$$n", charge_count, 1},
        {"$$r", charge_regexp, 2},
        {"$$j", check_json_depth, 1},
        {"$$throw", note_throw, 2},
        {"$$now", push_now, 0},
        {"$$random", push_random, 0},
        {"$$s", push_joined, 1},
    };

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        js_newcfunction(engine, functions[i].function, functions[i].name, functions[i].arguments);
        js_defglobal(engine, functions[i].name, JS_READONLY | JS_DONTENUM | JS_DONTCONF);
    }
    js_pushglobal(engine);
    js_defglobal(engine, "$$g", JS_READONLY | JS_DONTENUM | JS_DONTCONF);
}
