/* What the server and a verifier process say to each other: one job, one answer, each a frame of a length and a structure in the form
 * that stands here. Pure. */
#pragma once

#include "saml/connection.h"
#include "saml/login.h"
#include "saml/metadata.h"
#include "saml/report.h"
#include "saml/verifier.h"
#include "saml/wire.h"

typedef enum {
  SAML_JOB_LOGIN,
  SAML_JOB_ASK,
  SAML_JOB_LOGOUT_REDIRECT,
  SAML_JOB_LOGOUT_POST,
  SAML_JOB_LOGOUT_ASK,
  SAML_JOB_METADATA,
  SAML_JOB_READ_METADATA,
  SAML_JOBS /* how many */
} SamlJobKind;

/* The question. A kind uses what it needs; the rest is empty. Texts are the writer's, or what saml_form_job read. */
typedef struct {
  guint kind;
  gint64 number; /* which answer belongs to it */
  gint64 now_us;
  SamlWireSlice connection; /* in saml_form_connection; empty: none is needed */
  SamlWireSlice message;    /* what came from outside */
  char *id, *field, *relay_state, *in_response_to, *session_index, *entity_id;
  SamlNameId name_id;
  gboolean force_authn, passive, success, local;
  guint valid_days;
  SamlWireSlice trusted; /* a certificate, DER */
} SamlJob;

/* The answer. result is empty unless the report says SAML_OK; else in the form of the kind. */
typedef struct {
  gint64 number;
  SamlReport report;
  SamlWireSlice result;
} SamlAnswer;

/* The first frame of a process: whether it may work at all. */
typedef struct {
  guint code;      /* GP number; 0: ready */
  char words[257]; /* "" */
} SamlHello;

typedef struct {
  char *xml;
} SamlXml;

extern const SamlWireField saml_form_connection[], saml_form_job[], saml_form_answer[], saml_form_hello[];
/* What a job of this kind brings: SamlLogin, SamlSend, SamlLogoutMessage, SamlXml or SamlIdpMetadata. */
const SamlWireField *saml_form_result(SamlJobKind kind);
/* "login", "ask" … as metrics and logs name it. */
const char *saml_form_name(SamlJobKind kind);
/* TRUE when a verifier may say this of a job: the failure fits the checks, and none is claimed that only the server makes. */
gboolean saml_form_report_sound(const SamlReport *report);
