#include "lib/db_pool.h"

#include "lib/clock.h"
#include "lib/db_internal.h"

typedef struct {
  DbPool *pool;
  gint64 deadline;
  DbTxBody body;
  DbTxSettle settle;
  gpointer data;
} Tx;

/* What to do after one run. */
typedef enum { RUN_DONE, RUN_FAILED, RUN_UNAVAILABLE, RUN_CONFLICT, RUN_IN_DOUBT } Run;

/* The database's own failure decides about a repetition, however the body worded it for its caller. */
static Run classify(const GError *failure) {
  if (g_error_matches(failure, DB_ERROR, DB_ERROR_CONFLICT))
    return RUN_CONFLICT;
  if (g_error_matches(failure, DB_ERROR, DB_ERROR_UNAVAILABLE))
    return RUN_UNAVAILABLE;
  return RUN_FAILED;
}

static Run run_body(const Tx *tx, Db *db, GError **error) {
  db_tx_begin(db);
  if (!tx->body(db, tx->data, error)) {
    Run run = classify(db->failure);
    db_tx_rollback(db);
    return run;
  }
  g_autoptr(GError) failure = NULL;
  DbTxOutcome outcome = db_tx_commit(db, &failure);
  Run run = outcome == DB_TX_COMMITTED  ? RUN_DONE
            : outcome == DB_TX_IN_DOUBT ? RUN_IN_DOUBT
                                        : classify(failure);
  if (failure != NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return run;
}

static Run run_once(const Tx *tx, GError **error) {
  Db *db = db_pool_acquire(tx->pool, tx->deadline, FALSE, error);
  if (db == NULL)
    return RUN_FAILED;
  Run run = run_body(tx, db, error);
  db_pool_release(tx->pool, db);
  return run;
}

/* Asks on a new connection until it is answered. FALSE when it could not be: the doubt stands. */
static gboolean ask(const Tx *tx, DbSettled *settled) {
  for (guint attempt = 0; tx->settle != NULL; attempt++) {
    Db *db = db_pool_acquire(tx->pool, tx->deadline, TRUE, NULL);
    if (db == NULL)
      return FALSE;
    gboolean answered = tx->settle(db, tx->data, settled, NULL);
    db_pool_release(tx->pool, db);
    if (answered)
      return TRUE;
    if (!db_pool_back_off(attempt, tx->deadline))
      return FALSE;
  }
  return FALSE;
}

/* A run in doubt, or the unique violation of a repetition whose forerunner committed late: what does the database say? */
static Run resolve(const Tx *tx, Run run, GError **error) {
  DbSettled settled = DB_SETTLED_NO;
  if (!ask(tx, &settled))
    return RUN_FAILED;
  if (settled == DB_SETTLED_YES) {
    g_clear_error(error);
    return RUN_DONE;
  }
  return run == RUN_IN_DOUBT ? RUN_UNAVAILABLE : run;
}

gboolean db_tx_run(DbPool *pool, gint64 deadline, DbTxBody body, DbTxSettle settle, gpointer data,
                   GError **error) {
  Tx tx = {.pool = pool, .deadline = deadline, .body = body, .settle = settle, .data = data};
  gboolean doubted = FALSE;
  guint conflicts = 0;
  for (guint attempt = 0;; attempt++) {
    g_autoptr(GError) failure = NULL;
    Run run = run_once(&tx, &failure);
    doubted = doubted || run == RUN_IN_DOUBT;
    if (run == RUN_IN_DOUBT || (doubted && run == RUN_FAILED))
      run = resolve(&tx, run, &failure);
    if (run == RUN_DONE)
      return TRUE;
    gboolean again = run == RUN_UNAVAILABLE || (run == RUN_CONFLICT && conflicts++ < DB_CONFLICTS_MAX);
    if (!again || !db_pool_back_off(attempt, deadline)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return FALSE;
    }
  }
}
