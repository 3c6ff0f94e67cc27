#include "saml/verifier/decrypt.h"

#include <string.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/crypto.h>
#include <xmlsec/keysdata.h>
#include <xmlsec/xmlenc.h>

#include "lib/limits.h"
#include "saml/verifier/signature_keys.h"
#include "saml/verifier/signature_profile.h"

#define XMLENC11 "http://www.w3.org/2009/xmlenc11#"
#define OAEP SAML_NS_XENC "rsa-oaep-mgf1p"
#define BLOCK_BYTES 16
#define NONCE_BYTES 12
#define TAG_BYTES 16

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlSecEncCtx, xmlSecEncCtxDestroy)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlSecKey, xmlSecKeyDestroy)

struct SamlOpener {
  GPtrArray *keys; /* xmlSecKeyPtr */
};

typedef struct {
  const char *algorithm;
  guint key_bytes;
  gboolean cbc;
} Cipher;

static const Cipher ciphers[] = {
    {XMLENC11 "aes128-gcm", 16, FALSE},
    {XMLENC11 "aes256-gcm", 32, FALSE},
    {SAML_NS_XENC "aes128-cbc", 16, TRUE},
    {SAML_NS_XENC "aes256-cbc", 32, TRUE},
};

static void free_key(void *key) {
  xmlSecKeyDestroy(key);
}

SamlOpener *saml_opener_new(void) {
  SamlOpener *opener = g_new0(SamlOpener, 1);
  opener->keys = g_ptr_array_new_with_free_func(free_key);
  return opener;
}

gboolean saml_opener_add(SamlOpener *opener, const guint8 *pkcs8, gsize n) {
  xmlSecKeyPtr key = saml_private_key(pkcs8, n);
  if (key == NULL)
    return FALSE;
  g_ptr_array_add(opener->keys, key);
  return TRUE;
}

void saml_opener_free(SamlOpener *opener) {
  if (opener == NULL)
    return;
  g_ptr_array_unref(opener->keys);
  g_free(opener);
}

static const char *algorithm_of(const xmlNode *encrypted) {
  const xmlNode *method = saml_structure_child(encrypted, SAML_NS_XENC, "EncryptionMethod");
  const char *algorithm = method != NULL ? saml_signature_text(method, "Algorithm") : NULL;
  return algorithm != NULL ? algorithm : "";
}

static const Cipher *find_cipher(const xmlNode *data, gboolean allow_cbc) {
  const char *algorithm = algorithm_of(data);
  for (gsize i = 0; i < G_N_ELEMENTS(ciphers); i++) {
    if (g_str_equal(ciphers[i].algorithm, algorithm))
      return !ciphers[i].cbc || allow_cbc ? &ciphers[i] : NULL;
  }
  return NULL;
}

/* How long a CipherValue is once decoded; 0: it is no clean base64 in one text. xmlsec decodes it again, more leniently. */
static gsize cipher_bytes(const xmlNode *encrypted) {
  const xmlNode *data = saml_structure_child(encrypted, SAML_NS_XENC, "CipherData");
  const xmlNode *value = data != NULL ? saml_structure_child(data, SAML_NS_XENC, "CipherValue") : NULL;
  const xmlNode *text = value != NULL ? value->children : NULL;
  if (text == NULL || text->next != NULL || text->type != XML_TEXT_NODE)
    return 0;
  const char *content = (const char *)text->content;
  SamlFailure ignored;
  gsize n = 0;
  g_autofree char *bytes = saml_gate_base64(content, strlen(content), LIMIT_SAML_MESSAGE_BYTES, &n, &ignored);
  return bytes != NULL ? n : 0;
}

/* C56 */
static gboolean has_sane_length(const xmlNode *data, const Cipher *cipher) {
  gsize n = cipher_bytes(data);
  return cipher->cbc ? n >= 2 * BLOCK_BYTES && n % BLOCK_BYTES == 0 : n > NONCE_BYTES + TAG_BYTES;
}

/* The EncryptedKey stands in KeyInfo, or beside the data. */
static xmlNode *find_key(const xmlNode *encrypted_assertion, const xmlNode *data) {
  const xmlNode *info = saml_structure_child(data, SAML_NS_DSIG, "KeyInfo");
  xmlNode *key = info != NULL ? saml_structure_child(info, SAML_NS_XENC, "EncryptedKey") : NULL;
  return key != NULL ? key : saml_structure_child(encrypted_assertion, SAML_NS_XENC, "EncryptedKey");
}

