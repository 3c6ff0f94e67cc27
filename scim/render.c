#include "scim/render.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/jsontext.h"

#define SCHEMAS_HEAD "{\"schemas\":["

static const char *linked_name(const ScimType *type) {
  return type->kind == SCIM_KIND_GROUP ? "members" : "groups";
}

static gboolean has_linked(const ScimStored *stored) {
  return stored->linked && strcmp(stored->linked, "[]") != 0;
}

/* base and endpoint are ours and the id is a UUID: none of them needs an escape in a URL. */
static void append_location(GString *out, const ScimType *type, const char *id, const char *base) {
  g_string_append(out, base);
  g_string_append(out, type->endpoint);
  g_string_append_c(out, '/');
  g_string_append(out, id);
}

char *scim_render_location(const ScimType *type, const char *id, const char *base) {
  GString *out = g_string_sized_new(strlen(base) + 64);
  append_location(out, type, id, base);
  return g_string_free(out, FALSE);
}

char *scim_render_etag(gint64 version) {
  return g_strdup_printf("W/\"%" G_GINT64_FORMAT "\"", version);
}

static void append_meta(GString *out, const ScimStored *stored, const char *base) {
  char created[CLOCK_TEXT_BYTES];
  char modified[CLOCK_TEXT_BYTES];
  g_autoptr(GString) location = g_string_sized_new(128);
  append_location(location, stored->type, stored->id, base);
  g_string_append_printf(out, "\"meta\":{\"resourceType\":\"%s\",\"created\":\"%s\",\"lastModified\":\"%s\"",
                         stored->type->name, clock_format(stored->created_us, created),
                         clock_format(stored->modified_us, modified));
  g_string_append(out, ",\"location\":");
  jsontext_append_string(out, location->str);
  g_string_append_printf(out, ",\"version\":\"W/\\\"%" G_GINT64_FORMAT "\\\"\"}", stored->version);
}

/* Where the id goes: behind schemas when these stand first (no URN has a bracket), else at the front. */
static gsize head_length(const char *doc) {
  if (!g_str_has_prefix(doc, SCHEMAS_HEAD))
    return 1;
  const char *end = strchr(doc, ']');
  return end ? (gsize)(end - doc) + 1 : 1;
}

/* The stored text with id, meta and the linked array set into it. */
static void append_whole(GString *out, const ScimStored *stored, const char *base) {
  gsize n = strlen(stored->doc);
  gsize head = head_length(stored->doc);
  const char *rest = stored->doc + head;
  gsize n_rest = n - head - 1; /* without the last brace */
  g_string_append_len(out, stored->doc, (gssize)head);
  g_string_append(out, head > 1 ? ",\"id\":" : "\"id\":");
  jsontext_append_string(out, stored->id);
  if (n_rest > 0 && head == 1)
    g_string_append_c(out, ',');
  g_string_append_len(out, rest, (gssize)n_rest);
  g_string_append_c(out, ',');
  append_meta(out, stored, base);
  if (has_linked(stored)) {
    g_string_append_printf(out, ",\"%s\":", linked_name(stored->type));
    g_string_append(out, stored->linked);
  }
  g_string_append_c(out, '}');
}

/* A projected answer is parsed. Members that it does not want are not. */
static void append_projected(GString *out, const ScimStored *stored, const char *base,
                             const ScimProjection *projection) {
  ScimStored wanted = *stored;
  if (!scim_projection_wants(projection, linked_name(stored->type)))
    wanted.linked = NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  append_whole(text, &wanted, base);
  g_autoptr(json_t) whole = json_loadb(text->str, text->len, 0, NULL);
  g_autoptr(json_t) kept = scim_projection_apply(projection, whole);
  g_autofree char *dump = jsontext_dump(kept);
  g_string_append(out, dump);
}

void scim_render_resource(GString *out, const ScimStored *stored, const char *base,
                          const ScimProjection *projection) {
  if (!projection || scim_projection_is_default(projection))
    append_whole(out, stored, base);
  else
    append_projected(out, stored, base, projection);
}

char *scim_render_list(const char *const *resources, gsize n, gint64 total, gint64 start_index) {
  gsize bytes = 256;
  for (gsize i = 0; i < n; i++)
    bytes += strlen(resources[i]) + 1;
  GString *out = g_string_sized_new(bytes);
  g_string_append_printf(out,
                         "{\"schemas\":[\"" SCIM_URN_LIST "\"],\"totalResults\":%" G_GINT64_FORMAT
                         ",\"startIndex\":%" G_GINT64_FORMAT ",\"itemsPerPage\":%" G_GSIZE_FORMAT
                         ",\"Resources\":[",
                         total, start_index, n);
  for (gsize i = 0; i < n; i++) {
    if (i > 0)
      g_string_append_c(out, ',');
    g_string_append(out, resources[i]);
  }
  g_string_append(out, "]}");
  return g_string_free(out, FALSE);
}
