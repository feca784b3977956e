/* JSON ↔ the embedded engine's values.
 *
 * Whole numbers past 2^53, which a double cannot hold, go in as objects of class "Integer" that
 * carry their digits; whoever computes with one gets the nearest double. */
#include "engine/script/runtime.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t EXACT_MAX = INT64_C(9007199254740992);
static const char INTEGER[] = "Integer";

struct integer {
    int64_t value;
};

static const struct integer *this_integer(js_State *engine)
{
    return js_touserdata(engine, 0, INTEGER);
}

static void integer_value_of(js_State *engine)
{
    js_pushnumber(engine, (double)this_integer(engine)->value);
}

static void integer_to_string(js_State *engine)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, this_integer(engine)->value);
    js_pushstring(engine, digits);
}

void values_define(js_State *engine)
{
    js_newobject(engine);
    js_newcfunction(engine, integer_value_of, "valueOf", 0);
    js_defproperty(engine, -2, "valueOf", JS_DONTENUM | JS_READONLY);
    js_newcfunction(engine, integer_value_of, "toJSON", 0);
    js_defproperty(engine, -2, "toJSON", JS_DONTENUM | JS_READONLY);
    js_newcfunction(engine, integer_to_string, "toString", 0);
    js_defproperty(engine, -2, "toString", JS_DONTENUM | JS_READONLY);
    js_setregistry(engine, INTEGER);
}

static void push_integer(struct run *run, int64_t value)
{
    struct integer *integer;

    if (value >= -EXACT_MAX && value <= EXACT_MAX) {
        js_pushnumber(run->engine, (double)value);
        return;
    }
    integer = arena_alloc(run->arena, sizeof(*integer));
    integer->value = value;
    js_getregistry(run->engine, INTEGER);
    js_newuserdata(run->engine, INTEGER, integer, NULL);
}

static void push_text(struct run *run, const json_t *json)
{
    size_t length = json_string_length(json);

    if (length > INT32_MAX / 2)
        run_abandon(run, STATUS_TOO_LARGE, NULL);
    js_pushlstring(run->engine, json_string_value(json), (int)length);
}

static void push_nested(struct run *run, const json_t *json, unsigned depth)
{
    const char *name;
    json_t *value;
    size_t index;

    if (depth > SCRIPT_JSON_DEPTH_MAX)
        run_abandon(run, STATUS_TOO_LARGE, "a variable is nested too deeply");
    if (json_is_array(json)) {
        js_newarray(run->engine);
        json_array_foreach (json, index, value) {
            push_nested(run, value, depth + 1);
            js_setindex(run->engine, -2, (int)index);
        }
    } else if (json_is_object(json)) {
        js_newobject(run->engine);
        json_object_foreach ((json_t *)json, name, value) {
            push_nested(run, value, depth + 1);
            js_defproperty(run->engine, -2, name, 0);
        }
    } else if (json_is_string(json)) {
        push_text(run, json);
    } else if (json_is_integer(json)) {
        push_integer(run, json_integer_value(json));
    } else if (json_is_real(json)) {
        js_pushnumber(run->engine, json_real_value(json));
    } else if (json_is_boolean(json)) {
        js_pushboolean(run->engine, json_is_true(json));
    } else {
        js_pushnull(run->engine);
    }
}

void value_push(struct run *run, const json_t *json)
{
    push_nested(run, json, 0);
}

/* What taking a value apart carries along. */
struct taking {
    struct run *run;
    const char *what; /* why it failed */
    unsigned depth;
};

static bool take_value(struct taking *taking, json_t *holder, const char *name, const json_t *was);

/* Puts a new value where it belongs at once: the script's code may run next and end the run. */
static json_t *place(struct taking *taking, json_t *holder, const char *name, json_t *value)
{
    struct run *run = taking->run;

    INVARIANT(value != NULL);
    if (name == NULL)
        (void)json_array_append_new(holder, value);
    else
        (void)json_object_set_new(holder, name, value);
    run->converted_bytes += 16 + (name != NULL ? strlen(name) : 0);
    if (run->converted_bytes > run->memory_bytes)
        run_abandon(run, STATUS_TOO_LARGE, NULL);
    return value;
}

static bool take_number(struct taking *taking, json_t *holder, const char *name, const json_t *was)
{
    double number = js_tonumber(taking->run->engine, -1);

    if (!isfinite(number)) {
        if (taking->depth > 0) {
            (void)place(taking, holder, name, json_null());
            return true;
        }
        taking->what = isnan(number) ? "is NaN, not a number" : "is infinite";
        return false;
    }
    if (json_is_real(was) && json_real_value(was) == number)
        (void)place(taking, holder, name, json_real(number));
    else if (number == trunc(number) && fabs(number) <= (double)EXACT_MAX)
        (void)place(taking, holder, name, json_integer((json_int_t)number));
    else
        (void)place(taking, holder, name, json_real(number));
    return true;
}

/* The engine writes characters past U+FFFF that were put together from halves as two halves. */
static bool mend_surrogates(struct text *mended, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    text_clear(mended);
    while (*at != '\0') {
        if (at[0] == 0xed && at[1] >= 0xa0) {
            unsigned code;

            if (at[1] >= 0xb0 || at[3] != 0xed || at[4] < 0xb0)
                return false;
            code = 0x10000 + (((at[1] & 0x0fU) << 6 | (at[2] & 0x3fU)) << 10) +
                   ((at[4] & 0x0fU) << 6 | (at[5] & 0x3fU));
            text_append_format(mended, "%c%c%c%c", (char)(0xf0 | code >> 18),
                               (char)(0x80 | (code >> 12 & 0x3f)),
                               (char)(0x80 | (code >> 6 & 0x3f)), (char)(0x80 | (code & 0x3f)));
            at += 6;
        } else {
            text_append_char(mended, (char)*at++);
        }
    }
    return text_is_utf8(text_string(mended), mended->length);
}

