#include "scim/patch_step.h"

#include <string.h>

#include "lib/jsontext.h"
#include "scim/resource.h"

/* null, "", and containers of nothing else. */
static gboolean means_nothing(const json_t *value) {
  const char *key;
  json_t *inner;
  gsize i;
  if (json_is_string(value))
    return json_string_length(value) == 0;
  if (json_is_object(value)) {
    json_object_foreach((json_t *)value, key, inner) {
      if (!means_nothing(inner))
        return FALSE;
    }
    return TRUE;
  }
  json_array_foreach((json_t *)value, i, inner) {
    if (!means_nothing(inner))
      return FALSE;
  }
  return json_is_array(value) || json_is_null(value);
}

/* The object a client sent for a single value, bare or alone in an array (E12); NULL. */
static const json_t *sent_object(const json_t *value) {
  if (json_is_array(value) && json_array_size(value) == 1)
    value = json_array_get(value, 0);
  return json_is_object(value) ? value : NULL;
}

void scim_patch_merge(json_t *dst, json_t *src) {
  const json_t *value = json_object_get(src, "value");
  if (value && !json_equal(value, json_object_get(dst, "value")))
    json_object_del(dst, "$ref");
  json_object_update(dst, src);
}

/* The clean value of a step, not shared with the body; json null when it means "no value". A path with a filter
 * names one element, whether the client wraps it in an array or not. */
static json_t *read_value(const ScimPatchStep *step, json_t *aside, ScimDialect *dialect, GError **error) {
  const ScimPath *path = &step->path;
  gboolean element = path->filter && !path->after;
  ScimRef ref = path->ref;
  if (path->after)
    ref.sub = path->after;
  g_autofree char *where = scim_patch_where(step);
  gboolean wrap = element && !json_is_array(step->value) && !means_nothing(step->value);
  g_autoptr(json_t) sent = wrap ? json_pack("[O]", step->value) : json_incref(step->value);
  g_autoptr(json_t) clean = element && means_nothing(sent)
                                ? json_null()
                                : scim_resource_value_aside(&ref, sent, where, dialect, aside, error);
  return clean ? json_deep_copy(clean) : NULL;
}

static gboolean refuse_unassign(const ScimPatchStep *step, GError **error) {
  return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY, "%s is required and cannot be cleared",
                         step->name);
}

/* Sub-attributes sent as null, or as "" where that clears, lose their value. */
static void clear_named(const ScimPatchStep *step, const json_t *sent, const json_t *clean, json_t *object) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)sent, key, value) {
    const ScimAttribute *sub = scim_attribute_sub(step->path.ref.attribute, key);
    gboolean clears = means_nothing(value) && (step->op == SCIM_PATCH_REPLACE || json_is_string(value));
    if (sub && clears && sub->mutability != SCIM_READ_ONLY && !json_object_get(clean, sub->name))
      json_object_del(object, sub->name);
  }
}

/* The object under `key`, made when it is missing; scim_resource_check drops what stays empty. */
static json_t *object_at(json_t *parent, const char *key) {
  json_t *object = json_object_get(parent, key);
  if (json_is_object(object))
    return object;
  object = json_object();
  json_object_set_new(parent, key, object);
  return object;
}

/* RFC 7644 §3.5.2.1, §3.5.2.3: named sub-attributes change, the others stay. */
static void set_complex(const ScimPatchStep *step, json_t *home, json_t *value) {
  json_t *object = object_at(home, step->path.ref.attribute->name);
  if (json_is_object(value))
    scim_patch_merge(object, value);
  clear_named(step, sent_object(step->value), value, object);
}

static gboolean set_sub(const ScimPatchStep *step, json_t *home, json_t *value, GError **error) {
  const ScimRef *ref = &step->path.ref;
  json_t *object = object_at(home, ref->attribute->name);
  if (json_is_null(value) && ref->sub->required)
    return refuse_unassign(step, error);
  if (json_is_null(value)) {
    json_object_del(object, ref->sub->name);
    return TRUE;
  }
  g_autoptr(json_t) change = json_pack("{s:O}", ref->sub->name, value);
  scim_patch_merge(object, change);
  return TRUE;
}

