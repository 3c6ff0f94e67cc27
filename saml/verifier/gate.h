/* The strict gate: the only place where bytes become a libxml2 tree. Own SAX rules (C13–C26): no DOCTYPE, entity, CDATA, comment, processing
 * instruction; UTF-8 alone, XML 1.0, no relative namespace, unique IDs, caps on elements, depth, attributes, namespaces and text. The first
 * breach stops the parser. */
#pragma once

#include <libxml/tree.h>

#include "saml/failure.h"

/* NULL with *failure. Free with xmlFreeDoc. More than LIMIT_SAML_MESSAGE_BYTES, or a NUL among them (C05), is refused. */
xmlDoc *saml_gate_parse(const char *bytes, gsize n, SamlFailure *failure);
/* The same for metadata, which people write: larger (LIMIT_SAML_METADATA_…), and comments are left out rather than refused. */
xmlDoc *saml_gate_parse_metadata(const char *bytes, gsize n, SamlFailure *failure);
/* Strict base64 (C04): alphabet and line breaks, correct padding, not empty. NULL with *failure (bad_base64, too_large); else g_free; a NUL
 * follows the bytes. */
char *saml_gate_base64(const char *text, gsize n, gsize most, gsize *decoded_n, SamlFailure *failure);
/* Raw DEFLATE with an absolute cap and nothing after its end (C11). NULL with *failure (bad_xml, too_large); else as above. */
char *saml_gate_inflate(const char *bytes, gsize n, gsize most, gsize *inflated_n, SamlFailure *failure);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)
