#include "mail/store_apply.h"

#include <string.h>

#include "audit/audit.h"
#include "lib/address.h"
#include "lib/jsontext.h"

#define ACTOR "sync"

/* ---- addresses */

static const DbStatement address_leave = {
    "mail_address_leave", "UPDATE mail_address SET kind = CASE WHEN $3 > 0 THEN 'former' ELSE 'resting' END,"
                          " until = now() + make_interval(days => CASE WHEN $3 > 0 THEN $3 ELSE $4 END)"
                          " WHERE org_id = $1 AND mailbox_id = $2::uuid AND kind = 'primary'"};
static const DbStatement address_drop = {
    "mail_address_drop",
    "UPDATE mail_address SET kind = 'resting', until = now() + make_interval(days => $4)"
    " WHERE org_id = $1 AND mailbox_id = $2::uuid AND kind = 'alias' AND address <> ALL ($3::text[])"};
static const DbStatement address_free = {
    "mail_address_free",
    "DELETE FROM mail_address WHERE address = $2 AND ((org_id = $1 AND mailbox_id = $3::uuid)"
    " OR (kind = 'resting' AND until <= now()))"};
static const DbStatement address_put = {
    "mail_address_put",
    "INSERT INTO mail_address (org_id, address, kind, mailbox_id) VALUES ($1, $2, $4, $3::uuid)"};

/* Whoever took it meanwhile makes this a unique violation: the person is planned again. */
static void put_address(Db *db, gint64 org_id, const char *address, const char *mailbox_id,
                        const char *kind) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_args_text(&args, address);
  db_args_text(&args, mailbox_id);
  db_queue(db, &address_free, &args, NULL);
  db_args_text(&args, kind);
  db_queue(db, &address_put, &args, NULL);
}

static void leave_primary(Db *db, const MailHouse *house, const char *mailbox_id) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, mailbox_id);
  db_args_int(&args, house->alias_days);
  db_args_int(&args, house->rest_days);
  db_queue(db, &address_leave, &args, NULL);
}

static void drop_aliases(Db *db, const MailHouse *house, const char *mailbox_id, char **keep) {
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *text = NULL;
  db_args_int(&args, house->org_id);
  db_args_text(&args, mailbox_id);
  db_args_text_array(&args, (const char *const *)keep, g_strv_length(keep), &text);
  db_args_int(&args, house->rest_days);
  db_queue(db, &address_drop, &args, NULL);
}

static gboolean listed(char **list, const char *text) {
  return list != NULL && g_strv_contains((const char *const *)list, text);
}

static void write_addresses(Db *db, const MailHouse *house, const MailFound *found, const MailPlan *plan,
                            const char *mailbox_id) {
  gboolean moved = g_strcmp0(found->address, plan->address) != 0;
  if (moved && found->mailbox_id != NULL)
    leave_primary(db, house, mailbox_id);
  if (moved)
    put_address(db, house->org_id, plan->address, mailbox_id, "primary");
  if (plan->aliases == NULL)
    return;
  if (found->mailbox_id != NULL)
    drop_aliases(db, house, mailbox_id, plan->aliases);
  for (guint i = 0; plan->aliases[i] != NULL; i++)
    if (!listed(found->aliases, plan->aliases[i]))
      put_address(db, house->org_id, plan->aliases[i], mailbox_id, "alias");
}

/* ---- the mailbox */

/* "%d" and so on; the parser of addresses refuses what a path gives a meaning. */
static char *expand_home(const char *pattern, const char *address, const char *mailbox_id, const char *org) {
  GString *home = g_string_new(NULL);
  const char *domain = address_domain_of(address);
  for (const char *at = pattern; *at != '\0'; at++) {
    if (at[0] != '%' || at[1] == '\0') {
      g_string_append_c(home, *at);
      continue;
    }
    switch (*++at) {
    case 'd':
      g_string_append(home, domain);
      break;
    case 'n':
      g_string_append_len(home, address, domain - address - 1);
      break;
    case 'o':
      g_string_append(home, org);
      break;
    case 'i':
      g_string_append(home, mailbox_id);
      break;
    default:
      g_string_append_c(home, *at);
    }
  }
  return g_string_free(home, FALSE);
}

/* A home that some mailbox had before, of whichever organisation, is never given again: a new owner of an old address finds an empty
 * one. */
static const DbStatement insert = {
    "mailbox_insert",
    "INSERT INTO mailbox (org_id, mailbox_id, user_id, mail_group_id, address, state, origin, backend, home,"
    " quota_bytes, protocols, deliver_disabled, doors) VALUES ($1, $2::uuid, $3::uuid, $4, $5, 'active', "
    "'made',"
    " $6, CASE WHEN EXISTS (SELECT 1 FROM mailbox WHERE home = $7) THEN $7 || '.' || $2 ELSE "
    "$7 END,"
    " nullif($8::bigint, 0), string_to_array($9, ','), $10,"
    " jsonb_build_object('sign-in', jsonb_build_object('state', 'open', 'at', now())))"};

