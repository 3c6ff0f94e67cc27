#include "lib/db.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"

/* What we find wrong ourselves; the connection cannot be used again, because answers may still be under way. */
static void give_up(Db *db, DbErrorCode code, const char *words) {
  db->lost = TRUE;
  if (db->failure == NULL)
    g_set_error_literal(&db->failure, DB_ERROR, (gint)code, words);
}

static void note_failure(Db *db, const PGresult *result, const char *statement) {
  const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  GError *failure = db_error_from_result(result, statement);
  if (g_strcmp0(severity, "ERROR") != 0 || PQstatus(db->conn) != CONNECTION_OK)
    db->lost = TRUE;
  else
    db->definite = TRUE;
  if (db_error_retires(failure))
    db->retired = TRUE;
  if (db->failure == NULL)
    db->failure = g_steal_pointer(&failure);
  g_clear_error(&failure);
}

/* Sends what is buffered and reads until PQgetResult has something to say, or the deadline. */
static gboolean wait_for_result(Db *db) {
  while (PQisBusy(db->conn) != 0) {
    int unsent = PQflush(db->conn);
    struct pollfd wait = {.fd = PQsocket(db->conn),
                          .events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN)};
    int ready = poll(&wait, 1, clock_left_ms(db->deadline));
    if (ready < 0 && errno == EINTR)
      continue;
    if (ready <= 0) {
      db->timed_out = TRUE;
      give_up(db, DB_ERROR_TIMEOUT, "PostgreSQL did not answer before the deadline");
      return FALSE;
    }
    /* A failure here is told by PQgetResult, with the server's last words where there were any. */
    if ((wait.revents & ~POLLOUT) != 0 && PQconsumeInput(db->conn) == 0)
      return TRUE;
  }
  return TRUE;
}

