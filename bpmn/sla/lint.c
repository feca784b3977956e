/* See lint.h. Conditions are compared as text and as lists of what `&&` joins: enough to find what
 * people write by mistake, never wrong about what it finds. */
#include "bpmn/sla/lint.h"

#include <stdio.h>
#include <string.h>

enum { PARTS_MAX = 16, PART_BYTES = 256 };

struct linting {
    struct sla_findings *findings;
    const struct sla_policy *policy;
    const struct sla_lint_world *world;
};

static void PRINTF_LIKE(5, 6) add(struct linting *linting, const char *rule, bool is_error,
                                  const char *path, const char *format, ...)
{
    struct sla_findings *findings = linting->findings;
    char message[512];
    va_list arguments;

    findings->error_count += is_error;
    if (findings->count == SLA_FINDINGS_MAX) {
        findings->more = true;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    findings->items[findings->count++] =
        (struct sla_finding){.rule = rule,
                             .is_error = is_error,
                             .policy_id = linting->policy->id,
                             .path = arena_copy(findings->arena, path),
                             .message = arena_copy(findings->arena, message)};
}

/* ---- conditions ---- */

struct parts {
    char items[PARTS_MAX][PART_BYTES];
    size_t count;
};

/* What top-level `&&` joins, without blanks outside quotes. Nothing when it cannot tell: `||`, a
 * choice, or too long. */
static void split(const struct expression *expression, struct parts *parts)
{
    const char *text = expression_text(expression);
    size_t length = 0;
    int depth = 0;
    char quote = '\0';

    parts->count = 0;
    for (; *text != '\0'; text++) {
        if (quote == '\0' && (*text == ' ' || *text == '$' || *text == '#' || *text == '{' ||
                              *text == '}' || *text == '\n'))
            continue;
        if (quote != '\0' || *text == '\'' || *text == '"')
            quote = quote == '\0' ? *text : (*text == quote ? '\0' : quote);
        depth += quote == '\0' && (*text == '(' || *text == '[');
        depth -= quote == '\0' && (*text == ')' || *text == ']');
        if (quote == '\0' && depth == 0 && text[0] == '&' && text[1] == '&') {
            if (parts->count + 2 > PARTS_MAX) {
                parts->count = 0;
                return;
            }
            parts->items[parts->count++][length] = '\0';
            length = 0;
            text++;
            continue;
        }
        if (length + 1 >= PART_BYTES || *text == '\\' ||
            (quote == '\0' && (*text == '|' || *text == '?'))) {
            parts->count = 0;
            return;
        }
        parts->items[parts->count][length++] = *text;
    }
    parts->items[parts->count++][length] = '\0';
}

static bool has_part(const struct parts *parts, const char *part)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (strcmp(parts->items[i], part) == 0)
            return true;
    }
    return false;
}

static bool is_literal(const struct expression *expression, const char *literal)
{
    struct parts parts;

    if (expression == NULL)
        return false;
    split(expression, &parts);
    return parts.count == 1 && strcmp(parts.items[0], literal) == 0;
}

/* Whether `then` is true whenever `when` is. */
static bool implies(const struct expression *when, const struct expression *then)
{
    struct parts given;
    struct parts wanted;

    if (when == NULL || then == NULL)
        return false;
    if (is_literal(then, "true") || strcmp(expression_text(when), expression_text(then)) == 0)
        return true;
    split(when, &given);
    split(then, &wanted);
    for (size_t i = 0; i < wanted.count; i++) {
        if (!has_part(&given, wanted.items[i]))
            return false;
    }
    return wanted.count > 0;
}

/* `field == 'A'` and `field == 'B'`: the literal behind `==`, NULL when it is something else. */
static const char *literal_behind(const char *part, size_t *ret_name)
{
    const char *equal = strstr(part, "==");

    if (equal == NULL ||
        (equal[2] != '\'' && equal[2] != '"' && (equal[2] < '0' || equal[2] > '9')))
        return NULL;
    *ret_name = (size_t)(equal - part);
    return equal + 2;
}

static bool excludes(const char *left, const char *right)
{
    size_t left_name = 0;
    size_t right_name = 0;
    const char *left_literal = literal_behind(left, &left_name);
    const char *right_literal = literal_behind(right, &right_name);

    if (left[0] == '!' && strcmp(left + 1, right) == 0)
        return true;
    return left_literal != NULL && right_literal != NULL && left_name == right_name &&
           left_literal[0] == right_literal[0] && left_literal[0] == '\'' &&
           strncmp(left, right, left_name) == 0 && strcmp(left_literal, right_literal) != 0;
}

