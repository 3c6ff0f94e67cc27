#include "cmd/verbs.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"

#define OPTIONS_MAX 32
#define OPTION_BASE 256 /* getopt_long's return for option i is OPTION_BASE + i: above every character */

typedef struct {
  const VerbOption *option;
  GPtrArray *values; /* of const char *, into argv */
} Given;

struct VerbCall {
  Given given[OPTIONS_MAX];
  int n_given;
  const char *const *arguments;
  gsize n_arguments;
};

static const VerbOption common_options[] = {
    {"config", "FILE", "settings file (default: $GATEPOST_CONFIG, else " APP_DEFAULT_CONFIG ")"},
    {"json", NULL, "one JSON object instead of text"},
    {"quiet", NULL, "only the data, no progress or hints"},
    {"help", NULL, "this help"},
    {NULL},
};

static const VerbOption change_options[][3] = {
    {{NULL}},
    [VERB_CHANGES] = {{"plan", NULL, "show what would change, change nothing"}, {NULL}},
    [VERB_ASKS] = {{"yes", NULL, "do not ask"}, {NULL}},
    [VERB_CHANGES | VERB_ASKS] = {{"plan", NULL, "show what would change, change nothing"},
                                  {"yes", NULL, "do not ask"},
                                  {NULL}},
};

const VerbOption *verbs_common(void) {
  return common_options;
}

const VerbOption *verbs_change_options(guint flags) {
  return change_options[flags & (VERB_CHANGES | VERB_ASKS)];
}

static const Given *given_find(const VerbCall *call, const char *name) {
  for (int i = 0; i < call->n_given; i++)
    if (strcmp(call->given[i].option->name, name) == 0)
      return &call->given[i];
  return NULL;
}

static void call_add_options(VerbCall *call, const VerbOption *options) {
  for (; options != NULL && options->name != NULL; options++) {
    g_assert(call->n_given < OPTIONS_MAX);
    call->given[call->n_given++] = (Given){options, g_ptr_array_new_null_terminated(0, NULL, TRUE)};
  }
}

static VerbCall *call_new(void) {
  VerbCall *call = g_new0(VerbCall, 1);
  call_add_options(call, common_options);
  return call;
}

static void call_free(VerbCall *call) {
  if (call == NULL)
    return;
  for (int i = 0; i < call->n_given; i++)
    g_ptr_array_unref(call->given[i].values);
  g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VerbCall, call_free)

const char *verb_argument(const VerbCall *call, gsize index) {
  return index < call->n_arguments ? call->arguments[index] : NULL;
}

gsize verb_arguments(const VerbCall *call) {
  return call->n_arguments;
}

gboolean verb_given(const VerbCall *call, const char *option) {
  const Given *given = given_find(call, option);
  return given != NULL && given->values->len > 0;
}

const char *verb_value(const VerbCall *call, const char *option) {
  const Given *given = given_find(call, option);
  if (given == NULL || given->values->len == 0)
    return NULL;
  return given->values->pdata[given->values->len - 1];
}

const char *const *verb_values(const VerbCall *call, const char *option) {
  static const char *const none[] = {NULL};
  const Given *given = given_find(call, option);
  if (given == NULL || given->values->len == 0)
    return none;
  return (const char *const *)given->values->pdata;
}

