/* The pool of connections, and the two ways to use it: one read, or one transaction. Process lifetime, thread-safe.
 * A short outage is waited out inside the caller's deadline: connecting, lost connections and 40001/40P01 are tried
 * again with jittered back-off; only what cannot be repeated comes back as an error. */
#pragma once

#include "lib/db.h"

typedef struct DbPool DbPool;

typedef struct {
  const char *conninfo; /* libpq keywords or URI; several hosts are allowed; borrowed during db_pool_new */
  const char *application_name;
  const char *role; /* SET ROLE after connecting: "gatepost_app"; NULL: the one that connects */
  guint size;       /* connections at most; made when first needed */
} DbPoolOptions;

DbPool *db_pool_new(const DbPoolOptions *options);
void db_pool_free(DbPool *pool);

/* One statement outside any transaction. It may be sent again after a lost connection, so it is a read, or a write
 * that may happen twice. */
DbResult *db_pool_read(DbPool *pool, gint64 deadline, const DbStatement *statement, const DbArgs *args,
                       GError **error);

/* A transaction's body. It may run more than once, so it touches nothing but the database and what it resets at its
 * start. FALSE with an error rolls back; that error comes back to the caller of db_tx_run unchanged. */
typedef gboolean (*DbTxBody)(Db *db, gpointer data, GError **error);

/* Was the transaction whose COMMIT was lost committed? Asked on a fresh connection to the current primary. */
typedef enum { DB_SETTLED_NO, DB_SETTLED_YES } DbSettled;
typedef gboolean (*DbTxSettle)(Db *db, gpointer data, DbSettled *settled, GError **error);

/* What the database itself vouches for: the body ran and was committed (durable) when this is TRUE. READ COMMITTED.
 * BEGIN travels with the first db_query; a body that only queues is one implicit transaction in one round trip.
 * settle may be NULL: a commit in doubt is then returned as DB_ERROR_IN_DOUBT. When settle says YES, queued results (out)
 * stay NULL: the caller reads again. NO runs the body again; should the lost one still commit after that, the body must
 * meet a unique violation (write_request has one), upon which settle is asked once more.
 * Errors: those of DB_ERROR, or the body's own. */
gboolean db_tx_run(DbPool *pool, gint64 deadline, DbTxBody body, DbTxSettle settle, gpointer data,
                   GError **error);

/* Connections open, in use. */
void db_pool_load(DbPool *pool, guint *open, guint *used);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbPool, db_pool_free)
