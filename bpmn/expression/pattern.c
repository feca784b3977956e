/* Regular expressions for `text.matches('…')`: a subset of Java's, run as a set of states that
 * moves along the text, so that no pattern and no text can make it slow. (Backtracking, as most
 * libraries do it, takes forever on `(a+)+b`.)
 *
 * Known: plain characters, `.`, classes with ranges, \d \w \s and their opposites, groups, `|`, and
 * * + ? {n} {n,} {n,m} behind an item; lazy quantifiers mean the same, as all of the text has to
 * match. Everything else of Java's is refused. */
#include "bpmn/expression/private.h"

#include <string.h>

enum {
    PATTERN_BYTES_MAX = 500,
    PATTERN_DEPTH_MAX = 30,
    PATTERN_STEPS_MAX = 1000,            /* of the compiled pattern */
    PATTERN_WORK_MAX = 20 * 1000 * 1000, /* looks at a step or a part of a class */
    PATTERN_REPEAT_MAX = 1000,
};

enum step_kind {
    STEP_CHARACTER,
    STEP_ANY,
    STEP_CLASS,
    STEP_LETTER_CLASS,
    STEP_FORK,
    STEP_JUMP,
    STEP_BEGIN,
    STEP_END,
    STEP_MATCH
};

struct pattern_step {
    enum step_kind kind;
    uint32_t character;   /* of STEP_CHARACTER; the letter of STEP_LETTER_CLASS */
    const char *class_at; /* of STEP_CLASS, behind '[' */
    int32_t forward;      /* where a fork or jump goes, counted from itself */
    int32_t other;        /* the fork's other way */
};

struct pattern {
    const char *begin;
    const char *at;
    struct pattern_step steps[PATTERN_STEPS_MAX];
    uint32_t count;
    unsigned depth;
    int64_t work;
    struct error *error;
    /* sets of states: the current one, the next, and who is in the one that is built */
    uint16_t now[PATTERN_STEPS_MAX];
    uint16_t next[PATTERN_STEPS_MAX];
    uint16_t stack[PATTERN_STEPS_MAX + 1];
    uint32_t mark[PATTERN_STEPS_MAX];
    uint32_t generation;
};

static enum status refuse(struct pattern *pattern, const char *expected)
{
    return error_set(pattern->error, STATUS_FAILED,
                     "Expected %s at byte %zu of the pattern '%.*s'.", expected,
                     (size_t)(pattern->at - pattern->begin) + 1, excerpt_length(pattern->begin, 80),
                     pattern->begin);
}

/* ---- characters and classes ---- */

/* The next character; broken UTF-8 counts byte by byte. */
static uint32_t read_character(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    uint32_t character = bytes[0];
    int more = character >= 0xF0 ? 3 : character >= 0xE0 ? 2 : character >= 0xC0 ? 1 : 0;

    if (more > 0)
        character &= 0x3FU >> more;
    (*at)++;
    for (; more > 0 && ((unsigned char)**at & 0xC0) == 0x80; more--)
        character = character << 6 | ((unsigned char)*(*at)++ & 0x3FU);
    return character;
}

static bool is_class_letter(char c)
{
    return c != '\0' && strchr("dDwWsS", c) != NULL;
}

static bool is_in_letter_class(char letter, uint32_t c)
{
    bool digit = c >= '0' && c <= '9';
    bool word = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    bool blank = c == ' ' || (c >= '\t' && c <= '\r');

    switch (letter) {
    case 'd':
        return digit;
    case 'D':
        return !digit;
    case 'w':
        return word;
    case 'W':
        return !word;
    case 's':
        return blank;
    default:
        return !blank;
    }
}

/* A character of a class or of the pattern itself; `\n`, `\t` and `\r` as everywhere. */
static uint32_t read_escaped(const char **at)
{
    if (**at != '\\')
        return read_character(at);
    (*at)++;
    switch (**at) {
    case 'n':
        (*at)++;
        return '\n';
    case 't':
        (*at)++;
        return '\t';
    case 'r':
        (*at)++;
        return '\r';
    default:
        return read_character(at);
    }
}

/* `at` is behind '[' of a class that parsing has found right. */
static bool is_in_class(struct pattern *pattern, const char *at, uint32_t character)
{
    bool negated = at[0] == '^';
    bool found = false;

    at += negated;
    do {
        uint32_t low;
        uint32_t high;

        pattern->work--;
        if (at[0] == '\\' && is_class_letter(at[1])) {
            found = found || is_in_letter_class(at[1], character);
            at += 2;
            continue;
        }
        low = read_escaped(&at);
        high = low;
        if (at[0] == '-' && at[1] != ']') {
            at++;
            high = read_escaped(&at);
        }
        found = found || (character >= low && character <= high);
    } while (*at != ']');
    return found != negated;
}

