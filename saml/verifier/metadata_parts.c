#include "saml/verifier/metadata_parts.h"

#include <string.h>

#include "lib/cidr.h"
#include "lib/crypto_weak.h"
#include "lib/crypto_x509.h"
#include "lib/limits.h"
#include "saml/verifier/signature.h"

#define BINDING_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define BINDING_POST "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

#define EACH_CHILD(child, parent)            \
  const xmlNode *child = (parent)->children; \
  child != NULL;                             \
  child = child->next

/* ---- keys */

static gboolean has_certificate(const SamlMetadataWork *work, GBytes *der) {
  return g_ptr_array_find_with_equal_func(work->metadata->signing, der, g_bytes_equal, NULL);
}

/* By the same measure as a signature is verified with. */
static SamlFailure judge_key(GBytes *der) {
  SamlFailure failure;
  g_autoptr(GPtrArray) one = g_ptr_array_new();
  g_ptr_array_add(one, der);
  g_autoptr(SamlKeys) keys = saml_keys_new(one, &failure);
  return keys != NULL ? SAML_OK : failure;
}

static void warn_of_dates(SamlMetadataWork *work, const CryptoCertificate *certificate) {
  if (certificate->not_after_us < work->now_us)
    saml_metadata_warn(work, "the certificate %.16s… has expired; its key goes on working, ask for a new one",
                       certificate->fingerprint);
  else if (certificate->not_before_us > work->now_us)
    saml_metadata_warn(work, "the certificate %.16s… is not valid yet", certificate->fingerprint);
}

static void take_certificate(SamlMetadataWork *work, const xmlNode *node, SamlFailure *worst) {
  const char *text = node->children == NULL ? NULL : (const char *)node->children->content;
  const char *why = NULL;
  g_autoptr(GBytes) der = text == NULL ? NULL : crypto_certificate_parse(text, strlen(text), &why);
  g_auto(CryptoCertificate) certificate = {0};
  if (der == NULL || !crypto_certificate_read(der, &certificate)) {
    saml_metadata_warn(work, "a certificate cannot be read and is left out");
    return;
  }
  if (has_certificate(work, der))
    return;
  SamlFailure failure = judge_key(der);
  if (failure != SAML_OK) {
    const char *weakness = crypto_certificate_weakness(der);
    saml_metadata_warn(work, "the certificate %.16s… is left out: it %s", certificate.fingerprint,
                       weakness != NULL ? weakness : "cannot be used");
    *worst = failure == SAML_SIG_KEY_WEAK ? failure : *worst;
    return;
  }
  warn_of_dates(work, &certificate);
  g_ptr_array_add(work->metadata->signing, g_steal_pointer(&der));
}

/* A131: all certificates of all X509Data. */
static void take_key_info(SamlMetadataWork *work, const xmlNode *key_info, SamlFailure *worst) {
  for (EACH_CHILD(data, key_info)) {
    if (!saml_structure_is(data, SAML_NS_DSIG, "X509Data"))
      continue;
    for (EACH_CHILD(certificate, data))
      if (saml_structure_is(certificate, SAML_NS_DSIG, "X509Certificate"))
        take_certificate(work, certificate, worst);
  }
}

gboolean saml_metadata_read_keys(SamlMetadataWork *work, const xmlNode *role) {
  SamlFailure worst = SAML_NO_KEY;
  for (EACH_CHILD(descriptor, role)) {
    const char *use = saml_structure_attribute(descriptor, "use");
    if (!saml_structure_is(descriptor, SAML_NS_METADATA, "KeyDescriptor") ||
        (use != NULL && !g_str_equal(use, "signing")))
      continue;
    const xmlNode *key_info = saml_structure_child(descriptor, SAML_NS_DSIG, "KeyInfo");
    if (key_info != NULL)
      take_key_info(work, key_info, &worst);
  }
  if (work->metadata->signing->len > LIMIT_SAML_CERTIFICATES)
    return saml_report_fail(work->report, SAML_CHECK_STRUCTURE, SAML_TOO_LARGE,
                            "more than 16 signing certificates", NULL);
  return work->metadata->signing->len > 0 ||
         saml_report_fail(work->report, SAML_CHECK_STRUCTURE, worst, "no usable signing certificate", NULL);
}

