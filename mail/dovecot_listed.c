#include "mail/dovecot_listed.h"

#include <string.h>

static gboolean unclear(GError **error, const char *what) {
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR, "doveadm's answer is unclear: %s", what);
  return FALSE;
}

char **mail_dovecot_listed_names(const json_t *data, GError **error) {
  const json_t *list = json_object_get(data, "userList"), *row;
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  g_autoptr(GHashTable) once = g_hash_table_new(g_str_hash, g_str_equal);
  gsize i;
  if (!json_is_array(list)) {
    unclear(error, "user gave no list of names");
    return NULL;
  }
  json_array_foreach(list, i, row) {
    if (!json_is_string(row)) {
      unclear(error, "user gave a name that is none");
      return NULL;
    }
    if (g_hash_table_add(once, (gpointer)json_string_value(row)))
      g_strv_builder_add(names, json_string_value(row));
  }
  return g_strv_builder_end(names);
}

/* Size units as Dovecot writes them; without one it is a number of bytes, or of `storage` KiB. */
static gint64 scaled(gint64 value, const char *unit, gint64 plain) {
  static const char units[] = "bkmgt";
  gint64 factor = plain;
  const char *known = *unit != '\0' ? strchr(units, g_ascii_tolower(*unit)) : NULL;
  if (*unit != '\0' && known == NULL)
    return -1;
  for (const char *step = units; known != NULL && step <= known; step++)
    factor = step == units ? 1 : factor * 1024;
  gint64 bytes;
  return __builtin_mul_overflow(value, factor, &bytes) ? -1 : bytes;
}

gint64 mail_dovecot_listed_quota(const char *rule) {
  static const struct {
    const char *name;
    gint64 plain;
  } limits[] = {{"*:bytes=", 1}, {"*:storage=", 1024}};
  for (gsize i = 0; i < G_N_ELEMENTS(limits); i++) {
    if (!g_str_has_prefix(rule, limits[i].name))
      continue;
    const char *text = rule + strlen(limits[i].name);
    char *end;
    guint64 value = g_ascii_strtoull(text, &end, 10);
    return g_ascii_isdigit(*text) && value < G_MAXINT64 ? scaled((gint64)value, end, limits[i].plain) : -1;
  }
  return *rule == '\0' || g_str_has_prefix(rule, "*:messages=") ? 0 : -1;
}

/* uid and gid come as text; a name instead of a number, or none, is -1. */
static gint64 read_id(const json_t *user, const char *name) {
  const char *text = json_string_value(json_object_get(user, name));
  gint64 value;
  return text != NULL && g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &value, NULL) ? value : -1;
}

gboolean mail_dovecot_listed_users(const json_t *data, GPtrArray *listed, GError **error) {
  const char *name;
  json_t *user;
  if (!json_is_object(data))
    return unclear(error, "user gave no fields");
  json_object_foreach((json_t *)data, name, user) {
    if (!json_is_object(user))
      return unclear(error, "user gave no fields");
    if (json_object_get(user, "error") != NULL)
      continue;
    const char *rule = json_string_value(json_object_get(user, "quota_rule"));
    MailListed *row = g_new0(MailListed, 1);
    *row = (MailListed){.login = g_strdup(name),
                        .home = g_strdup(json_string_value(json_object_get(user, "home"))),
                        .mail = g_strdup(json_string_value(json_object_get(user, "mail"))),
                        .uid = read_id(user, "uid"),
                        .gid = read_id(user, "gid"),
                        .quota_bytes = rule != NULL ? mail_dovecot_listed_quota(rule) : 0};
    g_ptr_array_add(listed, row);
  }
  return TRUE;
}

gboolean mail_dovecot_listed_online(const json_t *data, GHashTable *logins, GError **error) {
  gsize i;
  json_t *row;
  if (!json_is_array(data))
    return unclear(error, "who gave no list");
  json_array_foreach(data, i, row) {
    const char *name = json_string_value(json_object_get(row, "username"));
    const char *service = json_string_value(json_object_get(row, "service"));
    if (name == NULL || service == NULL)
      return unclear(error, "who gave a row without username or service");
    if (mail_dovecot_reply_is_session(service))
      g_hash_table_add(logins, g_strdup(name));
  }
  return TRUE;
}
