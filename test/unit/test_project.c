#include "scim/project.h"

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/error.h"

#define ENTERPRISE SCIM_URN_ENTERPRISE
#define USER                                                                                                 \
  "{\"schemas\":[\"u\"],\"id\":\"1\",\"externalId\":\"e\",\"userName\":\"ada\",\"name\":{\"givenName\":"     \
  "\"Ada\",\"familyName\":\"King\"},\"emails\":[{\"value\":\"a@x\",\"type\":\"work\"},{\"value\":\"b@x\"}]," \
  "\"" ENTERPRISE "\":{\"department\":\"D\",\"manager\":{\"value\":\"m\",\"displayName\":\"M\"}},"           \
  "\"meta\":{\"version\":\"1\",\"location\":\"l\"},\"groups\":[{\"value\":\"g\"}]}"

typedef struct {
  const char *attributes, *excluded, *want;
} Case;

#define ALWAYS "{\"schemas\":[\"u\"],\"id\":\"1\""

static const Case cases[] = {
    {"userName", NULL, ALWAYS ",\"userName\":\"ada\"}"},
    {"USERNAME , externalid", NULL, ALWAYS ",\"externalId\":\"e\",\"userName\":\"ada\"}"},
    {"name.givenName", NULL, ALWAYS ",\"name\":{\"givenName\":\"Ada\"}}"},
    {"name.givenName,name", NULL, ALWAYS ",\"name\":{\"givenName\":\"Ada\",\"familyName\":\"King\"}}"},
    {"emails.type", NULL, ALWAYS ",\"emails\":[{\"type\":\"work\"}]}"},
    {"emails[type eq \"a,b\"].type", NULL, ALWAYS ",\"emails\":[{\"type\":\"work\"}]}"},
    {"emails[type eq \"work\"]", NULL,
     ALWAYS ",\"emails\":[{\"value\":\"a@x\",\"type\":\"work\"},{\"value\":\"b@x\"}]}"},
    {SCIM_URN_USER ":userName", NULL, ALWAYS ",\"userName\":\"ada\"}"},
    {ENTERPRISE, NULL,
     ALWAYS ",\"" ENTERPRISE
            "\":{\"department\":\"D\",\"manager\":{\"value\":\"m\",\"displayName\":\"M\"}}}"},
    {ENTERPRISE ":department", NULL, ALWAYS ",\"" ENTERPRISE "\":{\"department\":\"D\"}}"},
    {ENTERPRISE ":manager.value", NULL, ALWAYS ",\"" ENTERPRISE "\":{\"manager\":{\"value\":\"m\"}}}"},
    {"meta.version", NULL, ALWAYS ",\"meta\":{\"version\":\"1\"}}"},
    {"password", NULL, ALWAYS "}"},
    {"nothing,,", NULL, ALWAYS "}"},
    {"title", NULL, ALWAYS "}"},
    {NULL, "id,schemas,meta,groups,emails,name," ENTERPRISE,
     ALWAYS ",\"externalId\":\"e\",\"userName\":\"ada\"}"},
    {NULL, "meta,groups,emails.value,name.givenName,name.familyName," ENTERPRISE ":manager.displayName",
     ALWAYS ",\"externalId\":\"e\",\"userName\":\"ada\",\"emails\":[{\"type\":\"work\"}],\"" ENTERPRISE
            "\":{\"department\":\"D\",\"manager\":{\"value\":\"m\"}}}"},
    {NULL, SCIM_URN_USER,
     ALWAYS ",\"" ENTERPRISE
            "\":{\"department\":\"D\",\"manager\":{\"value\":\"m\",\"displayName\":\"M\"}}}"},
    {NULL, "nothing", USER},
    {"", "", USER},
};

static void test_apply(void) {
  g_autoptr(json_t) user = json_loads(USER, 0, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ScimProjection) projection =
        scim_projection_parse(scim_type_user(), cases[i].attributes, cases[i].excluded, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) got = scim_projection_apply(projection, user);
    g_autofree char *text = jsontext_dump(got);
    g_assert_cmpstr(text, ==, cases[i].want);
    g_autofree char *whole = jsontext_dump(user);
    g_assert_cmpstr(whole, ==, USER);
  }
}

typedef struct {
  const char *attributes, *excluded;
  gboolean is_default, is_explicit, members, display;
} Ask;

static const Ask asks[] = {
    {NULL, NULL, TRUE, FALSE, TRUE, TRUE},
    {"", NULL, TRUE, FALSE, TRUE, TRUE},
    {NULL, "members", FALSE, FALSE, FALSE, TRUE},
    {NULL, "MEMBERS", FALSE, FALSE, FALSE, TRUE},
    {NULL, "members.display", FALSE, FALSE, TRUE, TRUE},
    {NULL, "nothing", TRUE, FALSE, TRUE, TRUE},
    {"displayName", NULL, FALSE, TRUE, FALSE, TRUE},
    {"members.value", NULL, FALSE, TRUE, TRUE, FALSE},
    {"nothing", NULL, FALSE, TRUE, FALSE, FALSE},
    {SCIM_URN_GROUP, NULL, FALSE, TRUE, TRUE, TRUE},
};

static void test_asks(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(asks); i++) {
    g_autoptr(ScimProjection) projection =
        scim_projection_parse(scim_type_group(), asks[i].attributes, asks[i].excluded, NULL);
    g_assert_cmpint(scim_projection_is_default(projection), ==, asks[i].is_default);
    g_assert_cmpint(scim_projection_is_explicit(projection), ==, asks[i].is_explicit);
    g_assert_cmpint(scim_projection_wants(projection, "members"), ==, asks[i].members);
    g_assert_cmpint(scim_projection_wants(projection, "displayName"), ==, asks[i].display);
    g_assert_true(scim_projection_wants(projection, "id"));
    g_assert_false(scim_projection_wants(projection, "groups"));
  }
}

static void test_refusals(void) {
  g_autoptr(GError) both = NULL;
  g_assert_null(scim_projection_parse(scim_type_user(), "name", "title", &both));
  g_assert_error(both, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE);
  g_autoptr(GError) many = NULL;
  g_autofree char *names = g_strnfill(LIMIT_ATTRIBUTE_NAMES + 1, ',');
  g_assert_null(scim_projection_parse(scim_type_user(), names, NULL, &many));
  g_assert_error(many, SCIM_ERROR, SCIM_ERROR_TOO_MANY);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/project/apply", test_apply);
  g_test_add_func("/project/asks", test_asks);
  g_test_add_func("/project/refusals", test_refusals);
  return g_test_run();
}
