/* See program.h. The program is the one beside the tests in the build folder, or
 * SYNERGYFLOW_PROGRAM. */
#include "tests/support/program.h"

#include "tests/support/http_client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_BYTES_MAX = 1 << 22 };

static void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "tests: %s: %s\n", what, detail);
    exit(1);
}

static const char *program_path(void)
{
    static char path[4096];
    const char *given = getenv("SYNERGYFLOW_PROGRAM");
    ssize_t length;
    char *slash;

    if (given != NULL)
        return given;
    length = readlink("/proc/self/exe", path, sizeof(path) - 32);
    path[length > 0 ? length : 0] = '\0';
    for (int up = 0; up < 2; up++) {
        slash = strrchr(path, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    (void)strcat(path, "/synergyflow");
    return path;
}

static char *read_log(const struct program *program)
{
    char *text = calloc(1, LOG_BYTES_MAX);
    FILE *file = fopen(program->log, "r");

    if (text == NULL)
        die("read_log", "no memory");
    if (file != NULL) {
        size_t got = fread(text, 1, LOG_BYTES_MAX - 1, file);

        text[got] = '\0';
        (void)fclose(file);
    }
    return text;
}

bool program_logged(const struct program *program, const char *text)
{
    char *log = read_log(program);
    bool found = strstr(log, text) != NULL;

    free(log);
    return found;
}

static bool is_ready(void *context)
{
    struct program *program = context;
    char *log = read_log(program);
    const char *at = strstr(log, "\"service.started\"");
    const char *port = at != NULL ? strstr(at, "\"port\":") : NULL;
    bool ready = false;
    int result;

    if (port != NULL) {
        program->port = (unsigned)strtoul(port + strlen("\"port\":"), NULL, 10);
        ready = http_call(program->port, "GET", "/readyz", NULL, NULL) == 200;
    }
    if (!ready && waitpid(program->process, &result, WNOHANG) == program->process)
        die("the program ended before it was ready", log);
    free(log);
    return ready;
}

/* The child's arguments and environment are set by `prepare`, in the child. */
static void start(struct program *program, const char *const *arguments,
                  void (*prepare)(const void *context), const void *context)
{
    static int number;
    pid_t parent = getpid();

    memset(program, 0, sizeof(*program));
    (void)snprintf(program->log, sizeof(program->log), "/tmp/synergyflow-test-%d-%d.log",
                   (int)parent, number++);
    program->process = fork();
    if (program->process == 0) {
        int log = open(program->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (log < 0 || dup2(log, 2) < 0 || dup2(log, 1) < 0 || getppid() != parent)
            _exit(126);
        if (prepare != NULL)
            prepare(context);
        (void)execv(program_path(), (char *const *)(void *)arguments);
        _exit(127);
    }
    if (program->process < 0 || !wait_until(is_ready, program)) {
        char *log = read_log(program);

        die("the program does not become ready", log);
    }
}

struct serving {
    const char *conninfo;
    const char *extra;
};

static void prepare_serve(const void *context)
{
    const struct serving *serving = context;

    (void)setenv("SYNERGYFLOW_DATABASE", serving->conninfo, 1);
    (void)setenv("SYNERGYFLOW_PORT", "0", 1);
    if (serving->extra != NULL)
        (void)putenv((char *)serving->extra);
}

void program_serve(struct program *program, const char *conninfo, const char *extra)
{
    const char *arguments[] = {"synergyflow", "serve", NULL};
    struct serving serving = {conninfo, extra};

    start(program, arguments, prepare_serve, &serving);
}

void program_dev(struct program *program, unsigned port, const char *folder)
{
    char number[16];
    const char *arguments[] = {"synergyflow", "dev", "--port", number, "--data", folder, NULL};

    (void)snprintf(number, sizeof(number), "%u", port);
    start(program, arguments, NULL, NULL);
}

void program_signal(struct program *program, int number)
{
    (void)kill(program->process, number);
}

struct ending {
    struct program *program;
    int result;
};

static bool has_ended(void *context)
{
    struct ending *ending = context;

    return waitpid(ending->program->process, &ending->result, WNOHANG) == ending->program->process;
}

static void keep_end(struct program *program)
{
    char *log = read_log(program);
    size_t length = strlen(log);
    size_t kept = sizeof(program->said) - 1;

    (void)snprintf(program->said, sizeof(program->said), "%s",
                   length > kept ? log + length - kept : log);
    free(log);
}

int program_wait(struct program *program)
{
    struct ending ending = {program, 0};

    if (!wait_until(has_ended, &ending)) {
        char *log = read_log(program);

        (void)kill(program->process, SIGKILL);
        die("the program does not end", log);
    }
    program->process = 0;
    keep_end(program);
    (void)unlink(program->log);
    return WIFEXITED(ending.result) ? WEXITSTATUS(ending.result) : 128 + WTERMSIG(ending.result);
}

int program_run(char *ret_output, size_t size, const char *const *arguments)
{
    int pipes[2];
    size_t length = 0;
    int result = 0;
    pid_t child;

    if (pipe(pipes) != 0)
        die("pipe", "failed");
    child = fork();
    if (child == 0) {
        const char *line[32] = {"synergyflow"};
        int count = 1;

        for (; *arguments != NULL && count < 31; arguments++)
            line[count++] = *arguments;
        (void)close(pipes[0]);
        if (dup2(pipes[1], 1) < 0 || dup2(pipes[1], 2) < 0)
            _exit(126);
        (void)execv(program_path(), (char *const *)(void *)line);
        _exit(127);
    }
    (void)close(pipes[1]);
    for (;;) {
        char buffer[4096];
        ssize_t got = read(pipes[0], buffer, sizeof(buffer));

        if (got <= 0)
            break;
        if (length + (size_t)got < size) {
            memcpy(ret_output + length, buffer, (size_t)got);
            length += (size_t)got;
        }
    }
    ret_output[length] = '\0';
    (void)close(pipes[0]);
    (void)waitpid(child, &result, 0);
    return WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
}
