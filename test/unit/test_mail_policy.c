#include "mail/policy.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/limits.h"
#include "mail/webhook.h"

typedef struct {
  const char *text, *why; /* why NULL: fine */
} Case;

#define GOOD "\"login\":\"alice@example.test\",\"protocol\":\"imap\""

static const Case cases[] = {
    {"{" GOOD "}", NULL},
    {"{" GOOD ",\"remote\":\"127.0.0.1\",\"mech\":\"PLAIN\",\"session_id\":\"x\",\"client_id\":\"\","
     "\"token\":\"7\",\"tls\":false,\"secured\":\"\"}",
     NULL},
    {"", "the body is no JSON object"},
    {"[]", "the body is no JSON object"},
    {"{" GOOD "} x", "the body is no JSON object"},
    {"{" GOOD ",\"login\":\"bob@example.test\"}", "the body is no JSON object"},
    {"{}", "login or protocol is missing"},
    {"{\"login\":\"\",\"protocol\":\"imap\"}", "login or protocol is missing"},
    {"{\"login\":\"alice@example.test\"}", "login or protocol is missing"},
    {"{" GOOD ",\"remote\":7}", "a member is not text"},
    {"{" GOOD ",\"mech\":null}", "a member is not text"},
    {"{" GOOD ",\"client_id\":\"caf\xe9\"}", NULL}, /* in Latin-1 */
};

static void test_asks(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(MailPolicyAsk) ask = {0};
    const char *why = NULL;
    g_test_message("%s", cases[i].text);
    gboolean read = mail_policy_parse(cases[i].text, strlen(cases[i].text), &ask, &why);
    g_assert_cmpint(read, ==, cases[i].why == NULL);
    g_assert_cmpstr(why, ==, cases[i].why);
    if (read)
      g_assert_cmpstr(ask.login, ==, "alice@example.test");
  }
}

/* A program's name of any length is none for which a sign-in is refused, or, as Dovecot takes an error, let in. */
static void test_long_members(void) {
  static const struct {
    const char *member;
    gboolean good;
  } longs[] = {{"client_id", TRUE}, {"session_id", TRUE}, {"mech", TRUE},
               {"remote", FALSE},   {"token", FALSE},     {"protocol", FALSE}};
  g_autofree char *dots = g_strnfill(LIMIT_POLICY_MEMBER_BYTES - 1, '.');
  for (gsize i = 0; i < G_N_ELEMENTS(longs); i++) {
    g_auto(MailPolicyAsk) ask = {0};
    const char *why = NULL;
    const char *good = strcmp(longs[i].member, "protocol") == 0 ? "\"login\":\"alice@example.test\"" : GOOD;
    g_autofree char *text = g_strdup_printf("{%s,\"%s\":\"%s\u00e9.\"}", good, longs[i].member, dots);
    g_assert_cmpint(mail_policy_parse(text, strlen(text), &ask, &why), ==, longs[i].good);
    g_assert_cmpstr(why, ==, longs[i].good ? NULL : "a member is too long");
    if (strcmp(longs[i].member, "client_id") == 0)
      g_assert_cmpstr(ask.client, ==, dots); /* the e with its accent would be half within */
  }
}

static void test_reports(void) {
  static const struct {
    const char *members;
    gboolean failed;
  } reports[] = {{"", FALSE},
                 {",\"success\":true,\"policy_reject\":false", FALSE},
                 {",\"success\":false,\"policy_reject\":true", FALSE},
                 {",\"success\":false,\"policy_reject\":false", TRUE},
                 {",\"success\":false", TRUE},
                 {",\"success\":\"no\"", FALSE}};
  for (gsize i = 0; i < G_N_ELEMENTS(reports); i++) {
    g_auto(MailPolicyAsk) ask = {0};
    const char *why = NULL;
    g_autofree char *text = g_strdup_printf("{" GOOD "%s}", reports[i].members);
    g_assert_true(mail_policy_parse(text, strlen(text), &ask, &why));
    g_assert_cmpint(ask.failed, ==, reports[i].failed);
  }
}

static void test_answer(void) {
  g_autofree char *answer = mail_policy_answer(-1, "say \"no\"");
  g_assert_cmpstr(answer, ==, "{\"status\":-1,\"msg\":\"say \\\"no\\\"\"}");
}

