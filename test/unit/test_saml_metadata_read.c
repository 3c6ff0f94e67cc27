#include "saml/verifier/metadata_read.h"

#include <string.h>

#include "lib/crypto.h"
#include "lib/crypto_x509.h"
#include "saml/check.h"
#include "saml/verifier/libraries.h"
#include "saml/verifier/signature.h"

/* Certificates made today are valid then. */
#define NOW "2090-11-24T12:00:00Z"
#define DS "http://www.w3.org/2000/09/xmldsig#"
#define ENTITY "https://idp.example.org/saml"

typedef struct {
  guint8 *secret;
  gsize secret_n;
  GBytes *der, *other;
  char *certificate; /* base64 */
  char *weak, *curve, *expired;
} World;

static char *certificate_text(const char *file) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "saml", file, NULL);
  g_autofree char *pem = NULL;
  gsize n = 0;
  const char *why = NULL;
  g_assert_true(g_file_get_contents(path, &pem, &n, NULL));
  g_autoptr(GBytes) der = crypto_certificate_parse(pem, n, &why);
  g_assert_nonnull(der);
  return g_base64_encode(g_bytes_get_data(der, NULL), g_bytes_get_size(der));
}

static void set_up(World *world, gconstpointer data G_GNUC_UNUSED) {
  world->secret = crypto_key_pair_new("federation", 36500, &world->secret_n, &world->der);
  gsize n = 0;
  guint8 *unused = crypto_key_pair_new("somebody else", 36500, &n, &world->other);
  g_free(unused);
  world->certificate = g_base64_encode(g_bytes_get_data(world->der, NULL), g_bytes_get_size(world->der));
  world->weak = certificate_text("weak.pem");
  world->curve = certificate_text("curve.pem");
  world->expired = certificate_text("expired.pem");
}

static void tear_down(World *world, gconstpointer data G_GNUC_UNUSED) {
  crypto_wipe(world->secret, world->secret_n);
  g_free(world->secret);
  g_bytes_unref(world->der);
  g_bytes_unref(world->other);
  g_free(world->certificate);
  g_free(world->weak);
  g_free(world->curve);
  g_free(world->expired);
}

/* $C, $W, $E, $X: certificates; good, weak, elliptic, expired. */
static char *filled(const World *world, const char *text) {
  GString *xml = g_string_new(text);
  g_string_replace(xml, "$C", world->certificate, 0);
  g_string_replace(xml, "$W", world->weak, 0);
  g_string_replace(xml, "$E", world->curve, 0);
  g_string_replace(xml, "$X", world->expired, 0);
  return g_string_free(xml, FALSE);
}

#define X509(value) "<ds:X509Data><ds:X509Certificate>" value "</ds:X509Certificate></ds:X509Data>"
#define KEY(use, data) "<md:KeyDescriptor" use "><ds:KeyInfo>" data "</ds:KeyInfo></md:KeyDescriptor>"
#define SERVICE(name, binding, location) \
  "<md:" name " Binding='urn:oasis:names:tc:SAML:2.0:bindings:" binding "' Location='" location "'/>"
#define SSO SERVICE("SingleSignOnService", "HTTP-Redirect", "https://idp.example.org/sso?a=1&amp;b=2")
#define ROLE                                                                                         \
  "<md:IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'>" KEY(     \
      "", X509("$C")) SERVICE("SingleLogoutService", "HTTP-POST", "https://idp.example.org/slo") SSO \
      "</md:IDPSSODescriptor>"
#define NAMESPACES " xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata' xmlns:ds='" DS "'"
#define GOOD "<md:EntityDescriptor" NAMESPACES " entityID='" ENTITY "' ID='_e'>" ROLE "</md:EntityDescriptor>"
#define OTHER "<md:EntityDescriptor entityID='https://b.example.org/saml'>" ROLE "</md:EntityDescriptor>"
#define SP \
  "<md:EntityDescriptor entityID='https://sp.example.org/saml'><md:SPSSODescriptor/></md:EntityDescriptor>"
#define INNER "<md:EntityDescriptor entityID='" ENTITY "'>" ROLE "</md:EntityDescriptor>"
#define GROUP(attributes, inside) \
  "<md:EntitiesDescriptor" NAMESPACES " ID='_g'" attributes ">" inside "</md:EntitiesDescriptor>"

