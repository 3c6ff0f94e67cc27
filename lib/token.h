/* Bearer secrets of ours: "gps_" + 43 base62 characters (256 random bits) + 6 base62 characters of CRC-32 over what
 * stands before. The prefix tells the kind and lets secret scanners find a leak; the checksum tells a mistyped token
 * from a foreign one without a look-up. Only the SHA-256 is ever stored. */
#pragma once

#include "lib/crypto.h"

#define TOKEN_PREFIX_SCIM "gps_"
#define TOKEN_PREFIX_ADMIN "gpa_"
#define TOKEN_TEXT_BYTES 54 /* 4 + 43 + 6 + NUL */

/* A new token of that kind into `text`; returns it. The caller wipes it. */
char *token_new(const char *prefix, char text[TOKEN_TEXT_BYTES]);
/* TRUE when text has this prefix, the right length and alphabet, and its checksum holds. */
gboolean token_valid(const char *prefix, const char *text);
void token_hash(const char *text, guint8 digest[CRYPTO_SHA256_BYTES]);
/* The last four characters, for people to tell tokens apart; never more. */
const char *token_hint(const char *text);

typedef enum {
  TOKEN_BEARER_PLAIN,   /* "Bearer x", the scheme in any case (RFC 6750 §2.1) */
  TOKEN_BEARER_DOUBLED, /* "Bearer Bearer x": pasted with its word into a field that adds it */
  TOKEN_BEARER_BARE,    /* "x": a field that does not add it */
  TOKEN_BEARER_BROKEN,  /* line breaks or blanks around or inside, which were removed */
} TokenForm;

/* The secret out of an Authorization header value; NULL when there is none or it is another scheme (Basic …).
 * *form says how it was written. Free with crypto_free_secret. */
char *token_from_header(const char *value, TokenForm *form);
