#include <stdint.h>

#include "saml/verifier/structure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
  guint assertions, signatures;
} Counts;

/* Wherever they stand; a signature stands in what it signs alone. */
static void count(const xmlNode *node, Counts *counts) {
  gboolean assertion = saml_structure_is(node, SAML_NS_ASSERTION, "Assertion");
  counts->assertions += assertion || saml_structure_is(node, SAML_NS_ASSERTION, "EncryptedAssertion");
  if (saml_structure_is(node, SAML_NS_DSIG, "Signature")) {
    counts->signatures++;
    g_assert_true(saml_structure_is(node->parent, SAML_NS_ASSERTION, "Assertion") ||
                  g_str_equal((const char *)node->parent->ns->href, SAML_NS_PROTOCOL));
  }
  for (const xmlNode *child = node->children; child != NULL; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      count(child, counts);
}

static void check_root(const xmlDoc *document, SamlRoot root, gboolean allow_cbc) {
  const SamlStructureOptions options = {.allow_cbc = allow_cbc};
  const char *where = NULL;
  SamlFailure failure = saml_structure_check(document, root, &options, &where);
  g_assert_cmpint(failure == SAML_OK, ==, where == NULL);
  if (failure != SAML_OK)
    return;
  Counts counts = {0};
  count(xmlDocGetRootElement(document), &counts);
  g_assert_cmpuint(counts.assertions, <=, 1);
  g_assert_cmpuint(counts.signatures, <=, 2);
}

/* Whatever is accepted has at most one assertion, and each signature in its place. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SamlFailure failure;
  g_autoptr(xmlDoc) document = saml_gate_parse((const char *)data, size, &failure);
  for (guint root = SAML_ROOT_RESPONSE; document != NULL && root <= SAML_ROOT_LOGOUT_RESPONSE; root++) {
    check_root(document, (SamlRoot)root, FALSE);
    check_root(document, (SamlRoot)root, TRUE);
  }
  return 0;
}
