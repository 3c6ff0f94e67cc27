#include "lib/jsontext.h"

#include <string.h>

#include "lib/limits.h"
#include "lib/text.h"

G_DEFINE_QUARK(jsontext - error - quark, jsontext_error)

#define BOM "\xEF\xBB\xBF"

/* What jansson would build, counted on the bytes: a small object costs it 80 times its own size. Where the bytes are
 * no JSON, the count is wrong only behind the place at which jansson stops. */
typedef struct {
  gsize depth, nodes, containers;
} Scan;

static const char *skip_string(const char *at, const char *end) {
  for (at++; at < end && *at != '"'; at++)
    if (*at == '\\')
      at++;
  return at < end ? at + 1 : end;
}

static gboolean is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *at, const char *end) {
  while (at < end && is_blank(*at))
    at++;
  return at;
}

static gboolean is_word(char c) {
  return g_ascii_isalnum(c) || c == '-' || c == '+' || c == '.';
}

static const char *skip_word(const char *at, const char *end) {
  while (at < end && is_word(*at))
    at++;
  return at;
}

/* Counts one token and returns the place after it. */
static const char *scan_token(Scan *scan, const char *at, const char *end) {
  switch (*at) {
  case '{':
  case '[':
    scan->depth++;
    scan->nodes++;
    scan->containers++;
    return at + 1;
  case '}':
  case ']':
    scan->depth -= scan->depth > 0;
    return at + 1;
  case '"':
    at = skip_blanks(skip_string(at, end), end);
    scan->nodes += at == end || *at != ':'; /* else it is a key */
    return at;
  default:
    if (!is_word(*at))
      return at + 1;
    scan->nodes++;
    return skip_word(at, end);
  }
}

