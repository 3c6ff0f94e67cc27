/* The stable codes GP-nnnn, the same in log, command line, page, SCIM detail and docs. One table, `gatepost explain`
 * prints a row. 1xxx install and settings, 2xxx SCIM, 41xx SAML, 42xx and 43xx mailboxes and the worker, 5xxx tokens and mail programs,
 * 6xxx rules, 7xxx audit, 8xxx upgrade and backup. */
#pragma once

#include <glib.h>

typedef struct {
  int code;
  const char *title;   /* what happened, one sentence */
  const char *meaning; /* what it means for people and mail */
  const char *next;    /* what to do; a command where one helps */
} ExplainRow;

/* NULL when there is no such code. */
const ExplainRow *explain_find(int code);
/* All rows in order, from 0; NULL after the last. */
const ExplainRow *explain_at(gsize i);
