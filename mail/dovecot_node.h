/* One doveadm HTTP API: the calls of mail/driver.h for the node of Dovecot that answers there. Sessions are local to a node, mail is
 * where its configuration says. Thread-safe; process lifetime. */
#pragma once

#include "mail/driver.h"

typedef struct MailDovecotNode MailDovecotNode;

/* url: of the listener ("http://127.0.0.1:8080"), or with the API's path. NULL with CONFIG. */
MailDovecotNode *mail_dovecot_node_new(const char *url, const char *secret, GError **error);
void mail_dovecot_node_free(MailDovecotNode *node);
const char *mail_dovecot_node_url(const MailDovecotNode *node);

/* What a node can be asked for. Of the target only apply reads more than the address; report: what it found, added by the caller to
 * those of other nodes; cut counts in `sessions` those it ended. */
typedef gboolean (*MailDovecotNodeCall)(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                        MailReport *report, GError **error);
gboolean mail_dovecot_node_apply(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                 MailReport *report, GError **error);
gboolean mail_dovecot_node_cut(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                               MailReport *report, GError **error);
gboolean mail_dovecot_node_look(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                MailReport *report, GError **error);
gboolean mail_dovecot_node_purge(MailDovecotNode *node, const MailTarget *target, gint64 deadline,
                                 MailReport *report, GError **error);
/* The optional calls of mail/driver.h. */
gboolean mail_dovecot_node_list(MailDovecotNode *node, gint64 deadline, GPtrArray *listed, GError **error);
gboolean mail_dovecot_node_finds(MailDovecotNode *node, const char *const *addresses, gint64 deadline,
                                 GError **error);
gboolean mail_dovecot_node_online(MailDovecotNode *node, gint64 deadline, GHashTable *logins, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailDovecotNode, mail_dovecot_node_free)