static bool take_text(struct taking *taking, json_t *holder, const char *name)
{
    struct run *run = taking->run;
    const char *text = js_tostring(run->engine, -1);
    size_t length = strlen(text);
    json_t *value;

    run->converted_bytes += length;
    if (text_is_utf8(text, length)) {
        value = json_stringn_nocheck(text, length);
    } else if (mend_surrogates(&run->scratch, text)) {
        value = json_stringn_nocheck(text_string(&run->scratch), run->scratch.length);
    } else {
        taking->what = "contains a text with a NUL or half a character";
        return false;
    }
    (void)place(taking, holder, name, value);
    return true;
}

static bool take_array(struct taking *taking, json_t *holder, const char *name, const json_t *was)
{
    js_State *engine = taking->run->engine;
    json_t *array = place(taking, holder, name, json_array());
    int length = js_getlength(engine, -1);

    for (int i = 0; i < length; i++) {
        bool taken;

        run_charge(taking->run, 1);
        js_getindex(engine, -1, i);
        taken = take_value(taking, array, NULL, json_array_get(was, (size_t)i));
        js_pop(engine, 1);
        if (!taken)
            return false;
    }
    return true;
}

static bool take_object(struct taking *taking, json_t *holder, const char *name, const json_t *was)
{
    js_State *engine = taking->run->engine;
    json_t *object = place(taking, holder, name, json_object());
    const char *member;

    js_pushiterator(engine, -1, 1);
    while ((member = js_nextiterator(engine, -1)) != NULL) {
        bool taken = true;

        run_charge(taking->run, 1);
        js_getproperty(engine, -2, member);
        if (!text_is_utf8(member, strlen(member))) {
            taking->what = "has a member with a broken name";
            taken = false;
        } else if (!js_isundefined(engine, -1) && !js_iscallable(engine, -1)) {
            taken = take_value(taking, object, member, json_object_get(was, member));
        }
        js_pop(engine, 1);
        if (!taken)
            return false;
    }
    js_pop(engine, 1);
    return true;
}

/* Replaces the object on top of the stack by what its toJSON() or toISOString() gives. */
static bool call_method(js_State *engine, const char *method)
{
    js_getproperty(engine, -1, method);
    if (!js_iscallable(engine, -1)) {
        js_pop(engine, 1);
        return false;
    }
    js_copy(engine, -2);
    js_call(engine, 0);
    js_remove(engine, -2);
    return true;
}

static bool take_any_object(struct taking *taking, json_t *holder, const char *name,
                            const json_t *was)
{
    js_State *engine = taking->run->engine;

    if (js_isuserdata(engine, -1, INTEGER)) {
        const struct integer *integer = js_touserdata(engine, -1, INTEGER);

        (void)place(taking, holder, name, json_integer(integer->value));
        return true;
    }
    if (js_isdateobject(engine, -1) && call_method(engine, "toString")) {
        if (strcmp(js_tostring(engine, -1), "Invalid Date") == 0) {
            taking->what = "is an invalid date";
            return false;
        }
        return take_text(taking, holder, name);
    }
    if (js_isnumberobject(engine, -1))
        return take_number(taking, holder, name, was);
    if (js_isstringobject(engine, -1))
        return take_text(taking, holder, name);
    if (js_isbooleanobject(engine, -1) && call_method(engine, "valueOf"))
        return take_value(taking, holder, name, was);
    if (js_isarray(engine, -1))
        return take_array(taking, holder, name, was);
    if (call_method(engine, "toJSON"))
        return take_value(taking, holder, name, was);
    return take_object(taking, holder, name, was);
}

static bool take_value(struct taking *taking, json_t *holder, const char *name, const json_t *was)
{
    js_State *engine = taking->run->engine;
    bool taken = true;

    if (++taking->depth > SCRIPT_JSON_DEPTH_MAX) {
        taking->what = "is nested too deeply, or contains itself";
        return false;
    }
    if (js_isobject(engine, -1) && !js_iscallable(engine, -1)) {
        js_copy(engine, -1); /* methods replace it */
        taken = take_any_object(taking, holder, name, was);
        js_pop(engine, 1);
    } else if (js_isnumber(engine, -1)) {
        taking->depth--;
        taken = take_number(taking, holder, name, was);
        taking->depth++;
    } else if (js_isstring(engine, -1)) {
        taken = take_text(taking, holder, name);
    } else if (js_isboolean(engine, -1)) {
        (void)place(taking, holder, name, json_boolean(js_toboolean(engine, -1)));
    } else {
        (void)place(taking, holder, name, json_null());
    }
    taking->depth--;
    return taken;
}

bool value_take(struct run *run, json_t *holder, const json_t *was, const char **what)
{
    struct taking taking = {.run = run};
    int top = js_gettop(run->engine);
    bool taken = take_value(&taking, holder, NULL, was);

    *what = taking.what;
    js_pop(run->engine, js_gettop(run->engine) - top);
    return taken;
}
