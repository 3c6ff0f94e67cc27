#include "saml/store_warn.h"

#define LEFT "(extract(epoch FROM k.not_after - now()) / 86400)::integer"
/* The nearest distance that is reached; NULL: none. */
#define BUCKET                                                                                              \
  "CASE WHEN k.not_after < now() THEN 0 WHEN k.not_after < now() + interval '1 day' THEN 1"                 \
  " WHEN k.not_after < now() + interval '7 days' THEN 7 WHEN k.not_after < now() + interval '14 days' THEN" \
  " 14 WHEN k.not_after < now() + interval '30 days' THEN 30 END"
#define MARK(table, state, own)                                                                     \
  "UPDATE " table " k SET warned = " BUCKET " FROM saml_connection c WHERE c.org_id = k.org_id AND" \
  " c.connection_id = k.connection_id AND c.state <> 'off' AND k.state = '" state "' AND " BUCKET   \
  " < coalesce(k.warned, 1000) RETURNING c.slug, " own ", " LEFT

static const DbStatement mark = {
    "saml_warn", "WITH i AS (" MARK("saml_idp_key", "trusted", "false") "), o AS (" MARK(
                     "saml_own_key", "current", "true") ") SELECT * FROM i UNION ALL SELECT * FROM o"};

static void free_ending(gpointer data) {
  SamlEnding *ending = data;
  g_free(ending->slug);
  g_free(ending);
}

/* Sent twice after a lost connection it finds them marked: the connection's own page shows them all the same. */
GPtrArray *saml_store_warn(DbPool *pool, gint64 deadline, GError **error) {
  g_autoptr(DbResult) rows = db_pool_read(pool, deadline, &mark, NULL, error);
  if (rows == NULL)
    return NULL;
  GPtrArray *all = g_ptr_array_new_with_free_func(free_ending);
  for (int i = 0; i < db_rows(rows); i++) {
    SamlEnding *ending = g_new0(SamlEnding, 1);
    *ending = (SamlEnding){g_strdup(db_text(rows, i, 0)), db_bool(rows, i, 1), (int)db_int(rows, i, 2)};
    g_ptr_array_add(all, ending);
  }
  return all;
}

#define KEYS(table, state, whose)                                                                       \
  "SELECT c.slug, 4034 AS code, CASE WHEN k.not_after < now() THEN '" whose                             \
  " certificate has expired' ELSE format('" whose " certificate expires in %s days', " LEFT             \
  ") END AS words FROM saml_connection c JOIN " table " k ON k.org_id = c.org_id AND k.connection_id =" \
  " c.connection_id WHERE c.state <> 'off' AND k.state = '" state                                       \
  "' AND k.not_after < now() + interval '30 days'"

static const DbStatement worries = {
    "saml_worries",
    KEYS("saml_idp_key", "trusted", "a provider''s") " UNION ALL " KEYS(
        "saml_own_key", "current",
        "one of our own") " UNION ALL SELECT c.slug, 4032, 'a new certificate of the provider waits for you' "
                          "FROM saml_connection c"
                          " WHERE c.state <> 'off' AND EXISTS (SELECT FROM saml_idp_key k WHERE k.org_id = "
                          "c.org_id AND k.connection_id = c.connection_id AND"
                          " k.state = 'pending')"
                          " UNION ALL SELECT c.slug, 4031, 'its metadata cannot be refreshed: ' || "
                          "c.metadata_error FROM saml_connection c"
                          " WHERE c.state <> 'off' AND c.metadata_error IS NOT NULL ORDER BY 1, 2"};

static void free_worry(gpointer data) {
  SamlWorry *worry = data;
  g_free(worry->slug);
  g_free(worry->words);
  g_free(worry);
}

GPtrArray *saml_store_worries(Db *db, GError **error) {
  g_autoptr(DbResult) rows = db_query(db, &worries, NULL, error);
  if (rows == NULL)
    return NULL;
  GPtrArray *all = g_ptr_array_new_with_free_func(free_worry);
  for (int i = 0; i < db_rows(rows); i++) {
    SamlWorry *worry = g_new0(SamlWorry, 1);
    *worry =
        (SamlWorry){g_strdup(db_text(rows, i, 0)), g_strdup(db_text(rows, i, 2)), (int)db_int(rows, i, 1)};
    g_ptr_array_add(all, worry);
  }
  return all;
}
