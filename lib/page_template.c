#include "lib/page_template.h"

#include <string.h>

G_DEFINE_QUARK(gatepost - page - error, page_error)

#define NAME_BYTES 32
#define DEPTH_MAX 8

/* Where in the HTML the reader stands. */
typedef enum {
  IN_TEXT,
  IN_NAME,
  IN_TAG,
  IN_ATTRIBUTE,
  AT_VALUE,
  IN_QUOTED,
  IN_BARE,
  IN_COMMENT,
  IN_RAW
} Place;

typedef struct {
  Place place;
  gboolean begun; /* of a quoted value: something stands before */
  char tag[NAME_BYTES], attribute[NAME_BYTES];
} Html;

typedef struct {
  const char *at;
  Html html;
  PageNode *open[DEPTH_MAX]; /* borrowed: sections that are open, the whole first */
  Html opened[DEPTH_MAX];    /* where they began */
  guint depth;
} Reader;

void page_node_free(PageNode *node) {
  if (node == NULL)
    return;
  g_free(node->text);
  if (node->children != NULL)
    g_ptr_array_unref(node->children);
  g_free(node);
}

static PageNode *node_new(PageNodeKind kind, const char *text, gsize n) {
  PageNode *node = g_new0(PageNode, 1);
  node->kind = kind;
  node->text = g_strndup(text, n);
  if (kind == PAGE_SECTION || kind == PAGE_INVERTED)
    node->children = g_ptr_array_new_with_free_func((GDestroyNotify)page_node_free);
  return node;
}

/* ---- the HTML around */

static void name_add(char name[NAME_BYTES], char letter) {
  gsize n = strlen(name);
  if (n + 1 < NAME_BYTES) {
    name[n] = g_ascii_tolower(letter);
    name[n + 1] = '\0';
  }
}

static void tag_end(Html *html) {
  gboolean raw = strcmp(html->tag, "script") == 0 || strcmp(html->tag, "style") == 0;
  html->place = raw ? IN_RAW : IN_TEXT;
}

static void tag_begin(Html *html, const char *at) {
  html->place = g_str_has_prefix(at, "<!--") ? IN_COMMENT : IN_NAME;
  html->tag[0] = '\0';
}

static void step_tag(Html *html, char letter) {
  if (letter == '>')
    tag_end(html);
  else if (g_ascii_isspace(letter) || letter == '/')
    html->place = IN_TAG;
  else if (html->place == IN_TAG) {
    html->place = IN_ATTRIBUTE;
    html->attribute[0] = '\0';
    name_add(html->attribute, letter);
  } else if (letter == '=')
    html->place = AT_VALUE;
  else
    name_add(html->attribute, letter);
}

static void step_value(Html *html, char letter) {
  html->begun = FALSE;
  html->place = letter == '"' ? IN_QUOTED : IN_BARE;
}

static void step_name(Html *html, const char *at) {
  gboolean closing = *at == '/' && html->tag[0] == '\0';
  if (*at == '>')
    tag_end(html);
  else if (g_ascii_isspace(*at))
    html->place = IN_TAG;
  else
    name_add(html->tag, closing ? '/' : *at);
}

/* One character further. */
static void html_step(Html *html, const char *at) {
  switch (html->place) {
  case IN_TEXT:
    if (*at == '<')
      tag_begin(html, at);
    return;
  case IN_NAME:
    step_name(html, at);
    return;
  case IN_TAG:
  case IN_ATTRIBUTE:
    step_tag(html, *at);
    return;
  case AT_VALUE:
    step_value(html, *at);
    return;
  case IN_QUOTED:
    html->begun = TRUE;
    if (*at == '"')
      html->place = IN_TAG;
    return;
  case IN_BARE:
    if (g_ascii_isspace(*at) || *at == '>')
      step_tag(html, *at);
    return;
  case IN_COMMENT:
    if (*at == '>' && strncmp(at - 2, "--", 2) == 0)
      html->place = IN_TEXT;
    return;
  case IN_RAW:
    if (g_str_has_prefix(at, "</"))
      tag_begin(html, at);
    return;
  }
}

static gboolean is_one_of(const char *name, const char *const *list) {
  return g_strv_contains(list, name);
}

/* FALSE: nothing may stand here. */
static gboolean escape_of(const Html *html, PageEscape *escape) {
  static const char *const urls[] = {"href", "src", "action", "formaction", NULL};
  static const char *const never[] = {"style", "srcdoc", "srcset", "http-equiv", NULL};
  *escape = PAGE_AS_TEXT;
  if (html->place == IN_TEXT)
    return TRUE;
  if (html->place != IN_QUOTED || is_one_of(html->attribute, never) ||
      g_str_has_prefix(html->attribute, "on"))
    return FALSE;
  if (strcmp(html->attribute, "content") == 0) /* the address of a refresh */
    *escape = PAGE_AS_URL;
  else if (is_one_of(html->attribute, urls))
    *escape = html->begun ? PAGE_AS_URL_PART : PAGE_AS_URL;
  return TRUE;
}

