/* Signatures of Standard Webhooks. */
#ifndef SYNERGYFLOW_WEBHOOK_SIGNATURE_H
#define SYNERGYFLOW_WEBHOOK_SIGNATURE_H

#include "bpmn/base/status.h"
#include "bpmn/base/text.h"

#include <stdint.h>

enum { WEBHOOK_SECRETS_MAX = 8 };

/* The value of webhook-signature: one "v1,…" for each secret of the file (`whsec_` and base64 of 24
 * to 64 bytes a line), so that a receiver may change over from one to the next. STATUS_INVALID
 * names the line, never the secret. */
MUST_CHECK enum status webhook_sign(const char *secrets, const char *id, int64_t timestamp_s,
                                    const char *body, struct text *ret_header,
                                    struct error *ret_error);
/* The secrets for a host: file `folder`/`host`, else `folder`/default. STATUS_NOT_FOUND: neither.
 */
MUST_CHECK enum status webhook_secrets_read(const char *folder, const char *host,
                                            struct text *ret_secrets, struct error *ret_error);

#endif
