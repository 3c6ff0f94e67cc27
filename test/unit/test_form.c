#include "lib/form.h"

#include <string.h>

typedef struct {
  const char *body, *value; /* of SAMLResponse; value NULL: no such field, or several */
  gboolean bad;             /* the whole form */
} Case;

static const Case cases[] = {
    {"SAMLResponse=a%2Bb%3D", "a+b=", FALSE},
    {"SAMLResponse=a+b&RelayState=x", "a b", FALSE},
    {"RelayState=x&SAMLResponse=", "", FALSE},
    {"SAMLResponse", "", FALSE},
    {"&&SAMLResponse=x&", "x", FALSE},
    {"samlresponse=x", NULL, FALSE},
    {"SAMLResponse=x&SAMLResponse=y", NULL, FALSE},
    {"SAMLResponse=x&%53AMLResponse=y", NULL, FALSE},
    {"", NULL, FALSE},
    {"SAMLResponse=%zz", NULL, TRUE},
    {"SAMLResponse=%4", NULL, TRUE},
    {"SAMLResponse=%00", NULL, TRUE},
    {"SAMLResponse=%ff", NULL, TRUE},
    {"SAMLResponse=a b", NULL, TRUE},
    {"SAMLResponse=\xc3\xa4", NULL, TRUE},
};

static void test_bodies(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s", cases[i].body);
    g_autoptr(Form) form = form_parse(cases[i].body, strlen(cases[i].body));
    g_assert_cmpint(form == NULL, ==, cases[i].bad);
    if (form != NULL)
      g_assert_cmpstr(form_get(form, "SAMLResponse"), ==, cases[i].value);
  }
}

static void test_many(void) {
  g_autoptr(GString) body = g_string_new(NULL);
  for (int i = 0; i < FORM_FIELDS; i++)
    g_string_append(body, "a=1&");
  g_autoptr(Form) most = form_parse(body->str, body->len);
  g_assert_cmpint(form_count(most, "a"), ==, FORM_FIELDS);
  g_string_append(body, "a=1");
  g_assert_null(form_parse(body->str, body->len));
}

typedef struct {
  const char *header, *value;
} Cookie;

static const Cookie cookies[] = {
    {"a=1", "1"},       {"b=2; a=1", "1"},    {"b=2;a=1;c=3", "1"},    {"a=", ""},
    {"a=1; a=2", NULL}, {"xa=1; ab=2", NULL}, {"A=1", NULL},           {"", NULL},
    {NULL, NULL},       {"a", NULL},          {"b=2; ; a=x=y", "x=y"}, {"a=1 ", "1"},
};

static void test_cookies(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(cookies); i++) {
    g_autofree char *value = form_cookie(cookies[i].header, "a");
    g_test_message("%s", cookies[i].header);
    g_assert_cmpstr(value, ==, cookies[i].value);
  }
}

static void test_types(void) {
  static const char *const good[] = {"application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded",
                                     "application/x-www-form-urlencoded; charset=UTF-8",
                                     "application/x-www-form-urlencoded ;x"};
  static const char *const bad[] = {NULL, "", "text/plain", "application/x-www-form-urlencodedx",
                                    "multipart/form-data; application/x-www-form-urlencoded"};
  for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
    g_assert_true(form_is_type(good[i]));
  for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
    g_assert_false(form_is_type(bad[i]));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/form/bodies", test_bodies);
  g_test_add_func("/form/many", test_many);
  g_test_add_func("/form/cookies", test_cookies);
  g_test_add_func("/form/types", test_types);
  return g_test_run();
}
