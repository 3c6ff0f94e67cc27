/* The redirect binding's query, raw as it came (Bindings §3.4.4; C09, C10, C12): each name once and as it is written, and the octets that
 * the signature is over, rebuilt from the sender's own percent-encoding. Pure, no XML. */
#pragma once

#include <glib.h>

#include "saml/failure.h"

typedef struct {
  gboolean request;    /* SAMLRequest; else SAMLResponse */
  char *message;       /* decoded: base64 of DEFLATE, for saml_gate_base64 and saml_gate_inflate */
  char *relay_state;   /* decoded, UTF-8; NULL: none. Opaque */
  char *algorithm;     /* decoded SigAlg, not yet judged */
  char *signature;     /* decoded: base64 */
  char *signed_octets; /* SAMLRequest=…[&RelayState=…]&SigAlg=… */
} SamlQuery;

void saml_query_clear(SamlQuery *query);
/* FALSE with *failure: too_large, bad_form, sig_missing, relay_invalid. *query is set only on TRUE. Names that are not SAML's are ignored. */
gboolean saml_query_parse(const char *text, gsize n, SamlQuery *query, SamlFailure *failure);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlQuery, saml_query_clear)
