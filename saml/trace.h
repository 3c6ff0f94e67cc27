/* The names of traces, to be read over the telephone ("brave-otter-42"), and their checks as they are stored. Pure but for chance. */
#pragma once

#include <jansson.h>

#include "saml/report.h"

#define SAML_TRACE_NAME_BYTES 40
#define SAML_TRACE_NAMES 4

/* Names to choose from, the shortest first, the last with so many possibilities that all four are hardly ever taken. */
typedef struct {
  char names[SAML_TRACE_NAMES][SAML_TRACE_NAME_BYTES];
} SamlTraceNames;
void saml_trace_names(SamlTraceNames *names);
/* TRUE when text has that form; any case, a blank for a dash. *name: as it is stored. Free with g_free. */
gboolean saml_trace_name_parse(const char *text, char **name);
/* [{"check": "audience", "state": "passed"} …] in order. */
json_t *saml_trace_checks(const SamlReport *report);
