/* Mailboxes that stand in a mail store and that gatepost did not make: noted as found, so that an admin can take them over
 * (mail_admin_adopt). A found row changes nothing for anybody and is never acted upon. */
#pragma once

#include <jansson.h>

#include "mail/driver.h"
#include "mail/scope.h"

/* What one store lists, in the organisation's terms. */
typedef struct {
  char *backend;
  GPtrArray *listed;  /* MailListed *; NULL: it does not list, or was away */
  char *words;        /* why not; NULL */
  GHashTable *online; /* logins with live sessions; NULL: as listed */
  char *place;        /* where mail lies there, as its settings say */
  gint64 uid, gid;    /* owner of the mail of our mailboxes there */
} MailScanStore;

/* Every store, or the one of this name; MailScanStore *, g_ptr_array_unref. */
GPtrArray *mail_scan_stores(const MailScope *scope, const char *backend, GError **error);
/* Notes what is in the organisation's domains, forgets what is no longer in the store. {mailboxes: [{address, home, state, why}], counts
 * {new, known, ours, elsewhere, gone}, stores: [{name, listed, words}]}. plan: changes nothing. */
json_t *mail_scan_run(const MailScope *scope, const char *backend, gboolean plan, GError **error);
/* [{name, listed, words}]: listed -1 where it does not. */
json_t *mail_scan_told(const GPtrArray *stores);
