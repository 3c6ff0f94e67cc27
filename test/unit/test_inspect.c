#include "mail/inspect.h"

#include <string.h>

#include "lib/jsontext.h"

static json_t *inspect(const char *name, MailInspectState *worst) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "doveconf", name, NULL);
  g_autofree char *text = NULL, *why = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &text, &n, NULL));
  g_autoptr(Doveconf) doveconf = mail_doveconf_parse(text, n, &why);
  g_assert_cmpstr(why, ==, NULL);
  return mail_inspect(doveconf, worst);
}

/* How it is with `what`, worst first; its words must hold `words`. */
static void expect(const json_t *found, const char *what, const char *state, const char *words) {
  gsize i;
  json_t *row;
  json_array_foreach(found, i, row) {
    if (strcmp(json_string_value(json_object_get(row, "what")), what) == 0 &&
        strcmp(json_string_value(json_object_get(row, "state")), state) == 0 &&
        strstr(json_string_value(json_object_get(row, "words")), words) != NULL)
      return;
  }
  g_autofree char *all = jsontext_dump(found);
  g_test_message("%s", all);
  g_test_fail_printf("%s is not told as %s with \"%s\"", what, state, words);
}

static void test_a_usual_one(void) {
  MailInspectState worst;
  g_autoptr(json_t) found = inspect("debian-2.3.txt", &worst);
  g_assert_cmpint(worst, ==, MAIL_INSPECT_GOOD);
  expect(found, "version", "good", "2.3.19.1 (/etc/dovecot/dovecot.conf), syntax of 2.3");
  expect(found, "protocols", "good", "lmtp");
  expect(found, "mail_location", "good", "below each home");
  expect(found, "passdb 1", "good", "goes on working");
  expect(found, "userdb 1", "good", "who is there stays there");
  expect(found, "auth_cache_size", "good", "no cache");
}

static void test_clashes(void) {
  static const struct {
    const char *what, *state, *words;
  } rows[] = {
      {"auth_cache_size", "broken", "10 M"},
      {"auth_debug_passwords", "broken", "tokens"},
      {"auth_mechanisms", "broken", "without plain"},
      {"auth_mechanisms", "warning", "cram-md5"},
      {"auth_policy_server_url", "broken", "another policy server"},
      {"auth_username_format", "broken", "takes the domain away"},
      {"disable_plaintext_auth", "warning", "in clear"},
      {"first_valid_uid", "warning", "5000"},
      {"mail_location", "warning", "after a rename"},
      {"mail_plugins", "warning", "quota"},
      {"passdb 1", "warning", "result_success = continue-ok"},
      {"passdb 2", "broken", "gatepost's, asked after another"},
      {"passdb 3", "broken", "panics"},
      {"passdb 4", "broken", "lets everybody in"},
      {"hook", "broken", "%w"},
      {"protocols", "warning", "no lmtp"},
      {"userdb 1", "broken", "answers for every name"},
      {"userdb 2", "warning", "without a domain"},
      {"log_path", "warning", "syslog"},
  };
  MailInspectState worst;
  g_autoptr(json_t) found = inspect("clashes-2.3.txt", &worst);
  g_assert_cmpint(worst, ==, MAIL_INSPECT_BROKEN);
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    expect(found, rows[i].what, rows[i].state, rows[i].words);
}

static void test_the_new_syntax(void) {
  MailInspectState worst;
  g_autoptr(json_t) found = inspect("fresh-2.4.txt", &worst);
  g_assert_cmpint(worst, ==, MAIL_INSPECT_GOOD);
  expect(found, "version", "good", "syntax of 2.4");
  expect(found, "mail_path", "good", "below each home");
  expect(found, "passdb 1", "good", "passwd-file");
  expect(found, "protocols", "good", "imap lmtp");
  expect(found, "log_path", "good", "/var/log/dovecot-info.log");
}

static void test_what_is_none(void) {
  static const struct {
    const char *text, *words;
  } rows[] = {
      {"", "holds no setting"},
      {"# only a comment\n", "holds no setting"},
      {"passdb {\n", "not closed"},
      {"}\n", "not open"},
      {"{\n}\n", "without a name"},
      {"this is a letter\n", "neither a setting nor a block"},
      {"a {\nb {\nc {\nd {\ne {\nf {\ng {\nh {\ni {\n", "nested too deep"},
      {"a = \xff\n", "not UTF-8"},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *why = NULL;
    g_assert_null(mail_doveconf_parse(rows[i].text, strlen(rows[i].text), &why));
    g_assert_nonnull(strstr(why, rows[i].words));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/inspect/usual", test_a_usual_one);
  g_test_add_func("/inspect/clashes", test_clashes);
  g_test_add_func("/inspect/new-syntax", test_the_new_syntax);
  g_test_add_func("/inspect/none", test_what_is_none);
  return g_test_run();
}
