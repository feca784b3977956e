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
        } else if (looking_at(scanner, "<!")) {
            skip_tag(scanner, &tag);
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

static enum status too_large(const struct scanner *at, int limit, const char *what,
                             struct error *ret_error)
{
    (void)error_set(ret_error, STATUS_TOO_LARGE,
                    "Expected %s at most %d but this element is past the limit.", what, limit);
    return error_at(ret_error, NULL, at->line, at->column);
}

/* What attributes cost, whatever the parser takes for a tag: after a fault libxml2 reads on, and
 * finds tags where a scanner sees quoted text. Between two "<" lies one tag at most, and a value
 * needs "=" and a quote. */
static enum status scan_attributes(const char *bytes, size_t length, struct error *ret_error)
{
    struct scanner scanner;
    struct scanner tag;
    size_t names = 0;
    size_t attributes = 0;
    size_t namespaces = 0;
    size_t of_tag = 0;
    char before = 0; /* the last byte that is no blank */

    scanner_init(&scanner, bytes, length);
    tag = scanner;
    for (; scanner.at < scanner.end; skip_bytes(&scanner, 1)) {
        char c = *scanner.at;

        if (c == '<') {
            tag = scanner;
            of_tag = 0;
            names++;
        } else if ((c == '"' || c == '\'') && before == '=') {
            attributes++;
            names++;
            of_tag++;
        } else if (c == 'x' && looking_at(&scanner, "xmlns")) {
            namespaces++;
        }
        if (of_tag > XML_TAG_ATTRIBUTES_MAX)
            return too_large(&tag, XML_TAG_ATTRIBUTES_MAX, "a number of attributes of", ret_error);
        if (attributes > XML_ATTRIBUTES_MAX)
            return too_large(&tag, XML_ATTRIBUTES_MAX, "a number of XML attributes of", ret_error);
        if (strchr(" \t\r\n", c) == NULL)
            before = c;
    }
    if (namespaces > 0 && names > XML_LOOKUPS_MAX / namespaces)
        return too_large(&tag, XML_LOOKUPS_MAX, "a number of names times namespaces of", ret_error);
    return STATUS_OK;
}

enum status scan_limits(const char *bytes, size_t length, struct error *ret_error)
{
    struct scanner scanner;
    struct start_tag tag;
    size_t elements = 0;
    size_t depth = 0;
    size_t ended = 0;

    scanner_init(&scanner, bytes, length);
    while (scanner_next(&scanner, &tag, &ended)) {
        const struct scanner at = {.line = tag.line, .column = tag.column};

        depth = ended < depth ? depth - ended : 0;
        ended = 0;
        if (depth + 1 > BPMN_DEPTH_MAX)
            return too_large(&at, BPMN_DEPTH_MAX, "a nesting depth of", ret_error);
        if (++elements > XML_ELEMENTS_MAX)
            return too_large(&at, XML_ELEMENTS_MAX, "a number of XML elements of", ret_error);
        depth += !tag.is_empty;
    }
    return scan_attributes(bytes, length, ret_error);
}
