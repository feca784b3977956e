/* The worker process: one script after the other from standard input, its result to standard
 * output, behind a wall.
 *
 * Happy path: close what was inherited, make the engine, shut the door (limits, then the filter of
 * system calls), say so with an empty frame, then read a request, run it, write the reply, for
 * ever. Failure modes: end of input or a broken frame: end. A forbidden system call, a crash of the
 * engine, the alarm: the kernel ends the process and the pool answers for the script. The pool's
 * own end takes the worker along (PR_SET_PDEATHSIG). */
#include "engine/script/frame.h"
#include "engine/script/script_pool.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ARENA_BYTES = 256 * 1024 * 1024 };

#if !defined(__SANITIZE_ADDRESS__) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static bool read_all(char *to, size_t length)
{
    while (length > 0) {
        ssize_t count = read(STDIN_FILENO, to, length);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        to += count;
        length -= (size_t)count;
    }
    return true;
}

static bool write_all(const char *from, size_t length)
{
    while (length > 0) {
        ssize_t count = write(STDOUT_FILENO, from, length);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        from += count;
        length -= (size_t)count;
    }
    return true;
}

static bool limit(int resource, rlim_t value)
{
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};

    return setrlimit((__rlimit_resource_t)resource, &wanted) == 0;
}

/* No new files, no files written, no core, no children, bounded memory. */
static bool set_limits(void)
{
    bool set = limit(RLIMIT_NOFILE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0) &&
               limit(RLIMIT_NPROC, 0);

#ifndef __SANITIZE_ADDRESS__
    /* The engine's region, three quarters of which are never touched, and the JSON around it. */
    set = set && limit(RLIMIT_AS, (rlim_t)2 * 1024 * 1024 * 1024);
#endif
    return set;
}

static bool filter_system_calls(void)
{
    static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(write),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
        SCMP_SYS(brk),
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(madvise),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(alarm),
        SCMP_SYS(setitimer),
        SCMP_SYS(futex),
        SCMP_SYS(clock_gettime),
#ifdef __SANITIZE_ADDRESS__
        /* What the sanitizer needs to report. */
        SCMP_SYS(mprotect),
        SCMP_SYS(sigaltstack),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(sched_yield),
#endif
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool done = filter != NULL;

    for (size_t i = 0; done && i < COUNT_OF(allowed); i++)
        done = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    done = done && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return done;
}

static void serve(struct arena *arena, const struct frame_request *request)
{
    struct script_result result = {0};
    struct text reply = TEXT_INIT;
    struct error error;
    enum status status;

    error_clear(&error);
    (void)alarm(request->seconds);
    status = script_run(request->source, request->variables, &request->context, &request->limits,
                        arena, &result, &error);
    (void)alarm(0);
    frame_write_reply(&reply, status, &result, &error);
    script_result_deinit(&result);
    if (!write_all(reply.bytes, reply.length))
        _exit(0);
    text_deinit(&reply);
}

static bool serve_next(struct arena *arena)
{
    char head[FRAME_HEAD_BYTES];
    struct text frame = TEXT_INIT;
    struct frame_request request;
    uint32_t length;

    if (!read_all(head, sizeof(head)))
        return false;
    length = frame_length(head);
    if (length > FRAME_REQUEST_MAX || !read_all(text_reserve(&frame, length), length)) {
        text_deinit(&frame);
        return false;
    }
    text_added(&frame, length);
    if (!frame_read_request(frame.bytes, length, &request)) {
        text_deinit(&frame);
        return false;
    }
    text_deinit(&frame);
    serve(arena, &request);
    json_decref(request.json);
    arena_clear(arena);
    return true;
}

int script_worker_main(void)
{
    static const char ready[FRAME_HEAD_BYTES] = {0};
    struct arena *arena = arena_new(ARENA_BYTES);
    struct error error;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN); /* a terminal's Ctrl-C is the service's to handle */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        close_range(3, ~0U, 0) != 0)
        _exit(3);
    json_object_seed(0);
    if (script_check("1", &error) != STATUS_OK)
        _exit(4);
    if (!set_limits() || !filter_system_calls())
        _exit(5);
    if (!write_all(ready, sizeof(ready)))
        _exit(0);
    while (serve_next(arena))
        continue;
    /* No exit handlers: they would need more than the filter allows. */
    _exit(0);
}
