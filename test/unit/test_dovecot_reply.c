#include "mail/dovecot_reply.h"

#include <string.h>

#define A "alice@example.test"
#define OK(data) "[[\"doveadmResponse\"," data ",\"t1\"]]"

/* The envelope: exit_code -1 is unclear. */
typedef struct {
  const char *text;
  int exit_code;
} Envelope;

static const Envelope envelopes[] = {
    {OK("[]"), 0},
    {OK("{}"), 0},
    {"[[\"error\",{\"type\":\"exitCode\",\"exitCode\":68},\"t1\"]]", 68},
    {"[[\"error\",{\"type\":\"exitCode\",\"exitCode\":255},\"t1\"]]", 255},
    {"", -1},
    {"[]", -1},
    {"{}", -1},
    {"null", -1},
    {"[[]]", -1},
    {"[\"doveadmResponse\",[],\"t1\"]", -1},
    {"[[\"doveadmResponse\",[],\"t2\"]]", -1},
    {"[[\"doveadmResponse\",[],1]]", -1},
    {"[[\"doveadmResponse\",[]]]", -1},
    {"[[\"doveadmResponse\",[],\"t1\",0]]", -1},
    {"[[\"doveadmResponse\",\"x\",\"t1\"]]", -1},
    {"[[\"doveadmResponse\",null,\"t1\"]]", -1},
    {"[[\"DoveadmResponse\",[],\"t1\"]]", -1},
    {"[[\"doveadmResponse\",[],\"t1\"],[\"doveadmResponse\",[],\"t1\"]]", -1},
    {"[[\"doveadmResponse\",[],\"t1\"", -1},
    {"[[\"doveadmResponse\",[],\"t1\"]] ,", -1},
    {"[[\"error\",{\"type\":\"exitCode\",\"exitCode\":0},\"t1\"]]", -1},
    {"[[\"error\",{\"type\":\"exitCode\",\"exitCode\":-1},\"t1\"]]", -1},
    {"[[\"error\",{\"type\":\"exitCode\",\"exitCode\":256},\"t1\"]]", -1},
    {"[[\"error\",{\"type\":\"exitCode\",\"exitCode\":\"68\"},\"t1\"]]", -1},
    {"[[\"error\",{\"type\":\"unknownMethod\"},\"t1\"]]", -1},
    {"[[\"error\",{\"exitCode\":68},\"t1\"]]", -1},
    {"[[\"error\",[],\"t1\"]]", -1},
    {"<html>502</html>", -1},
};

static void test_envelopes(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(envelopes); i++) {
    const Envelope *c = &envelopes[i];
    g_auto(MailDovecotReply) reply = {.exit_code = -1};
    g_autoptr(GError) error = NULL;
    g_test_message("%s", c->text);
    gboolean read = mail_dovecot_reply_parse(c->text, strlen(c->text), "t1", &reply, &error);
    g_assert_cmpint(read, ==, c->exit_code >= 0);
    g_assert_cmpint(reply.exit_code, ==, c->exit_code);
    g_assert_cmpint(reply.data != NULL, ==, c->exit_code == 0);
    if (!read)
      g_assert_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR);
  }
}

static void test_nested(void) {
  g_autoptr(GString) deep = g_string_new(NULL);
  for (int i = 0; i < 10000; i++)
    g_string_append_c(deep, '[');
  for (int i = 0; i < 10000; i++)
    g_string_append_c(deep, ']');
  MailDovecotReply reply;
  g_assert_false(mail_dovecot_reply_parse(deep->str, deep->len, "t1", &reply, NULL));
}

/* The data of a command; a is the sessions, existence or messages, b the bytes; a -2 is unclear. */
typedef struct {
  char what; /* w who, u user, s status, q quota, f folders (a: how many), p path (a: has one) */
  const char *data;
  gint64 a, b;
} Data;

#define WHO(service, n)                                                      \
  "{\"username\":\"" A "\",\"connections\":\"" n "\",\"service\":\"" service \
  "\",\"pids\":\"(1)\",\"ips\":\"(127.0.0.1)\"}"

