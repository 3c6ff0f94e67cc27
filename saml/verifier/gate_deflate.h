/* The other direction of saml_gate_inflate. */
#pragma once

#include <glib.h>

/* Raw DEFLATE, as the redirect binding has it; g_free. */
guint8 *saml_gate_deflate(const char *bytes, gsize n, gsize *deflated_n);