static gboolean check_size(const char *bytes, gsize n, GError **error) {
  Scan scan = {0};
  gsize most = MAX(LIMIT_JSON_CONTAINERS, n / LIMIT_JSON_CONTAINER_BYTES);
  const char *end = bytes + n;
  for (const char *at = bytes; at < end;) {
    at = scan_token(&scan, at, end);
    if (scan.depth > LIMIT_JSON_DEPTH) {
      g_set_error(error, JSONTEXT_ERROR, JSONTEXT_ERROR_DEPTH, "the JSON is nested deeper than %d levels",
                  LIMIT_JSON_DEPTH);
      return FALSE;
    }
    if (scan.nodes > LIMIT_JSON_NODES) {
      g_set_error(error, JSONTEXT_ERROR, JSONTEXT_ERROR_SIZE, "the JSON has more than %d values",
                  LIMIT_JSON_NODES);
      return FALSE;
    }
    if (scan.containers > most) {
      g_set_error(
          error, JSONTEXT_ERROR, JSONTEXT_ERROR_SIZE,
          "the JSON has more values than its size allows: over %" G_GSIZE_FORMAT " objects and arrays", most);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean check_bytes(const char *bytes, gsize n, GError **error) {
  if (skip_blanks(bytes, bytes + n) == bytes + n) {
    g_set_error_literal(error, JSONTEXT_ERROR, JSONTEXT_ERROR_EMPTY, "there is no JSON, nothing was sent");
    return FALSE;
  }
  if (n >= strlen(BOM) && memcmp(bytes, BOM, strlen(BOM)) == 0) {
    g_set_error_literal(error, JSONTEXT_ERROR, JSONTEXT_ERROR_SYNTAX,
                        "the JSON begins with a byte order mark, which RFC 8259 §8.1 does not allow");
    return FALSE;
  }
  const char *bad = NULL;
  if (!g_utf8_validate_len(bytes, n, &bad)) {
    g_set_error(error, JSONTEXT_ERROR, JSONTEXT_ERROR_SYNTAX,
                "the JSON is not UTF-8: byte %" G_GSIZE_FORMAT " is 0x%02x", (gsize)(bad - bytes) + 1,
                (guint)(guchar)*bad);
    return FALSE;
  }
  return TRUE;
}

static gint compare_folded(gconstpointer a, gconstpointer b) {
  return g_ascii_strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, not hashed: no choice of keys makes it slow. Returns the second of two equal keys, or NULL. */
static const char *twice(json_t *object, GPtrArray *keys) {
  const char *key;
  json_t *value;
  g_ptr_array_set_size(keys, 0);
  json_object_foreach(object, key, value) g_ptr_array_add(keys, (gpointer)key);
  g_ptr_array_sort(keys, compare_folded);
  for (guint i = 1; i < keys->len; i++)
    if (compare_folded(&keys->pdata[i - 1], &keys->pdata[i]) == 0)
      return keys->pdata[i];
  return NULL;
}

/* The key that some object of the tree names twice in different case; jansson has refused the same case. `keys` is
 * room that all objects share. */
static const char *find_twice(json_t *tree, GPtrArray *keys) {
  const char *found = NULL;
  if (json_is_object(tree)) {
    const char *key;
    json_t *value;
    found = json_object_size(tree) > 1 ? twice(tree, keys) : NULL;
    json_object_foreach(tree, key, value) found = found != NULL ? found : find_twice(value, keys);
  }
  for (gsize i = 0; found == NULL && i < json_array_size(tree); i++)
    found = find_twice(json_array_get(tree, i), keys);
  return found;
}

static gboolean check_keys(json_t *tree, GError **error) {
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  const char *key = find_twice(tree, keys);
  if (key == NULL)
    return TRUE;
  g_autofree char *quoted = text_quote(key);
  g_set_error(error, JSONTEXT_ERROR, JSONTEXT_ERROR_DUPLICATE, "one object names \"%s\" twice", quoted);
  return FALSE;
}

static void set_syntax_error(GError **error, const json_error_t *cause) {
  gboolean duplicate = json_error_code(cause) == json_error_duplicate_key;
  g_autofree char *text = text_clean(cause->text, 2 * LIMIT_QUOTED_BYTES);
  g_set_error(error, JSONTEXT_ERROR, duplicate ? JSONTEXT_ERROR_DUPLICATE : JSONTEXT_ERROR_SYNTAX,
              "the JSON is wrong at line %d, column %d: %s", cause->line, cause->column, text);
}

json_t *jsontext_load(const char *bytes, gsize n, GError **error) {
  if (!check_bytes(bytes, n, error) || !check_size(bytes, n, error))
    return NULL;
  json_error_t cause;
  g_autoptr(json_t) tree = json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
  if (tree == NULL) {
    set_syntax_error(error, &cause);
    return NULL;
  }
  if (!check_keys(tree, error))
    return NULL;
  return g_steal_pointer(&tree);
}

/* RFC 8259 §7: what must be escaped, and no more. NULL: as it is. */
static const char *escape_of(char c, char room[8]) {
  switch (c) {
  case '"':
    return "\\\"";
  case '\\':
    return "\\\\";
  case '\n':
    return "\\n";
  case '\r':
    return "\\r";
  case '\t':
    return "\\t";
  default:
    if ((guchar)c >= 0x20)
      return NULL;
    g_snprintf(room, 8, "\\u%04x", (guint)(guchar)c);
    return room;
  }
}

static void append_string(GString *out, const char *text, gsize n) {
  const char *end = text + n, *plain = text;
  char room[8];
  g_string_append_c(out, '"');
  for (; text < end; text++) {
    const char *escape = escape_of(*text, room);
    if (escape == NULL)
      continue;
    g_string_append_len(out, plain, text - plain);
    g_string_append(out, escape);
    plain = text + 1;
  }
  g_string_append_len(out, plain, end - plain);
  g_string_append_c(out, '"');
}

/* Always recognisable as a real. jansson's own is "%.17g": 0.1 would come back as 0.10000000000000001. */
static void append_real(GString *out, double value) {
  char text[TEXT_REAL_BYTES];
  g_string_append(out, text_real(value, text));
  if (strpbrk(text, ".e") == NULL)
    g_string_append(out, ".0");
}

static void append_value(GString *out, json_t *value, gboolean sorted);

static void append_array(GString *out, json_t *array, gboolean sorted) {
  g_string_append_c(out, '[');
  for (gsize i = 0; i < json_array_size(array); i++) {
    if (i > 0)
      g_string_append_c(out, ',');
    append_value(out, json_array_get(array, i), sorted);
  }
  g_string_append_c(out, ']');
}

static void append_member(GString *out, const char *key, json_t *value, gboolean sorted) {
  if (out->str[out->len - 1] != '{')
    g_string_append_c(out, ',');
  jsontext_append_string(out, key);
  g_string_append_c(out, ':');
  append_value(out, value, sorted);
}

static gint compare_bytes(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void append_sorted_members(GString *out, json_t *object) {
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) g_ptr_array_add(keys, (gpointer)key);
  g_ptr_array_sort(keys, compare_bytes);
  for (guint i = 0; i < keys->len; i++)
    append_member(out, keys->pdata[i], json_object_get(object, keys->pdata[i]), TRUE);
}

static void append_object(GString *out, json_t *object, gboolean sorted) {
  const char *key;
  json_t *value;
  g_string_append_c(out, '{');
  if (sorted)
    append_sorted_members(out, object);
  else
    json_object_foreach(object, key, value) append_member(out, key, value, FALSE);
  g_string_append_c(out, '}');
}

static void append_value(GString *out, json_t *value, gboolean sorted) {
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    append_object(out, value, sorted);
    break;
  case JSON_ARRAY:
    append_array(out, value, sorted);
    break;
  case JSON_STRING:
    append_string(out, json_string_value(value), json_string_length(value));
    break;
  case JSON_INTEGER:
    g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    break;
  case JSON_REAL:
    append_real(out, json_real_value(value));
    break;
  case JSON_TRUE:
    g_string_append(out, "true");
    break;
  case JSON_FALSE:
    g_string_append(out, "false");
    break;
  case JSON_NULL:
    g_string_append(out, "null");
    break;
  }
}

static char *dump(const json_t *value, gboolean sorted) {
  GString *out = g_string_new(NULL);
  append_value(out, (json_t *)value, sorted);
  return g_string_free(out, FALSE);
}

char *jsontext_dump(const json_t *value) {
  return dump(value, FALSE);
}

char *jsontext_canonical(const json_t *value) {
  return dump(value, TRUE);
}

json_t *jsontext_get(const json_t *object, const char *name, const char **key) {
  json_t *source = (json_t *)object;
  void *at = json_object_iter_at(source, name);
  for (at = at != NULL ? at : json_object_iter(source); at != NULL; at = json_object_iter_next(source, at)) {
    if (g_ascii_strcasecmp(json_object_iter_key(at), name) != 0)
      continue;
    if (key != NULL)
      *key = json_object_iter_key(at);
    return json_object_iter_value(at);
  }
  return NULL;
}

void jsontext_append_string(GString *out, const char *text) {
  append_string(out, text, strlen(text));
}
