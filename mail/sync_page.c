#include "mail/sync_page.h"

#include "lib/clock.h"
#include "lib/crypto.h"
#include "mail/error.h"
#include "mail/store_apply.h"
#include "mail/store_change.h"

#define PAGE_SECONDS 20
#define RACES 4 /* somebody took the address between the look and the write */

typedef enum {
  ROW_LEFT,   /* not in this transaction: another worker has them */
  ROW_LATER,  /* locked, but to be planned after somebody else of this page, or with the mail groups of now */
  ROW_LOCKED, /* to be planned */
} RowState;

/* One person on the way through the transaction. */
typedef struct {
  const MailPageEntry *entry;
  RowState state;
  gboolean outdated; /* the house is: LATER is for another pass */
  MailSubject subject;
  MailPlan plan;
  MailLoss loss;
  char new_id[CRYPTO_UUID_TEXT_BYTES];
} Row;

typedef struct {
  const MailSync *sync;
  const MailPageEntry *entries;
  gsize n;
  Row *rows;
  GHashTable *taken;     /* address → MailTaken: of others, and of those planned before in this page */
  GHashTable *mailboxes; /* ids that somebody of this page has; borrowed */
  GHashTable *gone;      /* mail_group_id → is it gone? */
  MailLosses losses;
  gboolean guarded; /* losses was asked for */
} Page;

static void row_clear(Row *row) {
  mail_subject_clear(&row->subject);
  mail_plan_clear(&row->plan);
}

static void page_reset(Page *page) {
  for (gsize i = 0; page->rows != NULL && i < page->n; i++)
    row_clear(&page->rows[i]);
  g_clear_pointer(&page->rows, g_free);
  g_clear_pointer(&page->taken, g_hash_table_unref);
  g_clear_pointer(&page->mailboxes, g_hash_table_unref);
  g_clear_pointer(&page->gone, g_hash_table_unref);
  mail_losses_clear(&page->losses);
  page->guarded = FALSE;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_reset)

static void page_begin(Page *page) {
  page_reset(page);
  page->rows = g_new0(Row, page->n);
  for (gsize i = 0; i < page->n; i++)
    page->rows[i].entry = &page->entries[i];
  page->mailboxes = g_hash_table_new(g_str_hash, g_str_equal);
  page->gone = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
}

static MailPlanInput input_of(const Page *page, const Row *row) {
  return (MailPlanInput){.item = row->subject.item,
                         .person = &row->subject.person,
                         .found = &row->subject.found,
                         .domains = (const char *const *)page->sync->house->domains,
                         .taken = page->taken,
                         .now_us = clock_wall()};
}

static void plan_again(Row *row, const MailPlanInput *input) {
  mail_plan_clear(&row->plan);
  mail_plan_make(input, &row->plan);
}

/* ---- lock and read */

static char *ids_of(const Page *page, RowState least) {
  GString *ids = g_string_new("{");
  for (gsize i = 0; i < page->n; i++)
    if (page->rows[i].state >= least)
      g_string_append_printf(ids, "%s%s", ids->len > 1 ? "," : "", page->entries[i].user_id);
  g_string_append_c(ids, '}');
  return g_string_free(ids, FALSE);
}

static char *hints_of(const Page *page) {
  GString *hints = g_string_new("{");
  for (gsize i = 0; i < page->n; i++)
    g_string_append_printf(hints, "%s%" G_GINT64_FORMAT, i > 0 ? "," : "", page->entries[i].hint);
  g_string_append_c(hints, '}');
  return g_string_free(hints, FALSE);
}

/* Only one alone waits for another worker. */
static gboolean lock_rows(Page *page, Db *db, GError **error) {
  g_autofree char *ids = ids_of(page, ROW_LEFT), *hints = hints_of(page);
  g_autoptr(DbResult) locked =
      mail_store_subject_lock(db, page->sync->house->org_id, ids, hints, page->n == 1, error);
  if (locked == NULL)
    return FALSE;
  g_autoptr(GHashTable) ours = g_hash_table_new(g_str_hash, g_str_equal);
  for (int i = 0; i < db_rows(locked); i++)
    g_hash_table_add(ours, (gpointer)db_text(locked, i, 0));
  for (gsize i = 0; i < page->n; i++)
    page->rows[i].state = g_hash_table_contains(ours, page->entries[i].user_id) ? ROW_LOCKED : ROW_LEFT;
  return TRUE;
}

