/* Process variables as a script sees and changes them.
 *
 * A variable that the script's text names is a property of the global object from the beginning;
 * one that it asks for by a computed name becomes one then. Names that JavaScript itself uses lie
 * aside, in the registry's "aside". At the end, everything there is compared with what it was. */
#include "bpmn/base/text.h"
#include "engine/script/runtime.h"

#include <string.h>

static const char ASIDE[] = "aside";
static const char VARIABLES[] = "Variables";

static struct run *run_of(js_State *engine)
{
    return js_getcontext(engine);
}

/* Pushes the object that holds the variable. */
static void push_holder(js_State *engine, const char *name)
{
    if (runtime_is_reserved(name))
        js_getregistry(engine, ASIDE);
    else
        js_pushglobal(engine);
}

/* What was set or removed by name; made when `make`. */
static struct explicit_write *write_of(struct run *run, const char *name, bool make)
{
    struct explicit_write *write;

    for (write = run->writes; write != NULL; write = write->next) {
        if (strcmp(write->name, name) == 0)
            return write;
    }
    if (!make)
        return NULL;
    if (++run->write_count > RUNTIME_WRITES_MAX)
        run_abandon(run, STATUS_TOO_LARGE, "the script sets too many variables");
    write = arena_alloc(run->arena, sizeof(*write));
    write->name = arena_copy(run->arena, name);
    write->next = run->writes;
    run->writes = write;
    return write;
}

bool variable_push(struct run *run, const char *name)
{
    js_State *engine = run->engine;
    const struct explicit_write *write;
    const json_t *value;

    push_holder(engine, name);
    if (js_hasproperty(engine, -1, name)) {
        js_remove(engine, -2);
        return true;
    }
    js_pop(engine, 1);
    write = write_of(run, name, false);
    value = json_object_get(run->variables, name);
    if (value == NULL || (write != NULL && write->removed))
        return false;
    push_holder(engine, name);
    value_push(run, value);
    js_copy(engine, -1);
    js_defproperty(engine, -3, name, 0);
    js_remove(engine, -2);
    return true;
}

/* The value is on top of the stack and goes. */
static void variable_set(struct run *run, const char *name, bool local)
{
    struct explicit_write *write = write_of(run, name, true);

    write->local = write->local || local;
    write->removed = false;
    push_holder(run->engine, name);
    js_rot2(run->engine);
    js_setproperty(run->engine, -2, name);
    js_pop(run->engine, 1);
}

static void variable_remove(struct run *run, const char *name)
{
    struct explicit_write *write = write_of(run, name, true);

    write->local = false;
    write->removed = true;
    push_holder(run->engine, name);
    js_delproperty(run->engine, -1, name);
    js_pop(run->engine, 1);
}

static const char *name_argument(js_State *engine)
{
    const char *name = js_tostring(engine, 1);

    if (name[0] == '\0' || !text_is_utf8(name, strlen(name)))
        js_typeerror(engine, "expected a variable's name");
    return name;
}

static void get_variable(js_State *engine)
{
    if (!variable_push(run_of(engine), name_argument(engine)))
        js_pushnull(engine);
}

static void set_variable(js_State *engine)
{
    const char *name = name_argument(engine);
    bool local = js_toboolean(engine, 3);

    js_copy(engine, 2);
    variable_set(run_of(engine), name, local);
    js_pushundefined(engine);
}

static void has_variable(js_State *engine)
{
    js_pushboolean(engine, variable_push(run_of(engine), name_argument(engine)) ? 1 : 0);
}

static void remove_variable(js_State *engine)
{
    variable_remove(run_of(engine), name_argument(engine));
    js_pushundefined(engine);
}

/* Appends the names of the object on top of the stack to the array below it. */
static int append_names(js_State *engine, int count)
{
    const char *name;

    js_pushiterator(engine, -1, 1);
    while ((name = js_nextiterator(engine, -1)) != NULL) {
        run_charge(run_of(engine), 1);
        js_pushstring(engine, name);
        js_setindex(engine, -4, count++);
    }
    js_pop(engine, 1);
    return count;
}

static void variable_names(js_State *engine)
{
    struct run *run = run_of(engine);
    const char *name;
    json_t *value;
    int count = 0;

    json_object_foreach ((json_t *)run->variables, name, value) {
        if (variable_push(run, name))
            js_pop(engine, 1);
    }
    js_newarray(engine);
    js_pushglobal(engine);
    count = append_names(engine, count);
    js_pop(engine, 1);
    js_getregistry(engine, ASIDE);
    (void)append_names(engine, count);
    js_pop(engine, 1);
}

