/* What doveadm's HTTP API answers to one command, read strictly: [["doveadmResponse", DATA, TAG]] or
 * [["error", {"type": "exitCode", "exitCode": N}, TAG]]. Anything else is MAIL_DRIVER_ERROR_UNCLEAR: it may have been done. */
#pragma once

#include "lib/jsontext.h"
#include "mail/driver.h"

/* sysexits(3) as doveadm uses them. */
enum { DOVEADM_OK = 0, DOVEADM_EXISTS = 65, DOVEADM_NO_USER = 67, DOVEADM_NOT_FOUND = 68 };

typedef struct {
  int exit_code; /* DOVEADM_OK: data is there */
  json_t *data;  /* an array or object; NULL when exit_code is not OK */
} MailDovecotReply;

gboolean mail_dovecot_reply_parse(const char *bytes, gsize n, const char *tag, MailDovecotReply *reply,
                                  GError **error);
void mail_dovecot_reply_clear(MailDovecotReply *reply);

/* The data of single commands. FALSE with UNCLEAR when it is not of their form. */
/* Is it a person's: not a delivery, nor doveadm's own? */
gboolean mail_dovecot_reply_is_session(const char *service);
/* who: live sessions of this login; deliveries and doveadm's own are none. */
gboolean mail_dovecot_reply_sessions(const json_t *data, const char *address, guint *sessions,
                                     GError **error);
/* user: is there one of this name? */
gboolean mail_dovecot_reply_user(const json_t *data, const char *address, gboolean *exists, GError **error);
/* mailboxStatus with messages and vsize: the sums over all folders. */
gboolean mail_dovecot_reply_status(const json_t *data, gint64 *messages, gint64 *bytes, GError **error);
/* quotaGet: the first root's; -1 where it does not tell. */
gboolean mail_dovecot_reply_quota(const json_t *data, gint64 *messages, gint64 *bytes, GError **error);
/* mailboxList: names, NULL-terminated; free with g_strfreev. NULL on failure. */
char **mail_dovecot_reply_folders(const json_t *data, GError **error);
/* mailboxPath of one folder: an absolute one; *path NULL where it has none. */
gboolean mail_dovecot_reply_path(const json_t *data, char **path, GError **error);
/* Does a folder's path lie in the home (may be NULL) or in the place of INBOX, whose path is given? */
gboolean mail_dovecot_is_own(const char *path, const char *home, const char *inbox);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailDovecotReply, mail_dovecot_reply_clear)