static const Data datas[] = {
    {'w', "[]", 0, 0},
    {'w', "[" WHO("imap", "1") "]", 1, 0},
    {'w', "[" WHO("imap", "3") "," WHO("pop3", "1") "," WHO("sieve", "2") "]", 6, 0},
    {'w', "[" WHO("lmtp", "3") "," WHO("doveadm", "1") "]", 0, 0},
    {'w', "[" WHO("imap", "-1") "]", -2, 0},
    {'w', "[" WHO("imap", "") "]", -2, 0},
    {'w', "[" WHO("imap", "9223372036854775807") "," WHO("imap", "9223372036854775807") "]", -2, 0},
    {'w', "[{\"username\":\"bob@example.test\",\"connections\":\"1\",\"service\":\"imap\"}]", -2, 0},
    {'w', "[{\"username\":\"" A "\",\"service\":\"imap\"}]", -2, 0},
    {'w', "[{\"username\":\"" A "\",\"connections\":1,\"service\":\"imap\"}]", -2, 0},
    {'w', "[1]", -2, 0},
    {'w', "{}", -2, 0},
    {'u', "{\"" A "\":{\"uid\":\"5000\",\"home\":\"/var/vmail/a\"}}", 1, 0},
    {'u', "{\"" A "\":{\"error\":\"userdb lookup failed\"}}", 0, 0},
    {'u', "{\"bob@example.test\":{\"uid\":\"5000\"}}", 0, 0},
    {'u', "{}", 0, 0},
    {'u', "[]", 0, 0},
    {'u', "{\"" A "\":1}", -2, 0},
    {'u', "[1]", -2, 0},
    {'s', "[]", 0, 0},
    {'s',
     "[{\"mailbox\":\"INBOX\",\"messages\":\"3\",\"vsize\":\"120\"},{\"mailbox\":\"Sent\",\"messages\":\"1\","
     "\"vsize\":\"5\"}]",
     4, 125},
    {'s', "[{\"mailbox\":\"INBOX\",\"messages\":\"3\"}]", -2, 0},
    {'s', "[{\"mailbox\":\"INBOX\",\"messages\":3,\"vsize\":120}]", -2, 0},
    {'s', "{}", -2, 0},
    {'q',
     "[{\"root\":\"User "
     "quota\",\"type\":\"STORAGE\",\"value\":\"2\",\"limit\":\"10240\",\"percent\":\"0\"},{\"root\":\"User "
     "quota\",\"type\":\"MESSAGE\",\"value\":\"7\",\"limit\":\"-\",\"percent\":\"0\"}]",
     7, 2048},
    {'q', "[]", -1, -1},
    {'q', "[{\"type\":\"STORAGE\",\"value\":\"9223372036854775807\"}]", -2, 0},
    {'q', "[{\"type\":\"STORAGE\"}]", -2, 0},
    {'f', "[{\"mailbox\":\"INBOX\"},{\"mailbox\":\"Sent\"}]", 2, 0},
    {'f', "[]", 0, 0},
    {'f', "[{\"name\":\"INBOX\"}]", -2, 0},
    {'f', "{}", -2, 0},
    {'p', "[]", 0, 0},
    {'p', "[{\"path\": \"/m/a/Maildir\"}]", 1, 0},
    {'p', "[{\"path\": \"Maildir\"}]", 0, 0},
    {'p', "[{\"path\": 1}]", -2, 0},
    {'p', "[{}, {}]", -2, 0},
    {'p', "{}", -2, 0},
};

static gboolean read_data(const Data *c, const json_t *data, gint64 *a, gint64 *b, GError **error) {
  guint sessions = 0;
  gboolean exists = FALSE, read;
  g_auto(GStrv) folders = NULL;
  g_autofree char *path = NULL;
  switch (c->what) {
  case 'w':
    read = mail_dovecot_reply_sessions(data, A, &sessions, error);
    *a = sessions;
    return read;
  case 'u':
    read = mail_dovecot_reply_user(data, A, &exists, error);
    *a = exists;
    return read;
  case 's':
    return mail_dovecot_reply_status(data, a, b, error);
  case 'q':
    return mail_dovecot_reply_quota(data, a, b, error);
  case 'p':
    read = mail_dovecot_reply_path(data, &path, error);
    *a = path != NULL;
    return read;
  default:
    folders = mail_dovecot_reply_folders(data, error);
    *a = folders == NULL ? 0 : g_strv_length(folders);
    return folders != NULL;
  }
}

static void test_data(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(datas); i++) {
    const Data *c = &datas[i];
    gint64 a = 0, b = 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) data = jsontext_load(c->data, strlen(c->data), NULL);
    g_assert_nonnull(data);
    g_test_message("%c %s", c->what, c->data);
    if (c->a == -2) {
      g_assert_false(read_data(c, data, &a, &b, &error));
      g_assert_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR);
      continue;
    }
    g_assert_true(read_data(c, data, &a, &b, &error));
    g_assert_cmpint(a, ==, c->a);
    g_assert_cmpint(b, ==, c->b);
  }
}

/* Maildir, dbox and mail outside of the home; folders of all, of others, and of a neighbour whose name begins alike. */
static void test_own(void) {
  static const struct {
    const char *path, *home, *inbox;
    gboolean own;
  } cases[] = {
      {"/m/a/Maildir/.Work", "/m/a", "/m/a/Maildir", TRUE},
      {"/m/a/old/.Work", "/m/a/", "/m/a/Maildir", TRUE},
      {"/m/public/.All", "/m/a", "/m/a/Maildir", FALSE},
      {"/m/a/../public/.All", "/m/a", "/m/a/Maildir", FALSE},
      {"/m/ab/Maildir", "/m/a", "/m/a/Maildir", FALSE},
      {"/s/a/mailboxes/Work/dbox-Mails", "/home/a", "/s/a/mailboxes/INBOX/dbox-Mails", TRUE},
      {"/s/b/mailboxes/Work/dbox-Mails", NULL, "/s/a/mailboxes/INBOX/dbox-Mails", FALSE},
      {"/s/public", "/", "/INBOX", FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    g_assert_cmpint(mail_dovecot_is_own(cases[i].path, cases[i].home, cases[i].inbox), ==, cases[i].own);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dovecot_reply/envelopes", test_envelopes);
  g_test_add_func("/dovecot_reply/nested", test_nested);
  g_test_add_func("/dovecot_reply/data", test_data);
  g_test_add_func("/dovecot_reply/own", test_own);
  return g_test_run();
}
