#include "saml/form.h"

#include "lib/limits.h"

/* A row names its member; the compiler sees to it that the kind is that of the member's type. */
#define PLACE(type, member, ctype)    \
  .offset =                           \
      G_STRUCT_OFFSET(type, member) + \
      0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type *)NULL)->member), ctype) ? 1 : -1])
#define FLAG(type, member) \
  { .kind = SAML_WIRE_FLAG, PLACE(type, member, gboolean) }
#define LONG(type, member) \
  { .kind = SAML_WIRE_LONG, PLACE(type, member, gint64) }
#define NUMBER(type, member, highest)                                                                        \
  {                                                                                                          \
    .kind = SAML_WIRE_NUMBER, .most = (highest),                                                             \
    .offset = G_STRUCT_OFFSET(type, member) + 0 * sizeof(char[sizeof(((type *)NULL)->member) == 4 ? 1 : -1]) \
  }
#define TEXT(type, member, longest) \
  { .kind = SAML_WIRE_TEXT, .most = (longest), PLACE(type, member, char *) }
#define MAYBE(type, member, longest) \
  { .kind = SAML_WIRE_MAYBE, .most = (longest), PLACE(type, member, char *) }
#define FIXED(type, member)                                              \
  {                                                                      \
    .kind = SAML_WIRE_FIXED, .most = sizeof(((type *)NULL)->member) - 1, \
    .offset = G_STRUCT_OFFSET(type, member)                              \
  }
#define SLICE(type, member, longest) \
  { .kind = SAML_WIRE_SLICE, .most = (longest), PLACE(type, member, SamlWireSlice) }
#define BYTES(type, member, longest) \
  { .kind = SAML_WIRE_BYTES, .most = (longest), PLACE(type, member, GBytes *) }
#define TEXTS(type, member, count) \
  { .kind = SAML_WIRE_TEXTS, .most = (count), PLACE(type, member, GStrv) }
#define BLOBS(type, member, count) \
  { .kind = SAML_WIRE_BLOBS, .most = (count), PLACE(type, member, GPtrArray *) }
#define ARRAY(type, member, count, elements, maker)                                \
  {                                                                                \
    .kind = SAML_WIRE_ARRAY, .most = (count), .form = (elements), .make = (maker), \
    PLACE(type, member, GArray *)                                                  \
  }
#define INSIDE(type, member, ctype, inner) \
  { .kind = SAML_WIRE_INSIDE, .form = (inner), PLACE(type, member, ctype) }
#define END \
  { .kind = SAML_WIRE_END }

/* A member that is added to one of these and not to its form would be lost on the way: whoever adds one comes by here. */
#if GLIB_SIZEOF_VOID_P == 8
G_STATIC_ASSERT(sizeof(SamlConnection) == 176);
G_STATIC_ASSERT(sizeof(SamlLogin) == 144);
G_STATIC_ASSERT(sizeof(SamlSend) == 24);
G_STATIC_ASSERT(sizeof(SamlLogoutMessage) == 88);
G_STATIC_ASSERT(sizeof(SamlIdpMetadata) == 80);
G_STATIC_ASSERT(sizeof(SamlReport) == 552);
#endif

#define ID_BYTES 256    /* of a message, a session index (C24) */
#define NAME_BYTES 1024 /* an entity id, a format, a name */
#define URL_BYTES 4096  /* an endpoint */
#define KEY_BYTES 8192  /* a certificate, a sealed key */
#define KEYS 16         /* of one connection and use */
#define WORDS 64        /* contexts, warnings, names for logout */
#define SESSIONS 512    /* of one LogoutRequest */
#define ATTRIBUTES 2000 /* the gate lets no more elements through */
#define SKEW_SECONDS 300
#define DAYS 3660

static const SamlWireField form_pinned[] = {BYTES(SamlPinned, der, KEY_BYTES), END};
static const SamlWireField form_own_key[] = {BYTES(SamlOwnKey, der, KEY_BYTES),
                                             BYTES(SamlOwnKey, sealed, KEY_BYTES), END};

