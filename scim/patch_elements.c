#include "scim/patch_step.h"

#include <string.h>

#include "lib/jsontext.h"
#include "lib/limits.h"
#include "lib/text.h"
#include "scim/resource.h"

static const char *name_of(const ScimPatchStep *step) {
  return step->path.ref.attribute->name;
}

/* The sub-attribute a step means: emails[…].value or emails.value; NULL for whole elements. */
static const ScimAttribute *sub_of(const ScimPatchStep *step) {
  return step->path.after ? step->path.after : step->path.ref.sub;
}

static gboolean selects(const ScimPatchStep *step, const json_t *element) {
  return !step->path.filter || scim_filter_matches_element(step->path.filter, element);
}

static gboolean same_value(const ScimAttribute *attribute, const json_t *a, const json_t *b) {
  if (!json_is_string(a) || !json_is_string(b))
    return json_equal(a, b);
  const char *left = json_string_value(a);
  const char *right = json_string_value(b);
  return attribute->case_exact ? strcmp(left, right) == 0 : g_ascii_strcasecmp(left, right) == 0;
}

/* Lengths first: a list of a thousand is compared with a list of a thousand. */
static gboolean same_sub(const ScimAttribute *attribute, const char *name, const json_t *a, const json_t *b) {
  const json_t *left = json_object_get(a, name);
  const json_t *right = json_object_get(b, name);
  if (!left || !right || json_string_length(left) != json_string_length(right))
    return FALSE;
  const ScimAttribute *sub = scim_attribute_sub(attribute, name);
  return sub && same_value(sub, left, right);
}

/* Does `given` name this element? By its value and, where both have one, its type (RFC 7643 §2.4); an element without a
 * value by all that is given. */
static gboolean names(const ScimAttribute *attribute, const json_t *given, const json_t *element) {
  if (!json_is_object(given) || !json_is_object(element))
    return same_value(attribute, given, element);
  if (json_object_get(given, "value"))
    return same_sub(attribute, "value", given, element) &&
           (!json_object_get(given, "type") || !json_object_get(element, "type") ||
            same_sub(attribute, "type", given, element));
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)given, key, value) {
    if (!same_sub(attribute, key, given, element))
      return FALSE;
  }
  return TRUE;
}

static json_t *find_named(const ScimAttribute *attribute, const json_t *array, const json_t *given) {
  gsize i;
  json_t *element;
  json_array_foreach((json_t *)array, i, element) {
    if (names(attribute, given, element))
      return element;
  }
  return NULL;
}

static gboolean is_listed(const ScimAttribute *attribute, const json_t *listed, const json_t *element) {
  gsize i;
  json_t *given;
  json_array_foreach((json_t *)listed, i, given) {
    if (names(attribute, given, element))
      return TRUE;
  }
  return FALSE;
}

/* The newest primary wins (RFC 7644 §3.5.2). */
static void settle_primary(json_t *array, const json_t *newest) {
  if (!json_is_true(json_object_get(newest, "primary")))
    return;
  gsize i;
  json_t *element;
  json_array_foreach(array, i, element) {
    if (element != newest && json_is_true(json_object_get(element, "primary")))
      json_object_set_new(element, "primary", json_false());
  }
}

/* Nothing left but what describes a value that is gone. */
static gboolean is_label(const json_t *element) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)element, key, value) {
    if (strcmp(key, "type") != 0 && strcmp(key, "primary") != 0 && strcmp(key, "display") != 0 &&
        strcmp(key, "$ref") != 0)
      return FALSE;
  }
  return TRUE;
}

void scim_patch_take_out(const ScimPatchStep *step, json_t *home, const json_t *listed) {
  const ScimAttribute *sub = sub_of(step);
  json_t *array = json_object_get(home, name_of(step));
  for (gsize i = json_array_size(array); i-- > 0;) {
    json_t *element = json_array_get(array, i);
    if (!selects(step, element) || (listed && !is_listed(step->path.ref.attribute, listed, element)))
      continue;
    if (sub && (json_object_del(element, sub->name) != 0 || !is_label(element)))
      continue;
    json_array_remove(array, i);
  }
}

static json_t *array_at(json_t *home, const char *name) {
  json_t *array = json_object_get(home, name);
  if (json_is_array(array))
    return array;
  array = json_array();
  json_object_set_new(home, name, array);
  return array;
}

/* Checked at once and not only at the end, so that no body can make the list long before it is refused. */
static gboolean append(const ScimPatchStep *step, json_t *array, json_t *element, GError **error) {
  if (json_array_size(array) >= LIMIT_VALUES)
    return scim_patch_fail(step, error, SCIM_ERROR_TOO_MANY, "%s has at most %d values", name_of(step),
                           LIMIT_VALUES);
  json_array_append(array, element);
  settle_primary(array, element);
  return TRUE;
}

