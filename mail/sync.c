#include "mail/sync.h"

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "mail/store_apply.h"
#include "mail/store_change.h"

#define PERSON_SECONDS 10
#define PAGE_SECONDS 30
#define RACES 4 /* somebody took the address between the look and the write */

/* One person on the way through the transaction. */
typedef struct {
  const MailSync *sync;
  const char *user_id, *change_ids;
  MailSubject subject;
  MailPlan plan;
  MailLoss loss;
} Person;

static void person_clear(Person *person) {
  mail_subject_clear(&person->subject);
  mail_plan_clear(&person->plan);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Person, person_clear)

static MailPlanInput input_of(const Person *person) {
  return (MailPlanInput){.item = person->subject.item,
                         .person = &person->subject.person,
                         .found = &person->subject.found,
                         .domains = (const char *const *)person->sync->house->domains,
                         .now_us = clock_wall()};
}

/* Leaving the mail groups, and the mail groups leaving, are told apart only where it matters. */
static gboolean look_at_group(Person *person, Db *db, MailPlanInput *input, GError **error) {
  if (person->plan.cause != MAIL_CAUSE_SCOPE || !mail_plan_has(&person->plan, MAIL_STEP_DISABLE))
    return TRUE;
  if (!mail_store_group_gone(db, person->sync->house->org_id, person->subject.found.mail_group_id,
                             &input->group_gone, error))
    return FALSE;
  if (!input->group_gone)
    return TRUE;
  mail_plan_clear(&person->plan);
  mail_plan_make(input, &person->plan);
  return TRUE;
}

static gboolean make_plan(Person *person, Db *db, GError **error) {
  MailPlanInput input = input_of(person);
  mail_plan_make(&input, &person->plan);
  g_auto(GStrv) addresses = mail_plan_addresses(&input);
  if (person->plan.idle && !mail_plan_has(&person->plan, MAIL_STEP_COLLIDE))
    return TRUE;
  g_autoptr(GHashTable) taken = mail_store_taken(db, person->sync->house->org_id, addresses, error);
  if (taken == NULL)
    return FALSE;
  input.taken = taken;
  mail_plan_clear(&person->plan);
  mail_plan_make(&input, &person->plan);
  return look_at_group(person, db, &input, error);
}

static gboolean ask_guard(Person *person, Db *db, GError **error) {
  person->loss = MAIL_LOSS_APPROVED;
  if (person->sync->mode == MAIL_SYNC_APPROVE || !mail_plan_has(&person->plan, MAIL_STEP_DISABLE))
    return TRUE;
  person->loss = MAIL_LOSS_HOLD;
  if (person->plan.cause == MAIL_CAUSE_VANISHED || person->subject.found.held)
    return TRUE;
  MailGuard guard = person->sync->house->guard;
  if (!mail_store_guard(db, person->sync->house->org_id, &guard.lost, error))
    return FALSE;
  person->loss = mail_guard_allows(&guard) ? MAIL_LOSS_NOW : MAIL_LOSS_HOLD;
  return TRUE;
}

static gboolean person_body(Db *db, gpointer data, GError **error) {
  Person *person = data;
  const MailSync *sync = person->sync;
  person_clear(person);
  if (sync->mode != MAIL_SYNC_SHOW)
    mail_store_subject_lock(db, sync->house->org_id, person->user_id);
  if (person->change_ids != NULL)
    mail_store_change_done(db, sync->house->org_id, person->change_ids);
  if (!mail_store_subject_load(db, sync->house, person->user_id, &person->subject, error) ||
      !make_plan(person, db, error))
    return FALSE;
  gboolean approved = sync->mode == MAIL_SYNC_APPROVE && mail_plan_has(&person->plan, MAIL_STEP_DISABLE);
  if (sync->mode == MAIL_SYNC_SHOW || (person->plan.idle && !approved))
    return TRUE;
  if (!ask_guard(person, db, error))
    return FALSE;
  mail_store_apply(db, sync->house, &person->subject, &person->plan, person->loss);
  return TRUE;
}

static void show(const Person *person) {
  const char *name = person->subject.person.user_name;
  for (guint i = 0; i < person->plan.steps->len; i++) {
    const MailStep *step = &g_array_index(person->plan.steps, MailStep, i);
    if (step->kind == MAIL_STEP_KEEP && step->why == NULL)
      continue;
    json_array_append_new(person->sync->shown,
                          json_pack("{s:s, s:s*, s:s*, s:s*}", "action", mail_step_name(step->kind),
                                    "address", step->address, "person", name, "why", step->why));
  }
}

