#include "saml/verifier/structure.h"

#include <string.h>

typedef struct {
  const char *file;
  SamlRoot root;
} SampleCase;

/* In the styles of the identity providers that people use. */
static const SampleCase samples[] = {
    {"entra.xml", SAML_ROOT_RESPONSE},
    {"okta.xml", SAML_ROOT_RESPONSE},
    {"google.xml", SAML_ROOT_RESPONSE},
    {"adfs.xml", SAML_ROOT_RESPONSE},
    {"keycloak.xml", SAML_ROOT_RESPONSE},
    {"shibboleth.xml", SAML_ROOT_RESPONSE},
    {"shibboleth-inside.xml", SAML_ROOT_ASSERTION},
    {"simplesamlphp.xml", SAML_ROOT_RESPONSE},
    {"refusal.xml", SAML_ROOT_RESPONSE},
    {"logout-request.xml", SAML_ROOT_LOGOUT_REQUEST},
    {"logout-response.xml", SAML_ROOT_LOGOUT_RESPONSE},
};

static char *sample(const char *file) {
  g_autofree char *path = g_build_filename(g_getenv("GATEPOST_TEST_DATA"), "saml", file, NULL);
  char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  return text;
}

static SamlFailure judge(const char *xml, SamlRoot root, gboolean allow_cbc, char **where) {
  SamlFailure failure;
  const SamlStructureOptions options = {.allow_cbc = allow_cbc};
  g_autoptr(xmlDoc) document = saml_gate_parse(xml, strlen(xml), &failure);
  if (document == NULL)
    g_error("%s: %.2000s", saml_failure_name(failure), xml);
  const char *place = "never set";
  failure = saml_structure_check(document, root, &options, &place);
  *where = g_strdup(place);
  return failure;
}

static void is_judged(const char *xml, SamlRoot root, gboolean allow_cbc, SamlFailure expected,
                      const char *place) {
  g_autofree char *where = NULL;
  SamlFailure failure = judge(xml, root, allow_cbc, &where);
  if (failure != expected || g_strcmp0(where, place) != 0)
    g_error("%s at %s, not %s at %s: %.4000s", saml_failure_name(failure), where, saml_failure_name(expected),
            place, xml);
}

static void test_samples(void) {
  for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
    g_autofree char *xml = sample(samples[i].file);
    is_judged(xml, samples[i].root, FALSE, SAML_OK, NULL);
    for (guint root = SAML_ROOT_RESPONSE; root <= SAML_ROOT_LOGOUT_RESPONSE; root++) {
      g_autofree char *where = NULL;
      if ((SamlRoot)root != samples[i].root)
        g_assert_cmpint(judge(xml, (SamlRoot)root, FALSE, &where), ==, SAML_BAD_STRUCTURE);
    }
  }
}

/* A good message with everything that the cases below change, once. */
static const char message[] =
    "<p:Response xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol' "
    "xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'"
    " xmlns:d='http://www.w3.org/2000/09/xmldsig#' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'"
    " xmlns:x='http://www.w3.org/2001/XMLSchema' xmlns:f='urn:foreign'"
    " ID='_r' Version='2.0' IssueInstant='2026-11-24T14:14:33Z'><a:Issuer>idp</a:Issuer>"
    "<p:Extensions><f:note ID='_x'><f:deep>t</f:deep></f:note></p:Extensions>"
    "<p:Status><p:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></p:Status>"
    "<a:Assertion ID='_a' Version='2.0' IssueInstant='2026-11-24T14:14:33Z'><a:Issuer>idp</a:Issuer>"
    "<d:Signature><d:SignedInfo><d:CanonicalizationMethod "
    "Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>"
    "<d:SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/>"
    "<d:Reference URI='#_a'><d:Transforms>"
    "<d:Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>"
    "<d:Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/></d:Transforms>"
    "<d:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><d:DigestValue>AA==</d:DigestValue>"
    "</d:Reference></d:SignedInfo><d:SignatureValue>AA==</d:SignatureValue>"
    "<d:KeyInfo><d:X509Data><d:X509Certificate>AA==</d:X509Certificate></d:X509Data></d:KeyInfo></"
    "d:Signature>"
    "<a:Subject><a:NameID>ada</a:NameID>"
    "<a:SubjectConfirmation Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'>"
    "<a:SubjectConfirmationData Recipient='https://sp/acs'/></a:SubjectConfirmation></a:Subject>"
    "<a:Conditions><a:AudienceRestriction><a:Audience>sp</a:Audience></a:AudienceRestriction></a:Conditions>"
    "<a:Advice><f:advice/></a:Advice>"
    "<a:AuthnStatement AuthnInstant='2026-11-24T14:14:33Z'><a:AuthnContext>"
    "<a:AuthnContextClassRef>c</a:AuthnContextClassRef></a:AuthnContext></a:AuthnStatement>"
    "<a:AttributeStatement><a:Attribute Name='mail'><a:AttributeValue i:type='x:string'>v</a:AttributeValue>"
    "</a:Attribute></a:AttributeStatement></a:Assertion></p:Response>";

