#include "scim/token.h"

#include "lib/clock.h"
#include "scim/error.h"

#define NOW "2026-11-24T10:14:03Z"

typedef struct {
  const char *label;
  const char *expires, *revoked; /* NULL: never */
  const char *cidrs[3];
  const char *client; /* NULL: not known */
  int code;           /* -1: good */
  const char *words;  /* that the message holds */
} CheckCase;

static const CheckCase check_cases[] = {
    {"fresh", NULL, NULL, {NULL}, "198.51.100.4", -1, NULL},
    {"no-address", NULL, NULL, {NULL}, NULL, -1, NULL},
    {"expires-later", "2026-11-24T10:14:04Z", NULL, {NULL}, "198.51.100.4", -1, NULL},
    {"expires-now", NOW, NULL, {NULL}, "198.51.100.4", SCIM_ERROR_TOKEN_EXPIRED, "expired on 24 Nov 2026"},
    {"expired",
     "2026-11-03T23:59:59Z",
     NULL,
     {NULL},
     NULL,
     SCIM_ERROR_TOKEN_EXPIRED,
     "the token \"Okta prod\" expired on 3 Nov 2026"},
    {"revoked",
     NULL,
     "2026-01-31T00:00:00Z",
     {NULL},
     NULL,
     SCIM_ERROR_TOKEN_REVOKED,
     "the token \"Okta prod\" was revoked on 31 Jan 2026"},
    {"revoked-before-expired",
     "2026-11-03T00:00:00Z",
     "2026-11-02T00:00:00Z",
     {NULL},
     NULL,
     SCIM_ERROR_TOKEN_REVOKED,
     "revoked"},
    {"inside", NULL, NULL, {"203.0.113.0/24"}, "203.0.113.255", -1, NULL},
    {"inside-second", NULL, NULL, {"203.0.113.0/24", "2001:db8::/32"}, "2001:db8::7", -1, NULL},
    {"mapped", NULL, NULL, {"203.0.113.0/24"}, "::ffff:203.0.113.9", -1, NULL},
    {"outside",
     NULL,
     NULL,
     {"203.0.113.0/24"},
     "198.51.100.4",
     SCIM_ERROR_TOKEN_ADDRESS,
     "may only be used from 203.0.113.0/24; this came from 198.51.100.4"},
    {"outside-both",
     NULL,
     NULL,
     {"203.0.113.0/24", "2001:db8::/32"},
     "203.0.114.0",
     SCIM_ERROR_TOKEN_ADDRESS,
     "from 203.0.113.0/24 or 2001:db8::/32; this"},
    {"unknown-address", NULL, NULL, {"0.0.0.0/0"}, NULL, SCIM_ERROR_TOKEN_ADDRESS, "an unknown address"},
    {"expired-outside",
     "2026-11-03T00:00:00Z",
     NULL,
     {"203.0.113.0/24"},
     "198.51.100.4",
     SCIM_ERROR_TOKEN_EXPIRED,
     "expired"},
};

static gint64 instant(const char *text) {
  gint64 us = 0;
  if (text != NULL)
    g_assert_true(clock_parse(text, &us));
  return us;
}

static ScimToken *make_token(const CheckCase *c) {
  ScimToken *token = g_new0(ScimToken, 1);
  token->name = g_strdup("Okta prod");
  token->expires_us = instant(c->expires);
  token->revoked_us = instant(c->revoked);
  token->cidrs = g_new0(Cidr, G_N_ELEMENTS(c->cidrs));
  const char *why = NULL;
  for (; c->cidrs[token->n_cidrs] != NULL; token->n_cidrs++)
    g_assert_true(cidr_parse(c->cidrs[token->n_cidrs], &token->cidrs[token->n_cidrs], &why));
  return token;
}

static void test_check(gconstpointer data) {
  const CheckCase *c = data;
  g_autoptr(ScimToken) token = make_token(c);
  IpAddress client;
  if (c->client != NULL)
    g_assert_true(cidr_address_parse(c->client, &client));
  g_autoptr(GError) error = NULL;
  gboolean good = scim_token_check(token, instant(NOW), c->client != NULL ? &client : NULL, &error);
  g_assert_cmpint(good, ==, c->code < 0);
  if (good) {
    g_assert_no_error(error);
    return;
  }
  g_assert_error(error, SCIM_ERROR, c->code);
  g_assert_nonnull(strstr(error->message, c->words));
}

typedef struct {
  const char *profile, *off[3];
  guint64 allowed;
} AllowedCase;

#define BIT(name) (G_GUINT64_CONSTANT(1) << SCIM_LENIENT_##name)

static const AllowedCase allowed_cases[] = {
    {"any", {NULL}, SCIM_DIALECT_ALL},
    {"any", {"op-case"}, SCIM_DIALECT_ALL & ~BIT(OP_CASE)},
    {"any", {"op-case", "bearer-forms"}, SCIM_DIALECT_ALL & ~BIT(OP_CASE) & ~BIT(BEARER_FORMS)},
    {"any", {"a-leniency-of-a-later-version"}, SCIM_DIALECT_ALL},
    {"strict", {NULL}, 0},
    {"strict", {"op-case"}, 0},
    {"a-profile-of-a-later-version", {NULL}, 0},
};

static void test_allowed(gconstpointer data) {
  const AllowedCase *c = data;
  ScimToken token = {.profile = (char *)c->profile, .lenient_off = (char **)c->off};
  g_assert_cmphex(scim_token_allowed(&token), ==, c->allowed);
}

static void test_free_null(void) {
  scim_token_free(NULL);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(check_cases); i++) {
    g_autofree char *path = g_strdup_printf("/scim-token/check/%s", check_cases[i].label);
    g_test_add_data_func(path, &check_cases[i], test_check);
  }
  for (gsize i = 0; i < G_N_ELEMENTS(allowed_cases); i++) {
    g_autofree char *path = g_strdup_printf("/scim-token/allowed/%" G_GSIZE_FORMAT, i);
    g_test_add_data_func(path, &allowed_cases[i], test_allowed);
  }
  g_test_add_func("/scim-token/free-null", test_free_null);
  return g_test_run();
}
