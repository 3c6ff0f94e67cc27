#include "mail/dovecot_reply.h"

#include <string.h>

#define EXIT_CODE_MOST 255

static gboolean unclear(GError **error, const char *what) {
  g_set_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR, "doveadm's answer is unclear: %s", what);
  return FALSE;
}

static const char *text_at(const json_t *array, gsize index) {
  return json_string_value(json_array_get(array, index));
}

/* {"type": "exitCode", "exitCode": 68} */
static gboolean read_exit_code(const json_t *failure, int *exit_code, GError **error) {
  const char *type = json_string_value(json_object_get(failure, "type"));
  const json_t *code = json_object_get(failure, "exitCode");
  if (type == NULL || strcmp(type, "exitCode") != 0 || !json_is_integer(code))
    return unclear(error, "an error without an exit code");
  json_int_t value = json_integer_value(code);
  if (value <= 0 || value > EXIT_CODE_MOST)
    return unclear(error, "an exit code out of range");
  *exit_code = (int)value;
  return TRUE;
}

/* The single [WORD, DATA, TAG] of an answer to a single command. */
static const json_t *only_entry(const json_t *root, const char *tag, GError **error) {
  const json_t *entry = json_array_size(root) == 1 ? json_array_get(root, 0) : NULL;
  if (json_array_size(entry) != 3 || text_at(entry, 0) == NULL) {
    unclear(error, "it is no list of one [word, data, tag]");
    return NULL;
  }
  if (g_strcmp0(text_at(entry, 2), tag) != 0) {
    unclear(error, "it is for another command");
    return NULL;
  }
  return entry;
}

gboolean mail_dovecot_reply_parse(const char *bytes, gsize n, const char *tag, MailDovecotReply *reply,
                                  GError **error) {
  g_autoptr(json_t) root = jsontext_load(bytes, n, NULL);
  if (root == NULL)
    return unclear(error, "it is not JSON");
  const json_t *entry = only_entry(root, tag, error);
  if (entry == NULL)
    return FALSE;
  json_t *data = json_array_get(entry, 1);
  if (strcmp(text_at(entry, 0), "error") == 0) {
    int exit_code;
    if (!read_exit_code(data, &exit_code, error))
      return FALSE;
    *reply = (MailDovecotReply){.exit_code = exit_code};
    return TRUE;
  }
  if (strcmp(text_at(entry, 0), "doveadmResponse") != 0 || !(json_is_array(data) || json_is_object(data)))
    return unclear(error, "neither a response nor an error");
  *reply = (MailDovecotReply){.exit_code = DOVEADM_OK, .data = json_incref(data)};
  return TRUE;
}

void mail_dovecot_reply_clear(MailDovecotReply *reply) {
  g_clear_pointer(&reply->data, json_decref);
}

/* doveadm writes numbers as strings of digits. */
static gboolean read_number(const json_t *object, const char *name, gint64 *value) {
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, value, NULL);
}

static gboolean add(gint64 *sum, gint64 value) {
  return !__builtin_add_overflow(*sum, value, sum);
}

gboolean mail_dovecot_reply_is_session(const char *service) {
  static const char *const others[] = {"lmtp",           "doveadm",      "doveadm-server",
                                       "indexer-worker", "quota-status", NULL};
  return !g_strv_contains(others, service);
}

gboolean mail_dovecot_reply_sessions(const json_t *data, const char *address, guint *sessions,
                                     GError **error) {
  gsize i;
  json_t *row;
  gint64 sum = 0;
  if (!json_is_array(data))
    return unclear(error, "who gave no list");
  json_array_foreach(data, i, row) {
    const char *name = json_string_value(json_object_get(row, "username"));
    const char *service = json_string_value(json_object_get(row, "service"));
    gint64 connections;
    if (name == NULL || service == NULL || !read_number(row, "connections", &connections))
      return unclear(error, "who gave a row without username, service or connections");
    if (strcmp(name, address) != 0)
      return unclear(error, "who told of another login");
    if (mail_dovecot_reply_is_session(service) && !add(&sum, connections))
      return unclear(error, "who counts too many");
  }
  *sessions = (guint)MIN(sum, G_MAXINT);
  return TRUE;
}

