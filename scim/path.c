#include "scim/path.h"

#include <string.h>

#include "lib/limits.h"
#include "lib/text.h"
#include "scim/error.h"

/* Where a path comes apart: "emails", what follows its '[' (NULL without one). */
typedef struct {
  const char *head, *inside;
  gsize n_head, n_inside;
} Parts;

static Parts split(const char *text, gsize n) {
  const char *open = memchr(text, '[', n);
  if (!open)
    return (Parts){.head = text, .n_head = n};
  gsize head = (gsize)(open - text);
  return (Parts){.head = text, .n_head = head, .inside = open + 1, .n_inside = n - head - 1};
}

static gboolean fail(GError **error, const char *text, gsize n, const char *reason) {
  g_autofree char *copy = g_strndup(text, n);
  g_autofree char *quoted = text_quote(copy);
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_PATH, "path \"%s\" %s", quoted, reason);
  return FALSE;
}

static gboolean fail_unknown(const ScimType *type, const char *text, gsize n, GError **error) {
  g_autofree char *copy = g_strndup(text, n);
  g_autofree char *quoted = text_quote(copy);
  g_autofree char *nearest = scim_ref_suggest(type, text, n);
  g_autofree char *hint = nearest ? g_strdup_printf("; did you mean \"%s\"?", nearest) : g_strdup("");
  g_set_error(error, SCIM_ERROR, SCIM_ERROR_INVALID_PATH, "\"%s\" is not an attribute of %s%s", quoted,
              type->name, hint);
  return FALSE;
}

/* ".value" behind the bracket, or nothing. */
static gboolean parse_after(const ScimType *type, const char *rest, gsize n, ScimPath *path, GError **error) {
  if (n == 0)
    return TRUE;
  g_autofree char *name = g_strndup(rest + 1, n - 1);
  path->after = *rest == '.' ? scim_attribute_sub(path->ref.attribute, name) : NULL;
  if (path->after)
    return TRUE;
  g_autofree char *outer = scim_ref_format(&path->ref);
  g_autofree char *whole = g_strdup_printf("%s.%s", outer, name);
  if (*rest == '.')
    return fail_unknown(type, whole, strlen(whole), error);
  return fail(error, rest, n,
              "cannot follow a closing bracket; only a sub-attribute can, as in "
              "emails[type eq \"work\"].value");
}

static gboolean parse_filter(const ScimType *type, const Parts *parts, ScimDialect *dialect, ScimPath *path,
                             GError **error) {
  const ScimRef *ref = &path->ref;
  if (!ref->attribute || ref->sub || !ref->attribute->multi || ref->attribute->type != SCIM_COMPLEX)
    return fail(error, parts->head, parts->n_head,
                "takes no filter: only a multi-valued attribute with sub-attributes does");
  gsize used = 0;
  path->filter = scim_filter_parse_inner(ref, parts->inside, parts->n_inside, &used, dialect, error);
  if (!path->filter)
    return FALSE;
  gsize closed = MIN(used + 1, parts->n_inside);
  return parse_after(type, parts->inside + closed, parts->n_inside - closed, path, error);
}

gboolean scim_path_parse(const ScimType *type, const char *text, gsize n, ScimDialect *dialect,
                         ScimPath *path, GError **error) {
  g_auto(ScimPath) parsed = {0};
  Parts parts = split(text, n);
  if (n > LIMIT_PATH_BYTES) {
    g_set_error(error, SCIM_ERROR, SCIM_ERROR_TOO_MANY,
                "a path has at most %d bytes, this one has %" G_GSIZE_FORMAT, LIMIT_PATH_BYTES, n);
    return FALSE;
  }
  gboolean known = scim_ref_resolve(type, parts.head, parts.n_head, &parsed.ref) ||
                   (scim_ref_resolve_extension(type, parts.head, parts.n_head, &parsed.ref) &&
                    scim_dialect_allows(dialect, SCIM_LENIENT_EXTENSION_NAMES));
  if (!known)
    return fail_unknown(type, parts.head, parts.n_head, error);
  if (parts.inside && !parse_filter(type, &parts, dialect, &parsed, error))
    return FALSE;
  *path = parsed;
  parsed = (ScimPath){0};
  return TRUE;
}

void scim_path_clear(ScimPath *path) {
  g_clear_pointer(&path->filter, scim_filter_free);
}

/* ATTRNAME with dots and, for URNs, colons (RFC 7643 §2.1 has '$' too); no empty part between dots. */
static gboolean is_name(const char *text, gsize n) {
  char before = '.';
  for (gsize i = 0; i < n; i++) {
    if (!g_ascii_isalnum(text[i]) && !memchr("-_.$:", text[i], 5))
      return FALSE;
    if (text[i] == '.' && before == '.')
      return FALSE;
    before = text[i];
  }
  return n > 0 && before != '.' && before != ':' && (g_ascii_isalpha(*text) || *text == '$');
}

gboolean scim_path_is_undeclared(const ScimType *type, const char *text, gsize n) {
  ScimRef ref;
  Parts parts = split(text, n);
  if (n > LIMIT_PATH_BYTES || !is_name(parts.head, parts.n_head))
    return FALSE;
  if (!scim_ref_resolve(type, parts.head, parts.n_head, &ref))
    return !parts.inside || memchr(parts.inside, ']', parts.n_inside) != NULL;
  const char *close = parts.inside ? memrchr(parts.inside, ']', parts.n_inside) : NULL;
  if (!close || close + 1 == text + n || !ref.attribute || ref.sub || close[1] != '.')
    return FALSE;
  gsize n_after = parts.n_inside - (gsize)(close - parts.inside) - 2;
  g_autofree char *name = g_strndup(close + 2, n_after);
  return is_name(name, n_after) && !scim_attribute_sub(ref.attribute, name);
}
