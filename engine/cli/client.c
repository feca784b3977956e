/* See client.h. */
#include "engine/cli/client.h"

#include "bpmn/base/memory.h"
#include "bpmn/base/text.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_TIMEOUT_S = 60, CLIENT_ANSWER_MAX = 256 * 1024 * 1024 };

struct client {
    CURL *handle;
    char *url;
    struct text answer;
};

enum status client_new(const char *url, struct client **ret_client, struct error *ret_error)
{
    struct client *client;
    const char *base = url != NULL ? url : getenv("SYNERGYFLOW_URL");

    if (base == NULL || base[0] == '\0')
        base = "http://127.0.0.1:8080";
    client = memory_zero(1, sizeof(*client));
    client->url = memory_copy(base);
    while (client->url[0] != '\0' && client->url[strlen(client->url) - 1] == '/')
        client->url[strlen(client->url) - 1] = '\0';
    client->handle = curl_easy_init();
    if (client->handle == NULL) {
        client_free(client);
        return error_set(ret_error, STATUS_INTERNAL, "Expected libcurl to start but it did not.");
    }
    *ret_client = client;
    return STATUS_OK;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->handle);
    text_deinit(&client->answer);
    memory_free(client->url);
    memory_free(client);
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct client *client = context;

    if (client->answer.length + size * count > CLIENT_ANSWER_MAX)
        return 0;
    text_append_bytes(&client->answer, bytes, size * count);
    return size * count;
}

static const char *member_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* A problem document becomes an error record again. */
static enum status refused(long code, const json_t *answer, struct error *ret_error)
{
    enum status status = code == 404   ? STATUS_NOT_FOUND
                         : code >= 500 ? STATUS_FAILED
                                       : STATUS_INVALID;
    const char *sentence = member_text(answer, "exception");

    if (sentence[0] == '\0')
        sentence = member_text(answer, "detail");
    if (code == 503)
        status = STATUS_UNAVAILABLE;
    (void)error_set(ret_error, status, "%s (HTTP %ld)",
                    sentence[0] != '\0' ? sentence : "the server refused", code);
    if (json_is_integer(json_object_get(answer, "line"))) {
        (void)error_at(ret_error, member_text(answer, "elementId"),
                       (int)json_integer_value(json_object_get(answer, "line")),
                       (int)json_integer_value(json_object_get(answer, "column")));
    }
    return status;
}

static enum status perform(struct client *client, const char *path, json_t **ret_answer,
                           struct error *ret_error)
{
    struct text url = TEXT_INIT;
    CURLcode result;
    long code = 0;
    json_t *answer = NULL;
    enum status status = STATUS_OK;

    text_append(&url, client->url);
    text_append(&url, path);
    text_clear(&client->answer);
    curl_easy_setopt(client->handle, CURLOPT_URL, text_string(&url));
    curl_easy_setopt(client->handle, CURLOPT_TIMEOUT, (long)CLIENT_TIMEOUT_S);
    curl_easy_setopt(client->handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(client->handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(client->handle, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(client->handle, CURLOPT_WRITEDATA, client);
    result = curl_easy_perform(client->handle);
    text_deinit(&url);
    if (result != CURLE_OK) {
        return error_set(ret_error, STATUS_UNAVAILABLE,
                         "Expected an engine at %s but: %s. Is `synergyflow serve` running?",
                         client->url, curl_easy_strerror(result));
    }
    (void)curl_easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &code);
    if (client->answer.length > 0)
        answer = json_loadb(client->answer.bytes, client->answer.length, JSON_DECODE_ANY, NULL);
    if (code >= 400) {
        status = refused(code, answer, ret_error);
        json_decref(answer);
        return status;
    }
    *ret_answer = answer;
    return STATUS_OK;
}

enum status client_call(struct client *client, const char *method, const char *path,
                        const json_t *body, json_t **ret_answer, struct error *ret_error)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    enum status status;

    curl_easy_reset(client->handle);
    curl_easy_setopt(client->handle, CURLOPT_CUSTOMREQUEST, method);
    if (text != NULL) {
        curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(client->handle, CURLOPT_POSTFIELDS, text);
    }
    status = perform(client, path, ret_answer, ret_error);
    curl_slist_free_all(headers);
    free(text);
    return status;
}

const char *client_text(const struct client *client)
{
    return client->answer.length > 0 ? text_string(&client->answer) : "";
}

enum status client_upload(struct client *client, const char *path, const char *file,
                          const char *file_name, json_t **ret_answer, struct error *ret_error)
{
    curl_mime *form;
    curl_mimepart *part;
    enum status status;

    curl_easy_reset(client->handle);
    form = curl_mime_init(client->handle);
    part = curl_mime_addpart(form);
    if (curl_mime_name(part, "file") != CURLE_OK ||
        curl_mime_filename(part, file_name) != CURLE_OK ||
        curl_mime_filedata(part, file) != CURLE_OK ||
        curl_mime_filename(part, file_name) != CURLE_OK) {
        status = error_set(ret_error, STATUS_INVALID, "Expected to read the file %s but could not.",
                           file);
    } else {
        curl_easy_setopt(client->handle, CURLOPT_MIMEPOST, form);
        status = perform(client, path, ret_answer, ret_error);
    }
    curl_mime_free(form);
    return status;
}

char *client_escape(const char *text)
{
    struct text escaped = TEXT_INIT;

    for (const char *at = text; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= '0' && *at <= '9') || strchr("-._~", *at) != NULL;

        if (plain)
            text_append_char(&escaped, *at);
        else
            text_append_format(&escaped, "%%%02X", (unsigned char)*at);
    }
    return text_take(&escaped);
}
