/* See reader.h.
 *
 * bytes → tree (xml.c) → draft of each executable process (process.c, activity.c, event.c) →
 * references resolved (resolve.c) → rules (rules.c) → model. */
#include "bpmn/reader/reader.h"

#include "bpmn/base/memory.h"
#include "bpmn/reader/draft.h"

#include <string.h>

enum { DOCUMENT_ARENA_BYTES = 512 * 1024 * 1024, PROCESSES_MAX = 1000, PROCESS_ID_MAX = 200 };

/* Messages, errors and the like: what processes refer to by id. */
static void read_definitions(struct draft *draft, const xmlNode *root)
{
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        const struct element_row *row;
        const char *id;
        struct named *named;

        if (!xml_is_bpmn(node) || xml_is(node, "process"))
            continue;
        id = xml_attribute(draft->arena, node, "id");
        row = element_row(xml_name(node));
        if (row == NULL || row->handling == ELEMENT_REFUSED || row->handling == ELEMENT_EXECUTED ||
            xml_is(node, "sequenceFlow"))
            refuse_element(draft, node, row, id);
        else if (id != NULL)
            (void)name_add(draft, id, node, &named);
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

static void read_model(struct draft *draft, const xmlNode *root, struct bpmn_model *model)
{
    const xmlNode *documentation = xml_child(draft->node, "documentation");

    model->process_id = xml_attribute(draft->arena, draft->node, "id");
    model->name = xml_attribute(draft->arena, draft->node, "name");
    model->documentation = documentation != NULL ? xml_text(draft->arena, documentation) : NULL;
    model->category = xml_attribute(draft->arena, root, "targetNamespace");
    model->line = xml_line(draft->node);
    model->has_diagram = has_diagram(root);
    if (model->process_id == NULL || model->process_id[0] == '\0' ||
        strlen(model->process_id) > PROCESS_ID_MAX || strchr(model->process_id, ':') != NULL)
        finding_add(draft->findings, BPMN_ERROR, "process-id", model->process_id, draft->node,
                    "Expected the process to have an id of 1 to %d characters without ':'.",
                    PROCESS_ID_MAX);
    else {
        struct named *named;

        (void)name_add(draft, model->process_id, draft->node, &named);
    }
    read_process(draft);
    resolve_process(draft, model);
    check_process(draft, model);
}

static void read_processes(struct bpmn_document *document, const xmlNode *root,
                           struct bpmn_findings *findings, struct named **names)
{
    struct bpmn_model *models;
    uint32_t file_count = 0;
    struct draft file = {.arena = document->arena, .findings = findings, .names = names};
    uint32_t count = 0;

    read_definitions(&file, root);
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node))
        count += xml_is(node, "process") && is_executable(document->arena, node);
    if (count == 0 || count > PROCESSES_MAX) {
        finding_add(findings, BPMN_ERROR, "no-executable-process", "", root,
                    "Expected 1 to %d executable processes but found %u. A process with "
                    "isExecutable=\"false\" is a drawing.",
                    PROCESSES_MAX, count);
        return;
    }
    models = arena_array(document->arena, count, sizeof(*models));
    document->models = models;
    for (const xmlNode *node = xml_children(root); node != NULL; node = xml_next(node)) {
        struct draft draft = {.arena = document->arena,
                              .findings = findings,
                              .names = names,
                              .file_count = &file_count,
                              .process = document->model_count + 1,
                              .node = node};

        if (xml_is(node, "process") && is_executable(document->arena, node))
            read_model(&draft, root, &models[document->model_count++]);
    }
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

static enum status read_document(xmlDocPtr xml, struct bpmn_findings *findings,
                                 struct bpmn_document *document, struct error *ret_error)
{
    const xmlNode *root = xmlDocGetRootElement(xml);
    struct named *names = NULL;

    if (!xml_is(root, "definitions")) {
        finding_add(findings, BPMN_ERROR, "not-bpmn", "", root,
                    "Expected <definitions> in the namespace of BPMN 2.0 but found <%.60s>.",
                    xml_name(root));
    } else {
        read_processes(document, root, findings, &names);
    }
    HASH_CLEAR(hh, names);
    findings_sort(findings);
    if (arena_over_limit(document->arena))
        return error_set(ret_error, STATUS_TOO_LARGE,
                         "Expected a model that fits %d bytes of memory but it needs more.",
                         DOCUMENT_ARENA_BYTES);
    return findings->error_count > 0 ? first_error(findings, ret_error) : STATUS_OK;
}

enum status bpmn_read(const char *bytes, size_t length, struct bpmn_findings *findings,
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
