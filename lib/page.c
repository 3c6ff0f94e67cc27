#include "lib/page.h"

#include <string.h>

#include "lib/page_template.h"

#define SCOPES_MAX 8
#define SUFFIX ".html"

struct PageSet {
  GHashTable *templates; /* name → PageNode */
};

/* What a page is made of while it is made. */
typedef struct {
  const PageSet *pages; /* NULL: a text alone */
  const json_t *scopes[SCOPES_MAX];
  guint n; /* the innermost scope is the last */
  GString *out;
} Making;

/* ---- the set */

static gboolean load_one(PageSet *pages, GResource *resource, const char *folder, const char *file,
                         GError **error) {
  g_autofree char *path = g_strdup_printf("%s/%s", folder, file);
  g_autoptr(GBytes) bytes = g_resource_lookup_data(resource, path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  if (bytes == NULL)
    return FALSE;
  gsize n;
  const char *data = g_bytes_get_data(bytes, &n);
  g_autofree char *text = g_strndup(data, n);
  PageNode *node = page_template_compile(text, error);
  if (node == NULL) {
    g_prefix_error(error, "%s: ", file);
    return FALSE;
  }
  g_hash_table_insert(pages->templates, g_strndup(file, strlen(file) - strlen(SUFFIX)), node);
  return TRUE;
}

PageSet *page_set_new(GResource *resource, const char *folder, GError **error) {
  g_autoptr(PageSet) pages = g_new0(PageSet, 1);
  pages->templates = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)page_node_free);
  g_auto(GStrv) files = g_resource_enumerate_children(resource, folder, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  if (files == NULL)
    return NULL;
  for (char **file = files; *file != NULL; file++)
    if (g_str_has_suffix(*file, SUFFIX) && !load_one(pages, resource, folder, *file, error))
      return NULL;
  return g_steal_pointer(&pages);
}

void page_set_free(PageSet *pages) {
  if (pages == NULL)
    return;
  g_hash_table_unref(pages->templates);
  g_free(pages);
}

/* ---- values */

static const json_t *find(const Making *making, const char *name, GError **error) {
  for (guint i = making->n; i > 0; i--) {
    const json_t *value = json_object_get(making->scopes[i - 1], name);
    if (value != NULL)
      return value;
  }
  g_set_error(error, PAGE_ERROR, PAGE_ERROR_VALUE, "%s has no value", name);
  return NULL;
}

static gboolean is_url(const char *text) {
  for (const char *at = text; *at != '\0'; at++)
    if (*at <= ' ' || *at == 0x7f || strchr("\\\"'<>`", *at) != NULL)
      return FALSE;
  if (text[0] == '/')
    return text[1] != '/';
  return g_str_has_prefix(text, "https://") || g_str_has_prefix(text, "http://");
}

static void put_escaped(Making *making, PageEscape escape, const char *text) {
  const char *safe = escape == PAGE_AS_URL && !is_url(text) ? "#" : text;
  g_autofree char *part =
      escape == PAGE_AS_URL_PART ? g_uri_escape_string(safe, NULL, FALSE) : g_strdup(safe);
  g_autofree char *escaped = g_markup_escape_text(part, -1);
  g_string_append(making->out, escaped);
}

static gboolean put_value(Making *making, const PageNode *node, GError **error) {
  const json_t *value = find(making, node->text, error);
  if (value == NULL)
    return FALSE;
  if (json_is_string(value))
    put_escaped(making, node->escape, json_string_value(value));
  else if (json_is_integer(value))
    g_string_append_printf(making->out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
  else {
    g_set_error(error, PAGE_ERROR, PAGE_ERROR_VALUE, "%s is neither text nor a number", node->text);
    return FALSE;
  }
  return TRUE;
}

static gboolean holds(const json_t *value) {
  if (json_is_array(value))
    return json_array_size(value) > 0;
  if (json_is_string(value))
    return *json_string_value(value) != '\0';
  return json_is_object(value) || json_is_integer(value) || json_is_true(value);
}

/* ---- the tree */

static gboolean put_children(Making *making, const PageNode *node, GError **error);

static gboolean put_once(Making *making, const PageNode *node, const json_t *scope, GError **error) {
  if (!json_is_object(scope))
    return put_children(making, node, error);
  if (making->n == SCOPES_MAX) {
    g_set_error(error, PAGE_ERROR, PAGE_ERROR_VALUE, "%s stands too deep", node->text);
    return FALSE;
  }
  making->scopes[making->n++] = scope;
  gboolean good = put_children(making, node, error);
  making->n--;
  return good;
}

static gboolean put_section(Making *making, const PageNode *node, GError **error) {
  const json_t *value = find(making, node->text, error);
  if (value == NULL)
    return FALSE;
  if (!json_is_array(value))
    return !holds(value) || put_once(making, node, value, error);
  gsize i;
  json_t *item;
  json_array_foreach((json_t *)value, i, item) {
    if (!put_once(making, node, item, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean put_include(Making *making, const PageNode *node, GError **error) {
  const PageNode *other =
      making->pages == NULL ? NULL : g_hash_table_lookup(making->pages->templates, node->text);
  if (other != NULL)
    return put_children(making, other, error);
  g_set_error(error, PAGE_ERROR, PAGE_ERROR_TEMPLATE, "there is no template %s", node->text);
  return FALSE;
}

static gboolean put(Making *making, const PageNode *node, GError **error) {
  const json_t *value;
  switch (node->kind) {
  case PAGE_LITERAL:
    g_string_append(making->out, node->text);
    return TRUE;
  case PAGE_VALUE:
    return put_value(making, node, error);
  case PAGE_SECTION:
    return put_section(making, node, error);
  case PAGE_INVERTED:
    value = find(making, node->text, error);
    return value != NULL && (holds(value) || put_children(making, node, error));
  case PAGE_INCLUDE:
    return put_include(making, node, error);
  }
  return FALSE;
}

static gboolean put_children(Making *making, const PageNode *node, GError **error) {
  for (guint i = 0; i < node->children->len; i++)
    if (!put(making, node->children->pdata[i], error))
      return FALSE;
  return TRUE;
}

static char *make(const PageSet *pages, const PageNode *node, const json_t *values, GError **error) {
  Making making = {.pages = pages, .scopes = {values}, .n = 1, .out = g_string_new(NULL)};
  gboolean good = put_children(&making, node, error);
  return g_string_free(making.out, !good);
}

char *page_render(const PageSet *pages, const char *name, const json_t *values, GError **error) {
  const PageNode *node = g_hash_table_lookup(pages->templates, name);
  if (node == NULL) {
    g_set_error(error, PAGE_ERROR, PAGE_ERROR_TEMPLATE, "there is no template %s", name);
    return NULL;
  }
  return make(pages, node, values, error);
}

char *page_render_text(const char *text, const json_t *values, GError **error) {
  g_autoptr(PageNode) node = page_template_compile(text, error);
  return node == NULL ? NULL : make(NULL, node, values, error);
}