/* The first `from` of the message becomes `to`. */
typedef struct {
  const char *from, *to;
  SamlFailure failure;
  const char *where;
} ChangeCase;

#define BAD SAML_BAD_STRUCTURE
#define PROFILE SAML_SIG_PROFILE

static const ChangeCase changes[] = {
    {"<a:Issuer>idp</a:Issuer>", "", SAML_OK, NULL},
    {"<p:Status>", "\n <p:Status>", SAML_OK, NULL},
    {"<a:Advice><f:advice/></a:Advice>", "", SAML_OK, NULL},
    {"<d:KeyInfo>", "<d:KeyInfo><d:KeyName>k</d:KeyName>", SAML_OK, NULL},
    {" i:type='x:string'", "", SAML_OK, NULL},
    {" i:type='x:string'", " i:nil='true'", SAML_OK, NULL},
    {" i:type='x:string'", " f:any='1'", SAML_OK, NULL},
    {" i:type='x:string'", " i:type='xs:string'", SAML_OK, NULL},
    {" Name='mail'", " Name='mail' f:OriginalIssuer='o'", SAML_OK, NULL},
    {"IssueInstant=", "i:schemaLocation='urn:a b.xsd' IssueInstant=", SAML_OK, NULL},
    {">v<", "><a:NameID>n</a:NameID><", SAML_OK, NULL},
    {">v<", "><f:b>v</f:b><", SAML_OK, NULL},
    {">ada<", "><", SAML_OK, NULL},
    {"<a:SubjectConfirmation ", "<a:SubjectConfirmation Method='m'/><a:SubjectConfirmation ", SAML_OK, NULL},

    /* C27, C28 */
    {"Version='2.0'", "Version='1.1'", SAML_VERSION, "Response"},
    {"Version='2.0'", "Version=''", SAML_VERSION, "Response"},
    {"Version='2.0'", "", SAML_VERSION, "Response"},
    {"'_a' Version='2.0'", "'_a' Version='2.1'", SAML_VERSION, "Assertion"},
    {"'_a' Version='2.0'", "'_a'", SAML_VERSION, "Assertion"},
    {"ID='_r'", "", BAD, "Response"},
    {"IssueInstant='2026-11-24T14:14:33Z'>", ">", BAD, "Response"},
    {"ID='_r'", "ID='_r' Odd='1'", BAD, "Response"},
    {"ID='_r'", "ID='_r' f:odd='1'", BAD, "Response"},
    {"ID='_r'", "ID='_r' xml:lang='en'", BAD, "Response"},

    /* C29, C30 */
    {"<a:Assertion ", "<a:EncryptedAssertion/><a:Assertion ", SAML_MULTI_ASSERTION, "Assertion"},
    {"<f:deep>t</f:deep>", "<a:Assertion/>", BAD, "Assertion"},
    {"<f:deep>t</f:deep>", "<f:deep><a:EncryptedAssertion/></f:deep>", BAD, "EncryptedAssertion"},
    {"<f:deep>t</f:deep>", "<p:Response/>", BAD, "Response"},
    {"<f:deep>t</f:deep>", "<d:Signature/>", BAD, "Signature"},
    {"<f:deep>t</f:deep>", "<a:NameID>n</a:NameID>", BAD, "NameID"},
    {"<f:deep>t</f:deep>", "<f:deep i:type='x:string'/>", BAD, "note"},
    {"<f:deep>t</f:deep>", "<e:EncryptedData xmlns:e='http://www.w3.org/2001/04/xmlenc#'/>", BAD,
     "EncryptedData"},
    {"<f:deep>t</f:deep>", "<e:DerivedKey xmlns:e='http://www.w3.org/2009/xmlenc11#'/>", BAD, "DerivedKey"},
    {"<f:deep>t</f:deep>", "<e:KeyInfoReference xmlns:e='http://www.w3.org/2009/xmldsig11#'/>", BAD,
     "KeyInfoReference"},
    {"<f:advice/>", "<a:Assertion/>", BAD, "Assertion"},
    {"<f:advice/>", "<a:AssertionIDRef>x</a:AssertionIDRef>", BAD, "AssertionIDRef"},
    {">v<", "><a:Assertion/><", BAD, "Assertion"},
    {">v<", "><f:b><a:NameID>n</a:NameID></f:b><", BAD, "NameID"},
    {">v<", "><a:NameID><f:b/></a:NameID><", BAD, "NameID"},

    /* C36: order, number, names, text */
    {"<p:Status>", "<a:Issuer>idp</a:Issuer><p:Status>", BAD, "Issuer"},
    {"<p:Status>", "<p:Status><p:StatusMessage>m</p:StatusMessage>", BAD, "StatusCode"},
    {"<p:Status>", "<f:odd/><p:Status>", BAD, "odd"},
    {"<p:Status>", "text<p:Status>", BAD, "Response"},
    {"<a:Subject>", "<a:Subject>text", BAD, "Subject"},
    {"<a:Subject>", "<a:Subject/><a:Subject>", BAD, "Subject"},
    {"<a:Conditions>", "<a:Conditions/><a:Conditions>", BAD, "Conditions"},
    {"<a:NameID>ada</a:NameID>", "<a:NameID>ada</a:NameID><a:NameID>bob</a:NameID>", BAD, "NameID"},
    {"<a:NameID>ada</a:NameID>", "<a:NameID>a<f:b/>da</a:NameID>", BAD, "NameID"},
    {"<a:NameID>ada</a:NameID>", "<a:BaseID/>", BAD, "BaseID"},
    {"<a:NameID>ada</a:NameID>", "<a:EncryptedID/>", BAD, "EncryptedID"},
    {"<a:NameID>", "<a:NameID Odd='1'>", BAD, "NameID"},
    {" Recipient='https://sp/acs'/>", "><d:KeyInfo/></a:SubjectConfirmationData>", BAD, "KeyInfo"},
    {" Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'", "", BAD, "SubjectConfirmation"},
    {"<a:AuthnStatement ", "<a:Statement/><a:AuthnStatement ", BAD, "Statement"},
    {"<a:AuthnStatement ", "<a:AuthzDecisionStatement/><a:AuthnStatement ", BAD, "AuthzDecisionStatement"},
    {"<a:AuthnContext>", "<a:AuthnContext/><a:AuthnContext>", BAD, "AuthnContext"},
    {"<a:AttributeStatement>", "<a:AttributeStatement/><a:AttributeStatement>", BAD, "AttributeStatement"},
    {"<a:Attribute Name='mail'>", "<a:EncryptedAttribute/><a:Attribute Name='mail'>", BAD,
     "EncryptedAttribute"},
    {"<a:Attribute Name='mail'>", "<a:Attribute>", BAD, "Attribute"},
    {"<a:Attribute Name='mail'>", "<a:Attribute Name='mail' p:odd='1'>", BAD, "Attribute"},
    {"<a:Audience>sp</a:Audience>", "", BAD, "Audience"},
    {"<a:Issuer>idp</a:Issuer><d:Signature>", "<d:Signature>", BAD, "Issuer"},

    /* C68 */
    {"<a:AudienceRestriction>", "<a:Condition/><a:AudienceRestriction>", SAML_CONDITION_UNKNOWN, "Condition"},
    {"<a:AudienceRestriction>", "<f:odd/><a:AudienceRestriction>", SAML_CONDITION_UNKNOWN, "odd"},
    {"<a:AudienceRestriction>", "<a:OneTimeUse/><a:OneTimeUse/><a:AudienceRestriction>", BAD, "OneTimeUse"},
    {"<a:AudienceRestriction>", "<a:OneTimeUse>x</a:OneTimeUse><a:AudienceRestriction>", BAD, "OneTimeUse"},
    {"<a:AudienceRestriction>", "<a:OneTimeUse/><a:ProxyRestriction Count='1'/><a:AudienceRestriction>",
     SAML_OK, NULL},

    /* C23 */
    {"<a:Subject>", "<a:Subject i:type='a:AssertionType'>", BAD, "Subject"},
    {"<a:Conditions>", "<a:Conditions i:nil='true'>", BAD, "Conditions"},
    {"i:type='x:string'", "i:type='a:NameIDType'", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:type='a:string'", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:type='x:QName'", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:type='string'", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:type=''", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:type='none:string'", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:nil='x'", BAD, "AttributeValue"},
    {"i:type='x:string'", "i:odd='x'", BAD, "AttributeValue"},
    {"i:type='x:string'", "a:odd='x'", BAD, "AttributeValue"},

    /* C40–C42, C26 */
    {"<d:Signature>", "<d:Signature/><d:Signature>", PROFILE, "SignedInfo"},
    {"<a:Subject>", "<d:Signature/><a:Subject>", BAD, "Signature"},
    {"<a:Conditions>", "<d:Signature/><a:Conditions>", BAD, "Signature"},
    {"<p:Status>", "<d:Signature/><p:Status>", BAD, "Signature"},
    {"<d:SignedInfo>", "<d:SignedInfo/><d:SignedInfo>", PROFILE, "CanonicalizationMethod"},
    {"<d:SignatureValue>AA==</d:SignatureValue>", "", PROFILE, "SignatureValue"},
    {"<d:SignatureValue>AA==", "<d:SignatureValue>A<f:b/>A==", PROFILE, "SignatureValue"},
    {"</d:KeyInfo></d:Signature>", "</d:KeyInfo><d:Object/></d:Signature>", PROFILE, "Object"},
    {"<d:Reference ", "<d:Reference URI=''/><d:Reference ", PROFILE, "Transforms"},
    {" URI='#_a'", "", PROFILE, "Reference"},
    {"<d:Transforms>", "<d:Transforms><d:Transform Algorithm='x'/>", PROFILE, "Transform"},
    {"<d:Transforms>", "<d:Transforms><f:odd/>", PROFILE, "odd"},
    {"enveloped-signature'/>", "enveloped-signature'><d:XPath>1</d:XPath></d:Transform>", PROFILE, "XPath"},
    {"<d:DigestValue>AA==</d:DigestValue>", "<d:DigestValue/><d:DigestValue/>", PROFILE, "DigestValue"},
    {"rsa-sha256'/>", "rsa-sha256'><d:HMACOutputLength>1</d:HMACOutputLength></d:SignatureMethod>",
     SAML_SIG_ALG, "HMACOutputLength"},
    {"<d:KeyInfo>", "<d:KeyInfo><d:RetrievalMethod URI='file:///etc/passwd'/>", BAD, "RetrievalMethod"},
    {"<d:KeyInfo>", "<d:KeyInfo><e:KeyInfoReference xmlns:e='http://www.w3.org/2009/xmldsig11#' URI='x'/>",
     BAD, "KeyInfoReference"},
    {"<d:X509Certificate>", "<d:X509Certificate/><d:X509Digest/><d:X509Certificate>", BAD, "X509Digest"},
};

