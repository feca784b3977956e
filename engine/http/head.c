/* One request head. llhttp parses it; before that our guard holds every line against the grammar of
 * RFC 9112, because a head that two programs read differently is how requests are smuggled: every
 * line ends in CRLF, none is folded, names and lengths have one form only. */
#include "engine/http/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { VERSION_LENGTH = 8, METHOD_NAME_MAX = 32, LENGTH_DIGITS_MAX = 15 };

static const char *const method_names[HTTP_METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static bool is_token(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') ||
           (character != '\0' && strchr("!#$%&'*+-.^_`|~", character) != NULL);
}

static bool refuse(struct http_request *request, int http_status, const char *detail)
{
    request->refusal_status = http_status;
    (void)error_set(&request->refusal, STATUS_INVALID, "%s", detail);
    return false;
}

/* ---- finding the end ---- */

static enum http_head_scan bad(int *ret_http_status, struct error *ret_error, int http_status,
                               const char *detail)
{
    *ret_http_status = http_status;
    (void)error_set(ret_error, STATUS_INVALID, "%s", detail);
    return HTTP_HEAD_BAD;
}

enum http_head_scan http_head_scan(const char *bytes, size_t length, size_t *scanned,
                                   int *ret_http_status, struct error *ret_error)
{
    const char *newline;

    if (length > 0 && !is_token(bytes[0]))
        return bad(ret_http_status, ret_error, 400,
                   "Expected a request line that begins with a method such as GET, but found "
                   "other bytes; is the client speaking another protocol, such as TLS?");
    while ((newline = memchr(bytes + *scanned, '\n', length - *scanned)) != NULL) {
        size_t end = (size_t)(newline - bytes);

        if (bytes[end - 1] != '\r')
            return bad(ret_http_status, ret_error, 400,
                       "Expected every line of the head to end in CR LF, but found a bare LF.");
        *scanned = end + 1;
        if (*scanned > HTTP_HEAD_BYTES_MAX)
            break;
        if (end >= 3 && bytes[end - 2] == '\n')
            return HTTP_HEAD_WHOLE;
    }
    if (length > HTTP_HEAD_BYTES_MAX) {
        if (memchr(bytes, '\n', HTTP_HEAD_BYTES_MAX) == NULL)
            return bad(ret_http_status, ret_error, 414,
                       "Expected a request target of at most 8 KiB, but found more.");
        return bad(ret_http_status, ret_error, 431,
                   "Expected a head of at most 32 KiB, but found more.");
    }
    *scanned = length;
    return HTTP_HEAD_PARTIAL;
}

/* ---- the guard ---- */

static bool check_version(struct http_request *request, const char *version, size_t length)
{
    if (length != VERSION_LENGTH || memcmp(version, "HTTP/", 5) != 0 || version[6] != '.' ||
        version[5] < '0' || version[5] > '9' || version[7] < '0' || version[7] > '9')
        return refuse(request, 400,
                      "Expected a request line \"METHOD /path HTTP/1.1\", but its "
                      "protocol version is malformed or missing.");
    if (version[5] != '1' || version[7] > '1')
        return refuse(request, 505, "Expected HTTP/1.1 or HTTP/1.0, but found another version.");
    request->is_http_1_0 = version[7] == '0';
    return true;
}

static bool take_method(struct http_request *request, const char *name, size_t length)
{
    request->is_head = length == 4 && memcmp(name, "HEAD", 4) == 0;
    if (request->is_head) {
        request->method_text = "HEAD";
        request->method = HTTP_GET_METHOD;
        return true;
    }
    for (int method = 0; method < HTTP_METHODS; method++) {
        if (strlen(method_names[method]) == length &&
            memcmp(method_names[method], name, length) == 0) {
            request->method_text = method_names[method];
            request->method = (enum http_method)method;
            return true;
        }
    }
    request->method_text = arena_copy_bytes(request->arena, name, length);
    return refuse(request, 501,
                  "Expected GET, HEAD, POST, PUT, PATCH or DELETE, but found another "
                  "method.");
}

static bool check_request_line(struct http_request *request, const char *line, size_t length)
{
    size_t method = 0;
    size_t target;

    while (method < length && is_token(line[method]))
        method++;
    if (method == 0 || method > METHOD_NAME_MAX || method == length || line[method] != ' ')
        return refuse(request, 400,
                      "Expected a request line \"METHOD /path HTTP/1.1\", but its "
                      "method is malformed.");
    for (target = method + 1; target < length && line[target] != ' '; target++) {
        if (line[target] < 0x21 || line[target] > 0x7E || line[target] == '#')
            return refuse(request, 400,
                          "Expected a request target of visible ASCII without '#', "
                          "other bytes as %XX, but found another byte.");
    }
    if (target == method + 1 || target == length)
        return refuse(request, 400,
                      "Expected a request line \"METHOD /path HTTP/1.1\", but a part "
                      "of it is missing.");
    if (target - method - 1 > HTTP_TARGET_BYTES_MAX)
        return refuse(request, 414, "Expected a request target of at most 8 KiB, but found more.");
    return check_version(request, line + target + 1, length - target - 1) &&
           take_method(request, line, method);
}

static bool check_header_line(struct http_request *request, const char *line, size_t length)
{
    size_t name = 0;

    if (line[0] == ' ' || line[0] == '\t')
        return refuse(request, 400, "Expected each header on one line, but found a folded one.");
    while (name < length && is_token(line[name]))
        name++;
    if (name == 0 || name == length || line[name] != ':')
        return refuse(request, 400,
                      "Expected header lines \"Name: value\", but found a name that is "
                      "empty, holds other bytes, or has no ':' right after it.");
    for (size_t i = name + 1; i < length; i++) {
        unsigned char character = (unsigned char)line[i];

        if ((character < 0x20 && character != '\t') || character == 0x7F)
            return refuse(request, 400,
                          "Expected header values without control characters, but "
                          "found one.");
    }
    return true;
}

/* Every line before the empty one. That each LF follows a CR is known from the scan. */
static bool guard(struct http_request *request, const char *bytes, size_t length)
{
    const char *end = bytes + length - 2;
    const char *line = bytes;
    bool good = true;

    while (good && line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t line_length;

        INVARIANT(newline != NULL && newline > line);
        line_length = (size_t)(newline - line) - 1;
        good = line == bytes ? check_request_line(request, line, line_length)
                             : check_header_line(request, line, line_length);
        line = newline + 1;
    }
    return good;
}

/* ---- llhttp's callbacks ---- */

static int on_url(llhttp_t *parser, const char *at, size_t length)
{
    struct http_request *request = ((struct http_connection *)parser->data)->receiving;

    request->target = at;
    request->target_length = length;
    return 0;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t length)
{
    struct http_connection *connection = parser->data;
    struct http_request *request = connection->receiving;

    if (connection->phase == HTTP_BODY_PHASE)
        return 0; /* a trailer: allowed, bounded with the body's framing, and of no use here */
    if (request->header_count == HTTP_HEADERS_MAX) {
        (void)refuse(request, 431, "Expected at most 100 header lines, but found more.");
        return HPE_USER;
    }
    request->headers[request->header_count] = (struct http_field){at, ""};
    request->name_lengths[request->header_count] = length;
    request->value_lengths[request->header_count] = 0;
    request->header_count++;
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t length)
{
    struct http_connection *connection = parser->data;
    struct http_request *request = connection->receiving;

    if (connection->phase == HTTP_BODY_PHASE || length == 0)
        return 0;
    request->headers[request->header_count - 1].value = at;
    request->value_lengths[request->header_count - 1] = length;
    return 0;
}

/* Ends the texts in place: what follows each (a colon, CR or space) has been parsed already. Names
 * become lower case, white space at the end of values goes. */
static void end_texts(struct http_request *request)
{
    ((char *)(uintptr_t)request->target)[request->target_length] = '\0';
    for (uint32_t i = 0; i < request->header_count; i++) {
        char *name = (char *)(uintptr_t)request->headers[i].name;
        char *value = (char *)(uintptr_t)request->headers[i].value;
        size_t length = request->value_lengths[i];

        for (size_t at = 0; at < request->name_lengths[i]; at++) {
            if (name[at] >= 'A' && name[at] <= 'Z')
                name[at] = (char)(name[at] + ('a' - 'A'));
        }
        name[request->name_lengths[i]] = '\0';
        while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
            length--;
        if (request->value_lengths[i] > 0)
            value[length] = '\0';
    }
}

/* ---- what the head means ---- */

/* The header's value; *ret_count says how often it stands there. */
static const char *header(const struct http_request *request, const char *name, uint32_t *ret_count)
{
    const char *value = NULL;

    *ret_count = 0;
    for (uint32_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, name) == 0) {
            value = request->headers[i].value;
            (*ret_count)++;
        }
    }
    return value;
}

