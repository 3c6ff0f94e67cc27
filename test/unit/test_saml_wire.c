#include "saml/wire.h"

#include <string.h>

#include "saml/form.h"

static GBytes *blob(const char *text) {
  return g_bytes_new(text, strlen(text));
}

static GStrv words(const char *text) {
  return g_strsplit(text, ",", -1);
}

static SamlConnection *connection_new(void) {
  SamlConnection *connection = saml_connection_new();
  SamlPinned pinned = {blob("der")};
  SamlOwnKey key = {blob("own"), blob("sealed")};
  connection->org_id = 7;
  connection->version = G_MININT64;
  connection->slug = g_strdup("acme-okta");
  connection->name = g_strdup("Ackmé");
  connection->sp_entity_id = g_strdup("https://gatepost.example.org/saml/acme-okta/metadata");
  connection->acs_url = g_strdup("https://gatepost.example.org/saml/acme-okta/acs");
  connection->slo_url = g_strdup("https://gatepost.example.org/saml/acme-okta/slo");
  connection->idp_entity_id = g_strdup("http://www.okta.com/exk1");
  connection->contexts = words("a,b");
  connection->signed_what = SAML_SIGNED_BOTH;
  connection->allow_cbc = TRUE;
  g_array_append_val(connection->pinned, pinned);
  g_array_append_val(connection->decryption, key);
  return connection;
}

static GByteArray *written(const SamlWireField *form, const void *structure) {
  GByteArray *bytes = g_byte_array_new();
  g_assert_true(saml_wire_put(bytes, G_MAXUINT16, form, structure));
  return bytes;
}

static void test_connection(void) {
  g_autoptr(SamlConnection) connection = connection_new();
  g_autoptr(SamlConnection) read = saml_connection_new();
  g_autoptr(GByteArray) bytes = written(saml_form_connection, connection);
  g_assert_true(saml_wire_get(bytes->data, bytes->len, saml_form_connection, read));
  g_assert_cmpint(read->org_id, ==, 7);
  g_assert_cmpint(read->version, ==, G_MININT64);
  g_assert_cmpstr(read->name, ==, "Ackmé");
  g_assert_null(read->idp_slo_url);
  g_assert_null(read->logout_issuers);
  g_assert_cmpstr(read->contexts[1], ==, "b");
  g_assert_cmpint(read->signed_what, ==, SAML_SIGNED_BOTH);
  g_assert_true(read->allow_cbc);
  g_assert_false(read->force_authn);
  g_assert_cmpint(read->skew_seconds, ==, SAML_SKEW_SECONDS);
  g_assert_cmpuint(read->pinned->len, ==, 1);
  g_assert_cmpuint(read->signing->len, ==, 0);
  g_assert_true(g_bytes_equal(g_array_index(read->decryption, SamlOwnKey, 0).sealed,
                              g_array_index(connection->decryption, SamlOwnKey, 0).sealed));
}

static void fill_login(SamlLogin *login) {
  SamlAttribute attribute = {
      .name = g_strdup("groups"), .values = words("staff,,mail"), .complex = TRUE};
  *login = (SamlLogin){.response_id = g_strdup("_r"),
                       .assertion_id = g_strdup("_a"),
                       .issuer = g_strdup("https://idp.example.org"),
                       .name_id = {.value = g_strdup("ada"), .format = g_strdup("")},
                       .session_until_us = 5,
                       .attributes = saml_attributes_new(),
                       .signed_assertion = TRUE,
                       .key = 3};
  g_array_append_val(login->attributes, attribute);
}

static void test_login(void) {
  g_auto(SamlLogin) login = {0};
  g_auto(SamlLogin) read = {0};
  fill_login(&login);
  g_autoptr(GByteArray) bytes = written(saml_form_result(SAML_JOB_LOGIN), &login);
  g_assert_true(saml_wire_get(bytes->data, bytes->len, saml_form_result(SAML_JOB_LOGIN), &read));
  g_assert_true(saml_name_id_equal(&login.name_id, &read.name_id));
  g_assert_cmpstr(read.name_id.format, ==, "");
  g_assert_null(read.in_response_to);
  g_assert_cmpint(read.session_until_us, ==, 5);
  g_assert_cmpuint(read.key, ==, 3);
  const SamlAttribute *attribute = &g_array_index(read.attributes, SamlAttribute, 0);
  g_assert_true(attribute->complex);
  g_assert_cmpuint(g_strv_length(attribute->values), ==, 3);
  g_assert_cmpstr(attribute->values[2], ==, "mail");
}

