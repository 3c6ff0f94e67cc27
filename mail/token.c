#include "mail/token.h"

#include <string.h>

/* Digits and letters without 0 and o, 1 and l: exactly 32, five bits each. The i stays: what it is taken for, 1 and l, is
 * gone, so that nothing in the alphabet looks like anything else in it. */
static const char alphabet[] = "23456789abcdefghijkmnpqrstuvwxyz";

#define FIELD_REDUCTION 0x25u /* x^5 + x^2 + 1, primitive: x has order 31 */
#define FIELD_CARRY 0x20u
#define SYMBOL_MASK 31u

/* The characters are elements of GF(32), and c0 + c1 x + c2 x^2 + ... must be 0, the check character being c0. A wrong
 * character changes the sum by d x^i, which is not 0; two exchanged ones by d (x^i + x^j), which is not 0 for any i and j
 * below 31. A weighted sum modulo 32 could not do both: weights that catch every single error are odd, and the
 * difference of two odd numbers is even. By Horner, from the last power down: the text is read from its begin. */
static guint8 check_sum(const guint8 symbols[MAIL_TOKEN_CHARS]) {
  guint sum = 0;
  for (int i = 0; i < MAIL_TOKEN_CHARS; i++) {
    sum <<= 1;
    if (sum & FIELD_CARRY)
      sum ^= FIELD_REDUCTION;
    sum ^= symbols[i];
  }
  return (guint8)sum;
}

static char *format(const guint8 symbols[MAIL_TOKEN_CHARS], char text[MAIL_TOKEN_TEXT_BYTES]) {
  char *out = text;
  for (int i = 0; i < MAIL_TOKEN_CHARS; i++) {
    if (i > 0 && i % MAIL_TOKEN_GROUP == 0)
      *out++ = '-';
    *out++ = alphabet[symbols[i]];
  }
  *out = '\0';
  return text;
}

char *mail_token_new(char text[MAIL_TOKEN_TEXT_BYTES]) {
  guint8 symbols[MAIL_TOKEN_CHARS];
  crypto_random(symbols, MAIL_TOKEN_CHARS - 1);
  for (int i = 0; i < MAIL_TOKEN_CHARS - 1; i++)
    symbols[i] &= SYMBOL_MASK;
  symbols[MAIL_TOKEN_CHARS - 1] = 0;
  symbols[MAIL_TOKEN_CHARS - 1] = check_sum(symbols);
  format(symbols, text);
  crypto_wipe(symbols, sizeof symbols);
  return text;
}

/* Letters and digits that stand in `typed`, lower case, at most max; *others: something else stands there too. Returns
 * how many there are, which may be more than max. */
static gsize letters(const char *typed, char *out, gsize max, gboolean *others) {
  gsize n = 0;
  *others = FALSE;
  for (; *typed != '\0'; typed++) {
    if (strchr(" -\t\r\n", *typed) != NULL)
      continue;
    if (!g_ascii_isalnum(*typed)) {
      *others = TRUE;
      continue;
    }
    if (n < max)
      out[n] = g_ascii_tolower(*typed);
    n++;
  }
  return n;
}

static gboolean decode(const char *compact, guint8 symbols[MAIL_TOKEN_CHARS]) {
  for (int i = 0; i < MAIL_TOKEN_CHARS; i++) {
    const char *at = strchr(alphabet, compact[i]);
    if (at == NULL)
      return FALSE;
    symbols[i] = (guint8)(at - alphabet);
  }
  return TRUE;
}

MailTokenReading mail_token_parse(const char *typed, char text[MAIL_TOKEN_TEXT_BYTES]) {
  char compact[MAIL_TOKEN_CHARS];
  guint8 symbols[MAIL_TOKEN_CHARS];
  gboolean others;
  gsize n = letters(typed, compact, sizeof compact, &others);
  MailTokenReading reading = MAIL_TOKEN_OTHER;
  /* One character lost, doubled or not a letter at all is still a typing error. */
  if (n + 1 >= MAIL_TOKEN_CHARS && n <= MAIL_TOKEN_CHARS + 1)
    reading = MAIL_TOKEN_MISTYPED;
  if (n == MAIL_TOKEN_CHARS && !others && decode(compact, symbols) && check_sum(symbols) == 0) {
    reading = MAIL_TOKEN_WELL;
    format(symbols, text);
  }
  crypto_wipe(compact, sizeof compact);
  crypto_wipe(symbols, sizeof symbols);
  return reading;
}

static void compact_of(const char *text, char compact[MAIL_TOKEN_CHARS]) {
  for (int i = 0; *text != '\0' && i < MAIL_TOKEN_CHARS; text++)
    if (*text != '-')
      compact[i++] = *text;
}

void mail_token_hashes(const char *text, guint8 plain[CRYPTO_SHA256_BYTES],
                       guint8 grouped[CRYPTO_SHA256_BYTES]) {
  char compact[MAIL_TOKEN_CHARS];
  compact_of(text, compact);
  crypto_sha256(compact, sizeof compact, plain);
  crypto_sha256(text, strlen(text), grouped);
  crypto_wipe(compact, sizeof compact);
}

char *mail_token_hint(const char *text, char hint[MAIL_TOKEN_HINT_BYTES]) {
  char compact[MAIL_TOKEN_CHARS];
  compact_of(text, compact);
  memcpy(hint, compact + MAIL_TOKEN_CHARS - (MAIL_TOKEN_HINT_BYTES - 1), MAIL_TOKEN_HINT_BYTES - 1);
  hint[MAIL_TOKEN_HINT_BYTES - 1] = '\0';
  crypto_wipe(compact, sizeof compact);
  return hint;
}
