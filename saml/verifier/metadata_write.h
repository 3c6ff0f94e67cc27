/* Our metadata for one connection, as identity providers' administrators import it; signed with the current key. */
#pragma once

#include "saml/verifier/verify.h"

/* NULL with the report's failure; g_free. valid_days bounds validUntil. */
char *saml_metadata_write(const SamlTrust *trust, const SamlConnection *connection, gint64 now_us,
                          int valid_days, SamlReport *report);
