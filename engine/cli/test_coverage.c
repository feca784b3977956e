/* See test_coverage.h. */
#include "engine/cli/test_coverage.h"

#include "bpmn/reader/diagram.h"
#include "engine/cli/file.h"
#include "engine/cli/test_svg.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DIAGRAM_ARENA_BYTES = 256 * 1024 * 1024 };

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Coverage</title>\n"
    "<style>body{font:14px sans-serif;margin:24px;color:#222}h1{font-size:20px}h2{font-size:16px}"
    "table{border-collapse:collapse;margin:12px 0}td,th{border:1px solid #ccc;padding:3px 10px;"
    "text-align:left}td.number{text-align:right}tr.unused td{background:#fce8e6}"
    "tr.used td{background:#e6f4ea}.bar{display:inline-block;width:160px;height:10px;"
    "background:#fad2cf}.bar i{display:block;height:10px;background:#34a853}"
    ".sheet{overflow:auto;border:1px solid #ddd;margin:12px 0}svg{display:block;background:#fff}"
    "svg text{font:11px sans-serif;text-anchor:middle;fill:#222}"
    "svg text.kind{text-anchor:start;font-size:9px;fill:#777}svg text.loop{font-size:10px}"
    "svg text.label{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".shape{fill:#fff;stroke:#555;stroke-width:1.5}.inner{fill:none;stroke:#555}"
    ".thick{stroke-width:3}.dashed{stroke-dasharray:5 3}"
    ".mark{fill:none;stroke:#333;stroke-width:1.5}.mark.filled{fill:#333}"
    ".flow{fill:none;stroke:#555;stroke-width:1.5}"
    ".used .shape{fill:#e6f4ea;stroke:#1e8e3e}.used .inner{stroke:#1e8e3e}"
    ".unused .shape{fill:#fce8e6;stroke:#d93025}.unused .inner{stroke:#d93025}"
    ".used .flow{stroke:#1e8e3e;stroke-width:2}.unused .flow{stroke:#d93025;stroke-width:2}"
    ".around .shape{fill:#fafafa;stroke:#999}.around .flow{stroke:#999}</style></head><body>\n";
static const char page_foot[] = "</body></html>\n";

/* Where a process comes from. */
static const struct covered_file *file_of(const struct covered_file *files, uint32_t count,
                                          const struct bpmn_model *model)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct bpmn_document *document = files[i].document;

        if (model >= document->models && model < document->models + document->model_count)
            return &files[i];
    }
    UNREACHABLE();
}

/* ---- as JSON ---- */

static json_t *describe_count(struct coverage_count count, json_t *items)
{
    return json_pack("{s:I, s:I, s:o}", "covered", (json_int_t)count.covered, "total",
                     (json_int_t)count.total, "items", items);
}

static json_t *describe_one(const struct covered_file *file, const struct coverage *coverage)
{
    const struct bpmn_model *model = coverage->model;
    json_t *elements = json_array();
    json_t *flows = json_array();

    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];

        (void)json_array_append_new(
            elements, json_pack("{s:s, s:s, s:s?, s:i, s:I}", "id", element->id, "type",
                                bpmn_element_type_name(element->type), "name", element->name,
                                "line", element->line, "count", (json_int_t)coverage->elements[i]));
    }
    for (uint32_t i = 0; i < model->flow_count; i++) {
        const struct bpmn_flow *flow = &model->flows[i];

        (void)json_array_append_new(flows,
                                    json_pack("{s:s, s:s, s:s, s:i, s:I}", "id", flow->id, "source",
                                              model->elements[flow->source].id, "target",
                                              model->elements[flow->target].id, "line", flow->line,
                                              "count", (json_int_t)coverage->flows[i]));
    }
    return json_pack("{s:s, s:s?, s:s, s:o, s:o}", "process", model->process_id, "name",
                     model->name, "file", file->path, "elements",
                     describe_count(coverage_elements(coverage), elements), "flows",
                     describe_count(coverage_flows(coverage), flows));
}

json_t *test_coverage_describe(const struct covered_file *files, uint32_t file_count,
                               struct coverage *coverage)
{
    json_t *list = json_array();

    for (const struct coverage *at = coverage; at != NULL; at = at->next)
        (void)json_array_append_new(list, describe_one(file_of(files, file_count, at->model), at));
    return list;
}

/* ---- as pages ---- */

/* What is asked of a plane: the processes of one file. */
struct finder {
    const struct bpmn_document *document;
    const struct coverage *coverage;
    const struct bpmn_model *model; /* NULL: all of them */
};

static struct svg_use find_in(const struct coverage *coverage, const char *id)
{
    const struct bpmn_element *element = bpmn_model_element(coverage->model, id);
    const struct bpmn_flow *flow = bpmn_model_flow(coverage->model, id);

