#include "scim/store.h"

#include <string.h>

#include "lib/crypto.h"
#include "scim/store_columns.h"
#include "scim/store_filter.h"

void scim_page_clear(ScimPage *page) {
  g_clear_pointer(&page->result, db_result_free);
}

/* Total and page are of one statement, so of one snapshot. The page is found by number alone: a deep offset walks a
 * narrow index. Behind the columns of every read stands the total; a row without id is an empty page. */
#define TOTAL_ALL(kind)                                                                                   \
  "SELECT coalesce(sum(n), 0)::bigint AS n FROM resource_count WHERE org_id = $1 AND source_id = $2 AND " \
  "kind = '" kind "'"
#define SEQ_OF(table) table " WHERE org_id = $1 AND source_id = $2"
#define USER_JOIN \
  " LEFT JOIN scim_user u ON u.org_id = $1 AND u.source_id = $2 AND u.seq = p.seq ORDER BY p.seq"
#define GROUP_JOIN \
  " LEFT JOIN scim_group g ON g.org_id = $1 AND g.source_id = $2 AND g.seq = p.seq ORDER BY p.seq"

/* $1 org_id, $2 source_id, $3 limit, $4 offset, $5 base where linked. */
#define ALL(columns, kind, table, join)                                                      \
  "SELECT " columns ", t.n FROM (" TOTAL_ALL(kind) ") t LEFT JOIN (SELECT seq FROM " SEQ_OF( \
      table) " ORDER BY seq LIMIT $3 OFFSET $4) p ON true" join

static const DbStatement user_all = {"scim_user_all",
                                     ALL(SCIM_USER_COLUMNS("NULL::text"), "u", "scim_user", USER_JOIN)};
static const DbStatement user_all_groups = {
    "scim_user_all_groups", ALL(SCIM_USER_COLUMNS(SCIM_GROUPS_OF_USER("$5")), "u", "scim_user", USER_JOIN)};
static const DbStatement group_all = {"scim_group_all",
                                      ALL(SCIM_GROUP_COLUMNS("NULL::text"), "g", "scim_group", GROUP_JOIN)};
static const DbStatement group_all_members = {
    "scim_group_all_members",
    ALL(SCIM_GROUP_COLUMNS(SCIM_MEMBERS_OF_GROUP("$5")), "g", "scim_group", GROUP_JOIN)};

static const DbStatement *statement_all(const ScimType *type, gboolean linked) {
  if (type->kind == SCIM_KIND_USER)
    return linked ? &user_all_groups : &user_all;
  return linked ? &group_all_members : &group_all;
}

static DbResult *read_all(const ScimReader *reader, const ScimType *type, const ScimListQuery *query,
                          GError **error) {
  gboolean linked =
      scim_projection_wants(query->projection, type->kind == SCIM_KIND_USER ? "groups" : "members");
  DbArgs args = DB_ARGS_INIT;
  db_args_int(&args, reader->scope.org_id);
  db_args_int(&args, reader->scope.source_id);
  db_args_int(&args, query->count);
  db_args_int(&args, query->start_index - 1);
  if (linked)
    db_args_text(&args, reader->scope.base);
  return db_pool_read(reader->pool, reader->deadline, statement_all(type, linked), &args, error);
}

/* What stands around a filter's condition. $3 values and $4 base are named so that each has a type even when the
 * condition does without; $5 limit, $6 offset. */
#define BEFORE(alias, table)                                                             \
  "WITH hit AS MATERIALIZED (SELECT " alias ".seq FROM " table " " alias " WHERE " alias \
  ".org_id = $1 AND " alias ".source_id = $2 AND $3::text[] IS NOT NULL AND $4::text IS NOT NULL AND ("
#define AFTER(columns, join)                                                                         \
  ")) SELECT " columns ", t.n FROM (SELECT count(*) AS n FROM hit) t LEFT JOIN (SELECT seq FROM hit" \
  " ORDER BY seq LIMIT $5 OFFSET $6) p ON true" join

typedef struct {
  const char *before, *after, *after_linked;
} Frame;

static const Frame user_frame = {BEFORE("u", "scim_user"), AFTER(SCIM_USER_COLUMNS("NULL::text"), USER_JOIN),
                                 AFTER(SCIM_USER_COLUMNS(SCIM_GROUPS_OF_USER("$4")), USER_JOIN)};
static const Frame group_frame = {BEFORE("g", "scim_group"),
                                  AFTER(SCIM_GROUP_COLUMNS("NULL::text"), GROUP_JOIN),
                                  AFTER(SCIM_GROUP_COLUMNS(SCIM_MEMBERS_OF_GROUP("$4")), GROUP_JOIN)};

/* The few shapes that identity providers ask all day stay prepared; others would fill a connection's memory. */
static char *statement_name(const ScimFilter *filter, const char *sql, gsize n) {
  if (filter->kind != SCIM_FILTER_COMPARE || filter->op != SCIM_OP_EQ)
    return NULL;
  guint8 digest[CRYPTO_SHA256_BYTES];
  crypto_sha256(sql, n, digest);
  g_autofree char *hex = crypto_hex(digest, 16);
  return g_strconcat("scim_list_", hex, NULL);
}

static DbResult *read_matching(const ScimReader *reader, const ScimType *type, const ScimListQuery *query,
                               GError **error) {
  gboolean user = type->kind == SCIM_KIND_USER;
  gboolean linked = scim_projection_wants(query->projection, user ? "groups" : "members");
  const Frame *frame = user ? &user_frame : &group_frame;
  g_auto(ScimFilterSql) filter = {0};
  scim_store_filter(type, query->filter, &filter);
  g_autofree char *sql =
      g_strconcat(frame->before, filter.sql->str, linked ? frame->after_linked : frame->after, NULL);
  g_autofree char *name = statement_name(query->filter, sql, strlen(sql));
  DbArgs args = DB_ARGS_INIT;
  g_autofree char *values = NULL;
  db_args_int(&args, reader->scope.org_id);
  db_args_int(&args, reader->scope.source_id);
  db_args_text_array(&args, (const char *const *)filter.values->pdata, filter.values->len, &values);
  db_args_text(&args, reader->scope.base);
  db_args_int(&args, query->count);
  db_args_int(&args, query->start_index - 1);
  return db_pool_read(reader->pool, reader->deadline, &(DbStatement){name, sql}, &args, error);
}

gboolean scim_store_list(const ScimReader *reader, const ScimType *type, const ScimListQuery *query,
                         ScimPage *page, GError **error) {
  DbResult *result = query->filter != NULL ? read_matching(reader, type, query, error)
                                           : read_all(reader, type, query, error);
  if (result == NULL)
    return FALSE;
  page->result = result;
  page->total = db_int(result, 0, SCIM_COLUMN_EXTRA);
  page->n = db_null(result, 0, SCIM_COLUMN_ID) ? 0 : db_rows(result);
  return TRUE;
}
