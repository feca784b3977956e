/* See scan.h. Whether the bytes are well-formed is the parser's business: here every byte sequence
 * is scanned to its end. */
#include "bpmn/reader/scan.h"

#include "bpmn/reader/reader.h"

#include <string.h>

void scanner_init(struct scanner *scanner, const char *bytes, size_t length)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t skipped = length >= sizeof(mark) - 1 && memcmp(bytes, mark, sizeof(mark) - 1) == 0
                         ? sizeof(mark) - 1
                         : 0;

    *scanner = (struct scanner){bytes + skipped, bytes + length, 1, 1};
}

static void skip_bytes(struct scanner *scanner, size_t count)
{
    for (; count > 0 && scanner->at < scanner->end; count--, scanner->at++) {
        if (*scanner->at == '\n') {
            scanner->line++;
            scanner->column = 1;
        } else {
            scanner->column += ((unsigned char)*scanner->at & 0xC0) != 0x80;
        }
    }
}

static size_t bytes_left(const struct scanner *scanner)
{
    return (size_t)(scanner->end - scanner->at);
}

static void skip_past(struct scanner *scanner, const char *mark)
{
    const char *found = memmem(scanner->at, bytes_left(scanner), mark, strlen(mark));

    skip_bytes(scanner,
               found == NULL ? bytes_left(scanner) : (size_t)(found - scanner->at) + strlen(mark));
}

static bool looking_at(const struct scanner *scanner, const char *mark)
{
    size_t length = strlen(mark);

    return bytes_left(scanner) >= length && memcmp(scanner->at, mark, length) == 0;
}

/* To the tag's ">", past quoted values that may hold one. */
static void skip_tag(struct scanner *scanner, struct start_tag *tag)
{
    char quote = 0;
    char before = 0;

    for (; scanner->at < scanner->end; skip_bytes(scanner, 1)) {
        char c = *scanner->at;

        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
            tag->attribute_count++;
        } else if (c == '>') {
            tag->is_empty = before == '/';
            return;
        }
        before = c;
    }
}

bool scanner_next(struct scanner *scanner, struct start_tag *ret_tag, size_t *ret_ended)
{
    while (scanner->at < scanner->end) {
        struct start_tag tag = {.line = scanner->line, .column = scanner->column};

        if (*scanner->at != '<') {
            skip_bytes(scanner, 1);
        } else if (looking_at(scanner, "<!--")) {
            skip_bytes(scanner, 4);
            skip_past(scanner, "-->");
        } else if (looking_at(scanner, "<![CDATA[")) {
            skip_past(scanner, "]]>");
        } else if (looking_at(scanner, "<?")) {
            skip_past(scanner, "?>");
        } else if (looking_at(scanner, "</")) {
            skip_tag(scanner, &tag);
            ++*ret_ended;
        } else {
            skip_tag(scanner, &tag);
            *ret_tag = tag;
            return true;
        }
    }
    return false;
}

static enum status too_large(const struct start_tag *tag, int limit, const char *what,
                             struct error *ret_error)
{
    (void)error_set(ret_error, STATUS_TOO_LARGE,
                    "Expected %s at most %d but this element is past the limit.", what, limit);
    return error_at(ret_error, NULL, tag->line, tag->column);
}

enum status scan_limits(const char *bytes, size_t length, struct error *ret_error)
{
    struct scanner scanner;
    struct start_tag tag;
    size_t elements = 0;
    size_t attributes = 0;
    size_t depth = 0;
    size_t ended = 0;

    scanner_init(&scanner, bytes, length);
    while (scanner_next(&scanner, &tag, &ended)) {
        depth = ended < depth ? depth - ended : 0;
        ended = 0;
        attributes += tag.attribute_count;
        if (depth + 1 > BPMN_DEPTH_MAX)
            return too_large(&tag, BPMN_DEPTH_MAX, "a nesting depth of", ret_error);
        if (tag.attribute_count > XML_TAG_ATTRIBUTES_MAX)
            return too_large(&tag, XML_TAG_ATTRIBUTES_MAX, "a number of attributes of", ret_error);
        if (++elements > XML_ELEMENTS_MAX)
            return too_large(&tag, XML_ELEMENTS_MAX, "a number of XML elements of", ret_error);
        if (attributes > XML_ATTRIBUTES_MAX)
            return too_large(&tag, XML_ATTRIBUTES_MAX, "a number of XML attributes of", ret_error);
        depth += !tag.is_empty;
    }
    return STATUS_OK;
}
