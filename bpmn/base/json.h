/* JSON as text, with numbers in the shortest decimal form that reads back as the same number.
 *
 * jansson prints reals with 17 digits: 0.3 becomes 0.29999999999999999. What people and other
 * programs read (the store, the API, texts that expressions build) is written here instead. */
#ifndef SYNERGYFLOW_BASE_JSON_H
#define SYNERGYFLOW_BASE_JSON_H

#include "bpmn/base/text.h"

#include <jansson.h>
#include <stdint.h>

enum {
    JSON_DEPTH_MAX = 2048,  /* as deep as jansson reads */
    JSON_NUMBER_BYTES = 32, /* of a number as text, with its NUL */
};

/* Appends `json`, a value of any kind, in compact form: members in the order they were added,
 * texts as UTF-8. False, and `out` as it was, when it is nested deeper than JSON_DEPTH_MAX. */
MUST_CHECK bool json_write(struct text *out, const json_t *json);

/* The shortest digits that read back as `real` (finite): its size is digits * 10^exponent. */
uint64_t json_real_digits(double real, int *ret_exponent);
/* The finite `real` as JSON writes it, always with a sign of being real: 0.3, 2.0, 1e+22, 1.5e-7.
 * Returns the length. */
size_t json_format_real(double real, char ret_text[JSON_NUMBER_BYTES]);
size_t json_format_integer(int64_t integer, char ret_text[JSON_NUMBER_BYTES]);

#endif
