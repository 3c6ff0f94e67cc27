#include "scim/resource.h"

#include <string.h>

#include "lib/text.h"
#include "scim/resource_schemas.h"
#include "scim/resource_value.h"

void scim_resource_clear(ScimResource *resource) {
  g_clear_pointer(&resource->doc, json_decref);
  g_clear_pointer(&resource->extra, json_decref);
  g_clear_pointer(&resource->members, json_decref);
  resource->active_given = FALSE;
}

/* The object under `key`, made when it is missing. */
static json_t *object_at(json_t *parent, const char *key) {
  json_t *object = json_object_get(parent, key);
  if (json_is_object(object))
    return object;
  object = json_object();
  json_object_set_new(parent, key, object);
  return object;
}

/* The value at the end of a reference, checked. */
static json_t *read_ref(const ScimRef *ref, const ScimIntake *intake, const json_t *value,
                        const ScimPlace *place, GError **error) {
  if (ref->sub)
    return scim_intake_single(intake, ref->sub, value, place, error);
  if (ref->attribute)
    return scim_intake_attribute(intake, ref->attribute, value, place, error);
  if (json_is_null(value))
    return json_null();
  if (!json_is_object(value)) {
    g_autofree char *got = scim_place_quote(value);
    scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place, "must be an object, got %s", got);
    return NULL;
  }
  return scim_intake_object(intake, ref->extension->attributes, ref->extension->n_attributes, value, place,
                            error);
}

static void merge_extra(const ScimRef *ref, json_t *extra, json_t *aside) {
  if (json_object_size(aside) == 0)
    return;
  json_object_update_recursive(ref->extension ? object_at(extra, ref->extension->urn) : extra, aside);
}

json_t *scim_resource_value_aside(const ScimRef *ref, const json_t *value, const char *where,
                                  ScimDialect *dialect, json_t *extra, GError **error) {
  ScimPlace place = {.text = where};
  g_autoptr(json_t) aside = json_object();
  ScimIntake intake = {.dialect = dialect, .aside = extra ? aside : NULL};
  g_autoptr(json_t) clean = read_ref(ref, &intake, value, &place, error);
  if (!clean)
    return NULL;
  if (extra)
    merge_extra(ref, extra, aside);
  gboolean empty = (json_is_array(clean) && json_array_size(clean) == 0) ||
                   (json_is_object(clean) && json_object_size(clean) == 0);
  return empty ? json_null() : g_steal_pointer(&clean);
}

json_t *scim_resource_value(const ScimRef *ref, const json_t *value, const char *where, ScimDialect *dialect,
                            GError **error) {
  return scim_resource_value_aside(ref, value, where, dialect, NULL, error);
}

typedef struct {
  const ScimType *type;
  ScimDialect *dialect;
  ScimResource resource;
} Intake;

static gboolean is_readonly(const ScimRef *ref) {
  return (ref->attribute && ref->attribute->mutability == SCIM_READ_ONLY) ||
         (ref->sub && ref->sub->mutability == SCIM_READ_ONLY);
}

static gboolean drop_password(Intake *intake, const json_t *value, GError **error) {
  if (json_is_null(value) || scim_dialect_allows(intake->dialect, SCIM_LENIENT_PASSWORD_IGNORED))
    return TRUE;
  g_set_error_literal(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE,
                      "password is not kept by this service; people sign in at their identity provider");
  return FALSE;
}

/* A value into doc; objects merge, since "name" and "name.givenName" may both be there. */
static void put(Intake *intake, const ScimRef *ref, json_t *clean) {
  json_t *at = intake->resource.doc;
  if (ref->extension)
    at = object_at(at, ref->extension->urn);
  if (ref->attribute && ref->sub)
    at = object_at(at, ref->attribute->name);
  const char *name = ref->sub ? ref->sub->name : ref->attribute ? ref->attribute->name : NULL;
  if (name && json_is_object(clean))
    at = object_at(at, name);
  if (json_is_object(clean))
    json_object_update(at, clean);
  else
    json_object_set(at, name, clean);
}

static gboolean read_members(Intake *intake, const ScimRef *ref, const json_t *value, GError **error) {
  ScimResource *resource = &intake->resource;
  json_t *members = scim_resource_value(ref, value, "members", intake->dialect, error);
  if (!members)
    return FALSE;
  g_clear_pointer(&resource->members, json_decref);
  resource->members = json_is_null(members) ? json_array() : members;
  return TRUE;
}

