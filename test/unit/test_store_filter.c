#include "scim/store_filter.h"

#include <string.h>

#define V "($3::text[])"

typedef struct {
  const char *resource, *filter, *sql;
  const char *values; /* joined by '|' */
} Case;

static const Case cases[] = {
    {"User", "userName eq \"Ada@Example.ORG\"", "u.user_name_key = " V "[1]", "ada@example.org"},
    {"User", "USERNAME EQ \"ada\"", "u.user_name_key = " V "[1]", "ada"},
    {"User", "userName ne \"a\"", "u.user_name_key <> " V "[1]", "a"},
    {"User", "userName sw \"A%\"", "starts_with(u.user_name_key, " V "[1])", "a%"},
    {"User", "userName co \"_\"", "strpos(u.user_name_key, " V "[1]) > 0", "_"},
    {"User", "userName ew \"x\"", "right(u.user_name_key, length(" V "[1])) = " V "[1]", "x"},
    {"User", "userName gt \"m\"", "u.user_name_key COLLATE \"C\" > " V "[1]", "m"},
    {"User", "externalId eq \"00uAB\"", "(u.external_id IS NOT NULL AND u.external_id = " V "[1])", "00uAB"},
    {"User", "externalId ne \"a\"", "(u.external_id IS NULL OR u.external_id <> " V "[1])", "a"},
    {"User", "externalId pr", "coalesce(u.external_id <> '', false)", ""},
    {"User", "id eq \"2819c223-7f76-453a-919d-413861904646\"", "u.user_id::uuid = " V "[1]::uuid",
     "2819c223-7f76-453a-919d-413861904646"},
    {"User", "id eq \"nobody\"", "u.user_id::text = " V "[1]", "nobody"},
    {"User", "id pr", "true", ""},
    {"User", "active eq true", "u.active::boolean = " V "[1]::boolean", "true"},
    {"User", "meta.created ge \"2026-11-24T12:00:00+02:00\"",
     "u.created_at::timestamptz >= " V "[1]::timestamptz", "2026-11-24T10:00:00.000000Z"},
    {"User", "emails.value eq \"A@x.org\"", "u.email_keys @> ARRAY[" V "[1]]", "a@x.org"},
    {"User", "title eq \"Boss\"", "coalesce((u.fold ->> " V "[1]) = " V "[2], false)", "title|boss"},
    {"User", "title ne \"Boss\"", "coalesce((u.fold ->> " V "[1]) <> " V "[2], true)", "title|boss"},
    {"User", "name.familyName eq \"x' OR '1'='1\"",
     "coalesce((u.fold -> " V "[1] ->> " V "[2]) = " V "[3], false)", "name|familyName|x' or '1'='1"},
    {"User", SCIM_URN_ENTERPRISE ":department eq \"it\"",
     "coalesce((u.fold -> " V "[1] ->> " V "[2]) = " V "[3], false)", SCIM_URN_ENTERPRISE "|department|it"},
    {"User", "not (title eq \"x\")", "NOT (coalesce((u.fold ->> " V "[1]) = " V "[2], false))", "title|x"},
    {"User", "active eq true and userName eq \"a\" or id pr",
     "((u.active::boolean = " V "[1]::boolean AND u.user_name_key = " V "[2]) OR true)", "true|a"},
    {"User", "groups.value eq \"2819c223-7f76-453a-919d-413861904646\"",
     "(u.user_id IN (SELECT m.member_id FROM scim_member m WHERE m.org_id = $1 AND m.group_id = " V
     "[1]::uuid))",
     "2819c223-7f76-453a-919d-413861904646"},
    {"User", "groups.value eq \"x\"", "(false)", "x"},
    {"User", "phoneNumbers.type eq \"Work\"",
     "EXISTS (SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof((u.fold -> " V
     "[1])) WHEN 'array' THEN (u.fold -> " V "[1]) ELSE '[]'::jsonb END) e(v) WHERE (e.v ->> " V "[2]) = " V
     "[3])",
     "phoneNumbers|type|work"},
    {"User", "emails[type eq \"work\" and value eq \"A@x\"]",
     "(u.email_keys @> ARRAY[" V
     "[1]] AND EXISTS (SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof((u.fold -> " V
     "[2])) WHEN 'array' THEN (u.fold -> " V "[2]) ELSE '[]'::jsonb END) e(v) WHERE (coalesce((e.v ->> " V
     "[3]) = " V "[4], false) AND coalesce((e.v ->> " V "[5]) = " V "[6], false))))",
     "a@x|emails|type|work|value|a@x"},
    {"Group", "displayName eq \"Mail Users\"", "g.display_key = " V "[1]", "mail users"},
    {"Group", "members.value eq \"ghost\"",
     "(g.group_id IN (SELECT q.group_id FROM scim_pending_member q WHERE q.org_id = $1 AND q.source_id = $2 "
     "AND q.value_key = " V "[1]))",
     "ghost"},
};

static void test_compile(gconstpointer data) {
  const Case *c = data;
  const ScimType *type = strcmp(c->resource, "User") == 0 ? scim_type_user() : scim_type_group();
  ScimDialect dialect = {0};
  g_autoptr(GError) error = NULL;
  g_autoptr(ScimFilter) filter = scim_filter_parse(type, c->filter, strlen(c->filter), &dialect, &error);
  g_assert_no_error(error);
  g_auto(ScimFilterSql) sql = {0};
  scim_store_filter(type, filter, &sql);
  g_ptr_array_add(sql.values, NULL);
  g_autofree char *values = g_strjoinv("|", (char **)sql.values->pdata);
  g_assert_cmpstr(sql.sql->str, ==, c->sql);
  g_assert_cmpstr(values, ==, c->values);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/store_filter/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &cases[i], test_compile);
  }
  return g_test_run();
}
