/* Reads one person with their mailbox, or a page of them. */
#pragma once

#include "lib/db_pool.h"
#include "mail/house.h"

typedef struct {
  MailMember person;
  MailFound found;
  const MailTemplate *item; /* borrowed from the house; NULL: in no mail group */
} MailSubject;

void mail_subject_clear(MailSubject *subject);

/* Inside a transaction: serialises the workers at this person, and locks the mailbox. Queued. */
void mail_store_subject_lock(Db *db, gint64 org_id, const char *user_id);
gboolean mail_store_subject_load(Db *db, const MailHouse *house, const char *user_id, MailSubject *subject,
                                 GError **error);
/* Is the mail group gone from the directory, or without anybody in it? */
gboolean mail_store_group_gone(Db *db, gint64 org_id, gint64 mail_group_id, gboolean *gone, GError **error);
/* address → MailTaken of those that somebody has; g_hash_table_unref. */
GHashTable *mail_store_taken(Db *db, gint64 org_id, char **addresses, GError **error);

/* Pages in order of an id, from after `after` on: everybody in the mail groups, then those with a mailbox that are in
 * none. Each row is read by mail_store_subject_row; *last gets its id. */
typedef enum { MAIL_SCAN_MEMBERS, MAIL_SCAN_OTHERS, MAIL_SCAN_KINDS } MailScanKind;
#define MAIL_SCAN_PAGE 2000
#define MAIL_SCAN_START "00000000-0000-0000-0000-000000000000"
DbResult *mail_store_scan(DbPool *pool, gint64 deadline, const MailHouse *house, MailScanKind kind,
                          const char *after, GError **error);
const char *mail_store_scan_id(const DbResult *page, int row);
void mail_store_scan_row(const DbResult *page, int row, const MailHouse *house, MailSubject *subject);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailSubject, mail_subject_clear)
