/* The syntax of a script: source → tree → the older JavaScript that the embedded engine runs.
 * Private to this folder.
 *
 * The engine speaks ECMAScript 5 and has no hook to count what it does. So a script is read into a
 * tree and written again: newer syntax (let and const, arrow functions, templates, destructuring,
 * spread, `?.`, `??`, for-of, …) in terms of the old, with a call of `$$t` in every loop and
 * function, which counts steps. Names (not of members) with `$$` are the translation's own.
 * Lines stay where they were, so that errors of the engine name the script's line. */
#ifndef SYNERGYFLOW_SCRIPT_SYNTAX_H
#define SYNERGYFLOW_SCRIPT_SYNTAX_H

#include "bpmn/base/arena.h"
#include "bpmn/base/status.h"

#include <stdint.h>

enum {
    SYNTAX_DEPTH_MAX = 150, /* nesting in the source: the parser's and the writer's stack */
    SYNTAX_CHAIN_MAX = 300, /* links of one `a + b + …` or `a.b.c…` */
};

enum syntax_kind {
    /* expressions */
    SYNTAX_LITERAL, /* text: written as it is: number, regular expression, null, true, false */
    SYNTAX_STRING,  /* text: UTF-8, length */
    SYNTAX_NAME,    /* text */
    SYNTAX_THIS,
    SYNTAX_TEMPLATE, /* items: strings and expressions by turns */
    SYNTAX_ARRAY,    /* items, SYNTAX_HOLE among them */
    SYNTAX_HOLE,
    SYNTAX_OBJECT,   /* items: SYNTAX_PROPERTY, SYNTAX_SPREAD */
    SYNTAX_PROPERTY, /* a: key, b: value; flag */
    SYNTAX_FUNCTION, /* text: name or NULL; items: parameters; a: body, a block or an expression */
    SYNTAX_UNARY,    /* text: operator; a */
    SYNTAX_PREFIX,   /* ++a, --a */
    SYNTAX_POSTFIX,  /* a++, a-- */
    SYNTAX_BINARY,   /* a text b, also && || ?? ** */
    SYNTAX_ASSIGN,   /* a text b; with "=" also a pattern's default */
    SYNTAX_CHOICE,   /* a ? b : c */
    SYNTAX_CALL,     /* a ( items ); optional */
    SYNTAX_NEW,      /* new a ( items ) */
    SYNTAX_MEMBER,   /* a . text; optional */
    SYNTAX_INDEX,    /* a [ b ]; optional */
    SYNTAX_CHAIN,    /* a: where `?.` inside it ends */
    SYNTAX_SEQUENCE, /* items */
    SYNTAX_SPREAD,   /* ...a */
    /* statements */
    SYNTAX_DECLARE, /* text: var, let, const; items: a = target, b = value or NULL */
    SYNTAX_DECLARATOR,
    SYNTAX_DEFINE, /* a: a function */
    SYNTAX_EXPRESSION,
    SYNTAX_BLOCK,  /* items */
    SYNTAX_IF,     /* a, b, c */
    SYNTAX_FOR,    /* a ; b ; c ) d */
    SYNTAX_FOR_IN, /* a in b ) d */
    SYNTAX_FOR_OF, /* a of b ) d */
    SYNTAX_WHILE,  /* a, d */
    SYNTAX_DO,     /* d while a */
    SYNTAX_RETURN, /* a or NULL */
    SYNTAX_THROW,  /* a */
    SYNTAX_TRY,    /* a, catch (b) c, finally d */
    SYNTAX_SWITCH, /* a, items: SYNTAX_CASE */
    SYNTAX_CASE,   /* a or NULL for default, items */
    SYNTAX_BREAK,  /* text: label or NULL */
    SYNTAX_CONTINUE,
    SYNTAX_LABEL, /* text : a */
    SYNTAX_EMPTY,
};

enum syntax_flag {
    SYNTAX_PLAIN,
    SYNTAX_COMPUTED,  /* [a]: b */
    SYNTAX_SHORTHAND, /* a; b is the name, or name = default in a pattern */
    SYNTAX_GETTER,
    SYNTAX_SETTER,
};

enum binding_kind { BINDING_VAR, BINDING_LET, BINDING_CONST, BINDING_FUNCTION, BINDING_PARAMETER };

struct binding {
    const char *name;
    const char *written; /* the name in the output */
    enum binding_kind kind;
    struct binding *next;
};

/* The names of a function, of the whole script, or of a block. */
struct scope {
    struct binding *bindings;
    struct binding **tail;
    bool is_function;
    bool is_program;
    bool captured; /* in a loop, and a closure uses its names: each round needs its own */
};

struct syntax {
    enum syntax_kind kind;
    enum syntax_flag flag;
    bool optional; /* ?. in front of this link */
    bool arrow;
    bool uses_this; /* of functions: an arrow inside needs it */
    bool uses_arguments;
    uint32_t line;
    uint32_t column;
    uint32_t weight; /* nodes of a loop's or function's body: what a round costs */
    uint32_t temporaries;
    const char *text;
    size_t length;
    struct syntax *a;
    struct syntax *b;
    struct syntax *c;
    struct syntax *d;
    struct syntax *items;
    struct syntax *next;
    struct scope *scope; /* functions, blocks, for, switch, try (of its catch) */
};

/* Reads a script into a block that is the program; every node is in `arena`. STATUS_INVALID with
 * line and column. `internal` allows names with `$$`. */
MUST_CHECK enum status syntax_parse(const char *source, bool internal, struct arena *arena,
                                    struct syntax **ret_program, struct error *ret_error);

/* A script as the engine takes it. */
struct translation {
    const char *text;
    const char **names; /* names that the script does not declare, each once */
    uint32_t name_count;
    const struct binding *privates; /* of the script itself: those of kind var may begin with a
                                       variable's value */
    uint32_t weight;
};

MUST_CHECK enum status syntax_translate(const char *source, bool internal, struct arena *arena,
                                        struct translation *ret_translation,
                                        struct error *ret_error);

/* lexer.c */
enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_STRING, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    bool after_newline;
    bool escaped; /* a name written with escapes is never a keyword */
    const char *start;
    const char *end;
    const char *text; /* names, signs; numbers as written out; strings decoded */
    size_t length;    /* of strings */
    uint32_t line;
    uint32_t column;
};

struct lexer {
    struct arena *arena;
    struct error *error;
    const char *at;
    const char *line_start;
    uint32_t line;
    bool failed;
    bool internal;
    struct token token; /* the current one */
};

void script_lexer_start(struct lexer *lexer, const char *source, bool internal, struct arena *arena,
                        struct error *error);
void script_lexer_advance(struct lexer *lexer);
/* The current token is `/` or `/=`: reads the regular expression that begins with it and moves on.
 * Returns it as written. */
const char *script_lexer_regexp(struct lexer *lexer);
/* Reads template text from the character behind the current token "`" or "}" to "${" (true) or the
 * closing "`" (false); in the latter case moves on to the next token, in the former to the first
 * of the expression. */
bool script_lexer_template(struct lexer *lexer, const char **ret_text, size_t *ret_length);
/* The first error counts; from then on every token is the end. */
void script_lexer_fail(struct lexer *lexer, uint32_t line, uint32_t column, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