static void write_new(Db *db, const MailHouse *house, const MailSubject *subject, const MailPlan *plan,
                      const char *mailbox_id) {
  const MailTemplate *item = subject->item;
  g_autofree char *home = expand_home(item->home, plan->address, mailbox_id, house->name);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, mailbox_id);
  db_args_text(&args, subject->person.user_id);
  db_args_int(&args, item->mail_group_id);
  db_args_text(&args, plan->address);
  db_args_text(&args, item->backend);
  db_args_text(&args, home);
  db_args_int(&args, item->quota_bytes);
  db_args_text(&args, item->protocols);
  db_args_bool(&args, item->deliver_disabled);
  db_queue(db, &insert, &args, NULL);
}

/* One without a home of its own keeps the one that its old address gave it. The door of somebody inactive shut when the directory said
 * so, not when the worker came by. */
static const DbStatement update = {
    "mailbox_update",
    "UPDATE mailbox SET user_id = $3::uuid, mail_group_id = $4, address = $5, state = $6, why = $7,"
    " quota_bytes = nullif($8::bigint, 0), protocols = string_to_array($9, ','), deliver_disabled = $10,"
    " disabled_at = CASE WHEN $6 = 'disabled' THEN coalesce(disabled_at, now()) END,"
    " lent_until = CASE WHEN $12 = '' OR lent_until < now() THEN NULL ELSE lent_until END,"
    " home = CASE WHEN address = $5 THEN home ELSE (SELECT n.home FROM mail_now n WHERE n.org_id = $1 AND "
    "n.mailbox_id = $2::uuid) END,"
    " told_addresses = CASE WHEN origin = 'adopted' AND told_addresses = '{}' THEN ARRAY[address] ELSE "
    "told_addresses END,"
    " doors = CASE WHEN open = $11 THEN doors ELSE coalesce(doors, '{}') || jsonb_build_object('sign-in',"
    " jsonb_build_object('state', CASE WHEN $11 THEN 'open' ELSE 'shut' END, 'at', coalesce("
    "CASE WHEN $12 IN ('', 'inactive') THEN (SELECT modified_at FROM scim_user WHERE org_id = $1 AND user_id "
    "= $3::uuid AND modified_at > coalesce((doors->'sign-in'->>'at')::timestamptz, '-infinity'))"
    " WHEN $12 = 'deleted' THEN (SELECT deleted_at FROM scim_tombstone WHERE org_id = $1 AND user_id = "
    "$3::uuid) END,"
    " now()))) END,"
    " open = $11, desired_gen = desired_gen + 1,"
    " dirty_since = CASE WHEN desired_gen = applied_gen THEN now() ELSE dirty_since END,"
    " attempts = 0, not_before = NULL WHERE org_id = $1 AND mailbox_id = $2::uuid"};

static void write_found(Db *db, const MailHouse *house, const MailSubject *subject, const MailPlan *plan,
                        gboolean disabled) {
  const MailFound *found = &subject->found;
  gboolean leaving = plan->cause != MAIL_CAUSE_NONE;
  const MailTemplate *item = leaving ? NULL : subject->item;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, found->mailbox_id);
  db_args_text(&args, subject->person.user_id);
  gint64 group = item != NULL ? item->mail_group_id : found->mail_group_id;
  if (group == 0)
    db_args_text(&args, NULL);
  else
    db_args_int(&args, group);
  db_args_text(&args, plan->address);
  db_args_text(&args, disabled ? "disabled" : "active");
  db_args_text(&args, disabled ? mail_cause_words(plan->cause) : NULL);
  db_args_int(&args, item != NULL ? item->quota_bytes : found->quota_bytes);
  db_args_text(&args, item != NULL ? item->protocols : found->protocols);
  db_args_bool(&args, item != NULL ? item->deliver_disabled : found->deliver_disabled);
  db_args_bool(&args, plan->open && !disabled);
  db_args_text(&args, mail_cause_name(plan->cause));
  db_queue(db, &update, &args, NULL);
}

/* ---- the guard's books */

static const DbStatement hold = {"mail_held_insert",
                                 "INSERT INTO mail_held (org_id, mailbox_id, action, cause, detail) VALUES "
                                 "($1, $2::uuid, 'disable', $3, $4::jsonb)"
                                 " ON CONFLICT (org_id, mailbox_id, action) DO NOTHING"};
static const DbStatement unhold = {
    "mail_held_clear",
    "DELETE FROM mail_held WHERE org_id = $1 AND mailbox_id = $2::uuid AND (action <> 'purge' OR $3)"};
static const DbStatement lose = {
    "mail_loss_insert",
    "INSERT INTO mail_loss (org_id, mailbox_id) VALUES ($1, $2::uuid) ON CONFLICT DO NOTHING"};
static const DbStatement vanish = {"mail_group_vanish",
                                   "UPDATE mail_group SET vanished_at = now() WHERE org_id = $1 AND "
                                   "mail_group_id = $2 AND vanished_at IS NULL"};

