/* The drawing is read whoever has drawn it; what is drawn wrongly is left out. */
#include "bpmn/reader/diagram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                           \
    "<m:definitions xmlns:m='http://www.omg.org/spec/BPMN/20100524/MODEL'\n"           \
    " xmlns:i='http://www.omg.org/spec/BPMN/20100524/DI'\n"                            \
    " xmlns:c='http://www.omg.org/spec/DD/20100524/DC'\n"                              \
    " xmlns:d='http://www.omg.org/spec/DD/20100524/DI' targetNamespace='t'>\n"         \
    "<m:process id='p'><m:startEvent id='s' name='Go'/><m:subProcess id='sub'/>"       \
    "<m:textAnnotation id='note'><m:text>mind &amp; heart</m:text></m:textAnnotation>" \
    "</m:process>\n"

static struct arena *arena;
static struct diagram diagram;

static void read(const char *text)
{
    struct error error = {0};

    arena = arena_new(1 << 20);
    if (diagram_read(text, strlen(text), arena, &diagram, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

static int drop(void **state)
{
    (void)state;
    arena_free(arena);
    arena = NULL;
    return 0;
}

static void shapes_and_edges_have_their_places(void **state)
{
    const struct diagram_item *items;

    (void)state;
    read(HEAD "<i:BPMNDiagram><i:BPMNPlane bpmnElement='t:p'>"
              "<i:BPMNShape bpmnElement='t:s'><c:Bounds x='1.5' y='-2' width='36' height='37'/>"
              "<i:BPMNLabel><c:Bounds x='3' y='4' width='5' height='6'/></i:BPMNLabel>"
              "</i:BPMNShape>"
              "<i:BPMNShape bpmnElement='sub' isExpanded='false'>"
              "<c:Bounds x='0' y='0' width='100' height='80'/></i:BPMNShape>"
              "<i:BPMNShape bpmnElement='note'><c:Bounds x='0' y='0' width='1' height='1'/>"
              "</i:BPMNShape>"
              "<i:BPMNEdge bpmnElement='f'><d:waypoint x='1' y='2'/><d:waypoint x='3' y='4'/>"
              "<d:waypoint x='5' y='6'/></i:BPMNEdge>"
              "</i:BPMNPlane></i:BPMNDiagram></m:definitions>");
    assert_int_equal(diagram.plane_count, 1);
    assert_string_equal(diagram.planes[0].element_id, "p");
    assert_int_equal(diagram.planes[0].item_count, 4);
    items = diagram.planes[0].items;
    assert_string_equal(items[0].element_id, "s");
    assert_string_equal(items[0].type, "startEvent");
    assert_string_equal(items[0].name, "Go");
    assert_true(items[0].bounds.x == 1.5 && items[0].bounds.y == -2);
    assert_true(items[0].bounds.width == 36 && items[0].bounds.height == 37);
    assert_true(items[0].has_label && items[0].label.height == 6);
    assert_false(items[0].is_collapsed);
    assert_true(items[1].is_collapsed);
    assert_string_equal(items[2].name, "mind & heart");
    assert_int_equal(items[3].point_count, 3);
    assert_true(items[3].points[2].x == 5 && items[3].points[2].y == 6);
    assert_string_equal(items[3].type, ""); /* nothing has this id */
}

static void what_is_drawn_wrongly_is_left_out(void **state)
{
    (void)state;
    read(HEAD "<i:BPMNDiagram><i:BPMNPlane>"
              "<i:BPMNShape bpmnElement='s'/>"
              "<i:BPMNShape bpmnElement='s'><c:Bounds x='a' y='0' width='1' height='1'/>"
              "</i:BPMNShape>"
              "<i:BPMNShape bpmnElement='s'><c:Bounds x='1e99' y='0' width='1' height='1'/>"
              "</i:BPMNShape>"
              "<i:BPMNShape bpmnElement='s'><c:Bounds x='nan' y='0' width='1' height='1'/>"
              "</i:BPMNShape>"
              "<i:BPMNShape bpmnElement='s'><c:Bounds x='0' y='0' width='-1' height='1'/>"
              "</i:BPMNShape>"
              "<i:BPMNEdge bpmnElement='f'><d:waypoint x='1' y='2'/></i:BPMNEdge>"
              "<i:BPMNEdge bpmnElement='f'><d:waypoint x='1' y='2'/><d:waypoint x='1'/>"
              "</i:BPMNEdge>"
              "<i:BPMNShape><c:Bounds x='0' y='0' width='1' height='1'/></i:BPMNShape>"
              "</i:BPMNPlane></i:BPMNDiagram></m:definitions>");
    assert_int_equal(diagram.plane_count, 1);
    assert_int_equal(diagram.planes[0].item_count, 1);
    assert_string_equal(diagram.planes[0].items[0].element_id, "");
}

static void a_file_may_have_no_sheet_or_several(void **state)
{
    (void)state;
    read(HEAD "</m:definitions>");
    assert_int_equal(diagram.plane_count, 0);
    arena_free(arena);
    read(HEAD "<i:BPMNDiagram><i:BPMNPlane bpmnElement='p'/></i:BPMNDiagram>"
              "<i:BPMNDiagram><i:BPMNPlane bpmnElement='sub'/></i:BPMNDiagram></m:definitions>");
    assert_int_equal(diagram.plane_count, 2);
    assert_string_equal(diagram.planes[1].element_id, "sub");
}

static void what_is_no_xml_is_an_error(void **state)
{
    struct error error = {0};

    (void)state;
    arena = arena_new(1 << 20);
    assert_int_equal(diagram_read("<a", 2, arena, &diagram, &error), STATUS_INVALID);
    assert_int_equal(error.line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(shapes_and_edges_have_their_places, drop),
        cmocka_unit_test_teardown(what_is_drawn_wrongly_is_left_out, drop),
        cmocka_unit_test_teardown(a_file_may_have_no_sheet_or_several, drop),
        cmocka_unit_test_teardown(what_is_no_xml_is_an_error, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
