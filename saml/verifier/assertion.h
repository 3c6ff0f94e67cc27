/* From the signed octets to plain text: what the checks look at (SamlClaims) and what is decided by (SamlLogin). Both are filled, empty
 * before; the structure has been checked. */
#pragma once

#include "saml/check.h"
#include "saml/verifier/structure.h"

/* The Response around it: its attributes, Issuer and Status. */
void saml_assertion_read_response(const xmlNode *response, SamlClaims *claims, SamlLogin *login);
void saml_assertion_read(const xmlNode *assertion, SamlClaims *claims, SamlLogin *login);
/* An element's only text; "" when it is empty, NULL when there is an element inside. g_free. */
char *saml_assertion_text(const xmlNode *element);
void saml_assertion_read_name_id(const xmlNode *element, SamlNameId *name_id);
/* Whether two readings mean the same, whatever signed them. */
gboolean saml_assertion_same(const SamlLogin *a, const SamlLogin *b);