/* Every prefix is refused, and so is every byte more: a message is read completely or not at all. */
static void test_cut(void) {
  g_auto(SamlLogin) login = {0};
  fill_login(&login);
  const SamlWireField *form = saml_form_result(SAML_JOB_LOGIN);
  g_autoptr(GByteArray) bytes = written(form, &login);
  g_byte_array_append(bytes, (const guint8 *)"\0", 1);
  for (guint n = 0; n <= bytes->len; n++) {
    g_auto(SamlLogin) read = {0};
    g_autofree guint8 *exact = g_memdup2(bytes->data, n);
    g_assert_cmpint(saml_wire_get(exact, n, form, &read), ==, n + 1 == bytes->len);
  }
}

/* The same for the connection, whose arrays were made before. */
static void test_cut_connection(void) {
  g_autoptr(SamlConnection) connection = connection_new();
  g_autoptr(GByteArray) bytes = written(saml_form_connection, connection);
  for (guint n = 0; n < bytes->len; n++) {
    g_autoptr(SamlConnection) read = saml_connection_new();
    g_autofree guint8 *exact = g_memdup2(bytes->data, n);
    g_assert_false(saml_wire_get(exact, n, saml_form_connection, read));
  }
}

typedef struct {
  guint number;
  gboolean flag;
  char *text;
  GStrv texts;
  char fixed[4];
  guint8 octets[2];
} Small;

static const SamlWireField small[] = {
    {SAML_WIRE_NUMBER, G_STRUCT_OFFSET(Small, number), .most = 9},
    {SAML_WIRE_FLAG, G_STRUCT_OFFSET(Small, flag)},
    {SAML_WIRE_MAYBE, G_STRUCT_OFFSET(Small, text), .most = 5},
    {SAML_WIRE_TEXTS, G_STRUCT_OFFSET(Small, texts), .most = 2},
    {SAML_WIRE_FIXED, G_STRUCT_OFFSET(Small, fixed), .most = 3},
    {SAML_WIRE_OCTETS, G_STRUCT_OFFSET(Small, octets), .most = 3, .size = 2},
    {SAML_WIRE_END},
};

