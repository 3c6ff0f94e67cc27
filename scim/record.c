#include "scim/record.h"

#include "lib/clock.h"
#include "lib/jsontext.h"
#include "lib/text.h"

char *scim_record_fold_text(const ScimAttribute *attribute, const char *text) {
  gint64 at;
  if (attribute->type == SCIM_DATETIME && clock_parse(text, &at)) {
    char stamp[CLOCK_TEXT_BYTES];
    return g_strdup(clock_format(at, stamp));
  }
  if (attribute->case_exact || attribute->type == SCIM_DATETIME)
    return g_strdup(text);
  char *key = text_key(text);
  return key != NULL ? key : g_strdup(text);
}

static json_t *fold_value(const ScimAttribute *attribute, json_t *value);

static json_t *fold_sub_attributes(const ScimAttribute *attribute, const json_t *object) {
  json_t *folded = json_object();
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)object, name, value) {
    json_object_set_new(folded, name, fold_value(scim_attribute_sub(attribute, name), value));
  }
  return folded;
}

static json_t *fold_array(const ScimAttribute *attribute, const json_t *array) {
  json_t *folded = json_array();
  size_t i;
  json_t *value;
  json_array_foreach(array, i, value) {
    json_array_append_new(folded, fold_value(attribute, value));
  }
  return folded;
}

/* Depth: array, object, value (RFC 7643 §2.3.8 has no complex inside complex). */
static json_t *fold_value(const ScimAttribute *attribute, json_t *value) {
  if (attribute == NULL)
    return json_incref(value);
  if (json_is_array(value))
    return fold_array(attribute, value);
  if (json_is_object(value))
    return fold_sub_attributes(attribute, value);
  if (!json_is_string(value))
    return json_incref(value);
  g_autofree char *text = scim_record_fold_text(attribute, json_string_value(value));
  return json_string(text);
}

static json_t *fold_extension(const ScimSchema *schema, const json_t *object) {
  json_t *folded = json_object();
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)object, name, value) {
    json_object_set_new(folded, name, fold_value(scim_schema_attribute(schema, name), value));
  }
  return folded;
}

static const ScimAttribute *attribute_of(const ScimType *type, const char *name) {
  const ScimAttribute *own = scim_schema_attribute(type->schema, name);
  return own != NULL ? own : scim_schema_common(name);
}

json_t *scim_record_fold(const ScimType *type, const json_t *doc) {
  json_t *folded = json_object();
  const char *name;
  json_t *value;
  json_object_foreach((json_t *)doc, name, value) {
    const ScimSchema *extension = json_is_object(value) ? scim_type_schema(type, name) : NULL;
    json_t *one = extension != NULL ? fold_extension(extension, value)
                                    : fold_value(attribute_of(type, name), value);
    json_object_set_new(folded, name, one);
  }
  return folded;
}

static GStrv email_keys(const json_t *doc) {
  g_autoptr(GStrvBuilder) keys = g_strv_builder_new();
  size_t i;
  json_t *email;
  json_array_foreach(json_object_get(doc, "emails"), i, email) {
    const char *value = json_string_value(json_object_get(email, "value"));
    g_autofree char *key = value != NULL ? text_key(value) : NULL;
    if (key != NULL)
      g_strv_builder_add(keys, key);
  }
  return g_strv_builder_end(keys);
}

void scim_record_fill(ScimRecord *record, const ScimType *type, const json_t *doc, const json_t *extra) {
  g_autofree char *id = g_steal_pointer(&record->id);
  scim_record_clear(record);
  record->id = g_steal_pointer(&id);
  gboolean user = type->kind == SCIM_KIND_USER;
  record->name = g_strdup(json_string_value(json_object_get(doc, user ? "userName" : "displayName")));
  record->name_key = text_key(record->name);
  record->external_id = g_strdup(json_string_value(json_object_get(doc, "externalId")));
  if (user)
    record->email_keys = email_keys(doc);
  record->active = user && !json_is_false(json_object_get(doc, "active"));
  g_autoptr(json_t) fold = scim_record_fold(type, doc);
  record->doc = jsontext_dump(doc);
  record->fold = jsontext_dump(fold);
  record->extra = extra != NULL ? jsontext_dump(extra) : NULL;
}

void scim_record_clear(ScimRecord *record) {
  g_free(record->id);
  g_free(record->name);
  g_free(record->name_key);
  g_free(record->external_id);
  g_strfreev(record->email_keys);
  g_free(record->doc);
  g_free(record->fold);
  g_free(record->extra);
  *record = (ScimRecord){0};
}
