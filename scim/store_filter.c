#include "scim/store_filter.h"

#include <string.h>

#include "lib/crypto.h"
#include "scim/record.h"
#include "scim/store_filter_column.h"

typedef struct {
  const ScimType *type;
  GString *sql;
  GPtrArray *values;
} Compiler;

static void add(Compiler *compiler, const char *sql) {
  g_string_append(compiler->sql, sql);
}

/* A new element of $3, as an expression. Free with g_free. */
static char *value(Compiler *compiler, const char *text) {
  g_ptr_array_add(compiler->values, g_strdup(text));
  return g_strdup_printf("($3::text[])[%u]", compiler->values->len);
}

static const ScimAttribute *leaf(const ScimRef *ref) {
  return ref->sub != NULL ? ref->sub : ref->attribute;
}

/* The literal as the compared form has it: folded like the document. Free with g_free. */
static char *literal_text(const ScimFilter *filter) {
  if (json_is_string(filter->literal))
    return scim_record_fold_text(leaf(&filter->ref), json_string_value(filter->literal));
  if (json_is_boolean(filter->literal))
    return g_strdup(json_is_true(filter->literal) ? "true" : "false");
  return json_dumps(filter->literal, JSON_ENCODE_ANY);
}

static gboolean is_number(const ScimAttribute *attribute) {
  return attribute->type == SCIM_INTEGER || attribute->type == SCIM_DECIMAL;
}

/* expression op literal, unknown where the expression is NULL. Text is ordered by bytes, whatever the database's locale. */
static void add_operation(Compiler *compiler, const char *expression, const char *cast, ScimOp op,
                          const char *literal) {
  static const char *const signs[] = {[SCIM_OP_EQ] = " = ",  [SCIM_OP_NE] = " <> ", [SCIM_OP_GT] = " > ",
                                      [SCIM_OP_GE] = " >= ", [SCIM_OP_LT] = " < ",  [SCIM_OP_LE] = " <= "};
  g_autofree char *at = value(compiler, literal);
  GString *sql = compiler->sql;
  if (op == SCIM_OP_CO)
    g_string_append_printf(sql, "strpos(%s, %s) > 0", expression, at);
  else if (op == SCIM_OP_SW)
    g_string_append_printf(sql, "starts_with(%s, %s)", expression, at);
  else if (op == SCIM_OP_EW)
    g_string_append_printf(sql, "right(%s, length(%s)) = %s", expression, at, at);
  else if (cast != NULL)
    g_string_append_printf(sql, "%s%s%s%s%s", expression, cast, signs[op], at, cast);
  else if (op == SCIM_OP_EQ || op == SCIM_OP_NE)
    g_string_append_printf(sql, "%s%s%s", expression, signs[op], at);
  else
    g_string_append_printf(sql, "%s COLLATE \"C\"%s%s", expression, signs[op], at);
}

static void add_text_operation(Compiler *compiler, const char *expression, const ScimFilter *filter) {
  g_autofree char *literal = literal_text(filter);
  add_operation(compiler, expression, is_number(leaf(&filter->ref)) ? "::numeric" : NULL, filter->op,
                literal);
}

/* An id that is written like no UUID of ours is nobody's; it must not reach the cast. */
static void add_uuid(Compiler *compiler, const char *column, const ScimFilter *filter) {
  const char *literal = json_string_value(filter->literal);
  g_autofree char *lower = g_ascii_strdown(literal, -1);
  gboolean ours = crypto_uuid_valid(literal) && strcmp(lower, literal) == 0;
  if (filter->op != SCIM_OP_EQ || !ours) {
    g_autofree char *text = g_strconcat(column, "::text", NULL);
    add_operation(compiler, text, NULL, filter->op, literal);
    return;
  }
  add_operation(compiler, column, "::uuid", filter->op, literal);
}

static void add_column(Compiler *compiler, const ScimFilterColumn *column, const ScimFilter *filter) {
  g_autofree char *literal = literal_text(filter);
  if (column->nullable)
    g_string_append_printf(
        compiler->sql, filter->op == SCIM_OP_NE ? "(%s IS NULL OR " : "(%s IS NOT NULL AND ", column->column);
  if (column->form == SCIM_COLUMN_AS_UUID)
    add_uuid(compiler, column->column, filter);
  else if (column->form == SCIM_COLUMN_AS_TIME)
    add_operation(compiler, column->column, "::timestamptz", filter->op, literal);
  else if (column->form == SCIM_COLUMN_AS_BOOLEAN)
    add_operation(compiler, column->column, "::boolean", filter->op, literal);
  else
    add_operation(compiler, column->column, NULL, filter->op, literal);
  if (column->nullable)
    add(compiler, ")");
}

