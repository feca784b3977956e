/* What the pool and its workers say to each other: frames of a length (4 bytes, the highest first)
 * and so many bytes of JSON. A worker's first frame is empty: it is ready. Private to this folder.
 */
#ifndef SYNERGYFLOW_SCRIPT_FRAME_H
#define SYNERGYFLOW_SCRIPT_FRAME_H

#include "bpmn/base/text.h"
#include "engine/script/script.h"

enum {
    FRAME_HEAD_BYTES = 4,
    FRAME_REQUEST_MAX = 16 * 1024 * 1024,
    FRAME_REPLY_MAX = 64 * 1024 * 1024,
};

/* A request as the worker has it. Texts are borrowed from `json`. */
struct frame_request {
    json_t *json;
    const char *source;
    const json_t *variables;
    struct script_context context;
    struct script_limits limits;
    unsigned seconds; /* after which the worker ends itself, should nobody kill it */
};

/* Appends a frame. */
void frame_write_request(struct text *text, const char *source, const json_t *variables,
                         const struct script_context *context, size_t memory_bytes,
                         unsigned seconds);
void frame_write_reply(struct text *text, enum status status, const struct script_result *result,
                       const struct error *error);

uint32_t frame_length(const char head[FRAME_HEAD_BYTES]);

/* False for anything that frame_write_…() would not have written. On true the caller releases the
 * request's json, or the result. */
MUST_CHECK bool frame_read_request(const char *bytes, size_t length,
                                   struct frame_request *ret_request);
MUST_CHECK bool frame_read_reply(const char *bytes, size_t length, struct arena *arena,
                                 enum status *ret_status, struct script_result *ret_result,
                                 struct error *ret_error);

#endif
