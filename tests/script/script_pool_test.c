/* Real worker processes: this executable is its own worker when told so. */
#include "tests/script/fixture.h"
#include "tests/script/hostile.h"

#include "engine/script/script_pool.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { REQUESTS_MAX = 64 };

struct answer {
    struct script_request request;
    unsigned times;
    unsigned order;
    enum status status;
    struct script_result result;
    char code[64];
    struct error error;
};

static uv_loop_t loop;
static struct script_pool *pool;
static struct answer answers[REQUESTS_MAX];
static unsigned answered;
static bool closed;

static void on_done(struct script_request *request, enum status status,
                    const struct script_result *result, const struct error *error)
{
    struct answer *answer = request->data;

    answer->times++;
    answer->order = ++answered;
    answer->status = status;
    assert_true((status == STATUS_OK) == (result != NULL));
    assert_true((status == STATUS_OK) == (error == NULL));
    if (result != NULL) {
        answer->result = *result;
        (void)json_incref(result->value);
        (void)json_incref(result->assignments);
        (void)json_incref(result->local_assignments);
        (void)json_incref(result->removed);
        if (result->bpmn_error_code != NULL)
            (void)snprintf(answer->code, sizeof(answer->code), "%s %s", result->bpmn_error_code,
                           result->bpmn_error_message);
    } else {
        answer->error = *error;
    }
}

static void on_closed(void *context)
{
    (void)context;
    closed = true;
}

static void open_pool(const struct script_pool_options *options)
{
    struct script_pool_options all = *options;

    if (all.argument == NULL)
        all.argument = "act-as-worker";
    memset(answers, 0, sizeof(answers));
    answered = 0;
    closed = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    pool = script_pool_new(&loop, &all);
}

static void close_pool(void)
{
    script_pool_close(pool, on_closed, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(closed);
    assert_int_equal(uv_loop_close(&loop), 0);
    for (unsigned i = 0; i < REQUESTS_MAX; i++)
        script_result_deinit(&answers[i].result);
}

static enum status submit(unsigned which, const char *source, const char *variables)
{
    struct answer *answer = &answers[which];
    json_t *json = variables != NULL ? json_loads(variables, 0, NULL) : NULL;
    struct error error;
    enum status status;

    answer->request = (struct script_request){
        .source = source,
        .variables = json,
        .context = {.process_instance_id = "instance-1", .store_assignments = true},
        .on_done = on_done,
        .data = answer};
    status = script_pool_submit(pool, &answer->request, &error);
    json_decref(json);
    answer->request.source = NULL;
    answer->request.variables = NULL;
    assert_int_equal(answer->times, 0);
    return status;
}

static void run_until(unsigned count)
{
    while (answered < count)
        (void)uv_run(&loop, UV_RUN_ONCE);
}

static void scripts_run_in_a_worker(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){0});
    assert_int_equal(script_pool_counts(pool).workers, 0);
    assert_int_equal(submit(0, "x = x + 1; execution.setVariableLocal('l', true); big",
                            "{\"x\": 1, \"big\": 9223372036854775807}"),
                     STATUS_OK);
    assert_int_equal(submit(1, "throw new BpmnError('E', 'm')", NULL), STATUS_OK);
    assert_int_equal(submit(2, "\nthrow new Error('bad')", NULL), STATUS_OK);
    assert_int_equal(submit(3, "let =", NULL), STATUS_OK);
    assert_int_equal(submit(4,
                            "t = 0; for (let i = 0; i < 300000; i++) t += i; "
                            "execution.removeVariable('gone'); execution.processInstanceId",
                            "{\"gone\": 1}"),
                     STATUS_OK);
    run_until(5);
    assert_json_text(answers[0].result.value, "9223372036854775807");
    assert_json_text(answers[0].result.assignments, "{\"x\": 2}");
    assert_json_text(answers[0].result.local_assignments, "{\"l\": true}");
    assert_int_equal(answers[1].status, STATUS_OK);
    assert_string_equal(answers[1].code, "E m");
    assert_int_equal(answers[2].status, STATUS_FAILED);
    assert_int_equal(answers[2].error.line, 2);
    assert_string_equal(answers[2].error.message, "Error: bad");
    assert_int_equal(answers[3].status, STATUS_INVALID);
    assert_int_equal(answers[3].error.column, 5);
    assert_json_text(answers[4].result.value, "\"instance-1\"");
    assert_json_text(answers[4].result.assignments, "{\"t\": 44999850000}");
    assert_json_text(answers[4].result.removed, "[\"gone\"]");
    assert_in_range(script_pool_counts(pool).started, 1, 2);
    close_pool();
}

/* A line of a file under /proc that begins with `name`. */
static bool proc_line(const char *path, const char *name, char *ret_line, int room)
{
    FILE *file = fopen(path, "r");
    bool found = false;

    assert_non_null(file);
    while (!found && fgets(ret_line, room, file) != NULL)
        found = strncmp(ret_line, name, strlen(name)) == 0;
    (void)fclose(file);
    return found;
}

