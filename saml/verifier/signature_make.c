#include "saml/verifier/signature.h"

#include <libxml/valid.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>

#include "saml/verifier/signature_keys.h"
#include "saml/verifier/signature_profile.h"

/* The signer's key is lent. */
static void end_loan(xmlSecDSigCtxPtr *context) {
  if (*context == NULL)
    return;
  (*context)->signKey = NULL;
  xmlSecDSigCtxDestroy(*context);
}

static void place(xmlNode *element, xmlNode *after, xmlNode *signature) {
  if (after != NULL)
    xmlAddNextSibling(after, signature);
  else if (element->children != NULL)
    xmlAddPrevSibling(element->children, signature);
  else
    xmlAddChild(element, signature);
}

/* KeyInfo with our certificate: some identity providers look for it. */
static void add_certificate(xmlNode *signature, const SamlSigner *signer) {
  xmlNode *info = xmlNewTextChild(signature, signature->ns, BAD_CAST "KeyInfo", NULL);
  xmlNode *data = xmlNewTextChild(info, signature->ns, BAD_CAST "X509Data", NULL);
  xmlNewTextChild(data, signature->ns, BAD_CAST "X509Certificate", BAD_CAST signer->certificate);
}

/* NULL: out of memory inside xmlsec. */
static xmlNode *template_new(xmlNode *element, const char *uri) {
  xmlNode *signature = xmlSecTmplSignatureCreateNsPref(element->doc, xmlSecTransformExclC14NId,
                                                       xmlSecTransformRsaSha256Id, NULL, BAD_CAST "ds");
  if (signature == NULL)
    return NULL;
  xmlNode *reference =
      xmlSecTmplSignatureAddReference(signature, xmlSecTransformSha256Id, NULL, BAD_CAST uri, NULL);
  if (reference != NULL && xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId) != NULL &&
      xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId) != NULL)
    return signature;
  xmlFreeNode(signature);
  return NULL;
}

static gboolean sign(xmlNode *signature, const SamlSigner *signer) {
  __attribute__((cleanup(end_loan))) xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
  if (context == NULL)
    return FALSE;
  context->flags |= XMLSEC_DSIG_FLAGS_USE_VISA3D_HACK;
  context->signKey = signer->key;
  return xmlSecDSigCtxSign(context, signature) >= 0 && context->status == xmlSecDSigStatusSucceeded;
}

gboolean saml_signature_add(xmlNode *element, xmlNode *after, const SamlSigner *signer) {
  xmlAttr *id = saml_signature_id(element);
  const char *value = saml_signature_text(element, "ID");
  if (value == NULL)
    return FALSE;
  g_autofree char *uri = g_strconcat("#", value, NULL);
  xmlNode *signature = template_new(element, uri);
  if (signature == NULL)
    return FALSE;
  place(element, after, signature);
  add_certificate(signature, signer);
  if (xmlAddID(NULL, element->doc, BAD_CAST value, id) == NULL)
    return FALSE;
  gboolean done = sign(signature, signer);
  xmlRemoveID(element->doc, id);
  return done;
}
