/* Which addresses a webhook may go to: requests that others can cause must not reach what only this
 * machine or its network can (server-side request forgery). */
#ifndef SYNERGYFLOW_WEBHOOK_ADDRESS_H
#define SYNERGYFLOW_WEBHOOK_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, private (RFC 1918, 4193), link-local, shared (RFC 6598), unspecified, multicast, and
 * the same inside of IPv6. Everything that is no IP address counts as private. */
bool webhook_address_is_private(const struct sockaddr *address);

#endif