static void take_row(Page *page, Row *row, const DbResult *result, int at) {
  row->outdated = !mail_store_subject_row(result, at, page->sync->house, &row->subject);
  const char *mailbox_id = row->subject.found.mailbox_id;
  /* Two who came back as the same person: the first gets the mailbox, which the other will see then. */
  gboolean twice = mailbox_id != NULL && !g_hash_table_add(page->mailboxes, (gpointer)mailbox_id);
  if (row->outdated || twice)
    row->state = ROW_LATER;
}

static gboolean read_rows(Page *page, Db *db, GError **error) {
  gboolean show = page->sync->mode == MAIL_SYNC_SHOW;
  for (gsize i = 0; show && i < page->n; i++)
    page->rows[i].state = ROW_LOCKED;
  if (!show && !lock_rows(page, db, error))
    return FALSE;
  g_autofree char *ids = ids_of(page, ROW_LOCKED);
  g_autoptr(DbResult) result = mail_store_subjects(db, page->sync->house->org_id, ids, !show, error);
  if (result == NULL)
    return FALSE;
  for (gsize i = 0, at = 0; i < page->n; i++)
    if (page->rows[i].state == ROW_LOCKED)
      take_row(page, &page->rows[i], result, (int)at++);
  return TRUE;
}

/* ---- compare */

static gboolean look_up_taken(Page *page, Db *db, GError **error) {
  g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
  for (gsize i = 0; i < page->n; i++) {
    Row *row = &page->rows[i];
    if (row->state != ROW_LOCKED)
      continue;
    MailPlanInput input = input_of(page, row);
    plan_again(row, &input);
    if (row->plan.idle && !mail_plan_has(&row->plan, MAIL_STEP_COLLIDE))
      continue;
    g_autofree GStrv wanted = mail_plan_addresses(&input);
    for (guint k = 0; wanted[k] != NULL; k++)
      g_ptr_array_add(addresses, wanted[k]);
  }
  g_ptr_array_add(addresses, NULL);
  page->taken = mail_store_taken(db, page->sync->house->org_id, (char **)addresses->pdata, error);
  return page->taken != NULL;
}

/* Whoever is planned next sees these as somebody else's. */
static void take_address(Page *page, const Row *row, const char *mailbox_id, const char *address) {
  const MailTaken *before = g_hash_table_lookup(page->taken, address);
  if (before != NULL && g_strcmp0(before->mailbox_id, mailbox_id) == 0)
    return;
  MailTaken *taken = g_new0(MailTaken, 1);
  taken->mailbox_id = g_strdup(mailbox_id);
  taken->who = g_strdup_printf("%s (%s)", row->subject.person.user_name, row->plan.address);
  g_hash_table_insert(page->taken, g_strdup(address), taken);
}

static void take_addresses(Page *page, const Row *row) {
  const char *found_id = row->subject.found.mailbox_id;
  const char *mailbox_id = found_id != NULL ? found_id : row->new_id;
  if (row->plan.idle || row->plan.address == NULL)
    return;
  take_address(page, row, mailbox_id, row->plan.address);
  for (guint i = 0; row->plan.aliases != NULL && row->plan.aliases[i] != NULL; i++)
    take_address(page, row, mailbox_id, row->plan.aliases[i]);
}

static gboolean group_gone(Page *page, Db *db, gint64 mail_group_id, gboolean *gone, GError **error) {
  gpointer known = NULL;
  if (g_hash_table_lookup_extended(page->gone, &mail_group_id, NULL, &known)) {
    *gone = known != NULL;
    return TRUE;
  }
  if (!mail_store_group_gone(db, page->sync->house->org_id, mail_group_id, gone, error))
    return FALSE;
  g_hash_table_insert(page->gone, g_memdup2(&mail_group_id, sizeof mail_group_id), GINT_TO_POINTER(*gone));
  return TRUE;
}