/* RFC 7644 §3.5.2.1: appended; what is there already changes nothing. */
static gboolean add_all(const ScimPatchStep *step, json_t *home, const json_t *value, GError **error) {
  json_t *array = array_at(home, name_of(step));
  gsize i;
  json_t *given;
  json_array_foreach((json_t *)value, i, given) {
    json_t *present = find_named(step->path.ref.attribute, array, given);
    if (!present && !append(step, array, given, error))
      return FALSE;
    if (!json_is_object(present))
      continue;
    json_object_update(present, given);
    settle_primary(array, present);
  }
  return TRUE;
}

/* What an element must hold to satisfy the filter: its equalities. FALSE when it asks for anything else. */
static gboolean seed(const ScimFilter *filter, json_t *element) {
  if (filter->kind == SCIM_FILTER_AND)
    return seed(filter->left, element) && seed(filter->right, element);
  if (filter->kind != SCIM_FILTER_COMPARE || filter->op != SCIM_OP_EQ || json_is_null(filter->literal))
    return FALSE;
  if (!filter->ref.sub)
    return FALSE;
  json_object_set(element, filter->ref.sub->name, filter->literal);
  return TRUE;
}

static gboolean no_target(const ScimPatchStep *step, GError **error) {
  g_autofree char *quoted = text_quote(step->name);
  return scim_patch_fail(step, error, SCIM_ERROR_NO_TARGET, "%s matches no value of %s", quoted,
                         name_of(step));
}

/* E3, E4: a filter that matches nothing makes what it asks for. */
static gboolean create(const ScimPatchStep *step, json_t *array, json_t *change, ScimDialect *dialect,
                       GError **error) {
  g_autoptr(json_t) element = json_object();
  if (!seed(step->path.filter, element))
    return no_target(step, error);
  json_object_update(element, change);
  if (!selects(step, element) || !scim_dialect_allows(dialect, SCIM_LENIENT_CREATE_ON_MISS))
    return no_target(step, error);
  return append(step, array, element, error);
}

/* RFC 7644 §3.5.2.3: a whole element is replaced by a whole element; anything less is put into it. */
static void change_element(const ScimPatchStep *step, json_t *element, json_t *change) {
  gboolean whole = !sub_of(step) && step->op == SCIM_PATCH_REPLACE && !json_is_string(step->value);
  if (whole)
    json_object_clear(element);
  scim_patch_merge(element, change);
}

/* The sub-attribute, or the one element, as an object to put into the selected ones; NULL with an error. */
static json_t *change_of(const ScimPatchStep *step, json_t *value, GError **error) {
  const ScimAttribute *sub = sub_of(step);
  if (sub)
    return json_pack("{s:O}", sub->name, value);
  if (json_array_size(value) == 1)
    return json_incref(json_array_get(value, 0));
  scim_patch_fail(step, error, SCIM_ERROR_INVALID_VALUE,
                  "a path with a filter takes one value, got %" G_GSIZE_FORMAT, json_array_size(value));
  return NULL;
}

static gboolean change_selected(const ScimPatchStep *step, json_t *home, json_t *value, ScimDialect *dialect,
                                GError **error) {
  g_autoptr(json_t) change = change_of(step, value, error);
  if (!change)
    return FALSE;
  json_t *array = array_at(home, name_of(step));
  gboolean found = FALSE;
  for (gsize i = 0; i < json_array_size(array); i++) {
    json_t *element = json_array_get(array, i);
    if (!selects(step, element))
      continue;
    found = TRUE;
    change_element(step, element, change);
    settle_primary(array, element);
  }
  if (found)
    return TRUE;
  return step->path.filter ? create(step, array, change, dialect, error) : append(step, array, change, error);
}

static gboolean clear(const ScimPatchStep *step, json_t *home, GError **error) {
  const ScimAttribute *sub = sub_of(step);
  if (sub ? sub->required : !step->path.filter && step->path.ref.attribute->required)
    return scim_patch_fail(step, error, SCIM_ERROR_MUTABILITY, "%s is required and cannot be cleared",
                           step->name);
  if (step->path.filter || sub)
    scim_patch_take_out(step, home, NULL);
  else if (step->op == SCIM_PATCH_REPLACE)
    json_object_del(home, name_of(step));
  return TRUE;
}

gboolean scim_patch_elements(const ScimPatchStep *step, json_t *home, json_t *value, ScimDialect *dialect,
                             GError **error) {
  if (json_is_null(value))
    return clear(step, home, error);
  if (step->path.filter || step->path.ref.sub)
    return change_selected(step, home, value, dialect, error);
  if (step->op == SCIM_PATCH_ADD)
    return add_all(step, home, value, error);
  json_object_set(home, name_of(step), value);
  return TRUE;
}
