#include "cmd/verbs.h"

#include <string.h>

#include "cmd/version.h"

typedef struct {
  const char *noun, *help;
} NounHelp;

/* Nouns of several verbs. */
static const NounHelp nouns[] = {
    {"db", "the database schema"},
    {NULL},
};

static const Verb table[] = {
    {"version",
     NULL,
     "",
     "the version, and those of the libraries that are loaded",
     NULL,
     {"gatepost version", "gatepost version --json"},
     0,
     0,
     verb_version},
    {NULL},
};

const Verb *verbs_table(void) {
  return table;
}

const char *verbs_noun_help(const char *noun) {
  for (const NounHelp *row = nouns; row->noun != NULL; row++)
    if (strcmp(row->noun, noun) == 0)
      return row->help;
  return NULL;
}
