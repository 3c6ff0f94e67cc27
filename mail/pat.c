#include "mail/pat.h"

#include <string.h>

#include "lib/text.h"
#include "mail/error.h"
#include "mail/protocol.h"
#include "mail/store_pat.h"

#define DAYS_PAT_MAX 3653

gboolean mail_pat_name(const char *name, GError **error) {
  if (*name != '\0' && text_is_plain(name) && g_utf8_strlen(name, -1) <= MAIL_PAT_NAME_CHARACTERS &&
      strpbrk(name, "<>`\\") == NULL)
    return TRUE;
  g_autofree char *quoted = text_quote(name);
  mail_error_set(
      error, MAIL_ERROR_INPUT, 0,
      "\"%s\" cannot be the name of a token; it takes 1 to %d characters, no controls and none of < > ` \\",
      quoted, MAIL_PAT_NAME_CHARACTERS);
  return FALSE;
}

gboolean mail_pat_bounds(const MailPatBounds *bounds, gint64 live, gint64 wanted, gint64 *days,
                         GError **error) {
  *days = wanted == 0 ? MIN(bounds->default_days, bounds->max_days) : wanted;
  if (!bounds->enabled)
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAT_OFF, "personal access tokens are switched off");
  else if (live >= bounds->per_person)
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAT_MANY,
                   "there are %" G_GINT64_FORMAT " live tokens already, and the limit is %" G_GINT64_FORMAT,
                   live, bounds->per_person);
  else if (*days == MAIL_PAT_FOREVER && !bounds->unlimited)
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAT_DAYS,
                   "tokens that never expire are not allowed here");
  else if (*days != MAIL_PAT_FOREVER && (*days < 1 || *days > bounds->max_days))
    mail_error_set(error, MAIL_ERROR_REFUSED, GP_MAIL_PAT_DAYS,
                   "a token may live 1 to %" G_GINT64_FORMAT " days, not %" G_GINT64_FORMAT, bounds->max_days,
                   *days);
  else
    return TRUE;
  return FALSE;
}

gboolean mail_pat_protocols(const char *text, char ***protocols, GError **error) {
  g_autofree char *wrong = NULL;
  *protocols = mail_protocol_list(text, &wrong);
  if (*protocols != NULL)
    return TRUE;
  g_autofree char *quoted = text_quote(wrong);
  mail_error_set(error, MAIL_ERROR_INPUT, 0, "\"%s\" is not a protocol; there is: " MAIL_PROTOCOL_ALL,
                 quoted);
  return FALSE;
}

/* A service only sends. */
static gboolean check_service(const MailPatWish *wish, GError **error) {
  for (const char *const *protocol = wish->protocols; wish->owner == NULL && *protocol != NULL; protocol++) {
    if (strcmp(*protocol, "smtp") == 0)
      continue;
    mail_error_set(error, MAIL_ERROR_INPUT, 0, "a service token may only be for smtp, not %s", *protocol);
    return FALSE;
  }
  return TRUE;
}

json_t *mail_pat_create(const MailScope *scope, const MailPatWish *wish, char secret[MAIL_TOKEN_TEXT_BYTES],
                        GError **error) {
  static const char *const usual[] = {"imap", "pop3", "smtp", "sieve", NULL};
  static const char *const sending[] = {"smtp", NULL};
  MailPatWish whole = *wish;
  if (whole.protocols[0] == NULL)
    whole.protocols = whole.owner == NULL ? sending : usual;
  if (!mail_pat_name(whole.name, error) || !check_service(&whole, error))
    return NULL;
  g_assert(whole.days >= MAIL_PAT_FOREVER && whole.days <= DAYS_PAT_MAX);
  mail_token_new(secret);
  json_t *made = mail_store_pat_create(scope, &whole, secret, error);
  if (made == NULL)
    crypto_wipe(secret, MAIL_TOKEN_TEXT_BYTES);
  return made;
}

json_t *mail_pat_list(const MailScope *scope, const MailPatFilter *filter, GError **error) {
  return mail_store_pat_list(scope, filter, error);
}

gboolean mail_pat_rename(const MailScope *scope, gint64 token_id, const char *name, GError **error) {
  return mail_pat_name(name, error) && mail_store_pat_rename(scope, token_id, name, error);
}

gboolean mail_pat_revoke(const MailScope *scope, const gint64 *token_ids, gsize n, const char *why,
                         GError **error) {
  return mail_store_pat_revoke(scope, token_ids, n, why, error);
}

gboolean mail_pat_revoke_all(const MailScope *scope, const char *user_id, const char *why, gint64 *n,
                             GError **error) {
  return mail_store_pat_revoke_all(scope, user_id, why, n, error);
}
