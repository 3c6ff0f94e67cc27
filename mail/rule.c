#include "mail/rule.h"

#include <string.h>

#include "lib/cidr.h"
#include "lib/text.h"
#include "mail/error.h"
#include "mail/protocol.h"

#define NAME_CHARACTERS 64
#define TEXT_CHARACTERS 200
#define DAYS 7

static const char *const day_names[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int day_number(const char *text, gsize n) {
  for (int i = 0; i < DAYS; i++)
    if (n == strlen(day_names[i]) && g_ascii_strncasecmp(text, day_names[i], n) == 0)
      return i;
  return -1;
}

/* Sets the bits of one part, "mon" or "fri-mon". */
static gboolean day_part(const char *part, guint *bits) {
  const char *dash = strchr(part, '-');
  int first = day_number(part, dash == NULL ? strlen(part) : (gsize)(dash - part));
  int last = dash == NULL ? first : day_number(dash + 1, strlen(dash + 1));
  if (first < 0 || last < 0)
    return FALSE;
  for (int day = first;; day = (day + 1) % DAYS) {
    *bits |= 1u << day;
    if (day == last)
      return TRUE;
  }
}

json_t *mail_rule_days(const char *text) {
  g_auto(GStrv) parts = g_strsplit(text, ",", DAYS + 1);
  guint bits = 0;
  for (char **part = parts; *part != NULL; part++)
    if (!day_part(g_strstrip(*part), &bits))
      return NULL;
  if (bits == 0)
    return NULL;
  json_t *days = json_array();
  for (int i = 0; i < DAYS; i++)
    if (bits & 1u << i)
      json_array_append_new(days, json_integer(i + 1));
  return days;
}

gboolean mail_rule_time(const char *text, int *minutes) {
  gsize digits = strspn(text, "0123456789");
  gint64 hour, minute;
  if (digits < 1 || digits > 2 || text[digits] != ':' || strlen(text + digits) != 3)
    return FALSE;
  g_autofree char *hours = g_strndup(text, digits);
  if (!g_ascii_isdigit(text[digits + 1]) || !g_ascii_string_to_signed(hours, 10, 0, 23, &hour, NULL) ||
      !g_ascii_string_to_signed(text + digits + 1, 10, 0, 59, &minute, NULL))
    return FALSE;
  *minutes = (int)(hour * 60 + minute);
  return TRUE;
}

/* Each reads one member's value into its canonical form; NULL when it is none. */
typedef json_t *(*Reader)(const json_t *value);

static json_t *read_text(const json_t *value) {
  const char *text = json_string_value(value);
  if (text == NULL || (*text != '\0' && !text_is_plain(text)) || g_utf8_strlen(text, -1) > TEXT_CHARACTERS)
    return NULL;
  return json_string(text);
}

static json_t *read_name(const json_t *value) {
  const char *text = json_string_value(value);
  if (text == NULL || *text == '\0' || g_utf8_strlen(text, -1) > NAME_CHARACTERS)
    return NULL;
  return read_text(value);
}

static json_t *read_effect(const json_t *value) {
  const char *text = json_string_value(value);
  return g_strcmp0(text, "allow") == 0 || g_strcmp0(text, "deny") == 0 ? json_string(text) : NULL;
}

static json_t *read_message(const json_t *value) {
  return json_is_null(value) ? json_null() : read_text(value);
}

static json_t *read_list(const json_t *value, Reader element) {
  if (!json_is_array(value) || json_array_size(value) > MAIL_RULE_LIST_MAX)
    return NULL;
  json_t *list = json_array();
  gsize i;
  json_t *given;
  json_array_foreach(value, i, given) {
    json_t *read = element(given);
    if (read == NULL) {
      json_decref(list);
      return NULL;
    }
    json_array_append_new(list, read);
  }
  return list;
}

static json_t *one_protocol(const json_t *value) {
  const char *text = json_string_value(value);
  g_autofree char *name = text == NULL ? NULL : g_ascii_strdown(text, -1);
  return name != NULL && mail_protocol_known(name) ? json_string(name) : NULL;
}

static json_t *one_network(const json_t *value) {
  const char *text = json_string_value(value), *why;
  Cidr cidr;
  char canonical[CIDR_TEXT_BYTES];
  return text != NULL && cidr_parse(text, &cidr, &why) ? json_string(cidr_format(&cidr, canonical)) : NULL;
}

static json_t *one_token(const json_t *value) {
  return json_is_integer(value) && json_integer_value(value) > 0 ? json_integer(json_integer_value(value))
                                                                 : NULL;
}

static json_t *one_day(const json_t *value) {
  json_int_t day = json_integer_value(value);
  return json_is_integer(value) && day >= 1 && day <= DAYS ? json_integer(day) : NULL;
}

static json_t *one_who(const json_t *value) {
  const char *text = json_string_value(value);
  return text != NULL && *text != '\0' && text_is_plain(text) ? json_string(text) : NULL;
}

static json_t *read_protocols(const json_t *value) {
  return read_list(value, one_protocol);
}

static json_t *read_networks(const json_t *value) {
  return read_list(value, one_network);
}

static json_t *read_whos(const json_t *value) {
  return read_list(value, one_who);
}

static json_t *read_tokens(const json_t *value) {
  return read_list(value, one_token);
}

static json_t *read_days(const json_t *value) {
  return read_list(value, one_day);
}

static json_t *read_time(const json_t *value) {
  int minutes;
  if (json_is_null(value))
    return json_null();
  if (!json_is_string(value) || !mail_rule_time(json_string_value(value), &minutes))
    return NULL;
  return json_sprintf("%02d:%02d", minutes / 60, minutes % 60);
}

typedef struct {
  const char *name;
  Reader read;
  enum { NEEDED, EMPTY_TEXT, EMPTY_LIST, NOTHING, UTC } otherwise;
  const char *takes;
} Member;

static const Member members[] = {
    {"name", read_name, NEEDED, "a text of 1 to 64 characters"},
    {"about", read_text, EMPTY_TEXT, "a line of at most 200 characters"},
    {"effect", read_effect, NEEDED, "allow or deny"},
    {"actions", read_protocols, EMPTY_LIST, "a list of " MAIL_PROTOCOL_ALL},
    {"not_actions", read_protocols, EMPTY_LIST, "a list of " MAIL_PROTOCOL_ALL},
    {"cidrs", read_networks, EMPTY_LIST, "a list of networks such as 203.0.113.0/24"},
    {"not_cidrs", read_networks, EMPTY_LIST, "a list of networks such as 203.0.113.0/24"},
    {"users", read_whos, EMPTY_LIST, "a list of people"},
    {"not_users", read_whos, EMPTY_LIST, "a list of people"},
    {"groups", read_whos, EMPTY_LIST, "a list of groups"},
    {"not_groups", read_whos, EMPTY_LIST, "a list of groups"},
    {"tokens", read_tokens, EMPTY_LIST, "a list of token numbers"},
    {"days", read_days, EMPTY_LIST, "days such as mon-fri (in a file: a list of 1 to 7)"},
    {"from", read_time, NOTHING, "a time such as 08:00"},
    {"to", read_time, NOTHING, "a time such as 18:00"},
    {"zone", read_name, UTC, "a time zone such as Europe/Oslo"},
    {"message", read_message, NOTHING, "a line of at most 200 characters"},
};

static json_t *default_of(const Member *member) {
  switch (member->otherwise) {
  case EMPTY_TEXT:
    return json_string("");
  case EMPTY_LIST:
    return json_array();
  case NOTHING:
    return json_null();
  case UTC:
    return json_string("UTC");
  default:
    return NULL;
  }
}

static gboolean all_known(const json_t *given, GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)given, key, value) {
    gsize i = 0;
    while (i < G_N_ELEMENTS(members) && strcmp(members[i].name, key) != 0)
      i++;
    /* What the list command tells beside the rule itself. */
    if (i < G_N_ELEMENTS(members) || strcmp(key, "id") == 0 || strcmp(key, "created") == 0)
      continue;
    g_autofree char *quoted = text_quote(key);
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "a rule has no \"%s\"", quoted);
    return FALSE;
  }
  return TRUE;
}

