/* THE table of commands. One row a verb; it parses the command line, prints --help at every level, and feeds man pages
 * and completion, so that these cannot disagree. Add a verb: one row in cmd/verbs_table*.c, one function in
 * cmd/NOUN.c. */
#pragma once

#include <glib.h>

#include "cmd/app.h"
#include "cmd/app_error.h"

typedef struct {
  const char *name;  /* "profile" for --profile */
  const char *value; /* what stands after it: "NAME"; NULL: a switch */
  const char *help;
} VerbOption;

typedef struct VerbCall VerbCall; /* what was typed after the verb; lives until run returns */

typedef enum {
  VERB_CHANGES = 1 << 0, /* has --plan: show, change nothing */
  VERB_ASKS = 1 << 1,    /* has --yes: do not ask */
} VerbFlags;

typedef struct {
  const char *noun;
  const char *verb;      /* NULL: the noun is the whole command ("serve") */
  const char *arguments; /* "NAME [DOMAIN...]": [] optional, ... repeated; "" for none */
  const char *help;      /* one line */
  const VerbOption
      *options; /* ends with name NULL; NULL for none. A value option may be given several times */
  const char *examples[2];
  guint exits; /* VERB_EXIT(APP_NOT_FOUND) | …; 0, 1, 2 and 78 go without saying */
  guint flags; /* VerbFlags */
  /* Returns an AppExit. With an error set the edge prints it and takes the exit code from it. */
  int (*run)(App *app, const VerbCall *call, GError **error);
  /* What --help says beside the options, whole lines, from another table; NULL: nothing. Free with g_free. */
  char *(*more_help)(void);
} Verb;

#define VERB_EXIT(exit) (1u << (exit))

/* The rows, grouped by noun, section after section (cmd/verbs_table.c); NULL after the last. */
const Verb *verbs_first(void);
const Verb *verbs_next(const Verb *verb);
/* One line for the noun of several verbs; NULL when there is no such noun. */
const char *verbs_noun_help(const char *noun);
/* --config, --json, --quiet, --help; ends with name NULL. */
const VerbOption *verbs_common(void);
/* --plan and --yes, as far as the flags ask for them. */
const VerbOption *verbs_change_options(guint flags);

/* Parses, runs, prints what failed; the exit code of the program. */
int verbs_main(int argc, char **argv);

/* The help texts (cmd/verbs_help.c): noun NULL for the program, verb NULL for a noun. Free with g_free. */
char *verbs_help(const char *noun, const Verb *verb);

/* The call: arguments in order, n of them; options by name. */
const char *verb_argument(const VerbCall *call, gsize index); /* NULL when not given */
gsize verb_arguments(const VerbCall *call);
gboolean verb_given(const VerbCall *call, const char *option);
/* The last value; NULL when not given. */
const char *verb_value(const VerbCall *call, const char *option);
/* All values, NULL-terminated; empty when not given. */
const char *const *verb_values(const VerbCall *call, const char *option);
/* A whole number in min…max; fallback when not given. FALSE with a USAGE error. */
gboolean verb_integer(const VerbCall *call, const char *option, gint64 min, gint64 max, gint64 *value,
                      GError **error);
