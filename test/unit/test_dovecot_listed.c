#include "mail/dovecot_listed.h"

#include <string.h>

static json_t *load(const char *text) {
  json_t *data = jsontext_load(text, strlen(text), NULL);
  g_assert_nonnull(data);
  return data;
}

static void test_quota(void) {
  static const struct {
    const char *rule;
    gint64 bytes;
  } rows[] = {
      {"*:bytes=5368709120", 5368709120},
      {"*:storage=1G", 1 << 30},
      {"*:storage=5M", 5 << 20},
      {"*:storage=10240", 10485760},
      {"*:bytes=2k", 2048},
      {"", 0},
      {"*:messages=1000", 0},
      {"Trash:storage=+10%", -1},
      {"*:storage=", -1},
      {"*:storage=-1", -1},
      {"*:storage=1X", -1},
      {"*:storage=99999999999999999999", -1},
      {"*:storage=9223372036854775806", -1},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
    g_assert_cmpint(mail_dovecot_listed_quota(rows[i].rule), ==, rows[i].bytes);
}

static void test_names(void) {
  g_autoptr(json_t) data = load("{\"userList\":[\"b@x.example\",\"a@x.example\",\"b@x.example\"]}");
  g_auto(GStrv) names = mail_dovecot_listed_names(data, NULL);
  g_assert_cmpuint(g_strv_length(names), ==, 2);
  g_assert_cmpstr(names[0], ==, "b@x.example");
  static const char *const wrong[] = {"[]", "{}", "{\"userList\":{}}", "{\"userList\":[1]}"};
  for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) other = load(wrong[i]);
    g_assert_null(mail_dovecot_listed_names(other, &error));
    g_assert_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR);
  }
}

static void test_users(void) {
  g_autoptr(GPtrArray) listed = g_ptr_array_new_with_free_func((GDestroyNotify)mail_listed_free);
  g_autoptr(json_t) data =
      load("{\"a@x.example\":{\"uid\":\"5000\",\"gid\":\"vmail\",\"home\":\"/var/vmail/"
           "a\",\"mail\":\"maildir:~/M\","
           "\"quota_rule\":\"*:storage=1G\"},\"b@x.example\":{\"error\":\"no such\"},\"c@x.example\":{}}");
  g_assert_true(mail_dovecot_listed_users(data, listed, NULL));
  g_assert_cmpuint(listed->len, ==, 2);
  const MailListed *first = listed->pdata[0], *last = listed->pdata[1];
  g_assert_cmpstr(first->home, ==, "/var/vmail/a");
  g_assert_cmpint(first->uid, ==, 5000);
  g_assert_cmpint(first->gid, ==, -1);
  g_assert_cmpint(first->quota_bytes, ==, 1 << 30);
  g_assert_null(last->home);
  g_assert_cmpint(last->quota_bytes, ==, 0);
  g_autoptr(json_t) wrong = load("{\"a@x.example\":1}");
  g_assert_false(mail_dovecot_listed_users(wrong, listed, NULL));
}

static void test_online(void) {
  g_autoptr(GHashTable) logins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(json_t) data = load("[{\"username\":\"a@x.example\",\"service\":\"imap\"},{\"username\":\"b@x."
                                "example\",\"service\":\"lmtp\"},"
                                "{\"username\":\"a@x.example\",\"service\":\"pop3\"}]");
  g_assert_true(mail_dovecot_listed_online(data, logins, NULL));
  g_assert_cmpuint(g_hash_table_size(logins), ==, 1);
  g_assert_true(g_hash_table_contains(logins, "a@x.example"));
  g_autoptr(json_t) wrong = load("[{\"username\":\"a@x.example\"}]");
  g_assert_false(mail_dovecot_listed_online(wrong, logins, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dovecot-listed/quota", test_quota);
  g_test_add_func("/dovecot-listed/names", test_names);
  g_test_add_func("/dovecot-listed/users", test_users);
  g_test_add_func("/dovecot-listed/online", test_online);
  return g_test_run();
}
