/* See reader.h.
 *
 * bytes → tree (xml.c) → draft of each executable process (process.c, activity.c, event.c) →
 * references resolved (resolve.c) → rules (rules.c) → model. */
#include "bpmn/reader/reader.h"

#include "bpmn/base/memory.h"
#include "bpmn/reader/draft.h"

#include <string.h>

enum { DOCUMENT_ARENA_BYTES = 512 * 1024 * 1024, PROCESSES_MAX = 1000, PROCESS_ID_MAX = 200 };

/* What does not belong at the root. */
static void check_roots(struct draft *draft, const xmlNode *root)
{
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        const struct element_row *row;

        if (!xml_is_bpmn(node) || xml_is(node, "process"))
            continue;
        row = element_row(xml_name(node));
        if (row == NULL || row->handling == ELEMENT_REFUSED || row->handling == ELEMENT_EXECUTED ||
            xml_is(node, "sequenceFlow"))
            refuse_element(draft, node, row, xml_attribute(draft->arena, node, "id"));
        else if (xml_is(node, "message") || xml_is(node, "signal") || xml_is(node, "error") ||
                 xml_is(node, "escalation"))
            extension_check(draft, node, xml_attribute(draft->arena, node, "id"));
    }
}

static bool is_executable(struct arena *arena, const xmlNode *process)
{
    return xml_is_true(arena, process, "isExecutable", true);
}

static bool has_diagram(const xmlNode *root)
{
    static const char uri[] = "http://www.omg.org/spec/BPMN/20100524/DI";

    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        if (strcmp(xml_name(node), "BPMNDiagram") == 0 && node->ns != NULL &&
            strcmp((const char *)node->ns->href, uri) == 0)
            return true;
    }
    return false;
}

static void check_process_id(struct draft *draft)
{
    const char *id = draft->model->process_id;

    if (id == NULL || id[0] == '\0' || strlen(id) > PROCESS_ID_MAX || strchr(id, ':') != NULL)
        finding_add(draft->findings, BPMN_ERROR, "process-id", id, draft->node,
                    "Expected the process to have an id of 1 to %d characters without ':'.",
                    PROCESS_ID_MAX);
}

/* Which elements there are: before any of them says what it refers to. */
static void begin_model(struct draft *draft)
{
    const xmlNode *root = draft->file->root;
    const xmlNode *documentation = xml_child(draft->node, "documentation");
    struct bpmn_model *model = draft->model;
    struct named *named;

    model->process_id = xml_attribute(draft->arena, draft->node, "id");
    model->name = xml_attribute(draft->arena, draft->node, "name");
    model->documentation = documentation != NULL ? xml_text(draft->arena, documentation) : NULL;
    model->category = xml_attribute(draft->arena, root, "targetNamespace");
    model->time_zone = own_attribute(draft->arena, draft->node, "timeZone");
    model->version_tag = extension_attribute(draft->arena, draft->node, "versionTag");
    model->line = xml_line(draft->node);
    model->column = xml_column(draft->node);
    model->has_diagram = has_diagram(root);
    check_process_id(draft);
    named = name_find(*draft->names, model->process_id);
    if (named != NULL && named->node == draft->node)
        named->process = draft->process;
    read_process(draft);
}

static void end_model(struct draft *draft)
{
    struct bpmn_model *model = draft->model;

    extension_check(draft, draft->node, model->process_id);
    read_listeners(draft, draft->node, model->process_id, &model->listeners);
    collect_subscriptions(draft);
    for (uint32_t i = 0; i < draft->element_count && !draft_is_full(draft); i++)
        read_details(draft, &draft->elements[i]);
    for (uint32_t i = 0; i < draft->flow_count && !draft_is_full(draft); i++)
        read_flow_details(draft, &draft->flows[i]);
    resolve_process(draft);
    resolve_links(draft);
    resolve_compensation(draft);
    resolve_containers(draft);
    resolve_reach(draft);
    check_references(draft, draft->node);
    check_process(draft);
    finish_model(draft);
}

static uint32_t count_processes(struct arena *arena, const xmlNode *root, uint32_t *ret_executable)
{
    uint32_t count = 0;

    *ret_executable = 0;
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        if (xml_is(node, "process")) {
            count++;
            *ret_executable += is_executable(arena, node);
        }
    }
    return count;
}

/* Executable processes come first in the document; the others are drawings. */
static void place_models(struct bpmn_document *document, struct draft *drafts, uint32_t count,
                         uint32_t executable_count)
{
    struct bpmn_model *models = arena_array(document->arena, count, sizeof(*models));
    uint32_t executable = 0;
    uint32_t drawing = executable_count;

    for (uint32_t i = 0; i < count; i++)
        drafts[i].model = &models[drafts[i].is_executable ? executable++ : drawing++];
    document->models = models;
    document->model_count = executable_count;
    document->drawings = models + executable_count;
    document->drawing_count = count - executable_count;
}

static void read_processes(struct bpmn_document *document, struct file *file,
                           struct bpmn_findings *findings)
{
    struct arena *arena = document->arena;
    struct draft whole = {
        .arena = arena, .findings = findings, .names = &file->names, .file = file};
    /* What is wrong with a drawing is nobody's concern. */
    struct bpmn_findings *ignored = arena_alloc(arena, sizeof(*ignored));
    uint32_t executable_count;
    uint32_t count = count_processes(arena, file->root, &executable_count);
    struct draft *drafts = arena_array(arena, count + 1, sizeof(*drafts));
    uint32_t i = 0;