static void context_text(js_State *engine)
{
    const struct script_context *context = run_of(engine)->context;
    const char *const texts[] = {context->execution_id, context->process_instance_id,
                                 context->business_key, context->process_definition_id,
                                 context->activity_id};
    int which = js_tointeger(engine, 1);

    if (which >= 0 && which < (int)COUNT_OF(texts) && texts[which] != NULL)
        js_pushstring(engine, texts[which]);
    else
        js_pushnull(engine);
}

/* The object `variables`. */
static int variables_has(js_State *engine, void *data, const char *name)
{
    (void)data;
    return variable_push(run_of(engine), name) ? 1 : 0;
}

static int variables_put(js_State *engine, void *data, const char *name)
{
    (void)data;
    js_copy(engine, -1);
    variable_set(run_of(engine), name, false);
    return 1;
}

static int variables_delete(js_State *engine, void *data, const char *name)
{
    (void)data;
    variable_remove(run_of(engine), name);
    return 1;
}

void variables_define(js_State *engine)
{
    static const struct {
        const char *name;
        js_CFunction function;
        int arguments;
    } functions[] = {
        {"$$get", get_variable, 1},    {"$$set", set_variable, 3},     {"$$has", has_variable, 1},
        {"$$del", remove_variable, 1}, {"$$names", variable_names, 0}, {"$$info", context_text, 1},
    };

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        js_newcfunction(engine, functions[i].function, functions[i].name, functions[i].arguments);
        js_defglobal(engine, functions[i].name, JS_READONLY | JS_DONTENUM | JS_DONTCONF);
    }
    js_newobject(engine);
    js_setregistry(engine, ASIDE);
    js_newobject(engine);
    js_newuserdatax(engine, VARIABLES, NULL, variables_has, variables_put, variables_delete, NULL);
    js_defglobal(engine, "variables", JS_DONTENUM);
}

void variables_bind(struct run *run, const struct translation *translation)
{
    for (uint32_t i = 0; i < translation->name_count; i++) {
        if (!runtime_is_reserved(translation->names[i]) &&
            variable_push(run, translation->names[i]))
            js_pop(run->engine, 1);
    }
    for (const struct binding *binding = translation->privates; binding != NULL;
         binding = binding->next) {
        const json_t *value = json_object_get(run->variables, binding->name);

        if (binding->kind != BINDING_VAR || value == NULL)
            continue;
        value_push(run, value);
        js_defglobal(run->engine, binding->written, JS_DONTENUM);
    }
}

/* Compares the value on top of the stack, which stays, with what the variable was. */
static enum status collect_value(struct run *run, const char *name)
{
    const struct explicit_write *write = write_of(run, name, false);
    const json_t *was = json_object_get(run->variables, name);
    struct script_result *result = run->result;
    json_t *holder;
    const char *what = NULL;
    const json_t *now;

    if (js_iscallable(run->engine, -1) || (write == NULL && !run->context->store_assignments))
        return STATUS_OK;
    if (!text_is_utf8(name, strlen(name)))
        return error_set(run->error, STATUS_FAILED, "A variable's name is not proper text.");
    /* Held by the result while the script's own toJSON() may end the run. */
    holder = json_array();
    (void)json_array_append_new(result->removed, holder);
    if (!value_take(run, holder, was, &what))
        return error_set(run->error, STATUS_FAILED, "The script's variable '%.100s' %s.", name,
                         what);
    now = json_array_get(holder, 0);
    if (write != NULL && write->local)
        (void)json_object_set(result->local_assignments, name, (json_t *)now);
    else if (was == NULL || !json_equal(was, now))
        (void)json_object_set(result->assignments, name, (json_t *)now);
    (void)json_array_remove(result->removed, json_array_size(result->removed) - 1);
    return STATUS_OK;
}

/* Every variable in the object on top of the stack. */
static enum status collect_from(struct run *run)
{
    js_State *engine = run->engine;
    enum status status = STATUS_OK;
    const char *name;

    js_pushiterator(engine, -1, 1);
    while (status == STATUS_OK && (name = js_nextiterator(engine, -1)) != NULL) {
        run_charge(run, 1);
        if (strncmp(name, "$$", 2) == 0)
            continue;
        js_getproperty(engine, -2, name);
        status = collect_value(run, name);
        js_pop(engine, 1);
    }
    js_pop(engine, 1);
    return status;
}

enum status variables_collect(struct run *run)
{
    enum status status;

    js_pushglobal(run->engine);
    status = collect_from(run);
    js_pop(run->engine, 1);
    if (status != STATUS_OK)
        return status;
    js_getregistry(run->engine, ASIDE);
    status = collect_from(run);
    js_pop(run->engine, 1);
    for (const struct explicit_write *write = run->writes; write != NULL; write = write->next) {
        if (write->removed && json_object_get(run->variables, write->name) != NULL &&
            json_object_get(run->result->assignments, write->name) == NULL)
            (void)json_array_append_new(run->result->removed, json_string(write->name));
    }
    return status;
}
