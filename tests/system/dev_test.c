/* `synergyflow dev`: two side by side, Ctrl-C, and the data of the run before. */
#include "tests/support/http_client.h"
#include "tests/support/program.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int handle = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(handle, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(handle, (struct sockaddr *)&address, &length), 0);
    (void)close(handle);
    return ntohs(address.sin_port);
}

static long long incident_count(void *context)
{
    const struct program *program = context;
    json_t *answer = NULL;
    long long total = -1;

    if (http_call(program->port, "GET", "/api/v1/incidents", NULL, &answer) == 200)
        total = (long long)json_integer_value(json_object_get(answer, "total"));
    json_decref(answer);
    return total;
}

static bool has_demo_data(void *context)
{
    return incident_count(context) >= 5;
}

static void make_folder(char *folder)
{
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
}

static void remove_folder(const char *folder)
{
    char command[128];

    (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void two_run_side_by_side_and_keep_their_data(void **state)
{
    char first_folder[] = "/tmp/synergyflow-dev-XXXXXX";
    char second_folder[] = "/tmp/synergyflow-dev-XXXXXX";
    struct program first;
    struct program second;
    long long count;

    (void)state;
    make_folder(first_folder);
    make_folder(second_folder);
    program_dev(&first, free_port(), first_folder);
    program_dev(&second, free_port(), second_folder);
    assert_true(program_logged(&first, "Try next"));
    assert_true(wait_until(has_demo_data, &first));
    assert_true(wait_until(has_demo_data, &second));
    assert_int_equal(http_call(first.port, "POST", "/api/v1/incidents",
                               "{\"title\":\"kept over a restart\"}", NULL),
                     201);
    count = incident_count(&first);
    assert_int_equal(incident_count(&second), count - 1);
    program_signal(&second, SIGINT);
    assert_int_equal(program_wait(&second), 0);
    assert_non_null(strstr(second.said, "Stopped; everything is committed."));
    program_signal(&first, SIGINT);
    assert_int_equal(program_wait(&first), 0);
    program_dev(&first, free_port(), first_folder);
    assert_int_equal(incident_count(&first), count); /* kept, and no second demo */
    program_signal(&first, SIGINT);
    assert_int_equal(program_wait(&first), 0);
    remove_folder(first_folder);
    remove_folder(second_folder);
}

static char output[16384];

static int run_dev(unsigned port, const char *folder)
{
    char number[16];
    const char *arguments[] = {"dev", "--port", number, "--data", folder, NULL};

    (void)snprintf(number, sizeof(number), "%u", port);
    return program_run(output, sizeof(output), arguments);
}

/* The second says why it cannot; the first does not notice. */
static void a_folder_or_a_port_in_use_is_refused(void **state)
{
    char folder[] = "/tmp/synergyflow-dev-XXXXXX";
    char other_folder[] = "/tmp/synergyflow-dev-XXXXXX";
    struct program program;

    (void)state;
    make_folder(folder);
    make_folder(other_folder);
    program_dev(&program, free_port(), folder);
    assert_int_equal(run_dev(free_port(), folder), 1);
    assert_non_null(strstr(output, "--data"));
    assert_int_equal(run_dev(program.port, other_folder), 3);
    assert_non_null(strstr(output, "address already in use"));
    assert_int_equal(http_call(program.port, "GET", "/readyz", NULL, NULL), 200);
    assert_true(wait_until(has_demo_data, &program));
    program_signal(&program, SIGKILL);
    assert_int_equal(program_wait(&program), 128 + SIGKILL);
    /* A killed one leaves its folder to the next. */
    program_dev(&program, free_port(), folder);
    assert_true(wait_until(has_demo_data, &program));
    program_signal(&program, SIGINT);
    assert_int_equal(program_wait(&program), 0);
    remove_folder(folder);
    remove_folder(other_folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_run_side_by_side_and_keep_their_data),
        cmocka_unit_test(a_folder_or_a_port_in_use_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
