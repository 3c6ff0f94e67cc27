#include "scim/resource_value.h"

#include "lib/text.h"

/* A name below a schema URN follows a ':', below an attribute a '.'. */
static void append(GString *text, const ScimPlace *place) {
  if (place->up)
    append(text, place->up);
  if (!place->text) {
    g_string_append_printf(text, "[%" G_GSIZE_FORMAT "]", place->index);
    return;
  }
  if (text->len > 0)
    g_string_append_c(text,
                      place->up->text && g_ascii_strncasecmp(place->up->text, "urn:", 4) == 0 ? ':' : '.');
  g_string_append(text, place->text);
}

char *scim_place_format(const ScimPlace *place) {
  GString *text = g_string_new(NULL);
  append(text, place);
  return g_string_free(text, FALSE);
}

void scim_place_refuse(GError **error, ScimErrorCode code, const ScimPlace *place, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *at = scim_place_format(place);
  g_set_error(error, SCIM_ERROR, (int)code, "%s %s", at, message);
}

char *scim_place_quote(const json_t *value) {
  if (json_is_object(value))
    return g_strdup("an object");
  if (json_is_array(value))
    return g_strdup_printf("an array of %" G_GSIZE_FORMAT, json_array_size(value));
  if (!json_is_string(value))
    return jsontext_dump(value);
  g_autofree char *quoted = text_quote(json_string_value(value));
  return g_strdup_printf("\"%s\"", quoted);
}
