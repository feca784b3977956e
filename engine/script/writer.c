/* What the writers of statements and expressions share, and syntax_translate() itself. */
#include "engine/script/writer.h"

#include <string.h>

void writer_fail(struct writer *writer, const struct syntax *node, const char *message)
{
    if (!writer->failed) {
        (void)error_set(writer->error, STATUS_INVALID, "%s", message);
        (void)error_at(writer->error, NULL, (int)node->line, (int)node->column);
    }
    writer->failed = true;
}

void write_text(struct writer *writer, const char *text)
{
    text_append(&writer->out, text);
}

void write_quoted(struct writer *writer, const char *text)
{
    write_text(writer, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            write_format(writer, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            write_format(writer, "\\x%02x", *text);
        else if (strncmp(text, "\xe2\x80\xa8", 3) == 0 || strncmp(text, "\xe2\x80\xa9", 3) == 0)
            write_format(writer, "\\u202%d", *(text += 2) == '\xa8' ? 8 : 9);
        else
            text_append_char(&writer->out, *text);
    }
    write_text(writer, "\"");
}

const char *writer_temporary(struct writer *writer)
{
    return arena_format(writer->arena, "$$%u", ++writer->function->temporaries);
}

uint32_t writer_cost(const struct syntax *node)
{
    return 1 + node->weight / 8;
}

struct level writer_push(struct writer *writer, struct scope *scope)
{
    return (struct level){.scope = scope,
                          .function = writer->function,
                          .outer = writer->level,
                          .in_loop = writer->function->loops > 0};
}

const struct binding *writer_resolve(struct writer *writer, const char *name, bool *ret_of_function)
{
    for (struct level *level = writer->level; level != NULL; level = level->outer) {
        for (struct binding *found = level->scope->bindings; found != NULL; found = found->next) {
            if (strcmp(found->name, name) != 0)
                continue;
            if (level->function != writer->function && level->in_loop && !level->scope->is_function)
                level->scope->captured = true;
            if (ret_of_function != NULL)
                *ret_of_function = level->scope->is_function;
            return found;
        }
    }
    return NULL;
}

/* The nearest function with a `this` and `arguments` of its own; NULL: the script. */
static struct syntax *owner_of_this(const struct writer *writer)
{
    const struct function_level *level = writer->function;

    while (level->node != NULL && level->node->arrow)
        level = level->outer;
    return level->node;
}

void write_this(struct writer *writer)
{
    struct syntax *owner = owner_of_this(writer);

    if (writer->function->node == owner) {
        write_text(writer, owner == NULL ? "$$g" : "this");
    } else if (owner == NULL) {
        write_text(writer, "$$g");
    } else {
        owner->uses_this = true;
        write_text(writer, "$$this");
    }
}

static void note_name(struct writer *writer, const char *name)
{
    struct free_name *entry;

    for (entry = writer->names; entry != NULL; entry = entry->next) {
        if (strcmp(entry->name, name) == 0)
            return;
    }
    entry = arena_alloc(writer->arena, sizeof(*entry));
    entry->name = name;
    entry->next = writer->names;
    writer->names = entry;
    writer->name_count++;
}

static bool is_plain(const char *name)
{
    while (*name != '\0' && (unsigned char)*name < 0x80)
        name++;
    return *name == '\0';
}

void write_name(struct writer *writer, const struct syntax *node, bool assigned)
{
    const struct binding *binding = writer_resolve(writer, node->text, NULL);
    struct syntax *owner = owner_of_this(writer);

    /* The engine would run the text as it is, uncounted. */
    if (strcmp(node->text, "eval") == 0)
        writer_fail(writer, node, "'eval' is not supported in scripts.");
    if (binding != NULL) {
        if (assigned && binding->kind == BINDING_CONST)
            writer_fail(writer, node, "A constant cannot be assigned to.");
        write_text(writer, binding->written);
    } else if (strcmp(node->text, "arguments") == 0 && owner != NULL) {
        owner->uses_arguments = owner->uses_arguments || owner != writer->function->node;
        write_text(writer, owner == writer->function->node ? "arguments" : "$$arguments");
    } else {
        note_name(writer, node->text);
        if (is_plain(node->text)) {
            write_text(writer, node->text);
        } else {
            write_text(writer, "$$g[");
            write_quoted(writer, node->text);
            write_text(writer, "]");
        }
    }
}

/* One pass over the whole script. */
static void write_program(struct writer *writer, struct syntax *program)
{
    struct function_level script = {0};
    struct level level = {.scope = program->scope, .function = &script};

    text_clear(&writer->out);
    writer->line = 1;
    writer->function = &script;
    writer->level = &level;
    for (uint32_t i = 0; i < program->temporaries; i++)
        write_format(writer, "%s$$%u", i == 0 ? "var " : ",", i + 1);
    write_text(writer, program->temporaries > 0 ? ";" : "");
    write_statements(writer, program->items, false);
    program->temporaries = script.temporaries;
    writer->level = NULL;
    writer->function = NULL;
}

enum status syntax_translate(const char *source, bool internal, struct arena *arena,
                             struct translation *ret_translation, struct error *ret_error)
{
    struct writer writer = {.arena = arena, .error = ret_error};
    struct syntax *program;
    enum status status = syntax_parse(source, internal, arena, &program, ret_error);
    uint32_t count = 0;

    if (status != STATUS_OK)
        return status;
    write_program(&writer, program);
    if (!writer.failed)
        write_program(&writer, program);
    if (writer.failed) {
        text_deinit(&writer.out);
        return ret_error->status;
    }
    ret_translation->text = arena_copy_bytes(arena, text_string(&writer.out), writer.out.length);
    text_deinit(&writer.out);
    ret_translation->names = arena_array(arena, writer.name_count + 1, sizeof(char *));
    for (const struct free_name *name = writer.names; name != NULL; name = name->next)
        ret_translation->names[count++] = name->name;
    ret_translation->name_count = count;
    ret_translation->privates = program->scope->bindings;
    ret_translation->weight = program->weight;
    return STATUS_OK;
}