static char *changed(const char *text, const char *from, const char *to) {
  GString *out = g_string_new(text);
  if (g_string_replace(out, from, to, 1) == 0)
    g_error("the message has no %s", from);
  return g_string_free(out, FALSE);
}

static void test_changes(void) {
  is_judged(message, SAML_ROOT_RESPONSE, FALSE, SAML_OK, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
    g_autofree char *xml = changed(message, changes[i].from, changes[i].to);
    is_judged(xml, SAML_ROOT_RESPONSE, FALSE, changes[i].failure, changes[i].where);
  }
}

/* C29: none is for refusals alone. */
static void test_no_assertion(void) {
  g_autofree char *head = g_strndup(message, (gsize)(strstr(message, "<a:Assertion") - message));
  g_autofree char *none = g_strconcat(head, "</p:Response>", NULL);
  is_judged(none, SAML_ROOT_RESPONSE, FALSE, SAML_MULTI_ASSERTION, "Assertion");
  g_autofree char *refusal = changed(none, "status:Success", "status:Responder");
  is_judged(refusal, SAML_ROOT_RESPONSE, FALSE, SAML_OK, NULL);
  g_autofree char *nothing =
      changed(none, "<p:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/>", "");
  is_judged(nothing, SAML_ROOT_RESPONSE, FALSE, SAML_BAD_STRUCTURE, "StatusCode");
}

