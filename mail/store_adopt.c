#include "mail/admin.h"

#include "lib/address.h"
#include "lib/jsontext.h"
#include "mail/error.h"
#include "mail/record.h"
#include "mail/store_house.h"

typedef struct {
  const MailScope *scope;
  const char *const *addresses; /* NULL: found ones */
  const char *backend;
  gboolean plan;
  json_t *list;
  gint64 exact, alias, unsure, none;
} Adopt;

static const DbStatement found_ones = {"mail_adopt_found",
                                       "SELECT address FROM mailbox WHERE org_id = $1 AND origin = 'found' "
                                       "AND state <> 'purged' ORDER BY address"};
/* Whose address is it: by userName first, then by any e-mail of theirs. Who has a mailbox already counts as well: the mail may be
 * theirs, and must not go to the next who has the address. */
static const DbStatement match = {
    "mail_adopt_match",
    "SELECT u.user_id::text, u.user_name, u.user_name_key = lower($2), EXISTS (SELECT 1 FROM mailbox b WHERE"
    " b.org_id = $1 AND b.user_id = u.user_id AND b.state <> 'purged') FROM scim_user u WHERE u.org_id = $1"
    " AND (u.user_name_key = lower($2) OR u.email_keys @> ARRAY[lower($2)])"
    " ORDER BY 3 DESC, u.user_id LIMIT 2"};
static const DbStatement owned = {
    "mail_adopt_owned",
    "SELECT EXISTS (SELECT 1 FROM domain WHERE org_id = $1 AND domain = $2 AND verified_at IS NOT NULL),"
    " EXISTS (SELECT 1 FROM mail_address WHERE address = $3),"
    " (SELECT why FROM mailbox WHERE org_id = $1 AND address = $3 AND origin = 'found')"};
/* The quota that it had goes on, as an override: no template makes a full mailbox of it. */
static const DbStatement take_found = {
    "mail_adopt_take",
    "WITH b AS (UPDATE mailbox SET origin = 'adopted', user_id = $3::uuid, pinned = $4, quota_override ="
    " quota_bytes, quota_bytes = NULL, desired_gen = desired_gen + 1, dirty_since = now() WHERE org_id = $1"
    " AND address = $2 AND origin = 'found' RETURNING mailbox_id)"
    " INSERT INTO mail_address (org_id, address, kind, mailbox_id) SELECT $1, $2, 'primary', mailbox_id FROM "
    "b"
    " RETURNING mailbox_id"};
/* Its home is settled now: a rename keeps the mail, and whoever has the address later finds none of it. One that some mailbox had
 * before is that one's. */
static const DbStatement take_new = {
    "mail_adopt_new",
    "WITH store AS (SELECT backend, home, gen_random_uuid() AS id FROM mail_backend WHERE backend = $5 OR $5 "
    "IS NULL ORDER BY created_at LIMIT 1),"
    " place AS (SELECT backend, id, replace(replace(replace(replace(s.home, '%d', split_part($2, '@', 2)), "
    "'%n', split_part($2, '@', 1)), '%o', o.name), '%i', id::text) AS home FROM store s, org o WHERE "
    "o.org_id "
    "= $1),"
    " b AS (INSERT INTO mailbox (org_id, mailbox_id, user_id, address, state, origin, backend, pinned, home)"
    " SELECT $1, id, $3::uuid, $2, 'active', 'adopted', backend, $4, CASE WHEN EXISTS (SELECT 1 FROM mailbox "
    "m WHERE m.home = place.home) THEN home || '.' || id ELSE home END FROM place RETURNING mailbox_id)"
    " INSERT INTO mail_address (org_id, address, kind, mailbox_id) SELECT $1, $2, 'primary', mailbox_id FROM "
    "b"
    " RETURNING mailbox_id"};

static void add_row(Adopt *adopt, const char *address, const char *kind, const char *person,
                    const char *why) {
  json_array_append_new(adopt->list, json_pack("{s:s, s:s, s:s?, s:s*}", "address", address, "match", kind,
                                               "person", person, "why", why));
}

/* The mailbox is the person's: by the address they shall have, or pinned to another of theirs. */
static gboolean take(Adopt *adopt, Db *db, const char *address, const char *user_id, gboolean pinned,
                     GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, adopt->scope->org_id);
  db_args_text(&args, address);
  db_args_text(&args, user_id);
  db_args_bool(&args, pinned);
  g_autoptr(DbResult) taken = db_query(db, &take_found, &args, error);
  if (taken == NULL || db_rows(taken) > 0)
    return taken != NULL;
  db_args_text(&args, adopt->backend);
  g_autoptr(DbResult) made = db_query(db, &take_new, &args, error);
  if (made != NULL && db_rows(made) == 0)
    mail_error_set(error, MAIL_ERROR_NOT_FOUND, GP_MAIL_BACKEND, "there is no mail store to adopt from");
  return made != NULL && db_rows(made) > 0;
}

