/* Shared by lib/db*.c and the tests of the database alone: the connection's state, and the transaction steps that
 * db_tx_run is made of. The only header that names libpq. */
#pragma once

#include <libpq-fe.h>

#include "lib/db.h"

#define DB_CONFLICTS_MAX 8 /* repetitions after 40001 and 40P01 */

typedef enum {
  DB_ENTRY_PREPARE,
  DB_ENTRY_STATEMENT,
  DB_ENTRY_COMMAND,
  DB_ENTRY_COMMIT,
  DB_ENTRY_SYNC
} DbEntryKind;

/* One message group in the pipeline whose answer is still to be read, in the order sent. */
typedef struct {
  DbEntryKind kind;
  char *name; /* of the statement */
  gboolean wanted;
  DbResult **out; /* filled after the commit */
  DbResult *result;
} DbEntry;

struct Db {
  PGconn *conn;
  gint64 deadline;
  GHashTable *prepared; /* names the server knows, or will when the pipeline arrives */
  GArray *entries;      /* DbEntry */
  guint read;           /* entries answered */
  GError *failure;      /* the first one since the transaction or statement began */
  guint64 round_trips;
  guint generation;   /* of the pool, when it was made */
  gboolean lost;      /* the connection is gone or out of step */
  gboolean retired;   /* works, but must not be used for another transaction */
  gboolean timed_out; /* by our deadline: says nothing about other connections */
  gboolean in_tx;
  gboolean begun;      /* an explicit BEGIN was sent */
  gboolean unsynced;   /* something was sent since the last Sync */
  gboolean definite;   /* the server said ERROR: this transaction cannot have been committed */
  gboolean committing; /* the end of the transaction may have left */
  gboolean local_only; /* a warning said: committed here, not replicated */
};

typedef struct {
  const char *conninfo;
  const char *application_name;
  const char *role; /* NULL: the one that connects */
  guint rotation;   /* start with this host of a list */
} DbConnect;

/* Connects, checks the server and enters pipeline mode. DB_ERROR_SERVER: trying again is pointless. */
Db *db_connect(const DbConnect *connect, gint64 deadline, GError **error);
/* Did an idle connection die meanwhile? No round trip. */
gboolean db_alive(Db *db);

/* How a transaction ended. On ABORTED and IN_DOUBT *error is set. */
typedef enum { DB_TX_COMMITTED, DB_TX_ABORTED, DB_TX_IN_DOUBT } DbTxOutcome;

void db_tx_begin(Db *db);
DbTxOutcome db_tx_commit(Db *db, GError **error);
void db_tx_rollback(Db *db);

/* Takes result. */
DbResult *db_result_new(PGresult *result);
/* From a failed result; statement (may be NULL) is named in the message. Never the values: they are people's data. */
GError *db_error_from_result(const PGresult *result, const char *statement);
/* Is this connection to be given up after such an error: a server that may not write, statements out of step? */
gboolean db_error_retires(const GError *error);
/* PQerrorMessage on one line. Free with g_free. */
char *db_error_line(const PGconn *conn);

/* A connection from the pool, waiting within the deadline; fresh: a new one, not one that was idle. */
struct DbPool;
Db *db_pool_acquire(struct DbPool *pool, gint64 deadline, gboolean fresh, GError **error);
/* Gives it back; a connection that is not usable is closed, and those that were opened before it with it. */
void db_pool_release(struct DbPool *pool, Db *db);
/* Sleeps with full jitter before the nth repetition, never past the deadline. FALSE when none is left. */
gboolean db_pool_back_off(guint attempt, gint64 deadline);