/* The document's value of an attribute, as jsonb. Free with g_free. */
static char *document(Compiler *compiler, const ScimRef *ref, gboolean as_text) {
  g_autoptr(GString) path = g_string_new(compiler->type->kind == SCIM_KIND_USER ? "u.fold" : "g.fold");
  const char *names[] = {ref->extension != NULL ? ref->extension->urn : NULL, ref->attribute->name,
                         ref->sub != NULL && !ref->attribute->multi ? ref->sub->name : NULL};
  gsize last = names[2] != NULL ? 2 : 1;
  for (gsize i = 0; i <= last; i++) {
    if (names[i] == NULL)
      continue;
    g_autofree char *name = value(compiler, names[i]);
    g_string_append_printf(path, " %s %s", as_text && i == last ? "->>" : "->", name);
  }
  return g_strdup_printf("(%s)", path->str);
}

/* "EXISTS (SELECT 1 FROM the attribute's elements": a condition and ")" follow. */
static void open_elements(Compiler *compiler, const ScimRef *ref) {
  const ScimFilterRows *rows = scim_filter_rows(compiler->type, ref);
  if (rows != NULL) {
    g_string_append_printf(compiler->sql, "EXISTS (SELECT 1 FROM %s", rows->from);
    return;
  }
  g_autofree char *array = document(compiler, ref, FALSE);
  g_string_append_printf(
      compiler->sql,
      "EXISTS (SELECT 1 FROM jsonb_array_elements(CASE jsonb_typeof(%s) WHEN 'array' THEN %s"
      " ELSE '[]'::jsonb END) e(v)",
      array, array);
}

/* One element's part as text; NULL where it has none. Free with g_free. */
static char *element(Compiler *compiler, const ScimRef *ref) {
  if (scim_filter_rows(compiler->type, ref) != NULL)
    return g_strdup_printf("e.%s", ref->sub == NULL           ? "value"
                                   : ref->sub->name[0] == '$' ? "ref"
                                                              : ref->sub->name);
  if (ref->sub == NULL)
    return g_strdup("(e.v #>> '{}')");
  g_autofree char *name = value(compiler, ref->sub->name);
  return g_strdup_printf("(e.v ->> %s)", name);
}

/* True when any element with a value satisfies; ne also when none has one: as scim_filter_matches. */
static void compare_elements(Compiler *compiler, const ScimFilter *filter) {
  gboolean ne = filter->op == SCIM_OP_NE;
  add(compiler, ne ? "(" : "");
  open_elements(compiler, &filter->ref);
  add(compiler, " WHERE ");
  g_autofree char *part = element(compiler, &filter->ref);
  add_text_operation(compiler, part, filter);
  add(compiler, ")");
  if (!ne)
    return;
  add(compiler, " OR NOT ");
  open_elements(compiler, &filter->ref);
  g_string_append_printf(compiler->sql, " WHERE %s IS NOT NULL))", part);
}

static gboolean is_email_value(const ScimRef *ref) {
  return ref->extension == NULL && strcmp(ref->attribute->name, "emails") == 0 && ref->sub != NULL &&
         strcmp(ref->sub->name, "value") == 0;
}

static void add_email_key(Compiler *compiler, const ScimFilter *filter) {
  g_autofree char *literal = literal_text(filter), *at = value(compiler, literal);
  g_string_append_printf(compiler->sql, "u.email_keys @> ARRAY[%s]", at);
}

/* Rows by the index on their value. */
static void add_row_value(Compiler *compiler, const ScimFilterRows *rows, const ScimFilter *filter) {
  g_autofree char *literal = literal_text(filter);
  gboolean id = crypto_uuid_valid(literal);
  g_autofree char *at = value(compiler, literal);
  add(compiler, "(");
  if (id)
    g_string_append_printf(compiler->sql, "%s%s::uuid%s", rows->by_id, at, rows->by_id_end);
  if (rows->by_text != NULL)
    g_string_append_printf(compiler->sql, "%s%s%s%s", id ? " OR " : "", rows->by_text, at, rows->by_text_end);
  else if (!id)
    add(compiler, "false");
  add(compiler, ")");
}

static gboolean is_row_value(const Compiler *compiler, const ScimFilter *filter) {
  return filter->kind == SCIM_FILTER_COMPARE && filter->op == SCIM_OP_EQ && filter->ref.sub != NULL &&
         strcmp(filter->ref.sub->name, "value") == 0 &&
         scim_filter_rows(compiler->type, &filter->ref) != NULL;
}

static void compare(Compiler *compiler, const ScimFilter *filter) {
  const ScimFilterColumn *column = scim_filter_column(compiler->type, &filter->ref);
  if (column != NULL)
    add_column(compiler, column, filter);
  else if (is_row_value(compiler, filter))
    add_row_value(compiler, scim_filter_rows(compiler->type, &filter->ref), filter);
  else if (is_email_value(&filter->ref) && filter->op == SCIM_OP_EQ)
    add_email_key(compiler, filter);
  else if (filter->ref.attribute->multi)
    compare_elements(compiler, filter);
  else {
    g_autofree char *expression = document(compiler, &filter->ref, TRUE);
    add(compiler, "coalesce(");
    add_text_operation(compiler, expression, filter);
    add(compiler, filter->op == SCIM_OP_NE ? ", true)" : ", false)");
  }
}