static bool check_lengths(struct http_request *request)
{
    uint32_t lengths;
    uint32_t codings;
    const char *length = header(request, "content-length", &lengths);
    const char *coding = header(request, "transfer-encoding", &codings);

    if (lengths > 1 || codings > 1)
        return refuse(request, 400,
                      "Expected Content-Length and Transfer-Encoding at most once, but "
                      "found one of them repeated.");
    if (lengths > 0 && codings > 0)
        return refuse(request, 400,
                      "Expected Content-Length or Transfer-Encoding, but found both.");
    if (lengths > 0 && (length[0] == '\0' || strspn(length, "0123456789") != strlen(length)))
        return refuse(request, 400, "Expected Content-Length as digits, but found other text.");
    if (lengths > 0 && strlen(length) > LENGTH_DIGITS_MAX)
        return refuse(request, 413, "Expected a shorter body: its Content-Length is out of range.");
    if (codings > 0 && request->is_http_1_0)
        return refuse(request, 400,
                      "Expected Content-Length in HTTP/1.0, but found "
                      "Transfer-Encoding.");
    if (codings > 0 && strcasecmp(coding, "chunked") != 0)
        return refuse(request, 501,
                      "Expected Transfer-Encoding: chunked, but found another coding.");
    return true;
}

static bool is_host(const char *host)
{
    return host[0] != '\0' && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789.-_~:[]") == strlen(host);
}