static gboolean read_with(const char *xml, const SamlMetadataWish *wish, SamlIdpMetadata *metadata,
                          SamlReport *report) {
  gint64 now_us = 0;
  g_assert_true(saml_time_parse(NOW, &now_us));
  saml_report_init(report);
  gboolean good = saml_metadata_read(xml, strlen(xml), wish, now_us, metadata, report);
  g_assert_cmpint(good, ==, report->failure == SAML_OK);
  return good;
}

static void test_good(World *world, gconstpointer data G_GNUC_UNUSED) {
  g_autofree char *xml = filled(world, GOOD);
  g_auto(SamlIdpMetadata) read = {0};
  SamlReport report;
  const SamlMetadataWish wish = {0};
  g_assert_true(read_with(xml, &wish, &read, &report));
  g_assert_cmpstr(read.entity_id, ==, ENTITY);
  g_assert_cmpstr(read.sso_redirect, ==, "https://idp.example.org/sso?a=1&b=2");
  g_assert_cmpstr(read.slo_post, ==, "https://idp.example.org/slo");
  g_assert_null(read.sso_post);
  g_assert_null(read.slo_redirect);
  g_assert_cmpuint(read.signing->len, ==, 1);
  g_assert_true(g_bytes_equal(read.signing->pdata[0], world->der));
  g_assert_false(read.signature_held);
  g_assert_false(read.wants_signed_requests);
  g_assert_cmpint(read.valid_until_us, ==, 0);
  g_assert_cmpuint(g_strv_length(read.warnings), ==, 1); /* of validUntil */
}

typedef struct {
  const char *from, *to; /* the first in GOOD */
  SamlFailure failure;
  const char *told; /* in the report when refused, in a warning when not; NULL: no more words than GOOD has */
} Case;

