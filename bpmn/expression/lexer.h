/* Text → tokens; private to this folder. */
#ifndef SYNERGYFLOW_EXPRESSION_LEXER_H
#define SYNERGYFLOW_EXPRESSION_LEXER_H

#include "bpmn/expression/private.h"

enum token_kind { TOKEN_END, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_NAME, TOKEN_SIGN };

struct lexer {
    struct arena *arena;
    const char *text;
    size_t at;      /* behind the current token */
    size_t end;     /* of the token before */
    bool in_braces; /* '}' ends the expression */
    struct error *error;
    /* the current token */
    enum token_kind kind;
    size_t start;
    struct value literal;
    const char *name;
    char sign[3];
};

/* Reads the next token. */
MUST_CHECK enum status lexer_advance(struct lexer *lexer);
/* Fills the error: `expected` at the current token, with its column. Returns STATUS_INVALID. */
MUST_CHECK enum status lexer_expected(struct lexer *lexer, const char *expected);
bool lexer_is_sign(const struct lexer *lexer, const char *sign);
bool lexer_is_word(const struct lexer *lexer, const char *word);
/* Whether the text from `at` is `:name(`, the rest of a function's name in front of its arguments.
 */
bool lexer_is_function_at(const struct lexer *lexer, size_t at);
/* Whether '(' follows the current token. */
bool lexer_is_call(const struct lexer *lexer);

#endif
