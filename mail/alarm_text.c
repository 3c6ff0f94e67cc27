#include "mail/alarm_text.h"

#include <glib.h>

static const char *member(const json_t *notice, const char *key) {
  const char *text = json_string_value(json_object_get(notice, key));
  return text != NULL ? text : "";
}

static int number(const json_t *notice, const char *key) {
  return (int)json_integer_value(json_object_get(notice, key));
}

static const char *plural(int n) {
  return n == 1 ? "" : "s";
}

static const char *cause_words(const char *cause) {
  static const struct {
    const char *cause, *words;
  } causes[] = {{"inactive", "inactive in the directory"},
                {"deleted", "deleted in the directory"},
                {"scope", "left the mail groups"},
                {"vanished", "the mail group is gone or empty"},
                {"retention", "disabled for longer than mail is kept"}};
  for (gsize i = 0; i < G_N_ELEMENTS(causes); i++)
    if (g_str_equal(causes[i].cause, cause))
      return causes[i].words;
  return cause;
}

static void add_people(GString *body, const json_t *notice) {
  const json_t *people = json_object_get(notice, "people");
  int held = number(notice, "held");
  gsize i;
  json_t *row;
  if (json_array_size(people) < (gsize)held)
    g_string_append_printf(body, "Whose (the first %d of %d):\n", (int)json_array_size(people), held);
  else
    g_string_append(body, "Whose:\n");
  json_array_foreach(people, i, row) {
    g_string_append_printf(body, "  %s (%s)\n", member(row, "address"), cause_words(member(row, "cause")));
  }
  g_string_append_c(body, '\n');
}

/* which: --all, or ID... of purges, which are never approved by the lump. */
static void add_commands(GString *body, const char *option, const char *which, const char *const words[2]) {
  g_string_append_printf(
      body,
      "What to do. Look at all of it:\n"
      "  gatepost sync held%s\n\n"
      "If it is a mistake:\n"
      "  gatepost sync reject --all%s\n%s\n"
      "If it is meant so:\n"
      "  gatepost sync approve %s%s\n%s\n"
      "Both take single numbers of the list. There is no hurry: it waits until you say so.\n",
      option, option, words[0], which, option, words[1]);
}

static void add_why(GString *body, const json_t *notice) {
  static const struct {
    const char *key, *words;
  } causes[] = {{"vanished", "because a mail group is gone from the directory, or is empty"},
                {"scope", "because they are in no mail group any more"},
                {"inactive", "because the directory calls them inactive, or has deleted them"}};
  for (gsize i = 0; i < G_N_ELEMENTS(causes); i++)
    if (number(notice, causes[i].key) > 0)
      g_string_append_printf(body, "  %d %s\n", number(notice, causes[i].key), causes[i].words);
}

static char *write_loss(const json_t *notice) {
  int held = number(notice, "held");
  GString *body = g_string_new(NULL);
  g_string_append_printf(body,
                         "Since %s UTC %s\n"
                         "of %s. That often is a mistake, so gatepost stopped: %d mailbox%s\n"
                         "would be disabled, and nothing was done to %s.\n\n",
                         member(notice, "since"),
                         number(notice, "vanished") > 0
                             ? "the identity provider has emptied or deleted a mail group"
                             : "more mailboxes are to go than may go by themselves",
                         member(notice, "org"), held, held == 1 ? "" : "es", held == 1 ? "it" : "them");
  add_why(body, notice);
  g_string_append_c(body, '\n');
  add_people(body, notice);
  g_string_append(body, "What goes on working: all mail is kept and delivered. Tokens are kept. Whoever is\n"
                        "active signs in as before. Whoever the directory calls inactive cannot sign in\n"
                        "meanwhile; that is never held back. Everybody else's changes go on.\n\n");
  g_autofree char *reject = g_strdup_printf(
      "  leaves these mailboxes as they are, and lets those who are inactive sign in again for\n"
      "  %d hours or until the directory corrects itself. Correct it there too.\n",
      number(notice, "lend_hours"));
  g_autofree char *approve = g_strdup_printf(
      "  disables these mailboxes: no sign-ins, their tokens end after the grace; mail is kept\n"
      "  for %d days at least and destroyed only after another approval.\n",
      number(notice, "retention_days"));
  add_commands(body, member(notice, "option"), "--all", (const char *const[]){reject, approve});
  return g_string_free(body, FALSE);
}

static char *write_purge(const json_t *notice) {
  int held = number(notice, "held");
  GString *body = g_string_new(NULL);
  g_string_append_printf(body,
                         "%d mailbox%s of %s %s been disabled for %d days or more. The mail in %s may be\n"
                         "destroyed now, and only if you say so. Nothing was done.\n\n",
                         held, held == 1 ? "" : "es", member(notice, "org"), held == 1 ? "has" : "have",
                         number(notice, "retention_days"), held == 1 ? "it" : "them");
  add_people(body, notice);
  g_string_append(body,
                  "What goes on working: everything. Mail of these people is still there, and comes back\n"
                  "with them.\n\n");
  g_autofree char *reject =
      g_strdup_printf("  keeps this mail, and asks again after %d days.\n", number(notice, "retention_days"));
  const char *approve = "  destroys the mail with these numbers of the list for good. It cannot be undone.\n"
                        "  --all is not taken: each purge is named.\n";
  add_commands(body, member(notice, "option"), "ID...", (const char *const[]){reject, approve});
  return g_string_free(body, FALSE);
}

static char *write_trial(const json_t *notice) {
  return g_strdup_printf(
      "This is a trial, asked for by an administrator of %s. Nothing is held.\n\n"
      "When changes are held, what is here now will say what happened, who it is about, what\n"
      "goes on working, and the two commands that decide.\n",
      member(notice, "org"));
}

static char *subject_of(const json_t *notice) {
  int held = number(notice, "held");
  const char *org = member(notice, "org");
  if (held == 0)
    return g_strdup_printf("Trial: alarms about mail of %s arrive here", org);
  if (g_str_equal(member(notice, "action"), "purge"))
    return g_strdup_printf("Mail of %s: %d purge%s wait%s for your word", org, held, plural(held),
                           held == 1 ? "s" : "");
  return g_strdup_printf("Mail of %s: %d change%s held, nothing was done", org, held, plural(held));
}

void mail_alarm_write(json_t *notice) {
  g_autofree char *subject = subject_of(notice);
  g_autofree char *body = number(notice, "held") == 0                      ? write_trial(notice)
                          : g_str_equal(member(notice, "action"), "purge") ? write_purge(notice)
                                                                           : write_loss(notice);
  json_object_set_new(notice, "subject", json_string(subject));
  json_object_set_new(notice, "body", json_string(body));
}
