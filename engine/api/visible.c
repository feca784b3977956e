/* The variables that a task or a job sees: the root's, then those of the scopes around it. */
#include "engine/api/internal.h"

json_t *api_visible_variables(const struct api_row *row, uint32_t root, uint32_t scopes)
{
    json_t *variables = row_json(row, root);
    json_t *chain = row_json(row, scopes);
    size_t i;
    json_t *inner;

    if (variables == NULL)
        variables = json_object();
    json_array_foreach (chain, i, inner)
        (void)json_object_update(variables, inner);
    json_decref(chain);
    return variables;
}
