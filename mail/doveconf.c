#include "mail/doveconf.h"

#include <string.h>

#include "lib/text.h"

static void setting_free(gpointer data) {
  DoveconfSetting *setting = data;
  g_free(setting->key);
  g_free(setting->value);
  g_free(setting);
}

static void block_free(gpointer data) {
  DoveconfBlock *block = data;
  if (block == NULL)
    return;
  g_free(block->kind);
  g_free(block->name);
  g_ptr_array_unref(block->settings);
  g_ptr_array_unref(block->blocks);
  g_free(block);
}

static DoveconfBlock *block_new(char *kind, char *name) {
  DoveconfBlock *block = g_new0(DoveconfBlock, 1);
  *block = (DoveconfBlock){kind, name, g_ptr_array_new_with_free_func(setting_free),
                           g_ptr_array_new_with_free_func(block_free)};
  return block;
}

void mail_doveconf_free(Doveconf *doveconf) {
  if (doveconf == NULL)
    return;
  g_free(doveconf->version);
  g_free(doveconf->path);
  block_free(doveconf->root);
  g_free(doveconf);
}

/* "# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf" */
static void read_comment(Doveconf *doveconf, const char *line) {
  const char *text = line + 1 + strspn(line + 1, " \t");
  gsize digits = strspn(text, "0123456789.");
  if (doveconf->version != NULL || digits < 3 || strchr(text, ':') == NULL)
    return;
  g_autofree char *version = g_strndup(text, digits);
  if (strchr(version, '.') == NULL)
    return;
  doveconf->version = g_steal_pointer(&version);
  doveconf->path = g_strstrip(g_strdup(strchr(text, ':') + 1));
}

/* Where we are in the text. */
typedef struct {
  Doveconf *doveconf;
  DoveconfBlock *open[DOVECONF_DEPTH + 1]; /* open[0] is the root */
  guint depth;
} Place;

static const char *end_block(Place *place) {
  if (place->depth == 0)
    return "closes a block that is not open";
  place->depth--;
  return NULL;
}

/* "service auth {" without its brace. Takes nothing. */
static const char *begin_block(Place *place, const char *line, gsize n) {
  if (place->depth == DOVECONF_DEPTH)
    return "is nested too deep";
  g_autofree char *head = g_strstrip(g_strndup(line, n));
  gsize word = strcspn(head, " \t");
  if (word == 0)
    return "opens a block without a name";
  char *kind = g_strndup(head, word);
  DoveconfBlock *block = block_new(kind, g_strdup(head + word + strspn(head + word, " \t")));
  g_ptr_array_add(place->open[place->depth]->blocks, block);
  place->open[++place->depth] = block;
  return NULL;
}

static const char *read_setting(Place *place, const char *line) {
  const char *equals = strchr(line, '=');
  if (equals == NULL || equals == line)
    return "is neither a setting nor a block";
  DoveconfSetting *setting = g_new0(DoveconfSetting, 1);
  setting->key = g_strstrip(g_strndup(line, (gsize)(equals - line)));
  setting->value = g_strstrip(g_strdup(equals + 1));
  g_ptr_array_add(place->open[place->depth]->settings, setting);
  return NULL;
}

/* A brace at the end of a line with an equals sign before it belongs to a value, as in a filter expression. */
static gboolean opens_block(const char *line, gsize n) {
  return line[n - 1] == '{' && memchr(line, '=', n) == NULL;
}

static const char *read_line(Place *place, char *line) {
  g_strstrip(line);
  gsize n = strlen(line);
  if (n == 0)
    return NULL;
  if (*line == '#') {
    read_comment(place->doveconf, line);
    return NULL;
  }
  if (strcmp(line, "}") == 0)
    return end_block(place);
  return opens_block(line, n) ? begin_block(place, line, n - 1) : read_setting(place, line);
}

static char *at_line(guint number, const char *line, const char *words) {
  g_autofree char *quoted = text_quote(line);
  return g_strdup_printf("line %u (\"%s\") %s", number, quoted, words);
}

Doveconf *mail_doveconf_parse(const char *text, gsize n, char **why) {
  *why = NULL;
  if (n > DOVECONF_BYTES || !text_is_utf8(text, n)) {
    *why = g_strdup(n > DOVECONF_BYTES ? "it is larger than 1 MiB" : "it is not UTF-8");
    return NULL;
  }
  g_autoptr(Doveconf) doveconf = g_new0(Doveconf, 1);
  doveconf->root = block_new(g_strdup(""), g_strdup(""));
  Place place = {.doveconf = doveconf, .open = {doveconf->root}};
  g_autofree char *copy = g_strndup(text, n);
  g_auto(GStrv) lines = g_strsplit(copy, "\n", DOVECONF_LINES + 1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *words = i == DOVECONF_LINES ? "is one line too many" : read_line(&place, lines[i]);
    if (words == NULL)
      continue;
    *why = at_line(i + 1, lines[i], words);
    return NULL;
  }
  if (place.depth > 0)
    *why = g_strdup("its end is missing: a block is not closed");
  else if (doveconf->root->settings->len + doveconf->root->blocks->len == 0)
    *why = g_strdup("it holds no setting");
  return *why == NULL ? g_steal_pointer(&doveconf) : NULL;
}

const char *mail_doveconf_value(const DoveconfBlock *block, const char *key) {
  const char *value = NULL;
  for (guint i = 0; block != NULL && i < block->settings->len; i++) {
    const DoveconfSetting *setting = block->settings->pdata[i];
    if (strcmp(setting->key, key) == 0)
      value = setting->value;
  }
  return value;
}

const DoveconfBlock *mail_doveconf_block(const DoveconfBlock *block, const char *kind, const char *name) {
  for (guint i = 0; block != NULL && i < block->blocks->len; i++) {
    const DoveconfBlock *one = block->blocks->pdata[i];
    if (strcmp(one->kind, kind) == 0 && (name == NULL || strcmp(one->name, name) == 0))
      return one;
  }
  return NULL;
}
