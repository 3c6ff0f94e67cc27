#include "saml/verifier/verify.h"

#include <stdlib.h>
#include <string.h>

#include "saml/verifier/assertion.h"
#include "saml/verifier/libraries.h"
#include "test/unit/saml_samples.h"

/* Signed messages, changed at random: one that is accepted must say what it said before. The seed is g_test's own, printed first and
 * given back by --seed; GATEPOST_MUTATIONS makes more of them. */

#define MUTATIONS 6000

static const char *const samples[] = {"assertion",
                                      "response",
                                      "both",
                                      "prefix-list",
                                      "sha512",
                                      "encrypted-assertion",
                                      "encrypted-response",
                                      "encrypted-both",
                                      "two-confirmations",
                                      "two-confirmations-response"};

typedef struct {
  SamlConnection *connection;
  SamlTrust *trust;
} World;

static gboolean verify(const World *world, const GString *xml, SamlLogin *login, SamlReport *report) {
  saml_report_init(report);
  g_autofree char *base64 = g_base64_encode((const guchar *)xml->str, xml->len);
  return saml_verify_response(world->trust, world->connection, base64, strlen(base64), SAMPLE_NOW_US, login,
                              report);
}

/* Everything that anything is decided by. The wrapper's own ID means nothing where it was not signed. */
static gboolean means_the_same(const SamlLogin *a, const SamlLogin *b) {
  return saml_assertion_same(a, b) && g_strcmp0(a->in_response_to, b->in_response_to) == 0 &&
         g_strcmp0(a->address, b->address) == 0 && a->issued_us == b->issued_us &&
         a->authenticated_us == b->authenticated_us && a->session_until_us == b->session_until_us &&
         a->valid_until_us == b->valid_until_us &&
         (!a->signed_response || g_strcmp0(a->response_id, b->response_id) == 0);
}

/* ---- elements as spans of text */

typedef struct {
  gsize start, end;
} Span;

/* From "<name" to behind its end; the messages have neither comments nor CDATA. FALSE: it is no start tag, or never ends. */
static gboolean element_at(const GString *xml, gsize start, Span *span) {
  if (!g_ascii_isalpha(xml->str[start + 1]))
    return FALSE;
  int depth = 0;
  gsize at = start;
  while (at < xml->len) {
    const char *tag = strchr(xml->str + at, '<'), *end = tag != NULL ? strchr(tag, '>') : NULL;
    if (end == NULL)
      return FALSE;
    depth += tag[1] == '/' ? -1 : end[-1] == '/' ? 0 : 1;
    at = (gsize)(end - xml->str) + 1;
    if (depth <= 0) {
      *span = (Span){start, at};
      return TRUE;
    }
  }
  return FALSE;
}

/* All but the root. */
static GArray *elements(const GString *xml) {
  GArray *spans = g_array_new(FALSE, FALSE, sizeof(Span));
  const char *at = strchr(xml->str, '<');
  while (at != NULL && (at = strchr(at + 1, '<')) != NULL) {
    Span span;
    if (element_at(xml, (gsize)(at - xml->str), &span))
      g_array_append_val(spans, span);
  }
  return spans;
}

static gsize any(gsize n) {
  return n > 0 ? (gsize)g_test_rand_int_range(0, (gint32)n) : 0;
}

static Span any_element(const GString *xml) {
  g_autoptr(GArray) spans = elements(xml);
  return spans->len > 0 ? g_array_index(spans, Span, any(spans->len)) : (Span){0, xml->len};
}

/* ---- the mutations */

static void flip(GString *xml) {
  for (gsize i = any(3) + 1; i > 0; i--)
    xml->str[any(xml->len)] ^= (char)(1 << any(8));
}

static void replace_byte(GString *xml) {
  static const char bytes[] = "<>&\"'/=:# \n-!?x0Aa_";
  xml->str[any(xml->len)] = bytes[any(sizeof bytes - 1)];
}

static void truncate_tail(GString *xml) {
  g_string_truncate(xml, any(xml->len));
}

static void cut_out(GString *xml) {
  gsize at = any(xml->len), n = any(40) + 1;
  g_string_erase(xml, (gssize)at, (gssize)MIN(n, xml->len - at));
}

static void delete_element(GString *xml) {
  Span span = any_element(xml);
  g_string_erase(xml, (gssize)span.start, (gssize)(span.end - span.start));
}

/* A copy goes before any element, or behind it. */
static void put_somewhere(GString *xml, const char *text) {
  Span place = any_element(xml);
  g_string_insert(xml, (gssize)(any(2) == 0 ? place.start : place.end), text);
}

static void duplicate_element(GString *xml) {
  Span span = any_element(xml);
  g_autofree char *copy = g_strndup(xml->str + span.start, span.end - span.start);
  put_somewhere(xml, copy);
}

static void move_element(GString *xml) {
  Span span = any_element(xml);
  g_autofree char *copy = g_strndup(xml->str + span.start, span.end - span.start);
  g_string_erase(xml, (gssize)span.start, (gssize)(span.end - span.start));
  put_somewhere(xml, copy);
}