static void count(const Person *person) {
  MailTally *tally = person->sync->tally;
  gboolean held = person->loss == MAIL_LOSS_HOLD && mail_plan_has(&person->plan, MAIL_STEP_DISABLE) &&
                  !person->plan.idle && person->sync->mode != MAIL_SYNC_SHOW;
  gboolean waits = person->plan.idle && person->subject.found.held;
  for (guint i = 0; i < person->plan.steps->len; i++) {
    MailStepKind kind = g_array_index(person->plan.steps, MailStep, i).kind;
    if (kind != MAIL_STEP_DISABLE || !(held || waits))
      tally->steps[kind]++;
  }
  if (held && !person->subject.found.held) {
    tally->held++;
    tally->vanished += person->plan.cause == MAIL_CAUSE_VANISHED ? 1 : 0;
  }
  if (person->sync->shown != NULL)
    show(person);
}

gboolean mail_sync_person(const MailSync *sync, const char *user_id, const char *change_ids, GError **error) {
  g_auto(Person) person = {.sync = sync, .user_id = user_id, .change_ids = change_ids};
  for (int race = 0;; race++) {
    g_autoptr(GError) failure = NULL;
    if (db_tx_run(sync->pool, clock_deadline(PERSON_SECONDS), person_body, NULL, &person, &failure)) {
      count(&person);
      return TRUE;
    }
    gboolean raced = g_error_matches(failure, DB_ERROR, DB_ERROR_UNIQUE) ||
                     g_error_matches(failure, DB_ERROR, DB_ERROR_IN_DOUBT);
    if (!raced || race == RACES) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return FALSE;
    }
  }
}

static gboolean is_away(const GError *error) {
  return g_error_matches(error, DB_ERROR, DB_ERROR_UNAVAILABLE) ||
         g_error_matches(error, DB_ERROR, DB_ERROR_SERVER);
}

/* FALSE only when nobody else could be planned either. */
static gboolean try_person(const MailSync *sync, const char *user_id, const char *change_ids,
                           GError **error) {
  g_autoptr(GError) failure = NULL;
  if (mail_sync_person(sync, user_id, change_ids, &failure))
    return TRUE;
  if (is_away(failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
  }
  mail_tally_fail(sync->tally, failure);
  return TRUE;
}

static gboolean stopped(const MailSync *sync) {
  return sync->stop != NULL && sync->stop(sync->stop_data);
}

/* Whoever a look at the page finds as wanted is done; the others are planned under lock. */
static gboolean look_at_row(const MailSync *sync, const DbResult *page, int row, GError **error) {
  g_auto(Person) person = {.sync = sync, .loss = MAIL_LOSS_APPROVED};
  mail_store_scan_row(page, row, sync->house, &person.subject);
  MailPlanInput input = input_of(&person);
  mail_plan_make(&input, &person.plan);
  if (!person.plan.idle)
    return try_person(sync, mail_store_scan_id(page, row), NULL, error);
  count(&person);
  return TRUE;
}

static gboolean scan(const MailSync *sync, MailScanKind kind, GError **error) {
  g_autofree char *after = g_strdup(MAIL_SCAN_START);
  for (;;) {
    g_autoptr(DbResult) page =
        mail_store_scan(sync->pool, clock_deadline(PAGE_SECONDS), sync->house, kind, after, error);
    if (page == NULL)
      return FALSE;
    for (int row = 0; row < db_rows(page) && !stopped(sync); row++)
      if (!look_at_row(sync, page, row, error))
        return FALSE;
    if (db_rows(page) < MAIL_SCAN_PAGE || stopped(sync))
      return TRUE;
    g_free(after);
    after = g_strdup(mail_store_scan_id(page, db_rows(page) - 1));
  }
}

gboolean mail_sync_everybody(const MailSync *sync, GError **error) {
  for (int kind = 0; kind < MAIL_SCAN_KINDS; kind++)
    if (!scan(sync, (MailScanKind)kind, error))
      return FALSE;
  return TRUE;
}

/* A group's change is anybody's who is or was in it. */
static gboolean look_at_groups(const MailSync *sync, const GPtrArray *changes, GError **error) {
  gint64 org_id = sync->house->org_id;
  gboolean everybody = FALSE, matters = FALSE;
  for (guint i = 0; i < changes->len && !everybody; i++) {
    const MailChange *change = changes->pdata[i];
    if (change->kind != 'g')
      continue;
    if (!mail_store_change_matters(sync->pool, clock_deadline(PERSON_SECONDS), org_id, change->subject,
                                   &matters, error))
      return FALSE;
    everybody = matters;
  }
  if (everybody && !mail_sync_everybody(sync, error))
    return FALSE;
  if (stopped(sync))
    return TRUE;
  for (guint i = 0; i < changes->len; i++) {
    const MailChange *change = changes->pdata[i];
    if (change->kind == 'g' &&
        !mail_store_change_forget(sync->pool, clock_deadline(PERSON_SECONDS), org_id, change->ids, error))
      return FALSE;
  }
  return TRUE;
}

gboolean mail_sync_changes(const MailSync *sync, const GPtrArray *changes, GError **error) {
  for (guint i = 0; i < changes->len && !stopped(sync); i++) {
    const MailChange *change = changes->pdata[i];
    if (change->kind == 'u' && !try_person(sync, change->subject, change->ids, error))
      return FALSE;
  }
  return look_at_groups(sync, changes, error);
}
