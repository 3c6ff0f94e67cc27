/* Hints which people and groups to look at again: rows of mail_change. */
#pragma once

#include "lib/db_pool.h"

/* In the transaction of whoever changed the directory; nothing in an organisation without mail. Queued. */
void mail_store_change_queue(Db *db, gint64 org_id, char kind, const char *subject);

/* One subject of the oldest rows, and all of its rows among them. */
typedef struct {
  char kind; /* 'u', 'g' */
  char *subject;
  char *ids;    /* change_id with commas */
  gint64 first; /* one of them */
} MailChange;

void mail_change_free(MailChange *change);
/* Organisations with hints; and those whose time has come to look at everybody. Ids as text; free with g_strfreev. */
char **mail_store_change_orgs(DbPool *pool, gint64 deadline, GError **error);
char **mail_store_change_due(DbPool *pool, gint64 deadline, GError **error);
/* MailChange *, the oldest first; g_ptr_array_unref. */
GPtrArray *mail_store_changes(DbPool *pool, gint64 deadline, gint64 org_id, GError **error);
/* ids: an SQL array. Inside a transaction: they are done. Queued. */
void mail_store_change_done(Db *db, gint64 org_id, const char *ids);
gboolean mail_store_change_forget(DbPool *pool, gint64 deadline, gint64 org_id, const char *ids,
                                  GError **error);
/* Has this SCIM group to do with mail: is it in a mail group, or gone? */
gboolean mail_store_change_matters(DbPool *pool, gint64 deadline, gint64 org_id, const char *group_id,
                                   gboolean *matters, GError **error);