/* Whether it can never be true. */
static bool is_never(const struct expression *expression)
{
    struct parts parts;

    if (expression == NULL)
        return false;
    split(expression, &parts);
    for (size_t i = 0; i < parts.count; i++) {
        for (size_t n = 0; n < parts.count; n++) {
            if (excludes(parts.items[i], parts.items[n]))
                return true;
        }
    }
    return has_part(&parts, "false");
}

static void lint_conditions(struct linting *linting, const struct sla_target *target,
                            const char *path)
{
    const struct sla_conditions *conditions = &target->conditions;

    if (is_never(conditions->start))
        add(linting, "start-never", true, path,
            "The clock never starts: its start cannot be true.");
    if (implies(conditions->start, conditions->pause) && conditions->resume == NULL)
        add(linting, "pause-inside-start", true, path,
            "Whenever start is true, pause is true too: the clock starts paused and stays so. "
            "Narrow the pause, or give a resume condition.");
    if (implies(conditions->pause, conditions->resume))
        add(linting, "pause-equals-resume", true, path,
            "Whenever pause is true, resume is true too: the clock never pauses.");
    if (conditions->stop == NULL)
        add(linting, "no-stop", false, path,
            "There is no stop condition: only an operator ends this clock.");
    if (is_never(conditions->stop))
        add(linting, "stop-never", true, path,
            "The stop condition cannot be true: the clock runs for ever.");
    if (implies(conditions->start, conditions->stop))
        add(linting, "stop-inside-start", true, path,
            "Whenever start is true, stop is true too: the clock never starts.");
    if (implies(conditions->start, conditions->cancel))
        add(linting, "cancel-inside-start", true, path,
            "Whenever start is true, cancel is true too: the clock never starts.");
}

/* ---- targets ---- */

static bool same_point(const struct sla_threshold *left, const struct sla_threshold *right,
                       const struct sla_target *target)
{
    int64_t left_us = left->offset_us;
    int64_t right_us = right->offset_us;

    if (left->is_percent == right->is_percent)
        return left->percent_thousandths == right->percent_thousandths && left_us == right_us;
    if (target->duration.unit != SLA_WORKING_TIME)
        return (left->is_percent && left->percent_thousandths == 100000 && right_us == 0) ||
               (right->is_percent && right->percent_thousandths == 100000 && left_us == 0);
    if (left->is_percent)
        return (__int128)target->duration.time_us * left->percent_thousandths ==
               ((__int128)target->duration.time_us + right_us) * 100000;
    return same_point(right, left, target);
}

static void lint_threshold(struct linting *linting, const struct sla_target *target, size_t index,
                           const char *target_path)
{
    const struct sla_threshold *threshold = &target->thresholds[index];
    char path[ERROR_FIELD_MAX];

    (void)snprintf(path, sizeof(path), "%s.thresholds[%zu]", target_path, index);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(target->thresholds[i].id, threshold->id) == 0)
            add(linting, "duplicate-threshold", true, path,
                "The id '%s' is that of thresholds[%zu] too: only one of them would fire.",
                threshold->id, i);
        if (same_point(&target->thresholds[i], threshold, target))
            add(linting, "same-point", false, path,
                "The threshold lies at the same point as '%s'; join their actions.",
                target->thresholds[i].id);
    }
    if (!target->overrun && (threshold->offset_us > 0 || threshold->percent_thousandths > 100000))
        add(linting, "threshold-past-target", true, path,
            "The threshold lies past the target but overrun is false: it never fires.");
    if (target->duration.unit == SLA_WORKING_TIME &&
        -threshold->offset_us >= target->duration.time_us && !threshold->is_percent)
        add(linting, "threshold-before-start", true, path,
            "The threshold lies %lld s before a target of %lld s: it fires at the start.",
            (long long)(-threshold->offset_us / 1000000),
            (long long)(target->duration.time_us / 1000000));
    if (threshold->action_count == 0)
        add(linting, "no-action", false, path, "The threshold has no action: nothing happens.");
    for (size_t i = 0; i < threshold->action_count; i++) {
        if (threshold->actions[i].kind == SLA_ACTION_RAISE_PRIORITY &&
            target->refire_after_retarget)
            add(linting, "refire-loop", false, path,
                "The threshold raises the priority, which changes the target, and fires again "
                "after a re-target.");
    }
}

