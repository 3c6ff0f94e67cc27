#include "cmd/verbs.h"

#include <string.h>

#define GAP 2

typedef struct {
  AppExit exit;
  const char *words;
} ExitWords;

static const ExitWords exit_words[] = {
    {APP_OK, "done"},
    {APP_FAILED, "failed; the message says why"},
    {APP_USAGE, "the command line is not right"},
    {APP_NOT_FOUND, "no such thing"},
    {APP_REFUSED, "refused by a guard, or by you"},
    {APP_UNREACHABLE, "the database or a name server is out of reach"},
    {APP_PARTLY, "done in part; the message says what is left"},
    {APP_BAD_CONFIG, "the settings are not right"},
};

/* Two columns: "  left    right". */
static void line(GString *out, const char *left, gsize width, const char *right) {
  g_string_append_printf(out, "  %-*s%*s%s\n", (int)width, left, GAP, "", right);
}

static void option_left(GString *left, const VerbOption *option) {
  g_string_printf(left, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                  option->value == NULL ? "" : option->value);
}

static gsize options_width(const VerbOption *options, gsize width) {
  g_autoptr(GString) left = g_string_new(NULL);
  for (; options != NULL && options->name != NULL; options++) {
    option_left(left, options);
    width = MAX(width, left->len);
  }
  return width;
}

static void options_lines(GString *out, const VerbOption *options, gsize width) {
  g_autoptr(GString) left = g_string_new(NULL);
  for (; options != NULL && options->name != NULL; options++) {
    option_left(left, options);
    line(out, left->str, width, options->help);
  }
}

static void exits_lines(GString *out, guint exits) {
  g_string_append(out, "\nExit codes:\n");
  for (gsize i = 0; i < G_N_ELEMENTS(exit_words); i++) {
    AppExit exit = exit_words[i].exit;
    if (exit > APP_USAGE && exit != APP_BAD_CONFIG && (exits & VERB_EXIT(exit)) == 0)
      continue;
    g_string_append_printf(out, "  %-2d  %s\n", (int)exit, exit_words[i].words);
  }
}

static char *verb_help(const Verb *verb) {
  GString *out = g_string_new(NULL);
  g_string_append_printf(out, "gatepost %s%s%s: %s\n\n", verb->noun, verb->verb == NULL ? "" : " ",
                         verb->verb == NULL ? "" : verb->verb, verb->help);
  g_string_append_printf(out, "Usage: gatepost %s%s%s%s%s [OPTIONS]\n", verb->noun,
                         verb->verb == NULL ? "" : " ", verb->verb == NULL ? "" : verb->verb,
                         *verb->arguments == '\0' ? "" : " ", verb->arguments);
  const VerbOption *change = verbs_change_options(verb->flags);
  gsize width = options_width(verbs_common(), options_width(change, options_width(verb->options, 0)));
  g_string_append(out, "\nOptions:\n");
  options_lines(out, verb->options, width);
  options_lines(out, change, width);
  options_lines(out, verbs_common(), width);
  g_autofree char *more = verb->more_help != NULL ? verb->more_help() : NULL;
  if (more != NULL)
    g_string_append_printf(out, "\n%s", more);
  g_string_append_printf(out, "\nExamples:\n  %s\n  %s\n", verb->examples[0], verb->examples[1]);
  exits_lines(out, verb->exits);
  return g_string_free(out, FALSE);
}

static gboolean in_noun(const Verb *verb, const char *noun) {
  return strcmp(verb->noun, noun) == 0;
}

static gsize verbs_width(const char *noun) {
  gsize width = 0;
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb))
    if (in_noun(verb, noun))
      width = MAX(width, strlen(verb->verb) + (*verb->arguments == '\0' ? 0 : 1 + strlen(verb->arguments)));
  return width;
}

static char *noun_help(const char *noun) {
  GString *out = g_string_new(NULL);
  g_string_append_printf(out, "gatepost %s: %s\n\nUsage: gatepost %s COMMAND [OPTIONS]\n\nCommands:\n", noun,
                         verbs_noun_help(noun), noun);
  gsize width = verbs_width(noun);
  const Verb *first = NULL, *last = NULL;
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb)) {
    if (!in_noun(verb, noun))
      continue;
    g_autofree char *left = g_strconcat(verb->verb, " ", verb->arguments, NULL);
    g_strchomp(left);
    line(out, left, width, verb->help);
    first = first == NULL ? verb : first;
    last = verb;
  }
  g_assert(first != NULL);
  g_string_append_printf(out, "\nExamples:\n  %s\n  %s\n", first->examples[0],
                         first == last ? first->examples[1] : last->examples[0]);
  g_string_append_printf(out, "\nMore: gatepost %s COMMAND --help\n", noun);
  return g_string_free(out, FALSE);
}

static char *program_help(void) {
  GString *out = g_string_new("gatepost: identity bridge for mail; SCIM 2.0 into PostgreSQL\n\n"
                              "Usage: gatepost COMMAND [OPTIONS]\n\nCommands:\n");
  const Verb *before = NULL;
  gsize width = 0;
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb))
    width = MAX(width, strlen(verb->noun));
  for (const Verb *verb = verbs_first(); verb != NULL; before = verb, verb = verbs_next(verb)) {
    if (before != NULL && in_noun(before, verb->noun))
      continue;
    line(out, verb->noun, width, verb->verb == NULL ? verb->help : verbs_noun_help(verb->noun));
  }
  g_string_append(out, "\nOptions:\n");
  options_lines(out, verbs_common(), options_width(verbs_common(), 0));
  g_string_append(out, "\nExamples:\n  gatepost init --plan\n  gatepost doctor\n");
  exits_lines(out, ~0u);
  g_string_append(out, "\nMore: gatepost COMMAND --help\n");
  return g_string_free(out, FALSE);
}

char *verbs_help(const char *noun, const Verb *verb) {
  if (verb != NULL)
    return verb_help(verb);
  return noun == NULL ? program_help() : noun_help(noun);
}
