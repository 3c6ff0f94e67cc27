#include "scim/filter_term.h"

#include "lib/jsontext.h"

static void append(GString *text, const ScimFilter *filter, gboolean inner);

static void append_operand(GString *text, const ScimFilter *filter, gboolean grouped, gboolean inner) {
  if (grouped)
    g_string_append_c(text, '(');
  append(text, filter, inner);
  if (grouped)
    g_string_append_c(text, ')');
}

/* Parentheses only where precedence and grouping from the left would read it otherwise. */
static void append_pair(GString *text, const ScimFilter *filter, gboolean inner) {
  gboolean is_and = filter->kind == SCIM_FILTER_AND;
  gboolean right_pair = filter->right->kind == SCIM_FILTER_OR || filter->right->kind == filter->kind;
  append_operand(text, filter->left, is_and && filter->left->kind == SCIM_FILTER_OR, inner);
  g_string_append(text, is_and ? " and " : " or ");
  append_operand(text, filter->right, right_pair, inner);
}

static void append_name(GString *text, const ScimRef *ref, gboolean inner) {
  g_autofree char *name = inner && ref->sub ? g_strdup(ref->sub->name) : scim_ref_format(ref);
  g_string_append(text, name);
}

static void append_compare(GString *text, const ScimFilter *filter, gboolean inner) {
  append_name(text, &filter->ref, inner);
  g_autofree char *literal = jsontext_dump(filter->literal);
  g_string_append_printf(text, " %s %s", scim_filter_op_name(filter->op), literal);
}

static void append(GString *text, const ScimFilter *filter, gboolean inner) {
  switch (filter->kind) {
  case SCIM_FILTER_AND:
  case SCIM_FILTER_OR:
    append_pair(text, filter, inner);
    return;
  case SCIM_FILTER_NOT:
    g_string_append(text, "not ");
    append_operand(text, filter->left, TRUE, inner);
    return;
  case SCIM_FILTER_COMPARE:
    append_compare(text, filter, inner);
    return;
  case SCIM_FILTER_PRESENT:
    append_name(text, &filter->ref, inner);
    g_string_append(text, " pr");
    return;
  case SCIM_FILTER_VALUE_PATH:
    append_name(text, &filter->ref, FALSE);
    g_string_append_c(text, '[');
    append(text, filter->left, TRUE);
    g_string_append_c(text, ']');
    return;
  }
}

char *scim_filter_format(const ScimFilter *filter) {
  GString *text = g_string_new(NULL);
  append(text, filter, FALSE);
  return g_string_free(text, FALSE);
}
