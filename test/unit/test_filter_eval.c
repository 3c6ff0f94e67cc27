#include "scim/filter.h"

#include <string.h>

#include "lib/jsontext.h"

#define E SCIM_URN_ENTERPRISE ":"

typedef struct {
  const char *filter;
  gboolean matches;
} MatchCase;

static const char resource_text[] =
    "{\"schemas\":[\"" SCIM_URN_USER "\",\"" SCIM_URN_ENTERPRISE
    "\"],\"id\":\"Id-1\",\"externalId\":\"Ext-1\","
    "\"userName\":\"Ada.Stra\xc3\x9f"
    "e@Example.com\",\"title\":\"\",\"active\":true,\"name\":{\"givenName\":\"Ada\"},"
    "\"emails\":[{\"value\":\"Ada@x.org\",\"type\":\"work\",\"primary\":true},{\"value\":\"ada@home.net\","
    "\"type\":"
    "\"home\"},{\"type\":\"other\"}],\"roles\":[],\"photos\":[{\"value\":\"https://x/P\"}],"
    "\"meta\":{\"created\":\"2026-11-24T10:00:00Z\",\"lastModified\":\"2026-11-24T12:30:00.5+02:00\"},"
    "\"" SCIM_URN_ENTERPRISE "\":{\"department\":\"Mail\",\"manager\":{\"value\":\"m-1\"}}}";

static const MatchCase match_cases[] = {
    {"userName eq \"ada.strasse@example.COM\"", TRUE},
    {"userName eq \"ada.stra\xc3\x9f"
     "e@example.com\"",
     TRUE},
    {"userName eq \"ada\"", FALSE},
    {"userName ne \"ada\"", TRUE},
    {"userName ne \"ADA.STRASSE@EXAMPLE.COM\"", FALSE},
    {"userName sw \"ADA.\"", TRUE},
    {"userName sw \"\"", TRUE},
    {"userName sw \"a%\"", FALSE},
    {"userName ew \".com\"", TRUE},
    {"userName co \"@EXAMPLE\"", TRUE},
    {"userName co \"_\"", FALSE},
    {"userName gt \"ada\"", TRUE},
    {"userName ge \"ADA.STRASSE@EXAMPLE.COM\"", TRUE},
    {"userName le \"ada.strasse@example.com\"", TRUE},
    {"userName lt \"ada.strasse@example.com\"", FALSE},
    {"userName gt \"ada.strasse@example.com\"", FALSE},
    {"id eq \"Id-1\"", TRUE},
    {"id eq \"id-1\"", FALSE},
    {"externalId sw \"ext\"", FALSE},
    {"externalId eq \"Ext-1\"", TRUE},
    {"photos.value eq \"https://x/p\"", FALSE},
    {"photos eq \"https://x/P\"", TRUE},
    {"title pr", FALSE},
    {"title eq \"\"", TRUE},
    {"title eq null", TRUE},
    {"title ne null", FALSE},
    {"nickName pr", FALSE},
    {"nickName eq \"x\"", FALSE},
    {"nickName ne \"x\"", TRUE},
    {"nickName gt \"\"", FALSE},
    {"nickName eq null", TRUE},
    {"not (nickName pr)", TRUE},
    {"name pr", TRUE},
    {"name.givenName pr", TRUE},
    {"name.familyName pr", FALSE},
    {"name.familyName ne \"x\"", TRUE},
    {"emails pr", TRUE},
    {"emails.value pr", TRUE},
    {"emails.display pr", FALSE},
    {"roles pr", FALSE},
    {"roles eq null", TRUE},
    {"meta pr", TRUE},
    {"active pr", TRUE},
    {"active eq true", TRUE},
    {"active eq false", FALSE},
    {"active ne false", TRUE},
    {"active ne true", FALSE},
    {"emails co \"HOME\"", TRUE},
    {"emails eq \"ada@x.org\"", TRUE},
    {"emails.value ne \"ada@x.org\"", TRUE},
    {"emails.display ne \"x\"", TRUE},
    {"emails.type eq \"other\"", TRUE},
    {"emails.primary eq true", TRUE},
    {"emails.primary eq false", FALSE},
    {"roles.value eq \"x\"", FALSE},
    {"roles.value ne \"x\"", TRUE},
    {"emails.type eq \"home\" and emails.value sw \"ada@x\"", TRUE},
    {"emails[type eq \"home\" and value sw \"ada@x\"]", FALSE},
    {"emails[type eq \"work\" and value sw \"ada@x\"]", TRUE},
    {"emails[type eq \"other\" and value ne \"q\"]", TRUE},
    {"emails[not (value pr)]", TRUE},
    {"emails[primary ne true]", TRUE},
    {"emails[type eq \"x\"]", FALSE},
    {"not (emails[type eq \"x\"])", TRUE},
    {"roles[value pr]", FALSE},
    {"ims[value eq null]", FALSE},
    {"emails[type eq \"work\"].value eq \"ADA@X.ORG\"", TRUE},
    {"emails[type eq \"home\"].value eq \"ada@x.org\"", FALSE},
    {"emails[type eq \"other\"].value eq null", TRUE},
    {"schemas eq \"URN:ietf:params:scim:schemas:core:2.0:user\"", TRUE},
    {"schemas eq \"urn:x\"", FALSE},
    {"schemas pr", TRUE},
    {E "department eq \"mail\"", TRUE},
    {E "manager eq \"m-1\"", TRUE},
    {E "manager pr", TRUE},
    {E "division pr", FALSE},
    {E "manager.displayName eq null", TRUE},
    {"meta.created eq \"2026-11-24T11:00:00+01:00\"", TRUE},
    {"meta.created ne \"2026-11-24T11:00:00+01:00\"", FALSE},
    {"meta.lastModified gt \"2026-11-24T10:30:00Z\"", TRUE},
    {"meta.lastModified ge \"2026-11-24T10:30:00.500Z\"", TRUE},
    {"meta.lastModified lt \"2026-11-24T11:00:00Z\"", TRUE},
    {"meta.lastModified le \"2026-11-24T10:30:00.4Z\"", FALSE},
    {"title pr and active eq true", FALSE},
    {"active eq true and name pr", TRUE},
    {"title pr or active eq true", TRUE},
    {"title pr or nickName pr", FALSE},
    {"active eq true or title pr and title pr", TRUE},
    {"(active eq true or title pr) and title pr", FALSE},
    {"not (title pr) and active eq true", TRUE},
    {"not (title pr and active eq true)", TRUE},
    {"not (not (title pr))", FALSE},
};

