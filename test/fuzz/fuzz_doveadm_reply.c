#include <stdint.h>

#include "mail/dovecot_listed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever doveadm answers is read as one of each command's data or refused with words. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_auto(MailDovecotReply) reply = {0};
  g_autoptr(GError) error = NULL;
  if (!mail_dovecot_reply_parse((const char *)data, size, "t1", &reply, &error)) {
    g_assert_nonnull(error);
    return 0;
  }
  g_assert_cmpint(reply.data != NULL, ==, reply.exit_code == DOVEADM_OK);
  guint sessions;
  gboolean exists;
  gint64 messages = 0, bytes = 0;
  if (mail_dovecot_reply_status(reply.data, &messages, &bytes, NULL))
    g_assert_true(messages >= 0 && bytes >= 0);
  if (mail_dovecot_reply_quota(reply.data, &messages, &bytes, NULL))
    g_assert_true(messages >= -1 && bytes >= -1);
  mail_dovecot_reply_sessions(reply.data, "a@example.test", &sessions, NULL);
  mail_dovecot_reply_user(reply.data, "a@example.test", &exists, NULL);
  g_strfreev(mail_dovecot_reply_folders(reply.data, NULL));
  g_autofree char *path = NULL;
  if (mail_dovecot_reply_path(reply.data, &path, NULL) && path != NULL)
    g_assert_false(mail_dovecot_is_own(path, "/", "/INBOX"));
  g_strfreev(mail_dovecot_listed_names(reply.data, NULL));
  g_autoptr(GPtrArray) listed = g_ptr_array_new_with_free_func((GDestroyNotify)mail_listed_free);
  g_autoptr(GHashTable) logins = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  mail_dovecot_listed_users(reply.data, listed, NULL);
  mail_dovecot_listed_online(reply.data, logins, NULL);
  for (guint i = 0; i < listed->len; i++)
    g_assert_cmpint(((const MailListed *)listed->pdata[i])->quota_bytes, >=, -1);
  return 0;
}
