/* Mailboxes that the mail store has yet to be made to match: claimed for a while by the database's clock, fenced by an epoch. */
#pragma once

#include "lib/db_pool.h"

#define MAIL_LEASE_SECONDS 30

/* A claimed mailbox: what the driver is told, and the fence. */
typedef struct {
  gint64 org_id;
  char *org, *mailbox_id, *address, *former; /* former may be NULL */
  GStrv aliases;
  gint64 generation, epoch, quota_bytes;
  int attempts;
  gboolean open, purge;
  gboolean cut;                   /* end its sessions once, although it is open */
  char *kind, *url, *secret_file; /* of the back end; secret_file may be NULL */
} MailEffect;

void mail_effect_free(MailEffect *effect);

/* MailEffect * of at most `limit`, leavers first. org_id 0: any organisation that is not paused. g_ptr_array_unref. */
GPtrArray *mail_store_claim(DbPool *pool, gint64 deadline, const char *owner, gint64 org_id, gint64 limit,
                            GError **error);
/* The driver said yes. *current FALSE: somebody else claimed it, or it changed meanwhile; it is dirty again. */
gboolean mail_store_applied(DbPool *pool, gint64 deadline, const MailEffect *effect, gboolean *current,
                            GError **error);
/* The driver said no: again after delay_ms. */
gboolean mail_store_failed(DbPool *pool, gint64 deadline, const MailEffect *effect, const char *why,
                           gint64 delay_ms, GError **error);
/* Renews those of effects from index `from` on. *n: how many are still ours. */
gboolean mail_store_renew(DbPool *pool, gint64 deadline, const GPtrArray *effects, guint from,
                          const char *owner, gint64 *n, GError **error);
/* How many mailboxes still differ, whose next try is later. */
gboolean mail_store_behind(DbPool *pool, gint64 deadline, gint64 org_id, gint64 *n, GError **error);
