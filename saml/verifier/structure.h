/* The profile of what may stand where in a Response, an Assertion, a Signature, EncryptedData and a logout message (C22, C23, C26–C30,
 * C36, C37, C40–C43, C52, C53, C57): a table per element, everything else refused. Looks at structure and algorithm names alone, trusts
 * nothing; so later code may rely on cardinality, order and place. */
#pragma once

#include "saml/verifier/gate.h"

typedef enum {
  SAML_ROOT_RESPONSE,
  SAML_ROOT_ASSERTION, /* a decrypted one, or the signed octets */
  SAML_ROOT_LOGOUT_REQUEST,
  SAML_ROOT_LOGOUT_RESPONSE,
} SamlRoot;

typedef struct {
  gboolean allow_cbc;
} SamlStructureOptions;

/* SAML_OK or why not; *where (static text or the element's local name, NULL) for the report. */
SamlFailure saml_structure_check(const xmlDoc *document, SamlRoot root, const SamlStructureOptions *options,
                                 const char **where);
/* The only child of that name in the SAML assertion/protocol, ds or xenc namespace; NULL. After a check these are unambiguous. */
xmlNode *saml_structure_child(const xmlNode *parent, const char *ns, const char *name);

gboolean saml_structure_is(const xmlNode *node, const char *ns, const char *name);
/* An attribute without namespace; NULL when it is not there, "" when it is empty. Borrowed. */
const char *saml_structure_attribute(const xmlNode *node, const char *name);

#define SAML_NS_ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"
#define SAML_NS_PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define SAML_NS_METADATA "urn:oasis:names:tc:SAML:2.0:metadata"
#define SAML_NS_DSIG "http://www.w3.org/2000/09/xmldsig#"
#define SAML_NS_XENC "http://www.w3.org/2001/04/xmlenc#"
