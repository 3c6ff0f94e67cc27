#include "lib/token.h"

#include <string.h>

#define RANDOM_BYTES 32
#define RANDOM_DIGITS 43 /* 62^43 is just above 2^256 */
#define CHECK_DIGITS 6
#define PREFIX_BYTES 4
#define HINT_BYTES 4
#define BASE 62

G_STATIC_ASSERT(PREFIX_BYTES + RANDOM_DIGITS + CHECK_DIGITS + 1 == TOKEN_TEXT_BYTES);

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* CRC-32 of ISO 3309, as zlib's: 47 bytes do not need a table. */
static guint32 crc32_of(const char *text, gsize n) {
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < n; i++) {
    crc ^= (guchar)text[i];
    for (int bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
  }
  return ~crc;
}

/* Divides the big-endian number by 62 in place; returns the remainder. */
static guint divide(guint8 *number, gsize n) {
  guint rest = 0;
  for (gsize i = 0; i < n; i++) {
    guint part = rest * 256 + number[i];
    number[i] = (guint8)(part / BASE);
    rest = part % BASE;
  }
  return rest;
}

static void write_check(const char *body, char text[CHECK_DIGITS]) {
  guint32 crc = crc32_of(body, PREFIX_BYTES + RANDOM_DIGITS);
  for (int i = CHECK_DIGITS - 1; i >= 0; i--, crc /= BASE)
    text[i] = alphabet[crc % BASE];
}

char *token_new(const char *prefix, char text[TOKEN_TEXT_BYTES]) {
  guint8 number[RANDOM_BYTES];
  crypto_random(number, sizeof number);
  memcpy(text, prefix, PREFIX_BYTES);
  for (int i = RANDOM_DIGITS - 1; i >= 0; i--)
    text[PREFIX_BYTES + i] = alphabet[divide(number, sizeof number)];
  write_check(text, text + PREFIX_BYTES + RANDOM_DIGITS);
  text[TOKEN_TEXT_BYTES - 1] = '\0';
  return text;
}

gboolean token_valid(const char *prefix, const char *text) {
  char check[CHECK_DIGITS];
  if (strlen(text) != TOKEN_TEXT_BYTES - 1 || strncmp(text, prefix, PREFIX_BYTES) != 0)
    return FALSE;
  if (strspn(text + PREFIX_BYTES, alphabet) != RANDOM_DIGITS + CHECK_DIGITS)
    return FALSE;
  write_check(text, check);
  return memcmp(check, text + PREFIX_BYTES + RANDOM_DIGITS, sizeof check) == 0;
}

void token_hash(const char *text, guint8 digest[CRYPTO_SHA256_BYTES]) {
  crypto_sha256(text, strlen(text), digest);
}

const char *token_hint(const char *text) {
  gsize n = strlen(text);
  /* Of a short text the last four would be all of it. */
  return n >= TOKEN_TEXT_BYTES - 1 ? text + n - HINT_BYTES : "";
}

/* Splits off the next word between blanks; *n 0 at the end. */
static const char *next_word(const char **text, gsize *n) {
  const char *word = *text + strspn(*text, " \t\r\n");
  *n = strcspn(word, " \t\r\n");
  *text = word + *n;
  return word;
}

static gboolean is_ours(const char *word, gsize n) {
  return n > PREFIX_BYTES && (strncmp(word, TOKEN_PREFIX_SCIM, PREFIX_BYTES) == 0 ||
                              strncmp(word, TOKEN_PREFIX_ADMIN, PREFIX_BYTES) == 0);
}

static gboolean is_scheme(const char *word, gsize n) {
  return n == strlen("Bearer") && g_ascii_strncasecmp(word, "Bearer", n) == 0;
}

/* The words as one secret; *joined how many there were. `room` has place for them all. */
static void join_words(const char *text, char *room, guint *joined) {
  gsize n;
  *joined = 0;
  for (const char *word = next_word(&text, &n); n > 0; word = next_word(&text, &n)) {
    memcpy(room, word, n);
    room += n;
    (*joined)++;
  }
  *room = '\0';
}

static TokenForm form_of(guint schemes, guint words, gboolean breaks) {
  if (words > 1 || breaks)
    return TOKEN_BEARER_BROKEN;
  if (schemes == 0)
    return TOKEN_BEARER_BARE;
  return schemes == 1 ? TOKEN_BEARER_PLAIN : TOKEN_BEARER_DOUBLED;
}

char *token_from_header(const char *value, TokenForm *form) {
  const char *rest = value, *secret = value;
  gsize n;
  guint schemes = 0, words;
  const char *word = next_word(&rest, &n);
  for (; is_scheme(word, n); word = next_word(&rest, &n)) {
    schemes++;
    secret = rest;
  }
  if (n == 0)
    return NULL;
  char *room = g_malloc(strlen(secret) + 1);
  join_words(secret, room, &words);
  /* "Basic dXNlcg==": two words without ours among them are another scheme. */
  if (schemes == 0 && words > 1 && !is_ours(word, n)) {
    crypto_free_secret(room);
    return NULL;
  }
  *form = form_of(schemes, words, strpbrk(value, "\t\r\n") != NULL);
  return room;
}
