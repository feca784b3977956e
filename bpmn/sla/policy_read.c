/* See policy.h: policy documents and files of them. */
#include "bpmn/sla/reading.h"

#include <stdlib.h>
#include <string.h>

static enum status read_targets(struct sla_reading *reading, const json_t *document,
                                struct sla_policy *policy)
{
    const json_t *array = NULL;
    struct sla_target *targets;

    if (sla_read_array(reading, document, "targets", SLA_TARGETS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    if (json_array_size(array) == 0)
        return sla_expected(reading, "targets", "at least one target", array);
    policy->target_count = json_array_size(array);
    targets = arena_array(reading->arena, policy->target_count, sizeof(*targets));
    policy->targets = targets;
    for (size_t i = 0; i < policy->target_count; i++) {
        size_t length = sla_path_enter(reading, "targets", i);

        if (sla_read_target(reading, json_array_get(array, i), &targets[i]) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

static enum status read_chains(struct sla_reading *reading, const json_t *document,
                               struct sla_policy *policy)
{
    const json_t *array = NULL;
    struct sla_chain *chains;

    if (sla_read_array(reading, document, "escalations", SLA_CHAINS_MAX, &array) != STATUS_OK)
        return reading->error->status;
    policy->chain_count = json_array_size(array);
    chains = arena_array(reading->arena, policy->chain_count, sizeof(*chains));
    policy->chains = chains;
    for (size_t i = 0; i < policy->chain_count; i++) {
        size_t length = sla_path_enter(reading, "escalations", i);

        if (sla_read_chain(reading, json_array_get(array, i), &chains[i]) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

static enum status check_chain(struct sla_reading *reading, const struct sla_policy *policy,
                               const struct sla_action *action)
{
    if (action->kind == SLA_ACTION_ESCALATE && sla_policy_chain(policy, action->what) == NULL) {
        json_t *found = json_string(action->what);
        enum status status =
            sla_expected(reading, "chain", "the id of one of this policy's escalations", found);

        json_decref(found);
        return status;
    }
    return STATUS_OK;
}

/* Chains that are started exist; the paths are those of the actions. */
static enum status check_threshold_chains(struct sla_reading *reading,
                                          const struct sla_policy *policy,
                                          const struct sla_target *target)
{
    for (size_t i = 0; i < target->threshold_count; i++) {
        size_t length = sla_path_enter(reading, "thresholds", i);

        for (size_t n = 0; n < target->thresholds[i].action_count; n++) {
            size_t inner = sla_path_enter(reading, "actions", n);

            if (check_chain(reading, policy, &target->thresholds[i].actions[n]) != STATUS_OK)
                return reading->error->status;
            sla_path_leave(reading, inner);
        }
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

static enum status check_chains(struct sla_reading *reading, const struct sla_policy *policy)
{
    for (size_t i = 0; i < policy->target_count; i++) {
        size_t length = sla_path_enter(reading, "targets", i);

        if (check_threshold_chains(reading, policy, &policy->targets[i]) != STATUS_OK)
            return reading->error->status;
        sla_path_leave(reading, length);
    }
    for (size_t i = 0; i < policy->chain_count; i++) {
        size_t length = sla_path_enter(reading, "escalations", i);

        for (size_t n = 0; n < policy->chains[i].level_count; n++) {
            size_t inner = sla_path_enter(reading, "levels", n);

            if (check_chain(reading, policy, &policy->chains[i].levels[n].action) != STATUS_OK)
                return reading->error->status;
            sla_path_leave(reading, inner);
        }
        sla_path_leave(reading, length);
    }
    return STATUS_OK;
}

static enum status read_policy(struct sla_reading *reading, const json_t *document,
                               const struct sla_policy **ret_policy)
{
    static const char *const known[] = {"id",    "name",    "version",     "applies_to", "order",
                                        "match", "targets", "escalations", NULL};
    static const char *const types[] = {"incident", "change", "task", "process-instance"};
    static const int64_t zero = 0;
    struct sla_policy *policy = arena_alloc(reading->arena, sizeof(*policy));
    int type = 0;

    if (sla_check_members(reading, document, known) != STATUS_OK ||
        sla_read_text(reading, document, "id", true, &policy->id) != STATUS_OK ||
        sla_read_text(reading, document, "name", false, &policy->name) != STATUS_OK ||
        sla_read_integer(reading, document, "version", 1, INT32_MAX, NULL, &policy->version) !=
            STATUS_OK ||
        sla_read_choice(reading, document, "applies_to", types, COUNT_OF(types), -1, &type) !=
            STATUS_OK ||
        sla_read_integer(reading, document, "order", 0, INT32_MAX, &zero, &policy->order) !=
            STATUS_OK ||
        sla_read_condition(reading, document, "match", "true", &policy->match) != STATUS_OK ||
        read_targets(reading, document, policy) != STATUS_OK ||
        read_chains(reading, document, policy) != STATUS_OK ||
        check_chains(reading, policy) != STATUS_OK)
        return reading->error->status;
    policy->applies_to = (enum sla_subject_type)type;
    *ret_policy = policy;
    return STATUS_OK;
}

enum status sla_policy_read(struct arena *arena, const json_t *document,
                            const struct sla_policy **ret_policy, struct error *ret_error)
{
    struct sla_reading reading = {.arena = arena, .error = ret_error};

    return read_policy(&reading, document, ret_policy);
}

/* Stable: few policies, mostly in order. */
static void order_policies(const struct sla_policy **policies, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct sla_policy *policy = policies[i];
        size_t at = i;

        for (; at > 0 && policies[at - 1]->order > policy->order; at--)
            policies[at] = policies[at - 1];
        policies[at] = policy;
    }
}

enum status sla_policies_read(struct arena *arena, const json_t *document,
                              const struct sla_policy *const **ret_policies, size_t *ret_count,
                              struct error *ret_error)
{
    static const char *const known[] = {"policies", NULL};
    struct sla_reading reading = {.arena = arena, .error = ret_error};
    const json_t *array = NULL;
    const struct sla_policy **policies;
    size_t count = 1;

    if (json_object_get(document, "policies") == NULL) {
        policies = arena_array(arena, 1, sizeof(struct sla_policy *));
        if (read_policy(&reading, document, &policies[0]) != STATUS_OK)
            return ret_error->status;
    } else {
        if (sla_check_members(&reading, document, known) != STATUS_OK ||
            sla_read_array(&reading, document, "policies", SLA_POLICIES_MAX, &array) != STATUS_OK)
            return ret_error->status;
        count = json_array_size(array);
        policies = arena_array(arena, count, sizeof(struct sla_policy *));
        for (size_t i = 0; i < count; i++) {
            size_t length = sla_path_enter(&reading, "policies", i);

            if (read_policy(&reading, json_array_get(array, i), &policies[i]) != STATUS_OK)
                return ret_error->status;
            sla_path_leave(&reading, length);
        }
    }
    order_policies(policies, count);
    *ret_policies = policies;
    *ret_count = count;
    return STATUS_OK;
}
