/* Regular expressions for `text.matches('…')`: a subset of Java's, run as a set of states that
 * moves along the text, so that no pattern and no text can make it slow. (Backtracking, as most
 * libraries do it, takes forever on `(a+)+b`.)
 *
 * Known: plain characters, `.`, classes with ranges, \d \w \s and their opposites, groups, `|`, and
 * * + ? {n} {n,} {n,m} behind an item; lazy quantifiers mean the same, as all of the text has to
 * match. Everything else of Java's is refused. */
#include "bpmn/expression/pattern.h"

#include <string.h>

/* ---- characters and classes ---- */

/* The next character; broken UTF-8 counts byte by byte. */
uint32_t pattern_read_character(const char **at)
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

bool pattern_is_class_letter(char c)
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
uint32_t pattern_read_escaped(const char **at)
{
    if (**at != '\\')
        return pattern_read_character(at);
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
        return pattern_read_character(at);
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
        if (at[0] == '\\' && pattern_is_class_letter(at[1])) {
            found = found || is_in_letter_class(at[1], character);
            at += 2;
            continue;
        }
        low = pattern_read_escaped(&at);
        high = low;
        if (at[0] == '-' && at[1] != ']') {
            at++;
            high = pattern_read_escaped(&at);
        }
        found = found || (character >= low && character <= high);
    } while (*at != ']');
    return found != negated;
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
        uint32_t character = pattern_read_character(&text);
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
    status = pattern_compile(pattern);
    if (status != STATUS_OK)
        return status;
    matches = run(pattern, text);
    if (pattern->work <= 0)
        return error_set(evaluation->error, STATUS_FAILED,
                         "Expected a shorter text for the pattern '%.*s': matching takes too long.",
                         excerpt_length(text_of_pattern, 80), text_of_pattern);
    *ret_matches = matches;
    return STATUS_OK;
}