#define GCM "http://www.w3.org/2009/xmlenc11#aes128-gcm"
#define OAEP "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"

static const ChangeCase encrypted_changes[] = {
    {GCM, "http://www.w3.org/2009/xmlenc11#aes256-gcm", SAML_OK, NULL},
    {GCM, "http://www.w3.org/2001/04/xmlenc#aes256-cbc", SAML_ENC_ALG, "EncryptionMethod"},
    {GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc", SAML_ENC_ALG, "EncryptionMethod"},
    {GCM, GCM "#aes", SAML_ENC_ALG, "EncryptionMethod"},
    {GCM, "", SAML_ENC_ALG, "EncryptionMethod"},
    {OAEP, "http://www.w3.org/2001/04/xmlenc#rsa-1_5", SAML_ENC_ALG, "EncryptionMethod"},
    {OAEP, "http://www.w3.org/2009/xmlenc11#rsa-oaep", SAML_ENC_ALG, "EncryptionMethod"},
    {"xmldsig#sha1", "xmldsig-more#md5", SAML_ENC_ALG, "DigestMethod"},
    {"http://www.w3.org/2000/09/xmldsig#sha1", SAML_NS_XENC "sha256", SAML_ENC_ALG, "DigestMethod"},
    {"xmldsig#sha1\"/>", "xmldsig#sha1\"/><xenc:OAEPparams/>", SAML_ENC_ALG, "OAEPparams"},
    {"xmlenc#Element", "xmlenc#Content", BAD, "EncryptedData"},
    {"<xenc:EncryptedKey ", "<ds:RetrievalMethod URI=\"#_k\"/><xenc:EncryptedKey ", BAD, "RetrievalMethod"},
    {"<xenc:CipherData><xenc:CipherValue>",
     "<xenc:CipherData><xenc:CipherReference URI=\"file:///dev/zero\"/><xenc:CipherValue>", BAD,
     "CipherReference"},
    {"<xenc:CipherData>", "<xenc:CipherData/><xenc:CipherData>", BAD, "CipherValue"},
    {"</xenc:EncryptedData>", "<xenc:EncryptionProperties/></xenc:EncryptedData>", BAD,
     "EncryptionProperties"},
    {"</xenc:EncryptedData>",
     "</xenc:EncryptedData><EncryptedData xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/>", BAD,
     "EncryptedData"},
    {"</saml2:EncryptedAssertion>",
     "</saml2:EncryptedAssertion><EncryptedAssertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>",
     SAML_MULTI_ASSERTION, "Assertion"},
    {"</xenc:EncryptedKey>",
     "<xenc:ReferenceList><xenc:DataReference URI=\"#_enc1\"/></xenc:ReferenceList></xenc:EncryptedKey>",
     SAML_OK, NULL},
};

static void test_encrypted(void) {
  g_autofree char *good = sample("shibboleth.xml");
  for (gsize i = 0; i < G_N_ELEMENTS(encrypted_changes); i++) {
    const ChangeCase *c = &encrypted_changes[i];
    g_autofree char *xml = changed(good, c->from, c->to);
    is_judged(xml, SAML_ROOT_RESPONSE, FALSE, c->failure, c->where);
  }
  g_autofree char *cbc = changed(good, GCM, "http://www.w3.org/2001/04/xmlenc#aes256-cbc");
  is_judged(cbc, SAML_ROOT_RESPONSE, TRUE, SAML_OK, NULL);
  g_autofree char *old = changed(good, GCM, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc");
  is_judged(old, SAML_ROOT_RESPONSE, TRUE, SAML_ENC_ALG, "EncryptionMethod");
}

static const ChangeCase logout_changes[] = {
    {"<NameID xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">ada@example.org</NameID>", "", BAD, "NameID"},
    {"<samlp:SessionIndex>_a</samlp:SessionIndex>", "", SAML_OK, NULL},
    {"<samlp:SessionIndex>_a", "<samlp:SessionIndex><b/>", BAD, "SessionIndex"},
    {" Version=\"2.0\"", "", SAML_VERSION, "LogoutRequest"},
    {"</samlp:LogoutRequest>", "<samlp:Status/></samlp:LogoutRequest>", BAD, "Status"},
};

static void test_logout(void) {
  g_autofree char *good = sample("logout-request.xml");
  for (gsize i = 0; i < G_N_ELEMENTS(logout_changes); i++) {
    const ChangeCase *c = &logout_changes[i];
    g_autofree char *xml = changed(good, c->from, c->to);
    is_judged(xml, SAML_ROOT_LOGOUT_REQUEST, FALSE, c->failure, c->where);
  }
}

static void test_child(void) {
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse(message, strlen(message), &failure);
  const xmlNode *root = xmlDocGetRootElement(document);
  const xmlNode *assertion = saml_structure_child(root, SAML_NS_ASSERTION, "Assertion");
  g_assert_nonnull(assertion);
  g_assert_nonnull(saml_structure_child(assertion, SAML_NS_DSIG, "Signature"));
  g_assert_null(saml_structure_child(root, SAML_NS_DSIG, "Signature"));
  g_assert_null(saml_structure_child(root, SAML_NS_PROTOCOL, "Assertion"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/saml/structure/samples", test_samples);
  g_test_add_func("/saml/structure/changes", test_changes);
  g_test_add_func("/saml/structure/no_assertion", test_no_assertion);
  g_test_add_func("/saml/structure/encrypted", test_encrypted);
  g_test_add_func("/saml/structure/logout", test_logout);
  g_test_add_func("/saml/structure/child", test_child);
  return g_test_run();
}
