#include "cmd/doors.h"

#include <string.h>

#include "lib/cidr.h"
#include "lib/text.h"

gboolean doors_scope(App *app, const VerbCall *call, MailScope *scope, AdminScope *admin, GError **error) {
  AdminScope own;
  if (admin == NULL)
    admin = &own;
  if (!admin_scope(app, call, admin, error))
    return FALSE;
  *scope = (MailScope){.pool = admin->pool,
                       .deadline = admin->deadline,
                       .org_id = admin->org_id,
                       .actor = admin->actor,
                       .channel = "cli"};
  return TRUE;
}

char **doors_networks(const VerbCall *call, const char *option, GError **error) {
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (const char *const *text = verb_values(call, option); *text != NULL; text++) {
    Cidr cidr;
    const char *why = NULL;
    char canonical[CIDR_TEXT_BYTES];
    if (cidr_parse(*text, &cidr, &why)) {
      g_strv_builder_add(builder, cidr_format(&cidr, canonical));
      continue;
    }
    g_autofree char *quoted = text_quote(*text);
    app_error_set(error, APP_USAGE, 0, "--%s \"%s\" is not a network such as 203.0.113.0/24: it %s", option,
                  quoted, why);
    return NULL;
  }
  return g_strv_builder_end(builder);
}

static char *joined(const json_t *array) {
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  gsize i;
  json_t *value;
  json_array_foreach(array, i, value) {
    if (json_is_string(value))
      g_strv_builder_add(builder, json_string_value(value));
  }
  g_auto(GStrv) words = g_strv_builder_end(builder);
  return g_strjoinv(", ", words);
}

/* Only what begins and ends like an instant is read as one: a name may be a date. */
static char *instant(const char *text) {
  gint64 at;
  gsize n = strlen(text);
  if (n < sizeof "2026-11-24T10:14:03Z" - 1 || text[10] != 'T' ||
      !(g_str_has_suffix(text, "Z") || g_str_has_suffix(text, "+00:00")) || !clock_parse(text, &at))
    return NULL;
  return admin_moment(at, NULL);
}

static json_t *cell(const json_t *value, const char *none) {
  g_autofree char *text = NULL;
  if (json_is_array(value))
    text = joined(value);
  else if (json_is_string(value))
    text = instant(json_string_value(value));
  if (json_is_null(value) || (text != NULL && *text == '\0') ||
      (json_is_string(value) && *json_string_value(value) == '\0'))
    return json_string(none);
  if (json_is_boolean(value))
    return json_string(json_is_true(value) ? "yes" : "no");
  return text != NULL ? json_string(text) : json_incref((json_t *)value);
}

json_t *doors_row(const json_t *record, const char *none) {
  json_t *row = json_object();
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)record, key, value) json_object_set_new(row, key, cell(value, none));
  return row;
}

void doors_table(Output *output, const OutputColumn *columns, json_t *array, const char *name) {
  json_t *rows = json_array();
  gsize i;
  json_t *record;
  json_array_foreach(array, i, record) {
    json_array_append_new(rows, output_is_json(output) ? json_incref(record) : doors_row(record, "-"));
  }
  json_decref(array);
  output_records(output, columns, json_pack("{s:o}", name, rows), name);
}

void doors_record(Output *output, const OutputColumn *columns, json_t *record) {
  if (output_is_json(output)) {
    output_record(output, columns, record);
    return;
  }
  output_record(output, columns, doors_row(record, "-"));
  json_decref(record);
}
