/* What the files of operations share. */
#ifndef SYNERGYFLOW_MODULE_OPERATION_PRIVATE_H
#define SYNERGYFLOW_MODULE_OPERATION_PRIVATE_H

#include "engine/module/operation.h"

/* STATUS_INVALID names the field. */
MUST_CHECK enum status operation_field_check(const struct operation_field *field,
                                             const json_t *input, struct error *ret_error);
/* The next parameter of `call`, an array of the field's type. */
struct pg_array *operation_field_array(const struct operation_field *field, struct pg_call *call);
/* Appends the call's value, which has been checked. */
void operation_field_add(const struct operation_field *field, const struct module_call *call,
                         struct pg_array *array);

#endif
