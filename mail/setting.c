#include "mail/setting.h"

#include <string.h>

#include "lib/address.h"
#include "lib/http_client.h"
#include "lib/text.h"
#include "mail/error.h"
#include "mail/store_setting.h"

#define TEXT_CHARACTERS 400

typedef enum {
  KIND_SWITCH,
  KIND_WHOLE,
  KIND_SHARE,
  KIND_CHOICE,
  KIND_TEXT,
  KIND_ADDRESS,
  KIND_URL,
  KIND_FILE
} Kind;

typedef struct {
  Kind kind;
  gint64 min, max;
  gboolean none; /* "none" is a value too */
  const char *const *choices;
} Row;

static const char *const reuse_choices[] = {"off", "notice", "enforce", NULL};

static const char *const keys[] = {
    "pat_enabled", "pat_default_days", "pat_max_days", "pat_unlimited", "pat_per_person", "pat_reuse",
    "guard_count", "guard_percent",    "grace_days",   "alias_days",    "rest_days",      "retention_days",
    "lend_hours",  "send_per_hour",    "help_text",    "alarm_address", "alarm_url",      "alarm_secret_file",
    NULL};
static const Row rows[] = {
    {KIND_SWITCH},
    {KIND_WHOLE, 1, 3653},
    {KIND_WHOLE, 1, 3653},
    {KIND_SWITCH},
    {KIND_WHOLE, 1, 1000},
    {KIND_CHOICE, .choices = reuse_choices},
    {KIND_WHOLE, 1, 1000000},
    {KIND_SHARE, 0, 100},
    {KIND_WHOLE, 0, 365},
    {KIND_WHOLE, 0, 3653},
    {KIND_WHOLE, 0, 3653},
    {KIND_WHOLE, 1, 3653},
    {KIND_WHOLE, 1, 8760},
    {KIND_WHOLE, 1, 1000000, .none = TRUE},
    {KIND_TEXT, 0, TEXT_CHARACTERS},
    {KIND_ADDRESS, .none = TRUE},
    {KIND_URL, 0, TEXT_CHARACTERS, .none = TRUE},
    {KIND_FILE, 0, TEXT_CHARACTERS, .none = TRUE},
};
G_STATIC_ASSERT(G_N_ELEMENTS(rows) + 1 == G_N_ELEMENTS(keys));

const char *const *mail_setting_keys(void) {
  return keys;
}

static json_t *read_switch(const char *text) {
  if (g_str_equal(text, "true") || g_str_equal(text, "yes") || g_str_equal(text, "on"))
    return json_true();
  if (g_str_equal(text, "false") || g_str_equal(text, "no") || g_str_equal(text, "off"))
    return json_false();
  return NULL;
}

static json_t *read_whole(const Row *row, const char *text) {
  gint64 value;
  return g_ascii_string_to_signed(text, 10, row->min, row->max, &value, NULL) ? json_integer(value) : NULL;
}

/* Plain decimals only: what strtod takes beside them (inf, nan, hex) is none. */
static json_t *read_share(const Row *row, const char *text) {
  if (*text == '\0' || strspn(text, "0123456789.") != strlen(text))
    return NULL;
  char *end;
  double value = g_ascii_strtod(text, &end);
  return *end == '\0' && value >= (double)row->min && value <= (double)row->max ? json_real(value) : NULL;
}

static json_t *read_address(const char *text) {
  const char *why;
  g_autofree char *address = address_parse(text, &why);
  return address != NULL ? json_string(address) : NULL;
}

static json_t *read_value(const Row *row, const char *text) {
  if (row->none && g_str_equal(text, "none"))
    return row->kind == KIND_WHOLE ? json_null() : json_string("");
  switch (row->kind) {
  case KIND_SWITCH:
    return read_switch(text);
  case KIND_WHOLE:
    return read_whole(row, text);
  case KIND_SHARE:
    return read_share(row, text);
  case KIND_CHOICE:
    return g_strv_contains(row->choices, text) ? json_string(text) : NULL;
  case KIND_TEXT:
    return *text == '\0' || (text_is_plain(text) && g_utf8_strlen(text, -1) <= row->max) ? json_string(text)
                                                                                         : NULL;
  case KIND_ADDRESS:
    return read_address(text);
  case KIND_URL:
    return strlen(text) <= (gsize)row->max && http_client_url(text) == NULL ? json_string(text) : NULL;
  case KIND_FILE:
    return strlen(text) <= (gsize)row->max && g_path_is_absolute(text) && text_is_plain(text)
               ? json_string(text)
               : NULL;
  }
  return NULL;
}

static char *what_it_takes(const Row *row) {
  const char *none = row->none ? ", or none" : "";
  switch (row->kind) {
  case KIND_SWITCH:
    return g_strdup("true or false");
  case KIND_CHOICE:
    return g_strjoinv(", ", (char **)row->choices);
  case KIND_ADDRESS:
    return g_strdup("a mail address, or none");
  case KIND_URL:
    return g_strdup("an http or https URL, or none");
  case KIND_FILE:
    return g_strdup("the whole path of a file, or none");
  case KIND_TEXT:
    return g_strdup_printf("one line of at most %d characters", TEXT_CHARACTERS);
  default:
    return g_strdup_printf("a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "%s", row->min, row->max,
                           none);
  }
}

static void no_such_key(const char *name, GError **error) {
  g_autofree char *quoted = text_quote(name);
  const char *near = text_nearest(name, keys);
  g_autofree char *list =
      near != NULL ? g_strdup_printf("did you mean \"%s\"?", near) : g_strjoinv(", ", (char **)keys);
  mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_SETTING, "there is no mail setting \"%s\"; %s%s", quoted,
                 near != NULL ? "" : "there is: ", list);
}

gboolean mail_setting_parse(const char *assignment, const char **key, json_t **value, GError **error) {
  const char *equals = strchr(assignment, '=');
  if (equals == NULL) {
    g_autofree char *quoted = text_quote(assignment);
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_SETTING, "\"%s\" is not KEY=VALUE", quoted);
    return FALSE;
  }
  g_autofree char *name = g_strndup(assignment, (gsize)(equals - assignment));
  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    if (!g_str_equal(keys[i], name))
      continue;
    *value = read_value(&rows[i], equals + 1);
    *key = keys[i];
    if (*value != NULL)
      return TRUE;
    g_autofree char *quoted = text_quote(equals + 1), *takes = what_it_takes(&rows[i]);
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_SETTING, "%s cannot be \"%s\"; it takes %s", name, quoted,
                   takes);
    return FALSE;
  }
  no_such_key(name, error);
  return FALSE;
}

json_t *mail_setting_get(const MailScope *scope, GError **error) {
  return mail_store_setting_get(scope, error);
}

json_t *mail_setting_set(const MailScope *scope, json_t *changes, GError **error) {
  return mail_store_setting_set(scope, changes, error);
}
