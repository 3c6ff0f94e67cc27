#include "scim/resource_value.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/limits.h"
#include "lib/text.h"

typedef json_t *(*Reader)(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                          const ScimPlace *place, GError **error);

static json_t *wrong_type(const char *wanted, const json_t *value, const ScimPlace *place, GError **error) {
  g_autofree char *got = scim_place_quote(value);
  scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place, "must be %s, got %s", wanted, got);
  return NULL;
}

/* Kept by index and compared by key: what cannot be indexed, or would be invisible, is refused here. */
static gboolean check_lookup(const char *text, const ScimPlace *place, GError **error) {
  g_autofree char *key = text_key(text);
  g_autofree char *quoted = text_quote(text);
  if (strlen(text) > LIMIT_USER_NAME_BYTES || (key && strlen(key) > 2 * LIMIT_USER_NAME_BYTES)) {
    scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place,
                      "is too long: %" G_GSIZE_FORMAT " bytes, at most %d", strlen(text),
                      LIMIT_USER_NAME_BYTES);
    return FALSE;
  }
  if (!key || *g_strstrip(key) == '\0') {
    scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place, "must not be empty, got \"%s\"", quoted);
    return FALSE;
  }
  for (const char *c = text; *c; c = g_utf8_next_char(c)) {
    if (!g_unichar_iscntrl(g_utf8_get_char(c)))
      continue;
    scim_place_refuse(error, SCIM_ERROR_INVALID_VALUE, place, "must not hold control characters, got \"%s\"",
                      quoted);
    return FALSE;
  }
  return TRUE;
}

static json_t *read_string(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                           const ScimPlace *place, GError **error) {
  (void)intake;
  if (!json_is_string(value))
    return wrong_type("a string", value, place, error);
  gsize n = json_string_length(value);
  if (attribute->lookup && (n > 0 || attribute->required) &&
      !check_lookup(json_string_value(value), place, error))
    return NULL;
  if (n > LIMIT_STRING_BYTES) {
    scim_place_refuse(error, SCIM_ERROR_TOO_MANY, place, "is too long: %" G_GSIZE_FORMAT " bytes, at most %d",
                      n, LIMIT_STRING_BYTES);
    return NULL;
  }
  return json_incref((json_t *)value);
}

static json_t *read_boolean(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                            const ScimPlace *place, GError **error) {
  (void)attribute;
  if (json_is_boolean(value))
    return json_incref((json_t *)value);
  const char *text = json_string_value(value);
  gboolean yes = text && g_ascii_strcasecmp(text, "true") == 0;
  gboolean no = text && g_ascii_strcasecmp(text, "false") == 0;
  if ((!yes && !no) || !scim_dialect_allows(intake->dialect, SCIM_LENIENT_BOOLEAN_STRINGS))
    return wrong_type("true or false", value, place, error);
  return json_boolean(yes);
}

static json_t *read_integer(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                            const ScimPlace *place, GError **error) {
  (void)intake, (void)attribute;
  return json_is_integer(value) ? json_incref((json_t *)value)
                                : wrong_type("an integer", value, place, error);
}

static json_t *read_decimal(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                            const ScimPlace *place, GError **error) {
  (void)intake, (void)attribute;
  return json_is_number(value) ? json_incref((json_t *)value) : wrong_type("a number", value, place, error);
}

static json_t *read_datetime(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                             const ScimPlace *place, GError **error) {
  (void)intake, (void)attribute;
  gint64 wall;
  if (!json_is_string(value) || !clock_parse(json_string_value(value), &wall))
    return wrong_type("a date and time such as 2026-11-24T10:14:03Z", value, place, error);
  return json_incref((json_t *)value);
}

/* RFC 4648, either alphabet, padded or not (RFC 7643 §2.3.6). */
static gboolean is_base64(const char *text, gsize n) {
  gsize body = n;
  while (body > 0 && n - body < 2 && text[body - 1] == '=')
    body--;
  for (gsize i = 0; i < body; i++)
    if (!g_ascii_isalnum(text[i]) && !strchr("+/-_", text[i]))
      return FALSE;
  return body % 4 != 1 && (body == n || n % 4 == 0);
}