static void present(Compiler *compiler, const ScimFilter *filter) {
  const ScimRef *ref = &filter->ref;
  const ScimFilterColumn *column = scim_filter_column(compiler->type, ref);
  if (column != NULL && column->nullable)
    g_string_append_printf(compiler->sql, "coalesce(%s <> '', false)", column->column);
  else if (column != NULL || (ref->extension == NULL && strcmp(ref->attribute->name, "meta") == 0))
    add(compiler, "true");
  else if (scim_filter_rows(compiler->type, ref) != NULL || (ref->attribute->multi && ref->sub != NULL)) {
    open_elements(compiler, ref);
    g_autofree char *part = element(compiler, ref);
    g_string_append_printf(compiler->sql, " WHERE %s <> '')", part);
  } else {
    g_autofree char *expression = document(compiler, ref, FALSE);
    g_string_append_printf(
        compiler->sql, "coalesce(%s NOT IN ('\"\"'::jsonb, '[]'::jsonb, '{}'::jsonb, 'null'::jsonb), false)",
        expression);
  }
}

/* Inside a value path, about the element e. */
static void inside(Compiler *compiler, const ScimFilter *filter) {
  if (filter->kind == SCIM_FILTER_NOT) {
    add(compiler, "NOT (");
    inside(compiler, filter->left);
    add(compiler, ")");
    return;
  }
  if (filter->kind == SCIM_FILTER_AND || filter->kind == SCIM_FILTER_OR) {
    add(compiler, "(");
    inside(compiler, filter->left);
    add(compiler, filter->kind == SCIM_FILTER_AND ? " AND " : " OR ");
    inside(compiler, filter->right);
    add(compiler, ")");
    return;
  }
  g_autofree char *part = element(compiler, &filter->ref);
  add(compiler, "coalesce(");
  if (filter->kind == SCIM_FILTER_PRESENT)
    g_string_append_printf(compiler->sql, "%s <> ''", part);
  else
    add_text_operation(compiler, part, filter);
  add(compiler, filter->kind == SCIM_FILTER_COMPARE && filter->op == SCIM_OP_NE ? ", true)" : ", false)");
}

/* An e-mail that every match must have: lets the index find the few rows that are then looked at. NULL when there is none. */
static const ScimFilter *needed_email(const ScimFilter *filter) {
  if (filter->kind == SCIM_FILTER_AND) {
    const ScimFilter *left = needed_email(filter->left);
    return left != NULL ? left : needed_email(filter->right);
  }
  return filter->kind == SCIM_FILTER_COMPARE && filter->op == SCIM_OP_EQ && is_email_value(&filter->ref)
             ? filter
             : NULL;
}

static void value_path(Compiler *compiler, const ScimFilter *filter) {
  if (is_row_value(compiler, filter->left)) {
    add_row_value(compiler, scim_filter_rows(compiler->type, &filter->ref), filter->left);
    return;
  }
  const ScimFilter *email = needed_email(filter->left);
  add(compiler, "(");
  if (email != NULL) {
    add_email_key(compiler, email);
    add(compiler, " AND ");
  }
  open_elements(compiler, &filter->ref);
  add(compiler, " WHERE ");
  inside(compiler, filter->left);
  add(compiler, "))");
}

static void compile(Compiler *compiler, const ScimFilter *filter) {
  switch (filter->kind) {
  case SCIM_FILTER_AND:
  case SCIM_FILTER_OR:
    add(compiler, "(");
    compile(compiler, filter->left);
    add(compiler, filter->kind == SCIM_FILTER_AND ? " AND " : " OR ");
    compile(compiler, filter->right);
    add(compiler, ")");
    return;
  case SCIM_FILTER_NOT:
    add(compiler, "NOT (");
    compile(compiler, filter->left);
    add(compiler, ")");
    return;
  case SCIM_FILTER_COMPARE:
    compare(compiler, filter);
    return;
  case SCIM_FILTER_PRESENT:
    present(compiler, filter);
    return;
  case SCIM_FILTER_VALUE_PATH:
    value_path(compiler, filter);
    return;
  }
}

void scim_store_filter(const ScimType *type, const ScimFilter *filter, ScimFilterSql *sql) {
  *sql = (ScimFilterSql){g_string_new(NULL), g_ptr_array_new_with_free_func(g_free)};
  Compiler compiler = {type, sql->sql, sql->values};
  compile(&compiler, filter);
}

void scim_filter_sql_clear(ScimFilterSql *sql) {
  if (sql->sql != NULL)
    g_string_free(sql->sql, TRUE);
  g_clear_pointer(&sql->values, g_ptr_array_unref);
  sql->sql = NULL;
}
