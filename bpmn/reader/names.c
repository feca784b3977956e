/* The ids of a file, gathered before anything is read: references go forward and backward. */
#include "bpmn/reader/draft.h"

#include <string.h>

struct named *name_find(struct named *names, const char *id)
{
    struct named *found = NULL;

    if (id != NULL)
        HASH_FIND_STR(names, id, found);
    return found;
}

/* Flow elements, root elements and the like: what others refer to. The ids of their parts are
 * gathered too, but a tool that repeats one of those does no harm. */
static bool is_whole(const xmlNode *node)
{
    static const char *const parents[] = {"definitions", "process",         "subProcess",
                                          "transaction", "adHocSubProcess", "collaboration"};

    for (size_t i = 0; i < COUNT_OF(parents); i++) {
        if (xml_is(node->parent, parents[i]))
            return true;
    }
    return false;
}

static void collect(struct draft *draft, const xmlNode *node)
{
    const char *id = xml_attribute(draft->arena, node, "id");
    struct named *named = name_find(*draft->names, id);

    if (id == NULL || id[0] == '\0' || xml_is(node, "definitions"))
        return;
    if (named == NULL) {
        named = arena_alloc(draft->arena, sizeof(*named));
        named->id = id;
        named->node = node;
        HASH_ADD_KEYPTR(hh, *draft->names, named->id, strlen(named->id), named);
    } else if (is_whole(node) && is_whole(named->node)) {
        finding_add(draft->findings, BPMN_ERROR, "duplicate-id", id, node,
                    "Expected ids to be unique but '%.100s' is also the id of the element in line "
                    "%d.",
                    id, xml_line(named->node));
    } else if (is_whole(node)) {
        named->node = node;
    }
}

void names_collect(struct draft *draft, const xmlNode *root)
{
    for (const xmlNode *node = root; node != NULL; node = xml_following(root, node)) {
        if (xml_is_bpmn(node))
            collect(draft, node);
    }
}

const char *name_local(const char *reference)
{
    const char *colon = reference != NULL ? strrchr(reference, ':') : NULL;

    return colon != NULL ? colon + 1 : reference;
}

struct named *name_refer(struct draft *draft, const char *reference)
{
    struct named *named = name_find(*draft->names, name_local(reference));

    if (named != NULL)
        named->is_used = true;
    return named;
}

const xmlNode *name_node(struct draft *draft, const char *reference, const char *local_name)
{
    const struct named *named = name_refer(draft, reference);

    return named != NULL && xml_is(named->node, local_name) ? named->node : NULL;
}

bool draft_is_full(const struct draft *draft)
{
    return arena_over_limit(draft->arena);
}

enum { SHARED_WORK_MAX = 5 * 1000 * 1000 };

bool draft_share(struct draft *draft, const xmlNode *node)
{
    uint32_t *work = &draft->file->shared_work;

    if (*work > SHARED_WORK_MAX)
        return false;
    for (const xmlNode *inside = node; inside != NULL && *work <= SHARED_WORK_MAX;
         inside = xml_following(node, inside)) {
        ++*work;
        for (const xmlAttr *attribute = inside->properties; attribute != NULL;
             attribute = attribute->next)
            ++*work;
    }
    if (*work <= SHARED_WORK_MAX)
        return true;
    finding_add(draft->findings, BPMN_ERROR, "too-many-elements", "", node,
                "Expected fewer references to large definitions, operations and global tasks: this "
                "one is repeated too often.");
    return false;
}

const xmlNode *name_shared(struct draft *draft, const char *reference, const char *local_name)
{
    const xmlNode *node = name_node(draft, reference, local_name);

    return node != NULL && draft_share(draft, node) ? node : NULL;
}

struct draft_element *draft_find(struct draft *draft, const char *id)
{
    const struct named *named = name_find(*draft->names, id);

    return named != NULL && named->is_element && named->process == draft->process
               ? &draft->elements[named->index]
               : NULL;
}

bool draft_is_refused(const struct draft *draft, const char *id)
{
    const struct named *named = name_find(*draft->names, id);

    return named != NULL && named->is_refused;
}