static gboolean succeeded(ExecStatusType status) {
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* Takes result. A COMMIT of a transaction that had failed "succeeds" as ROLLBACK. */
static void take_result(Db *db, DbEntry *entry, PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  gboolean good = succeeded(status);
  if (good && entry->kind == DB_ENTRY_COMMIT && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
    db->definite = TRUE;
    if (db->failure == NULL)
      g_set_error_literal(&db->failure, DB_ERROR, DB_ERROR_STATEMENT, "COMMIT was answered with ROLLBACK");
  }
  if (!good && entry->kind == DB_ENTRY_PREPARE)
    g_hash_table_remove(db->prepared, entry->name);
  if (status == PGRES_FATAL_ERROR)
    note_failure(db, result, entry->name);
  else if (!good && status != PGRES_PIPELINE_ABORTED && status != PGRES_PIPELINE_SYNC)
    give_up(db, DB_ERROR_STATEMENT, "PostgreSQL answered with something that was not asked for");
  if (good && entry->wanted && entry->result == NULL)
    entry->result = db_result_new(result);
  else
    PQclear(result);
}

/* One entry's answers: results, then NULL; of a Sync perhaps an error (a deferred constraint), then its mark. */
static gboolean read_entry(Db *db, DbEntry *entry) {
  for (int empty = 0; empty < 3;) {
    if (!wait_for_result(db))
      return FALSE;
    PGresult *result = PQgetResult(db->conn);
    if (result == NULL && entry->kind != DB_ENTRY_SYNC)
      return TRUE;
    if (result == NULL) {
      empty++;
      continue;
    }
    gboolean end = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    take_result(db, entry, result);
    if (db->lost || end)
      break;
  }
  return !db->lost;
}

static void round_trip(Db *db) {
  db->round_trips++;
  if (PQflush(db->conn) < 0)
    db->lost = PQstatus(db->conn) != CONNECTION_OK;
  for (; db->read < db->entries->len; db->read++)
    if (!read_entry(db, &g_array_index(db->entries, DbEntry, db->read)))
      break;
  if (db->lost)
    give_up(db, DB_ERROR_UNAVAILABLE, "the connection to PostgreSQL was lost");
}

/* Takes nothing; the entry belongs to db->entries. */
static void sent(Db *db, int ok, DbEntry entry) {
  if (ok != 1) {
    g_autofree char *line = db_error_line(db->conn);
    give_up(db, DB_ERROR_UNAVAILABLE, line);
    g_free(entry.name);
    return;
  }
  db->unsynced = TRUE;
  g_array_append_val(db->entries, entry);
}

static void send_command(Db *db, DbEntryKind kind, const char *sql) {
  int ok = PQsendQueryParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
  sent(db, ok, (DbEntry){.kind = kind, .name = g_strdup(sql)});
}

static void send_sync(Db *db) {
  sent(db, PQpipelineSync(db->conn),
       (DbEntry){.kind = DB_ENTRY_SYNC, .name = g_strdup("end of transaction")});
  db->unsynced = FALSE;
}

/* The first use of a statement on a connection prepares it in the same pipeline. */
static void send_statement(Db *db, const DbStatement *statement, const DbArgs *args, DbEntry entry) {
  static const DbArgs none = DB_ARGS_INIT;
  const DbArgs *a = args != NULL ? args : &none;
  if (statement->name == NULL) {
    sent(db, PQsendQueryParams(db->conn, statement->sql, a->n, NULL, a->values, a->lengths, a->formats, 0),
         entry);
    return;
  }
  if (!g_hash_table_contains(db->prepared, statement->name)) {
    g_hash_table_add(db->prepared, g_strdup(statement->name));
    sent(db, PQsendPrepare(db->conn, statement->name, statement->sql, 0, NULL),
         (DbEntry){.kind = DB_ENTRY_PREPARE, .name = g_strdup(statement->name)});
  }
  entry.name = g_strdup(statement->name);
  sent(db, PQsendQueryPrepared(db->conn, statement->name, a->n, a->values, a->lengths, a->formats, 0), entry);
}

static void forget_entries(Db *db) {
  g_array_set_size(db->entries, 0);
  db->read = 0;
}

/* May something be sent? Sets db->failure when not. */
static gboolean ready(Db *db) {
  if (db->failure != NULL)
    return FALSE;
  if (!db->lost && clock_left_ms(db->deadline) > 0)
    return TRUE;
  g_set_error_literal(&db->failure, DB_ERROR, db->lost ? DB_ERROR_UNAVAILABLE : DB_ERROR_TIMEOUT,
                      db->lost ? "the connection to PostgreSQL was lost" : "the deadline is over");
  return FALSE;
}

/* A failure outside a transaction is over once it is told; inside it stands until the rollback. */
static void tell_failure(Db *db, GError **error) {
  if (db->in_tx) {
    g_propagate_error(error, g_error_copy(db->failure));
    return;
  }
  g_propagate_error(error, g_steal_pointer(&db->failure));
  db->definite = FALSE;
}

DbResult *db_query(Db *db, const DbStatement *statement, const DbArgs *args, GError **error) {
  if (!ready(db)) {
    tell_failure(db, error);
    return NULL;
  }
  if (db->in_tx && !db->begun) {
    db->begun = TRUE;
    send_command(db, DB_ENTRY_COMMAND, "BEGIN");
  }
  send_statement(db, statement, args, (DbEntry){.kind = DB_ENTRY_STATEMENT, .wanted = TRUE});
  guint at = db->entries->len - 1;
  if (db->in_tx)
    (void)PQsendFlushRequest(db->conn);
  else
    send_sync(db);
  if (!db->lost)
    round_trip(db);
  DbResult *result = NULL;
  if (db->failure == NULL)
    result = g_steal_pointer(&g_array_index(db->entries, DbEntry, at).result);
  if (!db->in_tx)
    forget_entries(db);
  if (db->failure != NULL)
    tell_failure(db, error);
  return result;
}

void db_queue(Db *db, const DbStatement *statement, const DbArgs *args, DbResult **out) {
  g_assert(db->in_tx);
  g_assert(out == NULL || *out == NULL);
  if (ready(db))
    send_statement(db, statement, args,
                   (DbEntry){.kind = DB_ENTRY_STATEMENT, .wanted = out != NULL, .out = out});
}

gboolean db_script(Db *db, const char *sql, GError **error) {
  g_assert(!db->in_tx);
  if (!ready(db)) {
    tell_failure(db, error);
    return FALSE;
  }
  if (PQexitPipelineMode(db->conn) != 1 || PQsendQuery(db->conn, sql) != 1)
    give_up(db, DB_ERROR_UNAVAILABLE, "the connection to PostgreSQL was lost");
  db->round_trips++;
  DbEntry entry = {.kind = DB_ENTRY_COMMAND};
  while (!db->lost && wait_for_result(db)) {
    PGresult *result = PQgetResult(db->conn);
    if (result == NULL)
      break;
    take_result(db, &entry, result);
  }
  if (!db->lost && PQenterPipelineMode(db->conn) != 1)
    give_up(db, DB_ERROR_UNAVAILABLE, "the connection to PostgreSQL was lost");
  if (db->failure == NULL)
    return TRUE;
  tell_failure(db, error);
  return FALSE;
}

void db_tx_begin(Db *db) {
  g_assert(!db->in_tx && db->entries->len == 0 && db->failure == NULL);
  db->in_tx = TRUE;
}

static void end(Db *db) {
  forget_entries(db);
  g_clear_error(&db->failure);
  db->in_tx = db->begun = db->definite = db->committing = db->local_only = FALSE;
}

static void hand_out(Db *db) {
  for (guint i = 0; i < db->entries->len; i++) {
    DbEntry *entry = &g_array_index(db->entries, DbEntry, i);
    if (entry->out != NULL)
      *entry->out = g_steal_pointer(&entry->result);
  }
}

/* Without an explicit BEGIN the Sync itself is the commit. */
static void send_commit(Db *db) {
  db->committing = TRUE;
  if (db->begun)
    send_command(db, DB_ENTRY_COMMIT, "COMMIT");
  send_sync(db);
  if (!db->lost)
    round_trip(db);
  if (db->failure == NULL && db->local_only)
    give_up(db, DB_ERROR_IN_DOUBT, "the commit was not replicated to the synchronous standby");
}

DbTxOutcome db_tx_commit(Db *db, GError **error) {
  if (db->entries->len > 0 && ready(db))
    send_commit(db);
  if (db->failure == NULL) {
    hand_out(db);
    end(db);
    return DB_TX_COMMITTED;
  }
  gboolean doubt = db->committing && !db->definite;
  if (doubt && db->failure->code != DB_ERROR_IN_DOUBT)
    g_set_error(error, DB_ERROR, DB_ERROR_IN_DOUBT, "the outcome of the commit is unknown: %s",
                db->failure->message);
  else
    g_propagate_error(error, g_error_copy(db->failure));
  db_tx_rollback(db);
  return doubt ? DB_TX_IN_DOUBT : DB_TX_ABORTED;
}

/* What was queued without BEGIN would be committed by the Sync: BEGIN makes it part of a block that can be rolled
 * back. After an error the server skips all up to the Sync, and may then still stand in a failed block. */
void db_tx_rollback(Db *db) {
  if (!db->lost && db->unsynced) {
    if (!db->definite && !db->begun)
      send_command(db, DB_ENTRY_COMMAND, "BEGIN");
    if (!db->definite)
      send_command(db, DB_ENTRY_COMMAND, "ROLLBACK");
    send_sync(db);
    round_trip(db);
  }
  if (!db->lost && PQtransactionStatus(db->conn) != PQTRANS_IDLE) {
    send_command(db, DB_ENTRY_COMMAND, "ROLLBACK");
    send_sync(db);
    round_trip(db);
    db->lost = db->lost || PQtransactionStatus(db->conn) != PQTRANS_IDLE;
  }
  end(db);
}