static gboolean read_known(Intake *intake, const ScimRef *ref, const json_t *value, GError **error) {
  if (is_readonly(ref))
    return TRUE;
  if (ref->attribute && ref->attribute->mutability == SCIM_WRITE_ONLY)
    return drop_password(intake, value, error);
  g_autofree char *where = scim_ref_format(ref);
  if (ref->sub && ref->attribute->multi) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_VALUE,
                "%s names a part of a list; send %s as an array of objects", where, ref->attribute->name);
    return FALSE;
  }
  if (ref->attribute && !ref->sub && scim_intake_is_members(ref->attribute))
    return read_members(intake, ref, value, error);
  g_autoptr(json_t) clean =
      scim_resource_value_aside(ref, value, where, intake->dialect, intake->resource.extra, error);
  if (!clean)
    return FALSE;
  if (!json_is_null(clean))
    put(intake, ref, clean);
  return TRUE;
}

static gboolean refuse_unknown(Intake *intake, const char *key, GError **error) {
  g_autofree char *quoted = text_quote(key);
  g_autofree char *nearest = scim_ref_suggest(intake->type, key, strlen(key));
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_UNKNOWN_ATTRIBUTE, "\"%s\" is not an attribute of %s%s%s%s",
              quoted, intake->type->name, nearest ? "; did you mean " : "", nearest ? nearest : "",
              nearest ? "?" : "");
  return FALSE;
}

/* A name with a colon is a URI: a foreign schema, or a known one that somebody damaged. */
static gboolean read_unknown(Intake *intake, const char *key, const json_t *value, GError **error) {
  if (json_is_null(value))
    return TRUE;
  ScimLeniency leniency = strchr(key, ':') ? SCIM_LENIENT_UNKNOWN_SCHEMAS : SCIM_LENIENT_UNKNOWN_ATTRIBUTES;
  if (!scim_dialect_allows(intake->dialect, leniency))
    return refuse_unknown(intake, key, error);
  json_object_set(intake->resource.extra, key, (json_t *)value);
  return TRUE;
}

static gboolean read_key(Intake *intake, const char *key, const json_t *value, GError **error) {
  ScimRef ref;
  if (!scim_ref_resolve(intake->type, key, strlen(key), &ref))
    return read_unknown(intake, key, value, error);
  if (ref.attribute && !ref.extension && g_str_equal(ref.attribute->name, "schemas"))
    return TRUE;
  gboolean plain = !ref.sub && (!ref.attribute || !strchr(key, ':'));
  if (!plain && !scim_dialect_allows(intake->dialect, SCIM_LENIENT_DOTTED_KEYS))
    return read_unknown(intake, key, value, error);
  return read_known(intake, &ref, value, error);
}

/* Answers always tell whether somebody may sign in; the RFCs leave the default to us. */
static void settle_active(Intake *intake) {
  ScimResource *resource = &intake->resource;
  if (intake->type->kind != SCIM_KIND_USER)
    return;
  resource->active_given = json_object_get(resource->doc, "active") != NULL;
  if (!resource->active_given)
    json_object_set_new(resource->doc, "active", json_true());
}

static gboolean read_body(Intake *intake, const json_t *body, GError **error) {
  if (!scim_schemas_check(intake->type, jsontext_get(body, "schemas", NULL), intake->dialect, error))
    return FALSE;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)body, key, value) {
    if (!read_key(intake, key, value, error))
      return FALSE;
  }
  settle_active(intake);
  return scim_resource_check(intake->type, intake->resource.doc, error) &&
         scim_resource_check_extra(intake->resource.extra, error);
}

gboolean scim_resource_read(const ScimType *type, const json_t *body, ScimDialect *dialect,
                            ScimResource *resource, GError **error) {
  if (!json_is_object(body)) {
    g_autofree char *got = scim_place_quote(body);
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_SYNTAX,
                "the body must be a %s as a JSON object, got %s", type->name, got);
    return FALSE;
  }
  Intake intake = {
      .type = type, .dialect = dialect, .resource = {.doc = json_object(), .extra = json_object()}};
  g_auto(ScimResource) read = {0};
  gboolean good = read_body(&intake, body, error);
  read = intake.resource;
  if (!good)
    return FALSE;
  if (json_object_size(read.extra) == 0)
    g_clear_pointer(&read.extra, json_decref);
  scim_resource_clear(resource);
  *resource = read;
  read = (ScimResource){0};
  return TRUE;
}
