#include "scim/schema.h"

#include <string.h>

#include "lib/text.h"
#include "scim/schema_tables.h"

static const ScimExtension user_extensions[] = {{.schema = &scim_schema_enterprise, .required = FALSE}};

static const ScimType type_user = {
    .kind = SCIM_KIND_USER,
    .name = "User",
    .endpoint = "/Users",
    .about = "A person's account",
    .schema = &scim_schema_user,
    .extensions = user_extensions,
    .n_extensions = G_N_ELEMENTS(user_extensions),
};

static const ScimType type_group = {
    .kind = SCIM_KIND_GROUP,
    .name = "Group",
    .endpoint = "/Groups",
    .about = "A group of people",
    .schema = &scim_schema_group,
};

static const ScimType *const types[] = {&type_user, &type_group, NULL};

const ScimType *scim_type_user(void) {
  return &type_user;
}

const ScimType *scim_type_group(void) {
  return &type_group;
}

const ScimType *const *scim_type_all(void) {
  return types;
}

static gboolean same_name(const char *name, const char *text, gsize n) {
  return strlen(name) == n && g_ascii_strncasecmp(name, text, n) == 0;
}

static const ScimAttribute *find(const ScimAttribute *table, gsize count, const char *text, gsize n) {
  for (gsize i = 0; i < count; i++)
    if (same_name(table[i].name, text, n))
      return &table[i];
  return NULL;
}

const ScimAttribute *scim_schema_attribute(const ScimSchema *schema, const char *name) {
  return find(schema->attributes, schema->n_attributes, name, strlen(name));
}

const ScimAttribute *scim_schema_common(const char *name) {
  return find(scim_schema_common_attributes, scim_schema_n_common_attributes, name, strlen(name));
}

const ScimAttribute *scim_attribute_sub(const ScimAttribute *attribute, const char *name) {
  return find(attribute->sub, attribute->n_sub, name, strlen(name));
}

static const ScimSchema *schema_of(const ScimType *type, const char *text, gsize n) {
  if (same_name(type->schema->urn, text, n))
    return type->schema;
  for (gsize i = 0; i < type->n_extensions; i++)
    if (same_name(type->extensions[i].schema->urn, text, n))
      return type->extensions[i].schema;
  return NULL;
}

const ScimSchema *scim_type_schema(const ScimType *type, const char *urn) {
  return schema_of(type, urn, strlen(urn));
}

/* "attr" or "attr.sub" of one schema. */
static gboolean resolve_in(const ScimSchema *schema, gboolean common, const char *text, gsize n,
                           ScimRef *ref) {
  const char *dot = memchr(text, '.', n);
  gsize head = dot ? (gsize)(dot - text) : n;
  const ScimAttribute *attribute = find(schema->attributes, schema->n_attributes, text, head);
  if (!attribute && common)
    attribute = find(scim_schema_common_attributes, scim_schema_n_common_attributes, text, head);
  if (!attribute)
    return FALSE;
  ref->attribute = attribute;
  if (!dot)
    return TRUE;
  ref->sub = find(attribute->sub, attribute->n_sub, dot + 1, n - head - 1);
  return ref->sub != NULL;
}

/* The longest known URN that is the whole text or ends before a ':'; *rest is what follows, NULL when nothing does. */
static const ScimSchema *split_urn(const ScimType *type, const char *text, gsize n, const char **rest) {
  const ScimSchema *whole = schema_of(type, text, n);
  *rest = NULL;
  if (whole)
    return whole;
  for (gsize i = n; i-- > 0;) {
    if (text[i] != ':')
      continue;
    *rest = text + i + 1;
    const ScimSchema *schema = schema_of(type, text, i);
    if (schema)
      return schema;
  }
  return NULL;
}

gboolean scim_ref_resolve(const ScimType *type, const char *text, gsize n, ScimRef *ref) {
  ScimRef found = {NULL, NULL, NULL};
  if (n < 4 || g_ascii_strncasecmp(text, "urn:", 4) != 0) {
    if (!resolve_in(type->schema, TRUE, text, n, &found))
      return FALSE;
    *ref = found;
    return TRUE;
  }
  const char *rest;
  const ScimSchema *schema = split_urn(type, text, n, &rest);
  if (!schema || (schema == type->schema && !rest))
    return FALSE;
  found.extension = schema == type->schema ? NULL : schema;
  if (rest && !resolve_in(schema, schema == type->schema, rest, n - (gsize)(rest - text), &found))
    return FALSE;
  *ref = found;
  return TRUE;
}

gboolean scim_ref_resolve_extension(const ScimType *type, const char *text, gsize n, ScimRef *ref) {
  for (gsize i = 0; i < type->n_extensions; i++) {
    ScimRef found = {type->extensions[i].schema, NULL, NULL};
    if (resolve_in(found.extension, FALSE, text, n, &found)) {
      *ref = found;
      return TRUE;
    }
  }
  return FALSE;
}

char *scim_ref_format(const ScimRef *ref) {
  GString *text = g_string_new(ref->extension ? ref->extension->urn : "");
  if (ref->attribute)
    g_string_append_printf(text, "%s%s", ref->extension ? ":" : "", ref->attribute->name);
  if (ref->sub)
    g_string_append_printf(text, ".%s", ref->sub->name);
  return g_string_free(text, FALSE);
}

json_t *scim_ref_get(const ScimRef *ref, const json_t *resource) {
  const json_t *at = resource;
  if (ref->extension)
    at = json_object_get(at, ref->extension->urn);
  if (ref->attribute)
    at = json_object_get(at, ref->attribute->name);
  if (ref->sub && !ref->attribute->multi)
    at = json_object_get(at, ref->sub->name);
  return (json_t *)at;
}

static void add_names(GPtrArray *names, const ScimSchema *extension, const ScimAttribute *table,
                      gsize count) {
  for (gsize i = 0; i < count; i++) {
    ScimRef ref = {extension, &table[i], NULL};
    g_ptr_array_add(names, scim_ref_format(&ref));
    for (gsize s = 0; s < table[i].n_sub; s++) {
      ref.sub = &table[i].sub[s];
      g_ptr_array_add(names, scim_ref_format(&ref));
    }
  }
}

/* An extension's attribute named without its URN: the commonest slip. */
static char *unqualified(const ScimType *type, const char *text, gsize n) {
  for (gsize i = 0; i < type->n_extensions; i++) {
    ScimRef ref = {type->extensions[i].schema, NULL, NULL};
    if (resolve_in(ref.extension, FALSE, text, n, &ref))
      return scim_ref_format(&ref);
  }
  return NULL;
}

char *scim_ref_suggest(const ScimType *type, const char *text, gsize n) {
  char *qualified = unqualified(type, text, n);
  if (qualified)
    return qualified;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  add_names(names, NULL, scim_schema_common_attributes, scim_schema_n_common_attributes);
  add_names(names, NULL, type->schema->attributes, type->schema->n_attributes);
  for (gsize i = 0; i < type->n_extensions; i++) {
    const ScimSchema *schema = type->extensions[i].schema;
    add_names(names, schema, schema->attributes, schema->n_attributes);
  }
  g_ptr_array_add(names, NULL);
  /* No known name is near a longer one; the distance costs the product of the lengths. */
  g_autofree char *word = g_strndup(text, MIN(n, 200));
  return g_strdup(text_nearest(word, (const char *const *)names->pdata));
}