    ignored->arena = arena;
    names_collect(&whole, file->root);
    check_roots(&whole, file->root);
    collect_correlations(&whole, file->root);
    read_message_flows(&whole, file->root);
    if (executable_count == 0 || count > PROCESSES_MAX)
        finding_add(findings, BPMN_ERROR, "no-executable-process", "", file->root,
                    "Expected 1 to %d processes, one of them executable, but found %u and %u. A "
                    "process with isExecutable=\"false\" is a drawing.",
                    PROCESSES_MAX, count, executable_count);
    if (count > PROCESSES_MAX)
        return;
    for (const xmlNode *node = xml_children(file->root); node != NULL; node = xml_next(node)) {
        if (xml_is(node, "process")) {
            drafts[i] = whole;
            drafts[i].node = node;
            drafts[i].process = i + 1;
            drafts[i].is_executable = is_executable(arena, node);
            drafts[i].is_ignored = !drafts[i].is_executable;
            drafts[i].findings = drafts[i].is_executable ? findings : ignored;
            i++;
        }
    }
    place_models(document, drafts, count, executable_count);
    for (i = 0; i < count; i++)
        begin_model(&drafts[i]);
    for (i = 0; i < count; i++)
        end_model(&drafts[i]);
    check_references(&whole, file->root);
    check_message_flows(&whole);
    describe_collaborations(&whole, document);
    if (executable_count > 0)
        check_unused(&whole);
}

/* The first error is the one that a caller without room for findings shows. */
static enum status first_error(const struct bpmn_findings *findings, struct error *ret_error)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct bpmn_finding *finding = &findings->items[i];

        if (finding->severity != BPMN_ERROR)
            continue;
        (void)error_set(ret_error, STATUS_INVALID, "%s", finding->message);
        return error_at(ret_error, finding->element_id, finding->line, finding->column);
    }
    return error_set(ret_error, STATUS_INVALID, "Expected a model without errors but found %u.",
                     findings->error_count);
}

/* STATUS_OK whatever is found, as long as the file is one of BPMN. */
static enum status read_document(xmlDocPtr xml, struct bpmn_findings *findings,
                                 struct bpmn_document *document, struct error *ret_error)
{
    struct file file = {.root = xmlDocGetRootElement(xml), .now_us = findings->now_us};

    if (!xml_is(file.root, "definitions")) {
        finding_add(findings, BPMN_ERROR, "not-bpmn", "", file.root,
                    "Expected <definitions> in the namespace of BPMN 2.0 but found <%.60s>.",
                    xml_name(file.root));
        return first_error(findings, ret_error);
    }
    read_processes(document, &file, findings);
    HASH_CLEAR(hh, file.names);
    findings_sort(findings);
    if (arena_over_limit(document->arena))
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a model that fits %d bytes of memory but it needs more.",
                         DOCUMENT_ARENA_BYTES);
    return STATUS_OK;
}

/* Bytes → document, complete or not. */
static enum status read_any(const char *bytes, size_t length, struct bpmn_findings *findings,
                            struct bpmn_document **ret_document, struct error *ret_error)
{
    struct bpmn_document *document;
    xmlDocPtr xml;
    enum status status;

    PRE(findings->arena != NULL);
    status = xml_parse(bytes, length, &xml, ret_error);
    if (status != STATUS_OK) {
        finding_add(findings, BPMN_ERROR, "xml", "", NULL, "%s", ret_error->message);
        if (findings->count > 0) {
            findings->items[findings->count - 1].line = ret_error->line > 0 ? ret_error->line : 1;
            findings->items[findings->count - 1].column =
                ret_error->column > 0 ? ret_error->column : 1;
        }
        return status;
    }
    document = memory_zero(1, sizeof(*document));
    document->arena = arena_new(DOCUMENT_ARENA_BYTES);
    status = read_document(xml, findings, document, ret_error);
    xmlFreeDoc(xml);
    if (status != STATUS_OK) {
        bpmn_document_free(document);
        return status;
    }
    *ret_document = document;
    return STATUS_OK;
}

enum status bpmn_read(const char *bytes, size_t length, struct bpmn_findings *findings,
                      struct bpmn_document **ret_document, struct error *ret_error)
{
    struct bpmn_document *document;
    enum status status = read_any(bytes, length, findings, &document, ret_error);

    if (status != STATUS_OK)
        return status;
    if (findings->error_count > 0) {
        bpmn_document_free(document);
        return first_error(findings, ret_error);
    }
    *ret_document = document;
    return STATUS_OK;
}

enum status bpmn_inspect(const char *bytes, size_t length, struct bpmn_findings *findings,
                         json_t **ret_description, struct error *ret_error)
{
    struct bpmn_document *document;
    enum status status = read_any(bytes, length, findings, &document, ret_error);

    if (status != STATUS_OK)
        return status;
    *ret_description = bpmn_document_describe(document);
    bpmn_document_free(document);
    return STATUS_OK;
}