static json_t *read_binary(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                           const ScimPlace *place, GError **error) {
  if (!json_is_string(value) || !is_base64(json_string_value(value), json_string_length(value)))
    return wrong_type("base64 without line breaks", value, place, error);
  return read_string(intake, attribute, value, place, error);
}

/* The plain string for an object with that value (E12, E18). */
static json_t *object_of_string(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                                const ScimPlace *place, GError **error) {
  const ScimAttribute *sub = scim_attribute_sub(attribute, "value");
  if (!sub || !scim_dialect_allows(intake->dialect, SCIM_LENIENT_STRING_FOR_COMPLEX))
    return wrong_type("an object", value, place, error);
  json_t *clean = scim_intake_single(intake, sub, value, place, error);
  return clean ? json_pack("{s:o}", sub->name, clean) : NULL;
}

/* What an object's undeclared part leaves in the aside of the level above. */
static void keep_aside(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *clean,
                       json_t *aside) {
  if (!intake->aside || json_object_size(aside) == 0)
    return;
  json_t *kept = json_object_get(intake->aside, attribute->name);
  if (!attribute->multi) {
    if (json_is_object(kept))
      json_object_update(kept, aside);
    else
      json_object_set(intake->aside, attribute->name, aside);
    return;
  }
  json_t *value = json_object_get(clean, "value");
  if (value)
    json_object_set(aside, "value", value);
  if (!json_is_array(kept)) {
    kept = json_array();
    json_object_set_new(intake->aside, attribute->name, kept);
  }
  json_array_append(kept, aside);
}

/* An element whose every telling part was sent empty is no value: a template with unset variables. */
static gboolean is_hollow(const json_t *clean, const json_t *sent) {
  gsize said =
      (gsize)(json_object_get(clean, "type") != NULL) + (gsize)(json_object_get(clean, "primary") != NULL);
  gsize left = json_object_size(clean);
  return left == 0 || (left == said && json_object_size(sent) > left);
}

static json_t *read_complex(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                            const ScimPlace *place, GError **error) {
  if (json_is_string(value))
    return object_of_string(intake, attribute, value, place, error);
  if (!json_is_object(value))
    return wrong_type("an object", value, place, error);
  g_autoptr(json_t) aside = json_object();
  ScimIntake inner = {.dialect = intake->dialect, .aside = intake->aside ? aside : NULL};
  g_autoptr(json_t) clean = scim_intake_object(&inner, attribute->sub, attribute->n_sub, value, place, error);
  if (!clean)
    return NULL;
  keep_aside(intake, attribute, clean, aside);
  gboolean empty = attribute->multi ? is_hollow(clean, value) : json_object_size(clean) == 0;
  return empty ? json_null() : g_steal_pointer(&clean);
}

static const Reader readers[] = {
    [SCIM_STRING] = read_string,    [SCIM_BOOLEAN] = read_boolean,   [SCIM_DECIMAL] = read_decimal,
    [SCIM_INTEGER] = read_integer,  [SCIM_DATETIME] = read_datetime, [SCIM_BINARY] = read_binary,
    [SCIM_REFERENCE] = read_string, [SCIM_COMPLEX] = read_complex,
};

/* The value itself, or the one element of an array (E12); NULL for an empty array. */
static const json_t *unwrap(const ScimIntake *intake, const json_t *value) {
  if (!json_is_array(value))
    return value;
  if (json_array_size(value) == 0)
    return NULL;
  if (json_array_size(value) > 1 || !scim_dialect_allows(intake->dialect, SCIM_LENIENT_ARRAY_FOR_SINGLE))
    return value;
  return json_array_get(value, 0);
}

