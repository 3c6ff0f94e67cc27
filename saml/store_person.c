#include "saml/store_person.h"

#include <string.h>

#include "lib/text.h"
#include "saml/subject.h"

void saml_person_clear(SamlPerson *person) {
  g_clear_pointer(&person->user_id, g_free);
  g_clear_pointer(&person->user, g_free);
  g_clear_pointer(&person->subject, g_free);
  person->bound = FALSE;
}

static const DbStatement domain_proved = {
    "saml_domain_proved",
    "SELECT EXISTS (SELECT FROM domain WHERE org_id = $1 AND domain = $2 AND verified_at IS NOT NULL)"};

/* C78: an identity provider speaks for addresses in its own organisation's domains alone. */
static gboolean check_domain(Db *db, const SamlDoor *door, const char *subject, SamlReport *report,
                             GError **error) {
  gboolean bad, proved = FALSE;
  g_autofree char *domain = saml_subject_domain(subject, &bad);
  if (domain == NULL && !bad)
    return TRUE;
  if (domain != NULL) {
    DbArgs args = DB_ARGS_INIT;
    db_args_int(&args, door->connection->org_id);
    db_args_text(&args, domain);
    g_autoptr(DbResult) result = db_query(db, &domain_proved, &args, error);
    if (result == NULL)
      return FALSE;
    proved = db_bool(result, 0, 0);
  }
  return proved || saml_report_fail(report, SAML_CHECK_PERSON, SAML_DOMAIN_UNVERIFIED, subject,
                                    "a domain that this organisation has proved");
}

/* One of the person's addresses, capitals of ASCII aside: what only folds to the same (full-width letters, joined marks) is somebody else's,
 * and email_keys alone would take it. */
#define HAS_EMAIL                                                                                     \
  "EXISTS (SELECT FROM jsonb_array_elements(u.doc::jsonb -> 'emails') e WHERE lower((e ->> 'value') " \
  "COLLATE \"C\") ="                                                                                  \
  " lower($4 COLLATE \"C\"))"

/* A name can move to somebody else; it must still be theirs, else a newcomer who inherits it would come in as the one who had it before. */
static const DbStatement bound_find = {
    "saml_bound_find",
    "SELECT u.user_id::text, u.user_name, CASE $6 WHEN 'userName' THEN u.user_name = $4"
    " WHEN 'email' THEN u.email_keys @> ARRAY[$7::text] AND " HAS_EMAIL
    " ELSE coalesce(u.external_id = $4, false) END FROM saml_binding b JOIN scim_user u "
    "ON u.org_id = b.org_id"
    " AND u.user_id = b.user_id WHERE b.org_id = $1 AND b.connection_id = $2 AND b.subject_source = $3"
    " AND b.subject = $4 AND u.source_id = $5 FOR SHARE OF u"};

static gboolean find_bound(Db *db, const SamlDoor *door, SamlPerson *person, SamlReport *report,
                           GError **error) {
  g_autofree char *key = text_key(person->subject);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_int(&args, door->connection->connection_id);
  db_args_text(&args, door->subject_source);
  db_args_text(&args, person->subject);
  db_args_int(&args, door->connection->source_id);
  db_args_text(&args, saml_join_name(door->join));
  db_args_text(&args, key);
  g_autoptr(DbResult) row = db_query(db, &bound_find, &args, error);
  if (row == NULL)
    return FALSE;
  person->bound = db_rows(row) > 0;
  if (!person->bound)
    return TRUE;
  if (!db_bool(row, 0, 2))
    return saml_report_fail(report, SAML_CHECK_PERSON, SAML_SUBJECT_CHANGED, person->subject,
                            "a name that is still this person's");
  person->user_id = g_strdup(db_text(row, 0, 0));
  person->user = g_strdup(db_text(row, 0, 1));
  return TRUE;
}

/* $4 is the subject byte for byte, $5 its folded form for the index. */
#define JOIN(condition)                                                                               \
  "SELECT u.user_id::text, u.user_name, EXISTS (SELECT FROM saml_binding b WHERE b.org_id = u.org_id" \
  " AND b.connection_id = $2 AND b.subject_source = $6 AND b.user_id = u.user_id) FROM scim_user u"   \
  " WHERE u.org_id = $1 AND u.source_id = $3 AND " condition " LIMIT 2 FOR SHARE OF u"