static void workers_are_locked_up(void **state)
{
    char path[64];
    char line[256];
    int worker;

    (void)state;
    open_pool(&(struct script_pool_options){.workers_max = 1});
    assert_int_equal(submit(0, "1", NULL), STATUS_OK);
    run_until(1);
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    assert_true(proc_line(path, "", line, sizeof(line)));
    worker = atoi(line);
    (void)snprintf(path, sizeof(path), "/proc/%d/status", worker);
    assert_true(proc_line(path, "Seccomp:", line, sizeof(line)));
    assert_int_equal(atoi(line + strlen("Seccomp:")), 2);
    assert_true(proc_line(path, "NoNewPrivs:", line, sizeof(line)));
    assert_int_equal(atoi(line + strlen("NoNewPrivs:")), 1);
    (void)snprintf(path, sizeof(path), "/proc/%d/limits", worker);
    assert_true(proc_line(path, "Max open files", line, sizeof(line)));
    assert_int_equal(atoi(line + strlen("Max open files")), 0);
    assert_true(proc_line(path, "Max core file size", line, sizeof(line)));
    assert_int_equal(atoi(line + strlen("Max core file size")), 0);
    close_pool();
}

static void a_killed_worker_is_replaced(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){.workers_max = 1, .wall_ms = 300});
    assert_int_equal(submit(0, "while (true) {}", NULL), STATUS_OK);
    assert_int_equal(submit(1, "1 + 1", NULL), STATUS_OK);
    run_until(2);
    assert_int_equal(answers[0].status, STATUS_TIMEOUT);
    assert_non_null(strstr(answers[0].error.message, "300 ms"));
    assert_int_equal(answers[1].status, STATUS_OK);
    assert_json_text(answers[1].result.value, "2");
    assert_int_equal(script_pool_counts(pool).started, 2);
    assert_int_equal(script_pool_counts(pool).killed, 1);
    close_pool();
}

static void a_long_script_holds_up_nobody_else(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){.workers_max = 2, .wall_ms = 60000});
    assert_int_equal(submit(0, "while (true) {}", NULL), STATUS_OK);
    for (unsigned i = 1; i < 20; i++)
        assert_int_equal(submit(i, "x * 2", "{\"x\": 21}"), STATUS_OK);
    run_until(19);
    script_pool_cancel(pool, &answers[0].request);
    for (unsigned i = 1; i < 20; i++) {
        assert_int_equal(answers[i].status, STATUS_OK);
        assert_json_text(answers[i].result.value, "42");
        assert_int_equal(answers[i].order, i);
    }
    assert_int_equal(script_pool_counts(pool).started, 2);
    close_pool();
    assert_int_equal(answers[0].times, 0);
}

static void hostile_scripts_hurt_nobody(void **state)
{
    unsigned hostile = COUNT_OF(hostile_scripts);

    (void)state;
    open_pool(&(struct script_pool_options){.wall_ms = 250, .memory_bytes = 4 * 1024 * 1024});
    assert_true(hostile + 5 <= REQUESTS_MAX);
    for (unsigned i = 0; i < hostile; i++)
        assert_int_equal(submit(i, hostile_scripts[i], NULL), STATUS_OK);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(submit(hostile + i, "[1].concat(2)", NULL), STATUS_OK);
    run_until(hostile + 5);
    for (unsigned i = 0; i < hostile; i++) {
        enum status status = answers[i].status;

        /* Unbounded in steps, a few of them have an end. */
        if (status != STATUS_OK && status != STATUS_TIMEOUT && status != STATUS_TOO_LARGE &&
            status != STATUS_FAILED)
            fail_msg("%s: %s", hostile_scripts[i], answers[i].error.message);
        assert_int_equal(answers[i].times, 1);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(answers[hostile + i].status, STATUS_OK);
        assert_json_text(answers[hostile + i].result.value, "[1, 2]");
    }
    close_pool();
}

static void the_queue_has_an_end(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){.workers_max = 1, .queue_max = 3});
    assert_int_equal(submit(0, "1", NULL), STATUS_OK);
    assert_int_equal(submit(1, "2", NULL), STATUS_OK);
    assert_int_equal(submit(2, "3", NULL), STATUS_OK);
    assert_int_equal(submit(3, "4", NULL), STATUS_BUSY);
    run_until(3);
    assert_int_equal(submit(4, "5", NULL), STATUS_OK);
    run_until(4);
    assert_int_equal(answers[3].times, 0);
    assert_int_equal(answers[4].status, STATUS_OK);
    close_pool();
}

