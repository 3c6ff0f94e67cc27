#include "scim/filter.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"

/* pr: at any depth something that is not null, "" or empty (RFC 7644 table 3). */
static gboolean has_value(const json_t *value) {
  if (json_is_string(value))
    return json_string_length(value) > 0;
  for (gsize i = 0; i < json_array_size(value); i++)
    if (has_value(json_array_get(value, i)))
      return TRUE;
  const char *key;
  json_t *member;
  json_object_foreach((json_t *)value, key, member) {
    if (has_value(member))
      return TRUE;
  }
  return json_is_boolean(value) || json_is_number(value);
}

static gboolean holds_order(ScimOp op, int order) {
  switch (op) {
  case SCIM_OP_EQ:
    return order == 0;
  case SCIM_OP_NE:
    return order != 0;
  case SCIM_OP_GT:
    return order > 0;
  case SCIM_OP_GE:
    return order >= 0;
  case SCIM_OP_LT:
    return order < 0;
  case SCIM_OP_LE:
    return order <= 0;
  default:
    return FALSE;
  }
}

static gboolean holds_text(ScimOp op, const char *value, const char *literal) {
  switch (op) {
  case SCIM_OP_CO:
    return strstr(value, literal) != NULL;
  case SCIM_OP_SW:
    return g_str_has_prefix(value, literal);
  case SCIM_OP_EW:
    return g_str_has_suffix(value, literal);
  default:
    return holds_order(op, strcmp(value, literal));
  }
}

static gboolean holds_string(ScimOp op, gboolean case_exact, const char *value, const char *literal) {
  if (!value || !literal)
    return op == SCIM_OP_NE;
  if (case_exact)
    return holds_text(op, value, literal);
  g_autofree char *value_key = text_key(value);
  g_autofree char *literal_key = text_key(literal);
  return value_key && literal_key && holds_text(op, value_key, literal_key);
}

static gboolean holds_instant(ScimOp op, const char *value, const char *literal) {
  gint64 a, b;
  if (!value || !literal || !clock_parse(value, &a) || !clock_parse(literal, &b))
    return op == SCIM_OP_NE;
  return holds_order(op, (a > b) - (a < b));
}

static gboolean holds_number(ScimOp op, const json_t *value, const json_t *literal) {
  if (!json_is_number(value))
    return op == SCIM_OP_NE;
  if (json_is_integer(value) && json_is_integer(literal)) {
    json_int_t a = json_integer_value(value);
    json_int_t b = json_integer_value(literal);
    return holds_order(op, (a > b) - (a < b));
  }
  double a = json_number_value(value);
  double b = json_number_value(literal);
  return holds_order(op, (a > b) - (a < b));
}

static gboolean holds(const ScimFilter *filter, const json_t *value) {
  const ScimAttribute *attribute = filter->ref.sub ? filter->ref.sub : filter->ref.attribute;
  switch (attribute->type) {
  case SCIM_BOOLEAN:
    return json_equal((json_t *)value, filter->literal) == (filter->op == SCIM_OP_EQ);
  case SCIM_INTEGER:
  case SCIM_DECIMAL:
    return holds_number(filter->op, value, filter->literal);
  case SCIM_DATETIME:
    return holds_instant(filter->op, json_string_value(value), json_string_value(filter->literal));
  default:
    return holds_string(filter->op, attribute->case_exact, json_string_value(value),
                        json_string_value(filter->literal));
  }
}

static gboolean is_absent(const json_t *value) {
  return !value || json_is_null(value);
}

/* One element's part, or the element itself where there are no parts. */
static const json_t *part_of(const ScimRef *ref, const json_t *element) {
  return ref->sub ? json_object_get(element, ref->sub->name) : element;
}

static gboolean element_holds(const ScimFilter *filter, const json_t *element) {
  const json_t *value = part_of(&filter->ref, element);
  return is_absent(value) ? filter->op == SCIM_OP_NE : holds(filter, value);
}

/* True when any element with a value satisfies; ne also when none has one. */
static gboolean compare(const ScimFilter *filter, const json_t *resource) {
  const json_t *value = scim_ref_get(&filter->ref, resource);
  if (!filter->ref.attribute->multi)
    return is_absent(value) ? filter->op == SCIM_OP_NE : holds(filter, value);
  gboolean any = FALSE;
  for (gsize i = 0; i < json_array_size(value); i++) {
    const json_t *part = part_of(&filter->ref, json_array_get(value, i));
    if (is_absent(part))
      continue;
    any = TRUE;
    if (holds(filter, part))
      return TRUE;
  }
  return !any && filter->op == SCIM_OP_NE;
}

static gboolean present(const ScimRef *ref, const json_t *resource) {
  const json_t *value = scim_ref_get(ref, resource);
  if (!ref->sub || !ref->attribute->multi)
    return has_value(value);
  for (gsize i = 0; i < json_array_size(value); i++)
    if (has_value(part_of(ref, json_array_get(value, i))))
      return TRUE;
  return FALSE;
}

static gboolean any_element(const ScimFilter *filter, const json_t *resource) {
  const json_t *elements = scim_ref_get(&filter->ref, resource);
  for (gsize i = 0; i < json_array_size(elements); i++)
    if (scim_filter_matches_element(filter->left, json_array_get(elements, i)))
      return TRUE;
  return FALSE;
}

gboolean scim_filter_matches(const ScimFilter *filter, const json_t *resource) {
  switch (filter->kind) {
  case SCIM_FILTER_AND:
    return scim_filter_matches(filter->left, resource) && scim_filter_matches(filter->right, resource);
  case SCIM_FILTER_OR:
    return scim_filter_matches(filter->left, resource) || scim_filter_matches(filter->right, resource);
  case SCIM_FILTER_NOT:
    return !scim_filter_matches(filter->left, resource);
  case SCIM_FILTER_COMPARE:
    return compare(filter, resource);
  case SCIM_FILTER_PRESENT:
    return present(&filter->ref, resource);
  case SCIM_FILTER_VALUE_PATH:
    return any_element(filter, resource);
  }
  return FALSE;
}

gboolean scim_filter_matches_element(const ScimFilter *inner, const json_t *element) {
  switch (inner->kind) {
  case SCIM_FILTER_AND:
    return scim_filter_matches_element(inner->left, element) &&
           scim_filter_matches_element(inner->right, element);
  case SCIM_FILTER_OR:
    return scim_filter_matches_element(inner->left, element) ||
           scim_filter_matches_element(inner->right, element);
  case SCIM_FILTER_NOT:
    return !scim_filter_matches_element(inner->left, element);
  case SCIM_FILTER_COMPARE:
    return element_holds(inner, element);
  case SCIM_FILTER_PRESENT:
    return has_value(part_of(&inner->ref, element));
  case SCIM_FILTER_VALUE_PATH:
    return FALSE;
  }
  return FALSE;
}