const SamlWireField saml_form_connection[] = {
    LONG(SamlConnection, org_id),
    LONG(SamlConnection, connection_id),
    LONG(SamlConnection, source_id),
    LONG(SamlConnection, version),
    TEXT(SamlConnection, slug, NAME_BYTES),
    TEXT(SamlConnection, name, NAME_BYTES),
    TEXT(SamlConnection, sp_entity_id, NAME_BYTES),
    TEXT(SamlConnection, acs_url, URL_BYTES),
    TEXT(SamlConnection, slo_url, URL_BYTES),
    TEXT(SamlConnection, idp_entity_id, NAME_BYTES),
    TEXTS(SamlConnection, logout_issuers, WORDS),
    MAYBE(SamlConnection, sso_url, URL_BYTES),
    MAYBE(SamlConnection, idp_slo_url, URL_BYTES),
    NUMBER(SamlConnection, sso_binding, SAML_BINDING_POST),
    NUMBER(SamlConnection, slo_binding, SAML_BINDING_POST),
    ARRAY(SamlConnection, pinned, KEYS, form_pinned, NULL),
    ARRAY(SamlConnection, signing, KEYS, form_own_key, NULL),
    ARRAY(SamlConnection, decryption, KEYS, form_own_key, NULL),
    NUMBER(SamlConnection, signed_what, SAML_SIGNED_BOTH),
    FLAG(SamlConnection, allow_cbc),
    FLAG(SamlConnection, enforce_address),
    FLAG(SamlConnection, force_authn),
    TEXTS(SamlConnection, contexts, WORDS),
    MAYBE(SamlConnection, name_id_format, NAME_BYTES),
    NUMBER(SamlConnection, skew_seconds, SKEW_SECONDS),
    END,
};

static const SamlWireField form_name_id[] = {
    MAYBE(SamlNameId, value, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlNameId, format, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlNameId, name_qualifier, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlNameId, sp_name_qualifier, SAML_WIRE_TEXT_BYTES),
    END,
};

const SamlWireField saml_form_job[] = {
    NUMBER(SamlJob, kind, SAML_JOBS - 1),
    LONG(SamlJob, number),
    LONG(SamlJob, now_us),
    SLICE(SamlJob, connection, LIMIT_SAML_JOB_BYTES),
    SLICE(SamlJob, message, LIMIT_SAML_JOB_BYTES),
    MAYBE(SamlJob, id, ID_BYTES),
    MAYBE(SamlJob, field, ID_BYTES),
    MAYBE(SamlJob, relay_state, NAME_BYTES),
    MAYBE(SamlJob, in_response_to, ID_BYTES),
    MAYBE(SamlJob, session_index, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlJob, entity_id, NAME_BYTES),
    INSIDE(SamlJob, name_id, SamlNameId, form_name_id),
    FLAG(SamlJob, force_authn),
    FLAG(SamlJob, passive),
    FLAG(SamlJob, success),
    FLAG(SamlJob, local),
    NUMBER(SamlJob, valid_days, DAYS),
    SLICE(SamlJob, trusted, KEY_BYTES),
    END,
};

static const SamlWireField form_report[] = {
    {.kind = SAML_WIRE_OCTETS,
     .offset = G_STRUCT_OFFSET(SamlReport, state),
     .size = SAML_CHECKS,
     .most = SAML_CHECK_NOT_NEEDED},
    NUMBER(SamlReport, failure, SAML_FAILURES - 1),
    FIXED(SamlReport, saw),
    FIXED(SamlReport, wanted),
    LONG(SamlReport, skew_us),
    END,
};

const SamlWireField saml_form_answer[] = {
    LONG(SamlAnswer, number),
    INSIDE(SamlAnswer, report, SamlReport, form_report),
    SLICE(SamlAnswer, result, LIMIT_SAML_ANSWER_BYTES),
    END,
};

const SamlWireField saml_form_hello[] = {NUMBER(SamlHello, code, 9999), FIXED(SamlHello, words), END};

static const SamlWireField form_attribute[] = {
    TEXT(SamlAttribute, name, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlAttribute, format, SAML_WIRE_TEXT_BYTES),
    TEXTS(SamlAttribute, values, ATTRIBUTES),
    FLAG(SamlAttribute, complex),
    END,
};