json_t *scim_intake_single(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                           const ScimPlace *place, GError **error) {
  const json_t *one = unwrap(intake, value);
  if (!one || json_is_null(one))
    return json_null();
  gboolean empty = json_is_string(one) && json_string_length(one) == 0;
  if (empty && !attribute->required && scim_dialect_allows(intake->dialect, SCIM_LENIENT_EMPTY_CLEARS))
    return json_null();
  return readers[attribute->type](intake, attribute, one, place, error);
}

json_t *scim_intake_array(const ScimIntake *intake, const json_t *value, gsize max, const ScimPlace *place,
                          GError **error) {
  if (!json_is_array(value)) {
    if (!scim_dialect_allows(intake->dialect, SCIM_LENIENT_SINGLE_FOR_ARRAY))
      return wrong_type("an array", value, place, error);
    return json_pack("[O]", value);
  }
  if (json_array_size(value) > max) {
    scim_place_refuse(error, SCIM_ERROR_TOO_MANY, place,
                      "has %" G_GSIZE_FORMAT " elements, at most %" G_GSIZE_FORMAT
                      " are taken in one request",
                      json_array_size(value), max);
    return NULL;
  }
  return json_incref((json_t *)value);
}

static json_t *read_elements(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                             const ScimPlace *place, GError **error) {
  g_autoptr(json_t) sent = scim_intake_array(intake, value, LIMIT_VALUES, place, error);
  if (!sent)
    return NULL;
  g_autoptr(json_t) elements = json_array();
  for (gsize i = 0; i < json_array_size(sent); i++) {
    ScimPlace here = {.up = place, .index = i};
    json_t *clean = scim_intake_single(intake, attribute, json_array_get(sent, i), &here, error);
    if (!clean)
      return NULL;
    if (json_is_null(clean))
      json_decref(clean);
    else
      json_array_append_new(elements, clean);
  }
  return json_array_size(elements) == 0 ? json_null() : g_steal_pointer(&elements);
}

json_t *scim_intake_attribute(const ScimIntake *intake, const ScimAttribute *attribute, const json_t *value,
                              const ScimPlace *place, GError **error) {
  if (json_is_null(value))
    return json_null();
  if (scim_intake_is_members(attribute))
    return scim_intake_members(intake, attribute, value, place, error);
  return attribute->multi ? read_elements(intake, attribute, value, place, error)
                          : scim_intake_single(intake, attribute, value, place, error);
}

static gboolean is_declared(const ScimAttribute *table, gsize n, const char *name) {
  for (gsize i = 0; i < n; i++)
    if (g_ascii_strcasecmp(table[i].name, name) == 0)
      return TRUE;
  return FALSE;
}

static gboolean keep_undeclared(const ScimIntake *intake, const ScimAttribute *table, gsize n,
                                const json_t *object, const ScimPlace *place, GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    if (json_is_null(value) || is_declared(table, n, key))
      continue;
    g_autofree char *quoted = text_quote(key);
    ScimPlace here = {.up = place, .text = quoted};
    if (!intake->aside || !scim_dialect_allows(intake->dialect, SCIM_LENIENT_UNKNOWN_ATTRIBUTES)) {
      scim_place_refuse(error, SCIM_ERROR_UNKNOWN_ATTRIBUTE, &here,
                        "is not declared by any schema of this service");
      return FALSE;
    }
    json_object_set(intake->aside, key, value);
  }
  return TRUE;
}

json_t *scim_intake_object(const ScimIntake *intake, const ScimAttribute *table, gsize n,
                           const json_t *object, const ScimPlace *place, GError **error) {
  g_autoptr(json_t) clean = json_object();
  for (gsize i = 0; i < n; i++) {
    const json_t *value = jsontext_get(object, table[i].name, NULL);
    if (!value || table[i].mutability == SCIM_READ_ONLY)
      continue;
    ScimPlace here = {.up = place, .text = table[i].name};
    g_autoptr(json_t) one = scim_intake_attribute(intake, &table[i], value, &here, error);
    if (!one)
      return NULL;
    if (!json_is_null(one))
      json_object_set(clean, table[i].name, one);
  }
  if (!keep_undeclared(intake, table, n, object, place, error))
    return NULL;
  return g_steal_pointer(&clean);
}
