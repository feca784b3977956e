/* See xml.h. Network access, entity expansion and document types are off; depth is bounded. */
#include "bpmn/reader/xml.h"

#include "bpmn/reader/reader.h"

#include <libxml/parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char bpmn_namespace[] = "http://www.omg.org/spec/BPMN/20100524/MODEL";

enum { POSITION_COLUMN_BITS = 24 };

/* ---- positions: libxml2 knows the line of a start tag's end, people want its beginning ---- */

struct scanner {
    const char *at;
    const char *end;
    int line;
    const char *line_start;
};

static void skip_bytes(struct scanner *scanner, size_t count)
{
    for (; count > 0 && scanner->at < scanner->end; count--, scanner->at++) {
        if (*scanner->at == '\n') {
            scanner->line++;
            scanner->line_start = scanner->at + 1;
        }
    }
}

static void skip_past(struct scanner *scanner, const char *mark)
{
    const char *found =
        memmem(scanner->at, (size_t)(scanner->end - scanner->at), mark, strlen(mark));

    skip_bytes(scanner, found == NULL ? (size_t)(scanner->end - scanner->at)
                                      : (size_t)(found - scanner->at) + strlen(mark));
}

static bool looking_at(const struct scanner *scanner, const char *mark)
{
    size_t length = strlen(mark);

    return (size_t)(scanner->end - scanner->at) >= length && memcmp(scanner->at, mark, length) == 0;
}

static void skip_tag(struct scanner *scanner)
{
    char quote = 0;

    for (; scanner->at < scanner->end; skip_bytes(scanner, 1)) {
        char c = *scanner->at;

        if (quote != 0)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            break;
    }
}

/* The position of the next start tag's "<", 0 when there is none. */
static uintptr_t next_start_tag(struct scanner *scanner)
{
    while (scanner->at < scanner->end) {
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
            skip_tag(scanner);
        } else {
            uintptr_t line = (uintptr_t)scanner->line;
            uintptr_t column = (uintptr_t)(scanner->at - scanner->line_start) + 1;

            if (column >= (uintptr_t)1 << POSITION_COLUMN_BITS)
                column = 1;
            skip_tag(scanner);
            return line << POSITION_COLUMN_BITS | column;
        }
    }
    return 0;
}

/* The next node in document order below `root`, which is NULL past the last. */
static xmlNode *next_in_document(xmlNode *node, int *depth)
{
    if (node->children != NULL && node->type == XML_ELEMENT_NODE) {
        ++*depth;
        return node->children;
    }
    while (node != NULL && node->next == NULL) {
        node = node->parent;
        --*depth;
        if (node == NULL || node->type != XML_ELEMENT_NODE)
            return NULL;
    }
    return node != NULL ? node->next : NULL;
}

static enum status set_positions(xmlDocPtr document, const char *bytes, size_t length,
                                 struct error *ret_error)
{
    struct scanner scanner = {bytes, bytes + length, 1, bytes};
    bool is_wide =
        length >= 2 && (bytes[0] == 0 || bytes[1] == 0 || (unsigned char)bytes[0] >= 0xFE);
    int depth = 1;

    for (xmlNode *node = xmlDocGetRootElement(document); node != NULL;
         node = next_in_document(node, &depth)) {
        uintptr_t position = 0;

        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (!is_wide)
            position = next_start_tag(&scanner);
        if (position == 0)
            position = (uintptr_t)xmlGetLineNo(node) << POSITION_COLUMN_BITS | 1;
        node->_private = (void *)position;
        if (depth > BPMN_DEPTH_MAX) {
            (void)error_set(ret_error, STATUS_TOO_LARGE,
                            "Expected elements nested at most %d deep but this one is deeper.",
                            BPMN_DEPTH_MAX);
            return error_at(ret_error, NULL, xml_line(node), xml_column(node));
        }
    }
    return STATUS_OK;
}

int xml_line(const xmlNode *node)
{
    return (int)((uintptr_t)node->_private >> POSITION_COLUMN_BITS);
}

int xml_column(const xmlNode *node)
{
    return (int)((uintptr_t)node->_private & (((uintptr_t)1 << POSITION_COLUMN_BITS) - 1));
}

/* ---- parsing ---- */

static enum status malformed(const xmlParserCtxt *context, struct error *ret_error)
{
    const xmlError *found = xmlCtxtGetLastError((void *)(uintptr_t)context);
    const char *text = found != NULL && found->message != NULL ? found->message : "it is empty";

