/* A regular expression → steps, by recursive descent; see pattern.c. */
#include "bpmn/expression/pattern.h"

#include <string.h>

static enum status refuse(struct pattern *pattern, const char *expected)
{
    return error_set(pattern->error, STATUS_FAILED,
                     "Expected %s at byte %zu of the pattern '%.*s'.", expected,
                     (size_t)(pattern->at - pattern->begin) + 1, excerpt_length(pattern->begin, 80),
                     pattern->begin);
}

static enum status add_step(struct pattern *pattern, enum step_kind kind)
{
    if (pattern->count == PATTERN_STEPS_MAX - 1) /* the last one is the match */
        return refuse(pattern, "a pattern that is smaller when its repetitions are written out");
    pattern->steps[pattern->count++] = (struct pattern_step){.kind = kind};
    return STATUS_OK;
}

/* Makes room for a step in front of those from `from`; jumps among these stay right, being
 * relative. */
static enum status insert_step(struct pattern *pattern, uint32_t from, enum step_kind kind)
{
    enum status status = add_step(pattern, kind);

    if (status != STATUS_OK)
        return status;
    memmove(&pattern->steps[from + 1], &pattern->steps[from],
            (pattern->count - 1 - from) * sizeof(pattern->steps[0]));
    pattern->steps[from] = (struct pattern_step){.kind = kind, .forward = 1};
    return STATUS_OK;
}

static enum status copy_steps(struct pattern *pattern, uint32_t from, uint32_t length)
{
    if (pattern->count + length >= PATTERN_STEPS_MAX)
        return refuse(pattern, "a pattern that is smaller when its repetitions are written out");
    memcpy(&pattern->steps[pattern->count], &pattern->steps[from],
           length * sizeof(pattern->steps[0]));
    pattern->count += length;
    return STATUS_OK;
}

/* The steps from `from` to the end may be left out, or repeated too. */
static enum status make_optional(struct pattern *pattern, uint32_t from, bool repeats)
{
    enum status status = insert_step(pattern, from, STEP_FORK);

    if (status == STATUS_OK && repeats) {
        status = add_step(pattern, STEP_JUMP);
        if (status == STATUS_OK)
            pattern->steps[pattern->count - 1].forward =
                (int32_t)from - (int32_t)(pattern->count - 1);
    }
    if (status == STATUS_OK)
        pattern->steps[from].other = (int32_t)(pattern->count - from);
    return status;
}

/* `maximum` -1: unbounded */
static enum status repeat(struct pattern *pattern, uint32_t from, int minimum, int maximum)
{
    uint32_t length = pattern->count - from;
    enum status status = STATUS_OK;

    if (maximum == 0)
        pattern->count = from;
    for (int i = 1; i < minimum && status == STATUS_OK; i++)
        status = copy_steps(pattern, from, length);
    if (maximum < 0 && status == STATUS_OK) {
        uint32_t last = pattern->count;

        if (minimum == 0)
            return make_optional(pattern, from, true);
        status = copy_steps(pattern, from, length);
        return status == STATUS_OK ? make_optional(pattern, last, true) : status;
    }
    for (int i = minimum; i < maximum && status == STATUS_OK; i++) {
        uint32_t last = pattern->count;

        if (i == 0) { /* the one that is there already; its copies come without its fork */
            status = make_optional(pattern, from, false);
            from++;
            continue;
        }
        status = copy_steps(pattern, from, length);
        if (status == STATUS_OK)
            status = make_optional(pattern, last, false);
    }
    return status;
}

static bool read_count(const char **at, int *ret_count)
{
    const char *from = *at;
    int count = 0;

    for (; **at >= '0' && **at <= '9'; (*at)++)
        count = count > PATTERN_REPEAT_MAX ? count : count * 10 + (**at - '0');
    *ret_count = count;
    return *at > from && count <= PATTERN_REPEAT_MAX;
}

static enum status parse_quantifier(struct pattern *pattern, uint32_t from)
{
    const char *at = pattern->at + 1;
    int minimum = *pattern->at == '+' ? 1 : 0;
    int maximum = *pattern->at == '?' ? 1 : -1;

    if (*pattern->at == '{') {
        if (!read_count(&at, &minimum))
            return refuse(pattern, "a count of at most 1000, as in {2,5},");
        maximum = minimum;
        if (*at == ',') {
            at++;
            maximum = -1;
            if (*at != '}' && (!read_count(&at, &maximum) || maximum < minimum))
                return refuse(pattern, "a count of at most 1000, as in {2,5},");
        }
        if (*at++ != '}')
            return refuse(pattern, "'}' behind the count");
    }
    at += *at == '?'; /* lazy */
    pattern->at = at;
    if (*at == '+' || *at == '*' || *at == '?' || *at == '{')
        return refuse(pattern, "one quantifier only");
    return repeat(pattern, from, minimum, maximum);
}

/* Letters and digits behind a backslash mean much in Java, of which this is known here. */
static bool is_escapable(char c)
{
    bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

    return c != '\0' && (!alphanumeric || strchr("dDwWsSntr", c) != NULL);
}

