/* Where a person wanted to go before signing in: a path of ours and nothing else (C87). Pure. */
#pragma once

#include <glib.h>

/* TRUE when text is a path on our own origin that may follow a sign-in: begins with one slash, holds no backslash, scheme or control,
 * also not percent-encoded, no space, at most LIMIT_SAML_TARGET_BYTES, and is no door of /saml or /scim itself. */
gboolean saml_relay_target(const char *text);
