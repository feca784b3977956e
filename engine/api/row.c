/* Columns of a row as members of a JSON object; times as Flowable writes them; links. */
#include "engine/api/internal.h"

#include "bpmn/iso8601.h"

#include <string.h>

void json_put(json_t *object, const char *name, json_t *value)
{
    int result = json_object_set_new(object, name, value);

    INVARIANT(result == 0); /* texts from PostgreSQL and from checked requests are UTF-8 */
}

void json_put_text(json_t *object, const char *name, const char *text)
{
    json_put(object, name, text != NULL ? json_string(text) : json_null());
}

json_t *api_time(int64_t at_us)
{
    char text[ISO8601_INSTANT_BYTES];

    return json_string(iso8601_format_instant(at_us, text));
}

void row_text(const struct api_row *row, json_t *object, const char *name, uint32_t column)
{
    json_put_text(object, name, pg_value_text_or_null(row->rows, row->row, column));
}

void row_int(const struct api_row *row, json_t *object, const char *name, uint32_t column)
{
    json_put(object, name,
             pg_is_null(row->rows, row->row, column)
                 ? json_null()
                 : json_integer(pg_value_int(row->rows, row->row, column)));
}

void row_bool(const struct api_row *row, json_t *object, const char *name, uint32_t column)
{
    json_put(object, name, json_boolean(pg_value_bool(row->rows, row->row, column)));
}

void row_time(const struct api_row *row, json_t *object, const char *name, uint32_t column)
{
    json_put(object, name,
             pg_is_null(row->rows, row->row, column)
                 ? json_null()
                 : api_time(pg_value_timestamp(row->rows, row->row, column)));
}

void row_duration(const struct api_row *row, json_t *object, const char *name, uint32_t from,
                  uint32_t to)
{
    bool known = !pg_is_null(row->rows, row->row, from) && !pg_is_null(row->rows, row->row, to);

    json_put(object, name,
             known ? json_integer((pg_value_timestamp(row->rows, row->row, to) -
                                   pg_value_timestamp(row->rows, row->row, from)) /
                                  1000)
                   : json_null());
}

/* RFC 3986: everything but unreserved characters and ':' (in definition ids) is escaped. */
static char *escape(struct arena *arena, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *escaped = arena_alloc(arena, strlen(text) * 3 + 1);
    char *to = escaped;

    for (const unsigned char *from = (const unsigned char *)text; *from != '\0'; from++) {
        bool plain = (*from >= 'a' && *from <= 'z') || (*from >= 'A' && *from <= 'Z') ||
                     (*from >= '0' && *from <= '9') || strchr("-._~:", *from) != NULL;

        if (plain) {
            *to++ = (char)*from;
            continue;
        }
        *to++ = '%';
        *to++ = hex[*from >> 4];
        *to++ = hex[*from & 15];
    }
    *to = '\0';
    return escaped;
}

const char *api_url(struct http_request *request, const char *path, const char *id,
                    const char *suffix)
{
    struct arena *arena = http_arena(request);

    return arena_format(arena, "%s%s%s%s", http_base_url(request), path, escape(arena, id), suffix);
}

void row_url(const struct api_row *row, json_t *object, const char *name, const char *path,
             uint32_t column)
{
    const char *id = pg_value_text_or_null(row->rows, row->row, column);

    json_put_text(object, name, id != NULL ? api_url(row->request, path, id, "") : NULL);
}

json_t *row_json(const struct api_row *row, uint32_t column)
{
    const char *text = pg_value_text_or_null(row->rows, row->row, column);

    return text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}
