/* What a Signature must be before xmlsec sees it (C40–C43): everything inside SignedInfo is the sender's until the signature holds, and
 * xmlsec digests first. Looks at one element's own Signature, whatever document it stands in. */
#pragma once

#include "saml/verifier/structure.h"

#define SAML_ALGORITHM_EXC_C14N "http://www.w3.org/2001/10/xml-exc-c14n#"
#define SAML_ALGORITHM_ENVELOPED SAML_NS_DSIG "enveloped-signature"

/* The Signature child of element, which has exactly one Reference, to element's own ID; NULL with SAML_SIG_MISSING, SAML_SIG_PROFILE or
 * SAML_SIG_ALG. */
xmlNode *saml_signature_profile(const xmlNode *element, SamlFailure *failure);
/* The element's attribute without a namespace; NULL. Its text, in place: after the gate an attribute has one text node or none. */
xmlAttr *saml_signature_id(const xmlNode *element);
const char *saml_signature_text(const xmlNode *node, const char *attribute);