    (void)error_set(ret_error, STATUS_INVALID,
                    "Expected well-formed XML but the parser says: %.*s.", (int)strcspn(text, "\n"),
                    text);
    return error_at(ret_error, NULL, found != NULL && found->line > 0 ? found->line : 1,
                    found != NULL && found->int2 > 0 ? found->int2 : 1);
}

/* The parser's own complaints are taken from its context, not printed. */
static void on_error(void *context, const char *format, ...)
{
    (void)context;
    (void)format;
}

/* A document type could define entities: parsing stops before any is read. */
static void on_document_type(void *context, const xmlChar *name, const xmlChar *external_id,
                             const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    xmlStopParser(context);
}

static enum status parse(xmlParserCtxtPtr context, const char *bytes, size_t length,
                         xmlDocPtr *ret_document, struct error *ret_error)
{
    xmlDocPtr document;
    enum status status;

    context->sax->error = on_error;
    context->sax->warning = on_error;
    context->sax->serror = NULL;
    context->sax->internalSubset = on_document_type;
    document = xmlCtxtReadMemory(context, bytes, (int)length, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_BIG_LINES | XML_PARSE_COMPACT |
                                     XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (context->errNo == XML_ERR_USER_STOP) {
        (void)error_set(ret_error, STATUS_INVALID,
                        "Expected no document type declaration: entities are not expanded. Remove "
                        "the <!DOCTYPE …>.");
        xmlFreeDoc(document);
        return error_at(ret_error, NULL, context->input != NULL ? context->input->line : 1, 1);
    }
    if (document == NULL)
        return malformed(context, ret_error);
    status = set_positions(document, bytes, length, ret_error);
    if (status != STATUS_OK) {
        xmlFreeDoc(document);
        return status;
    }
    *ret_document = document;
    return STATUS_OK;
}

enum status xml_parse(const char *bytes, size_t length, xmlDocPtr *ret_document,
                      struct error *ret_error)
{
    xmlParserCtxtPtr context;
    enum status status;

    if (length > BPMN_FILE_BYTES_MAX) {
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a file of at most %d bytes but found %zu.", BPMN_FILE_BYTES_MAX,
                         length);
    }
    context = xmlNewParserCtxt();
    if (context == NULL)
        return error_set(ret_error, STATUS_INTERNAL, "Expected a parser but there is no memory.");
    status = parse(context, bytes, length, ret_document, ret_error);
    xmlFreeParserCtxt(context);
    return status;
}

/* ---- access ---- */

const char *xml_name(const xmlNode *node)
{
    return (const char *)node->name;
}

bool xml_is_bpmn(const xmlNode *node)
{
    return node->ns != NULL && strcmp((const char *)node->ns->href, bpmn_namespace) == 0;
}

bool xml_is(const xmlNode *node, const char *local_name)
{
    return xml_is_bpmn(node) && strcmp(xml_name(node), local_name) == 0;
}

const xmlNode *xml_element(const xmlNode *node)
{
    while (node != NULL && node->type != XML_ELEMENT_NODE)
        node = node->next;
    return node;
}

const xmlNode *xml_children(const xmlNode *node)
{
    return xml_element(node->children);
}

const xmlNode *xml_next(const xmlNode *node)
{
    return xml_element(node->next);
}

const xmlNode *xml_child(const xmlNode *node, const char *local_name)
{
    for (const xmlNode *child = xml_children(node); child != NULL; child = xml_next(child)) {
        if (xml_is(child, local_name))
            return child;
    }
    return NULL;
}

static const char *take(struct arena *arena, xmlChar *value)
{
    const char *copy = arena_copy(arena, (const char *)value);

    xmlFree(value);
    return copy;
}

const char *xml_attribute(struct arena *arena, const xmlNode *node, const char *name)
{
    return take(arena, xmlGetNoNsProp(node, (const xmlChar *)name));
}

const char *xml_attribute_ns(struct arena *arena, const xmlNode *node, const char *uri,
                             const char *name)
{
    return take(arena, xmlGetNsProp(node, (const xmlChar *)name, (const xmlChar *)uri));
}

const char *xml_text(struct arena *arena, const xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    const char *text = (const char *)content;
    size_t length;
    const char *copy = NULL;

    if (text == NULL)
        return NULL;
    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    if (length > 0)
        copy = arena_copy_bytes(arena, text, length);
    xmlFree(content);
    return copy;
}