/* Leaving the mail groups, and the mail groups leaving, are told apart only where it matters. */
static gboolean plan_row(Page *page, Row *row, Db *db, GError **error) {
  MailPlanInput input = input_of(page, row);
  crypto_uuid(row->new_id);
  plan_again(row, &input);
  if (row->plan.cause == MAIL_CAUSE_SCOPE && mail_plan_has(&row->plan, MAIL_STEP_DISABLE)) {
    if (!group_gone(page, db, row->subject.found.mail_group_id, &input.group_gone, error))
      return FALSE;
    if (input.group_gone)
      plan_again(row, &input);
  }
  take_addresses(page, row);
  return TRUE;
}

/* ---- decide and write */

static gboolean ask_guard(Page *page, Row *row, Db *db, GError **error) {
  const MailSync *sync = page->sync;
  row->loss = MAIL_LOSS_APPROVED;
  if (sync->mode == MAIL_SYNC_APPROVE || !mail_plan_has(&row->plan, MAIL_STEP_DISABLE))
    return TRUE;
  row->loss = MAIL_LOSS_HOLD;
  if (row->plan.cause == MAIL_CAUSE_VANISHED || row->subject.found.held)
    return TRUE;
  if (!page->guarded && !mail_store_losses(db, sync->house->org_id, &page->losses, error))
    return FALSE;
  page->guarded = TRUE;
  MailGuard guard = sync->house->guard;
  guard.lost = mail_losses_count(&page->losses);
  if (!mail_guard_allows(&guard))
    return TRUE;
  row->loss = MAIL_LOSS_NOW;
  mail_losses_add(&page->losses, row->subject.found.mailbox_id);
  return TRUE;
}

static gboolean is_written(const Page *page, const Row *row) {
  gboolean approved = page->sync->mode == MAIL_SYNC_APPROVE && mail_plan_has(&row->plan, MAIL_STEP_DISABLE);
  return page->sync->mode != MAIL_SYNC_SHOW && (!row->plan.idle || approved);
}

static void settle_hints(const Page *page, Db *db) {
  g_autoptr(GString) ids = g_string_new("{");
  for (gsize i = 0; i < page->n; i++)
    if (page->rows[i].state == ROW_LOCKED && page->entries[i].change_ids != NULL)
      g_string_append_printf(ids, "%s%s", ids->len > 1 ? "," : "", page->entries[i].change_ids);
  g_string_append_c(ids, '}');
  if (ids->len > 2)
    mail_store_change_done(db, page->sync->house->org_id, ids->str);
}

static gboolean page_body(Db *db, gpointer data, GError **error) {
  Page *page = data;
  page_begin(page);
  if (!read_rows(page, db, error) || !look_up_taken(page, db, error))
    return FALSE;
  for (gsize i = 0; i < page->n; i++) {
    Row *row = &page->rows[i];
    if (row->state != ROW_LOCKED)
      continue;
    if (!plan_row(page, row, db, error) || (is_written(page, row) && !ask_guard(page, row, db, error)))
      return FALSE;
    if (is_written(page, row))
      mail_store_apply(db, page->sync->house,
                       &(MailApply){&row->subject, &row->plan, row->loss, row->new_id});
  }
  settle_hints(page, db);
  return TRUE;
}

/* ---- count */

static void show(const MailSync *sync, const Row *row) {
  const char *name = row->subject.person.user_name;
  for (guint i = 0; i < row->plan.steps->len; i++) {
    const MailStep *step = &g_array_index(row->plan.steps, MailStep, i);
    if (step->kind == MAIL_STEP_KEEP && step->why == NULL)
      continue;
    json_array_append_new(sync->shown,
                          json_pack("{s:s, s:s*, s:s*, s:s*}", "action", mail_step_name(step->kind),
                                    "address", step->address, "person", name, "why", step->why));
  }
}

static void count(const MailSync *sync, const Row *row) {
  MailTally *tally = sync->tally;
  gboolean held = row->loss == MAIL_LOSS_HOLD && mail_plan_has(&row->plan, MAIL_STEP_DISABLE) &&
                  !row->plan.idle && sync->mode != MAIL_SYNC_SHOW;
  gboolean waits = row->plan.idle && row->subject.found.held;
  for (guint i = 0; i < row->plan.steps->len; i++) {
    MailStepKind kind = g_array_index(row->plan.steps, MailStep, i).kind;
    if (kind != MAIL_STEP_DISABLE || !(held || waits))
      tally->steps[kind]++;
  }
  if (held && !row->subject.found.held) {
    tally->held++;
    tally->vanished += row->plan.cause == MAIL_CAUSE_VANISHED ? 1 : 0;
  }
  if (sync->shown != NULL)
    show(sync, row);
}

