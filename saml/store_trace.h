/* What is left of each message in the database: a trace for the admin, and an AUTHENTICATION record, written together. */
#pragma once

#include "audit/audit.h"
#include "saml/door.h"
#include "saml/report.h"

typedef enum { SAML_WHAT_LOGIN, SAML_WHAT_TEST, SAML_WHAT_LOGOUT } SamlWhat;

/* Who brought it. Borrowed. */
typedef struct {
  const char *request_id, *ip, *agent; /* UUID, address, clipped User-Agent or NULL */
} SamlCaller;

typedef struct {
  const SamlDoor *door;
  const SamlCaller *caller;
  const SamlReport *report;
  SamlWhat what;
  const char *user_id; /* NULL: not settled */
  const char *user;    /* their address or userName, else what the message calls them; NULL */
} SamlRecord;

/* Queues both. */
void saml_record_queue(Db *db, const SamlRecord *record);
/* Inserts the trace at once, so that its name can be shown, and queues the rest. *trace NULL: all names that were tried are taken. */
gboolean saml_record_now(Db *db, const SamlRecord *record, char **trace, GError **error);
