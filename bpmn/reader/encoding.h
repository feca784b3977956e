/* Which bytes a file is made of, settled before anything looks at them. Private to this folder. */
#ifndef SYNERGYFLOW_READER_ENCODING_H
#define SYNERGYFLOW_READER_ENCODING_H

#include "bpmn/base/status.h"
#include "bpmn/base/text.h"

/* UTF-16 (by its byte order mark or its first bytes) is converted to UTF-8 into `converted`, and
 * *ret_encoding is then "UTF-8"; so are files of UTF-8 that say UTF-16. Other files are left as
 * they are. STATUS_INVALID for files that are no XML by their first byte, and for encodings in
 * which '<' is not the byte of ASCII: those could hide from scan_limits() what the parser sees. The
 * caller deinits `converted`. */
MUST_CHECK enum status encoding_convert(const char *bytes, size_t length, struct text *converted,
                                        const char **ret_encoding, struct error *ret_error);

#endif
