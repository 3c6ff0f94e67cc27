#include "cmd/directory_view.h"

#include "cmd/app_error.h"
#include "lib/jsontext.h"
#include "scim/error.h"

void directory_view_page(Output *output, const OutputColumn *columns, json_t *page, const char *name) {
  size_t shown = json_array_size(json_object_get(page, name));
  json_int_t total = json_integer_value(json_object_get(page, "total"));
  output_records(output, columns, page, name);
  if (total > (json_int_t)shown)
    output_say(output, "%zu of %" JSON_INTEGER_FORMAT " shown; more with --limit", shown, total);
}

static const char *text_of(const json_t *object, const char *const *keys) {
  for (; *keys != NULL; keys++) {
    const char *text = json_string_value(json_object_get(object, *keys));
    if (text != NULL)
      return text;
  }
  return NULL;
}

/* "2026-11-24T10:14:03Z user.patch by scim-token:7 {…}" */
static char *record_words(const json_t *record, const char *action) {
  static const char *const moments[] = {"at", NULL}, *const actors[] = {"actor", NULL};
  const char *at = text_of(record, moments), *actor = text_of(record, actors);
  const json_t *detail = json_object_get(record, "detail");
  g_autofree char *more =
      json_is_object(detail) && json_object_size(detail) > 0 ? jsontext_dump(detail) : NULL;
  return g_strdup_printf("%s %s%s%s%s%s", at != NULL ? at : "", action, actor != NULL ? " by " : "",
                         actor != NULL ? actor : "", more != NULL ? " " : "", more != NULL ? more : "");
}

/* "ada@example.org (work, primary)" of a value, "Ada Byron (1f0c…)" of a member. */
static char *value_words(const json_t *object, const char *name) {
  static const char *const types[] = {"type", NULL}, *const values[] = {"value", NULL};
  const char *type = text_of(object, types), *value = text_of(object, values);
  gboolean primary = json_is_true(json_object_get(object, "primary"));
  if (value != NULL && g_strcmp0(value, name) != 0)
    return g_strdup_printf("%s (%s)", name, value);
  if (type == NULL && !primary)
    return g_strdup(name);
  return g_strdup_printf("%s (%s%s%s)", name, type != NULL ? type : "", type != NULL && primary ? ", " : "",
                         primary ? "primary" : "");
}

/* One element as a line. */
static json_t *element_line(const json_t *element) {
  static const char *const actions[] = {"action", NULL};
  static const char *const names[] = {"userName", "displayName", "display", "name", "value", NULL};
  if (!json_is_object(element))
    return json_deep_copy(element);
  const char *action = text_of(element, actions), *name = text_of(element, names);
  g_autofree char *line = action != NULL ? record_words(element, action)
                          : name != NULL ? value_words(element, name)
                                         : jsontext_dump(element);
  return json_string(line);
}

/* An object's members, one "name: value" each. */
static json_t *member_lines(const json_t *object) {
  json_t *lines = json_array();
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    g_autofree char *text = json_is_string(value) ? g_strdup(json_string_value(value)) : jsontext_dump(value);
    g_autofree char *line = g_strdup_printf("%s: %s", key, text);
    json_array_append_new(lines, json_string(line));
  }
  return lines;
}

static json_t *readable(const json_t *value) {
  if (json_is_object(value))
    return member_lines(value);
  if (!json_is_array(value))
    return json_deep_copy(value);
  json_t *lines = json_array();
  size_t i;
  json_t *element;
  json_array_foreach(value, i, element) {
    json_array_append_new(lines, element_line(element));
  }
  return lines;
}

static gboolean says_something(const json_t *value) {
  gboolean empty = (json_is_array(value) && json_array_size(value) == 0) ||
                   (json_is_object(value) && json_object_size(value) == 0);
  return !json_is_null(value) && !empty;
}

void directory_view_record(Output *output, const OutputColumn *columns, json_t *record) {
  if (output_is_json(output)) {
    output_record(output, columns, record);
    return;
  }
  g_autoptr(json_t) keep G_GNUC_UNUSED = record;
  json_t *lines = json_object();
  const json_t *resource = json_object_get(record, "resource");
  for (const OutputColumn *column = columns; column->key != NULL; column++) {
    const json_t *value = json_object_get(record, column->key);
    if (value == NULL)
      value = json_object_get(resource, column->key);
    if (value != NULL && says_something(value))
      json_object_set_new(lines, column->key, readable(value));
  }
  output_record(output, columns, lines);
}

void directory_view_missing(GError *failure, int gp_code, GError **error) {
  if (!g_error_matches(failure, SCIM_ERROR, SCIM_ERROR_NOT_FOUND)) {
    g_propagate_error(error, failure);
    return;
  }
  app_error_set(error, APP_NOT_FOUND, gp_code, "%s", failure->message);
  g_error_free(failure);
}
