#include <stdint.h>
#include <string.h>

#include "lib/limits.h"
#include "saml/verifier/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Elements and text alone, never two texts side by side, not deeper than allowed. Returns how many elements. */
static guint walk(const xmlNode *node, guint depth) {
  guint n = 1;
  g_assert_cmpuint(depth, <=, LIMIT_SAML_DEPTH);
  for (const xmlNode *child = node->children; child != NULL; child = child->next) {
    gboolean text = child->type == XML_TEXT_NODE;
    g_assert_true(text || child->type == XML_ELEMENT_NODE);
    g_assert_false(text && child->next != NULL && child->next->type == XML_TEXT_NODE);
    if (text)
      g_assert_cmpuint(strlen((const char *)child->content), <=, LIMIT_SAML_TEXT_BYTES);
    else
      n += walk(child, depth + 1);
  }
  return n;
}

static void check_document(const xmlDoc *document, guint most) {
  xmlNode *root = xmlDocGetRootElement(document);
  g_assert_nonnull(root);
  g_assert_null(document->intSubset);
  g_assert_null(document->extSubset);
  g_assert_true(document->children == root && root->next == NULL);
  g_assert_cmpuint(walk(root, 1), <=, most);
}

static void check_decoding(const char *text, gsize n) {
  SamlFailure failure;
  gsize decoded_n = 0, inflated_n = 0;
  g_autofree char *decoded = saml_gate_base64(text, n, 4096, &decoded_n, &failure);
  g_assert_cmpint(decoded == NULL, ==, failure != SAML_OK);
  g_assert_cmpuint(decoded_n, <=, 4096);
  g_autofree char *inflated = saml_gate_inflate(text, n, 4096, &inflated_n, &failure);
  g_assert_cmpint(inflated == NULL, ==, failure != SAML_OK);
  g_assert_cmpuint(inflated_n, <=, 4096);
}

/* What the gate lets through is within its limits, and what metadata may not have, a message may not have either. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SamlFailure failure, metadata_failure;
  const char *text = (const char *)data;
  g_autoptr(xmlDoc) document = saml_gate_parse(text, size, &failure);
  g_autoptr(xmlDoc) metadata = saml_gate_parse_metadata(text, size, &metadata_failure);
  g_assert_cmpint(document == NULL, ==, failure != SAML_OK);
  g_assert_cmpint(metadata == NULL, ==, metadata_failure != SAML_OK);
  if (document != NULL) {
    check_document(document, LIMIT_SAML_ELEMENTS);
    g_assert_nonnull(metadata);
  }
  if (metadata != NULL)
    check_document(metadata, LIMIT_SAML_METADATA_ELEMENTS);
  check_decoding(text, size);
  return 0;
}
