#include "scim/record.h"

#include <string.h>

#include "lib/jsontext.h"

static const char user_doc[] =
    "{\"schemas\":[\"" SCIM_URN_USER "\"],\"externalId\":\"00uAbC\",\"userName\":\"Ada@Example.ORG\","
    "\"name\":{\"givenName\":\"ADA\"},\"emails\":[{\"value\":\"Ada@Example.org\",\"type\":\"Work\","
    "\"primary\":true}],"
    "\"active\":false,\"" SCIM_URN_ENTERPRISE "\":{\"department\":\"Stra\xC3\x9F"
    "e\",\"manager\":{\"value\":\"M1\"}}}";

static void test_user(void) {
  g_autoptr(json_t) doc = json_loads(user_doc, 0, NULL);
  g_autoptr(json_t) extra = json_loads("{\"shoeSize\":44}", 0, NULL);
  g_auto(ScimRecord) record = {.id = g_strdup("1")};
  scim_record_fill(&record, scim_type_user(), doc, extra);
  scim_record_fill(&record, scim_type_user(), doc, extra); /* once more: a transaction may run again */
  g_assert_cmpstr(record.id, ==, "1");
  g_assert_cmpstr(record.name, ==, "Ada@Example.ORG");
  g_assert_cmpstr(record.name_key, ==, "ada@example.org");
  g_assert_cmpstr(record.external_id, ==, "00uAbC");
  g_assert_cmpuint(g_strv_length(record.email_keys), ==, 1);
  g_assert_cmpstr(record.email_keys[0], ==, "ada@example.org");
  g_assert_false(record.active);
  g_assert_cmpstr(record.extra, ==, "{\"shoeSize\":44}");
  g_assert_nonnull(strstr(record.doc, "\"Ada@Example.ORG\""));
}

static void test_fold(void) {
  g_autoptr(json_t) doc = json_loads(user_doc, 0, NULL);
  g_autoptr(json_t) fold = scim_record_fold(scim_type_user(), doc);
  const json_t *email = json_array_get(json_object_get(fold, "emails"), 0);
  const json_t *enterprise = json_object_get(fold, SCIM_URN_ENTERPRISE);
  g_assert_cmpstr(json_string_value(json_object_get(fold, "userName")), ==, "ada@example.org");
  g_assert_cmpstr(json_string_value(json_object_get(fold, "externalId")), ==, "00uAbC"); /* caseExact */
  g_assert_cmpstr(json_string_value(json_object_get(json_object_get(fold, "name"), "givenName")), ==, "ada");
  g_assert_cmpstr(json_string_value(json_object_get(email, "type")), ==, "work");
  g_assert_true(json_is_true(json_object_get(email, "primary")));
  g_assert_cmpstr(json_string_value(json_object_get(enterprise, "department")), ==, "strasse");
}

static void test_group(void) {
  g_autoptr(json_t) doc =
      json_loads("{\"schemas\":[\"" SCIM_URN_GROUP "\"],\"displayName\":\"Mail Users\"}", 0, NULL);
  g_auto(ScimRecord) record = {0};
  scim_record_fill(&record, scim_type_group(), doc, NULL);
  g_assert_cmpstr(record.name, ==, "Mail Users");
  g_assert_cmpstr(record.name_key, ==, "mail users");
  g_assert_null(record.external_id);
  g_assert_null(record.extra);
}

/* Whatever offset and fraction a dateTime had, its folded text sorts by instant. */
static void test_instants(void) {
  static const ScimAttribute when = {.name = "when", .type = SCIM_DATETIME};
  static const char *const same[] = {"2026-11-24T10:00:00Z", "2026-11-24T12:00:00.000+02:00",
                                     "2026-11-24T10:00:00.0000000Z"};
  for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
    g_autofree char *text = scim_record_fold_text(&when, same[i]);
    g_assert_cmpstr(text, ==, "2026-11-24T10:00:00.000000Z");
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/record/user", test_user);
  g_test_add_func("/record/fold", test_fold);
  g_test_add_func("/record/group", test_group);
  g_test_add_func("/record/instants", test_instants);
  return g_test_run();
}
