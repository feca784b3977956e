/* Flyway's checksum of a migration. It runs a CRC-32 over the text line by line, without the ends
 * of the lines and without one byte order mark, and keeps the 32 bits as a signed number. */
#include "engine/migrate/migrate.h"

#include "bpmn/base/text.h"

#include <string.h>
#include <zlib.h>

bool migrate_checksum(const char *bytes, size_t length, int32_t *ret_checksum)
{
    uLong crc = crc32(0, NULL, 0);
    uint32_t bits;
    size_t start = 0;

    if (!text_is_utf8(bytes, length))
        return false;
    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        start = 3;
    for (size_t i = start; i <= length; i++) {
        if (i == length || bytes[i] == '\n' || bytes[i] == '\r') {
            if (i > start)
                crc = crc32_z(crc, (const Bytef *)bytes + start, i - start);
            start = i + 1;
        }
    }
    bits = (uint32_t)crc;
    memcpy(ret_checksum, &bits, sizeof(bits));
    return true;
}
