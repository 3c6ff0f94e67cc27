#include "saml/verifier/message.h"

#include <string.h>

#include "saml/verifier/libraries.h"
#include "saml/verifier/logout.h"
#include "saml/verifier/metadata_write.h"
#include "saml/verifier/query.h"
#include "saml/verifier/signature.h"
#include "test/unit/saml_samples.h"

/* Two sides that talk to each other: ours, and the same seen from the identity provider, to whom our certificate is the pinned one. */
typedef struct {
  SamlConnection *ours, *theirs;
  SamlTrust *trust, *their_trust;
} World;

static void replace(char **text, const char *with) {
  g_free(*text);
  *text = g_strdup(with);
}

static void world_init(World *world, SamlBinding binding) {
  world->ours = sample_connection();
  world->theirs = sample_connection();
  world->ours->sso_binding = world->ours->slo_binding = binding;
  replace(&world->theirs->idp_entity_id, world->ours->sp_entity_id);
  replace(&world->theirs->slo_url, world->ours->idp_slo_url);
  g_array_set_size(world->theirs->pinned, 0);
  SamlPinned pinned = {sample_bytes(sample_own_certificate)};
  g_array_append_val(world->theirs->pinned, pinned);
  world->trust = sample_trust(world->ours);
  world->their_trust = sample_trust(world->theirs);
}

