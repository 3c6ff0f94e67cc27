/* What a verified Response says: plain text read from the octets that were signed, no XML. Everything that is decided about a person
 * comes from here. Scope lifetime; saml_login_clear. */
#pragma once

#include <glib.h>

typedef struct {
  char *value, *format, *name_qualifier, *sp_name_qualifier; /* all but value may be NULL */
} SamlNameId;

typedef struct {
  char *name, *format; /* Name, NameFormat (NULL) */
  GStrv values;
  gboolean complex; /* markup inside a value: unusable where mapped */
} SamlAttribute;

typedef struct {
  char *response_id, *assertion_id, *issuer;
  char *in_response_to; /* what the bearer confirmation answers; NULL: unsolicited */
  char *address;        /* where the bearer confirmation was given to; NULL: not said (C65) */
  SamlNameId name_id;
  char *session_index;     /* NULL: none */
  GStrv contexts;          /* AuthnContextClassRef of each statement */
  gint64 issued_us;        /* IssueInstant of the assertion; µs since 1970 */
  gint64 authenticated_us; /* the earliest AuthnInstant */
  gint64 session_until_us; /* SessionNotOnOrAfter; 0: none */
  gint64
      valid_until_us; /* the latest moment at which it could be accepted, skew included: replays are remembered until then */
  GArray *attributes; /* SamlAttribute, by saml_attributes_new; NULL: none */
  gboolean signed_response, signed_assertion, encrypted;
  guint key; /* index of the pinned certificate that verified */
} SamlLogin;

void saml_login_clear(SamlLogin *login);
void saml_attribute_clear(SamlAttribute *attribute);
GArray *saml_attributes_new(void); /* empty; clears what it holds */
void saml_name_id_clear(SamlNameId *name_id);
gboolean saml_name_id_equal(const SamlNameId *a,
                            const SamlNameId *b); /* all four parts, byte for byte (C92) */
/* NULL when there is none; the first of that Name, with *again set when the Name stands twice (C80). */
const SamlAttribute *saml_login_attribute(const SamlLogin *login, const char *name, gboolean *again);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlLogin, saml_login_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlNameId, saml_name_id_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SamlAttribute, saml_attribute_clear)
