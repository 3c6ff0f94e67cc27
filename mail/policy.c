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
} Member;

/* Names as cmd's snippet for Dovecot sets them in auth_policy_request_attributes. */
static const Member members[] = {
    {"login", offsetof(MailPolicyAsk, login), TRUE},
    {"protocol", offsetof(MailPolicyAsk, protocol), TRUE},
    {"remote", offsetof(MailPolicyAsk, remote), FALSE},
    {"mech", offsetof(MailPolicyAsk, mech), FALSE},
    {"session_id", offsetof(MailPolicyAsk, session), FALSE},
    {"client_id", offsetof(MailPolicyAsk, client), FALSE},
    {"token", offsetof(MailPolicyAsk, token), FALSE},
};

static const char *read_member(const json_t *root, const Member *member, const char **why) {
  const json_t *value = json_object_get(root, member->name);
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
  g_autoptr(json_t) root = jsontext_load(bytes, n, NULL);
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
