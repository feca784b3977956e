/* See address.h. */
#include "engine/webhook/address.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static bool is_private_v4(uint32_t ip)
{
    static const struct {
        uint32_t network;
        uint32_t bits;
    } networks[] = {{0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},
                    {0xA9FE0000, 16}, {0xAC100000, 12}, {0xC0000000, 24}, {0xC0A80000, 16},
                    {0xC6120000, 15}, {0xE0000000, 3}};

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (ip >> (32 - networks[i].bits) == networks[i].network >> (32 - networks[i].bits))
            return true;
    }
    return false;
}

static bool is_private_v6(const struct in6_addr *address)
{
    const uint8_t *bytes = address->s6_addr;
    uint32_t inner = (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 |
                     (uint32_t)bytes[14] << 8 | bytes[15];
    static const uint8_t zeros[12];
    static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};

    if (IN6_IS_ADDR_V4MAPPED(address) || memcmp(bytes, nat64, sizeof(nat64)) == 0)
        return is_private_v4(inner);
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
        return is_private_v4((uint32_t)bytes[2] << 24 | (uint32_t)bytes[3] << 16 |
                             (uint32_t)bytes[4] << 8 | bytes[5]);
    return memcmp(bytes, zeros, sizeof(zeros)) == 0 ||        /* ::, ::1, IPv4-compatible */
           (bytes[0] & 0xFE) == 0xFC ||                       /* unique local */
           (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) || /* link-local */
           (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0xC0) || /* site-local */
           bytes[0] == 0xFF;                                  /* multicast */
}

bool webhook_address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, address, sizeof(v4));
        return is_private_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, address, sizeof(v6));
        return is_private_v6(&v6.sin6_addr);
    }
    return true;
}
