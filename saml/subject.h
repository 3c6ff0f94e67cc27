/* From a verified sign-in to the one text that tells who it is (C76–C81). Pure; whether somebody has that name is the database's. */
#pragma once

#include "saml/login.h"
#include "saml/report.h"

#define SAML_SUBJECT_NAME_ID "NameID"

/* The value at the connection's subject source: NameID, or the Name of an attribute. One value of plain text, NFC, at most 256 bytes, no
 * blanks at its ends, never a transient NameID or one that was made for another service (SPNameQualifier). NULL with the report's failure at SAML_CHECK_MAPPING; else points into login. */
const char *saml_subject_take(const SamlLogin *login, const char *source, const char *sp_entity_id,
                              SamlReport *report);
/* The domain of a value that is written like an address, in canonical form: what the organisation must have proved (C78). *bad: there is an
 * "@" but no domain behind it. NULL: no address. Free with g_free. */
char *saml_subject_domain(const char *value, gboolean *bad);
