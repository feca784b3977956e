/* The route table as a tree of path segments. A literal segment wins over {name}, and {name} over
 * {name...}; when the favourite leads nowhere for the method, the next one is tried. */
#include "engine/http/internal.h"

#include "bpmn/base/memory.h"

#include <string.h>

struct node {
    const char *literal; /* of the pattern; not NUL-terminated */
    size_t length;
    struct node *sibling;
    struct node *children; /* literal segments */
    struct node *parameter;
    struct http_handler ends[HTTP_METHODS];
    struct http_handler rests[HTTP_METHODS]; /* {name...} below this node */
};

struct router {
    struct node root;
    const struct http_route **routes;
    uint32_t count;
    uint32_t capacity;
};

struct router *router_new(void)
{
    return memory_zero(1, sizeof(struct router));
}

static void free_below(struct node *node)
{
    struct node *child = node->children;

    while (child != NULL) {
        struct node *next = child->sibling;

        free_below(child);
        memory_free(child);
        child = next;
    }
    if (node->parameter != NULL)
        free_below(node->parameter);
    memory_free(node->parameter);
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    free_below(&router->root);
    memory_free(router->routes);
    memory_free(router);
}

static struct node *literal_child(struct node *node, const char *text, size_t length)
{
    struct node *child = node->children;

    while (child != NULL && (child->length != length || memcmp(child->literal, text, length) != 0))
        child = child->sibling;
    return child;
}

/* The node of the next pattern segment, made when it is new. */
static struct node *descend(struct node *node, const char *segment, size_t length)
{
    struct node *child;

    if (length > 2 && segment[0] == '{' && segment[length - 1] == '}') {
        if (node->parameter == NULL)
            node->parameter = memory_zero(1, sizeof(struct node));
        return node->parameter;
    }
    child = literal_child(node, segment, length);
    if (child != NULL)
        return child;
    child = memory_zero(1, sizeof(*child));
    child->literal = segment;
    child->length = length;
    child->sibling = node->children;
    node->children = child;
    return child;
}

void router_add(struct router *router, const struct http_route *route, void *context)
{
    struct node *node = &router->root;
    struct http_handler *place = NULL;
    const char *at = route->pattern;

    PRE(at[0] == '/' && (unsigned)route->method < HTTP_METHODS && route->handle != NULL);
    while (place == NULL) {
        const char *segment = at + 1;
        size_t length = strcspn(segment, "/");

        at = segment + length;
        if (length > 5 && segment[0] == '{' && memcmp(at - 4, "...}", 4) == 0) {
            PRE(*at == '\0');
            place = &node->rests[route->method];
        } else {
            node = descend(node, segment, length);
            if (*at == '\0')
                place = &node->ends[route->method];
        }
    }
    /* Two routes of one method and path would hide each other. */
    PRE(place->route == NULL);
    *place = (struct http_handler){.route = route, .context = context};
    if (router->count == router->capacity) {
        router->capacity = router->capacity > 0 ? 2 * router->capacity : 64;
        router->routes = memory_resize(router->routes, router->capacity * sizeof(*router->routes));
    }
    router->routes[router->count++] = route;
}

const struct http_route *router_route_at(const struct router *router, uint32_t index)
{
    return index < router->count ? router->routes[index] : NULL;
}

static bool take_method(const struct http_handler handlers[HTTP_METHODS],
                        struct http_request *request)
{
    if (handlers[request->method].route != NULL) {
        request->handler = handlers[request->method];
        return true;
    }
    for (int method = 0; method < HTTP_METHODS; method++) {
        if (handlers[method].route != NULL)
            request->allowed_methods |= 1U << method;
    }
    return false;
}

/* The recursion is as deep as the table's longest pattern. */
static bool find(struct node *node, struct http_request *request, uint32_t depth)
{
    const struct http_segment *segment;
    struct node *child;

    if (depth == request->segment_count)
        return take_method(node->ends, request);
    if (depth == HTTP_SEGMENTS_MAX)
        return false;
    segment = &request->segments[depth];
    child = literal_child(node, segment->text, segment->length);
    if (child != NULL && find(child, request, depth + 1))
        return true;
    if (node->parameter != NULL && segment->length > 0 && find(node->parameter, request, depth + 1))
        return true;
    return take_method(node->rests, request);
}

bool router_find(const struct router *router, struct http_request *request)
{
    request->allowed_methods = 0;
    return find((struct node *)(uintptr_t)&router->root, request, 0);
}