/* What stands over its maximum is not written. */
static void test_put_limits(void) {
  char *three[] = {(char *)"a", (char *)"b", (char *)"c", NULL};
  const struct {
    Small value;
    gsize most;
    gboolean good;
  } cases[] = {
      {{.number = 9, .text = (char *)"fiver", .fixed = "abc"}, 1000, TRUE},
      {{.number = 10}, 1000, FALSE},
      {{.text = (char *)"sixsix"}, 1000, FALSE},
      {{.texts = three}, 1000, FALSE},
      {{.texts = three + 1}, 1000, TRUE},
      {{.fixed = {'a', 'b', 'c', 'd'}}, 1000, FALSE},
      {{.number = 9}, 40, TRUE},
      {{.number = 9}, 39, FALSE},
      {{.number = 9}, 0, FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_assert_cmpint(saml_wire_put(bytes, cases[i].most, small, &cases[i].value), ==, cases[i].good);
    g_assert_cmpuint(bytes->len, <=, cases[i].most);
  }
}

#define N(type, low) type low "\0\0\0\0\0\0\0"
#define TAG_NUMBER "\x02"
#define TAG_FLAG "\x01"
#define TAG_TEXT "\x04"
#define TAG_MAYBE "\x05"
#define TAG_FIXED "\x06"
#define TAG_OCTETS "\x07"
#define TAG_TEXTS "\x0a"
#define REST TAG_FIXED "\0\0\0\0" TAG_OCTETS "\2\0\0\0\0\0"

/* The bytes themselves: a hostile process writes them without our writer. */
static void test_get_refuses(void) {
#define ROW(text, good)                                                                                      \
  { text, sizeof text - 1, good }
  static const struct {
    const char *bytes;
    gsize n;
    gboolean good;
  } cases[] = {
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_MAYBE N(TAG_TEXTS, "\0") REST, TRUE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_TEXT "\1\0\0\0x" N(TAG_TEXTS, "\0") REST, TRUE),
      /* another type, a number over its maximum, a flag of two */
      ROW(N(TAG_FLAG, "\1") N(TAG_FLAG, "\1") TAG_MAYBE N(TAG_TEXTS, "\0") REST, FALSE),
      ROW(N(TAG_NUMBER, "\12") N(TAG_FLAG, "\1") TAG_MAYBE N(TAG_TEXTS, "\0") REST, FALSE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\2") TAG_MAYBE N(TAG_TEXTS, "\0") REST, FALSE),
      /* a NUL, a text that is no UTF-8, one over its maximum, one that is said to be longer than all */
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_TEXT "\2\0\0\0x\0" N(TAG_TEXTS, "\0") REST, FALSE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_TEXT "\1\0\0\0\xff" N(TAG_TEXTS, "\0") REST, FALSE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_TEXT "\6\0\0\0sixsix" N(TAG_TEXTS, "\0") REST, FALSE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_TEXT "\xff\xff\xff\xff" N(TAG_TEXTS, "\0") REST, FALSE),
      /* more texts than allowed, and a count that the rest cannot hold */
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_MAYBE TAG_TEXTS "\0\0\0\0\0\0\0\x7f" REST, FALSE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_MAYBE N(TAG_TEXTS, "\2"), FALSE),
      /* octets: one too large, one too few */
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_MAYBE N(TAG_TEXTS, "\0") TAG_FIXED
          "\0\0\0\0" TAG_OCTETS "\2\0\0\0\0\4",
          FALSE),
      ROW(N(TAG_NUMBER, "\1") N(TAG_FLAG, "\1") TAG_MAYBE N(TAG_TEXTS, "\0") TAG_FIXED
          "\0\0\0\0" TAG_OCTETS "\1\0\0\0\0",
          FALSE),
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    Small value = {0};
    g_test_message("case %zu", i);
    g_assert_cmpint(saml_wire_get(cases[i].bytes, cases[i].n, small, &value), ==, cases[i].good);
    saml_wire_clear(small, &value);
    g_assert_null(value.text);
    g_assert_null(value.texts);
  }
}

/* What a process may not claim, however well it is spelt. */
static void test_report_sound(void) {
  const struct {
    SamlCheck check;
    SamlCheckState state;
    SamlFailure failure;
    gboolean sound;
  } cases[] = {
      {SAML_CHECK_XML, SAML_CHECK_PASSED, SAML_OK, TRUE},
      {SAML_CHECK_XML, SAML_CHECK_FAILED, SAML_DOCTYPE, TRUE},
      {SAML_CHECK_XML, SAML_CHECK_FAILED, SAML_OK, FALSE},
      {SAML_CHECK_XML, SAML_CHECK_PASSED, SAML_DOCTYPE, FALSE},
      {SAML_CHECK_PERSON, SAML_CHECK_PASSED, SAML_OK, FALSE},
      {SAML_CHECK_REPLAY, SAML_CHECK_FAILED, SAML_REPLAY, FALSE},
      {SAML_CHECK_XML, SAML_CHECK_FAILED, SAML_BUSY, FALSE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    SamlReport report;
    saml_report_init(&report);
    report.state[cases[i].check] = (guint8)cases[i].state;
    report.failure = cases[i].failure;
    g_assert_cmpint(saml_form_report_sound(&report), ==, cases[i].sound);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/wire/connection", test_connection);
  g_test_add_func("/saml/wire/login", test_login);
  g_test_add_func("/saml/wire/cut", test_cut);
  g_test_add_func("/saml/wire/cut_connection", test_cut_connection);
  g_test_add_func("/saml/wire/put_limits", test_put_limits);
  g_test_add_func("/saml/wire/get_refuses", test_get_refuses);
  g_test_add_func("/saml/wire/report_sound", test_report_sound);
  return g_test_run();
}
