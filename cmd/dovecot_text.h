/* The snippets for Dovecot, as tables of text: one row a part, for one version. cmd/dovecot.c fills and prints them. */
#pragma once

#include <glib.h>

typedef enum { DOVECOT_OBSERVE = 1 << 0, DOVECOT_BOTH = 1 << 1, DOVECOT_ONLY = 1 << 2 } DovecotModes;

typedef struct {
  const char *part; /* "first", "main", "sql" */
  const char *file; /* where it goes */
  guint modes;      /* in which it is wanted */
  const char *text;
} DovecotPart;

/* Both end with part NULL. */
extern const DovecotPart dovecot_text_23[], dovecot_text_24[];