gboolean mail_dovecot_reply_user(const json_t *data, const char *address, gboolean *exists, GError **error) {
  if (!json_is_object(data) && json_array_size(data) > 0)
    return unclear(error, "user gave a list");
  const json_t *user = json_object_get(data, address);
  if (user != NULL && !json_is_object(user))
    return unclear(error, "user gave no fields");
  *exists = user != NULL && json_object_get(user, "error") == NULL;
  return TRUE;
}

gboolean mail_dovecot_reply_status(const json_t *data, gint64 *messages, gint64 *bytes, GError **error) {
  gsize i;
  json_t *row;
  gint64 count = 0, size = 0, m, b;
  if (!json_is_array(data))
    return unclear(error, "mailboxStatus gave no list");
  json_array_foreach(data, i, row) if (!read_number(row, "messages", &m) || !read_number(row, "vsize", &b) ||
                                       !add(&count, m) ||
                                       !add(&size, b)) return unclear(error, "mailboxStatus gave no numbers");
  *messages = count;
  *bytes = size;
  return TRUE;
}

gboolean mail_dovecot_reply_quota(const json_t *data, gint64 *messages, gint64 *bytes, GError **error) {
  gsize i;
  json_t *row;
  gint64 count = -1, size = -1;
  if (!json_is_array(data))
    return unclear(error, "quotaGet gave no list");
  json_array_foreach(data, i, row) {
    const char *type = json_string_value(json_object_get(row, "type"));
    gint64 value;
    if (type == NULL || !read_number(row, "value", &value) || value > G_MAXINT64 / 1024)
      return unclear(error, "quotaGet gave a row without type or value");
    if (strcmp(type, "STORAGE") == 0 && size < 0)
      size = value * 1024;
    if (strcmp(type, "MESSAGE") == 0 && count < 0)
      count = value;
  }
  *messages = count;
  *bytes = size;
  return TRUE;
}

char **mail_dovecot_reply_folders(const json_t *data, GError **error) {
  gsize i;
  json_t *row;
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  if (!json_is_array(data)) {
    unclear(error, "mailboxList gave no list");
    return NULL;
  }
  json_array_foreach(data, i, row) {
    const char *name = json_string_value(json_object_get(row, "mailbox"));
    if (name == NULL) {
      unclear(error, "mailboxList gave a row without a name");
      return NULL;
    }
    g_strv_builder_add(names, name);
  }
  return g_strv_builder_end(names);
}

gboolean mail_dovecot_reply_path(const json_t *data, char **path, GError **error) {
  *path = NULL;
  if (!json_is_array(data) || json_array_size(data) > 1)
    return unclear(error, "mailboxPath gave no list of one");
  if (json_array_size(data) == 0)
    return TRUE;
  const char *text = json_string_value(json_object_get(json_array_get(data, 0), "path"));
  if (text == NULL)
    return unclear(error, "mailboxPath gave a row without a path");
  if (g_path_is_absolute(text))
    *path = g_strdup(text);
  return TRUE;
}

/* The root of the file system is nobody's place. */
static gboolean is_below(const char *path, const char *place) {
  gsize n = strlen(place);
  return n > 1 && strncmp(path, place, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* In Maildir INBOX is what the other folders lie in; in dbox it lies beside them. */
static char *place_of_inbox(const char *inbox) {
  static const char *const ends[] = {"/INBOX/dbox-Mails", "/INBOX"};
  char *place = g_canonicalize_filename(inbox, "/");
  for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(place, ends[i]))
      place[strlen(place) - strlen(ends[i])] = '\0';
  return place;
}

gboolean mail_dovecot_is_own(const char *path, const char *home, const char *inbox) {
  g_autofree char *real = g_canonicalize_filename(path, "/"), *place = place_of_inbox(inbox);
  g_autofree char *own =
      home != NULL && g_path_is_absolute(home) ? g_canonicalize_filename(home, "/") : g_strdup("");
  return is_below(real, own) || is_below(real, place);
}
