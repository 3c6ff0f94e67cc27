#include "saml/store_keep.h"

/* By thousands, so that no statement holds locks for long; the next look goes on. */
#define SOME " LIMIT 5000"
static const DbStatement sweeps[] = {
    {"saml_keep_requests", "DELETE FROM saml_request WHERE ctid IN (SELECT ctid FROM saml_request"
                           " WHERE expires_at < now() - interval '1 day'" SOME ")"},
    {"saml_keep_seen", "DELETE FROM saml_seen WHERE ctid IN (SELECT ctid FROM saml_seen WHERE until < now() "
                       "- interval '1 hour'" SOME ")"},
    {"saml_keep_sessions", "DELETE FROM web_session WHERE ctid IN (SELECT ctid FROM web_session"
                           " WHERE expires_at < now() - interval '30 days'" SOME ")"},
    {"saml_keep_traces", "DELETE FROM saml_trace WHERE ctid IN (SELECT ctid FROM saml_trace WHERE at < now() "
                         "- interval '30 days'" SOME ")"},
};

gboolean saml_store_keep(DbPool *pool, gint64 deadline, GError **error) {
  for (gsize i = 0; i < G_N_ELEMENTS(sweeps); i++) {
    g_autoptr(DbResult) done = db_pool_read(pool, deadline, &sweeps[i], NULL, error);
    if (done == NULL)
      return FALSE;
  }
  return TRUE;
}
