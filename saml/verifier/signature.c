#include "saml/verifier/signature.h"

#include <libxml/valid.h>
#include <string.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/transforms.h>
#include <xmlsec/xmldsig.h>

#include "saml/verifier/signature_keys.h"
#include "saml/verifier/signature_profile.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlSecDSigCtx, xmlSecDSigCtxDestroy)

/* Pinned keys are lent to a context, which would destroy them. */
static void end_loan(xmlSecDSigCtxPtr *context) {
  if (*context == NULL)
    return;
  (*context)->signKey = NULL;
  xmlSecDSigCtxDestroy(*context);
}

/* Only what the profile has let pass could ever be used; the lists are the second bar. */
static gboolean constrain(xmlSecDSigCtxPtr context) {
  const xmlSecTransformId for_info[] = {xmlSecTransformExclC14NId, xmlSecTransformRsaSha256Id,
                                        xmlSecTransformRsaSha384Id, xmlSecTransformRsaSha512Id};
  const xmlSecTransformId for_reference[] = {xmlSecTransformEnvelopedId, xmlSecTransformExclC14NId,
                                             xmlSecTransformSha256Id, xmlSecTransformSha384Id,
                                             xmlSecTransformSha512Id};
  int failed = 0;
  for (gsize i = 0; i < G_N_ELEMENTS(for_info); i++)
    failed |= xmlSecDSigCtxEnableSignatureTransform(context, for_info[i]) < 0;
  for (gsize i = 0; i < G_N_ELEMENTS(for_reference); i++)
    failed |= xmlSecDSigCtxEnableReferenceTransform(context, for_reference[i]) < 0;
  context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
  /* An ID is looked up as such: what stands in a URI is never an XPointer expression. */
  context->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES | XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK |
                    XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
  return !failed;
}

/* The octets that were digested, when there was one reference and its digest is right. */
static xmlSecBufferPtr digested(xmlSecDSigCtxPtr context) {
  if (xmlSecPtrListGetSize(&context->signedInfoReferences) != 1)
    return NULL;
  xmlSecDSigReferenceCtxPtr reference = xmlSecPtrListGetItem(&context->signedInfoReferences, 0);
  if (reference == NULL || reference->status != xmlSecDSigStatusSucceeded)
    return NULL;
  return xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
}

/* C50: the root of what was signed is what we asked about. */
static gboolean is_same_element(const xmlNode *element, const xmlNode *root) {
  return root != NULL && root->ns != NULL && xmlStrEqual(root->name, element->name) &&
         xmlStrEqual(root->ns->href, element->ns->href) &&
         g_strcmp0(saml_signature_text(root, "ID"), saml_signature_text(element, "ID")) == 0;
}

static xmlDoc *parse_octets(const xmlNode *element, xmlSecBufferPtr octets, SamlFailure *failure) {
  const char *bytes = (const char *)xmlSecBufferGetData(octets);
  gsize n = xmlSecBufferGetSize(octets);
  gboolean metadata = xmlStrEqual(element->ns->href, BAD_CAST SAML_NS_METADATA);
  g_autoptr(xmlDoc) document =
      metadata ? saml_gate_parse_metadata(bytes, n, failure) : saml_gate_parse(bytes, n, failure);
  if (document == NULL)
    return NULL;
  if (is_same_element(element, xmlDocGetRootElement(document)))
    return g_steal_pointer(&document);
  *failure = SAML_SIG_PROFILE;
  return NULL;
}

/* SAML_SIG_INVALID with *again set: another key may hold. A wrong digest is wrong for every key. */
static xmlDoc *verify_with(xmlNode *element, xmlNode *signature, xmlSecKeyPtr key, gboolean *again,
                           SamlFailure *failure) {
  __attribute__((cleanup(end_loan))) xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
  *failure = SAML_SIG_INVALID;
  *again = FALSE;
  if (context == NULL || !constrain(context))
    return NULL;
  context->signKey = key;
  if (xmlSecDSigCtxVerify(context, signature) < 0)
    return NULL;
  xmlSecBufferPtr octets = digested(context);
  if (octets == NULL)
    return NULL;
  *again = context->status != xmlSecDSigStatusSucceeded;
  return *again ? NULL : parse_octets(element, octets, failure);
}

xmlDoc *saml_signature_verify(xmlNode *element, const SamlKeys *keys, guint *key, SamlFailure *failure) {
  xmlNode *signature = saml_signature_profile(element, failure);
  if (signature == NULL)
    return NULL;
  xmlAttr *id = saml_signature_id(element);
  *failure = SAML_SIG_INVALID;
  /* The only ID that the document has, as far as a reference can tell. */
  if (xmlAddID(NULL, element->doc, BAD_CAST saml_signature_text(element, "ID"), id) == NULL)
    return NULL;
  xmlDoc *octets = NULL;
  gboolean again = TRUE;
  for (guint i = 0; i < keys->keys->len && again && octets == NULL; i++) {
    const SamlPinnedKey *pinned = &g_array_index(keys->keys, SamlPinnedKey, i);
    octets = verify_with(element, signature, pinned->key, &again, failure);
    *key = pinned->index;
  }
  xmlRemoveID(element->doc, id);
  return octets;
}