static const Case cases[] = {
    {"<md:Key", "<!-- don't mind --><md:Key", SAML_OK, NULL},
    {"<md:Key", "<md:Extensions><any xmlns='urn:any'/></md:Extensions><md:Key", SAML_OK, NULL},
    {"<md:IDPSSO", "<md:SPSSODescriptor/><md:IDPSSO", SAML_OK, NULL},
    {"2.0:protocol'", "2.0:protocol urn:oasis:names:tc:SAML:1.1:protocol'", SAML_OK, NULL},
    {"$C", "\n $C \n", SAML_OK, NULL},
    {X509("$C"), X509("$C") X509("$C"), SAML_OK, NULL},
    {X509("$C"), "<ds:KeyName>k</ds:KeyName>" X509("$C"), SAML_OK, NULL},
    {"<md:KeyDescriptor>", "<md:KeyDescriptor use='signing'>", SAML_OK, NULL},
    {"<md:KeyDescriptor>", KEY(" use='encryption'", X509("rubbish")) "<md:KeyDescriptor>", SAML_OK, NULL},
    {"<md:SingleSign", SERVICE("SingleSignOnService", "SOAP", "http://10.0.0.1/") "<md:SingleSign", SAML_OK,
     NULL},

    /* A131 */
    {X509("$C"), X509("rubbish") X509("$C"), SAML_OK, "cannot be read"},
    {X509("$C"), X509("") X509("$C"), SAML_OK, "cannot be read"},
    {X509("$C"),
     "<ds:X509Data><ds:X509Certificate>rubbish</ds:X509Certificate><ds:X509Certificate>$C"
     "</ds:X509Certificate></ds:X509Data>",
     SAML_OK, "cannot be read"},
    {X509("$C"), X509("$W") X509("$C"), SAML_OK, "shorter than 2048"},
    {X509("$C"), X509("$E") X509("$C"), SAML_OK, "not for RSA"},
    {X509("$C"), X509("$X"), SAML_OK, "has expired"},
    {X509("$C"), X509("$W"), SAML_SIG_KEY_WEAK, "no usable"},
    {X509("$C"), X509("$E"), SAML_NO_KEY, "no usable"},
    {X509("$C"), "", SAML_NO_KEY, "no usable"},
    {"<md:KeyDescriptor>", "<md:KeyDescriptor use='encryption'>", SAML_NO_KEY, "no usable"},
    {"<md:KeyDescriptor>", "<md:KeyDescriptor use='other'>", SAML_NO_KEY, "no usable"},
    /* C48: not from a role of another kind */
    {"<md:IDPSSODescriptor",
     "<md:AttributeAuthorityDescriptor>" KEY(
         "", X509("$C")) "</md:AttributeAuthorityDescriptor><md:IDPSSODescriptor",
     SAML_OK, NULL},

    /* C97, C98 */
    {" ID='_e'", " validUntil='2090-12-24T12:00:00Z'", SAML_OK, ""},
    {" ID='_e'", " validUntil='2090-11-24T12:00:00Z'", SAML_EXPIRED, "2090-11-24T12:00:00Z"},
    {" ID='_e'", " validUntil='2020-01-01T00:00:00Z'", SAML_EXPIRED, "2020-01-01T00:00:00Z"},
    {" ID='_e'", " validUntil='never'", SAML_BAD_TIME, "never"},
    {" ID='_e'", " validUntil='2099-11-24T12:00:00Z'", SAML_OK, "holds until"},
    {"<md:IDPSSODescriptor", "<md:IDPSSODescriptor validUntil='2090-11-23T12:00:00Z'", SAML_EXPIRED,
     "2090-11-23"},
    {" ID='_e'", " cacheDuration='sometimes'", SAML_OK, "cacheDuration"},

    /* C100 */
    {ENTITY, "", SAML_BAD_STRUCTURE, NULL},
    {ENTITY, "idp", SAML_BAD_STRUCTURE, "idp"},
    {ENTITY, "https://idp.example.org/ saml", SAML_BAD_STRUCTURE, "saml"},
    {" entityID='" ENTITY "'", "", SAML_BAD_STRUCTURE, NULL},

    /* C101 */
    {"https://idp.example.org/sso", "http://idp.example.org/sso", SAML_BAD_STRUCTURE, "http://"},
    {"https://idp.example.org/sso", "javascript:alert(1)//", SAML_BAD_STRUCTURE, "javascript:"},
    {"https://idp.example.org/sso", "data:text/html,x", SAML_BAD_STRUCTURE, "data:"},
    {"https://idp.example.org/sso", "https://user@idp.example.org/sso", SAML_BAD_STRUCTURE, "user@"},
    {"https://idp.example.org/sso", "https://127.0.0.1/sso", SAML_BAD_STRUCTURE, "127.0.0.1"},
    {"https://idp.example.org/sso", "https://127.1/sso", SAML_BAD_STRUCTURE, "127.1"},
    {"https://idp.example.org/sso", "https://2130706433/sso", SAML_BAD_STRUCTURE, "2130706433"},
    {"https://idp.example.org/sso", "https://0x7f.0.0.1/sso", SAML_BAD_STRUCTURE, "0x7f"},
    {"https://idp.example.org/sso", "https://10.1.2.3/sso", SAML_BAD_STRUCTURE, "10.1.2.3"},
    {"https://idp.example.org/sso", "https://169.254.169.254/", SAML_BAD_STRUCTURE, "169.254"},
    {"https://idp.example.org/sso", "https://[::1]/sso", SAML_BAD_STRUCTURE, "::1"},
    {"https://idp.example.org/sso", "https://[::ffff:10.0.0.1]/sso", SAML_BAD_STRUCTURE, "10.0.0.1"},
    {"https://idp.example.org/sso", "https://localhost/sso", SAML_BAD_STRUCTURE, "localhost"},
    {"https://idp.example.org/sso", "https://a.LOCALHOST./sso", SAML_BAD_STRUCTURE, "LOCALHOST"},
    {"https://idp.example.org/sso", "https://idp.local/sso", SAML_BAD_STRUCTURE, "idp.local"},
    {"https://idp.example.org/sso", "https:///sso", SAML_BAD_STRUCTURE, "https:///"},
    {"https://idp.example.org/sso", "//idp.example.org/sso", SAML_BAD_STRUCTURE, "//"},
    {"https://idp.example.org/sso", "https://idp.example.org/s so", SAML_BAD_STRUCTURE, "s so"},
    {"b=2", "b=2#c", SAML_BAD_STRUCTURE, "#c"},
    {"https://idp.example.org/sso", "https://1.1.1.1/sso", SAML_OK, NULL},
    {"https://idp.example.org/slo", "http://idp.example.org/slo", SAML_BAD_STRUCTURE, "http://"},
    {SSO, "", SAML_BAD_STRUCTURE, "no SingleSignOnService"},
    {SSO, "<md:SingleSignOnService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'/>",
     SAML_BAD_STRUCTURE, NULL},

    {"2.0:protocol'", "1.1:protocol'", SAML_BAD_STRUCTURE, "no IDPSSODescriptor"},
    {"<md:IDPSSO", ROLE "<md:IDPSSO", SAML_BAD_STRUCTURE, "several"},
    {"2.0:metadata", "2.0:assertion", SAML_BAD_STRUCTURE, "EntityDescriptor"},
    {"<md:Key", "<![CDATA[]]><md:Key", SAML_CDATA, NULL},
};

