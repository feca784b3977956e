/* The ids of a file. */
#include "bpmn/reader/draft.h"

#include <string.h>

struct named *name_find(struct named *names, const char *id)
{
    struct named *found = NULL;

    if (id != NULL)
        HASH_FIND_STR(names, id, found);
    return found;
}

bool name_add(struct draft *draft, const char *id, const xmlNode *node, struct named **ret_named)
{
    struct named *named = name_find(*draft->names, id);

    if (named != NULL) {
        finding_add(draft->findings, BPMN_ERROR, "duplicate-id", id, node,
                    "Expected ids to be unique but '%.100s' is also the id of the element in line "
                    "%d.",
                    id, xml_line(named->node));
        return false;
    }
    named = arena_alloc(draft->arena, sizeof(*named));
    named->id = id;
    named->node = node;
    named->process = draft->process;
    HASH_ADD_KEYPTR(hh, *draft->names, named->id, strlen(named->id), named);
    *ret_named = named;
    return true;
}

const char *name_local(const char *reference)
{
    const char *colon = reference != NULL ? strrchr(reference, ':') : NULL;

    return colon != NULL ? colon + 1 : reference;
}
