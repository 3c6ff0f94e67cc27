/* The audit records of mail's own commands, in the caller's transaction. */
#pragma once

#include "audit/audit.h"
#include "mail/scope.h"

/* Queues one. Takes detail. */
void mail_record(Db *db, const MailScope *scope, AuditKind kind, const char *action, const char *subject,
                 json_t *detail);
