/* See http_client.h. */
#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DEADLINE_MS = 30000, POLL_MS = 5, READ_BYTES = 65536 };

static long long now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (handle >= 0 && connect(handle, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(handle);
        return -1;
    }
    return handle;
}

static bool send_all(int handle, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(handle, bytes, length, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Requests say "Connection: close", so the answer ends where the stream does. */
static char *receive_all(int handle)
{
    long long deadline = now_ms() + DEADLINE_MS;
    char *answer = malloc(READ_BYTES + 1);
    size_t length = 0;
    size_t capacity = READ_BYTES;

    while (answer != NULL) {
        struct pollfd waiting = {.fd = handle, .events = POLLIN};
        long long left = deadline - now_ms();
        ssize_t got;

        if (left <= 0 || poll(&waiting, 1, (int)left) <= 0)
            break;
        if (length + READ_BYTES > capacity) {
            capacity *= 2;
            answer = realloc(answer, capacity + 1);
            if (answer == NULL)
                return NULL;
        }
        got = recv(handle, answer + length, capacity - length, 0);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    if (answer == NULL || length == 0) {
        free(answer);
        return NULL;
    }
    answer[length] = '\0';
    return answer;
}

char *http_raw(unsigned port, const char *bytes, size_t length)
{
    int handle = connect_to(port);
    char *answer = NULL;

    if (handle < 0)
        return NULL;
    if (send_all(handle, bytes, length))
        answer = receive_all(handle);
    (void)close(handle);
    return answer;
}

static int exchange(unsigned port, const char *method, const char *path, const char *type,
                    const char *headers, const char *body, json_t **ret_answer)
{
    size_t length = body != NULL ? strlen(body) : 0;
    size_t size = length + strlen(path) + strlen(headers) + 512;
    char *request = malloc(size);
    char *answer;
    char *content;
    int status = 0;

    if (ret_answer != NULL)
        *ret_answer = NULL;
    if (request == NULL)
        return 0;
    (void)snprintf(request, size,
                   "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n"
                   "%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                   method, path, port, headers, type, length, body != NULL ? body : "");
    answer = http_raw(port, request, strlen(request));
    free(request);
    if (answer == NULL || sscanf(answer, "HTTP/1.1 %d", &status) != 1) {
        free(answer);
        return 0;
    }
    content = strstr(answer, "\r\n\r\n");
    if (ret_answer != NULL && content != NULL)
        *ret_answer = json_loads(content + 4, JSON_DECODE_ANY, NULL);
    free(answer);
    return status;
}

int http_call(unsigned port, const char *method, const char *path, const char *body,
              json_t **ret_answer)
{
    return exchange(port, method, path, "application/json", "", body, ret_answer);
}

/* "user:secret" in Base64. */
static void credentials(const char *user, char *to, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char text[256];
    int length = snprintf((char *)text, sizeof(text) - 2, "%s:secret", user);
    size_t used = 0;

    for (int i = 0; i < length && used + 5 < size; i += 3) {
        unsigned second = i + 1 < length ? text[i + 1] : 0;
        unsigned third = i + 2 < length ? text[i + 2] : 0;

        to[used++] = digits[text[i] >> 2];
        to[used++] = digits[(text[i] & 3U) << 4 | second >> 4];
        to[used++] = i + 1 < length ? digits[(second & 15U) << 2 | third >> 6] : '=';
        to[used++] = i + 2 < length ? digits[third & 63U] : '=';
    }
    to[used] = '\0';
}

int http_call_as(unsigned port, const char *user, const char *headers, const char *method,
                 const char *path, const char *body, json_t **ret_answer)
{
    char encoded[400];
    char all[1024];

    credentials(user, encoded, sizeof(encoded));
    (void)snprintf(all, sizeof(all), "Authorization: Basic %s\r\n%s", encoded,
                   headers != NULL ? headers : "");
    return exchange(port, method, path, "application/json", all, body, ret_answer);
}

int http_callf(unsigned port, const char *method, const char *path, json_t **ret_answer,
               const char *format, ...)
{
    char body[16384];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(body, sizeof(body), format, arguments);
    va_end(arguments);
    return http_call(port, method, path, body, ret_answer);
}

int http_upload(unsigned port, const char *path, const char *file_name, const char *content,
                json_t **ret_answer)
{
    size_t size = strlen(content) + strlen(file_name) + 256;
    char *body = malloc(size);
    int status;

    if (body == NULL)
        return 0;
    (void)snprintf(
        body, size,
        "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n"
        "Content-Type: text/xml\r\n\r\n%s\r\n--frontier--\r\n",
        file_name, content);
    status = exchange(port, "POST", path, "multipart/form-data; boundary=frontier", "", body,
                      ret_answer);
    free(body);
    return status;
}

bool wait_until(bool (*condition)(void *context), void *context)
{
    long long deadline = now_ms() + DEADLINE_MS;

    while (!condition(context)) {
        if (now_ms() > deadline)
            return false;
        (void)poll(NULL, 0, POLL_MS);
    }
    return true;
}
