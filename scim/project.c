#include "scim/project.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "scim/error.h"

struct ScimProjection {
  const ScimType *type;
  gboolean explicit; /* attributes was given: only what is named, and what is always returned */
  GArray *named;     /* ScimRef; one with neither extension nor attribute is the whole core schema */
};

typedef enum { DROP, PARTS, WHOLE } Verdict;

/* The end of the name that begins at text: a comma outside brackets and quotes. */
static const char *name_end(const char *text) {
  gboolean quoted = FALSE;
  int depth = 0;
  for (; *text; text++) {
    if (quoted && *text == '\\' && text[1])
      text++;
    else if (*text == '"')
      quoted = !quoted;
    else if (!quoted && *text == '[')
      depth++;
    else if (!quoted && *text == ']')
      depth--;
    else if (!quoted && depth <= 0 && *text == ',')
      break;
  }
  return text;
}

/* "emails[type eq \"work\"].value" → "emails.value". */
static char *cut_filter(const char *text, gsize n) {
  g_autofree char *name = g_strndup(text, n);
  char *open = strchr(name, '[');
  char *close = strrchr(name, ']');
  if (open && close && close > open)
    memmove(open, close + 1, strlen(close + 1) + 1);
  return g_strdup(g_strstrip(name));
}

static void add_name(ScimProjection *projection, const char *text, gsize n) {
  g_autofree char *name = cut_filter(text, n);
  ScimRef ref = {NULL, NULL, NULL};
  gboolean core = g_ascii_strcasecmp(name, projection->type->schema->urn) == 0;
  if (core || scim_ref_resolve(projection->type, name, strlen(name), &ref))
    g_array_append_val(projection->named, ref);
}

static gboolean add_names(ScimProjection *projection, const char *text, GError **error) {
  gsize count = 0;
  while (*text) {
    const char *end = name_end(text);
    if (++count > LIMIT_ATTRIBUTE_NAMES) {
      g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY, "more than %d attribute names in one request",
                  LIMIT_ATTRIBUTE_NAMES);
      return FALSE;
    }
    add_name(projection, text, (gsize)(end - text));
    text = *end ? end + 1 : end;
  }
  return TRUE;
}

ScimProjection *scim_projection_parse(const ScimType *type, const char *attributes, const char *excluded,
                                      GError **error) {
  gboolean has_attributes = attributes && *attributes;
  gboolean has_excluded = excluded && *excluded;
  if (has_attributes && has_excluded) {
    g_set_error_literal(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE,
                        "attributes and excludedAttributes exclude each other: send one of them");
    return NULL;
  }
  g_autoptr(ScimProjection) projection = g_new0(ScimProjection, 1);
  projection->type = type;
  projection->explicit = has_attributes;
  projection->named = g_array_new(FALSE, FALSE, sizeof(ScimRef));
  const char *names = has_attributes ? attributes : has_excluded ? excluded : "";
  if (!add_names(projection, names, error))
    return NULL;
  return g_steal_pointer(&projection);
}

void scim_projection_free(ScimProjection *projection) {
  if (!projection)
    return;
  g_array_unref(projection->named);
  g_free(projection);
}

gboolean scim_projection_is_default(const ScimProjection *projection) {
  return !projection->explicit && projection->named->len == 0;
}

gboolean scim_projection_is_explicit(const ScimProjection *projection) {
  return projection->explicit;
}

/* How far the names reach an attribute: not at all (DROP), some sub-attributes, or all of it. */
static Verdict named(const ScimProjection *projection, const ScimSchema *extension,
                     const ScimAttribute *attribute) {
  Verdict found = DROP;
  for (guint i = 0; i < projection->named->len; i++) {
    const ScimRef *ref = &g_array_index(projection->named, ScimRef, i);
    if (ref->extension != extension || (ref->attribute && ref->attribute != attribute))
      continue;
    if (!ref->sub)
      return WHOLE;
    found = PARTS;
  }
  return found;
}

