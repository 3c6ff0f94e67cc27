/* IP addresses and networks, version 4 and 6. An IPv4-mapped IPv6 address is its IPv4 address. */
#pragma once

#include <glib.h>

typedef struct {
  guint8 bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
} IpAddress;

typedef struct {
  IpAddress address; /* host bits are zero */
  guint8 bits;       /* 0…128, over the 16-byte form */
} Cidr;

#define CIDR_TEXT_BYTES 64

/* "192.0.2.7", "2001:db8::1"; no zone, no port. */
gboolean cidr_address_parse(const char *text, IpAddress *address);
char *cidr_address_format(const IpAddress *address, char text[CIDR_TEXT_BYTES]);
/* How many of its first bytes tell one client from another: an IPv6 network of 64 bits is one household or host, which may take any address
 * in it. */
gsize cidr_address_client_bytes(const IpAddress *address);
/* "192.0.2.0/24", or an address alone for itself. Host bits that are set are refused, with *why. */
gboolean cidr_parse(const char *text, Cidr *cidr, const char **why);
char *cidr_format(const Cidr *cidr, char text[CIDR_TEXT_BYTES]);
gboolean cidr_contains(const Cidr *cidr, const IpAddress *address);
/* TRUE when any of n contains it. */
gboolean cidr_any_contains(const Cidr *cidrs, gsize n, const IpAddress *address);
/* FALSE for loopback, private, link-local, shared, reserved, documentation, multicast and translated networks (the IANA special-purpose
 * registries): what a URL that somebody else named must never reach. */
gboolean cidr_address_public(const IpAddress *address);