static gboolean is_told(const SamlIdpMetadata *read, const SamlReport *report, const char *words) {
  if (report->failure != SAML_OK)
    return words == NULL || strstr(report->saw, words) != NULL;
  for (char **warning = read->warnings; *warning != NULL; warning++)
    if (words != NULL && *words != '\0' && strstr(*warning, words) != NULL)
      return TRUE;
  return words == NULL ? g_strv_length(read->warnings) == 1 : *words == '\0' && *read->warnings == NULL;
}

static void run_case(const World *world, const Case *c) {
  const char *at = strstr(GOOD, c->from);
  if (at == NULL)
    g_error("there is no %s", c->from);
  g_autofree char *before = g_strndup(GOOD, (gsize)(at - GOOD));
  g_autofree char *text = g_strconcat(before, c->to, at + strlen(c->from), NULL);
  g_autofree char *xml = filled(world, text);
  g_auto(SamlIdpMetadata) read = {0};
  SamlReport report;
  const SamlMetadataWish wish = {0};
  read_with(xml, &wish, &read, &report);
  if (report.failure != c->failure || !is_told(&read, &report, c->told))
    g_error("%s: %s, saw %s, %s", c->to, saml_failure_name(report.failure), report.saw,
            read.warnings == NULL ? "" : g_strjoinv("; ", read.warnings));
  if (report.failure == SAML_OK)
    g_assert_cmpuint(read.signing->len, ==, 1);
}

static void test_cases(World *world, gconstpointer data G_GNUC_UNUSED) {
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    run_case(world, &cases[i]);
}

/* C101: an admin who vouches may use a host of his own; nothing that is no http. */
static void test_local(World *world, gconstpointer data G_GNUC_UNUSED) {
  static const struct {
    const char *url;
    SamlFailure failure;
  } urls[] = {{"http://127.0.0.1:8080/sso", SAML_OK},
              {"https://idp/sso", SAML_OK},
              {"javascript:alert(1)//", SAML_BAD_STRUCTURE},
              {"http://a@127.0.0.1/", SAML_BAD_STRUCTURE},
              {"http://127.0.0.1/&quot;&gt;", SAML_BAD_STRUCTURE}};
  for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
    g_autoptr(GString) text = g_string_new(GOOD);
    g_string_replace(text, "https://idp.example.org/sso", urls[i].url, 1);
    g_autofree char *xml = filled(world, text->str);
    g_auto(SamlIdpMetadata) read = {0};
    SamlReport report;
    const SamlMetadataWish wish = {.local = TRUE};
    read_with(xml, &wish, &read, &report);
    g_assert_cmpint(report.failure, ==, urls[i].failure);
  }
}