static gboolean complete_member(json_t *rule, const json_t *given, const Member *member, GError **error) {
  const json_t *value = json_object_get(given, member->name);
  json_t *read = value == NULL ? default_of(member) : member->read(value);
  if (read != NULL) {
    json_object_set_new(rule, member->name, read);
    return TRUE;
  }
  if (value == NULL)
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "a rule needs %s: %s", member->name,
                   member->takes);
  else
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "%s takes %s", member->name, member->takes);
  return FALSE;
}

json_t *mail_rule_complete(const json_t *given, GError **error) {
  if (!json_is_object(given)) {
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "a rule is a JSON object");
    return NULL;
  }
  if (!all_known(given, error))
    return NULL;
  g_autoptr(json_t) rule = json_object();
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
    if (!complete_member(rule, given, &members[i], error))
      return NULL;
  if (json_is_null(json_object_get(rule, "from")) != json_is_null(json_object_get(rule, "to"))) {
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "a window needs both from and to");
    return NULL;
  }
  return g_steal_pointer(&rule);
}

json_t *mail_rule_read(const char *text, gsize n, GError **error) {
  g_autoptr(GError) failure = NULL;
  if (n > MAIL_RULE_BYTES) {
    mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "a rule's file holds at most %d bytes",
                   MAIL_RULE_BYTES);
    return NULL;
  }
  g_autoptr(json_t) given = jsontext_load(text, n, &failure);
  if (given != NULL)
    return mail_rule_complete(given, error);
  mail_error_set(error, MAIL_ERROR_INPUT, GP_MAIL_RULE_INPUT, "%s", failure->message);
  return NULL;
}

char *mail_rule_why_not(const MailRuleFit *fit) {
  const struct {
    gboolean fits;
    const char *words;
  } parts[] = {
      {fit->action, "is for other protocols"}, {fit->ip, "is for other networks"},
      {fit->user, "is for other people"},      {fit->group, "is for other groups"},
      {fit->token, "is for other tokens"},     {fit->time, "is for other times"},
  };
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    if (!parts[i].fits)
      g_strv_builder_add(builder, parts[i].words);
  g_auto(GStrv) words = g_strv_builder_end(builder);
  return words[0] == NULL ? NULL : g_strjoinv("; ", words);
}
