/* Found mailboxes in the database. */
#pragma once

#include "lib/db_pool.h"
#include "mail/scan.h"

typedef struct {
  gint64 added, known, ours, gone;
} MailScanCount;

/* The stores: kind, url, secret_file, uid, gid by name. backend NULL: all. */
json_t *mail_store_scan_stores(const MailScope *scope, const char *backend, GError **error);
/* The organisation's verified domains; free with g_strfreev. */
char **mail_store_scan_domains(const MailScope *scope, GError **error);
/* Those of the addresses that are in the organisation's domains and neither ours nor noted as found: array of text. */
json_t *mail_store_scan_unknown(const MailScope *scope, const json_t *addresses, GError **error);
/* Notes those of one store, within a transaction; rows: {address, home, quota, why}. Tells each in `told` as {address, home, state, why}. */
gboolean mail_store_scan_put(Db *db, const MailScope *scope, const char *backend, const json_t *rows,
                             json_t *told, MailScanCount *count, GError **error);
