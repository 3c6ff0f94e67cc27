/* Strict JSON (RFC 8259) in and out, over jansson. Depth and node count are checked before a tree is built. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

typedef enum {
  JSONTEXT_ERROR_EMPTY,
  JSONTEXT_ERROR_SYNTAX,    /* with line and column; also BOM, UTF-16, NUL, trailing bytes, two documents */
  JSONTEXT_ERROR_DEPTH,     /* over LIMIT_JSON_DEPTH */
  JSONTEXT_ERROR_SIZE,      /* over LIMIT_JSON_NODES, or too many small containers */
  JSONTEXT_ERROR_DUPLICATE, /* one object names a key twice, also in other case ("active", "Active") */
} JsontextError;
#define JSONTEXT_ERROR (jsontext_error_quark())
GQuark jsontext_error_quark(void);

/* The value in n bytes, or NULL. The message quotes what is wrong and where. */
json_t *jsontext_load(const char *bytes, gsize n, GError **error);
/* Compact text; free with g_free. */
char *jsontext_dump(const json_t *value);
/* Compact text with keys in byte order: the canonical form that is hashed. Free with g_free. */
char *jsontext_canonical(const json_t *value);
/* The member whose name equals `name` without ASCII case (RFC 7643 §2.1); *key, if asked for, is its own spelling. */
json_t *jsontext_get(const json_t *object, const char *name, const char **key);
/* Appends text as a JSON string, quotes and escapes included. */
void jsontext_append_string(GString *out, const char *text);