static void lint_target(struct linting *linting, size_t index)
{
    const struct sla_target *target = &linting->policy->targets[index];
    const struct sla_lint_world *world = linting->world;
    char path[64];

    (void)snprintf(path, sizeof(path), "targets[%zu]", index);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(linting->policy->targets[i].name, target->name) == 0)
            add(linting, "duplicate-target", true, path,
                "The name '%s' is that of targets[%zu] too.", target->name, i);
    }
    if (target->calendar[0] == '\0')
        add(linting, "no-calendar", true, path,
            "The target names no calendar: its working time is not known.");
    else if (world->has_calendar != NULL && !world->has_calendar(world->context, target->calendar))
        add(linting, "unknown-calendar", true, path, "There is no calendar '%s'.",
            target->calendar);
    if (target->duration.unit != SLA_END_OF_DAY && target->duration.time_us == 0 &&
        target->duration.days == 0)
        add(linting, "zero-target", true, path, "The target has no length: it is always missed.");
    lint_conditions(linting, target, path);
    for (size_t i = 0; i < target->threshold_count; i++)
        lint_threshold(linting, target, i, path);
}

/* ---- chains ---- */

/* Whether following the chain's escalations leads back to it. */
static bool leads_to(const struct sla_policy *policy, const struct sla_chain *from,
                     const struct sla_chain *to, size_t depth)
{
    for (size_t i = 0; i < from->level_count && depth > 0; i++) {
        const struct sla_chain *next = from->levels[i].action.kind == SLA_ACTION_ESCALATE
                                           ? sla_policy_chain(policy, from->levels[i].action.what)
                                           : NULL;

        if (next != NULL && (next == to || leads_to(policy, next, to, depth - 1)))
            return true;
    }
    return false;
}

static void lint_chain(struct linting *linting, size_t index)
{
    const struct sla_chain *chain = &linting->policy->chains[index];
    char path[96];

    (void)snprintf(path, sizeof(path), "escalations[%zu]", index);
    for (size_t i = 0; i < index; i++) {
        if (strcmp(linting->policy->chains[i].id, chain->id) == 0)
            add(linting, "duplicate-escalation", true, path,
                "The id '%s' is that of escalations[%zu] too.", chain->id, i);
    }
    if (leads_to(linting->policy, chain, chain, 3))
        add(linting, "escalation-loop", true, path,
            "The chain starts itself again: it would never end.");
    for (size_t i = 0; i < chain->level_count; i++) {
        const struct sla_recipients *recipients = &chain->levels[i].recipients;

        (void)snprintf(path, sizeof(path), "escalations[%zu].levels[%zu]", index, i);
        if (i > 0 && chain->levels[i].delay_us == 0)
            add(linting, "zero-delay", true, path,
                "The level has no delay: it fires together with the one before, so nobody can "
                "acknowledge in between.");
        if (recipients->user_count + recipients->team_count == 0 && recipients->on_call[0] == '\0')
            add(linting, "no-recipient", false, path, "The level tells nobody.");
        if (recipients->on_call[0] != '\0' && linting->world->has_on_call != NULL &&
            !linting->world->has_on_call(linting->world->context, recipients->on_call))
            add(linting, "unknown-on-call", true, path, "There is no on-call schedule '%s'.",
                recipients->on_call);
    }
}

/* ---- the set ---- */

static void lint_match(struct linting *linting, const struct sla_policy *const *policies,
                       size_t index)
{
    const struct sla_policy *policy = linting->policy;

    if (is_never(policy->match))
        add(linting, "match-never", false, "match", "The policy is never chosen.");
    for (size_t i = 0; i < index; i++) {
        if (strcmp(policies[i]->id, policy->id) == 0)
            add(linting, "duplicate-policy", true, "id", "The id '%s' is used twice.", policy->id);
        if (policies[i]->applies_to == policy->applies_to &&
            implies(policy->match, policies[i]->match))
            add(linting, "unreachable-policy", false, "match",
                "The policy is never chosen: '%s' comes first and matches whenever it does.",
                policies[i]->id);
    }
}

bool sla_lint(const struct sla_policy *const *policies, size_t count,
              const struct sla_lint_world *world, struct sla_findings *findings)
{
    struct linting linting = {.findings = findings, .world = world};

    PRE(findings->arena != NULL);
    for (size_t i = 0; i < count; i++) {
        linting.policy = policies[i];
        lint_match(&linting, policies, i);
        for (size_t n = 0; n < policies[i]->target_count; n++)
            lint_target(&linting, n);
        for (size_t n = 0; n < policies[i]->chain_count; n++)
            lint_chain(&linting, n);
    }
    return findings->error_count == 0;
}