static bool check_host(struct http_request *request)
{
    uint32_t count;
    const char *host = header(request, "host", &count);

    if (count > 1 || (count == 0 && !request->is_http_1_0))
        return refuse(request, 400,
                      count == 0 ? "Expected a Host header, but found none."
                                 : "Expected one Host header, but found more.");
    if (request->host == NULL)
        request->host = host;
    if ((host != NULL && !is_host(host)) || (request->host != NULL && !is_host(request->host)))
        return refuse(request, 400,
                      "Expected Host as a name or address and an optional port, but "
                      "found other text.");
    return true;
}

static bool check_expectation(struct http_request *request)
{
    uint32_t count;
    const char *expected = header(request, "expect", &count);

    if (count == 0 || request->is_http_1_0)
        return true;
    if (strcasecmp(expected, "100-continue") != 0)
        return refuse(request, 417,
                      "Expected no Expect header or 100-continue, but found another "
                      "expectation.");
    request->wants_continue = request->has_body;
    return true;
}

static void list_methods(uint32_t methods, char *to, size_t size)
{
    size_t length = 0;

    to[0] = '\0';
    for (int method = 0; method < HTTP_METHODS; method++) {
        if ((methods & (1U << method)) != 0 && length < size)
            length += (size_t)snprintf(to + length, size - length, "%s%s", length > 0 ? ", " : "",
                                       method_names[method]);
        if (method == HTTP_GET_METHOD && (methods & 1U) != 0 && length < size)
            length += (size_t)snprintf(to + length, size - length, ", HEAD");
    }
}