    if (element != NULL)
        return (struct svg_use){true, coverage->elements[element->index], element};
    if (flow != NULL)
        return (struct svg_use){true, coverage->flows[flow->index], NULL};
    return (struct svg_use){0};
}

static struct svg_use find(void *context, const char *id)
{
    const struct finder *finder = context;
    const struct bpmn_document *document = finder->document;

    for (const struct coverage *at = finder->coverage; at != NULL; at = at->next) {
        bool here =
            at->model >= document->models && at->model < document->models + document->model_count;
        struct svg_use use = here && (finder->model == NULL || finder->model == at->model)
                                 ? find_in(at, id)
                                 : (struct svg_use){0};

        if (use.runs)
            return use;
    }
    return (struct svg_use){0};
}

static bool shows(const struct diagram_plane *plane, struct finder *finder)
{
    for (uint32_t i = 0; i < plane->item_count; i++) {
        if (find(finder, plane->items[i].element_id).runs)
            return true;
    }
    return false;
}

/* A diagram that cannot be read again is as good as none: the table says it all. */
static void append_diagram(struct text *html, const struct covered_file *file,
                           const struct coverage *all, const struct bpmn_model *model)
{
    struct arena *arena = arena_new(DIAGRAM_ARENA_BYTES);
    struct finder own = {file->document, all, model};
    struct finder any = {file->document, all, NULL};
    struct diagram diagram = {0};
    struct error error;
    bool is_shown = false;

    if (diagram_read(file->bytes, file->length, arena, &diagram, &error) != STATUS_OK)
        diagram.plane_count = 0;
    for (uint32_t i = 0; i < diagram.plane_count; i++) {
        if (!shows(&diagram.planes[i], &own))
            continue;
        text_append(html, "<div class=\"sheet\">");
        test_svg_append(html, &diagram.planes[i], find, &any);
        text_append(html, "</div>\n");
        is_shown = true;
    }
    if (!is_shown)
        text_append(html, "<p>The file has no diagram of this process.</p>\n");
    arena_free(arena);
}

static unsigned percent(struct coverage_count count)
{
    return count.total == 0 ? 100 : (unsigned)(100ULL * count.covered / count.total);
}

static void append_bar(struct text *html, const char *what, struct coverage_count count)
{
    text_append_format(html,
                       "%s <span class=\"bar\"><i style=\"width:%u%%\"></i></span> %u of %u "
                       "(%u %%)",
                       what, percent(count), count.covered, count.total, percent(count));
}

static void append_row(struct text *html, uint64_t count, int line, const char *cells[3])
{
    text_append_format(html, "<tr class=\"%s\"><td class=\"number\">%llu</td>",
                       count > 0 ? "used" : "unused", (unsigned long long)count);
    for (int i = 0; i < 3; i++) {
        text_append(html, "<td>");
        test_html_escape(html, cells[i]);
        text_append(html, "</td>");
    }
    text_append_format(html, "<td class=\"number\">%d</td></tr>\n", line);
}

static void append_tables(struct text *html, const struct coverage *coverage)
{
    const struct bpmn_model *model = coverage->model;

    text_append(html, "<h2>Elements</h2><table><tr><th>times</th><th>id</th><th>type</th>"
                      "<th>name</th><th>line</th></tr>\n");
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];

        append_row(html, coverage->elements[i], element->line,
                   (const char *[3]){element->id, bpmn_element_type_name(element->type),
                                     element->name != NULL ? element->name : ""});
    }
    text_append(html, "</table><h2>Flows</h2><table><tr><th>times</th><th>id</th><th>from</th>"
                      "<th>to</th><th>line</th></tr>\n");
    for (uint32_t i = 0; i < model->flow_count; i++) {
        const struct bpmn_flow *flow = &model->flows[i];

        append_row(html, coverage->flows[i], flow->line,
                   (const char *[3]){flow->id, model->elements[flow->source].id,
                                     model->elements[flow->target].id});
    }
    text_append(html, "</table>\n");
}

static void append_heading(struct text *html, const struct bpmn_model *model)
{
    text_append(html, "<h1>");
    test_html_escape(html, model->name != NULL ? model->name : model->process_id);
    text_append(html, "</h1>\n");
}

static enum status write_file(const char *folder, const char *name, const struct text *content,
                              struct error *ret_error)
{
    char path[PATH_MAX];
    FILE *file;
    bool written;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL)
        return error_set(ret_error, STATUS_FAILED, "Expected to write %s but: %s.", path,
                         strerror(errno));
    written = fwrite(text_string(content), 1, content->length, file) == content->length;
    if (fclose(file) == 0 && written)
        return STATUS_OK;
    return error_set(ret_error, STATUS_FAILED, "Expected to write %s but: %s.", path,
                     strerror(errno));
}

