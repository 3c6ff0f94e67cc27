#include "saml/verifier/signature.h"

#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/transforms.h>

#include "saml/verifier/signature_keys.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlSecTransformCtx, xmlSecTransformCtxDestroy)

static xmlSecTransformId find_method(const char *algorithm) {
  const xmlSecTransformId methods[] = {xmlSecTransformRsaSha256Id, xmlSecTransformRsaSha384Id,
                                       xmlSecTransformRsaSha512Id};
  for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
    if (g_str_equal(algorithm, (const char *)methods[i]->href))
      return methods[i];
  }
  return xmlSecTransformIdUnknown;
}

/* Puts the bytes through the method, which belongs to the context. */
static xmlSecTransformPtr execute(xmlSecTransformCtxPtr context, xmlSecTransformId id, xmlSecKeyPtr key,
                                  xmlSecTransformOperation operation, const char *bytes, gsize n) {
  xmlSecTransformPtr method = xmlSecTransformCtxCreateAndAppend(context, id);
  if (method == NULL || n > G_MAXUINT)
    return NULL;
  method->operation = operation;
  if (xmlSecTransformSetKey(method, key) < 0 ||
      xmlSecTransformCtxBinaryExecute(context, (const xmlSecByte *)bytes, (xmlSecSize)n) < 0)
    return NULL;
  return method;
}

static gboolean holds(xmlSecTransformId id, xmlSecKeyPtr key, const char *bytes, gsize n, GBytes *signature) {
  g_autoptr(xmlSecTransformCtx) context = xmlSecTransformCtxCreate();
  if (context == NULL)
    return FALSE;
  xmlSecTransformPtr method = execute(context, id, key, xmlSecTransformOperationVerify, bytes, n);
  gsize signature_n;
  const xmlSecByte *value = g_bytes_get_data(signature, &signature_n);
  return method != NULL && signature_n > 0 && signature_n <= G_MAXUINT &&
         xmlSecTransformVerify(method, value, (xmlSecSize)signature_n, context) >= 0 &&
         method->status == xmlSecTransformStatusOk;
}

gboolean saml_signature_verify_bytes(const char *bytes, gsize n, const char *algorithm,
                                     const guint8 *signature, gsize signature_n, const SamlKeys *keys,
                                     SamlFailure *failure) {
  xmlSecTransformId id = find_method(algorithm);
  *failure = SAML_SIG_ALG;
  if (id == xmlSecTransformIdUnknown)
    return FALSE;
  g_autoptr(GBytes) value = g_bytes_new_static(signature, signature_n);
  for (guint i = 0; i < keys->keys->len; i++) {
    if (holds(id, g_array_index(keys->keys, SamlPinnedKey, i).key, bytes, n, value)) {
      *failure = SAML_OK;
      return TRUE;
    }
  }
  *failure = SAML_SIG_INVALID;
  return FALSE;
}

char *saml_signature_bytes(const char *bytes, gsize n, const SamlSigner *signer) {
  g_autoptr(xmlSecTransformCtx) context = xmlSecTransformCtxCreate();
  if (context == NULL || execute(context, xmlSecTransformRsaSha256Id, signer->key,
                                 xmlSecTransformOperationSign, bytes, n) == NULL)
    return NULL;
  return g_base64_encode(xmlSecBufferGetData(context->result), xmlSecBufferGetSize(context->result));
}
