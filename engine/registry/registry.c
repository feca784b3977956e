/* See registry.h. A handful of modules with a handful of handlers: plain loops are enough. */
#include "engine/registry/registry.h"

#include <string.h>

const struct module_handler *registry_handler(const struct registry *registry, const char *topic,
                                              const struct module **ret_module)
{
    for (uint32_t m = 0; m < registry->module_count; m++) {
        const struct module *module = registry->modules[m];

        for (uint32_t h = 0; h < module->handler_count; h++) {
            if (strcmp(module->handlers[h].topic, topic) != 0)
                continue;
            if (ret_module != NULL)
                *ret_module = module;
            return &module->handlers[h];
        }
    }
    return NULL;
}

const char *registry_attribution(const struct module *module, const char *topic)
{
    for (uint32_t i = 0; i < module->attribution_count; i++) {
        if (strcmp(module->attributions[i].topic, topic) == 0)
            return module->attributions[i].column;
    }
    return NULL;
}

const struct module_subject_type *registry_subject_type(const struct registry *registry,
                                                        const char *type,
                                                        const struct module **ret_module)
{
    for (uint32_t m = 0; m < registry->module_count; m++) {
        const struct module *module = registry->modules[m];

        for (uint32_t i = 0; i < module->subject_count; i++) {
            if (strcmp(module->subjects[i].type, type) != 0)
                continue;
            *ret_module = module;
            return &module->subjects[i];
        }
    }
    return NULL;
}

static bool listens_to(const struct module_listener *listener, const char *event_type)
{
    for (const char *const *type = listener->event_types; *type != NULL; type++) {
        if (strcmp(*type, event_type) == 0)
            return true;
    }
    return false;
}

const struct module_listener *registry_listener_at(const struct registry *registry, uint32_t index,
                                                   const struct module **ret_module)
{
    for (uint32_t m = 0; m < registry->module_count; m++) {
        const struct module *module = registry->modules[m];

        if (index < module->listener_count) {
            if (ret_module != NULL)
                *ret_module = module;
            return &module->listeners[index];
        }
        index -= module->listener_count;
    }
    return NULL;
}

const struct module_listener *registry_listener(const struct registry *registry,
                                                const char *event_type, uint32_t index)
{
    const struct module_listener *listener;

    for (uint32_t i = 0; (listener = registry_listener_at(registry, i, NULL)) != NULL; i++) {
        if (!listens_to(listener, event_type))
            continue;
        if (index == 0)
            return listener;
        index--;
    }
    return NULL;
}