static void write_hold(Db *db, const MailHouse *house, const MailFound *found, MailCause cause) {
  g_autoptr(json_t) detail =
      json_pack("{s:s, s:s}", "address", found->address, "why", mail_cause_words(cause));
  g_autofree char *text = jsontext_dump(detail);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, found->mailbox_id);
  db_args_text(&args, mail_cause_name(cause));
  db_args_text(&args, text);
  db_queue(db, &hold, &args, NULL);
  if (cause != MAIL_CAUSE_VANISHED)
    return;
  DbArgs group = DB_ARGS_INIT;
  db_args_int(&group, house->org_id);
  db_args_int(&group, found->mail_group_id);
  db_queue(db, &vanish, &group, NULL);
}

static void write_unhold(Db *db, const MailHouse *house, const MailFound *found, gboolean purge_too) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, found->mailbox_id);
  db_args_bool(&args, purge_too);
  db_queue(db, &unhold, &args, NULL);
}

static void write_loss(Db *db, const MailHouse *house, const MailFound *found) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, house->org_id);
  db_args_text(&args, found->mailbox_id);
  db_queue(db, &lose, &args, NULL);
}

static const DbStatement guard_lock = {
    "mail_guard_lock", "SELECT pg_advisory_xact_lock(hashtextextended('gatepost guard', $1::bigint))"};
static const DbStatement guard_losses = {
    "mail_guard_losses",
    "SELECT DISTINCT mailbox_id::text FROM mail_loss WHERE org_id = $1 AND at > now() - interval '1 hour'"};

gboolean mail_store_losses(Db *db, gint64 org_id, MailLosses *losses, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, org_id);
  db_queue(db, &guard_lock, &args, NULL);
  g_autoptr(DbResult) rows = db_query(db, &guard_losses, &args, error);
  if (rows == NULL)
    return FALSE;
  losses->mailboxes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (int i = 0; i < db_rows(rows); i++)
    mail_losses_add(losses, db_text(rows, i, 0));
  return TRUE;
}

void mail_losses_add(MailLosses *losses, const char *mailbox_id) {
  g_hash_table_add(losses->mailboxes, g_strdup(mailbox_id));
}

gint64 mail_losses_count(const MailLosses *losses) {
  return g_hash_table_size(losses->mailboxes);
}

void mail_losses_clear(MailLosses *losses) {
  g_clear_pointer(&losses->mailboxes, g_hash_table_unref);
}

/* ---- the record */

static void record(Db *db, const MailHouse *house, const MailSubject *subject, const MailPlan *plan,
                   const char *held) {
  const char *user_id = subject->person.user_id;
  for (guint i = 0; i < plan->steps->len; i++) {
    const MailStep *step = &g_array_index(plan->steps, MailStep, i);
    gboolean is_hold = held != NULL && step->kind == MAIL_STEP_DISABLE;
    if (step->kind == MAIL_STEP_KEEP || (is_hold && subject->found.held))
      continue;
    g_autofree char *action = g_strconcat("mailbox.", is_hold ? held : mail_step_name(step->kind), NULL);
    g_autoptr(json_t) detail = json_pack("{s:s*, s:s*}", "address", step->address, "why", step->why);
    AuditRecord row = {.org_id = house->org_id,
                       .kind = AUDIT_SYNC,
                       .actor = ACTOR,
                       .action = action,
                       .subject = user_id,
                       .detail = detail};
    audit_queue(db, &row);
  }
}

static void apply_found(Db *db, const MailHouse *house, const MailApply *apply) {
  const MailSubject *subject = apply->subject;
  const MailFound *found = &subject->found;
  const MailPlan *plan = apply->plan;
  MailLoss loss = apply->loss;
  gboolean leaves = mail_plan_has(plan, MAIL_STEP_DISABLE);
  gboolean disabled = leaves ? loss != MAIL_LOSS_HOLD : found->disabled && plan->cause != MAIL_CAUSE_NONE;
  write_found(db, house, subject, plan, disabled);
  write_addresses(db, house, found, plan, found->mailbox_id);
  if (leaves && loss == MAIL_LOSS_HOLD)
    write_hold(db, house, found, plan->cause);
  else
    write_unhold(db, house, found, plan->cause == MAIL_CAUSE_NONE);
  if (leaves && loss == MAIL_LOSS_NOW)
    write_loss(db, house, found);
}

void mail_store_apply(Db *db, const MailHouse *house, const MailApply *apply) {
  const MailSubject *subject = apply->subject;
  if (subject->found.mailbox_id != NULL) {
    apply_found(db, house, apply);
  } else {
    write_new(db, house, subject, apply->plan, apply->new_id);
    write_addresses(db, house, &subject->found, apply->plan, apply->new_id);
  }
  record(db, house, subject, apply->plan, apply->loss == MAIL_LOSS_HOLD ? "hold" : NULL);
}
