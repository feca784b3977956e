/* See topic_check.h. */
#include "engine/definition/topic_check.h"

/* Where a topic stands. */
struct site {
    const char *id;
    int line;
    int column;
};

static void check(const struct topic_hosts *hosts, const struct expression *topic,
                  const struct site *site, const char *noun, const char *instead,
                  struct bpmn_findings *findings)
{
    struct bpmn_finding *finding;

    if (topic == NULL || !expression_is_literal(topic) ||
        hosts->has(hosts->context, expression_text(topic)))
        return;
    findings->error_count++;
    if (findings->count == BPMN_FINDINGS_MAX)
        return;
    finding = &findings->items[findings->count++];
    *finding = (struct bpmn_finding){.severity = BPMN_ERROR,
                                     .rule = "topic-unknown",
                                     .line = site->line,
                                     .column = site->column};
    finding->element_id = arena_copy(findings->arena, site->id);
    finding->message = arena_format(
        findings->arena,
        "Expected the topic of the %s to be one that a module of this engine hosts, but no module "
        "hosts '%.100s'; correct the topic, or %s.",
        noun, expression_text(topic), instead);
}

static void check_listeners(const struct topic_hosts *hosts, const struct bpmn_listeners *listeners,
                            const struct site *site, struct bpmn_findings *findings)
{
    for (uint32_t i = 0; i < listeners->count; i++)
        check(hosts, listeners->items[i].topic, site, "listener",
              "use an expression or a script instead", findings);
}

void topic_check_model(const struct bpmn_model *model, const struct topic_hosts *hosts,
                       struct bpmn_findings *findings)
{
    struct site process = {model->process_id, model->line, model->column};

    if (hosts->has == NULL)
        return;
    check_listeners(hosts, &model->listeners, &process, findings);
    for (uint32_t i = 0; i < model->element_count; i++) {
        const struct bpmn_element *element = &model->elements[i];
        struct site site = {element->id, element->line, element->column};

        if (element->service == BPMN_SERVICE_TOPIC)
            check(hosts, element->topic, &site, "service task",
                  "let an external worker do the task (flowable:type=\"external-worker\")",
                  findings);
        check_listeners(hosts, &element->listeners, &site, findings);
    }
    for (uint32_t i = 0; i < model->flow_count; i++) {
        const struct bpmn_flow *flow = &model->flows[i];
        struct site site = {flow->id, flow->line, flow->column};

        check_listeners(hosts, &flow->listeners, &site, findings);
    }
}