static void world_clear(World *world) {
  saml_trust_free(world->trust);
  saml_trust_free(world->their_trust);
  saml_connection_unref(world->ours);
  saml_connection_unref(world->theirs);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static xmlDoc *parse(const char *xml, gsize n) {
  SamlFailure failure;
  xmlDoc *document = saml_gate_parse(xml, n, &failure);
  g_assert_cmpstr(saml_failure_name(failure), ==, "ok");
  g_assert_nonnull(document);
  return document;
}

static SamlKeys *our_public_key(void) {
  g_autoptr(GBytes) der = sample_bytes(sample_own_certificate);
  g_autoptr(GPtrArray) certificates = g_ptr_array_new();
  g_ptr_array_add(certificates, der);
  SamlFailure failure;
  SamlKeys *keys = saml_keys_new(certificates, &failure);
  g_assert_nonnull(keys);
  return keys;
}

/* The message of a redirect whose signature holds. */
static xmlDoc *open_redirect(const char *url, const char *destination) {
  g_assert_true(g_str_has_prefix(url, destination));
  g_auto(SamlQuery) query = {0};
  g_autoptr(SamlKeys) keys = our_public_key();
  SamlFailure failure;
  const char *text = url + strlen(destination) + 1;
  g_assert_true(saml_query_parse(text, strlen(text), &query, &failure));
  gsize n, signature_n;
  g_autofree guchar *deflated = g_base64_decode(query.message, &n);
  g_autofree guchar *signature = g_base64_decode(query.signature, &signature_n);
  g_assert_true(saml_signature_verify_bytes(query.signed_octets, strlen(query.signed_octets), query.algorithm,
                                            signature, signature_n, keys, &failure));
  g_assert_cmpstr(query.relay_state, ==, "a b&c");
  gsize xml_n;
  g_autofree char *xml = saml_gate_inflate((const char *)deflated, n, 100000, &xml_n, &failure);
  return parse(xml, xml_n);
}

static void assert_attribute(const xmlNode *node, const char *name, const char *wanted) {
  xmlChar *value = xmlGetNoNsProp((xmlNode *)node, BAD_CAST name);
  g_assert_cmpstr((const char *)value, ==, wanted);
  xmlFree(value);
}

static void assert_text(const xmlNode *parent, const char *ns, const char *name, const char *wanted) {
  const xmlNode *child = saml_structure_child(parent, ns, name);
  g_assert_nonnull(child);
  xmlChar *text = xmlNodeGetContent(child);
  g_assert_cmpstr((const char *)text, ==, wanted);
  xmlFree(text);
}

static void assert_asked(const xmlNode *root, const World *world) {
  g_assert_cmpstr((const char *)root->name, ==, "AuthnRequest");
  assert_attribute(root, "ID", "_0123");
  assert_attribute(root, "Version", "2.0");
  assert_attribute(root, "IssueInstant", "2026-11-24T10:00:00Z");
  assert_attribute(root, "Destination", world->ours->sso_url);
  assert_attribute(root, "AssertionConsumerServiceURL", world->ours->acs_url);
  assert_attribute(root, "ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
  assert_text(root, SAML_NS_ASSERTION, "Issuer", world->ours->sp_entity_id);
}

/* Nothing that was not asked for (SDP-SP04, SDP-SP07). */
static void test_ask_redirect(void) {
  g_auto(World) world = {0};
  world_init(&world, SAML_BINDING_REDIRECT);
  g_auto(SamlSend) send = {0};
  SamlReport report;
  saml_report_init(&report);
  SamlAsk ask = {.id = "_0123", .now_us = SAMPLE_NOW_US};
  g_assert_true(saml_message_ask(world.trust, world.ours, &ask, "a b&c", &send, &report));
  g_assert_null(send.form);
  g_autoptr(xmlDoc) document = open_redirect(send.url, world.ours->sso_url);
  const xmlNode *root = xmlDocGetRootElement(document);
  assert_asked(root, &world);
  assert_attribute(root, "ForceAuthn", NULL);
  assert_attribute(root, "IsPassive", NULL);
  g_assert_null(saml_structure_child(root, SAML_NS_PROTOCOL, "NameIDPolicy"));
  g_assert_null(saml_structure_child(root, SAML_NS_PROTOCOL, "RequestedAuthnContext"));
}

static void test_ask_post(void) {
  g_auto(World) world = {0};
  world_init(&world, SAML_BINDING_POST);
  world.ours->name_id_format = g_strdup("urn:x:<format>");
  world.ours->contexts = g_strsplit("urn:one urn:two", " ", -1);
  g_auto(SamlSend) send = {0};
  SamlReport report;
  saml_report_init(&report);
  SamlAsk ask = {.id = "_0123", .now_us = SAMPLE_NOW_US, .force_authn = TRUE, .passive = TRUE};
  g_assert_true(saml_message_ask(world.trust, world.ours, &ask, NULL, &send, &report));
  g_assert_cmpstr(send.url, ==, world.ours->sso_url);
  g_assert_cmpstr(send.field, ==, "SAMLRequest");
  gsize n;
  guint key;
  SamlFailure failure;
  g_autofree guchar *xml = g_base64_decode(send.form, &n);
  g_autoptr(xmlDoc) document = parse((const char *)xml, n);
  g_autoptr(SamlKeys) keys = our_public_key();
  g_autoptr(xmlDoc) octets = saml_signature_verify(xmlDocGetRootElement(document), keys, &key, &failure);
  g_assert_nonnull(octets);
  const xmlNode *root = xmlDocGetRootElement(octets);
  assert_asked(root, &world);
  assert_attribute(root, "ForceAuthn", "true");
  assert_attribute(root, "IsPassive", "true");
  assert_attribute(saml_structure_child(root, SAML_NS_PROTOCOL, "NameIDPolicy"), "Format", "urn:x:<format>");
  const xmlNode *asked = saml_structure_child(root, SAML_NS_PROTOCOL, "RequestedAuthnContext");
  assert_attribute(asked, "Comparison", "exact");
  g_assert_cmpuint(xmlChildElementCount((xmlNode *)asked), ==, 2);
}

/* ---- logout, from us to them */

typedef struct {
  const char *name;
  gint64 later_us; /* they read it that much later */
  void (*change)(World *world);
  SamlFailure failure;
} LogoutCase;

static void other_destination(World *world) {
  replace(&world->theirs->slo_url, "https://idp.example.org/slo");
}

static void other_issuer(World *world) {
  replace(&world->theirs->idp_entity_id, "https://other.example.org");
}

static void second_name(World *world) {
  other_issuer(world);
  world->theirs->logout_issuers = g_strsplit(world->ours->sp_entity_id, " ", -1);
}

static void other_key(World *world) {
  saml_trust_free(world->their_trust);
  world->their_trust = sample_trust(world->ours);
}

static const LogoutCase logout_cases[] = {
    {"good", 0, NULL, SAML_OK},
    {"second-name", 0, second_name, SAML_OK},
    {"other-destination", 0, other_destination, SAML_DESTINATION},
    {"other-issuer", 0, other_issuer, SAML_ISSUER_MISMATCH},
    {"other-key", 0, other_key, SAML_SIG_INVALID},
    {"to-come", -181 * G_USEC_PER_SEC, NULL, SAML_STALE},
    {"in-time", 479 * G_USEC_PER_SEC, NULL, SAML_OK},
    {"expired", 480 * G_USEC_PER_SEC, NULL, SAML_EXPIRED},
    {"stale", 780 * G_USEC_PER_SEC, NULL, SAML_STALE},
};

static void send_request(const World *world, SamlSend *send) {
  SamlReport report;
  saml_report_init(&report);
  const SamlNameId name_id = {"ada", "urn:format", "them", "us"};
  SamlLogoutAsk ask = {.id = "_0123", .now_us = SAMPLE_NOW_US, .name_id = &name_id, .session_index = "_s1"};
  g_assert_true(saml_message_logout(world->trust, world->ours, &ask, "there", send, &report));
}

static gboolean read_sent(const World *world, const SamlSend *send, gint64 now_us, SamlLogoutMessage *message,
                          SamlReport *report) {
  const char *text = send->form != NULL ? send->form : strstr(send->url, "&SAML") + 1;
  SamlLogoutIn in = {send->form != NULL ? send->field : NULL, text, strlen(text), now_us};
  saml_report_init(report);
  return saml_logout_read(world->their_trust, world->theirs, &in, message, report);
}

static void run_logout(const LogoutCase *c, SamlBinding binding) {
  g_auto(World) world = {0};
  world_init(&world, binding);
  if (c->change != NULL)
    c->change(&world);
  g_auto(SamlSend) send = {0};
  g_auto(SamlLogoutMessage) message = {0};
  SamlReport report;
  send_request(&world, &send);
  gboolean held = read_sent(&world, &send, SAMPLE_NOW_US + c->later_us, &message, &report);
  g_assert_cmpstr(saml_failure_name(report.failure), ==, saml_failure_name(c->failure));
  g_assert_cmpint(held, ==, c->failure == SAML_OK);
  if (!held)
    return;
  const SamlNameId wanted = {"ada", "urn:format", "them", "us"};
  g_assert_true(message.request && saml_name_id_equal(&message.name_id, &wanted));
  g_assert_cmpstr(message.session_indexes[0], ==, "_s1");
  g_assert_cmpint(message.valid_until_us, ==, SAMPLE_NOW_US + (gint64)480 * G_USEC_PER_SEC);
}

static void test_logout(gconstpointer data) {
  run_logout(data, SAML_BINDING_REDIRECT);
  run_logout(data, SAML_BINDING_POST);
}

static void test_logout_response(void) {
  for (int success = 0; success <= 1; success++) {
    g_auto(World) world = {0};
    world_init(&world, success ? SAML_BINDING_POST : SAML_BINDING_REDIRECT);
    g_auto(SamlSend) send = {0};
    g_auto(SamlLogoutMessage) message = {0};
    SamlReport report;
    saml_report_init(&report);
    SamlLogoutAsk ask = {.id = "_1", .now_us = SAMPLE_NOW_US, .in_response_to = "_asked", .success = success};
    g_assert_true(saml_message_logout(world.trust, world.ours, &ask, NULL, &send, &report));
    g_assert_cmpstr(send.field, ==, "SAMLResponse");
    g_assert_true(read_sent(&world, &send, SAMPLE_NOW_US, &message, &report));
    g_assert_false(message.request);
    g_assert_cmpstr(message.in_response_to, ==, "_asked");
    g_assert_cmpint(message.success, ==, success);
  }
}

/* C90: what comes without a signature is nobody's. */
static void test_logout_unsigned(void) {
  g_auto(World) world = {0};
  world_init(&world, SAML_BINDING_POST);
  g_autofree char *xml =
      g_strdup_printf("<p:LogoutRequest xmlns:p=\"" SAML_NS_PROTOCOL "\" xmlns:s=\"" SAML_NS_ASSERTION
                      "\" ID=\"_1\" Version=\"2.0\" IssueInstant=\"2026-11-24T10:00:00Z\" Destination=\"%s\">"
                      "<s:Issuer>%s</s:Issuer><s:NameID>ada</s:NameID></p:LogoutRequest>",
                      world.theirs->slo_url, world.theirs->idp_entity_id);
  g_autofree char *base64 = g_base64_encode((const guchar *)xml, strlen(xml));
  g_auto(SamlLogoutMessage) message = {0};
  SamlReport report;
  SamlSend send = {.form = base64, .field = (char *)"SAMLRequest"};
  g_assert_false(read_sent(&world, &send, SAMPLE_NOW_US, &message, &report));
  g_assert_cmpint(report.failure, ==, SAML_SIG_MISSING);
}

static void test_metadata(void) {
  g_auto(World) world = {0};
  world_init(&world, SAML_BINDING_REDIRECT);
  SamlOwnKey next = sample_own_key();
  g_array_append_val(world.ours->signing, next);
  SamlReport report;
  saml_report_init(&report);
  g_autofree char *xml = saml_metadata_write(world.trust, world.ours, SAMPLE_NOW_US, 7, &report);
  g_assert_nonnull(xml);
  g_autoptr(xmlDoc) document = parse(xml, strlen(xml));
  g_autoptr(SamlKeys) keys = our_public_key();
  guint key;
  SamlFailure failure;
  g_autoptr(xmlDoc) octets = saml_signature_verify(xmlDocGetRootElement(document), keys, &key, &failure);
  g_assert_nonnull(octets);
  const xmlNode *root = xmlDocGetRootElement(octets);
  assert_attribute(root, "entityID", world.ours->sp_entity_id);
  assert_attribute(root, "validUntil", "2026-12-01T10:00:00Z");
  const xmlNode *role = saml_structure_child(root, SAML_NS_METADATA, "SPSSODescriptor");
  assert_attribute(role, "AuthnRequestsSigned", "true");
  assert_attribute(role, "WantAssertionsSigned", "true");
  /* Extensions, two signing keys, one to encrypt for, two ways to log out, one to sign in. */
  g_assert_cmpuint(xmlChildElementCount((xmlNode *)role), ==, 7);
  const xmlNode *consumer = xmlLastElementChild((xmlNode *)role);
  assert_attribute(consumer, "Location", world.ours->acs_url);
  assert_attribute(consumer, "isDefault", "true");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  if (!saml_libraries_start())
    return 1;
  g_test_add_func("/saml-message/ask/redirect", test_ask_redirect);
  g_test_add_func("/saml-message/ask/post", test_ask_post);
  for (gsize i = 0; i < G_N_ELEMENTS(logout_cases); i++) {
    g_autofree char *path = g_strconcat("/saml-message/logout/", logout_cases[i].name, NULL);
    g_test_add_data_func(path, &logout_cases[i], test_logout);
  }
  g_test_add_func("/saml-message/logout/response", test_logout_response);
  g_test_add_func("/saml-message/logout/unsigned", test_logout_unsigned);
  g_test_add_func("/saml-message/metadata", test_metadata);
  return g_test_run();
}