/* Another person, under the same signature or another ID. */
static void forge_copy(GString *xml) {
  Span span = any_element(xml);
  g_autoptr(GString) copy = g_string_new_len(xml->str + span.start, (gssize)(span.end - span.start));
  g_string_replace(copy, SAMPLE_PERSON, "eve@example.org", 0);
  if (any(2) == 0)
    g_string_replace(copy, " ID=\"_", " ID=\"_f", 0);
  put_somewhere(xml, copy->str);
}

static void insert_noise(GString *xml) {
  static const char *const noise[] = {"<!-- x -->", "<![CDATA[]]>", "<?x?>",          " ",    "\r\n",
                                      "&#120;",     "<!DOCTYPE x>", " xml:id=\"_q\"", "<x/>", "</x>"};
  const char *text = noise[any(G_N_ELEMENTS(noise))];
  if (any(2) == 0)
    put_somewhere(xml, text);
  else
    g_string_insert(xml, (gssize)any(xml->len), text);
}

static void swap_word(GString *xml) {
  static const char *const words[][2] = {
      {SAMPLE_PERSON, "eve@example.org"},
      {"InResponseTo=\"_q\"", "InResponseTo=\"_z\""},
      {"2026-11-24T10:05", "2026-11-24T10:55"},
      {"#_", "#"},
      {"rsa-sha256", "rsa-sha1"},
      {"xml-exc-c14n#", "xml-exc-c14n#WithComments"},
      {"saml:", "samlp:"},
      {"urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:2.0:protocol"},
      {"status:Success", "status:Requester"},
      {"/acs", "/acs/"},
      {"idp.example.org", "idp.example.com"},
      {"Assertion", "assertion"},
      {" ID=", " Id="}};
  gsize i = any(G_N_ELEMENTS(words));
  g_string_replace(xml, words[i][0], words[i][1], (guint)any(3));
}

static void (*const mutations[])(GString *xml) = {flip,           replace_byte, truncate_tail,     cut_out,
                                                  delete_element, move_element, duplicate_element, forge_copy,
                                                  swap_word,      insert_noise};

/* ---- */

static GString *load(const char *name) {
  g_autofree char *file = g_strconcat(name, ".xml", NULL);
  g_autofree char *path =
      g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "..", "fuzz", "corpus", "saml_response", file, NULL);
  g_autoptr(GError) error = NULL;
  char *bytes = NULL;
  gsize n = 0;
  g_file_get_contents(path, &bytes, &n, &error);
  g_assert_no_error(error);
  GString *xml = g_string_new_len(bytes, (gssize)n);
  g_free(bytes);
  return xml;
}

/* One in three is changed twice: what the first breaks the second may hide. */
static void mutate(GString *xml) {
  for (gsize i = any(3) == 0 ? 2 : 1; i > 0 && xml->len > 16; i--)
    mutations[any(G_N_ELEMENTS(mutations))](xml);
}

/* TRUE when it was accepted. */
static gboolean try_one(const World *world, const GString *good, const SamlLogin *wanted) {
  g_autoptr(GString) xml = g_string_new_len(good->str, (gssize)good->len);
  mutate(xml);
  g_auto(SamlLogin) login = {0};
  SamlReport report;
  if (!verify(world, xml, &login, &report)) {
    g_assert_cmpint(report.failure, !=, SAML_OK);
    return FALSE;
  }
  if (!means_the_same(&login, wanted))
    g_error("accepted with another meaning: %s", xml->str);
  return TRUE;
}

static guint how_many(void) {
  const char *more = g_getenv("GATEPOST_MUTATIONS");
  guint64 n = MUTATIONS;
  if (more != NULL)
    g_ascii_string_to_unsigned(more, 10, 1, G_MAXUINT, &n, NULL);
  return (guint)n / G_N_ELEMENTS(samples);
}

static void test_sample(gconstpointer data) {
  const char *name = data;
  World world = {.connection = sample_connection()};
  world.trust = sample_trust(world.connection);
  g_autoptr(GString) good = load(name);
  g_auto(SamlLogin) wanted = {0};
  SamlReport report;
  if (!verify(&world, good, &wanted, &report))
    g_error("the sample itself is refused: %s %s", saml_failure_name(report.failure), report.saw);
  g_assert_cmpstr(wanted.name_id.value, ==, SAMPLE_PERSON);
  guint n = how_many(), accepted = 0;
  for (guint i = 0; i < n; i++)
    accepted += try_one(&world, good, &wanted) ? 1 : 0;
  g_test_message("%s: %u changed, %u accepted, all of them with the same meaning", name, n, accepted);
  saml_trust_free(world.trust);
  saml_connection_unref(world.connection);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  if (!saml_libraries_start())
    return 1;
  for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
    g_autofree char *path = g_strconcat("/saml-mutation/", samples[i], NULL);
    g_test_add_data_func(path, samples[i], test_sample);
  }
  return g_test_run();
}
