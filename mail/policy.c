#include "mail/policy.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/limits.h"
#include "lib/text.h"

#define BASIC "Basic "

typedef struct {
  const char *name;
  gsize offset;
  gboolean needed;
  gboolean
      cut; /* what a mail program says of itself may be of any length; what a sign-in is decided by may not */
} Member;

/* Names as cmd's snippet for Dovecot sets them in auth_policy_request_attributes. */
static const Member members[] = {
    {"login", offsetof(MailPolicyAsk, login), TRUE, FALSE},
    {"protocol", offsetof(MailPolicyAsk, protocol), TRUE, FALSE},
    {"remote", offsetof(MailPolicyAsk, remote), FALSE, FALSE},
    {"mech", offsetof(MailPolicyAsk, mech), FALSE, TRUE},
    {"session_id", offsetof(MailPolicyAsk, session), FALSE, TRUE},
    {"client_id", offsetof(MailPolicyAsk, client), FALSE, TRUE},
    {"token", offsetof(MailPolicyAsk, token), FALSE, FALSE},
};

/* At the begin of a character. */
static void cut(json_t *value) {
  const char *text = json_string_value(value);
  if (text == NULL || strlen(text) <= LIMIT_POLICY_MEMBER_BYTES)
    return;
  const char *end = g_utf8_find_prev_char(text, text + LIMIT_POLICY_MEMBER_BYTES + 1);
  g_autofree char *begin = g_strndup(text, (gsize)(end - text));
  json_string_set_nocheck(value, begin);
}

static const char *read_member(const json_t *root, const Member *member, const char **why) {
  json_t *value = json_object_get(root, member->name);
  if (member->cut)
    cut(value);
  const char *text = value == NULL ? "" : json_string_value(value);
  if (text == NULL)
    *why = "a member is not text";
  else if (strlen(text) > LIMIT_POLICY_MEMBER_BYTES)
    *why = "a member is too long";
  else if (member->needed && *text == '\0')
    *why = "login or protocol is missing";
  else
    return text;
  return NULL;
}

gboolean mail_policy_parse(const char *bytes, gsize n, MailPolicyAsk *ask, const char **why) {
  /* Dovecot passes on as it is what a mail program says of itself, in whatever character set. */
  g_autofree char *readable = text_is_utf8(bytes, n) ? NULL : g_utf8_make_valid(bytes, (gssize)n);
  g_autoptr(json_t) root =
      readable == NULL ? jsontext_load(bytes, n, NULL) : jsontext_load(readable, strlen(readable), NULL);
  MailPolicyAsk found = {0};
  if (!json_is_object(root)) {
    *why = "the body is no JSON object";
    return FALSE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
    const char *text = read_member(root, &members[i], why);
    if (text == NULL)
      return FALSE;
    *(const char **)(void *)((char *)&found + members[i].offset) = text;
  }
  found.failed = json_is_false(json_object_get(root, "success")) &&
                 !json_is_true(json_object_get(root, "policy_reject"));
  found.root = g_steal_pointer(&root);
  *ask = found;
  return TRUE;
}

void mail_policy_ask_clear(MailPolicyAsk *ask) {
  g_clear_pointer(&ask->root, json_decref);
}

char *mail_policy_answer(gint64 status, const char *message) {
  g_autoptr(json_t) answer = json_pack("{s:I, s:s}", "status", (json_int_t)status, "msg", message);
  return jsontext_dump(answer);
}

gboolean mail_policy_basic(const char *header, char **keep, const char **login, const char **secret) {
  gsize n;
  if (header == NULL || g_ascii_strncasecmp(header, BASIC, strlen(BASIC)) != 0 ||
      strlen(header) > LIMIT_POLICY_MEMBER_BYTES)
    return FALSE;
  const char *encoded = header + strlen(BASIC);
  char *text = (char *)g_base64_decode(encoded, &n); /* ends with a NUL that n does not count */
  char *again = g_base64_encode((const guchar *)text, n);
  char *colon = memchr(text, ':', n);
  gboolean good = colon != NULL && colon != text && strcmp(again, encoded) == 0 && text_is_utf8(text, n);
  crypto_free_secret(again);
  if (!good) {
    crypto_wipe(text, n);
    g_free(text);
    return FALSE;
  }
  *colon = '\0';
  *keep = text;
  *login = text;
  *secret = colon + 1;
  return TRUE;
}
