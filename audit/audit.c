#include "audit/audit.h"

const char *audit_kind_name(AuditKind kind) {
  static const char *const names[] = {[AUDIT_SCIM] = "scim", [AUDIT_ADMIN] = "admin",
                                      [AUDIT_PERSONAL_ACCESS_TOKEN] = "PERSONAL_ACCESS_TOKEN",
                                      [AUDIT_SYNC] = "sync",
                                      [AUDIT_MAILBOX_ACCESS] = "MAILBOX_ACCESS",
                                      [AUDIT_AUTHENTICATION] = "AUTHENTICATION"};
  return names[kind];
}
