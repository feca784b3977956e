/* A blocking REST client (libcurl) for the commands that talk to a running engine. */
#ifndef SYNERGYFLOW_CLI_CLIENT_H
#define SYNERGYFLOW_CLI_CLIENT_H

#include "bpmn/base/status.h"

#include <jansson.h>

struct client;

/* `url` is the engine's address, NULL: SYNERGYFLOW_URL or http://127.0.0.1:8080. */
MUST_CHECK enum status client_new(const char *url, struct client **ret_client,
                                  struct error *ret_error);
void client_free(struct client *client); /* NULL is fine */

/* Sends `body` (NULL: none; borrowed) and gives the JSON answer (NULL when empty; caller's
 * reference). An answer of 400 and above is an error with the server's own sentence, element and
 * line. */
MUST_CHECK enum status client_call(struct client *client, const char *method, const char *path,
                                   const json_t *body, json_t **ret_answer,
                                   struct error *ret_error);
/* The last answer as it came; valid until the next call. */
const char *client_text(const struct client *client);
/* Uploads a file as multipart/form-data. */
MUST_CHECK enum status client_upload(struct client *client, const char *path, const char *file,
                                     const char *file_name, json_t **ret_answer,
                                     struct error *ret_error);
/* Percent-encodes `text` for a path or query; memory_free() the result. */
char *client_escape(const char *text);

#endif