static gboolean set_single(const ScimPatchStep *step, json_t *home, json_t *value, GError **error) {
  const ScimAttribute *attribute = step->path.ref.attribute;
  if (step->path.ref.sub)
    return set_sub(step, home, value, error);
  if (attribute->type == SCIM_COMPLEX && (json_is_object(value) || sent_object(step->value))) {
    set_complex(step, home, value);
    return TRUE;
  }
  if (json_is_null(value) && attribute->required)
    return refuse_unassign(step, error);
  if (json_is_null(value))
    json_object_del(home, attribute->name);
  else
    json_object_set(home, attribute->name, value);
  return TRUE;
}

/* An immutable attribute may get its first value, and the same again (RFC 7643 §7). */
static gboolean check_immutable(const ScimPatchStep *step, const json_t *home, const json_t *value,
                                GError **error) {
  const ScimRef *ref = &step->path.ref;
  const ScimAttribute *last = ref->sub ? ref->sub : ref->attribute;
  const json_t *now = json_object_get(home, ref->attribute->name);
  if (ref->sub)
    now = json_object_get(now, ref->sub->name);
  if (last->mutability != SCIM_IMMUTABLE || !now || (value && json_equal(now, value)))
    return TRUE;
  return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY, "%s is immutable and has a value already",
                         step->name);
}

/* E9: a remove with a value takes out what it lists, never everything. */
static gboolean remove_listed(const ScimPatchStep *step, json_t *home, ScimDialect *dialect, GError **error) {
  if (!scim_dialect_allows(dialect, SCIM_LENIENT_REMOVE_BY_VALUE))
    return scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE,
                           "remove takes no value; name what to remove in the path, as in "
                           "%s[value eq \"…\"]",
                           step->path.ref.attribute->name);
  g_autoptr(json_t) aside = json_object();
  g_autoptr(json_t) listed = read_value(step, aside, dialect, error);
  if (!listed)
    return FALSE;
  if (json_is_array(listed))
    scim_patch_take_out(step, home, listed);
  return TRUE;
}

static gboolean remove_value(const ScimPatchStep *step, json_t *home, ScimDialect *dialect, GError **error) {
  const ScimRef *ref = &step->path.ref;
  if (!check_immutable(step, home, NULL, error))
    return FALSE;
  if (ref->attribute->multi && !step->path.filter && !ref->sub && step->value && !json_is_null(step->value))
    return remove_listed(step, home, dialect, error);
  if (ref->attribute->multi && (step->path.filter || ref->sub))
    scim_patch_take_out(step, home, NULL);
  else if (ref->sub)
    json_object_del(json_object_get(home, ref->attribute->name), ref->sub->name);
  else
    json_object_del(home, ref->attribute->name);
  return TRUE;
}

/* A whole extension; its object's keys have become steps of their own. */
static gboolean clear_extension(const ScimPatchStep *step, json_t *doc, GError **error) {
  if (step->op != SCIM_PATCH_REMOVE && !means_nothing(step->value))
    return scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE, "%s must be an object of attributes",
                           step->path.ref.extension->urn);
  if (step->op != SCIM_PATCH_ADD)
    json_object_del(doc, step->path.ref.extension->urn);
  return TRUE;
}

gboolean scim_patch_value(const ScimPatchStep *step, json_t *doc, json_t *aside, ScimDialect *dialect,
                          GError **error) {
  const ScimRef *ref = &step->path.ref;
  if (!ref->attribute)
    return clear_extension(step, doc, error);
  json_t *home = ref->extension ? object_at(doc, ref->extension->urn) : doc;
  if (step->op == SCIM_PATCH_REMOVE)
    return remove_value(step, home, dialect, error);
  if (step->op == SCIM_PATCH_ADD && json_is_null(step->value))
    return TRUE;
  g_autoptr(json_t) value = read_value(step, aside, dialect, error);
  if (!value)
    return FALSE;
  if (json_is_null(value) && ref->attribute->multi && json_object_size(aside) > 0)
    return TRUE; /* all that was sent is kept aside: nothing was cleared */
  if (ref->attribute->multi)
    return scim_patch_elements(step, home, value, dialect, error);
  return check_immutable(step, home, value, error) && set_single(step, home, value, error);
}
