/* Mailboxes that the mail store has yet to be made to match: claimed for a while by the database's clock, fenced by an epoch. */
#pragma once

#include "lib/db_pool.h"

#define MAIL_LEASE_SECONDS 30
#define MAIL_PURGE_SECONDS 300 /* of one purge; its lease is longer by MAIL_LEASE_SECONDS */

/* A claimed mailbox: what the driver is told, and the fence. */
typedef struct {
  gint64 org_id;
  char *org, *mailbox_id, *address;
  GStrv formers; /* other names under which the store may know it */
  GStrv aliases;
  GStrv logins; /* other names that its owner may be signed in by, where sessions are to end */
  gint64 generation, epoch, quota_bytes;
  int attempts;
  gboolean open, purge;
  gboolean cut;                   /* end its sessions once, although it is open */
  char *kind, *url, *secret_file; /* of the back end; secret_file may be NULL */
} MailEffect;

void mail_effect_free(MailEffect *effect);

typedef struct {
  const char *owner;
  const char *backend; /* one mail store's */
  gint64 org_id;       /* 0: any organisation that is not paused */
  gint64 limit;
} MailClaim;

/* MailEffect *, leavers first, purges last. g_ptr_array_unref. */
GPtrArray *mail_store_claim(DbPool *pool, gint64 deadline, const MailClaim *claim, GError **error);

/* What became of it. */
typedef struct {
  const MailEffect *effect;
  char *why;       /* the store said no, and this; NULL: it said yes */
  gint64 delay_ms; /* until the next try */
} MailOutcome;

/* Writes MailOutcome by value. *current: how many yes stand; the others were claimed by somebody else or changed meanwhile, and
 * are dirty again. */
gboolean mail_store_outcomes(DbPool *pool, gint64 deadline, const GArray *outcomes, guint *current,
                             GError **error);
/* Renews those of effects from index `from` on. *n: how many are still ours. */
gboolean mail_store_renew(DbPool *pool, gint64 deadline, const GPtrArray *effects, guint from,
                          const char *owner, gint64 *n, GError **error);
/* Gives back those from index `from` on, untouched. */
gboolean mail_store_release(DbPool *pool, gint64 deadline, const GPtrArray *effects, guint from,
                            GError **error);
/* How many mailboxes still differ, whose next try is later. */
gboolean mail_store_behind(DbPool *pool, gint64 deadline, gint64 org_id, gint64 *n, GError **error);
/* The names of all mail stores. Free with g_strfreev. */
char **mail_store_backends(DbPool *pool, gint64 deadline, GError **error);
