/* What is looked at before libxml2 sees a byte: the encoding, and that no tag has so many attributes that a parser would be busy
 * comparing them. Pure; one pass. For saml/verifier/gate.c alone. */
#pragma once

#include <glib.h>

#include "saml/failure.h"

/* SAML_OK, or why these bytes are not to be parsed. *begin: where the document starts, after a byte order mark. most: of attributes and
 * namespaces together in one tag. */
SamlFailure saml_gate_scan(const char *bytes, gsize n, guint most, gsize *begin);