static void test_match(gconstpointer data) {
  const MatchCase *c = data;
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) resource = jsontext_load(resource_text, strlen(resource_text), &error);
  g_assert_no_error(error);
  g_autoptr(ScimFilter) filter =
      scim_filter_parse(scim_type_user(), c->filter, strlen(c->filter), &all, &error);
  g_assert_no_error(error);
  g_assert_cmpint(scim_filter_matches(filter, resource), ==, c->matches);
}

static json_t *load_data(const char *name) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), name, NULL);
  g_autofree char *text = NULL;
  gsize n = 0;
  g_autoptr(GError) error = NULL;
  g_assert_true(g_file_get_contents(path, &text, &n, &error));
  json_t *value = jsontext_load(text, n, &error);
  g_assert_no_error(error);
  return value;
}

/* "User strict true title pr" */
static void check_example(const char *line, const json_t *user) {
  g_auto(GStrv) words = g_strsplit(line, " ", 4);
  g_assert_cmpuint(g_strv_length(words), ==, 4);
  const ScimType *type = g_str_equal(words[0], "User") ? scim_type_user() : scim_type_group();
  gboolean lenient = g_str_equal(words[1], "lenient");
  ScimDialect strict = {0};
  ScimDialect all = {.allowed = SCIM_DIALECT_ALL};
  g_autoptr(GError) error = NULL;
  g_autoptr(ScimFilter) by_grammar = scim_filter_parse(type, words[3], strlen(words[3]), &strict, NULL);
  g_assert_cmpint(by_grammar != NULL, ==, !lenient);
  g_autoptr(ScimFilter) filter = scim_filter_parse(type, words[3], strlen(words[3]), &all, &error);
  g_assert_no_error(error);
  g_assert_cmpint(scim_filter_matches(filter, user), ==, g_str_equal(words[2], "true"));
}

static void test_rfc_examples(void) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "rfc7644", "filters.txt", NULL);
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_autoptr(json_t) user = load_data("rfc7643/8.3-user-enterprise.json");
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  guint checked = 0;
  for (gsize i = 0; lines[i]; i++) {
    if (lines[i][0] == '\0' || lines[i][0] == '#')
      continue;
    check_example(lines[i], user);
    checked++;
  }
  g_assert_cmpuint(checked, >, 20);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(match_cases); i++) {
    g_autofree char *path = g_strdup_printf("/filter_eval/match/%02" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &match_cases[i], test_match);
  }
  g_test_add_func("/filter_eval/rfc7644-examples", test_rfc_examples);
  return g_test_run();
}
