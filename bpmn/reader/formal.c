/* Expressions of the file: parsed once, with the language that the file says they are in. */
#include "bpmn/reader/draft.h"

#include <string.h>
#include <strings.h>

const struct expression *draft_expression(struct draft *draft, const char *text,
                                          enum expression_mode mode, const char *what,
                                          const char *id, const xmlNode *node)
{
    const struct expression *expression = NULL;
    struct error error = {0};

    if (text == NULL)
        return NULL;
    if (expression_parse(draft->arena, text, mode, &expression, &error) == STATUS_OK)
        return expression;
    finding_add(draft->findings, BPMN_ERROR, "expression-syntax", id, node, "In the %s: %s", what,
                error.message);
    return NULL;
}

bool expression_can_parse(struct draft *draft, const char *text)
{
    const struct expression *expression;
    struct error error = {0};

    return expression_parse(draft->arena, text, EXPRESSION_CONDITION, &expression, &error) ==
           STATUS_OK;
}

bool is_juel(const char *language)
{
    static const char *const names[] = {"juel", "uel", "expression", "el"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcasecmp(language, names[i]) == 0)
            return true;
    }
    return false;
}

static bool is_script(const char *language)
{
    return strcasestr(language, "javascript") != NULL || strcasestr(language, "ecmascript") != NULL;
}

/* `===` and `!==` outside of texts as `==` and `!=`: what most conditions in JavaScript need to be
 * JUEL. */
static const char *script_as_juel(struct draft *draft, const char *text)
{
    char *juel = arena_copy(draft->arena, text);
    char *to = juel;
    char quote = 0;

    for (const char *from = text; *from != '\0'; from++) {
        *to++ = *from;
        if (quote != 0) {
            if (*from == '\\' && from[1] != '\0')
                *to++ = *++from;
            else if (*from == quote)
                quote = 0;
        } else if (*from == '"' || *from == '\'') {
            quote = *from;
        } else if ((*from == '=' || *from == '!') && strncmp(from + 1, "==", 2) == 0) {
            *to++ = '=';
            from += 2;
        }
    }
    *to = '\0';
    return juel;
}

const struct expression *draft_formal(struct draft *draft, const xmlNode *node, const char *what,
                                      const char *id)
{
    const char *language = xml_attribute(draft->arena, node, "language");
    const char *text = xml_text(draft->arena, node);

    if (text == NULL)
        return NULL;
    if (language == NULL || language[0] == '\0' || is_juel(language))
        return draft_expression(draft, text, EXPRESSION_CONDITION, what, id, node);
    if (is_script(language))
        text = script_as_juel(draft, text);
    if (!expression_can_parse(draft, text)) {
        finding_add(draft->findings, BPMN_ERROR, "condition-language", id, node,
                    "Expected the %s in JUEL but found the language '%.100s', and the text is no "
                    "expression of JUEL.",
                    what, language);
        return NULL;
    }
    if (!is_script(language))
        finding_add(draft->findings, BPMN_WARNING, "expression-language", id, node,
                    "The %s is evaluated as JUEL, not as '%.100s'.", what, language);
    return draft_expression(draft, text, EXPRESSION_CONDITION, what, id, node);
}