/* ---- the marks */

static gboolean fail(const char *at, gsize n, const char *why, GError **error) {
  g_set_error(error, PAGE_ERROR, PAGE_ERROR_TEMPLATE, "%.*s %s", (int)n, at, why);
  return FALSE;
}

static void add(Reader *reader, PageNode *node) {
  g_ptr_array_add(reader->open[reader->depth]->children, node);
}

static gboolean open_section(Reader *reader, PageNodeKind kind, const char *name, gsize n, GError **error) {
  if (reader->depth + 1 == DEPTH_MAX)
    return fail(name, n, "stands too deep", error);
  PageNode *node = node_new(kind, name, n);
  add(reader, node);
  reader->open[++reader->depth] = node;
  reader->opened[reader->depth] = reader->html;
  return TRUE;
}

/* Inside a tag a section may hold whole attributes. */
static gboolean same_place(Place a, Place b) {
  gboolean tag_a = a == IN_NAME || a == IN_TAG || a == IN_ATTRIBUTE;
  gboolean tag_b = b == IN_NAME || b == IN_TAG || b == IN_ATTRIBUTE;
  return a == b || (tag_a && tag_b);
}

static gboolean close_section(Reader *reader, const char *name, gsize n, GError **error) {
  const PageNode *open = reader->open[reader->depth];
  if (reader->depth == 0 || strlen(open->text) != n || strncmp(open->text, name, n) != 0)
    return fail(name, n, "is closed here but was not opened last", error);
  if (!same_place(reader->opened[reader->depth].place, reader->html.place))
    return fail(name, n, "ends elsewhere in the HTML than it began", error);
  reader->depth--;
  return TRUE;
}

static gboolean add_value(Reader *reader, const char *name, gsize n, GError **error) {
  PageEscape escape;
  if (!escape_of(&reader->html, &escape))
    return fail(name, n, "stands where no value can be escaped", error);
  PageNode *node = node_new(PAGE_VALUE, name, n);
  node->escape = escape;
  add(reader, node);
  reader->html.begun = TRUE;
  return TRUE;
}

static gboolean add_include(Reader *reader, const char *name, gsize n, GError **error) {
  if (reader->html.place != IN_TEXT)
    return fail(name, n, "is included inside a tag", error);
  add(reader, node_new(PAGE_INCLUDE, name, n));
  return TRUE;
}

static gboolean is_name(const char *name, gsize n) {
  for (gsize i = 0; i < n; i++)
    if (!g_ascii_islower(name[i]) && !g_ascii_isdigit(name[i]) && name[i] != '_')
      return FALSE;
  return n > 0;
}

/* at the two braces. */
static gboolean read_mark(Reader *reader, GError **error) {
  const char *name = reader->at + 2, *end = strstr(name, "}}");
  if (end == NULL)
    return fail(reader->at, MIN(strlen(reader->at), 20), "has no end", error);
  reader->at = end + 2;
  char kind = *name;
  if (strchr("#^/>", kind) != NULL)
    name++;
  gsize n = (gsize)(end - name);
  if (!is_name(name, n))
    return fail(name, n, "is no name: small letters, digits and _", error);
  switch (kind) {
  case '#':
    return open_section(reader, PAGE_SECTION, name, n, error);
  case '^':
    return open_section(reader, PAGE_INVERTED, name, n, error);
  case '/':
    return close_section(reader, name, n, error);
  case '>':
    return add_include(reader, name, n, error);
  default:
    return add_value(reader, name, n, error);
  }
}

static void read_literal(Reader *reader) {
  const char *begin = reader->at;
  while (*reader->at != '\0' && !g_str_has_prefix(reader->at, "{{")) {
    html_step(&reader->html, reader->at);
    reader->at++;
  }
  if (reader->at > begin)
    add(reader, node_new(PAGE_LITERAL, begin, (gsize)(reader->at - begin)));
}

PageNode *page_template_compile(const char *text, GError **error) {
  g_autoptr(PageNode) whole = node_new(PAGE_SECTION, "", 0);
  Reader reader = {.at = text, .open = {whole}};
  while (*reader.at != '\0') {
    read_literal(&reader);
    if (*reader.at != '\0' && !read_mark(&reader, error))
      return NULL;
  }
  if (reader.depth > 0 || reader.html.place != IN_TEXT) {
    const char *what = reader.depth > 0 ? reader.open[reader.depth]->text : "the template";
    fail(what, strlen(what), "does not end", error);
    return NULL;
  }
  return g_steal_pointer(&whole);
}