static void test_cache(World *world, gconstpointer data G_GNUC_UNUSED) {
  static const struct {
    const char *text;
    gint64 seconds; /* 0: not understood, or none */
  } durations[] = {{"PT6H", 21600},     {"P1D", 86400}, {"P7DT1H30M", 610200}, {"PT0.5S", 0},
                   {"P1Y2M", 36720000}, {"PT1M", 60},   {"P1M", 2592000},      {"P", 0},
                   {"PT", 0},           {"P1", 0},      {"-P1D", 0},           {"P1H", 0},
                   {"PT1D", 0},         {"P1DT", 0},    {"P1M1Y", 0},          {"P1D1D", 0},
                   {"6H", 0},           {"", 0},        {"PT1H ", 0},          {"P9999999999D", 0}};
  for (gsize i = 0; i < G_N_ELEMENTS(durations); i++) {
    g_autofree char *attribute = g_strdup_printf(" cacheDuration='%s'", durations[i].text);
    g_autoptr(GString) text = g_string_new(GOOD);
    g_string_replace(text, " ID='_e'", attribute, 1);
    g_autofree char *xml = filled(world, text->str);
    g_auto(SamlIdpMetadata) read = {0};
    SamlReport report;
    const SamlMetadataWish wish = {0};
    g_assert_true(read_with(xml, &wish, &read, &report));
    g_assert_cmpint(read.cache_seconds, ==, durations[i].seconds);
  }
}

typedef struct {
  const char *xml, *entity_id;
  SamlFailure failure;
} PickCase;

static const PickCase picks[] = {
    {GOOD, ENTITY, SAML_OK},
    {GOOD, ENTITY "/", SAML_ISSUER_MISMATCH},
    {GROUP("", INNER), NULL, SAML_OK},
    {GROUP("", SP INNER), NULL, SAML_OK},
    {GROUP("", INNER OTHER), NULL, SAML_BAD_STRUCTURE},
    {GROUP("", INNER OTHER), ENTITY, SAML_OK},
    {GROUP("", OTHER INNER), ENTITY, SAML_OK},
    {GROUP("", "<md:EntitiesDescriptor>" OTHER "</md:EntitiesDescriptor><md:EntitiesDescriptor>" INNER
               "</md:EntitiesDescriptor>"),
     ENTITY, SAML_OK},
    {GROUP("", INNER INNER), ENTITY, SAML_ISSUER_MISMATCH},
    {GROUP("", OTHER), ENTITY, SAML_ISSUER_MISMATCH},
    {GROUP("", SP), NULL, SAML_BAD_STRUCTURE},
    {GROUP("", SP), "https://sp.example.org/saml", SAML_BAD_STRUCTURE},
    {GROUP("", ""), NULL, SAML_BAD_STRUCTURE},
    /* one that hides where nothing is looked for */
    {GROUP("", "<md:Extensions>" INNER "</md:Extensions>" OTHER), ENTITY, SAML_ISSUER_MISMATCH},
    {GROUP(" validUntil='2020-01-01T00:00:00Z'", INNER), ENTITY, SAML_EXPIRED},
};

static void test_pick(World *world, gconstpointer data G_GNUC_UNUSED) {
  for (gsize i = 0; i < G_N_ELEMENTS(picks); i++) {
    g_autofree char *xml = filled(world, picks[i].xml);
    g_auto(SamlIdpMetadata) read = {0};
    SamlReport report;
    const SamlMetadataWish wish = {.entity_id = picks[i].entity_id};
    read_with(xml, &wish, &read, &report);
    if (report.failure != picks[i].failure)
      g_error("%zu: %s, saw %s", i, saml_failure_name(report.failure), report.saw);
    if (report.failure == SAML_OK)
      g_assert_cmpstr(read.entity_id, ==, ENTITY);
  }
}

/* ---- signatures */

static char *signed_xml(const World *world, const char *text) {
  g_autofree char *xml = filled(world, text);
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse_metadata(xml, strlen(xml), &failure);
  g_autoptr(SamlSigner) signer = saml_signer_new(world->secret, world->secret_n, world->der);
  g_assert_true(saml_signature_add(xmlDocGetRootElement(document), NULL, signer));
  xmlChar *bytes = NULL;
  int n = 0;
  xmlDocDumpMemory(document, &bytes, &n);
  char *result = g_strndup((const char *)bytes, (gsize)n);
  xmlFree(bytes);
  return result;
}