/* ---- endpoints */

/* Also 127.1 and 0x7f000001, which browsers take for addresses. */
static gboolean is_numeric(const char *host) {
  const char *dot = strrchr(host, '.');
  const char *last = dot == NULL ? host : dot + 1;
  return strchr(host, ':') != NULL || g_ascii_strncasecmp(last, "0x", 2) == 0 ||
         last[strspn(last, "0123456789")] == '\0';
}

static gboolean is_public_host(const char *host) {
  static const char *const inner[] = {".localhost", ".local", ".internal", ".home.arpa"};
  IpAddress address;
  g_autofree char *name = g_ascii_strdown(host, -1);
  if (g_str_has_suffix(name, "."))
    name[strlen(name) - 1] = '\0';
  if (is_numeric(name))
    return cidr_address_parse(name, &address) && cidr_address_public(&address);
  gboolean good = strchr(name, '.') != NULL;
  for (gsize i = 0; i < G_N_ELEMENTS(inner); i++)
    good = good && !g_str_has_suffix(name, inner[i]);
  return good;
}

static gboolean is_good_url(const char *url, gboolean local) {
  if (strlen(url) > LIMIT_SAML_URL_BYTES)
    return FALSE;
  for (const char *at = url; *at != '\0'; at++)
    if (!g_ascii_isgraph(*at) || strchr("\\\"<>^`{}|", *at) != NULL)
      return FALSE;
  g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || g_uri_get_userinfo(uri) != NULL || g_uri_get_fragment(uri) != NULL)
    return FALSE;
  const char *scheme = g_uri_get_scheme(uri), *host = g_uri_get_host(uri);
  if (host == NULL || *host == '\0' || strpbrk(host, "%@") != NULL)
    return FALSE;
  return g_str_equal(scheme, "https") ? local || is_public_host(host) : local && g_str_equal(scheme, "http");
}

typedef struct {
  const char *service, *binding;
  gsize offset; /* of the char * in SamlIdpMetadata */
} EndpointRow;

/* Other bindings are left out: SOAP and artifacts need calls that gatepost does not make. */
static const EndpointRow endpoints[] = {
    {"SingleSignOnService", BINDING_REDIRECT, G_STRUCT_OFFSET(SamlIdpMetadata, sso_redirect)},
    {"SingleSignOnService", BINDING_POST, G_STRUCT_OFFSET(SamlIdpMetadata, sso_post)},
    {"SingleLogoutService", BINDING_REDIRECT, G_STRUCT_OFFSET(SamlIdpMetadata, slo_redirect)},
    {"SingleLogoutService", BINDING_POST, G_STRUCT_OFFSET(SamlIdpMetadata, slo_post)},
};

static const EndpointRow *find_endpoint(const xmlNode *node) {
  const char *binding = saml_structure_attribute(node, "Binding");
  for (gsize i = 0; i < G_N_ELEMENTS(endpoints); i++)
    if (saml_structure_is(node, SAML_NS_METADATA, endpoints[i].service) &&
        g_strcmp0(binding, endpoints[i].binding) == 0)
      return &endpoints[i];
  return NULL;
}

gboolean saml_metadata_read_endpoints(SamlMetadataWork *work, const xmlNode *role) {
  SamlIdpMetadata *metadata = work->metadata;
  for (EACH_CHILD(node, role)) {
    const EndpointRow *row = find_endpoint(node);
    if (row == NULL)
      continue;
    const char *url = saml_structure_attribute(node, "Location");
    if (url == NULL || !is_good_url(url, work->wish->local))
      return saml_report_fail(work->report, SAML_CHECK_DESTINATION, SAML_BAD_STRUCTURE, url,
                              "https at a public host, without user and fragment");
    char **place = G_STRUCT_MEMBER_P(metadata, row->offset);
    if (*place == NULL)
      *place = g_strdup(url);
  }
  if (metadata->sso_redirect == NULL && metadata->sso_post == NULL)
    return saml_report_fail(work->report, SAML_CHECK_DESTINATION, SAML_BAD_STRUCTURE,
                            "no SingleSignOnService", "one by HTTP-Redirect or HTTP-POST");
  saml_report_pass(work->report, SAML_CHECK_DESTINATION);
  return TRUE;
}