gboolean verb_integer(const VerbCall *call, const char *option, gint64 min, gint64 max, gint64 *value,
                      GError **error) {
  const char *text = verb_value(call, option);
  if (text == NULL)
    return TRUE;
  g_autofree char *quoted = text_quote(text);
  if (g_ascii_string_to_signed(text, 10, min, max, value, NULL))
    return TRUE;
  app_error_set(error, APP_USAGE, 0,
                "--%s is \"%s\"; it takes a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                option, quoted, min, max);
  return FALSE;
}

/* The nearest option's name as "--name", or NULL. */
static const char *nearest_option(const VerbCall *call, const char *word) {
  const char *names[OPTIONS_MAX + 1] = {NULL};
  for (int i = 0; i < call->n_given; i++)
    names[i] = call->given[i].option->name;
  g_auto(GStrv) parts = g_strsplit(word, "=", 2);
  return text_nearest(parts[0], names);
}

static void fail_option(const VerbCall *call, int kind, const char *word, GError **error) {
  g_autofree char *quoted = text_quote(word);
  if (kind == ':') {
    app_error_set(error, APP_USAGE, 0, "%s needs a value", quoted);
    return;
  }
  g_auto(GStrv) parts = g_strsplit(word, "=", 2);
  const Given *known = g_str_has_prefix(word, "--") ? given_find(call, parts[0] + 2) : NULL;
  if (known != NULL) {
    app_error_set(error, APP_USAGE, 0, "--%s takes no value", known->option->name);
    return;
  }
  const char *near = g_str_has_prefix(word, "--") ? nearest_option(call, word + 2) : NULL;
  app_error_set(error, APP_USAGE, 0, "there is no option %s%s%s%s", quoted,
                near == NULL ? "" : "; did you mean --", near == NULL ? "" : near, near == NULL ? "" : "?");
}

static void long_options(const VerbCall *call, struct option options[OPTIONS_MAX + 1]) {
  memset(options, 0, sizeof(struct option) * (OPTIONS_MAX + 1));
  for (int i = 0; i < call->n_given; i++)
    options[i] = (struct option){
        .name = call->given[i].option->name,
        .has_arg = call->given[i].option->value == NULL ? no_argument : required_argument,
        .val = OPTION_BASE + i,
    };
}

/* Reads the options of argv[1…]; argv[0] is skipped as getopt wants it. all: options may stand after arguments; else
 * it stops at the first word. Returns the index of the first word, or -1 with a USAGE error. */
static int parse(VerbCall *call, int argc, char **argv, gboolean all, GError **error) {
  struct option options[OPTIONS_MAX + 1];
  long_options(call, options);
  optind = 0; /* glibc: start anew, also with the permutation */
  opterr = 0;
  int got;
  while ((got = getopt_long(argc, argv, all ? ":h" : "+:h", options, NULL)) != -1) {
    if (got == 'h')
      got = OPTION_BASE + (int)(given_find(call, "help") - call->given);
    if (got < OPTION_BASE) {
      fail_option(call, got, argv[optind - 1], error);
      return -1;
    }
    g_ptr_array_add(call->given[got - OPTION_BASE].values, optarg == NULL ? (char *)"" : optarg);
  }
  return optind;
}

static const char *noun_known(const char *noun) {
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb))
    if (strcmp(verb->noun, noun) == 0)
      return verb->noun;
  return NULL;
}

/* The noun that stands first on the line, in one word or two ("saml connection"); NULL when there is none. */
static const char *find_noun(int argc, char **argv, int *words) {
  const char *noun = noun_known(argv[1]);
  if (noun != NULL || argc < 3)
    return noun;
  g_autofree char *both = g_strconcat(argv[1], " ", argv[2], NULL);
  *words = 2;
  return noun_known(both);
}

static const Verb *find(const char *noun, const char *name) {
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb))
    if (strcmp(verb->noun, noun) == 0 && g_strcmp0(verb->verb, name) == 0)
      return verb;
  return NULL;
}

