/* The parts of the table of codes, which stand in files of their own. For lib/explain*.c alone. */
#pragma once

#include "lib/explain.h"

typedef struct {
  const ExplainRow *rows; /* in order of code */
  gsize n;
} ExplainPart;

extern const ExplainPart explain_saml; /* 40xx, 41xx */
