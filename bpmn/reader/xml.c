/* See xml.h. Network access, entity expansion and document types are off; sizes are bounded before
 * the parser sees a byte (scan.h). */
#include "bpmn/reader/xml.h"

#include "bpmn/base/text.h"
#include "bpmn/reader/encoding.h"
#include "bpmn/reader/reader.h"
#include "bpmn/reader/scan.h"

#include <libxml/parser.h>
#include <stdint.h>
#include <string.h>

static const char bpmn_namespace[] = "http://www.omg.org/spec/BPMN/20100524/MODEL";

enum { POSITION_COLUMN_BITS = 24 };

/* ---- positions: libxml2 knows the line of a start tag's end, people want its beginning ---- */

/* The next node in document order, NULL past the last. */
static xmlNode *next_in_document(xmlNode *node)
{
    if (node->children != NULL && node->type == XML_ELEMENT_NODE)
        return node->children;
    while (node->next == NULL) {
        node = node->parent;
        if (node == NULL || node->type != XML_ELEMENT_NODE)
            return NULL;
    }
    return node->next;
}

static void set_positions(xmlDocPtr document, const char *bytes, size_t length)
{
    struct scanner scanner;
    struct start_tag tag;
    size_t ended = 0;

    scanner_init(&scanner, bytes, length);
    for (xmlNode *node = xmlDocGetRootElement(document); node != NULL;
         node = next_in_document(node)) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        if (!scanner_next(&scanner, &tag, &ended))
            tag = (struct start_tag){.line = (int)xmlGetLineNo(node), .column = 1};
        if (tag.column >= 1 << POSITION_COLUMN_BITS)
            tag.column = 1;
        node->_private =
            (void *)((uintptr_t)tag.line << POSITION_COLUMN_BITS | (uintptr_t)tag.column);
    }
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

/* The parser's first fatal complaint: those behind it are mostly its consequences. */
struct complaint {
    bool is_fatal;
    int line;
    int column;
    char text[ERROR_MESSAGE_MAX / 2];
};

static void on_error(void *context, xmlErrorPtr error)
{
    struct complaint *complaint = context;
    const char *message = error->message != NULL ? error->message : "";
    size_t length = strcspn(message, "\n");

    if (complaint->is_fatal || (complaint->line > 0 && error->level != XML_ERR_FATAL))
        return;
    while (length > 0 && strchr(" .!", message[length - 1]) != NULL)
        length--;
    if (length >= sizeof(complaint->text) || !text_is_utf8(message, length)) {
        message = "there is something that XML does not allow";
        length = strlen(message);
    }
    complaint->is_fatal = error->level == XML_ERR_FATAL;
    complaint->line = error->line > 0 ? error->line : 1;
    complaint->column = error->int2 > 0 ? error->int2 : 1;
    memcpy(complaint->text, message, length);
    complaint->text[length] = '\0';
}

static enum status malformed(const struct complaint *complaint, struct error *ret_error)
{
    bool is_known = complaint->line > 0;

    (void)error_set(ret_error, STATUS_INVALID, "Expected well-formed XML but the parser says: %s.",
                    is_known ? complaint->text : "the file is broken");
    return error_at(ret_error, NULL, is_known ? complaint->line : 1,
                    is_known ? complaint->column : 1);
}

/* A document type could define entities: parsing stops before any is read. */
static void on_document_type(void *context, const xmlChar *name, const xmlChar *external_id,
                             const xmlChar *system_id)
{
    xmlParserCtxtPtr parser = context;

    (void)name;
    (void)external_id;
    (void)system_id;
    *(int *)parser->_private = parser->input != NULL ? parser->input->line : 1;
    xmlStopParser(parser);
}

static enum status parse(xmlParserCtxtPtr context, const char *bytes, size_t length,
                         const char *encoding, const struct complaint *complaint,
                         xmlDocPtr *ret_document, struct error *ret_error)
{
    int options = XML_PARSE_NONET | XML_PARSE_BIG_LINES | XML_PARSE_COMPACT |
                  (encoding != NULL ? XML_PARSE_IGNORE_ENC : 0);
    int document_type_line = 0;
    xmlDocPtr document;

    context->_private = &document_type_line;
    context->sax->internalSubset = on_document_type;
    document = xmlCtxtReadMemory(context, bytes, (int)length, NULL, encoding, options);
    if (document_type_line > 0) {
        xmlFreeDoc(document);
        (void)error_set(ret_error, STATUS_INVALID,
                        "Expected no document type declaration: entities are not expanded. Remove "
                        "the <!DOCTYPE>.");
        return error_at(ret_error, NULL, document_type_line, 1);
    }
    if (document == NULL)
        return malformed(complaint, ret_error);
    set_positions(document, bytes, length);
    *ret_document = document;
    return STATUS_OK;
}

/* Some of libxml2's complaints (on encodings) go to a handler of the thread and not of the context;
 * without one they would be printed. The thread's handler hears them all. */
static enum status parse_quietly(const char *bytes, size_t length, const char *encoding,
                                 xmlDocPtr *ret_document, struct error *ret_error)
{
    xmlStructuredErrorFunc handler = xmlStructuredError;
    void *handler_context = xmlStructuredErrorContext;
    struct complaint complaint = {0};
    xmlParserCtxtPtr context = xmlNewParserCtxt();
    enum status status;

    if (context == NULL)
        return error_set(ret_error, STATUS_INTERNAL, "Expected a parser but there is no memory.");
    xmlSetStructuredErrorFunc(&complaint, on_error);
    status = parse(context, bytes, length, encoding, &complaint, ret_document, ret_error);
    xmlFreeParserCtxt(context);
    xmlSetStructuredErrorFunc(handler_context, handler);
    return status;
}

enum status xml_parse(const char *bytes, size_t length, xmlDocPtr *ret_document,
                      struct error *ret_error)
{
    struct text converted = TEXT_INIT;
    const char *encoding = NULL;
    enum status status;

    if (length > BPMN_FILE_BYTES_MAX) {
        (void)error_set(ret_error, STATUS_TOO_LARGE,
                        "Expected a file of at most %d bytes but found %zu.", BPMN_FILE_BYTES_MAX,
                        length);
        return error_at(ret_error, NULL, 1, 1);
    }
    status = encoding_convert(bytes, length, &converted, &encoding, ret_error);
    if (status == STATUS_OK && encoding != NULL) {
        bytes = text_string(&converted);
        length = converted.length;
    }
    if (status == STATUS_OK)
        status = scan_limits(bytes, length, ret_error);
    if (status == STATUS_OK)
        status = parse_quietly(bytes, length, encoding, ret_document, ret_error);
    text_deinit(&converted);
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

const xmlNode *xml_following(const xmlNode *root, const xmlNode *node)
{
    const xmlNode *child = xml_children(node);

    if (child != NULL)
        return child;
    while (node != root && xml_next(node) == NULL)
        node = node->parent;
    return node != root ? xml_next(node) : NULL;
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

bool xml_is_true(struct arena *arena, const xmlNode *node, const char *name, bool when_absent)
{
    const char *value = xml_attribute(arena, node, name);

    if (value == NULL)
        return when_absent;
    value += strspn(value, " \t\r\n");
    return value[0] == '1' || strncmp(value, "true", 4) == 0;
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
