#include "lib/form.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/http_gate.h"

typedef struct {
  char *name, *value;
} Field;

struct Form {
  GArray *fields; /* Field */
};

static void field_clear(gpointer data) {
  Field *field = data;
  g_free(field->name);
  crypto_free_secret(field->value);
}

static gboolean add_field(Form *form, const char *text, gsize n) {
  const char *equals = memchr(text, '=', n);
  gsize name_bytes = equals != NULL ? (gsize)(equals - text) : n;
  Field field = {.name = http_gate_unescape(text, name_bytes, TRUE)};
  field.value = equals != NULL ? http_gate_unescape(equals + 1, n - name_bytes - 1, TRUE) : g_strdup("");
  g_array_append_val(form->fields, field);
  return field.name != NULL && field.value != NULL && form->fields->len <= FORM_FIELDS;
}

Form *form_parse(const char *body, gsize n) {
  g_autoptr(Form) form = g_new0(Form, 1);
  form->fields = g_array_new(FALSE, TRUE, sizeof(Field));
  g_array_set_clear_func(form->fields, field_clear);
  const char *end = body + n;
  while (body < end) {
    const char *stop = memchr(body, '&', (gsize)(end - body));
    gsize length = (gsize)((stop != NULL ? stop : end) - body);
    if (length > 0 && !add_field(form, body, length))
      return NULL;
    body += stop != NULL ? length + 1 : length;
  }
  return g_steal_pointer(&form);
}

void form_free(Form *form) {
  if (form == NULL)
    return;
  g_array_unref(form->fields);
  g_free(form);
}

gboolean form_is_type(const char *content_type) {
  static const char type[] = "application/x-www-form-urlencoded";
  gsize n = sizeof type - 1;
  if (content_type == NULL || g_ascii_strncasecmp(content_type, type, n) != 0)
    return FALSE;
  char next = content_type[n + strspn(content_type + n, " \t")];
  return next == '\0' || next == ';';
}

static const Field *at(const Form *form, guint i) {
  return &g_array_index(form->fields, Field, i);
}

guint form_count(const Form *form, const char *name) {
  guint n = 0;
  for (guint i = 0; i < form->fields->len; i++)
    n += g_str_equal(at(form, i)->name, name);
  return n;
}

const char *form_get(const Form *form, const char *name) {
  if (form_count(form, name) != 1)
    return NULL;
  for (guint i = 0; i < form->fields->len; i++)
    if (g_str_equal(at(form, i)->name, name))
      return at(form, i)->value;
  return NULL;
}

char *form_cookie(const char *header, const char *name) {
  g_autofree char *found = NULL;
  gsize n = strlen(name);
  while (header != NULL && *header != '\0') {
    header += strspn(header, " \t;");
    gsize length = strcspn(header, ";");
    if (length > n && header[n] == '=' && strncmp(header, name, n) == 0) {
      if (found != NULL)
        return NULL;
      found = g_strchomp(g_strndup(header + n + 1, length - n - 1));
    }
    header += length;
  }
  return g_steal_pointer(&found);
}
