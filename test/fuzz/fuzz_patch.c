#include <stdint.h>
#include <string.h>

#include "lib/jsontext.h"
#include "scim/patch.h"
#include "scim/resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char user[] =
    "{\"schemas\":[\"" SCIM_URN_USER "\",\"" SCIM_URN_ENTERPRISE "\"],\"userName\":\"ada\",\"name\":{"
    "\"givenName\":\"Ada\"},\"active\":true,\"emails\":[{\"value\":\"a@x\",\"type\":\"work\",\"primary\":"
    "true},{"
    "\"value\":\"b@x\",\"type\":\"home\"}],\"" SCIM_URN_ENTERPRISE "\":{\"manager\":{\"value\":\"m\"}}}";
static const char group[] = "{\"schemas\":[\"" SCIM_URN_GROUP "\"],\"displayName\":\"staff\"}";
static const char members[] =
    "[{\"value\":\"u1\",\"type\":\"User\",\"display\":\"Ada\"},{\"value\":\"g1\",\"type\":\"Group\"}]";

static json_t *parse(const char *text) {
  return jsontext_load(text, strlen(text), NULL);
}

/* What comes out is what a strict PUT of it would store. */
static void check_result(const ScimType *type, const json_t *doc) {
  ScimDialect strict = {0};
  g_autoptr(GError) error = NULL;
  g_auto(ScimResource) again = {0};
  scim_resource_read(type, doc, &strict, &again, &error);
  g_assert_no_error(error);
  gboolean same =
      type->kind == SCIM_KIND_USER && !again.active_given ? TRUE : scim_resource_equal(doc, again.doc);
  g_assert_true(same && !again.extra);
}

static void patch_once(const ScimType *type, const char *text, json_t *body, guint64 allowed) {
  ScimDialect dialect = {.allowed = allowed};
  g_autoptr(GError) error = NULL;
  g_autoptr(ScimPatch) patch = scim_patch_parse(type, body, &dialect, &error);
  g_assert_true(!patch == (error != NULL));
  if (!patch)
    return;
  g_autoptr(json_t) before = parse(text);
  g_autoptr(json_t) present = parse(members);
  ScimPatchTarget target = {.id = "1", .doc = parse(text), .present = present};
  gboolean good = scim_patch_apply(patch, &target, &dialect, &error);
  g_assert_true(good == !error);
  if (good)
    check_result(type, target.doc);
  g_assert_true((good && target.changed) || scim_resource_equal(before, target.doc));
  if (good)
    scim_members_clear(&target.members);
  json_decref(target.doc);
  json_decref(target.extra);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  g_autoptr(json_t) body = jsontext_load((const char *)data, size, NULL);
  if (!body)
    return 0;
  g_autoptr(json_t) copy = json_deep_copy(body);
  patch_once(scim_type_user(), user, body, SCIM_DIALECT_ALL);
  patch_once(scim_type_user(), user, body, 0);
  patch_once(scim_type_group(), group, body, SCIM_DIALECT_ALL);
  patch_once(scim_type_group(), group, body, 0);
  g_assert_true(json_equal(body, copy));
  return 0;
}
