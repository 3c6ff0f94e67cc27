#include "mail/sync.h"

#include "lib/clock.h"
#include "lib/thread.h"
#include "mail/store_change.h"
#include "mail/store_subject.h"
#include "mail/sync_page.h"

#define QUERY_SECONDS 10
#define SCAN_SECONDS 30
#define HALVES_FROM 500 /* managed mailboxes that are worth a second thread */

gboolean mail_sync_person(const MailSync *sync, const char *user_id, GError **error) {
  return mail_page_one(sync, user_id, error);
}

static gboolean stopped(const MailSync *sync) {
  return sync->stop != NULL && sync->stop(sync->stop_data);
}

/* Whoever a look at the page finds as wanted is done; the others are planned under lock. */
static gboolean look_at_page(const MailSync *sync, const DbResult *page, GError **error) {
  g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(MailPageEntry));
  for (int row = 0; row < db_rows(page); row++) {
    g_auto(MailSubject) subject = {0};
    mail_store_scan_row(page, row, sync->house, &subject);
    MailPageEntry entry = {.user_id = mail_store_scan_id(page, row)};
    if (!mail_page_idle(sync, &subject))
      g_array_append_val(entries, entry);
  }
  return mail_page_run(sync, (const MailPageEntry *)entries->data, entries->len, error);
}

static gboolean scan(const MailSync *sync, const MailScanRange *range, GError **error) {
  g_autofree char *after = g_strdup(range->after);
  for (;;) {
    MailScanRange left = {after, range->until};
    g_autoptr(DbResult) page =
        mail_store_scan(sync->pool, clock_deadline(SCAN_SECONDS), sync->house, &left, error);
    if (page == NULL || !look_at_page(sync, page, error))
      return FALSE;
    if (db_rows(page) < MAIL_SCAN_PAGE || stopped(sync))
      return TRUE;
    g_free(after);
    after = g_strdup(mail_store_scan_id(page, db_rows(page) - 1));
  }
}

/* Half of a large house, with books of its own. */
typedef struct {
  MailSync sync;
  MailTally tally;
  MailScanRange range;
  gboolean done;
  GError *error;
} Half;

static void half_begin(Half *half, const MailSync *sync, const char *after, const char *until) {
  *half = (Half){.sync = *sync, .range = {after, until}};
  half->sync.tally = &half->tally;
  half->sync.shown = sync->shown != NULL ? json_array() : NULL;
}

static void half_run(gpointer data) {
  Half *half = data;
  half->done = scan(&half->sync, &half->range, &half->error);
}

/* Adds it to the whole. */
static gboolean half_end(Half *half, const MailSync *sync, GError **error) {
  mail_tally_add(sync->tally, &half->tally);
  mail_tally_clear(&half->tally);
  if (half->sync.shown != NULL)
    json_array_extend(sync->shown, half->sync.shown);
  json_decref(half->sync.shown);
  if (half->done)
    return TRUE;
  if (error != NULL && *error == NULL)
    g_propagate_error(error, g_steal_pointer(&half->error));
  g_clear_error(&half->error);
  return FALSE;
}

/* Ids are random: a half is about half. The database does most of the work, and has more than one processor. */
gboolean mail_sync_everybody(const MailSync *sync, GError **error) {
  MailScanRange all = {MAIL_SCAN_FIRST, MAIL_SCAN_LAST};
  if (sync->house->guard.managed < HALVES_FROM)
    return scan(sync, &all, error);
  Half first, second;
  half_begin(&first, sync, MAIL_SCAN_FIRST, MAIL_SCAN_HALF);
  half_begin(&second, sync, MAIL_SCAN_HALF, MAIL_SCAN_LAST);
  g_autoptr(ThreadPool) other = thread_pool_new("sync-half", 1, 1);
  gboolean apart = thread_pool_push(other, half_run, &second, NULL, 0);
  half_run(&first);
  g_clear_pointer(&other, thread_pool_free); /* waits for it */
  if (!apart)
    half_run(&second);
  gboolean both = half_end(&first, sync, error);
  return half_end(&second, sync, error) && both;
}

/* Has any of them to do with mail? */
static gboolean any_matters(const MailSync *sync, const GPtrArray *changes, gboolean *matters,
                            GError **error) {
  *matters = FALSE;
  for (guint i = 0; i < changes->len && !*matters; i++) {
    const MailChange *change = changes->pdata[i];
    if (change->kind == 'g' &&
        !mail_store_change_matters(sync->pool, clock_deadline(QUERY_SECONDS), sync->house->org_id,
                                   change->subject, matters, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean look_at_misfits(const MailSync *sync, GError **error) {
  g_autoptr(DbResult) misfits =
      mail_store_misfits(sync->pool, clock_deadline(SCAN_SECONDS), sync->house, error);
  if (misfits == NULL)
    return FALSE;
  g_autofree MailPageEntry *entries = g_new0(MailPageEntry, (gsize)db_rows(misfits));
  for (int row = 0; row < db_rows(misfits); row++)
    entries[row].user_id = db_text(misfits, row, 0);
  return mail_page_run(sync, entries, (gsize)db_rows(misfits), error);
}

static gboolean forget(const MailSync *sync, const GPtrArray *changes, gboolean groups_alone,
                       GError **error) {
  g_autoptr(GString) ids = g_string_new("{");
  for (guint i = 0; i < changes->len; i++) {
    const MailChange *change = changes->pdata[i];
    if (change->kind == 'g' || !groups_alone)
      g_string_append_printf(ids, "%s%s", ids->len > 1 ? "," : "", change->ids);
  }
  g_string_append_c(ids, '}');
  return ids->len == 2 || stopped(sync) ||
         mail_store_change_forget(sync->pool, clock_deadline(QUERY_SECONDS), sync->house->org_id, ids->str,
                                  error);
}

gboolean mail_sync_forget(const MailSync *sync, const GPtrArray *changes, GError **error) {
  return forget(sync, changes, FALSE, error);
}

/* A group's change is anybody's who is or was in it: those whose mailbox does not fit show who that is. */
gboolean mail_sync_changes(const MailSync *sync, const GPtrArray *changes, GError **error) {
  gboolean matters = FALSE;
  g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(MailPageEntry));
  for (guint i = 0; i < changes->len; i++) {
    const MailChange *change = changes->pdata[i];
    MailPageEntry entry = {change->subject, change->ids, change->first};
    if (change->kind == 'u')
      g_array_append_val(entries, entry);
  }
  if (!mail_page_run(sync, (const MailPageEntry *)entries->data, entries->len, error) ||
      !any_matters(sync, changes, &matters, error) || (matters && !look_at_misfits(sync, error)))
    return FALSE;
  return forget(sync, changes, TRUE, error);
}