static void count_page(const Page *page) {
  for (gsize i = 0; i < page->n; i++) {
    if (page->rows[i].state == ROW_LOCKED)
      count(page->sync, &page->rows[i]);
    page->sync->tally->left += page->rows[i].state == ROW_LEFT ? 1 : 0;
  }
}

gboolean mail_page_idle(const MailSync *sync, const MailSubject *subject) {
  Row row = {.subject = *subject, .loss = MAIL_LOSS_APPROVED}; /* borrowed */
  Page page = {.sync = sync};
  MailPlanInput input = input_of(&page, &row);
  mail_plan_make(&input, &row.plan);
  gboolean idle = row.plan.idle;
  if (idle)
    count(sync, &row);
  mail_plan_clear(&row.plan);
  return idle;
}

/* ---- run */

static gboolean is_away(const GError *error) {
  return g_error_matches(error, DB_ERROR, DB_ERROR_UNAVAILABLE) ||
         g_error_matches(error, DB_ERROR, DB_ERROR_SERVER);
}

static gboolean is_race(const GError *error) {
  return g_error_matches(error, DB_ERROR, DB_ERROR_UNIQUE) ||
         g_error_matches(error, DB_ERROR, DB_ERROR_IN_DOUBT);
}

static void set_outdated(GError **error) {
  mail_error_set(error, MAIL_ERROR_AWAY, 0, "the mail groups were changed a moment ago; this person is next");
}

static gboolean try_one(const MailSync *sync, const MailPageEntry *entry, GError **error) {
  g_auto(Page) page = {.sync = sync, .entries = entry, .n = 1};
  for (int race = 0;; race++) {
    g_autoptr(GError) failure = NULL;
    if (db_tx_run(sync->pool, clock_deadline(PAGE_SECONDS), page_body, NULL, &page, &failure))
      break;
    if (!is_race(failure) || race == RACES) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return FALSE;
    }
  }
  count_page(&page);
  if (page.rows[0].outdated)
    set_outdated(error);
  return !page.rows[0].outdated;
}

/* FALSE only when nobody else could be planned either. */
static gboolean one(const MailSync *sync, const MailPageEntry *entry, GError **error) {
  g_autoptr(GError) failure = NULL;
  if (try_one(sync, entry, &failure))
    return TRUE;
  if (is_away(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  mail_tally_fail(sync->tally, failure);
  return TRUE;
}

static gboolean after_page(const Page *page, GError **error) {
  for (gsize i = 0; i < page->n; i++) {
    const Row *row = &page->rows[i];
    gboolean again = row->state == ROW_LATER || (row->state == ROW_LEFT && row->entry->hint == 0);
    if (again && !one(page->sync, row->entry, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean run_page(const MailSync *sync, const MailPageEntry *entries, gsize n, GError **error) {
  if (n == 1)
    return one(sync, entries, error);
  g_auto(Page) page = {.sync = sync, .entries = entries, .n = n};
  g_autoptr(GError) failure = NULL;
  if (db_tx_run(sync->pool, clock_deadline(PAGE_SECONDS), page_body, NULL, &page, &failure)) {
    count_page(&page);
    return after_page(&page, error);
  }
  if (is_away(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  page_reset(&page);
  return run_page(sync, entries, n / 2, error) && run_page(sync, entries + n / 2, n - n / 2, error);
}

gboolean mail_page_run(const MailSync *sync, const MailPageEntry *entries, gsize n, GError **error) {
  for (gsize at = 0; at < n; at += MAIL_PAGE) {
    if (sync->stop != NULL && sync->stop(sync->stop_data))
      return TRUE;
    if (!run_page(sync, entries + at, MIN(n - at, (gsize)MAIL_PAGE), error))
      return FALSE;
  }
  return TRUE;
}

gboolean mail_page_one(const MailSync *sync, const char *user_id, GError **error) {
  MailPageEntry entry = {.user_id = user_id};
  return try_one(sync, &entry, error);
}