typedef struct {
  const char *header, *login, *secret; /* login NULL: refused */
} Basic;

static const Basic basics[] = {
    {"Basic YTpi", "a", "b"},       {"basic YTpi", "a", "b"},
    {"Basic YTo=", "a", ""},        {"Basic YTpiOmM=", "a", "b:c"},
    {"Basic w7w6w7w=", "ü", "ü"},   {"Basic OmI=", NULL, NULL},
    {"Basic YWI=", NULL, NULL},     {"Basic YTpi YTpi", NULL, NULL},
    {"Basic YTpi\tx", NULL, NULL},  {"Basic YTr/", NULL, NULL},
    {"Basic YTpiAGM=", NULL, NULL}, {"Basic ", NULL, NULL},
    {"Bearer YTpi", NULL, NULL},    {NULL, NULL, NULL},
};

static void test_basic(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(basics); i++) {
    char *keep = NULL;
    const char *login = NULL, *secret = NULL;
    g_test_message("%s", basics[i].header);
    g_assert_cmpint(mail_policy_basic(basics[i].header, &keep, &login, &secret), ==, basics[i].login != NULL);
    g_assert_cmpstr(login, ==, basics[i].login);
    g_assert_cmpstr(secret, ==, basics[i].secret);
    crypto_free_secret(keep);
  }
}

/* The value was computed with Python's hmac, as docs/webhook.md tells a store to do. */
static void test_sign(void) {
  g_autofree char *signature =
      mail_webhook_sign("0123456789abcdef0123456789abcdef", 1795530206, "{\"action\":\"look\"}");
  g_assert_cmpstr(signature, ==,
                  "t=1795530206,v1=27086fdb1759fbb62ce43e19ac33088a00cc55de62f4e31206d6682381fb18d0");
}

typedef struct {
  const char *text;
  gboolean good, exists, open;
  gint64 messages;
  guint sessions;
} Look;

static const Look looks[] = {
    {"{\"exists\":true,\"open\":true}", TRUE, TRUE, TRUE, -1, 0},
    {"{\"exists\":true,\"open\":false,\"sessions\":2,\"messages\":7,\"more\":[]}", TRUE, TRUE, FALSE, 7, 2},
    {"{\"exists\":false}", TRUE, FALSE, FALSE, -1, 0},
    {"{\"exists\":true}", FALSE, 0, 0, 0, 0},
    {"{\"exists\":1}", FALSE, 0, 0, 0, 0},
    {"{\"exists\":true,\"open\":\"yes\"}", FALSE, 0, 0, 0, 0},
    {"{\"exists\":true,\"open\":true,\"messages\":-1}", FALSE, 0, 0, 0, 0},
    {"{\"exists\":true,\"open\":true,\"messages\":1.5}", FALSE, 0, 0, 0, 0},
    {"{\"exists\":true,\"open\":true,\"sessions\":\"2\"}", FALSE, 0, 0, 0, 0},
    {"[]", FALSE, 0, 0, 0, 0},
    {"", FALSE, 0, 0, 0, 0},
};

static void test_looks(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(looks); i++) {
    const Look *c = &looks[i];
    MailWebhookLook look = {0};
    g_autoptr(GError) error = NULL;
    g_test_message("%s", c->text);
    g_assert_cmpint(mail_webhook_parse_look(c->text, strlen(c->text), &look, &error), ==, c->good);
    if (!c->good) {
      g_assert_error(error, MAIL_DRIVER_ERROR, MAIL_DRIVER_ERROR_UNCLEAR);
      continue;
    }
    g_assert_cmpint(look.report.exists, ==, c->exists);
    g_assert_cmpint(look.open, ==, c->open);
    g_assert_cmpint(look.report.messages, ==, c->messages);
    g_assert_cmpuint(look.report.sessions, ==, c->sessions);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mail_policy/asks", test_asks);
  g_test_add_func("/mail_policy/long_members", test_long_members);
  g_test_add_func("/mail_policy/reports", test_reports);
  g_test_add_func("/mail_policy/answer", test_answer);
  g_test_add_func("/mail_policy/basic", test_basic);
  g_test_add_func("/webhook/sign", test_sign);
  g_test_add_func("/webhook/looks", test_looks);
  return g_test_run();
}
