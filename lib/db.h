/* The home of libpq: one connection, statements with typed arguments, results, and the errors that the program acts on.
 * A Db is used by one thread at a time and comes from a pool (lib/db_pool.h). Non-blocking libpq in pipeline mode
 * throughout; every wait ends at the deadline that was set on the connection. */
#pragma once

#include <glib.h>

typedef struct Db Db;
typedef struct DbResult DbResult;

/* One statement, static const, right above the function that runs it (style 24). It is prepared on a connection at its first use there. */
typedef struct {
  const char *name; /* unique in the program: "scim_user_insert"; NULL: not kept prepared (assembled SQL) */
  const char *sql;
} DbStatement;

#define DB_ARGS_MAX 48

/* The arguments of one call, in order $1, $2 …; on the stack. Text is borrowed and must outlive the call; numbers
 * are formatted inside. */
typedef struct {
  const char *values[DB_ARGS_MAX];
  int lengths[DB_ARGS_MAX];
  int formats[DB_ARGS_MAX]; /* 0 text, 1 binary */
  int n;
  char numbers[DB_ARGS_MAX][24];
} DbArgs;

#define DB_ARGS_INIT \
  { .n = 0 }

void db_args_text(DbArgs *args, const char *text); /* NULL is SQL NULL */
void db_args_int(DbArgs *args, gint64 value);
void db_args_bool(DbArgs *args, gboolean value);
void db_args_bytes(DbArgs *args, const void *bytes, gsize n); /* bytea */
/* A text[] literal of n strings ("{…}" with quoting); *keep owns it and must outlive the call. */
void db_args_text_array(DbArgs *args, const char *const *texts, gsize n, char **keep);

typedef enum {
  DB_ERROR_UNAVAILABLE, /* no server, no slot, shutting down, disk full: may pass; SQLSTATE 08, 53, 57P, 25006 */
  DB_ERROR_TIMEOUT,     /* the deadline, or statement_timeout / lock_timeout */
  DB_ERROR_CONFLICT,    /* 40001, 40P01: run the transaction again */
  DB_ERROR_IN_DOUBT,    /* the connection was lost after COMMIT was sent */
  DB_ERROR_UNIQUE,      /* 23505; db_error_constraint tells which */
  DB_ERROR_REFERENCE, /* 23503 */
  DB_ERROR_CHECK,     /* 23514, 23502, 22xxx: the data was refused */
  DB_ERROR_STATEMENT, /* anything else: a bug of ours */
  DB_ERROR_SERVER,    /* a connection string or a server we cannot work with: older than 15, not UTF8 */
} DbErrorCode;

#define DB_ERROR (db_error_quark())
GQuark db_error_quark(void);
/* Of a DB_ERROR only (GLib extended error): the constraint's name and the SQLSTATE, "" when there is none. */
const char *db_error_constraint(const GError *error);
const char *db_error_sqlstate(const GError *error);

/* A connection for commands that run alone (not from a pool): connects within the deadline. NULL with UNAVAILABLE. */
Db *db_open(const char *conninfo, const char *application_name, gint64 deadline, GError **error);
void db_free(Db *db);
void db_set_deadline(Db *db, gint64 deadline);
/* FALSE when the connection must not be used again. */
gboolean db_usable(const Db *db);

/* Sends a statement and waits for its result (one round trip, with all that was queued before it). Inside a
 * transaction it stays open. */
DbResult *db_query(Db *db, const DbStatement *statement, const DbArgs *args, GError **error);
/* Queues a statement; it travels with the next db_query or at the end of the transaction. *out (may be NULL) gets the
 * result when the transaction has committed, never before, and must point to NULL. Only inside db_tx_run. */
void db_queue(Db *db, const DbStatement *statement, const DbArgs *args, DbResult **out);
/* A script of several commands without arguments (migrations). Not in pipeline mode; not inside db_tx_run. */
gboolean db_script(Db *db, const char *sql, GError **error);

/* Sleeps until a NOTIFY comes that the connection LISTENs to, or for wait_ms. FALSE: the connection is lost. Outside
 * transactions. A notification is a hint: it may be lost, so look now and then all the same. */
gboolean db_await(Db *db, int wait_ms, gboolean *notified);

/* Results: row and column from 0. A NULL is NULL / 0 / FALSE. Text lives as long as the result. */
int db_rows(const DbResult *result);
int db_affected(const DbResult *result);
const char *db_text(const DbResult *result, int row, int column);
gboolean db_null(const DbResult *result, int row, int column);
gint64 db_int(const DbResult *result, int row, int column);
gboolean db_bool(const DbResult *result, int row, int column);
/* A bytea column's bytes; free with g_bytes_unref; NULL for NULL. */
GBytes *db_bytes(const DbResult *result, int row, int column);
void db_result_free(DbResult *result);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, db_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbResult, db_result_free)
