/* The request as routes see it, and its life: taken from the server's spare ones, released when its
 * answer stands. Under AddressSanitizer nothing is reused, so that a late touch is caught. */
#include "engine/http/internal.h"

#include "bpmn/base/memory.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { CORRELATION_ID_MAX = 64, CREDENTIALS_MAX = 1024 };

#if defined(__SANITIZE_ADDRESS__)
static const bool reuse = false;
#else
static const bool reuse = true;
#endif

static void empty_text(struct text *text)
{
    if (text->capacity > HTTP_KEPT_BYTES_MAX)
        text_deinit(text);
    else
        text_clear(text);
}

static void free_request(struct http_request *request)
{
    arena_free(request->arena);
    text_deinit(&request->body);
    text_deinit(&request->extra);
    text_deinit(&request->answer);
    memory_free(request);
}

struct http_request *http_request_take(struct http_server *server)
{
    struct http_request *request = STAILQ_FIRST(&server->spare);

    if (request != NULL) {
        STAILQ_REMOVE_HEAD(&server->spare, queue);
        server->spare_count--;
    } else {
        request = memory_zero(1, sizeof(*request));
        request->arena = arena_new(HTTP_ARENA_BYTES);
    }
    LIST_INSERT_HEAD(&server->requests, request, all);
    server->request_count++;
    request->server = server;
    return request;
}

/* The large arrays keep their old content: their counts say what counts. */
static void reset(struct http_request *request)
{
    arena_clear(request->arena);
    empty_text(&request->body);
    empty_text(&request->extra);
    empty_text(&request->answer);
    request->connection = NULL;
    request->handler = (struct http_handler){0};
    request->method_text = NULL;
    request->target = NULL;
    request->path = NULL;
    request->host = NULL;
    request->base_url = NULL;
    request->correlation_id = NULL;
    request->segment_count = 0;
    request->query_count = 0;
    request->header_count = 0;
    request->body_received = 0;
    request->framing_bytes = 0;
    request->is_head = false;
    request->is_http_1_0 = false;
    request->keep_alive = false;
    request->has_body = false;
    request->discards_body = false;
    request->wants_continue = false;
    request->complete = false;
    request->answered = false;
    request->on_gone = NULL;
    request->gone_context = NULL;
    request->refusal_status = 0;
}

void http_request_release(struct http_request *request)
{
    struct http_server *server = request->server;

    if (server == NULL) {
        free_request(request);
        return;
    }
    LIST_REMOVE(request, all);
    server->request_count--;
    if (!reuse || server->spare_count >= HTTP_REQUESTS_KEPT) {
        free_request(request);
        return;
    }
    reset(request);
    STAILQ_INSERT_HEAD(&server->spare, request, queue);
    server->spare_count++;
}

/* ---- the correlation id ---- */

static bool is_sane_id(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789._-");

    return length > 0 && length <= CORRELATION_ID_MAX && text[length] == '\0';
}

