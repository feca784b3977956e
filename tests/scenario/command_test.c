/* `synergyflow test` as designers and build servers meet it: output, exit codes, JUnit, coverage.
 * The documents beside this file are the tests of what cases can do. */
#include "tests/support/program.h"

#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER SOURCE_FOLDER "/tests/scenario"

static char output[1 << 20];
static char folder[] = "/tmp/synergyflow-test-XXXXXX";

static int run(const char *a, const char *b, const char *c, const char *d, const char *e)
{
    const char *arguments[] = {"test", a, b, c, d, e, NULL};

    return program_run(output, sizeof(output), arguments);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {
        "a/b/coverage.json",
        "a/b/index.html",
        "a/b/two-thirds.html",
        "a/b",
        "a",
        "result.xml",
        "two-thirds.bpmn",
        "two-thirds.test.json",
        "broken.bpmn",
        "broken.test.json",
        "broken_bpmn.test.json",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    return rmdir(folder);
}

static const char *path_of(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *content)
{
    FILE *file = fopen(path_of(name), "wb");

    assert_non_null(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

static char *read_file(const char *name)
{
    FILE *file = fopen(path_of(name), "rb");
    char *content = calloc(1, 1 << 20);

    assert_non_null(file);
    (void)fread(content, 1, (1 << 20) - 1, file);
    (void)fclose(file);
    return content;
}

/* ---- the documents of this folder ---- */

static void all_documents_pass(void **state)
{
    (void)state;
    if (run(FOLDER, "-o", "text", NULL, NULL) != 0)
        fail_msg("%s", output);
    assert_non_null(strstr(output, "ok    a reminder each hour of a year passes in an instant"));
    assert_non_null(strstr(output, " passed, 0 failed"));
    assert_null(strstr(output, "FAIL"));
}

/* ---- a process of which a third is used ---- */

static const char two_thirds[] =
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t'\n"
    " xmlns:di='http://www.omg.org/spec/BPMN/20100524/DI'\n"
    " xmlns:dc='http://www.omg.org/spec/DD/20100524/DC'\n"
    " xmlns:dd='http://www.omg.org/spec/DD/20100524/DI'>\n"
    "<process id='two-thirds' isExecutable='true'><startEvent id='s'/>\n"
    "<sequenceFlow id='f1' sourceRef='s' targetRef='t'/><userTask id='t' name='Ask &lt;Ada&gt;'/>\n"
    "<sequenceFlow id='f2' sourceRef='t' targetRef='e'/><endEvent id='e'/></process>\n"
    "<di:BPMNDiagram id='d'><di:BPMNPlane id='p' bpmnElement='two-thirds'>\n"
    "<di:BPMNShape id='s1' bpmnElement='s'><dc:Bounds x='0' y='22' width='36' height='36'/>"
    "</di:BPMNShape>\n"
    "<di:BPMNShape id='s2' bpmnElement='t'><dc:Bounds x='80' y='0' width='100' height='80'/>"
    "</di:BPMNShape>\n"
    "<di:BPMNShape id='s3' bpmnElement='e'><dc:Bounds x='220' y='22' width='36' height='36'/>"
    "</di:BPMNShape>\n"
    "<di:BPMNEdge id='e1' bpmnElement='f1'><dd:waypoint x='36' y='40'/><dd:waypoint x='80' "
    "y='40'/></di:BPMNEdge>\n"
    "<di:BPMNEdge id='e2' bpmnElement='f2'><dd:waypoint x='180' y='40'/><dd:waypoint x='220' "
    "y='40'/></di:BPMNEdge>\n"
    "</di:BPMNPlane></di:BPMNDiagram></definitions>";

static const char two_thirds_cases[] =
    "{\"processes\":[\"two-thirds.bpmn\"],\"cases\":[\n"
    "{\"name\":\"asks\",\"steps\":[{\"start\":{}},{\"expect\":{\"active\":[\"t\"]}}]},\n"
    "{\"name\":\"ends & \\\"more\\\"\",\"steps\":[{\"start\":{}},\n"
    "{\"expect\":{\"ended\":true,\"endedAt\":\"<e>\"}}]}]}";

static int64_t count_in(const char *path, const char *expression)
{
    xmlDocPtr document = xmlReadFile(path_of(path), NULL, XML_PARSE_NONET);
    xmlXPathContextPtr context;
    xmlXPathObjectPtr found;
    int64_t count;

    assert_non_null(document); /* well-formed */
    context = xmlXPathNewContext(document);
    found = xmlXPathEvalExpression((const xmlChar *)expression, context);
    count = (int64_t)xmlXPathCastToNumber(found);
    xmlXPathFreeObject(found);
    xmlXPathFreeContext(context);
    xmlFreeDoc(document);
    return count;
}

static void a_failed_case_is_told_everywhere(void **state)
{
    json_t *result;
    const json_t *test;

    (void)state;
    write_file("two-thirds.bpmn", two_thirds);
    write_file("two-thirds.test.json", two_thirds_cases);
    assert_int_equal(
        run(path_of("two-thirds.test.json"), "-o", "text", "--junit", path_of("result.xml")), 1);
    assert_non_null(strstr(output, "ok    asks"));
    assert_non_null(strstr(output, "FAIL  ends & \"more\""));
    assert_non_null(strstr(output, "two-thirds.test.json:4: step 2 (expect): Expected the process "
                                   "to have ended but active are [\"t\"]."));
    assert_non_null(strstr(output, "2 cases in 1 file: 1 passed, 1 failed"));
    assert_int_equal(count_in("result.xml", "count(/testsuites/testsuite/testcase)"), 2);
    assert_int_equal(count_in("result.xml", "count(//testcase[@name='ends & \"more\"']/failure)"),
                     1);
    assert_int_equal(count_in("result.xml", "number(/testsuites/@failures)"), 1);

    assert_int_equal(run(path_of("two-thirds.test.json"), "-o", "json", NULL, NULL), 1);
    result = json_loads(output, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(result, "failed")), 1);
    test = json_array_get(
        json_object_get(json_array_get(json_object_get(result, "files"), 0), "cases"), 1);
    assert_int_equal(json_integer_value(json_object_get(test, "line")), 3);
    assert_int_equal(json_array_size(json_object_get(test, "failures")), 2);
    json_decref(result);
}

static void a_filter_leaves_cases_out(void **state)
{
    (void)state;
    assert_int_equal(run(path_of("two-thirds.test.json"), "-o", "text", "--filter", "ask"), 0);
    assert_non_null(strstr(output, "1 case in 1 file: 1 passed"));
    assert_int_equal(run(path_of("two-thirds.test.json"), "-o", "text", "--filter", "nowhere"), 2);
}

static void coverage_is_drawn(void **state)
{
    json_t *coverage;
    const json_t *elements;
    char *page;
    const char *svg;

    (void)state;
    assert_int_equal(
        run(path_of("two-thirds.test.json"), "--coverage", path_of("a/b"), "-o", "text"), 1);
    page = read_file("a/b/coverage.json");
    coverage = json_loads(page, 0, NULL);
    free(page);
    elements =
        json_object_get(json_array_get(json_object_get(coverage, "processes"), 0), "elements");
    assert_int_equal(json_integer_value(json_object_get(elements, "covered")), 2);
    assert_int_equal(json_integer_value(json_object_get(elements, "total")), 3);
    json_decref(coverage);

    page = read_file("a/b/index.html");
    assert_non_null(strstr(page, "href=\"two-thirds.html\""));
    assert_non_null(strstr(page, "2 of 3"));
    free(page);

    page = read_file("a/b/two-thirds.html");
    assert_non_null(strstr(page, "<g class=\"used\"><title>t: 2 times</title>"));
    assert_non_null(strstr(page, "<g class=\"unused\"><title>e: 0 times</title>"));
    assert_non_null(strstr(page, "<g class=\"unused\"><title>f2: 0 times</title>"));
    assert_non_null(strstr(page, "Ask &lt;Ada&gt;"));
    assert_null(strstr(page, "<Ada>"));
    svg = strstr(page, "<svg");
    strstr(page, "</svg>")[6] = '\0';
    xmlFreeDoc(xmlReadMemory(svg, (int)strlen(svg), NULL, NULL, XML_PARSE_NONET));
    assert_null(xmlGetLastError());
    free(page);
}

/* ---- what cannot be used ---- */

static void unusable_input_is_exit_code_2(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, NULL, NULL, NULL, NULL), 2);
    assert_int_equal(run("/nonexistent.test.json", "-o", "text", NULL, NULL), 2);
    assert_non_null(strstr(output, "/nonexistent.test.json"));
    assert_int_equal(run(SOURCE_FOLDER "/docs/decisions", NULL, NULL, NULL, NULL), 2);
    assert_non_null(strstr(output, "*.test.json"));

    write_file("broken.test.json", "{\n\"cases\":[}");
    assert_int_equal(run(path_of("broken.test.json"), "-o", "text", NULL, NULL), 2);
    assert_non_null(strstr(output, "broken.test.json:2: Expected JSON"));

    write_file("broken.bpmn", "<definitions");
    write_file("broken_bpmn.test.json", "{\"processes\":[\"broken.bpmn\"],\"cases\":[]}");
    assert_int_equal(
        run(path_of("broken_bpmn.test.json"), "-o", "text", "--junit", path_of("result.xml")), 2);
    assert_non_null(strstr(output, "broken.bpmn:1: Expected well-formed XML"));
    assert_int_equal(count_in("result.xml", "count(//error)"), 1);
    assert_int_equal(
        run(path_of("two-thirds.test.json"), "--junit", "/nonexistent/x.xml", NULL, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_documents_pass),
        cmocka_unit_test(a_failed_case_is_told_everywhere),
        cmocka_unit_test(a_filter_leaves_cases_out),
        cmocka_unit_test(coverage_is_drawn),
        cmocka_unit_test(unusable_input_is_exit_code_2),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