static gboolean sub_named(const ScimProjection *projection, const ScimSchema *extension,
                          const ScimAttribute *attribute, const ScimAttribute *sub) {
  for (guint i = 0; i < projection->named->len; i++) {
    const ScimRef *ref = &g_array_index(projection->named, ScimRef, i);
    if (ref->extension == extension && ref->attribute == attribute && ref->sub == sub)
      return TRUE;
  }
  return FALSE;
}

/* RFC 7643 §7, returned. */
static Verdict verdict(const ScimProjection *projection, const ScimSchema *extension,
                       const ScimAttribute *attribute) {
  if (attribute->returned == SCIM_RETURNED_ALWAYS)
    return WHOLE;
  if (attribute->returned == SCIM_RETURNED_NEVER)
    return DROP;
  Verdict reach = named(projection, extension, attribute);
  if (projection->explicit)
    return reach;
  if (attribute->returned == SCIM_RETURNED_REQUEST)
    return DROP;
  return reach == WHOLE ? DROP : reach == PARTS ? PARTS : WHOLE;
}

static const ScimAttribute *core_attribute(const ScimType *type, const char *name) {
  const ScimAttribute *attribute = scim_schema_attribute(type->schema, name);
  return attribute ? attribute : scim_schema_common(name);
}

gboolean scim_projection_wants(const ScimProjection *projection, const char *name) {
  const ScimAttribute *attribute = core_attribute(projection->type, name);
  return attribute && verdict(projection, NULL, attribute) != DROP;
}

static json_t *parts_of_object(const ScimProjection *projection, const ScimSchema *extension,
                               const ScimAttribute *attribute, const json_t *object) {
  json_t *kept = json_object();
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    const ScimAttribute *sub = scim_attribute_sub(attribute, key);
    gboolean hit = sub && sub_named(projection, extension, attribute, sub);
    gboolean always = sub && sub->returned == SCIM_RETURNED_ALWAYS;
    if (always || hit == projection->explicit)
      json_object_set(kept, key, value);
  }
  return kept;
}

/* Some sub-attributes of a complex value; elements left with none are left out. NULL when nothing remains. */
static json_t *parts(const ScimProjection *projection, const ScimSchema *extension,
                     const ScimAttribute *attribute, json_t *value) {
  if (json_is_object(value)) {
    g_autoptr(json_t) kept = parts_of_object(projection, extension, attribute, value);
    return json_object_size(kept) ? g_steal_pointer(&kept) : NULL;
  }
  g_autoptr(json_t) array = json_array();
  gsize i;
  json_t *element;
  json_array_foreach(value, i, element) {
    g_autoptr(json_t) kept = parts_of_object(projection, extension, attribute, element);
    if (json_object_size(kept))
      json_array_append(array, kept);
  }
  return json_array_size(array) ? g_steal_pointer(&array) : NULL;
}

static json_t *project(const ScimProjection *projection, const ScimSchema *extension,
                       const ScimAttribute *attribute, json_t *value) {
  switch (verdict(projection, extension, attribute)) {
  case WHOLE:
    return json_incref(value);
  case PARTS:
    return parts(projection, extension, attribute, value);
  default:
    return NULL;
  }
}

static json_t *project_extension(const ScimProjection *projection, const ScimSchema *extension,
                                 json_t *object) {
  g_autoptr(json_t) kept = json_object();
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    const ScimAttribute *attribute = scim_schema_attribute(extension, key);
    json_t *part = attribute ? project(projection, extension, attribute, value) : NULL;
    if (part)
      json_object_set_new(kept, key, part);
  }
  return json_object_size(kept) ? g_steal_pointer(&kept) : NULL;
}

static json_t *project_key(const ScimProjection *projection, const char *key, json_t *value) {
  const ScimAttribute *attribute = core_attribute(projection->type, key);
  if (attribute)
    return project(projection, NULL, attribute, value);
  const ScimSchema *extension = scim_type_schema(projection->type, key);
  return extension ? project_extension(projection, extension, value) : NULL;
}

json_t *scim_projection_apply(const ScimProjection *projection, const json_t *resource) {
  json_t *kept = json_object();
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)resource, key, value) {
    json_t *part = project_key(projection, key, value);
    if (part)
      json_object_set_new(kept, key, part);
  }
  return kept;
}
