/* A model from tests/trace and an instance of it, for tests that look inside. */
#ifndef SYNERGYFLOW_TESTS_STEP_FIXTURE_H
#define SYNERGYFLOW_TESTS_STEP_FIXTURE_H

#include "bpmn/base/text.h"
#include "bpmn/reader/reader.h"
#include "bpmn/step/step.h"

struct fixture {
    struct arena *arena;
    struct bpmn_document *document;
    const struct bpmn_model *model;
    struct uuid_source ids; /* counts from 1 */
    uint64_t id_count;
    int64_t now_us;
    struct bpmn_instance instance;
    struct bpmn_changes changes;
    struct error error;
};

void fixture_open(struct fixture *fixture, const char *model_file);
/* Likewise, of a model that is text; `name` is for complaints. */
void fixture_open_text(struct fixture *fixture, const char *name, const struct text *xml);
void fixture_close(struct fixture *fixture);
/* Steps fixture->instance; `variables` is JSON text or NULL. */
enum status fixture_step(struct fixture *fixture, enum bpmn_command_kind kind,
                         const struct uuid *target, const char *name, const char *variables);
/* The id of the newest wait of that kind among the changes. */
struct uuid fixture_wait(const struct fixture *fixture, enum bpmn_change_kind kind);

#endif
