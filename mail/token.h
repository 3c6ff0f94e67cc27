/* The text of a personal access token, which people type into mail programs: 26 characters of 5 random bits and a check
 * character, in groups of four: "k3v9-7qmd-x2hp-84tn-w6rc-m9be-4ug". Pure; the caller wipes what it is given. */
#pragma once

#include "lib/crypto.h"

#define MAIL_TOKEN_CHARS 27 /* 130 random bits, one check character */
#define MAIL_TOKEN_GROUP 4
#define MAIL_TOKEN_TEXT_BYTES (MAIL_TOKEN_CHARS + (MAIL_TOKEN_CHARS - 1) / MAIL_TOKEN_GROUP + 1)
#define MAIL_TOKEN_HINT_BYTES 5

typedef enum {
  MAIL_TOKEN_WELL,
  MAIL_TOKEN_MISTYPED, /* it looks like one of ours, but the check character says no */
  MAIL_TOKEN_OTHER,    /* something else: an old password, a word */
} MailTokenReading;

/* A new token, grouped, into `text`; returns it. */
char *mail_token_new(char text[MAIL_TOKEN_TEXT_BYTES]);
/* What was typed: capitals, blanks and dashes do not matter. `text` gets the grouped form when it is WELL. */
MailTokenReading mail_token_parse(const char *typed, char text[MAIL_TOKEN_TEXT_BYTES]);
/* The SHA-256 of both spellings of a grouped text: without dashes and with them. */
void mail_token_hashes(const char *text, guint8 plain[CRYPTO_SHA256_BYTES],
                       guint8 grouped[CRYPTO_SHA256_BYTES]);
/* Its last four characters, for people to tell tokens apart; never more. */
char *mail_token_hint(const char *text, char hint[MAIL_TOKEN_HINT_BYTES]);