/* W3C Trace Context: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>. */
static bool is_traceparent(const char *text)
{
    static const char hex[] = "0123456789abcdef";

    return strlen(text) >= 55 && strncmp(text, "ff", 2) != 0 && strspn(text, hex) == 2 &&
           text[2] == '-' && strspn(text + 3, hex) == 32 && text[35] == '-' &&
           strspn(text + 36, hex) == 16 && text[52] == '-' && strspn(text + 53, hex) == 2 &&
           (text[55] == '\0' || (text[55] == '-' && strncmp(text, "00", 2) != 0)) &&
           strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

void http_request_identify(struct http_request *request)
{
    const char *given = http_header(request, "x-correlation-id");
    const char *trace = http_header(request, "traceparent");

    if (given != NULL && is_sane_id(given)) {
        request->correlation_id = given;
    } else if (trace != NULL && is_traceparent(trace)) {
        request->correlation_id = arena_copy_bytes(request->arena, trace + 3, 32);
    } else {
        struct uuid uuid = uuid_next(&request->server->identity.source);

        request->correlation_id = uuid_format(&uuid, arena_alloc(request->arena, UUID_TEXT_BYTES));
    }
}

const char *http_correlation_id(const struct http_request *request)
{
    return request->correlation_id;
}

/* ---- what routes ask ---- */

struct arena *http_arena(struct http_request *request)
{
    return request->arena;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

bool http_is_read(const struct http_request *request)
{
    return request->method == HTTP_GET_METHOD;
}

/* HTTP/1.0 clients may leave Host out; then the address they reached us at stands for it. */
static const char *own_address(struct http_request *request)
{
    struct sockaddr_storage name = {0};
    char address[INET6_ADDRSTRLEN] = "127.0.0.1";
    int length = sizeof(name);

    if (request->connection != NULL &&
        uv_tcp_getsockname(&request->connection->tcp, (struct sockaddr *)&name, &length) == 0) {
        if (name.ss_family == AF_INET6)
            (void)uv_ip6_name((struct sockaddr_in6 *)&name, address, sizeof(address));
        else
            (void)uv_ip4_name((struct sockaddr_in *)&name, address, sizeof(address));
    }
    return arena_format(request->arena, name.ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
                        request->server != NULL ? (unsigned)request->server->port : 0);
}

const char *http_base_url(struct http_request *request)
{
    if (request->base_url == NULL)
        request->base_url =
            arena_format(request->arena, "http://%s",
                         request->host != NULL ? request->host : own_address(request));
    return request->base_url;
}

/* Walks the pattern beside the path's segments, which match it already. */
const char *http_param(const struct http_request *request, const char *name)
{
    const char *at = request->handler.route->pattern;
    size_t name_length = strlen(name);
    const char *value = NULL;

    for (uint32_t i = 0; *at == '/' && value == NULL; i++) {
        const char *segment = at + 1;
        size_t length = strcspn(segment, "/");

        at = segment + length;
        if (length < 2 || segment[0] != '{' || strncmp(segment + 1, name, name_length) != 0)
            continue;
        if (segment[1 + name_length] == '}')
            value = arena_copy_bytes(request->arena, request->segments[i].text,
                                     request->segments[i].length);
        else if (strncmp(segment + 1 + name_length, "...}", 4) == 0)
            value = request->segments[i].text; /* up to the path's end */
    }
    PRE(value != NULL);
    return value;
}

const char *http_query(const struct http_request *request, const char *name)
{
    for (uint32_t i = 0; i < request->query_count; i++) {
        if (strcmp(request->query[i].name, name) == 0)
            return request->query[i].value;
    }
    return NULL;
}

bool http_query_at(const struct http_request *request, uint32_t index, const char **ret_name,
                   const char **ret_value)
{
    if (index >= request->query_count)
        return false;
    *ret_name = request->query[index].name;
    *ret_value = request->query[index].value;
    return true;
}

const char *http_header(const struct http_request *request, const char *name)
{
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    }
    return NULL;
}

const char *http_body(const struct http_request *request, size_t *ret_length)
{
    *ret_length = request->body.length;
    return text_string(&request->body);
}

/* ---- Basic credentials ---- */

static int base64_value(char character)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = character != '\0' ? strchr(alphabet, character) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}

/* The decoded length; 0 when `text` is no Base64. */
static size_t base64_decode(const char *text, char *to)
{
    size_t length = 0;
    unsigned bits = 0;
    unsigned held = 0;

    for (; *text != '\0' && *text != '='; text++) {
        int value = base64_value(*text);

        if (value < 0)
            return 0;
        held = (held << 6 | (unsigned)value) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            to[length++] = (char)(held >> bits & 0xFF);
        }
    }
    return strspn(text, "=") == strlen(text) && strlen(text) <= 2 ? length : 0;
}

const char *http_user(const struct http_request *request)
{
    const char *credentials = http_header(request, "authorization");
    char *user;
    char *colon;
    size_t length;

    if (credentials == NULL || strncasecmp(credentials, "Basic ", 6) != 0 ||
        strlen(credentials) > CREDENTIALS_MAX)
        return NULL;
    credentials += 6 + strspn(credentials + 6, " ");
    user = arena_alloc(request->arena, strlen(credentials) + 1);
    length = base64_decode(credentials, user);
    colon = memchr(user, ':', length);
    if (colon == NULL || colon == user || memchr(user, '\0', length) != NULL ||
        !text_is_utf8(user, (size_t)(colon - user)))
        return NULL;
    *colon = '\0';
    return user;
}
