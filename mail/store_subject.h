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

/* Inside a transaction: serialises the workers at these people. user_ids and hints are SQL arrays of one length; hints names for each
 * person a row of mail_change that must still be there (0: none), else somebody has planned them meanwhile. wait FALSE leaves
 * out whom another worker has in hand now. Rows: user_id, in no order. */
DbResult *mail_store_subject_lock(Db *db, gint64 org_id, const char *user_ids, const char *hints,
                                  gboolean wait, GError **error);
/* Their rows, in the order of user_ids, for mail_store_subject_row; with lock their mailboxes stay as they are until the end. */
DbResult *mail_store_subjects(Db *db, gint64 org_id, const char *user_ids, gboolean lock, GError **error);
/* FALSE: the mail groups were changed since the house was read; the subject is to be cleared all the same. */
gboolean mail_store_subject_row(const DbResult *rows, int row, const MailHouse *house, MailSubject *subject);
/* Is the mail group gone from the directory, or without anybody in it? */
gboolean mail_store_group_gone(Db *db, gint64 org_id, gint64 mail_group_id, gboolean *gone, GError **error);
/* address → MailTaken of those that somebody has; g_hash_table_unref. */
GHashTable *mail_store_taken(Db *db, gint64 org_id, char **addresses, GError **error);

/* Pages in order of user_id: everybody in the mail groups and everybody with a mailbox. Each row is read by mail_store_scan_row. */
#define MAIL_SCAN_PAGE 2000
#define MAIL_SCAN_FIRST "00000000-0000-0000-0000-000000000000"
#define MAIL_SCAN_HALF "7fffffff-ffff-ffff-ffff-ffffffffffff"
#define MAIL_SCAN_LAST "ffffffff-ffff-ffff-ffff-ffffffffffff"
typedef struct {
  const char *after, *until; /* not this, but this */
} MailScanRange;
DbResult *mail_store_scan(DbPool *pool, gint64 deadline, const MailHouse *house, const MailScanRange *range,
                          GError **error);
const char *mail_store_scan_id(const DbResult *page, int row);
void mail_store_scan_row(const DbResult *page, int row, const MailHouse *house, MailSubject *subject);
/* user_id of those whose membership and mailbox do not fit: what a change of a group may have to do with. */
DbResult *mail_store_misfits(DbPool *pool, gint64 deadline, const MailHouse *house, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MailSubject, mail_subject_clear)
