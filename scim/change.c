#include "scim/change.h"

#include "scim/resource.h"

static const char *const told[] = {"active", "userName", "displayName", "externalId"};

static gboolean differs(const json_t *a, const json_t *b) {
  if (a == NULL || b == NULL)
    return a != b;
  return !scim_resource_equal(a, b);
}

/* Names in `to` that `from` has otherwise, behind the prefix; of those in both, only once. */
static void add_names(json_t *names, const char *prefix, const json_t *from, const json_t *to,
                      gboolean only_gone) {
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)to, name, value) {
    const json_t *other = json_object_get(from, name);
    if (only_gone ? other != NULL : !differs(other, value))
      continue;
    g_autofree char *whole = g_strconcat(prefix, name, NULL);
    json_array_append_new(names, json_string(whole));
  }
}

static void add_changed(json_t *names, const char *prefix, const json_t *before, const json_t *after) {
  add_names(names, prefix, before, after, FALSE);
  add_names(names, prefix, after, before, TRUE);
}

static json_t *changed_names(const json_t *before, const json_t *after) {
  json_t *names = json_array();
  add_changed(names, "", before, after);
  size_t i = 0;
  while (i < json_array_size(names)) {
    const char *name = json_string_value(json_array_get(names, i));
    if (!g_str_has_prefix(name, "urn:")) {
      i++;
      continue;
    }
    g_autofree char *urn = g_strdup(name);
    g_autofree char *prefix = g_strconcat(urn, ":", NULL);
    json_array_remove(names, i);
    json_t *inner = json_array();
    add_changed(inner, prefix, json_object_get(before, urn), json_object_get(after, urn));
    for (size_t k = 0; k < json_array_size(inner); k++)
      json_array_insert(names, i++, json_array_get(inner, k));
    json_decref(inner);
  }
  return names;
}

static json_t *told_values(const json_t *before, const json_t *after) {
  json_t *values = json_object();
  for (gsize i = 0; i < G_N_ELEMENTS(told); i++) {
    json_t *old = json_object_get(before, told[i]), *new = json_object_get(after, told[i]);
    if (!differs(old, new))
      continue;
    json_t *pair = json_object();
    if (old != NULL)
      json_object_set(pair, "old", old);
    if (new != NULL)
      json_object_set(pair, "new", new);
    json_object_set_new(values, told[i], pair);
  }
  return values;
}

static json_t *leniencies(const ScimDialect *dialect) {
  json_t *names = json_array();
  for (guint i = 0; i < SCIM_LENIENT_COUNT; i++)
    if (dialect->used & (G_GUINT64_CONSTANT(1) << i))
      json_array_append_new(names, json_string(scim_dialect_name((ScimLeniency)i)));
  return names;
}

json_t *scim_change_detail(const json_t *before, const json_t *after, const ScimDialect *dialect) {
  json_t *detail = json_object();
  if (before != NULL && after != NULL)
    json_object_set_new(detail, "changed", changed_names(before, after));
  json_object_set_new(detail, "values", told_values(before, after));
  if (dialect->used != 0)
    json_object_set_new(detail, "leniencies", leniencies(dialect));
  return detail;
}
