#include "lib/db.h"

#include <string.h>

#include "lib/db_internal.h"

#define MESSAGE_BYTES 400 /* the server's words in a log line */

typedef struct {
  char *constraint;
  char *sqlstate;
} DbErrorPrivate;

static void db_error_private_init(DbErrorPrivate *self) {
  self->constraint = NULL;
  self->sqlstate = NULL;
}

static void db_error_private_copy(const DbErrorPrivate *from, DbErrorPrivate *to) {
  to->constraint = g_strdup(from->constraint);
  to->sqlstate = g_strdup(from->sqlstate);
}

static void db_error_private_clear(DbErrorPrivate *self) {
  g_free(self->constraint);
  g_free(self->sqlstate);
}

G_DEFINE_EXTENDED_ERROR(DbError, db_error)

typedef struct {
  const char *sqlstate; /* the beginning of it */
  DbErrorCode code;
  gboolean retire; /* the connection with it */
} Class;

/* The first that matches. Appendix A of the PostgreSQL manual. */
static const Class classes[] = {
    {"23505", DB_ERROR_UNIQUE, FALSE},
    {"23503", DB_ERROR_REFERENCE, FALSE},
    {"23", DB_ERROR_CHECK, FALSE},
    {"22", DB_ERROR_CHECK, FALSE},
    {"54000", DB_ERROR_CHECK, FALSE}, /* a value too long for its index */
    {"40001", DB_ERROR_CONFLICT, FALSE},
    {"40P01", DB_ERROR_CONFLICT, FALSE},
    {"57014", DB_ERROR_TIMEOUT, FALSE},
    {"55P03", DB_ERROR_TIMEOUT, FALSE},
    {"25P03", DB_ERROR_TIMEOUT, TRUE},
    {"25006", DB_ERROR_UNAVAILABLE, TRUE}, /* a standby, or a primary that was demoted */
    {"26000", DB_ERROR_UNAVAILABLE,
     TRUE}, /* prepared statements out of step: somebody ran DEALLOCATE or a pooler switched */
    {"42P05", DB_ERROR_UNAVAILABLE, TRUE},
    {"57P", DB_ERROR_UNAVAILABLE, TRUE},
    {"08", DB_ERROR_UNAVAILABLE, TRUE},
    {"53", DB_ERROR_UNAVAILABLE, FALSE},
    {"58", DB_ERROR_UNAVAILABLE, FALSE},
};

static const Class *class_of(const char *sqlstate) {
  for (gsize i = 0; i < G_N_ELEMENTS(classes); i++)
    if (g_str_has_prefix(sqlstate, classes[i].sqlstate))
      return &classes[i];
  return NULL;
}

/* A table changed under a prepared statement (a migration while we run): a new connection prepares it anew. */
static gboolean stale_plan(const PGresult *result, const char *sqlstate) {
  const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
  return strcmp(sqlstate, "0A000") == 0 && g_strcmp0(function, "RevalidateCachedQuery") == 0;
}

GError *db_error_from_result(const PGresult *result, const char *statement) {
  const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char *words = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
  if (sqlstate == NULL || stale_plan(result, sqlstate))
    sqlstate = sqlstate == NULL ? "08006" : "26000";
  const Class *class = class_of(sqlstate);
  g_autofree char *line = g_strdup(words != NULL ? words : PQresultErrorMessage(result));
  g_strdelimit(g_strchomp(line), "\r\n\t", ' ');
  GError *error =
      g_error_new(DB_ERROR, (gint)(class != NULL ? class->code : DB_ERROR_STATEMENT), "%s%s%.*s (%s)",
                  statement != NULL ? statement : "", statement != NULL ? ": " : "", MESSAGE_BYTES,
                  line[0] != '\0' ? line : "the connection to PostgreSQL was lost", sqlstate);
  DbErrorPrivate *more = db_error_get_private(error);
  more->constraint = g_strdup(constraint);
  more->sqlstate = g_strdup(sqlstate);
  return error;
}

const char *db_error_constraint(const GError *error) {
  const char *constraint = db_error_get_private(error)->constraint;
  return constraint != NULL ? constraint : "";
}

const char *db_error_sqlstate(const GError *error) {
  const char *sqlstate = db_error_get_private(error)->sqlstate;
  return sqlstate != NULL ? sqlstate : "";
}

gboolean db_error_retires(const GError *error) {
  const Class *class = class_of(db_error_sqlstate(error));
  return class != NULL && class->retire;
}

char *db_error_line(const PGconn *conn) {
  char *line = g_strdup(PQerrorMessage(conn));
  return g_strdelimit(g_strchomp(line), "\r\n\t", ' ');
}
