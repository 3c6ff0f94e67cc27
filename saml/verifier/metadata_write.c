#include "saml/verifier/metadata_write.h"

#include "lib/crypto.h"
#include "saml/verifier/message_xml.h"
#include "saml/verifier/trust.h"

#define BINDING "urn:oasis:names:tc:SAML:2.0:bindings:"
#define XMLENC11 "http://www.w3.org/2009/xmlenc11#"
#define MDUI "urn:oasis:names:tc:SAML:metadata:ui"
#define DAY_US ((gint64)24 * 3600 * G_USEC_PER_SEC)

static const char *const encryption_methods[] = {XMLENC11 "aes256-gcm", XMLENC11 "aes128-gcm",
                                                 SAML_NS_XENC "rsa-oaep-mgf1p"};

/* The ID only has to differ from one writing to the next. */
static void set_id(xmlNode *root) {
  guint8 random[16];
  crypto_random(random, sizeof random);
  g_autofree char *hex = crypto_hex(random, sizeof random);
  g_autofree char *id = g_strconcat("_", hex, NULL);
  saml_message_set(root, "ID", id);
}

static void add_key(xmlNode *role, const char *use, GBytes *der) {
  xmlNode *descriptor = saml_message_child(role, role->ns, "KeyDescriptor", NULL);
  saml_message_set(descriptor, "use", use);
  xmlNode *info = saml_message_child(descriptor, NULL, "KeyInfo", NULL);
  xmlSetNs(info, saml_message_ns(info, SAML_NS_DSIG, "ds"));
  gsize n;
  const guchar *bytes = g_bytes_get_data(der, &n);
  g_autofree char *text = g_base64_encode(bytes, n);
  xmlNode *data = saml_message_child(info, info->ns, "X509Data", NULL);
  saml_message_child(data, info->ns, "X509Certificate", text);
  if (!g_str_equal(use, "encryption"))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS(encryption_methods); i++) {
    xmlNode *method = saml_message_child(descriptor, role->ns, "EncryptionMethod", NULL);
    saml_message_set(method, "Algorithm", encryption_methods[i]);
  }
}

/* The current and the next, so that a change of keys finds every identity provider prepared. */
static void add_keys(xmlNode *role, const char *use, const GArray *keys) {
  for (guint i = 0; i < keys->len; i++)
    add_key(role, use, g_array_index(keys, SamlOwnKey, i).der);
}

static xmlNode *add_endpoint(xmlNode *role, const char *name, const char *binding, const char *location) {
  xmlNode *endpoint = saml_message_child(role, role->ns, name, NULL);
  saml_message_set(endpoint, "Binding", binding);
  saml_message_set(endpoint, "Location", location);
  return endpoint;
}

/* What an identity provider may show of us. */
static void add_name(xmlNode *role, const char *name) {
  xmlNode *extensions = saml_message_child(role, role->ns, "Extensions", NULL);
  xmlNode *info = saml_message_child(extensions, NULL, "UIInfo", NULL);
  xmlSetNs(info, saml_message_ns(info, MDUI, "mdui"));
  xmlNode *shown = saml_message_child(info, info->ns, "DisplayName", name);
  xmlNodeSetLang(shown, BAD_CAST "en");
}

static void add_role(xmlNode *root, const SamlConnection *connection) {
  xmlNode *role = saml_message_child(root, root->ns, "SPSSODescriptor", NULL);
  saml_message_set(role, "AuthnRequestsSigned", "true");
  saml_message_set(role, "WantAssertionsSigned", "true");
  saml_message_set(role, "protocolSupportEnumeration", SAML_NS_PROTOCOL);
  if (connection->name != NULL)
    add_name(role, connection->name);
  add_keys(role, "signing", connection->signing);
  add_keys(role, "encryption", connection->decryption);
  if (connection->slo_url != NULL) {
    add_endpoint(role, "SingleLogoutService", BINDING "HTTP-Redirect", connection->slo_url);
    add_endpoint(role, "SingleLogoutService", BINDING "HTTP-POST", connection->slo_url);
  }
  if (connection->name_id_format != NULL)
    saml_message_child(role, role->ns, "NameIDFormat", connection->name_id_format);
  xmlNode *consumer =
      add_endpoint(role, "AssertionConsumerService", BINDING "HTTP-POST", connection->acs_url);
  saml_message_set(consumer, "index", "0");
  saml_message_set(consumer, "isDefault", "true");
}

char *saml_metadata_write(const SamlTrust *trust, const SamlConnection *connection, gint64 now_us,
                          int valid_days, SamlReport *report) {
  g_autoptr(xmlDoc) document = saml_message_new(SAML_NS_METADATA, "md", "EntityDescriptor");
  xmlNode *root = xmlDocGetRootElement(document);
  set_id(root);
  saml_message_set(root, "entityID", connection->sp_entity_id);
  saml_message_set_time(root, "validUntil", now_us + valid_days * DAY_US);
  saml_message_set(root, "cacheDuration", "PT1H");
  add_role(root, connection);
  if (trust->signer == NULL || !saml_signature_add(root, NULL, trust->signer)) {
    saml_report_fail(report, SAML_CHECK_FORM, SAML_NO_KEY, NULL, "a signing key that the key file opens");
    return NULL;
  }
  saml_report_pass(report, SAML_CHECK_FORM);
  gsize n;
  return saml_message_text(document, &n);
}
