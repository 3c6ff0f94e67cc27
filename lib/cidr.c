#include "lib/cidr.h"

#include <arpa/inet.h>
#include <string.h>

#define BITS 128
#define NETWORK_BYTES 8
#define IPV4_OFFSET 12 /* bytes before the IPv4 address in its mapped form, RFC 4291 §2.5.5.2 */
#define IPV4_OFFSET_BITS 96

static const guint8 mapped[IPV4_OFFSET] = {[10] = 0xff, [11] = 0xff};

static gboolean is_ipv4(const IpAddress *address) {
  return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

gboolean cidr_address_parse(const char *text, IpAddress *address) {
  IpAddress parsed;
  memcpy(parsed.bytes, mapped, sizeof mapped);
  if (inet_pton(AF_INET, text, parsed.bytes + IPV4_OFFSET) != 1 &&
      inet_pton(AF_INET6, text, parsed.bytes) != 1)
    return FALSE;
  *address = parsed;
  return TRUE;
}

char *cidr_address_format(const IpAddress *address, char text[CIDR_TEXT_BYTES]) {
  if (is_ipv4(address))
    inet_ntop(AF_INET, address->bytes + IPV4_OFFSET, text, CIDR_TEXT_BYTES);
  else
    inet_ntop(AF_INET6, address->bytes, text, CIDR_TEXT_BYTES);
  return text;
}

gsize cidr_address_client_bytes(const IpAddress *address) {
  return is_ipv4(address) ? sizeof address->bytes : NETWORK_BYTES;
}

/* "0" … "128", no sign, no leading zero. */
static gboolean read_bits(const char *text, guint most, guint *bits) {
  guint value = 0;
  gsize n = strlen(text);
  if (n == 0 || n > 3 || strspn(text, "0123456789") != n || (n > 1 && *text == '0'))
    return FALSE;
  for (; *text != '\0'; text++)
    value = value * 10 + (guint)(*text - '0');
  *bits = value;
  return value <= most;
}

/* The byte at i keeps only what a network of so many bits fixes. */
static guint8 mask_of(guint bits, guint i) {
  guint fixed = bits > 8 * i ? MIN(bits - 8 * i, 8) : 0;
  return (guint8)(0xff00u >> fixed);
}

static gboolean has_host_bits(const IpAddress *address, guint bits) {
  for (guint i = 0; i < sizeof address->bytes; i++)
    if ((address->bytes[i] & ~mask_of(bits, i)) != 0)
      return TRUE;
  return FALSE;
}

gboolean cidr_parse(const char *text, Cidr *cidr, const char **why) {
  IpAddress address;
  guint bits = BITS;
  g_auto(GStrv) parts = g_strsplit(text, "/", 2);
  if (parts[0] == NULL || !cidr_address_parse(parts[0], &address)) {
    *why = "is not an IP address";
    return FALSE;
  }
  if (parts[1] != NULL) {
    gboolean dotted = strchr(parts[0], ':') == NULL;
    if (!read_bits(parts[1], dotted ? BITS - IPV4_OFFSET_BITS : BITS, &bits)) {
      *why = dotted ? "has no prefix length of 0 to 32" : "has no prefix length of 0 to 128";
      return FALSE;
    }
    bits += dotted ? IPV4_OFFSET_BITS : 0;
  }
  if (has_host_bits(&address, bits)) {
    *why = "has host bits set behind its prefix length";
    return FALSE;
  }
  *cidr = (Cidr){.address = address, .bits = (guint8)bits};
  return TRUE;
}

char *cidr_format(const Cidr *cidr, char text[CIDR_TEXT_BYTES]) {
  cidr_address_format(&cidr->address, text);
  if (cidr->bits == BITS)
    return text;
  gsize n = strlen(text);
  /* A mapped address has at least 96 bits: with fewer, ffff would be host bits. */
  guint shown = is_ipv4(&cidr->address) ? cidr->bits - IPV4_OFFSET_BITS : cidr->bits;
  g_snprintf(text + n, CIDR_TEXT_BYTES - n, "/%u", shown);
  return text;
}

gboolean cidr_contains(const Cidr *cidr, const IpAddress *address) {
  for (guint i = 0; i < sizeof address->bytes; i++)
    if ((address->bytes[i] & mask_of(cidr->bits, i)) != cidr->address.bytes[i])
      return FALSE;
  return TRUE;
}

gboolean cidr_any_contains(const Cidr *cidrs, gsize n, const IpAddress *address) {
  for (gsize i = 0; i < n; i++)
    if (cidr_contains(&cidrs[i], address))
      return TRUE;
  return FALSE;
}

/* First bytes and how many bits of them, by the IANA special-purpose registries. */
typedef struct {
  guint8 bytes[16];
  guint8 bits;
} Network;

static const Network not_public_ipv4[] = {
    {{0}, 8},
    {{10}, 8},
    {{100, 64}, 10},
    {{127}, 8},
    {{169, 254}, 16},
    {{172, 16}, 12},
    {{192, 0, 0}, 24},
    {{192, 0, 2}, 24},
    {{192, 88, 99}, 24},
    {{192, 168}, 16},
    {{198, 18}, 15},
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},
    {{224}, 4},
    {{240}, 4},
};
static const Network public_ipv6 = {{0x20}, 3};
static const Network not_public_ipv6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4: an IPv4 address inside */
    {{0x3f, 0xff}, 20},             /* documentation */
};

static gboolean begins_with(const guint8 *bytes, const Network *network) {
  for (guint i = 0; i * 8 < network->bits; i++)
    if (((bytes[i] ^ network->bytes[i]) & mask_of(network->bits, i)) != 0)
      return FALSE;
  return TRUE;
}

static gboolean is_in(const guint8 *bytes, const Network *networks, gsize n) {
  for (gsize i = 0; i < n; i++)
    if (begins_with(bytes, &networks[i]))
      return TRUE;
  return FALSE;
}

gboolean cidr_address_public(const IpAddress *address) {
  if (is_ipv4(address))
    return !is_in(address->bytes + IPV4_OFFSET, not_public_ipv4, G_N_ELEMENTS(not_public_ipv4));
  return begins_with(address->bytes, &public_ipv6) &&
         !is_in(address->bytes, not_public_ipv6, G_N_ELEMENTS(not_public_ipv6));
}
