/* docs/rest.md names every route of the workflow API with its summary, and no other. */
#include "engine/api/api.h"
#include "engine/http/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_BYTES = 1024, DOCUMENT_BYTES = 256 * 1024 };

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static char *read_document(void)
{
    FILE *file = fopen(SOURCE_FOLDER "/docs/rest.md", "r");
    char *text = calloc(1, DOCUMENT_BYTES);
    size_t length;

    assert_non_null(file);
    assert_non_null(text);
    length = fread(text, 1, DOCUMENT_BYTES - 1, file);
    assert_true(length > 0 && length < DOCUMENT_BYTES - 1);
    (void)fclose(file);
    return text;
}

/* The row as the page has it; what we add to the dialect is marked there, behind the summary. */
static void row_of(const struct http_route *route, char line[LINE_BYTES])
{
    (void)snprintf(line, LINE_BYTES, "\n| %s | `%s` | %s", methods[route->method], route->pattern,
                   route->summary);
}

static void on_closed(void *context)
{
    (void)context;
}

static void every_route_is_described(void **state)
{
    const struct api_settings settings = {.loop = NULL};
    char *document = read_document();
    const struct http_route *route;
    struct http_server *server;
    uv_loop_t loop;
    char line[LINE_BYTES];
    size_t rows = 0;
    uint32_t missing = 0;
    uint32_t i = 0;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    server = http_server_new(&loop);
    api_register(server, &settings);
    for (; (route = http_server_route_at(server, i)) != NULL; i++) {
        row_of(route, line);
        if (strstr(document, line) == NULL) {
            print_message("docs/rest.md lacks the row\n%s |\n", line + 1);
            missing++;
        }
    }
    for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
        (void)snprintf(line, sizeof(line), "\n| %s | `", methods[m]);
        for (const char *at = strstr(document, line); at != NULL; at = strstr(at + 1, line))
            rows++;
    }
    http_server_close(server, on_closed, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    free(document);
    assert_int_equal(missing, 0);
    assert_int_equal(rows, i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
