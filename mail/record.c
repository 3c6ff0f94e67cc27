#include "mail/record.h"

#include "lib/crypto.h"
#include "lib/jsontext.h"

void mail_record(Db *db, const MailScope *scope, AuditKind kind, const char *action, const char *subject,
                 json_t *detail) {
  g_autoptr(json_t) keep G_GNUC_UNUSED = detail;
  char request_id[CRYPTO_UUID_TEXT_BYTES];
  AuditRecord record = {.org_id = scope->org_id,
                        .kind = kind,
                        .request_id = crypto_uuid(request_id),
                        .actor = scope->actor,
                        .action = action,
                        .subject = subject,
                        .detail = detail};
  audit_queue(db, &record);
}