static enum status parse_class(struct pattern *pattern)
{
    const char *from = pattern->at + 1;
    const char *at = from;
    enum status status;

    at += *at == '^';
    if (*at == ']')
        return refuse(pattern, "a class that is not empty");
    for (; *at != ']'; at++) {
        bool escaped = *at == '\\';

        at += escaped;
        if (*at == '\0')
            return refuse(pattern, "']' at the end of the class");
        if (escaped ? !is_escapable(*at) : at[0] == '[' || (at[0] == '&' && at[1] == '&'))
            return refuse(pattern, "a class of characters, ranges and \\d \\w \\s \\n \\t \\r");
    }
    status = add_step(pattern, STEP_CLASS);
    if (status == STATUS_OK) {
        pattern->steps[pattern->count - 1].class_at = from;
        pattern->at = at + 1;
    }
    return status;
}

static enum status parse_alternatives(struct pattern *pattern);

static enum status parse_group(struct pattern *pattern)
{
    enum status status;

    if (++pattern->depth > PATTERN_DEPTH_MAX)
        return refuse(pattern, "at most 30 groups in each other");
    pattern->at++;
    if (strncmp(pattern->at, "?:", 2) == 0)
        pattern->at += 2;
    else if (*pattern->at == '?')
        return refuse(pattern, "a plain group");
    status = parse_alternatives(pattern);
    if (status == STATUS_OK && *pattern->at != ')')
        return refuse(pattern, "')'");
    pattern->at++;
    pattern->depth--;
    return status;
}

static enum status parse_escape(struct pattern *pattern)
{
    char letter = pattern->at[1];
    bool is_class = pattern_is_class_letter(letter);
    struct pattern_step *step;
    enum status status;

    if (!is_escapable(letter))
        return refuse(pattern, "one of \\d \\w \\s \\D \\W \\S \\n \\t \\r or an escaped sign");
    status = add_step(pattern, is_class ? STEP_LETTER_CLASS : STEP_CHARACTER);
    if (status != STATUS_OK)
        return status;
    step = &pattern->steps[pattern->count - 1];
    if (!is_class) {
        step->character = pattern_read_escaped(&pattern->at);
        return STATUS_OK;
    }
    step->character = (uint32_t)letter;
    pattern->at += 2;
    return STATUS_OK;
}

static enum status parse_item(struct pattern *pattern)
{
    enum step_kind kind = STEP_CHARACTER;
    enum status status;

    switch (*pattern->at) {
    case '(':
        return parse_group(pattern);
    case '[':
        return parse_class(pattern);
    case '\\':
        return parse_escape(pattern);
    case '*':
    case '+':
    case '?':
    case '{':
        return refuse(pattern, "an item in front of the quantifier");
    case '.':
        kind = STEP_ANY;
        break;
    case '^':
        kind = STEP_BEGIN;
        break;
    case '$':
        kind = STEP_END;
        break;
    default:
        break;
    }
    status = add_step(pattern, kind);
    if (status == STATUS_OK)
        pattern->steps[pattern->count - 1].character = pattern_read_character(&pattern->at);
    return status;
}

static enum status parse_sequence(struct pattern *pattern)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && *pattern->at != '\0' && *pattern->at != '|' &&
           *pattern->at != ')') {
        uint32_t from = pattern->count;

        status = parse_item(pattern);
        if (status == STATUS_OK && *pattern->at != '\0' && strchr("*+?{", *pattern->at) != NULL)
            status = parse_quantifier(pattern, from);
    }
    return status;
}

/* a|b|c: each but the last gets a fork in front and a jump to the end behind. */
static enum status parse_alternatives(struct pattern *pattern)
{
    uint32_t jumps[PATTERN_BYTES_MAX];
    uint32_t count = 0;
    enum status status;

    for (;;) {
        uint32_t from = pattern->count;

        status = parse_sequence(pattern);
        if (status != STATUS_OK || *pattern->at != '|')
            break;
        pattern->at++;
        status = insert_step(pattern, from, STEP_FORK);
        if (status == STATUS_OK)
            status = add_step(pattern, STEP_JUMP);
        if (status != STATUS_OK)
            return status;
        pattern->steps[from].other = (int32_t)(pattern->count - from);
        jumps[count++] = pattern->count - 1;
    }
    for (uint32_t i = 0; i < count; i++)
        pattern->steps[jumps[i]].forward = (int32_t)(pattern->count - jumps[i]);
    return status;
}

enum status pattern_compile(struct pattern *pattern)
{
    enum status status;

    if (strlen(pattern->begin) > PATTERN_BYTES_MAX)
        return refuse(pattern, "at most 500 bytes");
    status = parse_alternatives(pattern);
    if (status == STATUS_OK && *pattern->at != '\0')
        status = refuse(pattern, "no ')' without its '('");
    if (status == STATUS_OK)
        pattern->steps[pattern->count++] = (struct pattern_step){.kind = STEP_MATCH};
    return status;
}