/* Why no program says whose it is; NULL: the first one's. */
static const char *doubt(const DbResult *people) {
  gboolean exact = db_bool(people, 0, 2);
  if (db_rows(people) > 1 && exact == db_bool(people, 1, 2))
    return "several people have it; join it by hand: gatepost mailbox pair";
  if (db_bool(people, 0, 3))
    return "who has it has a mailbox already; if it is somebody else's, join it by hand: gatepost mailbox "
           "pair";
  return NULL;
}

static gboolean decide(Adopt *adopt, Db *db, const char *address, const DbResult *people, GError **error) {
  if (db_rows(people) == 0) {
    adopt->none++;
    add_row(adopt, address, "none", NULL, "nobody has it; left alone");
    return TRUE;
  }
  gboolean exact = db_bool(people, 0, 2);
  const char *why = doubt(people);
  if (why != NULL) {
    adopt->unsure++;
    add_row(adopt, address, "unsure", db_text(people, 0, 1), why);
    return TRUE;
  }
  if (exact)
    adopt->exact++;
  else
    adopt->alias++;
  add_row(adopt, address, exact ? "exact" : "alias", db_text(people, 0, 1), NULL);
  return take(adopt, db, address, db_text(people, 0, 0), !exact, error);
}

static gboolean adopt_one(Adopt *adopt, Db *db, const char *text, GError **error) {
  const char *why = NULL;
  g_autofree char *address = address_parse(text, &why);
  if (address == NULL) {
    adopt->none++;
    add_row(adopt, text, "none", NULL, why);
    return TRUE;
  }
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, adopt->scope->org_id);
  db_args_text(&args, address_domain_of(address));
  db_args_text(&args, address);
  g_autoptr(DbResult) row = db_query(db, &owned, &args, error);
  if (row == NULL)
    return FALSE;
  if (!db_bool(row, 0, 0) || db_bool(row, 0, 1)) {
    adopt->none++;
    add_row(adopt, address, "none", NULL,
            db_bool(row, 0, 1) ? "is ours already" : "not in a verified domain");
    return TRUE;
  }
  if (!db_null(row, 0, 2)) {
    adopt->unsure++;
    add_row(adopt, address, "unsure", NULL, db_text(row, 0, 2));
    return TRUE;
  }
  DbArgs who = DB_ARGS_INIT;
  db_args_int(&who, adopt->scope->org_id);
  db_args_text(&who, address);
  g_autoptr(DbResult) people = db_query(db, &match, &who, error);
  return people != NULL && decide(adopt, db, address, people, error);
}

static gboolean adopt_found(Adopt *adopt, Db *db, GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, adopt->scope->org_id);
  g_autoptr(DbResult) rows = db_query(db, &found_ones, &args, error);
  for (int i = 0; rows != NULL && i < db_rows(rows); i++)
    if (!adopt_one(adopt, db, db_text(rows, i, 0), error))
      return FALSE;
  return rows != NULL;
}

static gboolean adopt_body(Db *db, gpointer data, GError **error) {
  Adopt *adopt = data;
  json_array_clear(adopt->list);
  adopt->exact = adopt->alias = adopt->unsure = adopt->none = 0;
  if (adopt->addresses == NULL && !adopt_found(adopt, db, error))
    return FALSE;
  for (guint i = 0; adopt->addresses != NULL && adopt->addresses[i] != NULL; i++)
    if (!adopt_one(adopt, db, adopt->addresses[i], error))
      return FALSE;
  mail_store_house_hurry(db, adopt->scope->org_id);
  mail_record(db, adopt->scope, AUDIT_ADMIN, "mailbox.adopt", NULL,
              json_pack("{s:I, s:I}", "exact", (json_int_t)adopt->exact, "alias", (json_int_t)adopt->alias));
  if (!adopt->plan)
    return TRUE;
  mail_error_set(error, MAIL_ERROR_ROLLBACK, 0, "only a plan");
  return FALSE;
}

json_t *mail_admin_adopt(const MailScope *scope, const char *const *addresses, const char *backend,
                         gboolean plan, GError **error) {
  g_autoptr(json_t) list = json_array();
  Adopt adopt = {.scope = scope, .addresses = addresses, .backend = backend, .plan = plan, .list = list};
  g_autoptr(GError) failure = NULL;
  if (!db_tx_run(scope->pool, scope->deadline, adopt_body, NULL, &adopt, &failure) &&
      !g_error_matches(failure, MAIL_ERROR, MAIL_ERROR_ROLLBACK)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return NULL;
  }
  return json_pack("{s:O, s:{s:I, s:I, s:I, s:I}}", "mailboxes", list, "counts", "exact",
                   (json_int_t)adopt.exact, "alias", (json_int_t)adopt.alias, "unsure",
                   (json_int_t)adopt.unsure, "none", (json_int_t)adopt.none);
}