static const SamlWireField form_login[] = {
    TEXT(SamlLogin, response_id, ID_BYTES),
    TEXT(SamlLogin, assertion_id, ID_BYTES),
    TEXT(SamlLogin, issuer, NAME_BYTES),
    MAYBE(SamlLogin, in_response_to, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlLogin, address, SAML_WIRE_TEXT_BYTES),
    INSIDE(SamlLogin, name_id, SamlNameId, form_name_id),
    MAYBE(SamlLogin, session_index, SAML_WIRE_TEXT_BYTES),
    TEXTS(SamlLogin, contexts, ATTRIBUTES),
    LONG(SamlLogin, issued_us),
    LONG(SamlLogin, authenticated_us),
    LONG(SamlLogin, session_until_us),
    LONG(SamlLogin, valid_until_us),
    ARRAY(SamlLogin, attributes, ATTRIBUTES, form_attribute, saml_attributes_new),
    FLAG(SamlLogin, signed_response),
    FLAG(SamlLogin, signed_assertion),
    FLAG(SamlLogin, encrypted),
    NUMBER(SamlLogin, key, KEYS - 1),
    END,
};

static const SamlWireField form_send[] = {
    TEXT(SamlSend, url, SAML_WIRE_TEXT_BYTES),
    MAYBE(SamlSend, field, ID_BYTES),
    MAYBE(SamlSend, form, SAML_WIRE_TEXT_BYTES),
    END,
};

static const SamlWireField form_logout[] = {
    FLAG(SamlLogoutMessage, request),
    TEXT(SamlLogoutMessage, id, ID_BYTES),
    TEXT(SamlLogoutMessage, issuer, NAME_BYTES),
    MAYBE(SamlLogoutMessage, in_response_to, SAML_WIRE_TEXT_BYTES),
    INSIDE(SamlLogoutMessage, name_id, SamlNameId, form_name_id),
    TEXTS(SamlLogoutMessage, session_indexes, SESSIONS),
    FLAG(SamlLogoutMessage, success),
    LONG(SamlLogoutMessage, valid_until_us),
    END,
};

static const SamlWireField form_xml[] = {TEXT(SamlXml, xml, LIMIT_SAML_ANSWER_BYTES), END};

static const SamlWireField form_idp_metadata[] = {
    TEXT(SamlIdpMetadata, entity_id, NAME_BYTES), MAYBE(SamlIdpMetadata, sso_redirect, URL_BYTES),
    MAYBE(SamlIdpMetadata, sso_post, URL_BYTES),  MAYBE(SamlIdpMetadata, slo_redirect, URL_BYTES),
    MAYBE(SamlIdpMetadata, slo_post, URL_BYTES),  BLOBS(SamlIdpMetadata, signing, KEYS),
    TEXTS(SamlIdpMetadata, warnings, WORDS),      LONG(SamlIdpMetadata, valid_until_us),
    LONG(SamlIdpMetadata, cache_seconds),         FLAG(SamlIdpMetadata, signature_held),
    FLAG(SamlIdpMetadata, wants_signed_requests), END,
};

typedef struct {
  const char *name;
  const SamlWireField *result;
} JobRow;

static const JobRow jobs[SAML_JOBS] = {
    [SAML_JOB_LOGIN] = {"login", form_login},
    [SAML_JOB_ASK] = {"ask", form_send},
    [SAML_JOB_LOGOUT_REDIRECT] = {"logout_redirect", form_logout},
    [SAML_JOB_LOGOUT_POST] = {"logout_post", form_logout},
    [SAML_JOB_LOGOUT_ASK] = {"logout_ask", form_send},
    [SAML_JOB_METADATA] = {"metadata", form_xml},
    [SAML_JOB_READ_METADATA] = {"read_metadata", form_idp_metadata},
};

const SamlWireField *saml_form_result(SamlJobKind kind) {
  return jobs[kind].result;
}

const char *saml_form_name(SamlJobKind kind) {
  return jobs[kind].name;
}

gboolean saml_form_report_sound(const SamlReport *report) {
  gboolean failed = FALSE;
  for (guint check = 0; check < SAML_CHECKS; check++) {
    if (check > SAML_CHECK_SECOND && report->state[check] != SAML_CHECK_NOT_REACHED)
      return FALSE;
    failed = failed || report->state[check] == SAML_CHECK_FAILED;
  }
  return failed == (report->failure != SAML_OK) && report->failure != SAML_BUSY;
}
