#include "saml/verifier/signature_profile.h"

#include <string.h>

static const char *const signature_methods[] = {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                                                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
                                                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", NULL};

static const char *const digest_methods[] = {"http://www.w3.org/2001/04/xmlenc#sha256",
                                             "http://www.w3.org/2001/04/xmldsig-more#sha384",
                                             "http://www.w3.org/2001/04/xmlenc#sha512", NULL};

static const char *const enveloped[] = {SAML_ALGORITHM_ENVELOPED, NULL};
static const char *const exclusive[] = {SAML_ALGORITHM_EXC_C14N, NULL};

static gboolean is(const xmlNode *node, const char *ns, const char *name) {
  return node != NULL && node->ns != NULL && strcmp((const char *)node->name, name) == 0 &&
         strcmp((const char *)node->ns->href, ns) == 0;
}

static xmlNode *first(const xmlNode *parent) {
  return parent != NULL ? xmlFirstElementChild((xmlNode *)parent) : NULL;
}

static xmlNode *next(const xmlNode *node) {
  return xmlNextElementSibling((xmlNode *)node);
}

static xmlAttr *find_attribute(const xmlNode *node, const char *name) {
  for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next) {
    if (attribute->ns == NULL && strcmp((const char *)attribute->name, name) == 0)
      return attribute;
  }
  return NULL;
}

xmlAttr *saml_signature_id(const xmlNode *element) {
  return find_attribute(element, "ID");
}

const char *saml_signature_text(const xmlNode *node, const char *name) {
  const xmlAttr *attribute = find_attribute(node, name);
  const xmlNode *text = attribute != NULL ? attribute->children : NULL;
  return text != NULL && text->next == NULL && text->type == XML_TEXT_NODE ? (const char *)text->content
                                                                           : NULL;
}

/* A SAML_SIG_PROFILE where the element is another, a SAML_SIG_ALG where its algorithm is. */
static SamlFailure check_algorithm(const xmlNode *node, const char *name, const char *const *allowed) {
  if (!is(node, SAML_NS_DSIG, name))
    return SAML_SIG_PROFILE;
  const char *algorithm = saml_signature_text(node, "Algorithm");
  return algorithm != NULL && g_strv_contains(allowed, algorithm) ? SAML_OK : SAML_SIG_ALG;
}

static gboolean is_leaf(const xmlNode *node) {
  return first(node) == NULL;
}

/* A prefix list is the only thing that may stand in an exclusive canonicalisation. */
static gboolean has_prefixes_alone(const xmlNode *node) {
  const xmlNode *inner = first(node);
  return inner == NULL ||
         (is(inner, SAML_ALGORITHM_EXC_C14N, "InclusiveNamespaces") && next(inner) == NULL && is_leaf(inner));
}

/* C42: enveloped-signature, then exclusive canonicalisation, each once. A transform that is none of ours is the profile's breach. */
static gboolean transforms_hold(const xmlNode *transforms) {
  const xmlNode *remove = first(transforms), *canonical = remove != NULL ? next(remove) : NULL;
  return is(transforms, SAML_NS_DSIG, "Transforms") &&
         check_algorithm(remove, "Transform", enveloped) == SAML_OK && is_leaf(remove) &&
         check_algorithm(canonical, "Transform", exclusive) == SAML_OK && has_prefixes_alone(canonical) &&
         next(canonical) == NULL;
}

/* C41 */
static gboolean points_to(const xmlNode *reference, const char *id) {
  const char *uri = saml_signature_text(reference, "URI");
  return uri != NULL && uri[0] == '#' && strcmp(uri + 1, id) == 0;
}

static SamlFailure check_reference(const xmlNode *reference, const char *id) {
  if (!is(reference, SAML_NS_DSIG, "Reference") || next(reference) != NULL || !points_to(reference, id))
    return SAML_SIG_PROFILE;
  const xmlNode *transforms = first(reference);
  if (!transforms_hold(transforms))
    return SAML_SIG_PROFILE;
  const xmlNode *method = next(transforms);
  SamlFailure failure = check_algorithm(method, "DigestMethod", digest_methods);
  if (failure != SAML_OK)
    return failure;
  const xmlNode *value = next(method);
  gboolean whole =
      is_leaf(method) && is(value, SAML_NS_DSIG, "DigestValue") && is_leaf(value) && next(value) == NULL;
  return whole ? SAML_OK : SAML_SIG_PROFILE;
}

static SamlFailure check_signed_info(const xmlNode *info, const char *id) {
  const xmlNode *canonical = first(info);
  SamlFailure failure = check_algorithm(canonical, "CanonicalizationMethod", exclusive);
  if (failure != SAML_OK || !has_prefixes_alone(canonical))
    return SAML_SIG_PROFILE;
  const xmlNode *method = next(canonical);
  failure = check_algorithm(method, "SignatureMethod", signature_methods);
  if (failure != SAML_OK)
    return failure;
  return is_leaf(method) ? check_reference(next(method), id) : SAML_SIG_PROFILE;
}

/* KeyInfo is never read, only tolerated. */
static SamlFailure check_signature(const xmlNode *signature, const char *id) {
  const xmlNode *info = first(signature), *value = info != NULL ? next(info) : NULL;
  if (id == NULL || !is(info, SAML_NS_DSIG, "SignedInfo") || !is(value, SAML_NS_DSIG, "SignatureValue") ||
      !is_leaf(value))
    return SAML_SIG_PROFILE;
  const xmlNode *rest = next(value);
  if (rest != NULL && (!is(rest, SAML_NS_DSIG, "KeyInfo") || next(rest) != NULL))
    return SAML_SIG_PROFILE;
  return check_signed_info(info, id);
}

xmlNode *saml_signature_profile(const xmlNode *element, SamlFailure *failure) {
  xmlNode *signature = NULL;
  *failure = SAML_SIG_MISSING;
  for (xmlNode *child = first(element); child != NULL; child = next(child)) {
    if (!is(child, SAML_NS_DSIG, "Signature"))
      continue;
    *failure = signature == NULL ? SAML_OK : SAML_SIG_PROFILE;
    signature = child;
  }
  if (*failure == SAML_OK)
    *failure = check_signature(signature, saml_signature_text(element, "ID"));
  return *failure == SAML_OK ? signature : NULL;
}