/* No key from the message, nothing fetched, and of all transforms this one. */
static xmlSecEncCtxPtr context_new(xmlEncCtxMode mode, xmlSecKeyPtr key, const xmlSecTransformId *ids,
                                   gsize n) {
  g_autoptr(xmlSecEncCtx) context = xmlSecEncCtxCreate(NULL);
  if (context == NULL)
    return NULL;
  context->mode = mode;
  context->transformCtx.enabledUris = xmlSecTransformUriTypeNone;
  for (gsize i = 0; i < n; i++) {
    if (xmlSecPtrListAdd(&context->transformCtx.enabledTransforms, (void *)ids[i]) < 0)
      return NULL;
  }
  context->encKey = xmlSecKeyDuplicate(key);
  return context->encKey != NULL ? g_steal_pointer(&context) : NULL;
}

/* The AES key, when one of ours opens it and it is as long as the cipher's are. */
static xmlSecKeyPtr unwrap(xmlNode *encrypted_key, xmlSecKeyPtr ours, const Cipher *cipher) {
  const xmlSecTransformId ids[] = {xmlSecTransformRsaOaepId};
  if (cipher_bytes(encrypted_key) * 8 != xmlSecKeyDataGetSize(xmlSecKeyGetValue(ours)))
    return NULL;
  g_autoptr(xmlSecEncCtx) context = context_new(xmlEncCtxModeEncryptedKey, ours, ids, G_N_ELEMENTS(ids));
  xmlSecBufferPtr secret = context != NULL ? xmlSecEncCtxDecryptToBuffer(context, encrypted_key) : NULL;
  if (secret == NULL || xmlSecBufferGetSize(secret) != cipher->key_bytes)
    return NULL;
  return xmlSecKeyReadMemory(xmlSecKeyDataAesId, xmlSecBufferGetData(secret), xmlSecBufferGetSize(secret));
}

static xmlDoc *open_data(xmlNode *data, xmlSecKeyPtr key, SamlFailure *failure) {
  const xmlSecTransformId ids[] = {xmlSecTransformAes128GcmId, xmlSecTransformAes256GcmId,
                                   xmlSecTransformAes128CbcId, xmlSecTransformAes256CbcId};
  g_autoptr(xmlSecEncCtx) context = context_new(xmlEncCtxModeEncryptedData, key, ids, G_N_ELEMENTS(ids));
  xmlSecBufferPtr plain = context != NULL ? xmlSecEncCtxDecryptToBuffer(context, data) : NULL;
  *failure = SAML_ENC_FAILED;
  if (plain == NULL || xmlSecBufferGetSize(plain) == 0)
    return NULL;
  return saml_gate_parse((const char *)xmlSecBufferGetData(plain), xmlSecBufferGetSize(plain), failure);
}

/* With CBC garbage may come out under a wrong key; what it looks like is not told (C58). */
static xmlDoc *decrypt_with(const xmlNode *encrypted_assertion, xmlNode *data, xmlSecKeyPtr ours,
                            const Cipher *cipher, SamlFailure *failure) {
  *failure = SAML_ENC_FAILED;
  xmlNode *wrapped = find_key(encrypted_assertion, data);
  if (wrapped == NULL)
    return NULL;
  g_autoptr(xmlSecKey) key = unwrap(wrapped, ours, cipher);
  xmlDoc *document = key != NULL ? open_data(data, key, failure) : NULL;
  if (cipher->cbc && document == NULL)
    *failure = SAML_ENC_FAILED;
  return document;
}

static gboolean is_oaep(const xmlNode *encrypted_assertion, const xmlNode *data) {
  const xmlNode *key = find_key(encrypted_assertion, data);
  return key != NULL && g_str_equal(algorithm_of(key), OAEP);
}

xmlDoc *saml_decrypt(const xmlNode *encrypted_assertion, const SamlOpener *opener, gboolean allow_cbc,
                     SamlFailure *failure) {
  xmlNode *data = saml_structure_child(encrypted_assertion, SAML_NS_XENC, "EncryptedData");
  const Cipher *cipher = data != NULL ? find_cipher(data, allow_cbc) : NULL;
  *failure = SAML_ENC_ALG;
  if (cipher == NULL || !is_oaep(encrypted_assertion, data))
    return NULL;
  *failure = SAML_ENC_FAILED;
  if (!has_sane_length(data, cipher))
    return NULL;
  g_autoptr(xmlDoc) document = NULL;
  for (guint i = 0; i < opener->keys->len && document == NULL; i++) {
    document = decrypt_with(encrypted_assertion, data, opener->keys->pdata[i], cipher, failure);
    if (*failure != SAML_ENC_FAILED)
      break; /* it did open, and the gate refused what was inside */
  }
  if (document == NULL)
    return NULL;
  const SamlStructureOptions options = {.allow_cbc = FALSE};
  const char *where;
  *failure = saml_structure_check(document, SAML_ROOT_ASSERTION, &options, &where);
  return *failure == SAML_OK ? g_steal_pointer(&document) : NULL;
}