/* The process' id, as far as it is fit for a file's name. */
static void file_stem(const struct coverage *of, char ret_stem[200])
{
    size_t length = 0;

    for (const char *at = of->model->process_id; *at != '\0' && length < 199; at++) {
        bool plain = (unsigned char)*at >= 0x80 || *at == '-' || *at == '_' ||
                     (*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') ||
                     (*at >= 'a' && *at <= 'z');

        ret_stem[length++] = *at;
        if (!plain)
            ret_stem[length - 1] = '_';
    }
    ret_stem[length] = '\0';
}

/* Two processes may have the same id, in two files. */
static void page_name(const struct coverage *all, const struct coverage *of, char ret_name[256])
{
    unsigned same = 1;
    char stem[200];
    char other[200];

    file_stem(of, stem);
    for (const struct coverage *at = all; at != of; at = at->next) {
        file_stem(at, other);
        same += strcmp(stem, other) == 0;
    }
    if (same == 1 && strcmp(stem, "index") != 0)
        (void)snprintf(ret_name, 256, "%s.html", stem);
    else
        (void)snprintf(ret_name, 256, "%s.%u.html", stem, same);
}

static enum status write_page(const char *folder, const struct covered_file *file,
                              const struct coverage *all, const struct coverage *coverage,
                              struct error *ret_error)
{
    struct text html = TEXT_INIT;
    char name[256];
    enum status status;

    text_append(&html, page_head);
    append_heading(&html, coverage->model);
    text_append(&html, "<p><a href=\"index.html\">All processes</a> · ");
    test_html_escape(&html, file->path);
    text_append(&html, "</p>\n<p>");
    append_bar(&html, "Elements", coverage_elements(coverage));
    text_append(&html, "<br>");
    append_bar(&html, "Flows", coverage_flows(coverage));
    text_append(&html, "</p>\n");
    append_diagram(&html, file, all, coverage->model);
    append_tables(&html, coverage);
    text_append(&html, page_foot);
    page_name(all, coverage, name);
    status = write_file(folder, name, &html, ret_error);
    text_deinit(&html);
    return status;
}

static enum status write_index(const char *folder, const struct coverage *all,
                               struct error *ret_error)
{
    struct text html = TEXT_INIT;
    enum status status;

    text_append(&html, page_head);
    text_append(&html, "<h1>What the tests used</h1>\n<table><tr><th>process</th><th>elements</th>"
                       "<th>flows</th></tr>\n");
    for (const struct coverage *at = all; at != NULL; at = at->next) {
        char name[256];

        page_name(all, at, name);
        text_append(&html, "<tr><td><a href=\"");
        test_html_escape(&html, name);
        text_append(&html, "\">");
        test_html_escape(&html, at->model->name != NULL ? at->model->name : at->model->process_id);
        text_append(&html, "</a></td><td>");
        append_bar(&html, "", coverage_elements(at));
        text_append(&html, "</td><td>");
        append_bar(&html, "", coverage_flows(at));
        text_append(&html, "</td></tr>\n");
    }
    text_append(&html, "</table>\n");
    text_append(&html, page_foot);
    status = write_file(folder, "index.html", &html, ret_error);
    text_deinit(&html);
    return status;
}

static enum status write_json(const char *folder, json_t *processes, struct error *ret_error)
{
    struct text json = TEXT_INIT;
    json_t *whole = json_pack("{s:o}", "processes", processes);
    char *text = json_dumps(whole, JSON_INDENT(2));
    enum status status;

    text_append(&json, text);
    text_append_char(&json, '\n');
    free(text); /* jansson's */
    json_decref(whole);
    status = write_file(folder, "coverage.json", &json, ret_error);
    text_deinit(&json);
    return status;
}

/* With those around it. */
static enum status make_folder(const char *folder, struct error *ret_error)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s", folder);
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        (void)mkdir(path, 0777); /* the last one says what is wrong */
        *at = '/';
    }
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return STATUS_OK;
    return error_set(ret_error, STATUS_FAILED, "Expected to make the folder %s but: %s.", folder,
                     strerror(errno));
}

enum status test_coverage_write(const char *folder, const struct covered_file *files,
                                uint32_t file_count, struct coverage *coverage,
                                struct error *ret_error)
{
    enum status status = make_folder(folder, ret_error);

    if (status == STATUS_OK)
        status = write_json(folder, test_coverage_describe(files, file_count, coverage), ret_error);
    if (status == STATUS_OK)
        status = write_index(folder, coverage, ret_error);
    for (const struct coverage *at = coverage; at != NULL && status == STATUS_OK; at = at->next)
        status = write_page(folder, file_of(files, file_count, at->model), coverage, at, ret_error);
    return status;
}