/* ---- compiling ---- */

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
    bool is_class = is_class_letter(letter);
    struct pattern_step *step;
    enum status status;

    if (!is_escapable(letter))
        return refuse(pattern, "one of \\d \\w \\s \\D \\W \\S \\n \\t \\r or an escaped sign");
    status = add_step(pattern, is_class ? STEP_LETTER_CLASS : STEP_CHARACTER);
    if (status != STATUS_OK)
        return status;
    step = &pattern->steps[pattern->count - 1];
    if (!is_class) {
        step->character = read_escaped(&pattern->at);
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
        pattern->steps[pattern->count - 1].character = read_character(&pattern->at);
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

/* ---- running ---- */

/* Adds a state and all that are reached from it without reading a character. */
static uint32_t add_state(struct pattern *pattern, uint16_t *states, uint32_t count, uint32_t state,
                          bool at_begin, bool at_end)
{
    uint32_t height = 0;

    pattern->stack[height++] = (uint16_t)state;
    while (height > 0) {
        uint16_t top = pattern->stack[--height];
        const struct pattern_step *step = &pattern->steps[top];

        pattern->work--;
        if (pattern->mark[top] == pattern->generation)
            continue;
        pattern->mark[top] = pattern->generation;
        switch (step->kind) {
        case STEP_FORK:
            INVARIANT(height + 2 <= COUNT_OF(pattern->stack));
            pattern->stack[height++] = (uint16_t)(top + step->other);
            pattern->stack[height++] = (uint16_t)(top + step->forward);
            break;
        case STEP_JUMP:
            pattern->stack[height++] = (uint16_t)(top + step->forward);
            break;
        case STEP_BEGIN:
        case STEP_END:
            if (step->kind == STEP_BEGIN ? at_begin : at_end)
                pattern->stack[height++] = (uint16_t)(top + 1);
            break;
        default:
            states[count++] = top;
            break;
        }
    }
    return count;
}

static bool takes(struct pattern *pattern, const struct pattern_step *step, uint32_t character)
{
    switch (step->kind) {
    case STEP_CHARACTER:
        return step->character == character;
    case STEP_ANY:
        return character != '\n' && character != '\r';
    case STEP_LETTER_CLASS:
        return is_in_letter_class((char)step->character, character);
    case STEP_CLASS:
        return is_in_class(pattern, step->class_at, character);
    default:
        return false;
    }
}

static bool run(struct pattern *pattern, const char *text)
{
    uint32_t count;

    pattern->generation = 1;
    count = add_state(pattern, pattern->now, 0, 0, true, *text == '\0');
    while (*text != '\0' && count > 0 && pattern->work > 0) {
        uint32_t character = read_character(&text);
        uint32_t next_count = 0;

        pattern->generation++;
        for (uint32_t i = 0; i < count; i++) {
            if (takes(pattern, &pattern->steps[pattern->now[i]], character))
                next_count = add_state(pattern, pattern->next, next_count, pattern->now[i] + 1U,
                                       false, *text == '\0');
        }
        memcpy(pattern->now, pattern->next, next_count * sizeof(pattern->now[0]));
        count = next_count;
    }
    for (uint32_t i = 0; i < count && *text == '\0'; i++) {
        if (pattern->steps[pattern->now[i]].kind == STEP_MATCH)
            return true;
    }
    return false;
}

enum status pattern_matches(struct evaluation *evaluation, const char *text_of_pattern,
                            const char *text, bool *ret_matches)
{
    struct pattern *pattern;
    char *room;
    bool matches;
    enum status status = evaluation_room(evaluation, sizeof(*pattern), &room);

    if (status != STATUS_OK)
        return status;
    pattern = (struct pattern *)(void *)room;
    pattern->begin = text_of_pattern;
    pattern->at = text_of_pattern;
    pattern->work = PATTERN_WORK_MAX;
    pattern->error = evaluation->error;
    if (strlen(text_of_pattern) > PATTERN_BYTES_MAX)
        return refuse(pattern, "at most 500 bytes");
    status = parse_alternatives(pattern);
    if (status == STATUS_OK && *pattern->at != '\0')
        status = refuse(pattern, "no ')' without its '('");
    if (status != STATUS_OK)
        return status;
    pattern->steps[pattern->count++] = (struct pattern_step){.kind = STEP_MATCH};
    matches = run(pattern, text);
    if (pattern->work <= 0)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a shorter text for the pattern '%.*s': matching takes too long.",
                         excerpt_length(text_of_pattern, 80), text_of_pattern);
    *ret_matches = matches;
    return STATUS_OK;
}
