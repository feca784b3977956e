/* See sender.h. */
#include "engine/webhook/sender.h"

#include "bpmn/base/memory.h"
#include "engine/webhook/address.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct sender {
    uv_loop_t *loop;
    uv_timer_t timer;
    CURLM *multi;
    bool allow_http;
    bool allow_private;
    struct sender_request *first;
};

/* One socket of libcurl's that is watched. */
struct watched {
    uv_poll_t poll;
    struct sender *sender;
    curl_socket_t socket;
};

static void check(struct sender *sender);

/* ---- libcurl on libuv ---- */

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    struct sender *sender = watched->sender;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    int running;

    if ((events & UV_READABLE) != 0)
        flags |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0)
        flags |= CURL_CSELECT_OUT;
    (void)curl_multi_socket_action(sender->multi, watched->socket, flags, &running);
    check(sender);
}

static void on_timeout(uv_timer_t *timer)
{
    struct sender *sender = timer->data;
    int running;

    (void)curl_multi_socket_action(sender->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    check(sender);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct sender *sender = context;

    (void)multi;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&sender->timer);
    else /* never within this call: libcurl forbids it */
        (void)uv_timer_start(&sender->timer, on_timeout, timeout_ms == 0 ? 1 : (uint64_t)timeout_ms,
                             0);
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    memory_free(handle->data);
}

static int set_socket(CURL *easy, curl_socket_t socket, int what, void *context, void *assigned)
{
    struct sender *sender = context;
    struct watched *watched = assigned;
    int events = 0;
    int result;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL) {
            (void)uv_poll_stop(&watched->poll);
            uv_close((uv_handle_t *)&watched->poll, on_poll_closed);
            (void)curl_multi_assign(sender->multi, socket, NULL);
        }
        return 0;
    }
    if (watched == NULL) {
        watched = memory_zero(1, sizeof(*watched));
        watched->sender = sender;
        watched->socket = socket;
        result = uv_poll_init_socket(sender->loop, &watched->poll, socket);
        INVARIANT(result == 0);
        watched->poll.data = watched;
        (void)curl_multi_assign(sender->multi, socket, watched);
    }
    if (what != CURL_POLL_OUT)
        events |= UV_READABLE;
    if (what != CURL_POLL_IN)
        events |= UV_WRITABLE;
    result = uv_poll_start(&watched->poll, events, on_socket);
    INVARIANT(result == 0);
    return 0;
}

/* ---- a request ---- */

/* The address that is really connected to: a name may resolve to anything. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sender_request *request = context;

    (void)purpose;
    if (!request->sender->allow_private && webhook_address_is_private(&address->addr)) {
        (void)snprintf(request->reason, sizeof(request->reason),
                       "The address is one of a private network, which webhooks may not reach "
                       "(SYNERGYFLOW_WEBHOOK_PRIVATE).");
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct sender_request *request = context;

    (void)bytes;
    request->received += size * count;
    if (request->received <= SENDER_ANSWER_MAX)
        return size * count;
    (void)snprintf(request->reason, sizeof(request->reason),
                   "Expected an answer of at most %d bytes.", SENDER_ANSWER_MAX);
    return 0;
}

static void finish(struct sender_request *request, CURLcode code)
{
    struct sender *sender = request->sender;
    long status_code = 0;
    struct error error = {0};

    (void)curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status_code);
    if (code != CURLE_OK)
        (void)error_set(&error, STATUS_UNAVAILABLE, "%s",
                        request->reason[0] != '\0' ? request->reason : curl_easy_strerror(code));
    (void)curl_multi_remove_handle(sender->multi, request->easy);
    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->list);
    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    request->on_done(request, status_code, code == CURLE_OK ? NULL : &error);
}

/* What has ended. */
static void check(struct sender *sender)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(sender->multi, &left)) != NULL) {
        struct sender_request *request = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
        finish(request, code);
    }
}

void sender_post(struct sender *sender, struct sender_request *request)
{
    struct curl_slist *list = NULL;
    CURL *easy = curl_easy_init();

    INVARIANT(easy != NULL);
    request->sender = sender;
    request->easy = easy;
    request->received = 0;
    request->reason[0] = '\0';
    for (size_t i = 0; i < SENDER_HEADERS_MAX && request->headers[i] != NULL; i++)
        list = curl_slist_append(list, request->headers[i]);
    request->list = list;
    (void)curl_easy_setopt(easy, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
                           sender->allow_http ? "http,https" : "https");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)SENDER_CONNECT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)SENDER_TIMEOUT_MS);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    request->next = sender->first;
    request->link = &sender->first;
    if (sender->first != NULL)
        sender->first->link = &request->next;
    sender->first = request;
    (void)curl_multi_add_handle(sender->multi, easy);
}

void sender_cancel_all(struct sender *sender)
{
    while (sender->first != NULL) {
        (void)snprintf(sender->first->reason, sizeof(sender->first->reason),
                       "The engine was stopped.");
        finish(sender->first, CURLE_ABORTED_BY_CALLBACK);
    }
}

/* ---- life ---- */

struct sender *sender_new(uv_loop_t *loop, bool allow_http, bool allow_private)
{
    struct sender *sender = memory_zero(1, sizeof(*sender));
    int result = uv_timer_init(loop, &sender->timer);

    INVARIANT(result == 0);
    sender->loop = loop;
    sender->allow_http = allow_http;
    sender->allow_private = allow_private;
    sender->timer.data = sender;
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    sender->multi = curl_multi_init();
    INVARIANT(sender->multi != NULL);
    (void)curl_multi_setopt(sender->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(sender->multi, CURLMOPT_SOCKETDATA, sender);
    (void)curl_multi_setopt(sender->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(sender->multi, CURLMOPT_TIMERDATA, sender);
    return sender;
}

static void on_timer_closed(uv_handle_t *handle)
{
    memory_free(handle->data);
}

void sender_free(struct sender *sender)
{
    PRE(sender->first == NULL);
    (void)curl_multi_cleanup(sender->multi);
    (void)uv_timer_stop(&sender->timer);
    uv_close((uv_handle_t *)&sender->timer, on_timer_closed);
    curl_global_cleanup();
}
