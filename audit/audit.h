/* The record of what was decided and done: kinds, and the one way to write a record, inside the caller's transaction.
 * A record is durable exactly when the change it tells of is. Append-only for the program's own database role. */
#pragma once

#include <jansson.h>

#include "lib/db.h"

typedef enum {
  AUDIT_SCIM,
  AUDIT_ADMIN,
  AUDIT_PERSONAL_ACCESS_TOKEN,
  AUDIT_SYNC, /* what the worker did to a mailbox */
  AUDIT_MAILBOX_ACCESS,
  AUDIT_AUTHENTICATION, /* in the browser; mail programs' are written where they are decided: migrations/0003_decision.sql */
} AuditKind;

typedef struct {
  gint64 org_id;
  AuditKind kind;
  const char *request_id; /* UUID or NULL; the same as in write_request, the log line and X-Request-Id */
  const char *actor;      /* "scim-token:7", "admin:root" */
  const char *source_ip;  /* NULL when local */
  const char *action;     /* "user.create", "group.patch", "scim-token.revoke" */
  const char *subject;    /* the resource's id; NULL */
  const json_t *detail;   /* object: what changed, by attribute name; values only where no secret can stand; NULL */
} AuditRecord;

/* Queues the INSERT on a transaction in progress. */
void audit_queue(Db *db, const AuditRecord *record);
const char *audit_kind_name(AuditKind kind);
/* Makes the monthly partitions for this month and the two that follow (a SECURITY DEFINER function; the program's role
 * has no DDL), called from the housekeeping timer and after migrations. */
gboolean audit_prepare_partitions(Db *db, GError **error);