/* No route: the answer is known, but a body is still read, so that the connection can go on. */
static void refuse_path(struct http_request *request)
{
    char methods[64];

    if (request->allowed_methods == 0) {
        request->refusal_status = 404;
        (void)error_set(&request->refusal, STATUS_NOT_FOUND,
                        "Expected the path of a resource, but there is none at '%.300s'.",
                        request->path);
    } else {
        list_methods(request->allowed_methods, methods, sizeof(methods));
        http_reply_header(request, "Allow", methods);
        request->refusal_status = 405;
        (void)error_set(&request->refusal, STATUS_METHOD_NOT_ALLOWED,
                        "Expected %s for '%.300s', but found %s.", methods, request->path,
                        request->method_text);
    }
    request->discards_body = true;
}

static bool check_body(struct http_request *request, const llhttp_t *parser)
{
    bool chunked = (parser->flags & F_CHUNKED) != 0;

    request->has_body = chunked || parser->content_length > 0;
    request->body_bytes_max = HTTP_BODY_BYTES_DEFAULT;
    if (request->handler.route != NULL && request->handler.route->body_bytes_max > 0)
        request->body_bytes_max = request->handler.route->body_bytes_max;
    if (!chunked && parser->content_length > request->body_bytes_max) {
        request->refusal_status = 413;
        (void)error_set(&request->refusal, STATUS_TOO_LARGE,
                        "Expected a body of at most %zu bytes, but found a Content-Length of %llu.",
                        request->body_bytes_max, (unsigned long long)parser->content_length);
        return false;
    }
    return true;
}

static bool understand(struct http_request *request, llhttp_t *parser)
{
    request->keep_alive = llhttp_should_keep_alive(parser) != 0;
    parser->upgrade = 0; /* other protocols are not offered, so the message goes on as HTTP/1.1 */
    if (!check_lengths(request))
        return false;
    if (http_target_read(request, &request->refusal) != STATUS_OK) {
        request->refusal_status = 400;
        return false;
    }
    if (!check_host(request))
        return false;
    if (!router_find(request->server->router, request))
        refuse_path(request);
    if (!check_body(request, parser) || !check_expectation(request))
        return false;
    /* Who waits for 100 gets the final answer in its place. */
    return !(request->discards_body && request->wants_continue);
}

static int on_headers_complete(llhttp_t *parser)
{
    struct http_connection *connection = parser->data;
    struct http_request *request = connection->receiving;

    end_texts(request);
    http_request_identify(request);
    return understand(request, parser) ? 0 : -1;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct http_request *request = ((struct http_connection *)parser->data)->receiving;

    if (length > request->body_bytes_max - request->body_received) {
        request->refusal_status = 413;
        (void)error_set(&request->refusal, STATUS_TOO_LARGE,
                        "Expected a body of at most %zu bytes, but found more.",
                        request->body_bytes_max);
        return HPE_USER;
    }
    request->body_received += length;
    if (!request->discards_body)
        text_append_bytes(&request->body, at, length);
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    ((struct http_connection *)parser->data)->receiving->complete = true;
    return HPE_PAUSED;
}

const llhttp_settings_t http_parser_settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

bool http_head_read(struct http_connection *connection, struct http_request *request,
                    const char *bytes, size_t length)
{
    const char *own = arena_copy_bytes(request->arena, bytes, length);
    llhttp_errno_t result;

    PRE(connection->receiving == request);
    if (!guard(request, own, length))
        return false;
    llhttp_init(&connection->parser, HTTP_REQUEST, &http_parser_settings);
    connection->parser.data = connection;
    result = llhttp_execute(&connection->parser, own, length);
    if (result == HPE_OK || (result == HPE_PAUSED && request->complete))
        return true;
    if (request->refusal_status == 0) {
        const char *reason = llhttp_get_error_reason(&connection->parser);

        (void)refuse(request, 400, "Expected a well-formed HTTP/1.1 request, but found none.");
        if (reason != NULL)
            (void)error_prefix(&request->refusal, "%s", reason);
    }
    if (request->correlation_id == NULL)
        request->header_count = 0; /* the names were not ended */
    return false;
}