static void cancelled_requests_are_not_answered(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){.workers_max = 1});
    assert_int_equal(submit(0, "while (true) {}", NULL), STATUS_OK);
    assert_int_equal(submit(1, "1", NULL), STATUS_OK);
    assert_int_equal(submit(2, "2", NULL), STATUS_OK);
    script_pool_cancel(pool, &answers[2].request);
    while (script_pool_counts(pool).waiting > 1)
        (void)uv_run(&loop, UV_RUN_ONCE);
    script_pool_cancel(pool, &answers[0].request);
    run_until(1);
    assert_int_equal(answers[1].status, STATUS_OK);
    assert_int_equal(answers[0].times, 0);
    assert_int_equal(answers[2].times, 0);
    close_pool();
    assert_int_equal(answered, 1);
}

static void closing_answers_everybody(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){.workers_max = 1});
    assert_int_equal(submit(0, "while (true) {}", NULL), STATUS_OK);
    assert_int_equal(submit(1, "1", NULL), STATUS_OK);
    while (script_pool_counts(pool).workers == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(submit(2, "1", NULL), STATUS_OK);
    close_pool();
    assert_int_equal(answered, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(answers[i].times, 1);
        assert_int_equal(answers[i].status, STATUS_UNAVAILABLE);
    }
}

static void a_worker_that_cannot_start_is_told(void **state)
{
    (void)state;
    open_pool(&(struct script_pool_options){.program = "/nonexistent/synergyflow"});
    assert_int_equal(submit(0, "1", NULL), STATUS_OK);
    run_until(1);
    assert_int_equal(answers[0].status, STATUS_UNAVAILABLE);
    close_pool();
    open_pool(&(struct script_pool_options){.program = "/bin/false"});
    assert_int_equal(submit(0, "1", NULL), STATUS_OK);
    run_until(1);
    assert_int_equal(answers[0].status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(answers[0].error.message, "code 1"));
    close_pool();
    /* Answers, but no frames. */
    open_pool(&(struct script_pool_options){.program = "/bin/echo"});
    assert_int_equal(submit(0, "1", NULL), STATUS_OK);
    run_until(1);
    assert_int_equal(answers[0].status, STATUS_UNAVAILABLE);
    close_pool();
}

/* Says that it is ready, and answers with `frame`. */
static int lie(const char *frame, size_t length)
{
    char ready[4] = {0};
    char request[4096];

    if (write(STDOUT_FILENO, ready, sizeof(ready)) < 0 ||
        read(STDIN_FILENO, request, sizeof(request)) <= 0 ||
        write(STDOUT_FILENO, frame, length) < 0)
        return 1;
    /* Until it is killed. */
    return read(STDIN_FILENO, request, sizeof(request)) > 0;
}

static void an_answer_that_is_none_ends_the_worker(void **state)
{
    static const char *const liars[] = {"answer-nonsense", "answer-too-much", "answer-late"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(liars); i++) {
        open_pool(&(struct script_pool_options){.argument = liars[i], .wall_ms = 200});
        assert_int_equal(submit(0, "1", NULL), STATUS_OK);
        run_until(1);
        assert_int_equal(answers[0].status, i == 2 ? STATUS_TIMEOUT : STATUS_FAILED);
        close_pool();
        assert_int_equal(answers[0].times, 1);
    }
}

static void requests_have_a_size(void **state)
{
    size_t length = 17 * 1024 * 1024;
    char *text = malloc(length + 1);
    json_t *variables = json_object();
    struct script_request request = {.source = "1", .variables = variables, .on_done = on_done};
    struct error error;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    text[length] = '\0';
    (void)json_object_set_new(variables, "text", json_string(text));
    free(text);
    open_pool(&(struct script_pool_options){0});
    assert_int_equal(script_pool_submit(pool, &request, &error), STATUS_TOO_LARGE);
    json_decref(variables);
    close_pool();
    assert_int_equal(answered, 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_run_in_a_worker),
        cmocka_unit_test(workers_are_locked_up),
        cmocka_unit_test(a_killed_worker_is_replaced),
        cmocka_unit_test(a_long_script_holds_up_nobody_else),
        cmocka_unit_test(hostile_scripts_hurt_nobody),
        cmocka_unit_test(the_queue_has_an_end),
        cmocka_unit_test(cancelled_requests_are_not_answered),
        cmocka_unit_test(closing_answers_everybody),
        cmocka_unit_test(a_worker_that_cannot_start_is_told),
        cmocka_unit_test(an_answer_that_is_none_ends_the_worker),
        cmocka_unit_test(requests_have_a_size),
    };

    if (count > 1 && strcmp(arguments[1], "act-as-worker") == 0)
        return script_worker_main();
    if (count > 1 && strcmp(arguments[1], "answer-nonsense") == 0)
        return lie("\0\0\0\2{}", 6);
    if (count > 1 && strcmp(arguments[1], "answer-too-much") == 0)
        return lie("\x7f\0\0\0{}", 6);
    if (count > 1 && strcmp(arguments[1], "answer-late") == 0)
        return lie("\0\0", 2);
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
