/* An identity provider's metadata, from bytes to plain text: gate, signature where one is asked for, the entity that was meant, then its
 * keys, endpoints and dates (C48, C97–C102). What is not understood is left out; what is dangerous is refused. */
#pragma once

#include "saml/metadata.h"
#include "saml/report.h"

/* FALSE with the report's failure; *metadata is set only on TRUE. */
gboolean saml_metadata_read(const char *xml, gsize n, const SamlMetadataWish *wish, gint64 now_us,
                            SamlIdpMetadata *metadata, SamlReport *report);
