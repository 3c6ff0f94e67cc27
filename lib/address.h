/* E-mail addresses and domains, as validated values that only these parsers make. */
#pragma once

#include <glib.h>

#define ADDRESS_MAX_BYTES 254 /* RFC 5321 §4.5.3.1.3 */
#define DOMAIN_MAX_BYTES 253

/* A domain in its A-label form, lower case, without the root dot ("Bücher.Example." gives "xn--bcher-kva.example").
 * NULL with *why (static text: "has an empty label" …) when it is none: no dot, label over 63, hyphen at an end, an IP
 * address. Free with g_free. */
char *address_domain(const char *text, const char **why);

/* An address in canonical form: the local part lower case and NFC, the domain as above. Refused, with *why: no or two
 * '@', over 64 or 254 bytes, empty, quoted local parts, comments, IP literals, dots at an end or doubled, and any of
 * * ? " ' \ / % ` ( ) < > , ; : [ ] control or space, which mail stores and maps give a meaning. A leading '-' too.
 * Non-ASCII local parts are accepted (SMTPUTF8). Free with g_free. */
char *address_parse(const char *text, const char **why);
/* The domain of a parsed address; points into it. */
const char *address_domain_of(const char *address);