static const DbStatement joins[SAML_JOINS] = {
    [SAML_JOIN_USER_NAME] = {"saml_join_user_name", JOIN("u.user_name_key = $5 AND u.user_name = $4")},
    [SAML_JOIN_EXTERNAL_ID] = {"saml_join_external_id", JOIN("u.external_id = $4 AND $5::text IS NOT NULL")},
    [SAML_JOIN_EMAIL] = {"saml_join_email", JOIN("u.email_keys @> ARRAY[$5::text] AND " HAS_EMAIL)},
};

/* None, or several: nobody is guessed at. Bound already: the name that used to be theirs is another one (A94). */
static gboolean find_joined(Db *db, const SamlDoor *door, SamlPerson *person, SamlReport *report,
                            GError **error) {
  g_autofree char *key = text_key(person->subject);
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_int(&args, door->connection->connection_id);
  db_args_int(&args, door->connection->source_id);
  db_args_text(&args, person->subject);
  db_args_text(&args, key);
  db_args_text(&args, door->subject_source);
  g_autoptr(DbResult) rows = db_query(db, &joins[door->join], &args, error);
  if (rows == NULL)
    return FALSE;
  if (db_rows(rows) != 1)
    return saml_report_fail(report, SAML_CHECK_PERSON, SAML_SUBJECT_UNKNOWN, person->subject,
                            db_rows(rows) == 0 ? saml_join_name(door->join) : "one person, not several");
  if (db_bool(rows, 0, 2))
    return saml_report_fail(report, SAML_CHECK_PERSON, SAML_SUBJECT_CHANGED, person->subject,
                            "what this person signed in with before");
  person->user_id = g_strdup(db_text(rows, 0, 0));
  person->user = g_strdup(db_text(rows, 0, 1));
  return TRUE;
}

/* After the lock, so that a change that we waited for is seen. */
static const DbStatement person_now = {
    "saml_person_now", "SELECT shut, address FROM web_person WHERE org_id = $1 AND user_id = $2"};

static gboolean check_open(Db *db, const SamlDoor *door, SamlPerson *person, SamlReport *report,
                           GError **error) {
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_text(&args, person->user_id);
  g_autoptr(DbResult) row = db_query(db, &person_now, &args, error);
  if (row == NULL)
    return FALSE;
  if (db_rows(row) == 0 || !db_null(row, 0, 0))
    return saml_report_fail(report, SAML_CHECK_PERSON, SAML_USER_DISABLED,
                            db_rows(row) == 0 ? "gone" : db_text(row, 0, 0), "active");
  if (!db_null(row, 0, 1)) {
    g_free(person->user);
    person->user = g_strdup(db_text(row, 0, 1));
  }
  saml_report_pass(report, SAML_CHECK_PERSON);
  return TRUE;
}

gboolean saml_store_person(Db *db, const SamlDoor *door, const char *subject, SamlPerson *person,
                           SamlReport *report, GError **error) {
  person->subject = g_strdup(subject);
  if (!check_domain(db, door, subject, report, error) || !find_bound(db, door, person, report, error))
    return FALSE;
  if (!person->bound && !find_joined(db, door, person, report, error))
    return FALSE;
  return check_open(db, door, person, report, error);
}

/* A binding to somebody of another source is not theirs to keep: the connection's own person takes it. */
static const DbStatement bind = {
    "saml_bind",
    "INSERT INTO saml_binding (org_id, connection_id, subject_source, subject, user_id) VALUES ($1, $2, $3, "
    "$4, $5)"
    " ON CONFLICT (org_id, connection_id, subject_source, subject) DO UPDATE SET user_id = excluded.user_id,"
    " first_at = now()"};

void saml_store_person_bind(Db *db, const SamlDoor *door, const SamlPerson *person) {
  if (person->bound)
    return;
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, door->connection->org_id);
  db_args_int(&args, door->connection->connection_id);
  db_args_text(&args, door->subject_source);
  db_args_text(&args, person->subject);
  db_args_text(&args, person->user_id);
  db_queue(db, &bind, &args, NULL);
}
