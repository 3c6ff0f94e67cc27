#include "saml/store_keep.h"

#include "lib/clock.h"

/* By thousands, so that no statement holds locks for long; what somebody else has in hand goes next time. Of an expired request nothing
 * needs more than that it is not there, as its answer is refused either way. */
#define SOME 5000
#define SWEEP(table, column, age)                                                          \
  "DELETE FROM " table " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " table " WHERE " column \
  " < now() - interval '" age "' LIMIT " G_STRINGIFY(SOME) " FOR UPDATE SKIP LOCKED))"

static const DbStatement sweeps[] = {
    {"saml_keep_requests", SWEEP("saml_request", "expires_at", "1 hour")},
    {"saml_keep_seen", SWEEP("saml_seen", "until", "1 hour")},
    {"saml_keep_sessions", SWEEP("web_session", "expires_at", "30 days")},
    {"saml_keep_traces", SWEEP("saml_trace", "at", "30 days")},
};

/* Anonymous visitors fill these tables faster than one round a minute would empty them. The second half of the time is left to the last
 * round's statements. */
gboolean saml_store_keep(DbPool *pool, gint64 deadline, GError **error) {
  gint64 enough = clock_now() + (deadline - clock_now()) / 2;
  gboolean more = TRUE;
  while (more && clock_now() < enough) {
    more = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(sweeps); i++) {
      g_autoptr(DbResult) done = db_pool_read(pool, deadline, &sweeps[i], NULL, error);
      if (done == NULL)
        return FALSE;
      more = more || db_affected(done) >= SOME;
    }
  }
  return TRUE;
}
