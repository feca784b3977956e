/* Variables, a scope and assertions that the tests of expressions share. */
#ifndef SYNERGYFLOW_TESTS_EXPRESSION_FIXTURE_H
#define SYNERGYFLOW_TESTS_EXPRESSION_FIXTURE_H

#include "bpmn/expression/expression.h"

struct fixture {
    struct expression_scope scope; /* first: lookup gets here from it */
    json_t *variables;
    struct arena *arena;
    struct error error;
};

/* For cmocka: *state is a struct fixture. */
int setup(void **state);
int teardown(void **state);

/* Parses what has to be right. */
const struct expression *parse(struct fixture *fixture, const char *text,
                               enum expression_mode mode);

/* Expressions without delimiters; `expected` is a JSON value, or a part of the error's sentence. */
struct expected {
    const char *text;
    const char *expected;
};

void assert_value(struct fixture *fixture, const char *text, const char *expected);
void assert_fails(struct fixture *fixture, const char *text, const char *sentence);
void assert_values(struct fixture *fixture, const struct expected *cases, size_t count);
void assert_failures(struct fixture *fixture, const struct expected *cases, size_t count);

#endif
