/* What the REST resources of modules share: lists of a table's rows with filters and cursors,
 * versions (ETag, If-Match, expectedVersion), checks of texts.
 *
 *   GET /things?status=OPEN&sort=name&size=50   →  module_list_reply()
 *   PATCH /things/7 with If-Match: "3"          →  module_expected_version(), the handler's
 *                                                  module_version_refusal(), module_reply_refusal()
 *
 * Part of engine/module.h; include that. */
#ifndef SYNERGYFLOW_MODULE_RESOURCE_H
#define SYNERGYFLOW_MODULE_RESOURCE_H

#include "bpmn/base/status.h"
#include "engine/http/request.h"
#include "engine/pg/batch.h"

#include <jansson.h>

struct module_host;

/* ---- lists ---------------------------------------------------------------------------------- */

enum {
    MODULE_PAGE_DEFAULT = 20,
    MODULE_PAGE_MAX = 500,
    MODULE_LIST_START_MAX =
        10000, /* rows that offset paging skips one by one; cursors have no end */
    MODULE_LIST_TOTAL_MAX = 10000, /* counted no further: the cost must not grow with the table */
    MODULE_LIST_FILTERS_MAX = 32,  /* of one list */
    MODULE_FILTER_TEXT_MAX = 500,  /* characters of a text to compare with or to search for */
};

/* What a query parameter may hold. In `condition` every "$%u" becomes the parameter's number. */
enum module_filter_kind {
    MODULE_FILTER_TEXT,    /* $%u is text of 1 … MODULE_FILTER_TEXT_MAX characters */
    MODULE_FILTER_NAME,    /* $%u is text, one of `names` */
    MODULE_FILTER_NUMBER,  /* $%u is bigint from `minimum` to `maximum` */
    MODULE_FILTER_BOOLEAN, /* `condition` holds for true, `otherwise` for false; no $%u */
    MODULE_FILTER_INSTANT, /* the parameters <name>From (included) and <name>To (not included);
                            * `condition` is the expression that is compared */
    MODULE_FILTER_SEARCH,  /* $%u is text with at least one letter or digit, for
                            * websearch_to_tsquery */
};

struct module_filter {
    const char *name; /* of the query parameter */
    enum module_filter_kind kind;
    const char *condition;    /* SQL, fixed */
    const char *otherwise;    /* BOOLEAN only */
    const char *const *names; /* NAME only: NULL-terminated */
    int64_t minimum;          /* NUMBER only */
    int64_t maximum;
};

/* What a sort expression or a key yields; a cursor carries such a value. */
enum module_value_type {
    MODULE_VALUE_TEXT,
    MODULE_VALUE_NUMBER, /* smallint, integer or bigint; cast numeric */
    MODULE_VALUE_INSTANT,
    MODULE_VALUE_UUID,
};

/* An index on (expression, key) makes each page cost the same however far one has paged. */
struct module_sort {
    const char *name;       /* what ?sort= says */
    const char *expression; /* SQL, fixed */
    enum module_value_type type;
    bool nullable; /* NULLs are last ascending, first descending: as an index has them */
};

/* Static storage; every text of it is SQL or a name of ours, never a caller's. */
struct module_list {
    const char *from;    /* "schema.things t LEFT JOIN …" */
    const char *columns; /* what `row` reads */
    const char *key;     /* unique and not NULL, such as "t.thing_id" */
    enum module_value_type key_type;
    const struct module_filter *filters;
    uint32_t filter_count;
    const struct module_sort *sorts;
    uint32_t sort_count;
    const char *default_sort;
    const char *default_order; /* "asc" or "desc" */
    /* JSON of a row whose columns begin at `column`; new reference. */
    json_t *(*row)(const struct pg_result *result, uint32_t row, uint32_t column);

    /* Rows within one thing, such as the comments of an incident; all NULL otherwise. */
    const char *within;       /* condition with $%u, the route's parameter `within_param` as text */
    const char *within_param; /* such as "incidentId" */
    const char *within_exists; /* a SELECT that yields a row when $1 exists; none: 404 */
    const char *within_noun;   /* "an incident" */

    const char *listener_id; /* rows are this listener's projection: the answer has `freshness` */
};

/* Answers a GET with a page of the list, or with what is wrong with its parameters:
 *   {"data":[…],"total":n,"totalIsExact":b,"start":n,"size":n,"sort":…,"order":…,"next":…}
 * Parameters: the filters, `sort`, `order` (asc, desc), `size`, and either `start` or `cursor` (the
 * `next` of the page before, with the same filters). `size` in the answer counts its rows; `next`
 * is null on the last page. */
void module_list_reply(struct module_host *host, struct http_request *request,
                       const struct module_list *list);

/* ---- versions ------------------------------------------------------------------------------- */

/* What the caller expects to change: of If-Match ("7", W/"7"; * and none give -1) or, without it,
 * of `expectedVersion` in `body` (NULL: there is no body). STATUS_INVALID when it is neither. */
MUST_CHECK enum status module_expected_version(struct http_request *request, const json_t *body,
                                               int64_t *ret_version, struct error *ret_error);
/* STATUS_CONFLICT that names both versions, for routes and handlers. `name` is the thing's. */
enum status module_version_refusal(struct error *error, const char *name, int64_t expected,
                                   int64_t current);
/* Like http_reply_error(), but a version that If-Match expected and did not find is a 412. */
void module_reply_refusal(struct http_request *request, const struct error *error);
/* Answers with `body` (stolen) and the ETag of `version`; a GET whose If-None-Match has it gets a
 * 304 without a body. `status` is 200 or 201. */
void module_reply_versioned(struct http_request *request, int status, json_t *body,
                            int64_t version);

/* ---- what callers write --------------------------------------------------------------------- */

/* STATUS_INVALID unless `text` has `minimum` to `maximum` characters (not bytes), no NUL being
 * possible in what the reader lets through. With a minimum above 0 blanks alone are refused, too.
 */
MUST_CHECK enum status module_check_text(const char *field, const char *text, uint32_t minimum,
                                         uint32_t maximum, struct error *ret_error);
/* A field of an object: absent or null gives NULL, else checked as above. */
MUST_CHECK enum status module_field_text(const json_t *object, const char *field, uint32_t minimum,
                                         uint32_t maximum, const char **ret_text,
                                         struct error *ret_error);
/* STATUS_INVALID that lists `names` (NULL-terminated) unless `text` is one; then its index. */
MUST_CHECK enum status module_check_name(const char *field, const char *text,
                                         const char *const *names, uint32_t *ret_index,
                                         struct error *ret_error);
/* A field that is absent or null (NULL) or one of `names`. */
MUST_CHECK enum status module_field_name(const json_t *object, const char *field,
                                         const char *const *names, const char **ret_name,
                                         struct error *ret_error);

#endif
