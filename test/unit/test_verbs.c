#include "cmd/verbs.h"

#include <string.h>

#define ARGUMENTS_MAX 6

/* Every row is whole: what --help promises is there. */
static void test_table(void) {
  const Verb *before = NULL;
  for (const Verb *verb = verbs_first(); verb != NULL; before = verb, verb = verbs_next(verb)) {
    g_assert_nonnull(verb->arguments);
    g_assert_nonnull(verb->run);
    g_assert_cmpuint(strlen(verb->help), >, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(verb->examples); i++) {
      g_autofree char *start = g_strjoin(" ", "gatepost", verb->noun, verb->verb, NULL);
      g_assert_true(g_str_has_prefix(verb->examples[i], start));
    }
    if (verb->verb != NULL)
      g_assert_nonnull(verbs_noun_help(verb->noun));
    /* Rows of a noun stand together, or its help would show half of them. */
    for (const Verb *other = verbs_first(); other != verb; other = verbs_next(other))
      if (strcmp(other->noun, verb->noun) == 0)
        g_assert_cmpstr(before->noun, ==, verb->noun);
  }
}

static void holds(const char *text, const char *part) {
  if (strstr(text, part) == NULL)
    g_error("\"%s\" is not in:\n%s", part, text);
}

/* gatepost, noun, noun verb: each level has its help with two examples; exit codes where something runs. */
static void test_help(void) {
  g_autofree char *program = verbs_help(NULL, NULL);
  holds(program, "Usage: gatepost COMMAND");
  holds(program, "Examples:");
  for (const Verb *verb = verbs_first(); verb != NULL; verb = verbs_next(verb)) {
    g_autofree char *name = g_strdup_printf("\n  %s ", verb->noun);
    holds(program, name);
    g_autofree char *own = verbs_help(verb->noun, verb);
    holds(own, verb->examples[0]);
    holds(own, verb->examples[1]);
    holds(own, "Exit codes:\n  0   done");
    holds(own, "\n  78  the settings are not right");
    for (const VerbOption *option = verb->options; option != NULL && option->name != NULL; option++)
      holds(own, option->name);
    if (verb->verb == NULL)
      continue;
    g_autofree char *noun = verbs_help(verb->noun, NULL);
    holds(noun, verb->help);
    holds(noun, "Examples:");
  }
}

typedef struct {
  int exit;
  const char *out, *err; /* parts of what is printed; NULL: nothing is */
  const char *argv[ARGUMENTS_MAX];
} LineCase;

static const LineCase line_cases[] = {
    {2, NULL, "Usage: gatepost COMMAND", {NULL}},
    {0, "Usage: gatepost COMMAND", NULL, {"--help"}},
    {0, "Usage: gatepost COMMAND", NULL, {"-h"}},
    {0, "gatepost", NULL, {"--version"}},
    {0, "\"version\"", NULL, {"version", "--json"}},
    {0, "\"version\"", NULL, {"--json", "version"}},
    {2, NULL, "Usage: gatepost db COMMAND", {"db"}},
    {0, "Usage: gatepost db COMMAND", NULL, {"db", "--help"}},
    {0, "Usage: gatepost db COMMAND", NULL, {"--help", "db"}},
    {0, "Usage: gatepost db migrate", NULL, {"db", "migrate", "--help"}},
    {0, "Usage: gatepost explain", NULL, {"explain", "--help"}},
    {2, NULL, "gatepost has no command \"dbb\"; did you mean \"db\"?", {"dbb"}},
    {2, NULL, "gatepost has no command \"qqqqqqq\"; it has: ", {"qqqqqqq"}},
    {2, NULL, "gatepost db has no command \"migrat\"; did you mean \"migrate\"?", {"db", "migrat"}},
    {2, NULL, "There is no option --plam; did you mean --plan?", {"db", "migrate", "--plam"}},
    {2, NULL, "There is no option -x", {"db", "-x"}},
    {2, NULL, "--config needs a value", {"db", "status", "--config"}},
    {2, NULL, "--json takes no value", {"version", "--json=yes"}},
    {2, NULL, "gatepost version takes no arguments", {"version", "now"}},
    {2, NULL, "gatepost explain takes only [CODE]", {"explain", "2101", "2102"}},
    {2, NULL, "gatepost proxy config needs SERVER", {"proxy", "config"}},
    {2,
     NULL,
     "has no command \"a?b\"",
     {"a\x1b"
      "b"}},
    {2, "{\"error\":{\"code\":null,", NULL, {"dbb", "--json"}},
    {0, "not one of ours", NULL, {"explain", "gp-2101"}},
    {0, "GP-8103", NULL, {"explain", "--all"}},
    {3, NULL, "(GP-1999)", {"explain", "9999"}},
    {3,
     "{\"error\":{\"code\":\"GP-1999\",\"message\":\"There is no code",
     NULL,
     {"explain", "9999", "--json"}},
    {78, NULL, "(GP-1001)", {"check-config", "--config", "/nonexistent"}},
    {78, NULL, "(GP-1001)", {"--config", "/nonexistent", "db", "status"}},
    {78, NULL, "(GP-1001)", {"db", "--config=/nonexistent", "status"}},
    {0, "public_url: ", NULL, {"check-config", "--example"}},
    {0, "{\"text\":\"# gatepost settings", NULL, {"check-config", "--example", "--json"}},
};

/* In a process of its own: getopt's state and the printing are the whole program's. */
static void run_line(gconstpointer data) {
  const LineCase *c = data;
  const char *argv[ARGUMENTS_MAX + 2] = {"gatepost"};
  int argc = 1;
  for (; c->argv[argc - 1] != NULL; argc++)
    argv[argc] = c->argv[argc - 1];
  if (g_test_subprocess()) {
    int exit_code = verbs_main(argc, (char **)argv);
    g_assert_cmpint(exit_code, ==, c->exit);
    return;
  }
  g_test_trap_subprocess(NULL, 0, 0);
  g_test_trap_assert_passed();
  g_autofree char *out = g_strdup_printf("*%s*", c->out == NULL ? "" : c->out);
  g_autofree char *err = g_strdup_printf("*%s*", c->err == NULL ? "" : c->err);
  g_test_trap_assert_stdout(out);
  g_test_trap_assert_stderr(err);
  if (c->err == NULL)
    g_test_trap_assert_stderr("");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_unsetenv("GATEPOST_CONFIG");
  g_test_add_func("/verbs/table", test_table);
  g_test_add_func("/verbs/help", test_help);
  for (gsize i = 0; i < G_N_ELEMENTS(line_cases); i++) {
    g_autofree char *path = g_strdup_printf("/verbs/line/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &line_cases[i], run_line);
  }
  return g_test_run();
}
