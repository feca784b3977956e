/* The stations of one list request, for this folder only:
 * parameters (list_query.c) → SQL (list_sql.c) → answer (list.c). */
#ifndef SYNERGYFLOW_MODULE_LIST_PRIVATE_H
#define SYNERGYFLOW_MODULE_LIST_PRIVATE_H

#include "engine/module.h"

/* A value of a statement: of a filter or of a cursor. */
struct list_value {
    enum module_value_type type;
    const char *text; /* TEXT and UUID; NULL is the cursor's NULL */
    int64_t number;   /* NUMBER and INSTANT (microseconds) */
};

/* A list request as asked; in the request's arena. */
struct list_query {
    const struct module_list *list;
    struct http_request *request;
    struct arena *arena;
    struct list_value values[MODULE_LIST_FILTERS_MAX * 2 + 1];
    uint32_t value_count;
    const char *where; /* every filter, with the numbers of `values` */
    uint64_t digest;   /* of the list and its filters */
    const struct module_sort *sort;
    bool is_descending;
    int64_t start;
    int64_t size;
    bool has_cursor;
    bool after_null; /* the page before ended in rows whose sort value is NULL */
    struct list_value after_value;
    struct list_value after_key;
    uint32_t freshness;
};

/* list_query.c: STATUS_INVALID names the parameter that is at fault. */
MUST_CHECK enum status list_query_read(struct list_query *query, struct error *ret_error);

/* list_sql.c: the rows that match, counted up to MODULE_LIST_TOTAL_MAX + 1. */
void list_add_count(const struct list_query *query, struct pg_batch *batch);
/* One row more than the page: it tells whether there is a next one. The last two columns are the
 * sort value and the key. */
void list_add_page(const struct list_query *query, struct pg_batch *batch);

#endif