static void verifies(const char *xml, GBytes *trusted, SamlFailure expected) {
  g_auto(SamlIdpMetadata) read = {0};
  SamlReport report;
  const SamlMetadataWish wish = {.entity_id = ENTITY, .trusted_der = trusted};
  read_with(xml, &wish, &read, &report);
  if (report.failure != expected)
    g_error("%s, not %s", saml_failure_name(report.failure), saml_failure_name(expected));
  g_assert_cmpint(read.signature_held, ==, expected == SAML_OK);
}

static char *replaced(const char *xml, const char *from, const char *to) {
  g_assert_nonnull(strstr(xml, from));
  GString *text = g_string_new(xml);
  g_string_replace(text, from, to, 1);
  return g_string_free(text, FALSE);
}

/* A126 */
static void test_signed(World *world, gconstpointer data G_GNUC_UNUSED) {
  g_autofree char *xml = signed_xml(world, GROUP("", OTHER INNER));
  verifies(xml, world->der, SAML_OK);
  verifies(xml, world->other, SAML_SIG_INVALID);
  g_autofree char *bare = filled(world, GROUP("", OTHER INNER));
  verifies(bare, world->der, SAML_SIG_MISSING);
  g_autofree char *tampered = replaced(xml, "idp.example.org/slo", "evil.example.org/slo");
  verifies(tampered, world->der, SAML_SIG_INVALID);
  g_autofree char *empty = replaced(xml, "URI=\"#_g\"", "URI=\"\"");
  verifies(empty, world->der, SAML_SIG_PROFILE);
  g_autofree char *sha1 = replaced(xml, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", DS "rsa-sha1");
  verifies(sha1, world->der, SAML_SIG_ALG);
}

/* The signed group inside another of the attacker's, and his group around the signature. */
static void test_wrapped(World *world, gconstpointer data G_GNUC_UNUSED) {
  g_autofree char *xml = signed_xml(world, GROUP("", OTHER));
  const char *root = strstr(xml, "<md:EntitiesDescriptor");
  g_autofree char *inner = filled(world, INNER);
  g_autofree char *around = g_strconcat("<md:EntitiesDescriptor" NAMESPACES " ID='_evil'>", inner, root,
                                        "</md:EntitiesDescriptor>", NULL);
  verifies(around, world->der, SAML_SIG_MISSING);
  const char *begin = strstr(root, "<ds:Signature"),
             *end = strstr(root, "</ds:Signature>") + strlen("</ds:Signature>");
  g_assert_nonnull(begin);
  g_autofree char *mark = g_strndup(begin, (gsize)(end - begin));
  g_autofree char *stolen = g_strconcat("<md:EntitiesDescriptor" NAMESPACES " ID='_evil'>", mark, inner, root,
                                        "</md:EntitiesDescriptor>", NULL);
  verifies(stolen, world->der, SAML_SIG_PROFILE);
}

/* More than a message may be: signed octets are read by the rules of metadata too. */
static void test_large(World *world, gconstpointer data G_GNUC_UNUSED) {
  g_autoptr(GString) text = g_string_new("<md:EntitiesDescriptor" NAMESPACES " ID='_g'>" INNER);
  for (guint i = 0; i < 3000; i++)
    g_string_append_printf(text, "<md:EntityDescriptor entityID='https://sp%u.example.org/saml/%u'/>", i, i);
  g_string_append(text, "</md:EntitiesDescriptor>");
  g_autofree char *xml = signed_xml(world, text->str);
  verifies(xml, world->der, SAML_OK);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_assert_true(saml_libraries_start());
  g_test_add("/saml/metadata_read/good", World, NULL, set_up, test_good, tear_down);
  g_test_add("/saml/metadata_read/cases", World, NULL, set_up, test_cases, tear_down);
  g_test_add("/saml/metadata_read/local", World, NULL, set_up, test_local, tear_down);
  g_test_add("/saml/metadata_read/cache", World, NULL, set_up, test_cache, tear_down);
  g_test_add("/saml/metadata_read/pick", World, NULL, set_up, test_pick, tear_down);
  g_test_add("/saml/metadata_read/signed", World, NULL, set_up, test_signed, tear_down);
  g_test_add("/saml/metadata_read/wrapped", World, NULL, set_up, test_wrapped, tear_down);
  g_test_add("/saml/metadata_read/large", World, NULL, set_up, test_large, tear_down);
  return g_test_run();
}