/* Nouns (of NULL), or the verbs of a noun; each once. Free the array with g_free. */
static const char **names(const char *noun) {
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb)) {
    const char *name = noun == NULL ? verb->noun : verb->verb;
    if (noun != NULL && strcmp(verb->noun, noun) != 0)
      continue;
    if (name != NULL && (all->len == 0 || strcmp(all->pdata[all->len - 1], name) != 0))
      g_ptr_array_add(all, (char *)name);
  }
  g_ptr_array_add(all, NULL);
  return (const char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

static void fail_name(const char *noun, const char *word, GError **error) {
  g_autofree const char **known = names(noun);
  g_autofree char *quoted = text_quote(word);
  const char *near = text_nearest(word, known);
  g_autofree char *list = g_strjoinv(", ", (char **)known);
  g_autofree char *whole = noun == NULL ? g_strdup("gatepost") : g_strdup_printf("gatepost %s", noun);
  if (near != NULL)
    app_error_set(error, APP_USAGE, 0, "%s has no command \"%s\"; did you mean \"%s\"?", whole, quoted, near);
  else
    app_error_set(error, APP_USAGE, 0, "%s has no command \"%s\"; it has: %s", whole, quoted, list);
}

/* What stands on the line: the row, its options and arguments. */
typedef struct {
  const char *noun;
  const Verb *verb;
} Target;

/* Moves past the options up to the next word. FALSE with an error; *argc is 1 when there is no word. */
static gboolean next_word(VerbCall *call, int *argc, char ***argv, GError **error) {
  int first = parse(call, *argc, *argv, FALSE, error);
  if (first < 0)
    return FALSE;
  *argc -= first - 1;
  *argv += first - 1;
  return TRUE;
}

static gboolean read_noun(VerbCall *call, Target *target, int *argc, char ***argv, GError **error) {
  if (!next_word(call, argc, argv, error))
    return FALSE;
  if (*argc < 2)
    return TRUE;
  int words = 1;
  target->noun = find_noun(*argc, *argv, &words);
  if (target->noun == NULL) {
    fail_name(NULL, (*argv)[1], error);
    return FALSE;
  }
  target->verb = find(target->noun, NULL);
  *argc -= words;
  *argv += words;
  return TRUE;
}

static gboolean read_verb(VerbCall *call, Target *target, int *argc, char ***argv, GError **error) {
  if (target->noun == NULL || target->verb != NULL)
    return TRUE;
  if (!next_word(call, argc, argv, error))
    return FALSE;
  if (*argc < 2)
    return TRUE;
  target->verb = find(target->noun, (*argv)[1]);
  if (target->verb == NULL) {
    fail_name(target->noun, (*argv)[1], error);
    return FALSE;
  }
  (*argc)--;
  (*argv)++;
  return TRUE;
}

/* How many words the argument text "NAME [DOMAIN...]" asks for and allows. */
static void argument_range(const char *text, gsize *least, gsize *most) {
  *least = *most = 0;
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  for (char **word = words; *word != NULL; word++) {
    if (**word == '\0')
      continue;
    if (**word != '[')
      (*least)++;
    *most = strstr(*word, "...") != NULL ? G_MAXSIZE / 2 : *most + 1;
  }
}

static gboolean check_arguments(const VerbCall *call, const Verb *verb, GError **error) {
  gsize least, most;
  argument_range(verb->arguments, &least, &most);
  if (call->n_arguments >= least && call->n_arguments <= most)
    return TRUE;
  const char *space = verb->verb == NULL ? "" : " ";
  const char *name = verb->verb == NULL ? "" : verb->verb;
  if (call->n_arguments < least)
    app_error_set(error, APP_USAGE, 0, "gatepost %s%s%s needs %s", verb->noun, space, name, verb->arguments);
  else if (most == 0)
    app_error_set(error, APP_USAGE, 0, "gatepost %s%s%s takes no arguments", verb->noun, space, name);
  else
    app_error_set(error, APP_USAGE, 0, "gatepost %s%s%s takes only %s", verb->noun, space, name,
                  verb->arguments);
  return FALSE;
}

static gboolean read_rest(VerbCall *call, Target *target, int argc, char **argv, GError **error) {
  if (target->verb == NULL)
    return TRUE;
  call_add_options(call, target->verb->options);
  call_add_options(call, verbs_change_options(target->verb->flags));
  int first = parse(call, argc, argv, TRUE, error);
  if (first < 0)
    return FALSE;
  call->arguments = (const char *const *)argv + first;
  call->n_arguments = (gsize)(argc - first);
  return verb_given(call, "help") || check_arguments(call, target->verb, error);
}

static gboolean read_line(VerbCall *call, Target *target, int argc, char **argv, GError **error) {
  /* "gatepost --version" is what every program has; here it is a verb. */
  if (argc == 2 && strcmp(argv[1], "--version") == 0)
    argv[1] = (char *)"version";
  return read_noun(call, target, &argc, &argv, error) && read_verb(call, target, &argc, &argv, error) &&
         read_rest(call, target, argc, argv, error);
}

static int show_help(const VerbCall *call, const Target *target) {
  gboolean asked = verb_given(call, "help");
  g_autofree char *text = verbs_help(target->noun, target->verb);
  fputs(text, asked ? stdout : stderr);
  return asked ? APP_OK : APP_USAGE;
}

static int run(const VerbCall *call, const Verb *verb, Output *output) {
  g_autoptr(App) app = app_new(verb_value(call, "config"), output);
  g_autoptr(GError) error = NULL;
  int exit = verb->run(app, call, &error);
  if (error == NULL)
    return exit;
  output_error(output, error);
  return (int)app_error_exit(error);
}

/* Was --json typed, as far as a line that does not parse can tell? */
static gboolean wants_json(const VerbCall *call, int argc, char **argv) {
  if (verb_given(call, "json"))
    return TRUE;
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--json") == 0)
      return TRUE;
  return FALSE;
}

int verbs_main(int argc, char **argv) {
  g_autoptr(VerbCall) call = call_new();
  g_autoptr(GError) error = NULL;
  Target target = {NULL, NULL};
  gboolean parsed = read_line(call, &target, argc, argv, &error);
  OutputOptions options = {wants_json(call, argc, argv), verb_given(call, "quiet"), STDOUT_FILENO,
                           STDERR_FILENO};
  Output *output = output_new(&options);
  if (!parsed) {
    output_error(output, error);
    output_free(output);
    return APP_USAGE;
  }
  if (target.verb == NULL || verb_given(call, "help")) {
    output_free(output);
    return show_help(call, &target);
  }
  return run(call, target.verb, output);
}
